"""A desk with scripts and commands, and a home for records that no keeper looks after."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from amlemu.local_endpoints.caller import is_kept
from amlemu.local_endpoints.record import Asked, DeploymentRecord, Record
from amlemu.local_endpoints.shelf import Shelf

from .desk import Desk, until


@pytest.fixture
def anyio_backend() -> str:
    """One loop is enough: no transport is in question here."""
    return "asyncio"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A folder of this test's own; its endpoints are deleted, and nothing of them is left."""
    with Desk(tmp_path) as desk:
        yield desk


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where endpoints are looked for in this process."""
    monkeypatch.setenv("AMLEMU_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / ".amlemu" / "endpoints"


@pytest.fixture
def shelve(home: Path) -> Callable[..., Shelf]:
    """Put an endpoint on its shelf, as a keeper would have left it; deployments are given as states by name."""

    def shelve(name: str = "iris", port: int = 5001, **deployments: str) -> Shelf:
        known = {
            one: DeploymentRecord(Asked("/project/score.py"), state, was_up=state == "Succeeded")
            for one, state in deployments.items()
        }
        shelf = Shelf(home / name)
        shelf.write(Record(name, port, kind="managed", state="Succeeded", deployments=known))
        return shelf

    return shelve


@pytest.fixture
def kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The home, for tests that have endpoints kept by real processes from within this one; they are ended by a signal."""
    monkeypatch.setenv("CI", "true")
    yield home
    notes = [json.loads(path.read_text(encoding="utf-8")) for path in home.glob("*/control.json")]
    for note in notes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(note["pid"], signal.SIGTERM)
    for folder in home.glob("*"):
        shelf = Shelf(folder)
        until(functools.partial(_is_free, shelf), "ended")


def _is_free(shelf: Shelf) -> bool:
    return not is_kept(shelf)

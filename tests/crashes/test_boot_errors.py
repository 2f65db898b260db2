"""Exit codes 3 and 4 while serving: gunicorn takes them for a failure to boot, whoever chose them, and so the server ends."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import pytest

from .kinds import DIES, PROFILES
from .places import ZOO, Caller, asked


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("code", [3, 4])
def test_the_server_ends_with_the_code_of_its_worker(
    tmp_path: Any, start: Callable[..., Any], profile: str, code: int
) -> None:
    """3.4: those two mean boot failure (C). The request has its one answer before."""
    shutil.copy(ZOO / "crashes.py", tmp_path / "score.py")
    files = {"ENTRIES": str(tmp_path / "entries"), "GATE": str(tmp_path / "gate")}
    env = [word for name, value in files.items() for word in ("--env", f"{name}={value}")]
    command = start("serve", "score.py", "--port", "0", "--profile", profile, *env, CI="1")
    answer = Caller(command.port, asked(f"exit_{code}")).receive()
    finished = command.finish()

    assert answer == DIES[profile]
    assert finished.code == code
    told = f"with exit code {code}; gunicorn takes it for a failure to boot, whoever chose it, and ends."
    assert f'{told} Last line of its stderr: "about to exit_{code}".\n' in finished.err
    assert f"amlemu: the server has ended: the process ended with exit code {code} while serving." in finished.err
    assert (tmp_path / "entries").read_text().split() == [f"exit_{code}"]

"""A disk that is full while state is written: what was there before is there still, it is told in words, and the same command succeeds later."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from amlemu.local_endpoints import verbs, views
from amlemu.local_endpoints.record import Asked
from amlemu.local_endpoints.shelf import Unwritable, shelf_of
from amlemu.local_endpoints.verbs import NewEndpoint

NAME = "crowded"


class Disk:
    """A small file system that can be filled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self) -> None:
        """Leave no byte."""
        with open(self._filler, "wb", buffering=0) as file:
            for size in (65536, 4096, 512, 1):
                try:
                    while True:
                        file.write(b"x" * size)
                except OSError:
                    continue

    def free(self) -> None:
        self._filler.unlink()


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run(mounting, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a file system that could be filled")
    monkeypatch.setenv("AMLEMU_HOME", str(folder))
    made = Disk(folder)
    try:
        yield made
        if shelf_of(NAME).is_there:
            verbs.delete_endpoint(NAME, tell).acknowledge()
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def tell(line: dict[str, Any]) -> None:
    """Nobody looks."""


def asked(folder: Path, number: int) -> Asked:
    script = folder / f"answers_{number}.py"
    script.write_text(f"def init(): pass\ndef run(data): return {number}\n")
    return Asked(str(script), {"reload": False})


def done(what: verbs.Done) -> dict[str, Any]:
    what.acknowledge()
    return what.outcome


def create(folder: Path) -> verbs.Done:
    return verbs.create_endpoint(NewEndpoint(NAME, asked={"blue": asked(folder, 1)}, traffic={"blue": 100}), tell)


def answer() -> bytes:
    return views.invoke(NAME, None, b"{}", "application/json").body


def test_nothing_is_created(disk: Disk, tmp_path: Path) -> None:
    """No process is left that nobody knows of; with room the same command succeeds."""
    disk.fill()

    with pytest.raises(Unwritable, match="No space left on device"):
        create(tmp_path)

    assert views.endpoints() == []
    disk.free()
    assert done(create(tmp_path))["ok"]
    assert answer() == b"1"


def test_what_serves_goes_on(disk: Disk, tmp_path: Path) -> None:
    """An update fails, and says why; the record is the one of before, to the byte; the old deployment answers, and takes the update later."""
    assert done(create(tmp_path))["ok"]
    record = shelf_of(NAME).folder / "record.json"
    before = record.read_bytes()
    disk.fill()

    outcome = done(verbs.update_deployment(NAME, "blue", asked(tmp_path, 2), tell))

    assert not outcome["ok"]
    assert "cannot be written: No space left on device" in outcome["text"]
    assert "Make room" in outcome["text"]
    assert record.read_bytes() == before
    assert json.loads(before)["deployments"]["blue"]["state"] == "Succeeded"
    assert [path.name for path in record.parent.glob("record.json*")] == ["record.json"]
    assert answer() == b"1"
    disk.free()
    assert done(verbs.update_deployment(NAME, "blue", asked(tmp_path, 2), tell))["ok"]
    assert answer() == b"2"


def test_a_delete_needs_no_room(disk: Disk, tmp_path: Path) -> None:
    """Who makes room this way does not need some first."""
    assert done(create(tmp_path))["ok"]
    disk.fill()

    assert done(verbs.delete_endpoint(NAME, tell))["ok"]

    assert views.endpoints() == []

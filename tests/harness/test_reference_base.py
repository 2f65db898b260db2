"""The base of the reference image: made once; a machine that cannot make it says what would."""

from __future__ import annotations

import io
import subprocess
import tarfile
from types import SimpleNamespace

import pytest
from amlemu.errors import AmlemuError, UsageError
from amlemu_harness import reference_base
from amlemu_harness.engine import Engine
from amlemu_harness.progress import Lines


class Images:
    """An engine's images: those it has, and what is imported."""

    def __init__(self, *names: str) -> None:
        self.names = list(names)
        self.imported: list[tuple[str, str, list[str]]] = []

    def list(self, name: str) -> list[str]:
        return [one for one in self.names if one == name]

    def remove_image(self, name: str) -> None:
        self.imported = [one for one in self.imported if one[0] != name]

    def import_image_from_stream(
        self, stream: io.BufferedReader, repository: str, tag: str, changes: list[str]
    ) -> None:
        with tarfile.open(fileobj=stream, mode="r|") as tar:
            self.imported.append((f"{repository}:{tag}", ",".join(tar.getnames()), changes))


def engine(images: Images) -> Engine:
    return Engine(SimpleNamespace(images=images, api=images), "unix://x", "1", "amd64")


def script(monkeypatch, tmp_path, text: str) -> None:
    path = tmp_path / "base.sh"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    monkeypatch.setattr(reference_base, "_SCRIPT", path)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/sbin/{name}")
    monkeypatch.setattr("os.geteuid", lambda: 0)


def test_a_base_that_is_there_is_not_made():
    images = Images("amlemu/reference-base:bookworm")
    reference_base.ensure(engine(images), Lines(print))

    assert images.imported == []


def test_it_is_imported_from_what_the_script_writes(monkeypatch, tmp_path):
    """With labels, so that it is found again."""
    (tmp_path / "etc").mkdir()
    script(monkeypatch, tmp_path, f"tar -C {tmp_path} -c etc")
    images, lines = Images(), list[str]()
    reference_base.ensure(engine(images), Lines(lines.append))

    assert images.imported[0][:2] == ("amlemu/reference-base:bookworm", "etc")
    assert "LABEL dev.amlemu.kind=base" in images.imported[0][2]
    assert lines[0].startswith("the Debian base of the reference image")


def test_a_script_that_fails_is_told_with_its_last_lines(monkeypatch, tmp_path):
    script(monkeypatch, tmp_path, f"tar -C {tmp_path} -c base.sh; echo E: no mirror >&2; exit 7")

    images = Images()

    with pytest.raises(AmlemuError, match=r"docker/base\.sh ended with 7:\n  E: no mirror"):
        reference_base.ensure(engine(images), Lines(print))
    assert images.imported == []  # half a system is none


def test_a_machine_without_debootstrap_says_so(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)

    with pytest.raises(UsageError, match=r"it has no debootstrap.*apt install debootstrap"):
        reference_base.ensure(engine(Images()), Lines(print))


def test_who_is_not_root_is_told_what_root_may_run(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/sbin/{name}")
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    with pytest.raises(UsageError, match=r"debootstrap needs root.*sudo .*base\.sh \| docker import"):
        reference_base.ensure(engine(Images()), Lines(print))


def test_the_script_is_sound():
    """Its syntax; that it makes a base is seen where there is an engine."""
    subprocess.run(["sh", "-n", str(reference_base._SCRIPT)], check=True)

"""What both sides serve, and the same with a probe in the script's place."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from amlemu.deployment import Deployment, from_script
from amlemu_harness.parity.sides.served import Served


def test_a_probe_stands_where_the_script_stood(tmp_path: Path) -> None:
    """Beside the same files, read with the same options; the script itself is as it was, also when the mirror is gone."""
    code = tmp_path / "project" / "code"
    code.mkdir(parents=True)
    script, probe = code / "score.py", tmp_path / "probe.py"
    script.write_text("SCRIPT = 1\n", encoding="utf-8")
    probe.write_text("PROBE = 1\n", encoding="utf-8")
    (code / "helper.py").write_text("HELP = 1\n", encoding="utf-8")
    read: list[tuple[Path, tuple[str, ...]]] = []

    def reader(file: Path, words: tuple[str, ...]) -> Deployment:
        read.append((file, words))
        return from_script(file)

    served = Served(script, ("--env=A=/b", "--model-dir=model"), reader, from_script(script), layout="links")
    probed, folder = served.with_probe(probe)
    try:
        assert probed.file.is_relative_to(folder)
        assert (probed.file.read_text(encoding="utf-8"), probed.file.name) == ("PROBE = 1\n", "score.py")
        assert probed.file.with_name("helper.py").read_text(encoding="utf-8") == "HELP = 1\n"
        assert read == [(probed.file, ("--env=A=/b", "--model-dir=model"))]
        assert (probed.deployment.script, probed.words, probed.layout) == (probed.file, served.words, "links")
    finally:
        shutil.rmtree(folder)
    assert script.read_text(encoding="utf-8") == "SCRIPT = 1\n"


def test_a_code_folder_that_was_named_moves_with_it(tmp_path: Path) -> None:
    """However it was written: from the current folder, too."""
    code = tmp_path / "code"
    (code / "inner").mkdir(parents=True)
    script, probe = code / "inner" / "score.py", tmp_path / "probe.py"
    for file in (script, probe):
        file.write_text("", encoding="utf-8")
    relative = os.path.relpath(code)

    def reader(file: Path, words: tuple[str, ...]) -> Deployment:
        return from_script(file, code=words[0].partition("=")[2])

    served = Served(script, (f"--code={relative}",), reader, from_script(script, code=code))
    probed, folder = served.with_probe(probe)
    try:
        assert probed.deployment.code.is_relative_to(folder)
        assert probed.words == (f"--code={probed.deployment.code}",)
        assert probed.deployment.script == probed.deployment.code / "inner" / "score.py"
    finally:
        shutil.rmtree(folder)

"""A deployment's folders again, with one file that is another."""

from __future__ import annotations

import shutil
from pathlib import Path

from amlemu_harness.parity.sides.mirrored import Mirror


def test_all_is_there_but_the_one_file(tmp_path: Path) -> None:
    """Relative paths lead to the same files; the script's place has the probe, and the original is as it was."""
    (tmp_path / "project" / "src" / "deep").mkdir(parents=True)
    (tmp_path / "models").mkdir()
    for name in ("project/deployment.yml", "project/src/deep/score.py", "project/src/other.py", "models/m.bin"):
        (tmp_path / name).write_text(name)
    probe = tmp_path / "probe.py"
    probe.write_text("probe")
    script = tmp_path / "project/src/deep/score.py"

    mirror = Mirror(script, probe, [tmp_path / "project/deployment.yml", tmp_path / "models/m.bin"])
    try:
        here = mirror.of(tmp_path / "project/deployment.yml")
        assert mirror.of(script).read_text() == "probe"
        assert not mirror.of(script).is_symlink()
        assert here.read_text() == "project/deployment.yml"
        assert (here.parent / "src/other.py").read_text() == "project/src/other.py"
        assert (here.parent / "../models/m.bin").read_text() == "models/m.bin"
        assert mirror.of(Path("/elsewhere")) == Path("/elsewhere")
        assert (mirror.folder.stat().st_mode & 0o777) == 0o755
    finally:
        shutil.rmtree(mirror.folder)

    assert script.read_text() == "project/src/deep/score.py"

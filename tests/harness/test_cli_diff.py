"""`amlemu image diff`: what it prints, and its exit codes."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from ..container.conftest import engine
from .imported import imported

__all__ = ["engine"]
pytestmark = pytest.mark.docker


def run(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "amlemu", "image", "diff", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_exit_code_says_whether_something_differs(engine, tmp_path):
    """0 and 1, and 2 where it cannot be said; a deployment or a folder may be named, else the image says."""
    code = tmp_path / "code"
    code.mkdir()
    (code / "score.py").write_text("def init(): pass\ndef run(data): return 1\n")
    files = {"/var/azureml-app/code/score.py": b"def init(): pass\ndef run(data): return 2\n"}
    with imported(engine, files, code={"/var/azureml-app/code": str(code)}) as told, imported(engine, files) as silent:
        different, plain, mute = run(told), run(told, "--json"), run(silent)
        by_script, by_folder = run(silent, code / "score.py"), run(silent, code)
        (code / "score.py").write_bytes(*files.values())
        same = run(told)

    assert different.returncode == 1
    assert different.stdout.splitlines()[-2:] == ["-def run(data): return 1", "+def run(data): return 2"]
    assert json.loads(plain.stdout)["changes"][0]["kind"] == "changed"
    assert mute.returncode == 2
    assert "does not say what it was made of" in mute.stderr
    assert by_script.stdout == by_folder.stdout == different.stdout.replace(told, silent)
    assert same.returncode == 0
    assert "the code inside is that of" in same.stdout

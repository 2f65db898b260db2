"""
Broken deployments, a folder each, called after the sin: the doctor's first line names the right cause. Good ones: silence.

`doctor.txt` in each folder is that first line, read and judged by a person; the deployment in it is what the doctor is given.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from amlemu import cli

HERE = Path(__file__).parent
SINS = sorted(path.parent for path in (HERE / "sins").glob("*/doctor.txt"))
GOOD = sorted(path for path in (HERE / "good").iterdir() if path.is_dir())
FILES = ("deployment.yml", "inferenceconfig.json", "src/inferenceconfig.json", "endpoint.yml")


@pytest.fixture
def doctor(monkeypatch, capsys):
    """Look at the deployment of a folder as the command does, and return the exit code and the lines."""

    def look(folder: Path, *words: str) -> tuple[int, list[str]]:
        monkeypatch.chdir(folder)
        with pytest.raises(SystemExit) as ended:
            cli.main(["doctor", next(name for name in FILES if (folder / name).exists()), *words])
        return int(ended.value.code or 0), capsys.readouterr().out.splitlines()

    return look


@pytest.mark.parametrize("folder", SINS, ids=lambda folder: folder.name)
def test_a_sin_is_named_in_the_first_line(doctor, folder):
    expected = (folder / "doctor.txt").read_text(encoding="utf-8").strip()

    code, lines = doctor(folder)

    assert lines[0] == expected
    assert code == (1 if expected.startswith("error") else 0)


@pytest.mark.parametrize("folder", SINS, ids=lambda folder: folder.name)
def test_a_sin_fails_where_warnings_count(doctor, folder):
    assert doctor(folder, "--strict")[0] == 1


@pytest.mark.parametrize("folder", GOOD, ids=lambda folder: folder.name)
def test_a_good_deployment_is_told_nothing(doctor, folder):
    code, lines = doctor(folder, "--strict")

    assert (code, lines[0].partition(" with ")[0]) == (0, "nothing wrong")


def test_a_look_takes_less_than_a_second(finish, tmp_path):
    """Of an example, with the start of the process; the fastest of three."""
    example = HERE.parents[1] / "examples" / "managed"
    taken = []
    for _ in range(3):
        began = time.perf_counter()
        assert finish("doctor", str(example)).code == 0
        taken.append(time.perf_counter() - began)

    assert min(taken) < 1.0, taken

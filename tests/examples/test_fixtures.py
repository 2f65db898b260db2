"""The tests that the example has for its own script, as a user would write them: the levels that need no Docker, and coverage."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MANAGED = Path(__file__).resolve().parents[2] / "examples" / "managed"
LEVELS = {"tests/test_1_script.py": 6, "tests/test_2_endpoint.py": 6, "tests/test_3_worker.py": 3}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return shutil.copytree(MANAGED, tmp_path / "managed", ignore=shutil.ignore_patterns("__pycache__", ".amlemu"))


def run(folder: Path, *words: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "AMLEMU"))}
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout + done.stderr


def test_each_level_passes(project: Path) -> None:
    """In one run, and nothing is left beside the script."""
    before = {path for path in project.rglob("*") if "__pycache__" not in path.parts}

    out = run(project, "pytest", "-p", "no:cacheprovider", "-W", "error", *LEVELS)

    for file, tests in LEVELS.items():
        assert re.search(rf"{file} \.{{{tests}}} ", out), out
    assert f"{sum(LEVELS.values())} passed" in out
    assert {path for path in project.rglob("*") if "__pycache__" not in path.parts} == before


def test_one_option_moves_the_endpoints_tests_into_workers(project: Path) -> None:
    """The same tests, the same snapshot."""
    out = run(
        project, "pytest", "-p", "no:cacheprovider", "-W", "error", "--amlemu-target=worker", "tests/test_2_endpoint.py"
    )

    assert "6 passed" in out, out


def test_its_coverage_counts_what_workers_run(project: Path) -> None:
    """With the settings of its pyproject.toml: the tests of the third level alone, which run nothing here, and a fork in them."""
    (project / "tests/test_3_worker.py").write_text(
        (project / "tests/test_3_worker.py").read_text()
        + "\n\ndef test_forked(make_endpoint):\n"
        + '    client = make_endpoint(env={"WORKER_PRELOAD": "true", "LEAST_SHARE": "2"})\n'
        + '    assert client.score({"text": "forked"})["language"] is None\n'
    )
    out = run(
        project, "coverage", "run", "-m", "pytest", "-p", "no:cacheprovider", "-W", "error", "tests/test_3_worker.py"
    )
    assert "4 passed" in out, out
    run(project, "coverage", "combine")

    report = run(project, "coverage", "report")

    assert re.search(r"^src/score\.py +\d+ +0 +100%$", report, re.MULTILINE), report
    assert re.search(r"^src/words\.py +\d+ +0 +100%$", report, re.MULTILINE), report

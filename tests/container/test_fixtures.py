"""The fixtures for scoring scripts, in the real container: the same tests as in this process, and what a failing one is told."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from amlemu_harness.engine import Engine

from .conftest import NETWORK

MANAGED = Path(__file__).resolve().parents[2] / "examples" / "managed"

SCORE = """
    import json
    import os

    def init(): ...

    def run(data):
        rows = json.loads(data)["data"]
        print("scoring", len(rows), "rows")
        if not rows:
            raise ValueError("no rows")
        return [os.path.basename(os.environ["AZUREML_ENTRY_SCRIPT"]), len(rows)]
"""
TESTS = """
    import asyncio
    import pytest
    from amlemu.testing import assert_cloud

    pytestmark = pytest.mark.amlemu(script="score.py")

    def test_inside(container_endpoint):
        assert container_endpoint.score({"data": [1]}) == ["score.py", 1]
        assert_cloud(container_endpoint.post("/score", json={"data": []}), 424, model=500)
        assert container_endpoint.last.model.header("server").startswith("nginx")

    def test_profile(make_endpoint):
        client = make_endpoint(target="container", profile="bare")
        assert_cloud(client.post("/score", json={"data": []}), 500, model=500)

    def test_moved(scoring_client, scoring_snapshot):
        scoring_snapshot(scoring_client.post("/score", json={"data": [1, 2]}))

    def test_async(async_scoring_client):
        assert asyncio.run(async_scoring_client.score({"data": [1]})) == ["score.py", 1]

    def test_failing(scoring_client):
        scoring_client.score({"data": []})
"""


def run(folder: Path, *words: str) -> str:
    """Run pytest there, and return what it has shown."""
    environment = {**os.environ, "AMLEMU_NETWORK": NETWORK, "AMLEMU_REFERENCE": "1"}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", "error", *words]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    return done.stdout


def test_one_option_moves_the_tests_into_the_container(
    engine: Engine, reference_image: str, folder: Callable[..., Path]
) -> None:
    """It is built once and shared, gone when they are over; a failure is told with the script's lines of its log."""
    project = folder("project", **{"score.py": SCORE, "test_a.py": TESTS})
    kept = run(project, "--amlemu-update", "-k", "moved")
    out = run(project, "--amlemu-target=container")

    assert "1 passed" in kept
    assert "4 passed" in out, out
    assert "1 failed" in out
    told = out[out.index("E       asked:") : out.index("test_a.py:24: ScoringFailed")]
    assert "caller: got 424 Failed Dependency (container, profile managed)" in told
    assert "model:  said 500 INTERNAL SERVER ERROR" in told
    assert "why:    the script raised ValueError: no rows (score.py:11)" in told
    assert "scoring 0 rows" in told
    assert "azureml_inference_server_http" not in told
    mounted = [mount["Source"] for one in engine.client.api.containers(all=True) for mount in one["Mounts"]]
    assert not [source for source in mounted if source.startswith(str(project))]


def test_the_examples_tests_pass_in_the_container(engine: Engine, reference_image: str, tmp_path: Path) -> None:
    """examples/managed has tests at each of four levels; this is the fourth. It would fail without an engine."""
    tmp_path.chmod(0o755)
    folder = shutil.copytree(MANAGED, tmp_path / "managed")

    assert "2 passed" in run(folder, "tests/test_4_container.py", "--amlemu-require-container")

"""
What tests of the v1 face share: a project of their own, with a script and a model, and no service left behind.
"""

from __future__ import annotations

import pickle
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from amlemu.v1 import Workspace

PATIENCE_S = 10.0
_LOOK_AGAIN_S = 0.02
SCORE = """
    import json
    import os
    import pickle

    from azureml.core.model import Model


    def init():
        global model
        with open(Model.get_model_path("my_best_model"), "rb") as file:
            model = pickle.load(file)
        print("AZUREML_MODEL_DIR", os.environ["AZUREML_MODEL_DIR"])


    def run(input_data):
        return [sum(row) * model["times"] for row in json.loads(input_data)["data"]]
"""
ECHO = "import json\n\n\ndef init():\n    pass\n\n\ndef run(data):\n    return json.loads(data)\n"


@dataclass(frozen=True)
class Desk:
    """A folder that is the project, and the workspace of it."""

    folder: Path
    ws: Workspace

    def write(self, name: str, text: str) -> Path:
        """Write a file, its indentation removed."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return path

    def train(self, name: str, times: int) -> Path:
        """Write a model, a pickle of builtins."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps({"times": times}))
        return path


def desk_in(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Work in a folder; at the end delete all services and endpoints that were made there."""
    from amlemu.local_endpoints import shelf, verbs

    patch.chdir(folder)
    patch.delenv("AMLEMU_HOME", raising=False)
    patch.delenv("AML_APP_ROOT", raising=False)
    patch.setenv("CI", "true")  # nobody saves files here, unless a test does
    patch.setenv("DOCKER_HOST", f"unix://{folder}/no-engine.sock")
    yield Desk(folder, Workspace())
    patch.chdir(folder)
    for one in list(shelf.shelves()):
        verbs.delete_endpoint(one.name, lambda _: None).acknowledge()


def until(look: Callable[[], bool]) -> None:
    """Wait for a condition, for some seconds."""
    deadline = time.monotonic() + PATIENCE_S
    while not look():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(_LOOK_AGAIN_S)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A project of this test."""
    yield from desk_in(tmp_path, monkeypatch)

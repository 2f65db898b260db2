"""
"Troubleshoot remote model deployment" of 2020-11-25, replayed top to bottom, as far as it is not word for word an earlier page.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from . import items
from .typed import Said, python, typed, words

PAGE = items.page("004")
proves = items.of("004")
DEADLINE_S = 10.0
SCORE = """
import os


def init():
    global model
    model = open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "my_model.txt")).read()
    print("init() has", model)


def run(data):
    print("run() has", data)
    return model
"""


class Desk:
    """A folder with a service that was deployed from Python, and what was said meanwhile."""

    def __init__(self, folder: Path) -> None:
        from amlemu.v1 import Environment, Model, Workspace
        from amlemu.v1.model import InferenceConfig
        from amlemu.v1.webservice import LocalWebservice

        self.folder = folder
        (folder / "src").mkdir()
        (folder / "src" / "score.py").write_text(SCORE)
        (folder / "my_model.txt").write_text("0.5")
        self.ws = Workspace.from_config()
        model = Model.register(self.ws, "my_model.txt", "my_model")
        config = InferenceConfig("score.py", environment=Environment("myenv"), source_directory="src")
        self.service = Model.deploy(self.ws, "my-service", [model], config, LocalWebservice.deploy_configuration())

    def until_logged(self, words: str) -> None:
        """Wait until the log has these words: it is deployed meanwhile, and what run() prints comes a moment after its answer."""
        deadline, pause = time.monotonic() + DEADLINE_S, threading.Event()
        while words not in self.service.get_logs():
            assert time.monotonic() < deadline, self.service.get_logs()
            pause.wait(0.01)

    def run(self, number: int) -> str:
        """Run a block of the page; return what it prints."""
        names: dict[str, Any] = {"ws": self.ws}
        return python(PAGE.text(number), names, **{"<insert name of webservice>": "my-service"})


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("page-004")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        desk = None
        try:
            desk = Desk(folder)
            yield desk
        finally:
            if desk is not None:
                desk.service.delete()


@proves(1)
def test_what_a_cluster_itself_has_is_explained(explained: Said):
    """Azure Monitor is not of this desk."""
    said = explained("Azure Monitor")

    assert "health of an AKS cluster" in said
    assert "unhealthy or overloaded is expected to have trouble of its own" in said


@proves(3, 5, 6, 7, 8, 10, 12)
def test_the_steps_of_a_deployment_are_told_one_by_one(desk: Desk, capfd: pytest.CaptureFixture[str]):
    """Source folder, image, pull, models, init(), and then requests come to run()."""
    desk.service.wait_for_deployment(show_output=True)
    told = "".join(capfd.readouterr())
    steps = ("SystemSetup", "ImageBuild", "UserContainerImagePull", "ModelDownload", "UserContainerStart", "Probes")

    assert [step for step in steps if step in told] == list(steps)
    assert desk.service.run(json.dumps({})) == "0.5"
    desk.until_logged("init() has 0.5")
    desk.until_logged("run() has {}")


@proves(13)
def test_the_logs_by_the_command_of_the_page(desk: Desk):
    """--verbose and the workspace are taken."""
    desk.until_logged("init() has 0.5")
    names = {"my workspace name": "my-workspace", "service name": "my-service"}
    ended = typed(desk.folder, *words(PAGE.text(13), names))

    assert ended.code == 0, ended.err
    assert "init() has 0.5" in ended.out


@proves(14, 16)
def test_the_logs_in_python(desk: Desk):
    """ws, a Workspace, shows its services by name."""
    desk.until_logged("init() has 0.5")
    shown = desk.run(16)
    services, _, log = shown.partition("\n")

    assert "'my-service'" in services
    assert "init() has 0.5" in log


@proves(47)
def test_an_image_that_cannot_be_made_for_pynacl(explained: Said):
    """The advice of 2020, and the version."""
    assert "Add pynacl==1.2.1 to the pip part of the conda file" in explained("pynacl")
    assert "`pynacl==1.2.1` had to be added to the pip part" in explained("Image building failure")


@proves(48, 49)
def test_dask_that_dies_of_memory(explained: Said):
    """By the message as the page quotes it."""
    said = explained(PAGE.text(49))

    assert "ended by SIGKILL, most likely because the machine has too little memory" in said
    assert "Change the VM size used in the deployment to one that has more memory" in said


@proves(50)
def test_fpga_wants_a_quota_that_was_granted(explained: Said):
    """And the form of that time."""
    said = explained("FPGA")

    assert "FPGA quota must be asked for and granted first" in said
    assert "https://aka.ms/aml-real-time-ai" in said

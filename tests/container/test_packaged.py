"""Model.package() of amlemu.v1 with a real engine: the image that the page of 2020-03 pulls, tags and runs."""

from __future__ import annotations

import os

import pytest
from amlemu.v1 import Model, Workspace
from amlemu.v1.environment import Environment
from amlemu.v1.model import InferenceConfig
from amlemu_harness.containers import SCORING_PORT

from .conftest import NETWORK, alone

pytestmark = pytest.mark.docker
LABEL = str(os.getpid())  # several processes may run tests
ASKS = f"""
import time, urllib.request
for _ in range(300):
    try:
        print(urllib.request.urlopen("http://127.0.0.1:{SCORING_PORT}/score", data=b"{{}}").read().decode())
        break
    except OSError:  # it does not listen yet
        time.sleep(0.1)
"""
NAME = "amlemu-tests-package"
PAGE = "FROM mcr.microsoft.com/azureml/base:intelmpi2018.3-ubuntu16.04\nRUN touch /built-on-the-page"


@pytest.fixture
def package(engine, folder, monkeypatch, tmp_path):
    """A package of a script and a model, as the page makes it; its image is removed."""
    project = folder("project", **{
        "score.py": "import os\ndef init(): pass\ndef run(data): return [os.environ['AZUREML_MODEL_DIR'], os.path.exists('/built-on-the-page')]\n",
        "my_model.pkl": "model",
        "myenv.yml": "dependencies:\n- python=3.8\n- pip:\n  - azureml-defaults\n",
    })  # fmt: skip
    monkeypatch.chdir(project)
    monkeypatch.delenv("AMLEMU_HOME", raising=False)
    monkeypatch.setenv("AMLEMU_NETWORK", NETWORK)
    ws = Workspace.from_config()
    model = Model.register(ws, "my_model.pkl", "my_best_model")
    myenv = Environment.from_conda_specification(name="env", file_path="myenv.yml")
    myenv.docker.base_image = None
    myenv.docker.base_dockerfile = PAGE
    inference_config = InferenceConfig(entry_script="score.py", environment=myenv)
    yield Model.package(ws, [model], inference_config, image_name=NAME, image_label=LABEL)
    for tag in (f"{NAME}:{LABEL}", f"{NAME}-debug:{LABEL}"):
        if engine.client.images.list(tag):
            engine.client.images.remove(tag, force=True)


def test_the_image_is_built_told_and_runs(package, engine, capsys):
    """The lines of the base Dockerfile stay, also on the reference image; the image's name can be tagged and run."""
    with alone():
        package.wait_for_creation(show_output=True)
    package.pull()
    told = capsys.readouterr().out

    image = engine.client.images.get(package.location)
    assert f"Status: Downloaded newer image for {NAME}@{image.id}\n" in told
    assert image.tag(f"{NAME}-debug", LABEL)  # docker tag myimagepath debug:1
    container = engine.client.containers.run(f"{NAME}-debug:{LABEL}", detach=True, labels={"amlemu-tests": LABEL})
    try:
        answer = container.exec_run(["/opt/miniconda/envs/inf-conda-env/bin/python", "-c", ASKS])
    finally:
        container.remove(force=True)
    assert b'["/var/azureml-app/azureml-models/my_best_model/1", true]' in answer.output

"""
What the five pages have that needs an engine: the image of page 000, from Model.package() to what is kept of an edit, line by line; the local
deployment of page 003.
"""

from __future__ import annotations

import json
import os
import pickle
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ..seeds import items
from ..seeds.typed import python
from . import test_package
from .conftest import alone
from .desk import LISTENS, READY
from .serving import building, endpoint, forget
from .test_package import amlemu, build, packed, started, typed_inside

__all__ = ["packed"]

pytestmark = pytest.mark.docker
PAGE = items.page("000")
proves, proves_003 = items.of("000"), items.of("003")
NAME = f"amlemu-tests-seeds-{os.getpid()}"
"""In the place of the image's name `debug`, which somebody may have."""
MYENV = """
    dependencies:
      - python
      - pip
      - pip:
          - azureml-inference-server-http
"""
SCORE = """
    def init(): ...

    def run(data):
        return data
"""


def line(number: int, **instead: str) -> str:
    """Return a line of the page with our names in it."""
    text = PAGE.text(number).replace("debug:", f"{NAME}:")
    for word, other in instead.items():
        text = text.replace(word, other)
    return text


def typed(text: str) -> None:
    subprocess.run(shlex.split(text), check=True, capture_output=True)


@pytest.fixture
def tagged(engine) -> Iterator[str]:
    """The page's names of images, `debug:1` and `debug:2`; none of them is left."""
    yield NAME
    for image in engine.client.images.list(NAME):
        for tag in image.tags:
            engine.client.images.remove(tag, force=True)


@proves(3)
def test_docker_is_there(engine, reference_image):
    """`docker run hello-world`, of an image that needs no registry."""
    said = subprocess.run(
        shlex.split(PAGE.text(3).replace("hello-world", f"--rm --entrypoint echo {reference_image} hello world")),
        check=True,
        capture_output=True,
        text=True,
    )

    assert said.stdout == "hello world\n"


@proves(78, 79, 80, 81, 85, 86, 87)
def test_package_of_the_notebook_is_built_and_pulled(
    engine, folder: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
):
    """The base image is a Dockerfile with vim in it; what pull() prints ends with a digest, under which the image is there."""
    from amlemu.v1 import Model, Workspace

    project = folder("project", **{"score.py": SCORE, "myenv.yml": MYENV, "my_model.pkl": pickle.dumps(0.5)})
    project.chmod(0o777)
    monkeypatch.chdir(project)
    for name, value in building().items():
        monkeypatch.setenv(name, value)
    ws = Workspace.from_config()
    model = Model.register(model_path="my_model.pkl", model_name="my_best_model", workspace=ws)
    names: dict[str, Any] = {"ws": ws, "model": model, "Model": Model}

    with alone():
        shown = python(PAGE.text(86), names)

    pattern = re.escape(PAGE.text(87)).replace(re.escape("myregistry.azurecr.io/package"), r"(\S+)")
    told = re.search(pattern.replace(re.escape("<image-digest>"), "([0-9a-f]{64})"), shown)
    assert told is not None, shown
    where = names["package"].location
    try:
        typed(f"docker run --rm --entrypoint vim {where} --version")
    finally:
        engine.client.images.remove(where, force=True)


@proves(88, 89, 90, 91, 93, 94, 95, 96, 97, 98, 99, 100, 101, 102, 103, 104, 105)
def test_image_is_tagged_run_debugged_edited_committed_and_stopped(engine, packed: Path, tagged: str):
    """Each line as the page has it; what was edited inside counts in the next container, and what differs from the files here is shown."""
    build(packed / "deployment.yml")
    typed(line(90, myimagepath=test_package.TAG))
    with started(engine, line(94), packed / "first.log") as desk:
        desk.until_said(LISTENS)
        entry = json.loads(PAGE.text(69))
        [mapping] = entry["pathMappings"]
        desk.attach(packed, "my code/score.py", "return [", remote=mapping["remoteRoot"])
        desk.until_said(READY)
        answer = desk.ask(x=5)
        desk.editor.stopped().go_on()
        assert answer.result().json()[1] == 10
        desk.detach()

        edit = """vim -es -c '%s/x"\\] \\* 2/x"] * 3/' -c wq 'my code/score.py'"""
        shown = typed_inside(desk.named(line(97)), PAGE.text(99), edit, "pwd")
        assert "/var/azureml-app" in shown
        typed(desk.named(line(101)))
        differs = amlemu("image", "diff", desk.container.name, "--json")
        typed(desk.named(line(105)))

    assert len(json.loads(differs.stdout)["changes"]) == 1
    assert {f"{tagged}:1", f"{tagged}:2"} <= {tag for one in engine.client.images.list(tagged) for tag in one.tags}
    with started(engine, line(94).replace(f"{tagged}:1", f"{tagged}:2"), packed / "second.log") as desk:
        desk.until_said(LISTENS)
        desk.attach(packed, "my code/score.py", remote=mapping["remoteRoot"])
        desk.until_said(READY)

        assert desk.ask(x=5).result().json()[1] == 15


@proves_003(7, 8)
def test_local_endpoint_in_a_container_is_built_once_and_mounts_code_and_model(
    engine, folder: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
):
    """The same deployment once more takes the image that is there."""
    project = folder("project", **{"score.py": SCORE, "model.txt": "0.5"})
    project.chmod(0o777)
    monkeypatch.chdir(project)
    for variable, value in building().items():
        monkeypatch.setenv(variable, value)
    name = endpoint("seed")
    makes = ("-n", name, "-f", "score.py", "--target", "container", "--model", "net:1=model.txt")
    try:
        with alone():
            first = amlemu("endpoint", "create", *makes)
        assert first.returncode == 0, first.stderr
        [container] = [one for one in engine.client.containers.list() if one.name.startswith(name)]
        mounts = {mount["Destination"] for mount in container.attrs["Mounts"]}
        image = engine.client.images.get(f"{name}:blue").id
        with alone():
            second = amlemu("deployment", "update", "-n", "blue", "-e", name)
        again = engine.client.images.get(f"{name}:blue").id
    finally:
        amlemu("endpoint", "delete", "-n", name)
        forget(engine, name)

    assert second.returncode == 0, second.stderr
    assert re.search(r"ImageBuild +Succeeded", first.stderr), first.stderr
    assert any("/var/azureml-app" in mount for mount in mounts)
    assert any(mount.endswith("model.txt") or "azureml-models" in mount for mount in mounts), mounts
    assert again == image

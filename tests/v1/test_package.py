"""Model.package: who makes images is found when it is waited for; without a Docker engine it says so."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
from amlemu.errors import EngineMissing
from amlemu.v1 import package as packages
from amlemu.v1.environment import Environment
from amlemu.v1.exceptions import WebserviceException
from amlemu.v1.model import InferenceConfig, Model

from tests.v1.conftest import ECHO


class Maker:
    """Makes what it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, object], str]] = []

    def image(self, file, options, tag, say):
        self.asked.append((file, options, tag))
        say("Step 1/1 : FROM scratch")
        return tag, "sha256:" + "0" * 64

    def files(self, file, options, folder):
        folder.mkdir()
        (folder / "Dockerfile").write_text("FROM scratch\n")


@pytest.fixture
def maker(monkeypatch) -> Maker:
    """An installed package that brings one."""
    found = Maker()
    points = [SimpleNamespace(load=lambda: found)]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: points if group == packages.GROUP else [])
    return found


@pytest.fixture
def package(desk):
    """Makes a package of a script and a registered model."""
    desk.write("score.py", ECHO)
    model = Model.register(desk.ws, desk.train("m.pkl", 1), "m")
    inference = InferenceConfig("score.py", environment=Environment("e"))

    return lambda **given: Model.package(desk.ws, [model], inference, **given)


def test_the_words_of_the_page(package, maker, capsys):
    """`Status: Downloaded newer image for <name>@sha256:...` (page of 2020-03)."""
    made = package(image_name="package", image_label="1")
    made.wait_for_creation(show_output=True)
    made.pull()
    told = capsys.readouterr().out

    assert "Step 1/1 : FROM scratch\nPackage creation Succeeded\n" in told
    assert f"Status: Downloaded newer image for package@sha256:{'0' * 64}\n" in told
    assert "docker tag package:1 debug:1\n" in told
    assert (made.state, made.location) == ("Succeeded", "package:1")
    assert made.get_logs() == "Step 1/1 : FROM scratch\n"
    assert vars(made.get_container_registry()) == {"address": None, "username": None, "password": None}


def test_it_is_made_once_and_of_what_was_given(package, maker, desk, capsys):
    made = package()
    made.wait_for_creation(show_output=False)
    made.wait_for_creation()

    ((file, options, _),) = maker.asked
    assert Path(file).name == "inferenceconfig.json"
    assert options == {"model": [f"m:1={desk.folder}/.amlemu/models/m/1/m.pkl"]}
    assert "Step" not in capsys.readouterr().out


def test_a_dockerfile_is_saved_and_not_pulled(package, maker, desk):
    made = package(generate_dockerfile=True)
    made.save(desk.folder / "context")

    assert (desk.folder / "context/Dockerfile").read_text() == "FROM scratch\n"
    with pytest.raises(WebserviceException, match=r"^A Dockerfile package cannot be pulled\. Use save\(\) instead\.$"):
        made.pull()
    with pytest.raises(WebserviceException, match=r"^Docker images cannot be saved to a local directory. Use pull"):
        package().save("x")
    with pytest.raises(WebserviceException, match=r"^Error, output path is not a directory"):
        made.save(desk.folder / "score.py")


def test_without_an_engine_it_says_so(package, maker, monkeypatch, capsys):
    """The SDK's words, and what to do."""

    def image(*args):
        raise EngineMissing("no Docker engine answers", hint="Start it.")

    monkeypatch.setattr(maker, "image", image)
    made = package()

    with pytest.raises(
        WebserviceException,
        match=r"Failed to create Docker client\. Is Docker running/installed\?\nno Docker engine answers\. Start it\.",
    ) as caught:
        made.wait_for_creation(show_output=True)

    assert caught.value.message.startswith("Package creation reached non-successful terminal state.\nState: Failed\n")
    assert (made.state, made.location) == ("Failed", None)
    assert capsys.readouterr().out.endswith("Package creation Failed\n")


def test_where_nobody_makes_images_it_says_so(package, monkeypatch):
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [])

    with pytest.raises(WebserviceException, match="no package that is installed makes images"):
        package().wait_for_creation()

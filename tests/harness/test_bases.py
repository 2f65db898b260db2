"""What an image begins with: who is named wins, else Microsoft's image; the reference image takes the place of no other."""

from __future__ import annotations

from pathlib import Path

import pytest
from amlemu.azure.description import EnvironmentSaid
from amlemu.azure.requirements import Requirements
from amlemu.errors import UsageError
from amlemu.finding import Place
from amlemu_harness import bases
from amlemu_harness.bases import DATA, choose, fits, stand_in

PLACE = Place(Path("deployment.yml"), 12)
PAGE_OF_2020 = (
    "FROM mcr.microsoft.com/azureml/base:intelmpi2018.3-ubuntu16.04\nRUN apt-get update && apt-get install vim -y"
)


@pytest.mark.parametrize(
    ("python", "image"),
    [
        pytest.param("==3.8.*", "mcr.microsoft.com/azureml/minimal-ubuntu20.04-py38-cpu-inference:latest", id="3.8"),
        pytest.param("==3.9.*", "mcr.microsoft.com/azureml/minimal-ubuntu22.04-py39-cpu-inference:latest", id="3.9"),
        pytest.param("==3.11.*", "mcr.microsoft.com/azureml/minimal-py311-inference:latest", id="3.11"),
        pytest.param("==3.12.4", "mcr.microsoft.com/azureml/minimal-py312-inference:latest", id="3.12"),
        pytest.param("==3.10.*", "mcr.microsoft.com/azureml/minimal-py312-inference:latest", id="conda brings its own"),
        pytest.param(None, "mcr.microsoft.com/azureml/minimal-py312-inference:latest", id="none wanted"),
        pytest.param(
            ">=3.8,<3.12", "mcr.microsoft.com/azureml/minimal-py311-inference:latest", id="the newest that fits"
        ),
    ],
)
def test_microsofts_image_is_that_of_the_wanted_python(python, image):
    asked = Requirements(Place(Path("conda.yml")), python=python)

    assert choose(None, asked).image == image


def test_the_deployments_own_image_comes_before_microsofts():
    """`environment.image`, with the line that says so."""
    base = choose(EnvironmentSaid(PLACE, image="mycompany.azurecr.io/scoring:7"), None)

    assert (base.image, base.why) == ("mycompany.azurecr.io/scoring:7", "deployment.yml:12")
    assert not base.has_stand_in  # nobody knows what is in it


def test_a_build_folder_gives_its_dockerfile_and_what_it_copies(tmp_path):
    """`environment.build.path`."""
    (tmp_path / "Dockerfile").write_text("FROM python:3.11\nCOPY a /a\n")
    base = choose(EnvironmentSaid(PLACE, builds=True, build_folder=tmp_path, dockerfile="Dockerfile"), None)

    assert (base.lines, base.folder, base.begins_with) == ("FROM python:3.11\nCOPY a /a\n", tmp_path, "python:3.11")


def test_flags_come_before_the_deployment(tmp_path):
    said = EnvironmentSaid(PLACE, image="a:1")
    (tmp_path / "Dockerfile").write_text("FROM b:1\n")

    assert choose(said, None, image="c:1").image == "c:1"
    assert choose(said, None, dockerfile=tmp_path / "Dockerfile").lines == "FROM b:1\n"
    assert choose(said, None, base_dockerfile=PAGE_OF_2020).lines == PAGE_OF_2020
    assert choose(said, None, base_dockerfile=str(tmp_path / "Dockerfile")).lines == "FROM b:1\n"
    assert choose(said, None, is_reference=True).image == "amlemu/reference-base:bookworm"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param({"image": "a", "is_reference": True}, "--base-image and --reference exclude each other", id="two"),
        pytest.param({"dockerfile": Path("nowhere")}, "nowhere: this Dockerfile cannot be read", id="no file"),
        pytest.param(
            {"base_dockerfile": "RUN vim"}, "RUN vim: no such file, and no lines of a Dockerfile", id="no lines"
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(given, said):
    with pytest.raises(UsageError, match=said):
        choose(None, None, **given)


def test_the_reference_image_takes_microsofts_place_and_keeps_the_users_lines():
    """The 2020 page's Dockerfile lines, where Microsoft's registry is out of reach."""
    base = stand_in(choose(None, None, base_dockerfile=PAGE_OF_2020), "out of reach")

    assert base.is_reference
    assert base.instead_of == "mcr.microsoft.com/azureml/base:intelmpi2018.3-ubuntu16.04"
    assert base.lines == "FROM amlemu/reference-base:bookworm\nRUN apt-get update && apt-get install vim -y"


@pytest.mark.parametrize(
    ("lines", "image"),
    [
        pytest.param("FROM a:1 AS build\nFROM b:2\nCOPY --from=build /x /x", "b:2", id="the last stage"),
        pytest.param("FROM a:1 AS build\nFROM build", "", id="a stage of its own"),
        pytest.param("ARG BASE\nFROM $BASE", "", id="an argument"),
        pytest.param("FROM --platform=linux/amd64 a:1", "a:1", id="with a platform"),
    ],
)
def test_what_a_dockerfile_begins_with(lines, image):
    assert choose(None, None, base_dockerfile=lines).begins_with == image


def test_whom_a_dockerfile_leaves_its_commands_to():
    assert choose(None, None, base_dockerfile="FROM a\nUSER root\nRUN x\nUSER dockeruser\n").user == "dockeruser"


def test_every_message_can_say_which_it_is():
    assert choose(None, None, image="a:1").in_words == "a:1"
    assert bases.the_reference("x").in_words == (
        "the reference image (Debian, Python 3.11, azureml-inference-server-http==1.5.1)"
    )


def test_a_specifier_that_cannot_be_read_asks_for_nothing():
    assert fits("3.*.x", "3.11")
    assert not fits("==3.8.*", "3.11")


def test_the_data_is_there_where_the_package_is():
    """Dockerfiles travel with the package, and docker/ holds no logic."""
    assert {path.name for path in DATA.iterdir()} >= {
        "base.sh",
        "images.toml",
        "reference.dockerfile",
        "azure.dockerfile",
    }
    assert not (DATA / "__init__.py").exists()  # it must not shadow Docker's SDK

"""Which requirements a file stands for, whichever of Azure's files it is."""

from __future__ import annotations

import pytest
from amlemu.azure.pip_file import read as read_pip
from amlemu.environments import asked
from amlemu.errors import UsageError

CONDA = "dependencies:\n  - numpy=1.2\n"


def keys(found):
    return [entry.key for entry in found.entries]


def test_a_conda_file_and_a_requirements_file(ask):
    assert keys(ask(CONDA)) == ["numpy"]
    assert keys(ask("scipy\n", "requirements.txt")) == ["scipy"]


def test_an_environment_of_azures_is_followed_to_its_conda_file(ask, write, tmp_path):
    write("environment/conda.yaml", CONDA)

    found = ask("image: x\nconda_file: environment/conda.yaml\n", "env.yml")

    assert keys(found) == ["numpy"]
    assert found.place.file == tmp_path / "environment" / "conda.yaml"


def test_a_conda_file_inside_an_environment(ask, tmp_path):
    found = ask("image: x\nconda_file:\n  dependencies:\n    - numpy=1.2\n", "env.yml")

    assert keys(found) == ["numpy"]
    assert found.place.file == tmp_path / "env.yml"


def test_what_v1_saves_of_an_environment(ask):
    text = '{"name": "x", "python": {"condaDependencies": {"dependencies": ["numpy", {"pip": ["azureml-defaults"]}]}}}'

    assert keys(ask(text, "azureml_environment.json")) == ["numpy", "azureml-defaults"]


def test_a_deployment_is_asked_of_whoever_knows(write, tmp_path):
    """A registered environment has a file here only by the person's own word."""
    write("deployment.yml", "name: blue\nendpoint_name: e\nenvironment: azureml:ours:1\n")
    write("requirements.txt", "scipy\n")

    found = asked.read(tmp_path / "deployment.yml", lambda path: read_pip(path.parent / "requirements.txt"))

    assert keys(found) == ["scipy"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        pytest.param(
            "env.yml",
            "image: x\n",
            "this environment names no conda file, so its packages are not known",
            id="image-only",
        ),
        pytest.param("env.yml", "build:\n  path: .\n", "this environment is built from a Dockerfile", id="dockerfile"),
        pytest.param(
            "env.yml",
            "image: x\nconda_file: gone.yml\n",
            "the conda file gone.yml is not there",
            id="conda-file-missing",
        ),
        pytest.param(
            "deployment.yml",
            "name: blue\nendpoint_name: e\nenvironment: azureml:ours:1\n",
            "this deployment names no conda file, so its packages are not known",
            id="registered",
        ),
        pytest.param("gone/conda.yml", None, "no such file", id="missing"),
    ],
)
def test_what_names_no_packages(write, tmp_path, name, text, message):
    if text is not None:
        write(name, text)

    with pytest.raises(UsageError, match=message):
        asked.read(tmp_path / name)


def test_the_usual_files_are_found(write, tmp_path):
    write("requirements.txt", "")
    assert asked.find(tmp_path).name == "requirements.txt"

    write("conda.yaml", CONDA)
    assert asked.find(tmp_path).name == "conda.yaml"

    write("environment.yml", CONDA)
    with pytest.raises(UsageError, match=r"there is more than one: conda\.yaml, environment\.yml"):
        asked.find(tmp_path)


def test_a_folder_without_any(tmp_path):
    with pytest.raises(UsageError, match=r"there is no conda file and no requirements\.txt"):
        asked.find(tmp_path)

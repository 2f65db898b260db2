"""What an environment is made of, as far as a file on this machine says so."""

from __future__ import annotations

import pytest
from amlemu.azure import asked, files
from amlemu.azure.marked import Unreadable

from .written import MANAGED, changed, put, without


def of(folder, environment, known=None):
    content = without(MANAGED, "environment") if environment is None else changed(MANAGED, "environment", environment)
    found = asked.asked_for(files.describe(put(folder, "deployment.yml", content)), known or {})
    return None if found is None else found.place.file.relative_to(folder).as_posix()


@pytest.mark.parametrize(
    ("environment", "file"),
    [
        pytest.param({"image": "x", "conda_file": "conda.yml"}, "conda.yml", id="conda-file"),
        pytest.param({"image": "x", "conda_file": {"dependencies": ["pip"]}}, "deployment.yml", id="in-place"),
        pytest.param({"image": "x"}, None, id="image-alone"),
        pytest.param("azureml:sklearn:1", None, id="registered"),
        pytest.param(None, None, id="none"),
    ],
)
def test_a_deployments_environment_is_what_its_file_says(folder, environment, file):
    assert of(folder, environment) == file


@pytest.mark.parametrize(
    ("reference", "known", "file"),
    [
        ("azureml:sklearn:1", {"sklearn": "any.yml"}, "any.yml"),
        ("azureml:sklearn:1", {"sklearn": "any.yml", "sklearn:1": "one.yml"}, "one.yml"),
        ("azureml:sklearn:2", {"sklearn:1": "one.yml"}, None),
        ("azureml:sklearn@latest", {"sklearn": "any.yml"}, "any.yml"),
        ("azureml://registries/azureml/environments/sklearn-1.5/labels/latest", {"sklearn-1.5": "any.yml"}, "any.yml"),
        ("azureml:sklearn:1", {"sklearn": "requirements.txt"}, "requirements.txt"),
    ],
)
def test_a_file_stands_for_a_registered_environment(folder, reference, known, file):
    """[tool.amlemu.environments]; one for the version goes first."""
    for name in ("any.yml", "one.yml"):
        put(folder, name, {"name": name, "dependencies": ["python=3.10"]})
    put(folder, "requirements.txt", "numpy\n")

    assert of(folder, reference, {key: folder / path for key, path in known.items()}) == file


def test_a_stand_in_that_cannot_be_read_is_told(folder):
    with pytest.raises(Unreadable, match="no such file"):
        of(folder, "azureml:sklearn:1", {"sklearn": folder / "gone.yml"})


def test_beside_a_script_the_usual_names_are_looked_for(folder):
    """The conda file before the requirements; none is no fault."""
    (folder / "src" / "requirements.txt").write_text("numpy==1.26\n")
    assert asked.beside(folder / "src").entries[0].key == "numpy"

    (folder / "src" / "environment.yml").write_text("dependencies: [python=3.9]\n")
    assert asked.beside(folder / "src").python == "==3.9.*"
    assert asked.beside(folder / "weights") is None

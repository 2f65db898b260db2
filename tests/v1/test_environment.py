"""Environment: of a conda file or pip's list, an image or a Dockerfile; kept, copied, written into folders."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from amlemu.v1.conda_dependencies import CondaDependencies
from amlemu.v1.environment import Environment, as_data
from amlemu.v1.exceptions import UserErrorException

REAL = Path(__file__).resolve().parents[2] / ".environments/azureml-core/bin/python"
CONDA = "name: x\ndependencies:\n- python=3.6.2\n- pip:\n  - azureml-defaults==1.0.45\n"
PAGE = "FROM mcr.microsoft.com/azureml/base:intelmpi2018.3-ubuntu16.04\nRUN apt-get update && apt-get install vim -y"


@pytest.fixture
def conda(desk) -> str:
    return str(desk.write("myenv.yml", CONDA))


def test_the_json_of_one_is_azures(conda):
    """The fields that the SDK writes and amlemu reads (azureml-core 1.61, observed); those that say nothing are left out."""
    said = as_data(Environment.from_conda_specification(name="e", file_path=conda))

    assert said == {
        "name": "e",
        "environmentVariables": {"EXAMPLE_ENV_VAR": "EXAMPLE_VALUE"},
        "python": {
            "userManagedDependencies": False,
            "interpreterPath": "python",
            "condaDependencies": {"name": "x", "dependencies": ["python=3.6.2", {"pip": ["azureml-defaults==1.0.45"]}]},
        },
        "docker": {
            "enabled": False,
            "baseImage": "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20251130.v1",
            "sharedVolumes": True,
            "shmSize": "2g",
            "arguments": [],
        },
    }


@pytest.mark.skipif(not REAL.exists(), reason="the environment with azureml-core is not made: make test")
def test_the_real_one_says_the_same(conda):
    """What we say, the real one says; it says more (spark, databricks, r), which is not served."""
    program = (
        "import json, sys; from azureml.core.environment import Environment\n"
        "print(json.dumps(Environment._serialize_to_dict(Environment.from_conda_specification('e', sys.argv[1]))))"
    )
    words = [str(REAL), "-W", "ignore", "-c", program, conda]
    real = json.loads(subprocess.run(words, capture_output=True, text=True, timeout=60, check=True).stdout)
    ours = as_data(Environment.from_conda_specification("e", conda))

    assert {key: real[key] for key in ours if key != "docker"} == {
        key: ours[key] for key in ours if key != "docker"
    } | {"python": {**ours["python"], "baseCondaEnvironment": None, "condaDependenciesFile": None}}
    assert {key: real["docker"][key] for key in ours["docker"]} == ours["docker"]


def test_a_file_that_names_no_python_gets_one(desk):
    path = desk.write("conda.yml", "dependencies:\n- numpy\n")
    made = Environment.from_conda_specification("e", path)

    assert made.python.conda_dependencies.get_python_version() == "3.10.18"


def test_pips_list_becomes_a_conda_file(desk):
    path = desk.write("requirements.txt", "joblib==1.2\nazureml-defaults\n")
    made = Environment.from_pip_requirements("e", path)

    assert list(made.python.conda_dependencies.pip_packages) == ["joblib==1.2", "azureml-defaults"]
    assert "pip" in list(made.python.conda_dependencies.conda_packages)


@pytest.mark.parametrize("make", [Environment.from_conda_specification, Environment.from_pip_requirements])
def test_a_file_that_is_missing_is_named(desk, make):
    with pytest.raises(UserErrorException, match=r"nope\.yml doesn't exist") as caught:
        make("e", "nope.yml")

    assert str(desk.folder / "nope.yml") in caught.value.message


def test_an_image_and_a_dockerfile_exclude_each_other(conda):
    """The lines of the page of 2020-03; setting one takes the other away."""
    myenv = Environment.from_conda_specification("env", conda)
    myenv.docker.base_image = None
    myenv.docker.base_dockerfile = PAGE

    assert as_data(myenv)["docker"]["baseDockerfile"] == PAGE
    assert "baseImage" not in as_data(myenv)["docker"]

    myenv.docker.base_image = "mcr.microsoft.com/azureml/base"

    assert myenv.docker.base_dockerfile is None


def test_a_dockerfile_may_be_a_file(desk):
    path = desk.write("Dockerfile", "FROM x\n")

    assert Environment.from_dockerfile("e", path).docker.base_dockerfile == "FROM x\n"
    with path.open() as file:
        assert Environment.from_dockerfile("e", file).docker.base_dockerfile == "FROM x\n"


def test_one_of_an_image_leaves_python_to_it():
    made = Environment.from_docker_image("e", "x:1")

    assert (made.docker.base_image, made.python.user_managed_dependencies) == ("x:1", True)
    with pytest.raises(UserErrorException, match="Only one of conda_specification or pip_requirements"):
        Environment.from_docker_image("e", "x:1", conda_specification="a", pip_requirements="b")


def test_registered_ones_count_up_and_are_found_again(desk, conda):
    made = Environment.from_conda_specification("credit", conda)
    made.environment_variables = {"A": "1"}
    made.inferencing_stack_version = "latest"

    assert made.register(desk.ws).version == "1"
    made.environment_variables = {"A": "2"}
    assert made.register(desk.ws).version == "2"

    assert Environment.get(desk.ws, "credit").environment_variables == {"A": "2"}
    assert Environment.get(desk.ws, "credit", version="1").environment_variables == {"A": "1"}
    assert Environment.get(desk.ws, "credit", version="1").inferencing_stack_version == "latest"
    assert list(desk.ws.environments) == ["credit"]
    with pytest.raises(UserErrorException, match=r"^Environment 'AzureML-Minimal' is not registered\. .*credit"):
        Environment.get(desk.ws, "AzureML-Minimal")
    with pytest.raises(UserErrorException, match="'credit' version 7 is not registered"):
        Environment.get(desk.ws, "credit", version="7")


def test_a_clone_is_another_one(desk):
    one = Environment("a").register(desk.ws)
    two = one.clone("b")
    two.docker.base_image = "x"
    two.python.conda_dependencies.add_pip_package("joblib")

    assert (one.name, two.name, two.version) == ("a", "b", None)
    assert one.docker.base_image != "x"
    assert "joblib" not in list(one.python.conda_dependencies.pip_packages)
    with pytest.raises(UserErrorException, match="Name is required"):
        one.clone("")


def test_one_is_written_into_a_folder_and_read_from_there(desk, conda):
    made = Environment.from_dockerfile("e", PAGE, conda_specification=conda)
    made.save_to_directory(desk.folder / "saved")

    assert sorted(path.name for path in (desk.folder / "saved").iterdir()) == [
        "BaseDockerfile",
        "azureml_environment.json",
        "conda_dependencies.yml",
    ]
    assert as_data(Environment.load_from_directory(desk.folder / "saved")) == as_data(made)
    with pytest.raises(FileExistsError):
        made.save_to_directory(desk.folder / "saved")
    made.save_to_directory(desk.folder / "saved", overwrite=True)
    with pytest.raises(FileNotFoundError):
        Environment.load_from_directory(desk.folder)


def test_a_name_is_text():
    with pytest.raises(TypeError, match="Environment name expected str"):
        Environment(CondaDependencies())


def test_one_tells_its_name_and_prints_its_json():
    assert str(Environment("e")) == "Environment(Name: e,\nVersion: None)"
    assert json.loads(repr(Environment("e")))["name"] == "e"

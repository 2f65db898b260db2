"""InferenceConfig is checked when it is made, in the SDK's words, and is written as inferenceconfig.json."""

from __future__ import annotations

import json

import pytest
from amlemu.v1.environment import Environment
from amlemu.v1.exceptions import UserErrorException, WebserviceException
from amlemu.v1.inference_config import InferenceConfig

from tests.v1.conftest import ECHO


@pytest.mark.parametrize(
    ("script", "words"),
    [
        pytest.param("", "Error, need to specify entry_script.", id="none"),
        pytest.param("nope.py", "entry_script should be path relative to current working directory", id="missing"),
        pytest.param("notes.txt", "Invalid driver type. Currently only Python drivers are supported.", id="text"),
        pytest.param("my-score.py", 'Error, invalid name "my-score" for provided entry script.', id="dash"),
        pytest.param("class.py", 'Error, invalid name "class" for provided entry script.', id="keyword"),
    ],
)
def test_a_script_that_cannot_be_served_is_refused(desk, script, words):
    for name in ("notes.txt", "my-score.py", "class.py"):
        desk.write(name, "")

    with pytest.raises(WebserviceException) as caught:
        InferenceConfig(script)

    assert words in caught.value.message


def test_a_syntax_error_is_told_as_by_the_sdk(desk):
    """Contract 5.2: the message ends `...Please check it and try local deployment to verify.`"""
    desk.write("score.py", "def init(:\n")

    with pytest.raises(
        UserErrorException, match=r"\(score\.py, line 1\)\. Please check it and try local deployment to verify\.$"
    ):
        InferenceConfig("score.py")


def test_files_that_it_names_have_to_be_there(desk):
    desk.write("src/score.py", ECHO)

    with pytest.raises(WebserviceException, match=r"source directory .*nowhere doesn't exist"):
        InferenceConfig("score.py", source_directory="nowhere")
    with pytest.raises(WebserviceException, match=r"Conda file .*src/conda\.yml doesn't exist"):
        InferenceConfig("score.py", source_directory="src", conda_file="conda.yml")
    with pytest.raises(WebserviceException, match=r"extra docker file steps .* doesn't exist"):
        InferenceConfig("score.py", source_directory="src", extra_docker_file_steps="steps")


def test_old_parts_and_an_environment_exclude_each_other(desk):
    desk.write("score.py", ECHO)

    with pytest.raises(
        WebserviceException, match=r"^Error, unable to provide runtime, conda_file, extra_docker_file_steps"
    ):
        InferenceConfig("score.py", runtime="python", environment=Environment("e"))
    with pytest.raises(WebserviceException, match="the environment is a str"):
        InferenceConfig("score.py", environment="myenv.yml")


def test_it_is_written_with_absolute_paths(desk):
    desk.write("src/sub/score.py", ECHO)
    desk.write("src/conda.yml", "dependencies: []")
    made = InferenceConfig("sub/score.py", source_directory="src", conda_file="conda.yml", description="d")

    assert made.as_data() == {
        "entryScript": "sub/score.py",
        "sourceDirectory": str(desk.folder / "src"),
        "condaFile": str(desk.folder / "src/conda.yml"),
        "description": "d",
    }


def test_without_a_folder_the_scripts_own_stands_for_it(desk):
    desk.write("src/score.py", ECHO)

    assert InferenceConfig("src/score.py").as_data() == {
        "entryScript": "score.py",
        "sourceDirectory": str(desk.folder / "src"),
    }


def test_a_file_of_azures_is_read_from_its_own_folder(desk):
    desk.write("src/score.py", ECHO)
    said = {
        "entryScript": "score.py",
        "sourceDirectory": "src",
        "environment": {"name": "e", "docker": {"baseImage": "x"}},
    }
    desk.write("inferenceconfig.json", json.dumps(said))

    made = InferenceConfig.from_file("inferenceconfig.json")

    assert made.script == desk.folder / "src/score.py"
    assert made.environment.docker.base_image == "x"


def test_what_is_written_is_read_again(desk):
    """All of it (azureml-core 1.61, _model_management/_util.py, inference_config_dict_to_obj)."""
    desk.write("src/score.py", ECHO)
    desk.write("src/conda.yml", "dependencies: []")
    desk.write("src/steps.txt", "RUN true")
    made = InferenceConfig(
        "score.py",
        source_directory="src",
        runtime="python",
        conda_file="conda.yml",
        extra_docker_file_steps="steps.txt",
        enable_gpu=True,
        cuda_version="10.0",
        base_image="x",
        description="d",
    )
    desk.write("ic.json", json.dumps(made.as_data()))

    assert InferenceConfig.from_file("ic.json").as_data() == made.as_data()


def test_a_runtime_or_cuda_that_there_is_not_is_refused(desk):
    desk.write("score.py", ECHO)

    with pytest.raises(
        WebserviceException, match=r"^Provided runtime not supported\. Possible runtimes are: spark-py\|python$"
    ):
        InferenceConfig("score.py", runtime="r")
    with pytest.raises(
        WebserviceException,
        match=r"^Provided cuda_version not supported\. Possible cuda_versions are: 9\.0\|9\.1\|10\.0$",
    ):
        InferenceConfig("score.py", cuda_version="11.3")


@pytest.mark.parametrize("text", [None, "{", "[]", "{}"])
def test_what_is_no_such_file_is_refused(desk, text):
    if text is not None:
        desk.write("ic.json", text)

    with pytest.raises(WebserviceException, match=r"ic\.json"):
        InferenceConfig.from_file("ic.json")


def test_an_environment_without_the_server_is_warned_of(desk, caplog):
    """The page of 2020-03: azureml-defaults has to be listed, as a pip dependency."""
    desk.write("score.py", ECHO)
    environment = Environment("e")
    InferenceConfig("score.py", environment=environment)
    assert caplog.text == ""

    environment.python.conda_dependencies.remove_pip_package("azureml-defaults")
    InferenceConfig("score.py", environment=environment)

    assert "azureml-defaults not detected in provided environment pip dependencies." in caplog.text

"""Model: registered, found, listed, downloaded, deleted; get_model_path outside of a container."""

from __future__ import annotations

import logging

import pytest
from amlemu.v1.exceptions import ModelNotFoundException, UserErrorException, WebserviceException
from amlemu.v1.model import InferenceConfig, Model, ModelPackage

from tests.v1.conftest import ECHO


def test_registering_copies_a_file_and_counts_up(desk, capsys):
    """A model that is trained anew in its old place does not change a version that is there."""
    first = Model.register(model_path=str(desk.train("my_model.pkl", 1)), model_name="my_best_model", workspace=desk.ws)
    before = first.path.read_bytes()
    second = Model.register(desk.ws, desk.train("my_model.pkl", 2), "my_best_model")

    assert capsys.readouterr().out == "Registering model my_best_model\n" * 2
    assert (first.id, second.id, second.version) == ("my_best_model:1", "my_best_model:2", 2)
    assert first.path == desk.folder / ".amlemu/models/my_best_model/1/my_model.pkl"
    assert first.path.read_bytes() == before != second.path.read_bytes()


def test_a_folder_keeps_its_name_below_its_version(desk):
    desk.train("net/a/weights.bin", 1)
    made = Model.register(desk.ws, "net", "net")

    assert made.path == desk.folder / ".amlemu/models/net/1/net"
    assert (made.path / "a/weights.bin").is_file()


def test_of_a_folder_its_children_alone(desk):
    """`child_paths` names files and folders, which keep their places (azureml-core 1.61, model.py _collect_model_artifact_paths)."""
    for name in ("net/weights/a.bin", "net/weights/b.bin", "net/vocab.txt", "net/events.log"):
        desk.write(name, name)
    made = Model.register(desk.ws, "net", "net", child_paths=["weights/", "vocab.txt"])

    assert made.url == made.path.as_uri()
    assert sorted(str(path.relative_to(made.path)) for path in made.path.rglob("*.*")) == [
        "vocab.txt",
        "weights/a.bin",
        "weights/b.bin",
    ]


@pytest.mark.parametrize("path", ["nope.txt", "../my_model.pkl", "/etc/passwd"])
def test_a_child_that_is_not_in_the_folder_is_refused(desk, path):
    desk.train("my_model.pkl", 1)
    desk.write("net/vocab.txt", "")

    with pytest.raises(WebserviceException, match=f'^Error, provided child path "{path}" cannot be found'):
        Model.register(desk.ws, "net", "net", child_paths=["vocab.txt", path])
    assert Model.list(desk.ws) == []


def test_the_latest_is_found_by_name_and_each_by_its_id(desk):
    for times in (1, 2):
        Model.register(desk.ws, desk.train("m.pkl", times), "m", tags={"times": str(times)}, description="d")

    assert Model(desk.ws, "m").version == 2
    assert Model(desk.ws, name="m", version=1).tags == {"times": "1"}
    assert Model(desk.ws, id="m:1").description == "d"
    assert Model(desk.ws, "m", tags=[["times", "1"]]).version == 1
    assert [model.id for model in Model.list(desk.ws)] == ["m:2", "m:1"]
    assert [model.id for model in Model.list(desk.ws, latest=True)] == ["m:2"]
    assert [model.id for model in Model.list(desk.ws, tags=["times"])] == ["m:2", "m:1"]
    assert {name: model.version for name, model in desk.ws.models.items()} == {"m": 2}


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        pytest.param(
            {"name": "my-best-model"},
            "ModelNotFound: Model with name my-best-model not found in provided workspace",
            id="name",
        ),
        pytest.param({"id": "m:9"}, "ModelNotFound: Model with id m:9 not found in provided workspace", id="id"),
        pytest.param(
            {"name": "m", "version": 9}, "ModelNotFound: Model with name m, version 9 not found", id="version"
        ),
        pytest.param({}, "Error, one of id or name must be provided.", id="nothing"),
    ],
)
def test_one_that_is_not_there_is_said_to_be_so(desk, ask, words):
    Model.register(desk.ws, desk.train("m.pkl", 1), "m")

    with pytest.raises(WebserviceException) as caught:
        Model(desk.ws, **ask)

    assert words in caught.value.message
    assert not ask or "Registered in this project: m:1." in caught.value.message


@pytest.mark.parametrize(
    ("path", "name", "words"),
    [
        pytest.param("nope.pkl", "m", 'Error, provided model path "nope.pkl" cannot be found', id="path"),
        pytest.param(
            "m.pkl", "-m", "Error, provided model name is invalid. It must only consist of letters", id="dash"
        ),
        pytest.param(
            "m.pkl", "../m", "Error, provided model name is invalid. It must only consist of letters", id="dots"
        ),
        pytest.param(
            "m.pkl", None, "Error, provided model name is invalid. It must only consist of letters", id="none"
        ),
    ],
)
def test_what_cannot_be_registered_is_refused(desk, path, name, words):
    desk.train("m.pkl", 1)

    with pytest.raises(WebserviceException) as caught:
        Model.register(desk.ws, path, name)

    assert words in caught.value.message
    assert Model.list(desk.ws) == []


def test_get_model_path_finds_the_registered_one(desk, capsys):
    """The block of the pages, outside of a container."""
    Model.register(desk.ws, desk.train("my_model.pkl", 1), "my-best-model")
    Model.register(desk.ws, desk.train("my_model.pkl", 2), "my-best-model")
    logging.basicConfig(level=logging.DEBUG)

    print(Model.get_model_path(model_name="my-best-model"))

    assert capsys.readouterr().out.endswith(f"{desk.folder}/.amlemu/models/my-best-model/2/my_model.pkl\n")
    assert Model.get_model_path("my-best-model", 1, desk.ws).endswith("/1/my_model.pkl")


def test_get_model_path_looks_in_azureml_models_first(desk):
    """As inside a container: `azureml-models/NAME/VERSION/`, its latest version, relative to the app root (contract 5.2)."""
    Model.register(desk.ws, desk.train("m.pkl", 1), "m")
    desk.train("azureml-models/m/9/inside.pkl", 1)
    desk.train("azureml-models/m/10/inside.pkl", 1)

    assert Model.get_model_path("m") == "azureml-models/m/10/inside.pkl"
    assert Model.get_model_path("m", version=9) == "azureml-models/m/9/inside.pkl"


def test_get_model_path_says_where_it_looked(desk):
    """The words are those of contract 5.2."""
    with pytest.raises(ModelNotFoundException) as caught:
        Model.get_model_path("my-best-model")

    assert caught.value.message.startswith(
        f"Model my-best-model not found in cache at azureml-models or in current working directory {desk.folder}. "
        "For more info, set logging level to DEBUG."
    )
    with pytest.raises(WebserviceException, match=r"^version should be an int$"):
        Model.get_model_path("m", "1")


def test_download_copies_it(desk):
    made = Model.register(desk.ws, desk.train("m.pkl", 1), "m")

    path = made.download("there")

    assert path == "there/m.pkl"
    assert (desk.folder / path).read_bytes() == made.path.read_bytes()
    with pytest.raises(WebserviceException, match="File already exists"):
        made.download("there")
    assert made.download("there", exist_ok=True) == made.download("there", exists_ok=True) == path


def test_a_version_is_deleted_alone(desk):
    for times in (1, 2):
        Model.register(desk.ws, desk.train("m.pkl", times), "m")

    Model(desk.ws, id="m:1").delete()

    assert [model.id for model in Model.list(desk.ws)] == ["m:2"]


def test_tags_and_properties_are_kept(desk):
    made = Model.register(desk.ws, desk.train("m.pkl", 1), "m", properties={"p": "1"}, model_framework="ScikitLearn")
    made.add_tags({"a": "1", "b": "2"})
    made.remove_tags("a")
    made.update(description="now")
    found = Model(desk.ws, "m")

    assert (found.tags, found.properties, found.description) == ({"b": "2"}, {"p": "1"}, "now")
    assert found.model_framework == "ScikitLearn"
    assert found.serialize()["id"] == "m:1"


def test_tags_to_look_for_are_a_list(desk):
    with pytest.raises(UserErrorException, match=r"^Expected tags must be list type"):
        Model.list(desk.ws, tags="a")


def test_a_package_wants_an_environment(desk):
    desk.write("score.py", ECHO)

    with pytest.raises(WebserviceException, match="requires an InferenceConfig containing an Environment object"):
        Model.package(desk.ws, [], InferenceConfig("score.py"))


def test_the_module_has_the_names_that_notebooks_import():
    assert ModelPackage.__name__ == "ModelPackage"
    assert Model.Framework.SCIKITLEARN == "ScikitLearn"

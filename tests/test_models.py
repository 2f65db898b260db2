"""Models by name, and folders that say which model they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from amlemu import deployment
from amlemu.errors import UsageError
from amlemu.models import Model


@pytest.fixture
def score(tmp_path, monkeypatch):
    """A script in the current folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "score.py"
    path.write_text("", encoding="utf-8")
    return path


def refusal_of(call):
    with pytest.raises(UsageError) as caught:
        call()
    return str(caught.value)


@pytest.mark.parametrize(
    ("folder", "name", "version"),
    [
        pytest.param("models/credit/3", "credit", "3", id="name-and-version"),
        pytest.param("azureml-models/credit/v3-beta", "credit", "v3-beta", id="a-version-that-is-no-number"),
        pytest.param("models/credit/v3-beta", "v3-beta", "1", id="a-name-that-looks-like-a-version"),
        pytest.param("outputs", "outputs", "1", id="any-folder"),
        pytest.param("azureml-models", "azureml-models", "1", id="a-models-folder-with-nothing-in-it"),
    ],
)
def test_a_model_folder_says_which_model_it_is(score, tmp_path, folder, name, version):
    """By the names of the tree in the cloud (contract 3.1); what says nothing is version 1 of its own name."""
    (tmp_path / folder).mkdir(parents=True)

    made = deployment.from_script(score, model_dir=folder)

    assert made.models == (Model(name, version, tmp_path / folder, is_whole=True),)


def test_a_models_folder_holds_its_models(score, tmp_path):
    """Copied from a container: every NAME/VERSION in it; what is no version is left alone."""
    for path in ("a/1", "a/10", "b/2", "b/latest"):
        (tmp_path / "azureml-models" / path).mkdir(parents=True)
    (tmp_path / "azureml-models" / "b" / "7").write_text("no folder")

    made = deployment.from_script(score, model_dir="azureml-models")

    assert [(model.name, model.version) for model in made.models] == [("a", "1"), ("a", "10"), ("b", "2")]
    assert made.models[0] == Model("a", "1", tmp_path / "azureml-models" / "a" / "1", is_whole=True)


@pytest.mark.parametrize(
    ("words", "name", "version"),
    [("m:3", "m", "3"), ("m", "m", "1"), ("azureml:m:3", "m", "3")],
)
def test_a_model_may_be_named(score, tmp_path, words, name, version):
    """As `az ml` writes it, too; the file or folder keeps its own name below the version."""
    (tmp_path / "model.pkl").write_text("")

    made = deployment.from_script(score, models={words: "model.pkl"})

    assert made.models == (Model(name, version, tmp_path / "model.pkl"),)


def test_several_models_are_kept_in_order(score, tmp_path):
    (tmp_path / "model.pkl").write_text("")
    (tmp_path / "folder").mkdir()

    made = deployment.from_script(score, model_dir="folder", models={"z": "model.pkl", "a:2": "folder"})

    assert [(model.name, model.version, model.is_whole) for model in made.models] == [
        ("folder", "1", True),
        ("z", "1", False),
        ("a", "2", False),
    ]


@pytest.mark.parametrize(
    ("models", "message"),
    [
        pytest.param({":1": "f"}, "--model :1=f: '' is no name. Expected NAME=PATH or NAME:VERSION=PATH.", id="empty"),
        pytest.param({"a/b": "f"}, "--model a/b=f: 'a/b' is no name. ", id="slash"),
        pytest.param({"a:..": "f"}, "--model a:..=f: '..' is no name. ", id="dots"),
        pytest.param(
            {"a": "./modle"}, "--model a=./modle: no such file or folder. Did you mean model?", id="near-miss"
        ),
        pytest.param({"a": "no/f"}, "--model a=no/f: no such file or folder. Looked for {here}/no/f.", id="missing"),
        pytest.param({"a": "f", "a:1": "f"}, "model a:1 is given twice. One model has one file or folder.", id="twice"),
    ],
)
def test_a_model_that_cannot_be_is_refused(score, tmp_path, models, message):
    for name in ("f", "model"):
        (tmp_path / name).write_text("")

    assert refusal_of(lambda: deployment.from_script(score, models=models)).startswith(message.format(here=tmp_path))


@pytest.mark.parametrize("path", ["x" * 3000, "a\0b", "loop"])
def test_a_path_that_can_be_none_is_refused(score, tmp_path, path):
    """Too long, with a sign that no path has, or a link that leads round in a circle."""
    (tmp_path / "loop").symlink_to(tmp_path / "loop")

    told = refusal_of(lambda: deployment.from_script(score, models={"m": path}))

    assert told.startswith(f"--model m={path}: no such file or folder.")


def test_a_model_says_where_it_would_lie_locally():
    """`az ml ... --local` mounts the folder around it; None is where Azure has it, too."""
    assert Model("m", "1", Path("/data/m.pkl")).local_folder is None
    assert Model("m", "1", Path("/data/m.pkl"), local_folder="").local_folder == ""

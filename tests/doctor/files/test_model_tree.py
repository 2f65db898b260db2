"""What will lie below azureml-models."""

from __future__ import annotations

import pytest
from amlemu.doctor.files.model_tree import nearest, tree_of
from amlemu.models import Model

from ..subjects import subject


@pytest.fixture
def folder(tmp_path):
    for name in ("model/model.pkl", "model/sub/vocab.txt", "model/net.index"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    return tmp_path / "model"


def test_without_models_there_is_no_tree(tmp_path):
    assert tree_of(subject(tmp_path)) is None


def test_a_folder_keeps_its_own_name(tmp_path, folder):
    tree = tree_of(subject(tmp_path, models=[Model("credit", "3", folder)]))

    assert tree.model_dir == "credit/3"
    assert tree.has("credit/3/model/model.pkl")
    assert tree.is_folder("credit/3/model")
    assert not tree.has("credit/3/model.pkl")
    assert tree.names(tree.model_dir) == [
        "model/",
        "model/model.pkl",
        "model/net.index",
        "model/sub/",
        "model/sub/vocab.txt",
    ]


def test_a_folder_may_stand_for_the_version_itself(tmp_path, folder):
    tree = tree_of(subject(tmp_path, models=[Model("credit", "3", folder, is_whole=True)]))

    assert tree.has("credit/3/model.pkl")
    assert not tree.has("credit/3/Model.pkl")


def test_tensorflow_names_a_checkpoint_by_what_its_files_share(tmp_path, folder):
    tree = tree_of(subject(tmp_path, models=[Model("credit", "3", folder, is_whole=True)]))

    assert tree.has("credit/3/net")
    assert not tree.has("credit/3/model")


def test_several_models_lie_side_by_side(tmp_path, folder):
    tree = tree_of(subject(tmp_path, models=[Model("a", "1", folder), Model("b", "2", folder / "model.pkl")]))

    assert tree.model_dir == ""
    assert tree.has("b/2/model.pkl")
    assert tree.is_folder("a")
    assert tree.is_known("c/1/x")


@pytest.mark.parametrize(
    ("wanted", "names", "expected"),
    [
        pytest.param("model.pkl", ["model/", "model/model.pkl"], "model/model.pkl", id="deeper"),
        pytest.param("Model.pkl", ["model.pkl", "other.pkl"], "model.pkl", id="case"),
        pytest.param("modle.pkl", ["model.pkl", "other.pkl"], "model.pkl", id="letters"),
        pytest.param("x.onnx", ["net.onnx", "a.txt"], "net.onnx", id="only-one-of-its-kind"),
        pytest.param("x.onnx", ["a.txt"], None, id="nothing-like-it"),
    ],
)
def test_the_nearest_name_is_found(wanted, names, expected):
    assert nearest(wanted, names) == expected

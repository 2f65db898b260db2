"""Where things are kept: below the .amlemu of the project, found again from folders below."""

from __future__ import annotations

import pytest
from amlemu.v1 import place
from amlemu.v1.exceptions import UserErrorException
from amlemu.v1.model import Model


def test_the_project_is_found_from_a_folder_below(desk, monkeypatch):
    """Though nothing but a model has been registered there yet."""
    Model.register(desk.ws, desk.train("m.pkl", 1), "m")
    (desk.folder / "notebooks/deep").mkdir(parents=True)
    monkeypatch.chdir(desk.folder / "notebooks/deep")

    assert place.root() == desk.folder / ".amlemu"
    assert [model.id for model in Model.list(desk.ws)] == ["m:1"]


def test_git_does_not_see_it(desk):
    place.make(place.models())

    assert (desk.folder / ".amlemu/.gitignore").read_text() == "*\n"


def test_a_variable_says_where(desk, monkeypatch):
    monkeypatch.setenv("AMLEMU_HOME", str(desk.folder / "elsewhere"))

    Model.register(desk.ws, desk.train("m.pkl", 1), "m")

    assert (desk.folder / "elsewhere/.amlemu/models/m/1/m.pkl").is_file()
    assert not (desk.folder / ".amlemu").exists()


def test_a_file_is_replaced_as_a_whole_or_not_at_all(desk):
    path = place.kept("models", "m.json")
    place.write_json(path, {"a": 1})

    with pytest.raises(UserErrorException, match=r"m\.json cannot be written"):
        place.write_json(path, {"a": object()})

    assert place.read_json(path) == {"a": 1}
    assert [one.name for one in path.parent.iterdir()] == ["m.json"]


def test_what_cannot_be_read_is_nothing(desk):
    assert place.read_json(desk.folder / "nope.json") is None
    assert place.read_json(desk.write("bad.json", "{")) is None


def test_a_folder_that_cannot_be_made_is_named(desk):
    (desk.folder / ".amlemu").write_text("a file")

    with pytest.raises(UserErrorException, match="nothing can be kept in"):
        place.make(place.models())


def test_numbers_are_counted_as_numbers(desk):
    for name in ("10", "9", "x", "2.json"):
        place.make(place.models() / name)

    assert place.numbers(place.models()) == [9, 10]
    assert place.numbers(place.models(), ".json") == [2]
    assert place.numbers(desk.folder / "nope") == []

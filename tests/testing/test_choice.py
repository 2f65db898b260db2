"""What a test asks for: layers on each other, paths that are found, words that are wrong; and what the command line says to all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from amlemu.errors import UsageError
from amlemu.testing import choice as choices
from amlemu.testing.choice import Choice, Layer

Write = Callable[[str, str], Path]


def marked(*places: Path, **values: Any) -> Layer:
    return Layer("@pytest.mark.amlemu", values, places)


def test_a_later_layer_wins_and_mappings_add_up() -> None:
    """A module's marker says what holds for all its tests, a test's own marker adds to it."""
    found = choices.merged(
        [
            marked(profile="kubernetes", env={"A": "1", "B": "1"}, settings={"dev": True}),
            marked(profile="aks", env={"B": 2}, settings={"limits.body_bytes": 5}),
        ]
    )

    assert found.profile == "aks"
    assert dict(found.env) == {"A": "1", "B": "2"}
    assert dict(found.settings) == {"dev": "true", "limits.body_bytes": "5"}


def test_equal_wishes_are_one_key() -> None:
    """Whatever the order they were written in: they share a script and its workers."""
    one = choices.merged([marked(env={"A": "1", "B": "2"}, workers=2)])
    other = choices.merged([marked(workers=2, env={"B": "2", "A": "1"})])

    assert {one: "warm"}[other] == "warm"


def test_a_path_is_looked_for_beside_the_test_and_then_below_the_root(write: Write, tmp_path: Path) -> None:
    """In that order."""
    write("score.py", "")
    near = write("tests/score.py", "")
    folders = (tmp_path / "tests", tmp_path)

    assert choices.merged([marked(*folders, script="score.py")]).script == str(near)
    near.unlink()
    assert choices.merged([marked(*folders, script="score.py")]).script == str(tmp_path / "score.py")


def test_a_path_that_is_not_there_is_told_with_what_may_be_meant(write: Write, tmp_path: Path) -> None:
    """Else with the places that were looked at."""
    write("tests/score.py", "")
    folders = (tmp_path / "tests", tmp_path)

    with pytest.raises(
        UsageError, match=r"@pytest\.mark\.amlemu, script: no such file or folder: scor\.py\. Did you mean score\.py\?"
    ):
        choices.merged([marked(*folders, script="scor.py")])
    with pytest.raises(UsageError, match=rf"Looked for {tmp_path}/tests/models/a and {tmp_path}/models/a\."):
        choices.merged([marked(*folders, models={"a:1": "models/a"})])


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"scirpt": "a"}, "there is no argument 'scirpt'; did you mean script? It takes script, deployment, code, model_dir, models, env, python, workers, profile, settings, request_settings, auth, target, fresh."),
        ({"target": "workers"}, "'workers' is no target; did you mean worker? Expected one of inprocess, worker, container, or a URL."),
        ({"env": ["A=1"]}, 'env is no mapping. Expected env={"name": "value"}.'),
        ({"workers": "2"}, "workers='2' is no int. Expected workers=2."),
        ({"fresh": 1}, "fresh=1 is no bool. Expected fresh=True."),
        ({"workers": True}, "workers=True is no int. Expected workers=2."),
        ({"env": {"A": None}}, 'env has \'A\': None, and wants texts. Expected env={"name": "value"}.'),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)  # fmt: skip
def test_a_wrong_word_is_told_with_those_that_are_right(values: dict[str, Any], text: str) -> None:
    """And where it stands."""
    with pytest.raises(UsageError) as raised:
        choices.merged([marked(**values)])

    assert str(raised.value) == f"@pytest.mark.amlemu: {text}"


def test_who_names_a_deployment_does_not_mean_the_script_of_all_others(write: Write, tmp_path: Path) -> None:
    """And the other way round; but both in one breath are too many."""
    write("score.py", "")
    write("deployment.yml", "")
    script, deployment = marked(tmp_path, script="score.py"), marked(tmp_path, deployment="deployment.yml")

    assert choices.merged([script, deployment]).file == str(tmp_path / "deployment.yml")
    assert choices.merged([deployment, script]).file == str(tmp_path / "score.py")
    with pytest.raises(UsageError, match="a test has a script or a deployment, not both"):
        _ = choices.merged([marked(tmp_path, script="score.py", deployment="deployment.yml")]).file


def test_the_projects_table_counts_for_its_tests(write: Write, tmp_path: Path) -> None:
    """What `amlemu serve` takes from it, the fixtures do; paths are relative to the file."""
    write("model/weights", "")
    script = write("src/score.py", "")
    write(
        "pyproject.toml",
        """
        [tool.amlemu]
        profile = "kubernetes"
        model-dir = "model"
        env = ["MODE=strict"]
        set = ["limits.request_timeout_ms=7"]
        port = 5005
        """,
    )

    found = choices.merged([choices.of_project(str(script))])

    assert (found.profile, found.model_dir) == ("kubernetes", str(tmp_path / "model"))
    assert (dict(found.env), dict(found.settings)) == ({"MODE": "strict"}, {"limits.request_timeout_ms": "7"})


@pytest.mark.parametrize(
    ("asked", "commanded", "found"),
    [
        ("", "", "inprocess"),
        ("", "worker", "worker"),
        ("worker", "", "worker"),
        ("worker", "inprocess", "worker"),
        ("worker", "container", "container"),
        ("container", "worker", "container"),
        ("container", "http://127.0.0.1:1", "http://127.0.0.1:1"),
        ("http://127.0.0.1:1", "worker", "worker"),
        ("http://127.0.0.1:1", "", "http://127.0.0.1:1"),
    ],
)
def test_the_command_line_moves_tests_up_only(asked: str, commanded: str, found: str) -> None:
    """A test that is marked with a worker needs one: it ends its process, say."""
    assert choices.climbed(asked, commanded) == found


def test_the_command_lines_profile_is_for_all() -> None:
    """A URL is a cloud already: only the command line puts another front door before it."""
    asked = Choice(profile="aks", target="worker")

    assert choices.commanded(asked, "", "").profile == "aks"
    assert choices.commanded(asked, "", "kubernetes").profile == "kubernetes"
    assert choices.commanded(asked, "http://127.0.0.1:1", "").profile == ""
    assert choices.commanded(asked, "http://127.0.0.1:1", "bare").profile == "bare"


def test_no_script_is_told_with_those_that_are_there(write: Write, tmp_path: Path) -> None:
    """And how to name one."""
    write("src/score.py", "")
    write("deployment.yml", "")

    text = str(choices.nothing_named(tmp_path))

    assert "this test names no scoring script" in text
    assert "Found: deployment.yml, src/score.py." in text


def test_rates_are_off_unless_a_test_is_about_them() -> None:
    """A suite of tests is no load."""
    rates = ("requests_per_second", "new_connections_per_second", "open_connections")
    assert Choice().wishes()["settings"] == {f"limits.{name}": "0" for name in rates}
    asked = Choice(settings=(("limits.requests_per_second", "5"),))
    assert asked.wishes()["settings"]["limits.requests_per_second"] == "5"


def test_wishes_are_those_of_serve() -> None:
    """Nothing of a choice is lost on the way."""
    asked = Choice(
        code="/code", model_dir="/model", models=(("m:1", "/m"),), env=(("A", "1"),), python="/bin/python3", workers=2,
        profile="aks", request_settings=(("request_timeout_ms", 7),), auth="key",
    )  # fmt: skip

    assert {**asked.wishes(), "settings": {}} == {
        "code": "/code", "model_dir": "/model", "models": {"m:1": "/m"}, "env": {"A": "1"}, "python": "/bin/python3",
        "workers": 2, "profile": "aks", "settings": {}, "request_settings": {"request_timeout_ms": 7}, "auth": "key",
    }  # fmt: skip


def test_the_projects_code_and_interpreter_count_too(write: Write, tmp_path: Path) -> None:
    """As paths."""
    script = write("src/score.py", "")
    write("pyproject.toml", '[tool.amlemu]\ncode = "src"\npython = "/usr/bin/python3"\n')

    found = choices.merged([choices.of_project(str(script))])

    assert (found.code, found.python) == (str(tmp_path / "src"), "/usr/bin/python3")
    assert choices.merged([marked(tmp_path, code="src")]).code == str(tmp_path / "src")

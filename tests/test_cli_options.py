"""Options made of what is declared: each kind, its names, its variable."""

from __future__ import annotations

import click
import pytest
from amlemu.cli_options import AsAzWithBareFlags, Verbs, WithBareFlags, with_settings
from amlemu.settings import Setting
from click.testing import CliRunner

SETTINGS = (
    Setting("name", "text", None, "A name.", short="-n"),
    Setting("count", "integer", 7, "A count."),
    Setting("share", "number", None, "A share."),
    Setting("model", "text", None, "Models.", repeats=True),
    Setting("quick", "switch", False, "Quick or not."),
    Setting("reload", "toggle", None, "Reload or not."),
    Setting("form", ("json", "table"), "json", "A form."),
    Setting("debug", "integer", None, "A port.", bare=5678),
)


def taken(*words, **environment):
    """Return what the command is called with."""
    seen = {}

    @click.command(cls=WithBareFlags)
    @click.argument("file", required=False)
    @with_settings(SETTINGS)
    def command(**given):
        seen.update(given)

    result = CliRunner().invoke(command, list(words), env=environment, auto_envvar_prefix=None)
    return seen if result.exit_code == 0 else result


def test_without_a_word_all_are_as_declared():
    assert taken() == {
        "file": None, "name": None, "count": 7, "share": None, "model": (), "quick": False, "reload": None,
        "form": "json", "debug": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (["-n", "iris"], "name", "iris"),
        (["--name=iris"], "name", "iris"),
        (["--count", "-3"], "count", -3),
        (["--share", "0.5"], "share", 0.5),
        (["--model", "a=b", "--model", "c=d"], "model", ("a=b", "c=d")),
        (["--quick"], "quick", True),
        (["--reload"], "reload", True),
        (["--no-reload"], "reload", False),
        (["--form", "table"], "form", "table"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_each_kind_is_typed_as_it_is_declared(words, name, value):
    assert taken(*words)[name] == value


@pytest.mark.parametrize("words", [["--count", "x"], ["--form", "xml"], ["--share"], ["--no-quick"]], ids=" ".join)
def test_what_is_not_declared_is_refused(words):
    assert taken(*words).exit_code == 2


def test_a_variable_says_the_same_and_the_flag_beats_it():
    assert taken(AMLEMU_COUNT="3")["count"] == 3
    assert taken("--count", "4", AMLEMU_COUNT="3")["count"] == 4
    assert taken(AMLEMU_QUICK="1")["quick"] is True


@pytest.mark.parametrize(
    ("words", "debug", "file"),
    [
        (["--debug", "score.py"], 5678, "score.py"),
        (["score.py", "--debug"], 5678, "score.py"),
        (["--debug", "5001", "score.py"], 5001, "score.py"),
        (["--debug=5001", "score.py"], 5001, "score.py"),
        (["--debug", "-n", "iris"], 5678, None),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_value_that_may_be_left_out_may_be_left_out_anywhere(words, debug, file):
    """`serve --debug score.py` does not take the script for a port."""
    found = taken(*words)

    assert (found["debug"], found["file"]) == (debug, file)


@pytest.fixture
def azs():
    """A group with two verbs, and what the last one was called with."""
    seen = {}

    @click.group(cls=Verbs)
    def group():
        pass

    @group.command(cls=AsAzWithBareFlags)
    @with_settings(SETTINGS)
    def create(**given):
        seen.update(given)

    @group.command()
    @with_settings(SETTINGS[:2])
    def show(**given):
        seen.update(given)

    return lambda *words: (CliRunner().invoke(group, list(words)), seen)


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (["create", "--nam", "iris"], "name", "iris"),
        (["create", "--nam=--count"], "name", "--count"),
        (["create", "--cou", "3"], "count", 3),
        (["create", "--no-r"], "reload", False),
        (["create", "--deb"], "debug", 5678),
        (["show", "--n", "lily"], "name", "lily"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_an_option_of_azs_may_be_cut_short(azs, words, name, value):
    """Azure's own documentation has `--endpoint` for `--endpoint-name`."""
    result, seen = azs(*words)

    assert result.exit_code == 0, result.output
    assert seen[name] == value


def test_one_that_could_be_two_is_refused(azs):
    """--name or --no-reload: nothing is guessed."""
    result, seen = azs("create", "--n", "iris")

    assert (result.exit_code, seen) == (2, {})
    assert "No such option" in result.output

"""Options are declared once: flags, variables, help and the reference page say the same."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import click
import pytest
from amlemu.cli import cli
from amlemu.credentials import MODES
from amlemu.layout import KINDS
from amlemu.reload import MODES as MODES_OF_RELOAD
from amlemu.reload import ReloadRules
from amlemu.settings import COMMANDS as SETTINGS
from amlemu.settings import SCRIPT_SETTINGS, as_markdown

PAGE = Path(__file__).resolve().parents[1] / "docs" / "settings.md"
COMMANDS = [
    pytest.param(words.partition(" ")[2].rpartition(" ")[0], settings, id=words.partition(" ")[2].rpartition(" ")[0])
    for words, settings in SETTINGS.items()
]


def options_of(command):
    found = cli
    for word in command.split():
        found = found.commands[word]
    return {option.name: option for option in found.params if isinstance(option, click.Option)}


@pytest.mark.parametrize(("command", "settings"), COMMANDS)
def test_each_setting_is_a_flag_and_a_variable(command, settings):
    """Nothing on the command line that is not declared, and the other way round."""
    options = options_of(command)

    assert list(options) == [setting.name for setting in settings]
    for setting in settings:
        option = options[setting.name]
        assert setting.flag in option.opts
        assert option.secondary_opts == ([setting.no_flag] if setting.no_flag else [])
        assert (setting.short in option.opts) == bool(setting.short)
        assert option.envvar == setting.variable
        assert option.help == setting.help
        assert option.multiple == setting.repeats


@pytest.mark.parametrize(("command", "settings"), COMMANDS)
def test_the_page_lists_flag_variable_default_and_meaning(command, settings):
    """docs/settings.md has one row a setting, in order."""
    section = re.split(rf"## `amlemu {command} \[?(?:FILE|WORD)\]?(?:\.\.\.)?`", as_markdown())[1].partition("## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if "AMLEMU_" in line]

    assert len(rows) == len(settings)
    for row, setting in zip(rows, settings, strict=True):
        flag, variable, _, default, meaning = row
        assert flag.split(", ") == [f"`{word}`" for word in (setting.short, setting.flag, setting.no_flag) if word]
        assert variable == f"`{setting.variable}`"
        assert default == ("" if setting.default is None else f"`{setting.default}`")
        assert meaning == setting.help


def test_these_commands_have_settings():
    """`profiles` and `azmlinfsrv` have words of their own."""
    assert list(SETTINGS) == [
        *(f"amlemu {word} FILE" for word in ("serve", "invoke", "layout")),
        "amlemu doctor [FILE]",
        "amlemu check FILE",
        "amlemu capacity [FILE]",
        "amlemu explain [WORD]...",
        "amlemu config show FILE",
        *(f"amlemu env {word} [FILE]" for word in ("create", "show", "remove")),
        *(
            f"amlemu {word} [FILE]"
            for word in ("keys", "token", "reload", "status", "logs", "requests", "ready", "vscode")
        ),
    ]


def test_the_words_for_authentication_are_those_that_there_are():
    """Declared twice, likewise."""
    serve = {setting.name: setting for setting in SETTINGS["amlemu serve FILE"]}

    assert serve["auth"].kind == ("off", *MODES)
    assert serve["auth"].default == "off"


def test_the_words_for_a_reload_are_those_that_there_are():
    """Declared twice, likewise; what nobody says is as the rules have it."""
    serve = {setting.name: setting.default for setting in SETTINGS["amlemu serve FILE"]}
    kinds = {setting.name: setting.kind for setting in SETTINGS["amlemu serve FILE"]}

    assert kinds["reload_mode"] == MODES_OF_RELOAD
    assert serve["reload_mode"] == ReloadRules().mode
    assert serve["reload_delay"] == ReloadRules().delay_s


@pytest.mark.parametrize(
    ("words", "variables", "value"),
    [
        pytest.param([], {}, None, id="nothing"),
        pytest.param(["--reload"], {}, True, id="yes"),
        pytest.param(["--no-reload"], {}, False, id="no"),
        pytest.param([], {"AMLEMU_RELOAD": "1"}, True, id="variable-yes"),
        pytest.param([], {"AMLEMU_RELOAD": "0"}, False, id="variable-no"),
        pytest.param(["--reload"], {"AMLEMU_RELOAD": "0"}, True, id="flag-beats-variable"),
    ],
)
def test_a_toggle_says_yes_no_or_nothing(monkeypatch, words, variables, value):
    monkeypatch.delenv("AMLEMU_RELOAD", raising=False)
    for name, word in variables.items():
        monkeypatch.setenv(name, word)
    context = cli.commands["serve"].make_context("serve", ["score.py", *words])

    assert context.params["reload"] is value


def test_the_page_in_the_repository_is_the_newest():
    """`make docs` writes it; the harness's commands come after these."""
    assert PAGE.read_text(encoding="utf-8").startswith(as_markdown())


def test_names_are_ours():
    """Never spelled like Azure's variables."""
    for setting in itertools.chain.from_iterable(SETTINGS.values()):
        assert re.fullmatch(r"AMLEMU_[A-Z_]+", setting.variable)
        assert re.fullmatch(r"--[a-z-]+", setting.flag)
        assert setting.help.endswith(".")


def test_the_words_for_a_layout_are_those_that_there_are():
    """Declared twice, for `settings.py` imports nothing; so they are held together here."""
    assert [setting.kind for setting in SCRIPT_SETTINGS if setting.name == "layout"] == [KINDS]

"""The options of `amlemu service` are those that are declared, in the words of `az ml service` of 2020."""

from __future__ import annotations

import click
import pytest
from amlemu.cli_service import service
from amlemu.service_settings import COMMANDS


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_has_the_options_that_are_declared(words):
    command = service.commands[words.rpartition(" ")[2]]
    options = {option.name for option in command.params if isinstance(option, click.Option)}

    assert options == {setting.name for setting in COMMANDS[words]}


def test_each_command_is_declared():
    assert {f"amlemu service {name}" for name in service.commands} == set(COMMANDS)


@pytest.mark.parametrize("words", COMMANDS)
def test_what_az_has_everywhere_is_taken(words):
    """azure-cli-ml 1.x: --resource-group/-g, --workspace-name/-w, --subscription-id, --path, --verbose, --debug."""
    flags = {setting.flag: setting.short for setting in COMMANDS[words]}

    assert flags["--resource-group"] == "-g"
    assert flags["--workspace-name"] == "-w"
    assert {"--subscription-id", "--path", "--verbose", "--debug"} <= flags.keys()


def test_no_letter_means_two_things():
    for words, settings in COMMANDS.items():
        letters = [setting.short for setting in settings if setting.short]
        assert len(letters) == len(set(letters)), words

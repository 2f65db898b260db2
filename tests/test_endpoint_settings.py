"""The options of `amlemu endpoint` and `amlemu deployment`: those of `az ml`, each flag once, all of them taken."""

from __future__ import annotations

import click
import pytest
from amlemu.cli import cli
from amlemu.endpoint_settings import COMMANDS
from amlemu.settings import COMMANDS as OTHERS

EACH = [pytest.param(name.split()[1:], settings, id=name) for name, settings in COMMANDS.items()]
AZ = {
    "endpoint create": "-n --name -f --file --local --no-wait --vscode-debug",
    "endpoint show": "-n --name --local",
    "endpoint list": "--local",
    "endpoint invoke": "-n --name -d --deployment --deployment-name -r --request-file --local",
    "endpoint update": "-n --name --traffic --local --no-wait",
    "endpoint delete": "-n --name -y --yes --local",
    "endpoint get-logs": "-n --name -d --deployment -l --lines --tail -c --container --local",
    "endpoint get-credentials": "-n --name",
    "deployment create": "-n --name -e --endpoint-name -f --file --all-traffic --local --no-wait --vscode-debug",
    "deployment update": "-n --name -e --endpoint-name -f --file --local --no-wait --vscode-debug",
    "deployment show": "-n --name -e --endpoint-name --local",
    "deployment list": "-e --endpoint-name --local",
    "deployment delete": "-n --name -e --endpoint-name -y --yes --local",
    "deployment get-logs": "-n --name -e --endpoint-name -l --lines --tail -c --container --local",
}
IGNORED = "-g --resource-group -w --workspace-name --subscription --verbose --debug"


def options_of(words):
    command = cli
    for word in words:
        command = command.get_command(click.Context(command), word)
    return [option for option in command.params if isinstance(option, click.Option)]


def flags_of(words):
    return [flag for option in options_of(words) for flag in (*option.opts, *option.secondary_opts)]


@pytest.mark.parametrize("command", AZ)
def test_the_options_of_az_are_there(command):
    """Contract 5.1, 9; and what is given on every call, unless it is configured."""
    missing = {*AZ[command].split(), *IGNORED.split()} - set(flags_of(command.split()))

    assert missing == set()


def test_these_are_all_commands():
    assert [name.removeprefix("amlemu ") for name in COMMANDS] == [
        *(f"endpoint {word}" for word in ("create", "show", "list", "invoke", "update", "delete", "get-logs")),
        "endpoint get-credentials",
        *(f"deployment {word}" for word in ("create", "update", "show", "list", "get-logs", "delete")),
    ]


@pytest.mark.parametrize(("words", "settings"), EACH)
def test_each_setting_is_an_option(words, settings):
    """Nothing on the command line that is not declared, and the other way round."""
    assert [option.name for option in options_of(words)] == [setting.name for setting in settings]


@pytest.mark.parametrize(("words", "settings"), EACH)
def test_no_flag_means_two_things(words, settings):
    flags = flags_of(words)

    assert sorted(flags) == sorted(set(flags))


@pytest.mark.parametrize(("words", "settings"), EACH)
def test_each_has_a_sentence_of_help(words, settings):
    assert [setting.name for setting in settings if not setting.help.endswith((".", "..."))] == []


@pytest.mark.parametrize("command", ["endpoint create", "deployment create", "deployment update"])
def test_what_serve_takes_for_a_script_is_taken_for_a_deployment(command):
    """But what is of the front door, or of a process in the foreground."""
    flags = set(flags_of(command.split()))

    assert {"--model-dir", "--model", "--python", "--env", "--workers", "--profile", "--debug", "--simulate"} <= flags
    assert not {"--pdb", "--upstream", "--insecure", "--host", "--control-port", "--grace", "--json"} & flags


@pytest.mark.parametrize(
    "command", ["endpoint show", "endpoint list", "endpoint update", "deployment show", "deployment create"]
)
def test_what_there_is_is_printed_in_every_format(command):
    """`az -o`, and --query."""
    output = next(option for option in options_of(command.split()) if option.name == "output")

    assert {*("-o", "--output", "--query")} <= set(flags_of(command.split()))
    assert list(output.type.choices) == ["json", "jsonc", "table", "yaml", "yamlc", "tsv", "none"]


def test_a_variable_is_of_one_kind_everywhere():
    """What is set in the shell for one command must not stop another: AMLEMU_DEBUG is a port, not yes or no."""
    kinds = {}
    for settings in (*OTHERS.values(), *COMMANDS.values()):
        for setting in settings:
            kinds.setdefault(setting.variable, set()).add(str(setting.kind))

    assert {name: found for name, found in kinds.items() if len(found) > 1 and name == "AMLEMU_DEBUG"} == {}


def test_a_variable_does_not_name_two_things():
    """The name of an endpoint is not that of a deployment."""
    of_endpoint = next(one for one in COMMANDS["amlemu endpoint show"] if one.flag == "--name")
    of_deployment = next(one for one in COMMANDS["amlemu deployment show"] if one.flag == "--name")

    assert of_endpoint.variable != of_deployment.variable or not of_endpoint.variable

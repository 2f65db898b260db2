"""
`amlemu service`: list, show, run, get-logs, get-keys, update, delete, in the words of `az ml service` of 2020. Thin: `amlemu.v1` does it.

A service is what `Model.deploy` of `amlemu.v1` has made.
"""

from __future__ import annotations

import contextlib
import json as json_format
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from amlemu import service_settings as settings
from amlemu.cli_options import Verbs, with_settings

if TYPE_CHECKING:
    from amlemu.v1.webservice import Webservice


@click.group(cls=Verbs, short_help="Services that amlemu.v1 has deployed.")
def service() -> None:
    """Services that Model.deploy of amlemu.v1 has made, as az ml service has them."""


@service.command("list")
@with_settings(settings.SERVICE_LIST)
def list_(compute_type: str | None, model_name: str | None, model_id: str | None, **given: Any) -> None:
    """List the services of this project."""
    from amlemu import cli_making
    from amlemu.v1.webservice import Webservice
    from amlemu.v1.workspace import Workspace

    found = Webservice.list(Workspace(), compute_type, model_name=model_name, model_id=model_id)
    cli_making.say([one.serialize() for one in found], given)


@service.command()
@with_settings(settings.SERVICE_SHOW)
def show(name: str | None, **given: Any) -> None:
    """Show a service."""
    from amlemu import cli_making

    cli_making.say(_service(name).serialize(), given)


@service.command()
@with_settings(settings.SERVICE_RUN)
def run(name: str | None, input_data: str | None, **_: Any) -> None:
    """Have a request scored, and print what the script has returned: exit code 1 where the answer is a failure."""
    answer = _service(name).run(_body(input_data))
    click.echo(json_format.dumps(answer, ensure_ascii=False))


@service.command("get-logs")
@with_settings(settings.SERVICE_LOGS)
def get_logs(name: str | None, num_lines: int, **_: Any) -> None:
    """Print the last lines of a service's log."""
    click.echo(_service(name).get_logs(num_lines), nl=False)


@service.command("get-keys")
@with_settings(settings.SERVICE_SHOW)
def get_keys(name: str | None, **given: Any) -> None:
    """Print a service's keys."""
    from amlemu import cli_making
    from amlemu.errors import UsageError

    try:
        primary, secondary = _service(name).get_keys()
    except NotImplementedError as error:
        raise UsageError(str(error)) from error
    cli_making.say({"primaryKey": primary, "secondaryKey": secondary}, given)


@service.command()
@with_settings(settings.SERVICE_UPDATE)
def update(
    name: str | None, model: tuple[str, ...], ic: str | None, dc: str | None, no_wait: bool, **given: Any
) -> None:
    """Serve other models, another script, or with another configuration; the one before answers until this one is healthy."""
    from amlemu import cli_making
    from amlemu.errors import UsageError
    from amlemu.v1.inference_config import InferenceConfig
    from amlemu.v1.webservice import configuration

    if not model and ic is None and dc is None:
        raise UsageError("nothing is to be changed", hint="Say what: -m NAME:VERSION, --ic FILE or --dc FILE.")
    one = _service(name)
    inference = None if ic is None else InferenceConfig.from_file(ic)
    wanted = None if dc is None else configuration.from_data(json_format.loads(_text(dc)))
    with contextlib.redirect_stdout(sys.stderr):  # standard output has what --query asks for
        one.put(inference, wanted, list(model) or None)
        if not no_wait:
            one.wait_for_deployment(True)
    cli_making.say(one.serialize(), given)


@service.command()
@with_settings(settings.SERVICE_DELETE)
def delete(name: str | None, **_: Any) -> None:
    """Delete a service; registered models stay."""
    one = _service(name)
    one.delete()
    click.echo(f"amlemu: service {one.name} is deleted", err=True)


def _service(name: str | None) -> Webservice:
    from amlemu import cli_making
    from amlemu.v1.webservice import Webservice
    from amlemu.v1.workspace import Workspace

    return Webservice(Workspace(), cli_making.needed(name, "--name", "the service's name"))


def _body(word: str | None) -> str | bytes:
    from amlemu import cli_making

    word = cli_making.needed(word, "--input-data", "the request")
    if word == "-":
        return sys.stdin.buffer.read()
    if not word.startswith("@"):
        return word
    return _text(word[1:])


def _text(path: str) -> str:
    from amlemu.errors import UsageError

    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise UsageError(f"it cannot be read: {error}", where=path) from error

"""
`amlemu endpoint`: create, show, list, invoke, update, delete, get-logs, get-credentials, as `az ml` has them.
"""

from __future__ import annotations

import re
import sys
from typing import Any

import click

from amlemu import endpoint_settings as settings
from amlemu.cli_options import AsAzWithBareFlags, Verbs, with_settings

EXIT_FAILURE = 1
_LINES = 5000  # contract 5.1, the CLI's default


@click.group(cls=Verbs, short_help="Endpoints with a name, that outlive the shell.")
def endpoint() -> None:
    """Endpoints with a name: each is a process of its own, which goes on when the shell ends; its state lies in .amlemu/endpoints."""


@endpoint.command(cls=AsAzWithBareFlags)
@with_settings(settings.ENDPOINT_CREATE)
def create(**given: Any) -> None:
    """Create an endpoint; of a file of 2021, a deployment or a script with its deployments, too."""
    from amlemu import cli_making
    from amlemu.local_endpoints import verbs, views

    wanted = _wanted(given)
    for remark in wanted.remarks:
        click.echo(f"amlemu: {remark}", err=True)
    code = cli_making.run(
        lambda tell: verbs.create_endpoint(wanted, tell, waits=not given["no_wait"]),
        given,
        lambda: views.endpoint(wanted.name),
    )
    if given["vscode_debug"] and code == 0:
        for asked in wanted.asked.values():
            cli_making.write_editors_files(asked)
    sys.exit(code)


@endpoint.command()
@with_settings(settings.ENDPOINT_SHOW)
def show(name: str | None, **given: Any) -> None:
    """Show an endpoint."""
    from amlemu import cli_making
    from amlemu.local_endpoints import views

    cli_making.say(views.endpoint(_named(name)), given)


@endpoint.command("list")
@with_settings(settings.ENDPOINT_LIST)
def list_(**given: Any) -> None:
    """List the endpoints of this folder, or of the nearest above it that has some."""
    from amlemu import cli_making
    from amlemu.local_endpoints import views

    cli_making.say(views.endpoints(), given)


@endpoint.command()
@with_settings(settings.ENDPOINT_INVOKE)
def invoke(name: str | None, request_file: str | None, content_type: str | None, **given: Any) -> None:
    """Post a file and print the answer's body: exit code 1 unless the answer is a 200. Nothing is tried twice."""
    from amlemu import once
    from amlemu.local_endpoints import views

    body, kind = once.read_request(request_file, content_type)
    answer = views.invoke(_named(name), given["deployment"] or given["deployment_name"], body, kind)
    sys.stdout.buffer.write(answer.body)
    sys.stdout.buffer.write(b"\n" if sys.stdout.isatty() else b"")
    sys.stdout.buffer.flush()
    if answer.status != 200:
        of_2021 = re.search(r"original-code=(\d+)", answer.phrase)
        reason = answer.headers.get("ms-azureml-model-error-statuscode") or (of_2021[1] if of_2021 else "")
        model = f", model {reason}" if reason else ""
        hint = f"amlemu explain {answer.status}{'/' + reason if reason else ''}, or amlemu endpoint get-logs -n {name}"
        click.echo(f"amlemu: the endpoint answered {answer.status} {answer.phrase}{model}; {hint}", err=True)
        from amlemu.console.steps import from_here

        for text in views.reasons(_named(name), given["deployment"] or given["deployment_name"]):
            click.echo(f"        {from_here(text)}", err=True)
    sys.exit(0 if answer.status == 200 else EXIT_FAILURE)


@endpoint.command()
@with_settings(settings.ENDPOINT_UPDATE)
def update(name: str | None, file: str | None, traffic: str | None, port: int | None, **given: Any) -> None:
    """Change the traffic, and bring up what is down: after a restart of the machine, all of it."""
    from amlemu import cli_making
    from amlemu.local_endpoints import verbs, views, wanted

    new = wanted.changed(name, file) if file is not None else verbs.NewEndpoint(_named(name))
    if given["mirror_traffic"]:
        click.echo("amlemu: nothing is mirrored here; --mirror-traffic has no effect", err=True)
    shares = new.traffic if traffic is None else _shares(traffic)
    code = cli_making.run(
        lambda tell: verbs.update_endpoint(new.name, tell, shares, port, new.asked, waits=not given["no_wait"]),
        given,
        lambda: views.endpoint(new.name),
    )
    sys.exit(code)


@endpoint.command()
@with_settings(settings.ENDPOINT_DELETE)
def delete(name: str | None, **given: Any) -> None:
    """Delete an endpoint with its deployments; requests in hand may finish."""
    from amlemu import cli_making
    from amlemu.local_endpoints import verbs

    called = _named(name)
    sys.exit(cli_making.run(lambda tell: verbs.delete_endpoint(called, tell), given))


@endpoint.command("get-logs")
@with_settings(settings.ENDPOINT_LOGS)
def get_logs(name: str | None, lines: int | None, tail: int | None, container: str, **given: Any) -> None:
    """Print the last lines of a deployment's log."""
    from amlemu.local_endpoints import views

    deployment = given["deployment"] or given["deployment_name"]
    click.echo(views.log(_named(name), deployment, container, count_of(lines, tail)), nl=False)


@endpoint.command("get-credentials")
@with_settings(settings.ENDPOINT_SHOW)
def get_credentials(name: str | None, **given: Any) -> None:
    """Print the endpoint's keys, or a token."""
    from amlemu import cli_making
    from amlemu.local_endpoints import views

    cli_making.say(views.credentials(_named(name)), given)


def count_of(lines: int | None, tail: int | None) -> int:
    """Return how many lines are meant. Raises UsageError for fewer than none."""
    count = next((one for one in (lines, tail) if one is not None), _LINES)
    if count < 0:
        from amlemu.errors import UsageError

        raise UsageError(f"{count} is no number of lines", where="--lines", expected="Expected 0 or more.")
    return count


def _named(name: str | None) -> str:
    from amlemu import cli_making

    return cli_making.needed(name, "--name", "the endpoint's name")


def _shares(text: str) -> dict[str, int]:
    """Read traffic as az does: `blue=90 green=10`, in 2021 `blue:90,green:10`. Raises UsageError."""
    from amlemu.errors import UsageError

    shares = {}
    for word in text.replace(",", " ").split():
        name, sign, percent = word.replace(":", "=").partition("=")
        if not sign or not percent.isdecimal():
            raise UsageError(f"{word!r} is no share", where="--traffic", expected='Expected "blue=90 green=10".')
        shares[name] = int(percent)
    return shares


def _wanted(given: dict[str, Any]) -> Any:
    from amlemu.local_endpoints import wanted

    return wanted.endpoint(given["name"], given["file"], given)

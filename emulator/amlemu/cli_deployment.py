"""
`amlemu deployment`: create, update, show, list, get-logs, delete, as `az ml online-deployment` has them.
"""

from __future__ import annotations

import sys
from typing import Any

import click

from amlemu import endpoint_settings as settings
from amlemu.cli_endpoint import count_of
from amlemu.cli_options import AsAzWithBareFlags, Verbs, with_settings


@click.group(cls=Verbs, short_help="Deployments of an endpoint with a name.")
def deployment() -> None:
    """Deployments of an endpoint with a name: each is updated blue/green, so that the old one answers until the new one is healthy."""


@deployment.command(cls=AsAzWithBareFlags)
@with_settings(settings.DEPLOYMENT_CREATE)
def create(**given: Any) -> None:
    """Create a deployment, and tell the steps of its start."""
    _make("create", given)


@deployment.command(cls=AsAzWithBareFlags)
@with_settings(settings.DEPLOYMENT_UPDATE)
def update(**given: Any) -> None:
    """Let another one take a deployment's place when it is healthy; one that fails leaves the old one."""
    _make("update", given)


def _make(verb: str, given: dict[str, Any]) -> None:
    from amlemu import cli_making
    from amlemu.local_endpoints import verbs, views, wanted

    one = wanted.deployment(verb, given)
    have = verbs.create_deployment if verb == "create" else verbs.update_deployment
    code = cli_making.run(
        lambda tell: have(
            one.endpoint, one.name, one.asked, tell, all_traffic=given["all_traffic"], waits=not given["no_wait"]
        ),
        given,
        lambda: views.deployment(one.endpoint, one.name),
    )
    if given["vscode_debug"] and code == 0:
        cli_making.write_editors_files(one.asked)
    sys.exit(code)


@deployment.command()
@with_settings(settings.DEPLOYMENT_SHOW)
def show(name: str | None, endpoint_name: str | None, **given: Any) -> None:
    """Show a deployment."""
    from amlemu import cli_making
    from amlemu.local_endpoints import views, wanted

    cli_making.say(views.deployment(wanted.endpoint_of(endpoint_name), name), given)


@deployment.command("list")
@with_settings(settings.DEPLOYMENT_LIST)
def list_(endpoint_name: str | None, **given: Any) -> None:
    """List the deployments of an endpoint."""
    from amlemu import cli_making
    from amlemu.local_endpoints import views, wanted

    cli_making.say(views.deployments(wanted.endpoint_of(endpoint_name)), given)


@deployment.command("get-logs")
@with_settings(settings.DEPLOYMENT_LOGS)
def get_logs(
    name: str | None, endpoint_name: str | None, lines: int | None, tail: int | None, container: str, **given: Any
) -> None:
    """Print the last lines of a deployment's log."""
    from amlemu.local_endpoints import views, wanted

    text = views.log(wanted.endpoint_of(endpoint_name), name, container, count_of(lines, tail))
    click.echo(text, nl=False)


@deployment.command()
@with_settings(settings.DEPLOYMENT_DELETE)
def delete(name: str | None, endpoint_name: str | None, **given: Any) -> None:
    """Delete a deployment; requests in hand may finish."""
    from amlemu import cli_making
    from amlemu.local_endpoints import verbs, wanted

    called = cli_making.needed(name, "--name", "the deployment's name")
    endpoint = wanted.endpoint_of(endpoint_name)
    sys.exit(cli_making.run(lambda tell: verbs.delete_deployment(endpoint, called, tell), given))

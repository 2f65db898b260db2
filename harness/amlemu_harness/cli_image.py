"""
The commands `amlemu image ...`: build, show, diff, list, prune. Thin: reads options, asks, shows.

Declared in `settings.py`, brought to the command line by the entry-point group `amlemu.commands`.
"""

from __future__ import annotations

import json as json_format
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from amlemu import cli_plan
from amlemu.azure import asked as asked_of
from amlemu.azure.description import EnvironmentSaid
from amlemu.azure.requirements import Requirements
from amlemu.choices import Choices
from amlemu.cli_options import with_settings
from amlemu.deployment import Deployment
from amlemu.errors import UsageError
from amlemu.finding import shown

from amlemu_harness.images import Wishes
from amlemu_harness.settings import (
    IMAGE_BUILD_SETTINGS,
    IMAGE_DIFF_SETTINGS,
    IMAGE_LIST_SETTINGS,
    IMAGE_PRUNE_SETTINGS,
    IMAGE_SHOW_SETTINGS,
)

# Findings that leave no telling what the environment is to be.
_NO_ENVIRONMENT = frozenset(
    {"not-yaml", "yaml-tab", "yaml-tag", "yaml-bomb", "no-such-file", "conda-file-missing", "build-folder-missing"}
)
_UNITS = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


@click.group(short_help="Build the container's image, and look into it.")
def image() -> None:
    """Build the image that Azure would run for a deployment, or one that does the same, and look into it."""


@image.command(short_help="Build the image of FILE.")
@click.argument("file")
@with_settings(IMAGE_BUILD_SETTINGS)
def build(file: str, verbose: bool, json: bool, **given: Any) -> None:
    """
    Build the image of FILE, a script or a deployment: code and models are mounted into it, or baked in with --package.

    It begins with the deployment's image, else Microsoft's inference image; where Microsoft's registry cannot be reached, with
    the reference image. What has not changed is not built again.
    """
    from amlemu_harness import images
    from amlemu_harness.build import BuildFailed
    from amlemu_harness.engine import connect
    from amlemu_harness.progress import Lines

    deployment, requirements, environment = read(file, given)
    wishes = wishes_of(given)
    engine = connect()
    progress = Lines(lambda text: click.echo(text, err=True), verbose=verbose)
    try:
        made = images.make(engine, deployment, requirements, environment, wishes, progress=progress)
    except BuildFailed as error:
        if not verbose:
            for line in error.log:
                click.echo(f"  {line}", err=True)
        raise
    if json:
        click.echo(
            json_format.dumps({"image": made.name, "id": made.id, "reference": made.is_reference, "base": made.base})
        )
        return
    click.echo(f"built {made.name} on {'the reference image' if made.is_reference else made.base or 'its Dockerfile'}")
    for line in _next_lines(file, made.name, wishes):
        click.echo(line)


@image.command(short_help="Show the Dockerfile of FILE.")
@click.argument("file")
@with_settings(IMAGE_SHOW_SETTINGS)
def show(file: str, **given: Any) -> None:
    """Show the Dockerfile that FILE's image would be built from; no engine is needed."""
    from amlemu_harness import images

    deployment, requirements, environment = read(file, given)
    wishes = wishes_of(given)
    base = images.chosen(requirements, environment, wishes)
    plan = images.planned(base, deployment, requirements, wishes)
    click.echo(plan.dockerfile, nl=False)
    for remark in plan.remarks:
        click.echo(remark, err=True)


@image.command(short_help="Show how the code in IMAGE differs from the folder outside.")
@click.argument("image")
@click.argument("file", required=False)
@with_settings(IMAGE_DIFF_SETTINGS)
def diff(image: str, file: str | None, json: bool) -> None:
    """Show how the code in IMAGE, one that was made with --package, or a container of it, differs from the folder outside: exit code 1 where it does."""
    from amlemu_harness import cli_diff

    sys.exit(cli_diff.run_diff(image, file, as_json=json))


@image.command("list", short_help="List what amlemu has made in the engine.")
@with_settings(IMAGE_LIST_SETTINGS)
def list_(json: bool) -> None:
    """List images and containers that amlemu has made."""
    from amlemu_harness import inventory
    from amlemu_harness.engine import connect

    things = inventory.made_here(connect())
    if json:
        click.echo(json_format.dumps([_facts(one) for one in things]))
        return
    for one in things:
        click.echo(_row(one))
    if not things:
        click.echo("amlemu has made nothing here", err=True)


@image.command(short_help="Remove all that amlemu has made in the engine.")
@with_settings(IMAGE_PRUNE_SETTINGS)
def prune(dry_run: bool, keep_base: bool, yes: bool, json: bool) -> None:
    """Remove all containers and images that amlemu has made, running or not; it asks first, or wants --yes."""
    from amlemu_harness import inventory
    from amlemu_harness.engine import connect

    engine = connect()
    things = [one for one in inventory.made_here(engine) if not (keep_base and one.kind == "base")]
    if not json:
        for one in things:
            click.echo(_row(one))
    if dry_run or not things:
        _tell_removed([], [], as_json=json, nothing=not things)
        return
    if not yes and not sys.stdin.isatty():
        raise UsageError("nobody is there to be asked, so nothing is removed", hint="--yes removes these.")
    if not yes and not click.confirm(f"Remove these {len(things)}?"):
        sys.exit(1)
    gone, kept = inventory.remove(engine, things)
    _tell_removed(gone, kept, as_json=json)
    sys.exit(1 if kept else 0)


def read(file: str, given: Mapping[str, Any]) -> tuple[Deployment, Requirements | None, EnvironmentSaid | None]:
    """
    Return the deployment of a file, what its environment is made of, and what its files say of that environment.

    Raises:
        UsageError: it is not usable as given.
    """
    choices = cli_plan.choices_of(file, dict(given))
    return cli_plan.deployment_of(choices), requirements_of(choices), environment_of(choices)


def requirements_of(choices: Choices) -> Requirements | None:
    """
    Return what the environment is made of: a script's, by a file beside it.

    Raises:
        UsageError: the file that says so is missing, or is none that conda or pip would take.
    """
    asked = choices.requirements
    if choices.said is None and asked is None:
        asked = asked_of.beside(Path(os.path.abspath(choices.file)).parent)
    found = [
        *(choices.said.findings if choices.said is not None and asked is None else ()),
        *(asked.findings if asked else ()),
    ]
    errors = [one for one in found if one.severity == "error" and (asked is not None or one.rule in _NO_ENVIRONMENT)]
    if errors:
        first = errors[0]
        raise UsageError(first.cause, where=shown(first.place) if first.place else choices.file, hint=first.fix)
    return asked


def environment_of(choices: Choices) -> EnvironmentSaid | None:
    """Return what the deployment's files say of its environment."""
    return choices.said.environment if choices.said is not None else None


def wishes_of(given: Mapping[str, Any]) -> Wishes:
    """Return what is wanted of an image, by the names of the settings; what is not given is as by default."""
    dockerfile, wheels = given.get("dockerfile"), given.get("wheels")
    return Wishes(
        tag=given.get("tag") or "",
        base_image=given.get("base_image") or "",
        dockerfile=Path(dockerfile) if dockerfile else None,
        base_dockerfile=given.get("base_dockerfile") or "",
        is_reference=bool(given.get("reference")),
        build_args=cli_plan.pairs(given.get("build_arg") or (), "--build-arg", "KEY=VALUE"),
        ca_bundle=given.get("ca_bundle"),
        wheels=Path(wheels) if wheels else None,
        network=given.get("network") or "",
        platform=given.get("platform") or "",
        pulls=bool(given.get("pull")),
        no_cache=bool(given.get("no_cache")),
        debugs=bool(given.get("debug")),
        packages=bool(given.get("package")),
    )


def _next_lines(file: str, tag: str, wishes: Wishes) -> list[str]:
    if not wishes.packages:
        return [
            f"amlemu serve --container {file} puts the front door before it; amlemu container run {file} runs it alone"
        ]
    from amlemu_harness import packages

    return list(packages.page_lines(tag, debugs=wishes.debugs))


def _tell_removed(gone: list[Any], kept: list[tuple[Any, str]], *, as_json: bool, nothing: bool = False) -> None:
    if as_json:
        told = {"removed": [_facts(one) for one in gone], "kept": [_facts(one) | {"why": why} for one, why in kept]}
        click.echo(json_format.dumps(told))
        return
    if nothing:
        click.echo("amlemu has made nothing here")
    for one, why in kept:
        click.echo(f"kept {one.kind} {one.name}: {why}", err=True)
    if gone:
        click.echo(f"removed {len(gone)}")


def _facts(one: Any) -> dict[str, Any]:
    return {"kind": one.kind, "id": one.id, "names": list(one.names), "state": one.state, "bytes": one.bytes}


def _row(one: Any) -> str:
    size = next((f"{one.bytes / unit:.0f} {name}" for unit, name in _UNITS if one.bytes >= unit), "")
    about = "; ".join(word for word in (one.state, size, "on the reference image" if one.is_reference else "") if word)
    return f"{one.kind:<10} {one.name}{f' ({about})' if about else ''}"

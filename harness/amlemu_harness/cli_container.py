"""
The commands `amlemu container ...`: run, list, logs, shell, stop, remove. Thin: reads options, asks, shows.

Declared in `settings.py`, brought to the command line by the entry-point group `amlemu.commands`. Exit codes are those of the emulator's:
3 where a container does not come to answer.
"""

from __future__ import annotations

import contextlib
import json as json_format
import os
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from amlemu import cli_plan
from amlemu.azure.paths import is_azure_file
from amlemu.cli_options import with_settings
from amlemu.deployment import Deployment, endpoint_name
from amlemu.errors import AmlemuError, UsageError
from amlemu.interrupts import as_interrupts

from amlemu_harness.asked import check_numbers, memory_of, published
from amlemu_harness.settings import CONTAINER_LIST_SETTINGS, CONTAINER_LOGS_SETTINGS, CONTAINER_RUN_SETTINGS

if TYPE_CHECKING:
    from amlemu.choices import Choices

    from amlemu_harness.containers import Container, Order
    from amlemu_harness.engine import Engine

_FAILURE, _NO_BOOT = 1, 3


@click.group(short_help="Run a deployment in its real container.")
def container() -> None:
    """Run a deployment in the container that Azure would run, as az ml online-deployment create --local does, and look after it."""


@container.command(short_help="Run FILE's container, until it is stopped.")
@click.argument("file")
@with_settings(CONTAINER_RUN_SETTINGS)
def run(file: str, json: bool, **given: Any) -> None:
    """
    Run the container of FILE, a script or a deployment, and wait until it answers; it goes on until it is stopped.

    Code and models are mounted, names and labels are those of az ml ... --local, so that az's local commands work on it. A container of
    the same endpoint is replaced, as az does.
    """
    from amlemu_harness.ends import NoServer
    from amlemu_harness.engine import connect
    from amlemu_harness.readiness import ContainerEnded, NotReadyInTime

    asked = _asked(given)
    choices = cli_plan.choices_of(file, given)
    deployment = cli_plan.deployment_of(choices)
    engine = connect()
    order = _ordered(engine, choices, deployment, given, asked)
    for line in _remarks(engine, order):
        click.echo(line, err=True)
    try:
        made, took_s = _started(engine, order, None if given["no_wait"] else given["wait"])
    except (ContainerEnded, NotReadyInTime, NoServer) as error:
        click.echo(f"amlemu: {error}", err=True)
        sys.exit(_NO_BOOT)
    if json:
        click.echo(json_format.dumps(_told(made, deployment, order.image, took_s)))
    else:
        _tell(made, took_s)


def _asked(given: Mapping[str, Any]) -> tuple[dict[int, tuple[str, int]], int]:
    """Return ports and bytes of memory. Raises UsageError, before anything is built."""
    check_numbers(given)
    return published(given["publish"]), memory_of(given["memory"])


def _ordered(
    engine: Engine,
    choices: Choices,
    deployment: Deployment,
    given: Mapping[str, Any],
    asked: tuple[dict[int, tuple[str, int]], int],
) -> Order:
    """Build the image, unless one is named, and say how the container is to be."""
    from amlemu_harness.local import limits, order_for

    ports, memory = asked
    image = given["image"] or built(engine, choices, deployment, given)
    return order_for(
        deployment,
        choices.said,
        image,
        ports=ports,
        resources=limits(choices.said, memory, given["cpus"]),
        gpus=given["gpus"] or "",
        platform=given["platform"] or "",
        mounts=not has_code(engine, image),
    )


def _told(made: Container, deployment: Deployment, image: str, took_s: float | None) -> dict[str, Any]:
    places = {str(inside): f"{_bracketed(where)}:{number}" for inside, (where, number) in made.addresses().items()}
    return {
        "name": made.name,
        "id": made.id,
        "image": image,
        "endpoint": deployment.endpoint,
        "deployment": deployment.name,
        "scoring_uri": _scoring_uri(made),
        "ports": places,
        "replaced": list(made.replaced),
        "ready_after_s": None if took_s is None else round(took_s, 3),
    }


def _tell(made: Container, took_s: float | None) -> None:
    from amlemu_harness.containers import SCORING_PORT

    for name in made.replaced:
        click.echo(f"replaced {name}", err=True)
    how = "was started" if took_s is None else f"is ready after {took_s:.1f} s"
    click.echo(f"{made.name} {how}: {_scoring_uri(made)}")
    for inside, (where, number) in made.addresses().items():
        if inside != SCORING_PORT:
            click.echo(f"  port {inside} at {_bracketed(where)}:{number}")
    click.echo(f"  amlemu container logs, shell, stop or remove {made.name}")


@container.command("list", short_help="List the containers that there are.")
@with_settings(CONTAINER_LIST_SETTINGS)
def list_(json: bool) -> None:
    """List the containers that amlemu and az ml ... --local have made, running or not."""
    from amlemu_harness.containers import Container
    from amlemu_harness.engine import connect

    rows = [_facts(one) for one in Container.all(connect())]
    if json:
        click.echo(json_format.dumps(rows))
        return
    for row in rows:
        by = "" if row["by_amlemu"] else ", by az ml"
        click.echo(f"{row['name']:<32} {row['state']:<14} {row['scoring_uri'] or '-':<36} {row['image']}{by}")
    if not rows:
        click.echo("no containers of amlemu or az ml here", err=True)


@container.command(short_help="Print what NAME has written.")
@click.argument("name")
@with_settings(CONTAINER_LOGS_SETTINGS)
def logs(name: str, tail: int | None, follow: bool) -> None:
    """Print what the container NAME has written: its name, its endpoint's, or a FILE that it was run from."""
    if tail is not None and tail < 0:
        raise UsageError(f"{tail} is no number of lines", where="--tail")
    found = _find(name)
    pieces = (piece for _, piece in found.follow(tail=tail)) if follow else iter([found.logs(tail)])
    try:
        for piece in pieces:
            sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
    except BrokenPipeError:  # who reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@container.command(short_help="Open a shell in NAME.")
@click.argument("name")
def shell(name: str) -> None:
    """Open a shell in the container NAME, by Docker's own command."""
    found = _find(name)
    state = found.state()
    if not state.is_running:
        hint = f"amlemu container logs {found.name} shows what it wrote."
        raise UsageError(f"it is not running ({_state_words(found)})", where=found.where, hint=hint)
    command = shutil.which("docker")
    if command is None:
        hint = "Install Docker's command line, or attach an editor: its containers extension needs none."
        raise AmlemuError("a shell is opened by the docker command, and there is none on PATH", hint=hint)
    os.environ["DOCKER_HOST"] = found.engine.address  # the engine that has it, whatever docker's context says
    terminal = ["-it"] if sys.stdin.isatty() else ["-i"]
    sys.stdout.flush()
    os.execv(command, ["docker", "exec", *terminal, found.id, "/bin/bash"])  # noqa: S606  # the terminal is docker's now


@container.command(short_help="Stop NAME.")
@click.argument("name")
def stop(name: str) -> None:
    """Stop the container NAME; what it wrote can still be read."""
    found = _find(name)
    found.stop()
    click.echo(f"stopped {found.name}")


@container.command(short_help="Stop and remove NAME.")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
def remove(names: tuple[str, ...]) -> None:
    """Stop and remove containers; what they wrote is gone."""
    failed = False
    for name in names:
        try:
            found = _find(name)
            found.remove()
            click.echo(f"removed {found.name}")
        except UsageError as error:
            click.echo(f"amlemu: {error}", err=True)
            failed = True
    sys.exit(_FAILURE if failed else 0)


def has_code(engine: Engine, image: str) -> bool:
    """Tell whether an image has code and models in it. Raises NoSuchImage."""
    from amlemu_harness.labels import KIND
    from amlemu_harness.troubles import in_words

    with in_words(image):
        labels = engine.client.api.inspect_image(image)["Config"].get("Labels") or {}
    return bool(labels.get(KIND) == "package")


def built(engine: Engine, choices: Choices, deployment: Deployment, given: Mapping[str, Any]) -> str:
    """Build the image, where something of it has changed, and return its name."""
    from amlemu_harness import cli_image, images
    from amlemu_harness.build import BuildFailed
    from amlemu_harness.progress import Lines

    asked, environment = cli_image.requirements_of(choices), cli_image.environment_of(choices)
    progress = Lines(lambda text: click.echo(text, err=True))
    try:
        made = images.make(engine, deployment, asked, environment, cli_image.wishes_of(given), progress=progress)
    except BuildFailed as error:
        for line in error.log:
            click.echo(f"  {line}", err=True)
        raise
    return made.name


def _remarks(engine: Engine, order: Order) -> Iterator[str]:
    """Say what the container gets less of than the deployment says."""
    from amlemu_harness.troubles import in_words

    if not order.cpus:
        return
    with in_words(engine.address):
        there = engine.client.info().get("NCPU") or order.cpus
    if order.cpus > there:
        yield f"the deployment may use {order.cpus:g} processors, and this engine has {there}"


def _started(engine: Engine, order: Order, patience_s: float | None) -> tuple[Container, float | None]:
    """
    Make and start a container, and wait for it; return the seconds that it took, None where nobody waited.

    What ended by itself, or does not answer, is left for a look at its log, but not running; whatever else happens leaves nothing.
    """
    from amlemu_harness.containers import Container
    from amlemu_harness.readiness import ContainerEnded, NotReadyInTime, wait_until_ready

    before = {one.id for one in Container.all(engine)}
    with as_interrupts(signal.SIGTERM):
        try:
            made = Container.create(engine, order)
            made.start()
            return made, None if patience_s is None else wait_until_ready(made, patience_s)
        except ContainerEnded:
            raise
        except NotReadyInTime:
            made.stop()
            raise
        except BaseException:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # who is impatient has nothing to gain
            _discard(engine, order, before)
            raise


def _discard(engine: Engine, order: Order, before: set[str]) -> None:
    """Remove what was made, also where its making was interrupted; what was there before and is there still stays."""
    from amlemu_harness.containers import ENDPOINT, of_endpoint

    with contextlib.suppress(AmlemuError):  # the engine may be what failed
        for one in of_endpoint(engine, order.labels[ENDPOINT]):
            if one.is_ours and one.id not in before:
                one.remove()


def _find(name: str) -> Container:
    """Return the container of this name, or of the deployment that a file describes. Raises UsageError."""
    from amlemu_harness.containers import Container
    from amlemu_harness.engine import connect

    path = Path(name)
    is_file = path.is_file() and (is_azure_file(path) or path.suffix == ".py")
    return Container.find(connect(), _name_of(name) if is_file else name)


def _name_of(file: str) -> str:
    """Return how the container of a file is called if nobody has chosen names for it."""
    choices = cli_plan.choices_of(file, {})
    said, options = choices.said, choices.options
    folder = Path(os.path.abspath(file)).parent
    if said is None:
        return f"{options['endpoint_name'] or endpoint_name(folder)}.{options['deployment_name']}"
    return f"{said.endpoint or endpoint_name(folder)}.{said.name or options['deployment_name']}"


def _facts(one: Container) -> dict[str, Any]:
    from amlemu_harness.containers import DEPLOYMENT, ENDPOINT

    return {
        "name": one.name,
        "id": one.id,
        "state": _state_words(one),
        "endpoint": one.labels.get(ENDPOINT, ""),
        "deployment": one.labels.get(DEPLOYMENT, ""),
        "image": one.image,
        "scoring_uri": _scoring_uri(one),
        "by_amlemu": one.is_ours,
    }


def _state_words(one: Container) -> str:
    state = one.state()
    return f"{state.status} ({state.exit_code})" if state.status == "exited" else state.status


def _scoring_uri(one: Container) -> str:
    """Return its address; empty where it has none."""
    place = one.address()
    return f"http://{_bracketed(place[0])}:{place[1]}/score" if place is not None else ""


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host

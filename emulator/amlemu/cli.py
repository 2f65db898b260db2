"""
The command line: `amlemu serve score.py`, `amlemu invoke score.py -r sample-request.json`.

Thin: reads options (declared in `settings.py`), builds a plan, runs it, turns errors into words and exit codes. Exit
codes: 0 fine (also a server that was stopped), 1 the answer was a failure (of `status` and `ready`: not ready), 2 usage,
3 the deployment failed to boot, 130 interrupted before anything was served, or a second time while requests were in hand.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Callable
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from amlemu import __version__, cli_plan
from amlemu.cli_options import WithBareFlags, with_settings
from amlemu.errors import AmlemuError, BootFailed, UsageError
from amlemu.settings import (
    CAPACITY_SETTINGS,
    CHECK_SETTINGS,
    CONFIG_SETTINGS,
    DOCTOR_SETTINGS,
    ENV_SETTINGS,
    ENV_SHOW_SETTINGS,
    EXPLAIN_SETTINGS,
    INVOKE_SETTINGS,
    KEYS_SETTINGS,
    LAYOUT_SETTINGS,
    LOGS_SETTINGS,
    READY_SETTINGS,
    RELOAD_SETTINGS,
    REQUESTS_SETTINGS,
    SERVE_SETTINGS,
    STATUS_SETTINGS,
    TOKEN_SETTINGS,
    VSCODE_SETTINGS,
)
from amlemu.worker.session import unseen

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints

    from amlemu.console import Console
    from amlemu.credentials import KeyFile

EXIT_FAILURE, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 130
_LONGEST_TOKEN = 366 * 24 * 60  # minutes


_GROUPS = {
    "deployment": "amlemu.cli_deployment",
    "endpoint": "amlemu.cli_endpoint",
    "service": "amlemu.cli_service",
}


class WithOthers(click.Group):
    """The commands here, groups in files of their own, and those that other packages bring by the entry-point group `amlemu.commands`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name all of them, for the help."""
        return sorted({*super().list_commands(ctx), *_GROUPS, *_others().names})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return one; what is not here is imported when its command is asked for."""
        if cmd_name in _GROUPS:
            group: click.Command = getattr(importlib.import_module(_GROUPS[cmd_name]), cmd_name)
            return group
        own = super().get_command(ctx, cmd_name)
        if own is not None or cmd_name not in _others().names:
            return own
        command: click.Command = _others()[cmd_name].load()
        return command


def _others() -> EntryPoints:
    from importlib.metadata import entry_points

    return entry_points(group="amlemu.commands")


@click.group(cls=WithOthers, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="amlemu")
def cli() -> None:
    """Run Azure Machine Learning scoring scripts on your own machine, and trust what you see."""


@cli.command(cls=WithBareFlags, short_help="Serve FILE, a script or a deployment, until Ctrl-C.")
@click.argument("file")
@with_settings(SERVE_SETTINGS)
def serve(file: str, **given: Any) -> None:
    """
    Serve FILE as the cloud would: /score, /, /swagger.json.

    FILE is a scoring script or one of Azure's files: a deployment.yml or endpoint.yml of v2, an endpoint file of 2021, an
    inferenceconfig.json or deploymentconfig.json of v1.
    """
    from amlemu import foreground
    from amlemu.console import choose

    choices = cli_plan.choices_of(file, given)
    options = choices.options
    console = choose(options["log_format"], options["json"])
    plan = cli_plan.plan(choices, console)
    said = cli_plan.said_of(choices)
    if said is not None:
        console.described(said, cli_plan.remarks(choices, plan.deployment))
    plan = cli_plan.prepare_quarters(choices, plan, console)
    _run(lambda: foreground.serve(plan, console, options["grace"]), console)


@cli.command(short_help="Score once with FILE and no server.")
@click.argument("file")
@with_settings(INVOKE_SETTINGS)
def invoke(file: str, request_file: str | None, content_type: str | None, **given: Any) -> None:
    """Score once with FILE and no server: prints the answer, and fails when the answer is a failure."""
    from amlemu import once
    from amlemu.console import PersonConsole

    body, kind = once.read_request(request_file, content_type)
    console = PersonConsole(out=sys.stderr, restarts=False)
    choices = cli_plan.choices_of(file, given)
    choices.options.update({"reload": False, "control": False})
    plan = cli_plan.plan(choices, console)
    _run(lambda: once.invoke(plan, body, kind, console), console)


@cli.command(short_help="Show what the script of FILE finds around itself.")
@click.argument("file")
@with_settings(LAYOUT_SETTINGS)
def layout(file: str, json: bool, **given: Any) -> None:
    """Show what the script of FILE finds around itself: the tree, what stands for what, the variables and who says so."""
    from amlemu.console.surroundings import as_json, as_text
    from amlemu.environment import script_variables
    from amlemu.worker.tree import choose

    deployment = cli_plan.deployment_of(cli_plan.choices_of(file, given))
    tree = choose(deployment, given["layout"], str(given["port"]))
    variables = script_variables(deployment, tree.layout, given["port"])
    click.echo((as_json if json else as_text)(deployment, tree.layout, variables))


@cli.group(invoke_without_command=True, short_help="Show which clouds there are.")
@click.pass_context
def profiles(context: click.Context) -> None:
    """Show which clouds the front door can be, one a line; `amlemu profiles show NAME` has every value."""
    from amlemu import profile_file

    if context.invoked_subcommand is None:
        loaded = [profile_file.load(name) for name in profile_file.names()]
        click.echo("\n".join(f"{one.name:<16} {one.summary}" for one in loaded))


@profiles.command(short_help="Show every value of a profile, with its source.")
@click.argument("name")
@click.option("--set", "overrides", multiple=True, help="Override one value, SECTION.KEY=VALUE.")
@click.option("--json", is_flag=True, help="Print one JSON object.")
def show(name: str, overrides: tuple[str, ...], json: bool) -> None:
    """Show every value of the profile NAME (or a file, mine.toml) and where it comes from."""
    from amlemu import profile_file
    from amlemu.console import facts

    loaded = profile_file.load(name, cli_plan.pairs(overrides, "--set", "SECTION.KEY=VALUE"))
    click.echo((facts.as_json if json else facts.as_text)(loaded))


@cli.command(short_help="Print the keys of FILE's endpoint.")
@click.argument("file", required=False)
@with_settings(KEYS_SETTINGS)
def keys(file: str | None, regenerate: str | None, primary_key: str | None, secondary_key: str | None) -> None:
    """Print the keys that `amlemu serve FILE --auth key` takes; without FILE, for a script in the current folder."""
    kept = _key_file(file)
    found = kept.keys() if regenerate is None else kept.regenerate(regenerate)
    told = {"primaryKey": primary_key or found.primary, "secondaryKey": secondary_key or found.secondary}
    click.echo(dumps(told, indent=2))


@cli.command(short_help="Print a token for FILE's endpoint.")
@click.argument("file", required=False)
@with_settings(TOKEN_SETTINGS)
def token(file: str | None, minutes: float) -> None:
    """
    Print a token that `amlemu serve FILE --auth aml_token` takes until it expires; without FILE, for a script in the
    current folder.
    """
    from amlemu.credentials import make_token

    if not 0 < minutes <= _LONGEST_TOKEN:  # not a number, either
        raise UsageError(f"{minutes:g} is no life of a token", where="--minutes", expected="Expected up to a year.")
    click.echo(dumps(make_token(_key_file(file).keys(), minutes), indent=2))


def _which(file: str | None, server: dict[str, Any]) -> tuple[str | None, int | None, str | None]:
    """Return which server is meant, as `control.client.find` takes it."""
    return file, server["port"] or None, server["deployment"]


@cli.command(short_help="Load FILE anew in the server that runs.")
@click.argument("file", required=False)
@with_settings(RELOAD_SETTINGS)
def reload(file: str | None, json: bool, **server: Any) -> None:
    """Load FILE anew in the server that runs, and say what has become of it: exit code 3 when it does not start."""
    from amlemu import cli_control

    sys.exit(cli_control.reload(_which(file, server), as_json=json))


@cli.command(short_help="Show how the server of FILE is.")
@click.argument("file", required=False)
@with_settings(STATUS_SETTINGS)
def status(file: str | None, json: bool, **server: Any) -> None:
    """Show how the server of FILE is: exit code 1 unless it is ready."""
    from amlemu import cli_control

    sys.exit(cli_control.status(_which(file, server), as_json=json))


@cli.command(short_help="Print what the server of FILE has written.")
@click.argument("file", required=False)
@with_settings(LOGS_SETTINGS)
def logs(file: str | None, lines: int, follow: bool, json: bool, **server: Any) -> None:
    """Print what the server of FILE has written to its console."""
    from amlemu import cli_control

    sys.exit(cli_control.logs(_which(file, server), lines, follows=follow, as_json=json))


@cli.command(short_help="Show the last requests to FILE.")
@click.argument("file", required=False)
@with_settings(REQUESTS_SETTINGS)
def requests(file: str | None, lines: int | None, export: str | None, json: bool, **server: Any) -> None:
    """Show the last requests to FILE, one a line, oldest first; or write them whole into another file."""
    from amlemu import cli_control

    if export is not None:
        sys.exit(cli_control.export(_which(file, server), lines, export, as_json=json))
    sys.exit(cli_control.requests(_which(file, server), lines, as_json=json))


@cli.command(short_help="Wait until FILE answers requests.")
@click.argument("file", required=False)
@with_settings(READY_SETTINGS)
def ready(file: str | None, wait: float, json: bool, **server: Any) -> None:
    """Wait until FILE answers requests, also for its server to appear: exit code 1 when it does not."""
    from amlemu import cli_control

    sys.exit(cli_control.ready(_which(file, server), wait, as_json=json))


@cli.command(short_help="Write what VS Code needs to debug FILE.")
@click.argument("file", required=False)
@with_settings(VSCODE_SETTINGS)
def vscode(file: str | None, debug_port: int, folder: str | None, **options: Any) -> None:
    """
    Write the entries by which VS Code debugs FILE into .vscode/launch.json, and keep all that is there; without FILE,
    for the score.py of the folder, or whatever file is open.
    """
    from amlemu.vscode import command

    click.echo(command.run(file, folder, debug_port, only_prints=options["print"]), nl=False)


@cli.command(
    short_help="Stand in for the real command, word for word.",
    add_help_option=False,
    context_settings={"ignore_unknown_options": True},
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def azmlinfsrv(words: tuple[str, ...]) -> None:
    """Stand in for the real `azmlinfsrv`: its options, variables, log and exit codes; --host and --python are ours."""
    from amlemu import azmlinfsrv as command

    command.main(list(words))


@cli.command(short_help="Look at FILE before the cloud does.")
@click.argument("file", required=False)
@with_settings(DOCTOR_SETTINGS)
def doctor(file: str | None, **given: Any) -> None:
    """
    Look at FILE before the cloud does, and say what would fail there: exit code 1 where something would.

    FILE is a deployment, an endpoint, a scoring script or a folder; without it, the current folder. Nothing of it is run.
    """
    from amlemu import cli_doctor

    sys.exit(cli_doctor.examine(file or ".", given))


@cli.command(short_help="Boot FILE once, and say whether it would start.")
@click.argument("file")
@with_settings(CHECK_SETTINGS)
def check(file: str, **given: Any) -> None:
    """
    Boot FILE once, send it its sample request, and say whether the cloud would start it, what that costs, and if not why: exit code 3.

    FILE is a scoring script or one of Azure's files, as for amlemu serve.
    """
    from amlemu import cli_check

    sys.exit(cli_check.check(file, given))


@cli.command(short_help="Say how many instances a load needs.")
@click.argument("file", required=False)
@with_settings(CAPACITY_SETTINGS)
def capacity(file: str | None, **given: Any) -> None:
    """
    Say how many instances a load needs, by the formula of Azure's pages: --rps 20 --latency 10 --concurrency 1 --utilization 0.7

    With FILE the latency is measured with its sample request, and the lines to write are printed, with the mistakes in those that are there.
    """
    from amlemu import cli_capacity

    sys.exit(cli_capacity.plan_for(file, given))


@cli.command(
    short_help="Say what a code, an error or a log means.",
    context_settings={"ignore_unknown_options": True},  # -9 is a signal
)
@click.argument("words", nargs=-1, metavar="[WORD]...", type=click.UNPROCESSED)
@with_settings(EXPLAIN_SETTINGS)
def explain(words: tuple[str, ...], profile: str | None, json: bool) -> None:
    """
    Say what a status (424), an error (ERR_2200, ResourceNotReady), an exit code (exit 3) or a log means, offline.

    A log is a file, or comes on standard input: az ml online-deployment get-logs ... | amlemu explain
    """
    from amlemu import cli_explain

    sys.exit(cli_explain.explain(words, profile, json))


@cli.group(short_help="Show what holds, and who says so.")
def config() -> None:
    """Show what holds of all that can be set, and who says so."""


@config.command("show", short_help="Show every setting of FILE with its origin.")
@click.argument("file")
@with_settings(CONFIG_SETTINGS)
def config_show(file: str, **given: Any) -> None:
    """Show every setting that `amlemu serve FILE` would have: its value, and the flag, variable, file and line that it is from."""
    from amlemu.console import settings

    choices = cli_plan.choices_of(file, given)
    deployment = cli_plan.deployment_of(choices)
    profile = cli_plan.profile_of(choices, deployment)
    click.echo((settings.as_json if given["json"] else settings.as_text)(choices, deployment, profile))


@cli.group(short_help="Make an environment for a script, without Docker.")
def env() -> None:
    """Make a virtual environment of a conda or requirements file, for scripts that are served here."""


@env.command("create", short_help="Make the environment that FILE asks for.")
@click.argument("file", required=False)
@with_settings(ENV_SETTINGS)
def env_create(file: str | None, python: str | None, recreate: bool, json: bool) -> None:
    """Make the environment that FILE asks for, a conda.yml, a requirements.txt or a deployment, beside it."""
    from amlemu import cli_env

    sys.exit(cli_env.create(file, python, recreate=recreate, as_json=json, of_deployment=cli_plan.asked_by))


@env.command("show", short_help="Show the environment of FILE.")
@click.argument("file", required=False)
@with_settings(ENV_SHOW_SETTINGS)
def env_show(file: str | None, json: bool) -> None:
    """Show what FILE asks for, and whether its environment is there: exit code 1 where it is not."""
    from amlemu import cli_env

    sys.exit(cli_env.show(file, as_json=json, of_deployment=cli_plan.asked_by))


@env.command("remove", short_help="Remove the environment of FILE.")
@click.argument("file", required=False)
@with_settings(ENV_SHOW_SETTINGS)
def env_remove(file: str | None, json: bool) -> None:
    """Remove the environment that was made for FILE."""
    from amlemu import cli_env

    sys.exit(cli_env.remove(file, as_json=json, of_deployment=cli_plan.asked_by))


def _run(work: Callable[[], Any], console: Console) -> None:
    """Run a coroutine and leave with the exit code that it returns."""
    from amlemu.emulator import run_loop
    from amlemu.foreground import leave

    console.show_warnings()
    try:
        code = run_loop(work())
    finally:
        console.flush()
    leave(code)


def _key_file(file: str | None) -> KeyFile:
    """Return the file that a server of this script reads; without one, of a script in the current folder."""
    from amlemu import deployment
    from amlemu.choices import script_of
    from amlemu.credentials import KeyFile
    from amlemu.layout import OWN_FOLDER

    folder = Path.cwd() if file is None else deployment.from_script(script_of(file)).script.parent
    return KeyFile(folder / OWN_FOLDER)


def _open_standard_files() -> None:
    """Open what the caller has closed: else a socket of ours becomes number 0, 1 or 2, and uvloop aborts the process."""
    while (opened := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(opened)
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; always ends in SystemExit."""
    _open_standard_files()
    try:
        with unseen():  # whoever debugs amlemu wants the script, which joins by itself, and none of our helpers
            cli.main(args=arguments, prog_name="amlemu", standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(EXIT_INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_USAGE)
    except BootFailed as error:
        click.echo(f"amlemu: {error}", err=True)
        sys.exit(error.exit_code)
    except AmlemuError as error:
        click.echo(f"amlemu: {error}", err=True)
        sys.exit(EXIT_USAGE if isinstance(error, UsageError) else EXIT_FAILURE)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        click.echo(f"amlemu: what there is to say cannot be written: {error.strerror}", err=True)
        os._exit(EXIT_FAILURE)  # Python would try to write it once more
    sys.exit(0)

"""
What `amlemu endpoint` and `amlemu deployment` share: what was asked for, how it is told, how it ends. Exit codes: 1 failed, 2 cannot be, 3 does not start.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from amlemu import cli_plan
from amlemu.endpoint_settings import MAKING
from amlemu.errors import UsageError
from amlemu.local_endpoints.caller import Done, Tell
from amlemu.local_endpoints.record import Asked
from amlemu.local_endpoints.rules import NotThere

if TYPE_CHECKING:
    from amlemu.console.steps import Steps

EXIT_FAILURE, EXIT_USAGE, EXIT_BOOT = 1, 2, 3
STEPS = ("SystemSetup", "ImageBuild", "UserContainerImagePull", "ModelDownload", "UserContainerStart", "Probes")
_OURS = ("target", "vscode_debug", "simulate")
_OF_AZ = {
    "instance_count": "limits.instance_count",
    **{
        f"request_settings.{name}": f"limits.{name}"
        for name in ("request_timeout_ms", "max_concurrent_requests_per_instance", "max_queue_wait_ms")
    },
    **{
        f"{probe}_probe.{name}": f"probes.{probe}_{name}"
        for probe in ("liveness", "readiness")
        for name in ("initial_delay", "period", "timeout", "success_threshold", "failure_threshold")
    },
}
"""What `az ml online-deployment update --set` calls values of the profile."""
_FIELDS = (
    "app_insights_enabled", "code_configuration", "egress_public_network_access", "environment", "instance_type",
    "liveness_probe", "model", "model_mount_path", "readiness_probe", "request_settings", "resources", "scale_settings",
    "data_collector", "description", "properties", "tags",
)  # fmt: skip
_VARIABLES = "environment_variables."
_KINDS = {setting.name: setting for setting in MAKING}


def asked_of(file: str, given: Mapping[str, Any], **also: Any) -> Asked:
    """
    Return what a deployment is made of: the file and the options of this command, with absolute paths.

    Args:
        also: options besides.

    Raises:
        UsageError: there is no such file.
    """
    path = Path(file)
    if not path.exists():
        raise UsageError("no such file", where=f"--file {file}", hint="Name a deployment.yml or a scoring script.")
    sources = cli_plan.sources()
    chosen = [name for name in sources if name in _KINDS and name not in _OURS]
    options = {name: _absolute(name, given[name]) for name in chosen}
    if "set" in options:
        options |= _from_az(options["set"], options.get("env", []))
    if "target" in sources:
        options["container"] = given["target"] == "container"
    if given["vscode_debug"]:
        options.setdefault("debug", 5678)
    return Asked(os.path.abspath(path), {**options, **also}, given["simulate"] or "")


def _from_az(words: list[str], variables: list[str]) -> dict[str, list[str]]:
    """Return `set` and `env` for what was given to `--set`, also in the words of `az`, which has fields there. Raises UsageError."""
    ours, env = [], list(variables)
    for word in words:
        name, sign, value = word.partition("=")
        if name.startswith(_VARIABLES):
            env.append(word.removeprefix(_VARIABLES))
        elif name in _OF_AZ:
            ours.append(f"{_OF_AZ[name]}{sign}{value}")
        elif name.partition(".")[0] in _FIELDS:
            hint = f"Write it there and update. Of az's --set this takes {', '.join(_OF_AZ)} and {_VARIABLES}NAME."
            raise UsageError(f"{name} is a field of the deployment's file", where=f"--set {word}", hint=hint)
        else:
            ours.append(word)
    return {"set": ours, "env": env} if env else {"set": ours}


def _absolute(name: str, value: Any) -> Any:
    """Write paths so that another folder does not change them."""
    if isinstance(value, tuple):
        return [_absolute(name, one) for one in value]
    if not isinstance(value, str):
        return value
    if name == "model":
        key, sign, path = value.partition("=")
        return f"{key}{sign}{os.path.abspath(path)}" if sign else value
    is_path = _KINDS[name].kind == "path" or (name == "profile" and value.endswith(".toml"))
    is_command = name == "python" and os.sep not in value and not os.path.exists(value)
    return os.path.abspath(value) if is_path and not is_command else value


def run(work: Callable[[Tell], Done], given: Mapping[str, Any], show: Callable[[], Any] | None = None) -> int:
    """
    Do something, tell how it goes on standard error, and print what there is then.

    Args:
        show: returns that, as JSON has it; None where nothing is left to see.

    Returns:
        The exit code.
    """
    if given.get("query"):
        from amlemu.console import output

        output.check(given["query"])
    shown: list[Steps] = []

    def hear(line: dict[str, Any]) -> None:
        from amlemu.console.steps import Steps  # while the endpoint's process works

        if not shown:
            shown.append(Steps(STEPS))
        shown[0].hear(line)

    try:
        done = work(hear)
    except KeyboardInterrupt:
        for steps in shown:
            steps.end()
        command = click.get_current_context(silent=True)
        ends = ", and delete ends it" if command is not None and command.info_name == "create" else ""
        click.echo(f"amlemu: it goes on without us; show says how it is{ends}", err=True)
        raise
    for steps in shown:
        steps.end()
    from amlemu.console import Paint
    from amlemu.console.steps import failure

    outcome = done.outcome
    paint = Paint(sys.stderr)
    click.echo(f"amlemu: {outcome['text'] if outcome['ok'] else failure(outcome, paint)}", err=True)
    if show is not None and outcome["ok"]:
        with contextlib.suppress(NotThere):  # it has not begun yet, and nobody waits for that
            say(show(), given)
    done.acknowledge()
    if outcome["ok"]:
        return 0
    return EXIT_BOOT if outcome["cause"] else EXIT_USAGE if outcome["is_usage"] else EXIT_FAILURE


def say(content: Any, given: Mapping[str, Any]) -> None:
    """Print what there is."""
    from amlemu.console import output

    text = output.as_text(content, given.get("output") or "json", given.get("query"))
    if text:
        click.echo(text)


def needed(value: str | None, flag: str, what: str) -> str:
    """Return a value that there has to be. Raises UsageError."""
    if not value:
        raise UsageError(f"{what} is missing", where=flag, hint=f"Say {flag} NAME.")
    return value


def write_editors_files(asked: Asked) -> None:
    """Write what VS Code needs to attach, beside the script's project."""
    from amlemu.choices import script_of
    from amlemu.vscode import command

    text = command.run(script_of(asked.file), None, int(asked.options["debug"]), only_prints=False)
    click.echo(text.splitlines()[0], err=True)

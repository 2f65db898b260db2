"""
The real server's own command, `amlemu azmlinfsrv ...`: its options and variables become a plan, its words come back.

Option beats variable; the current folder is app root and working folder; nothing reloads unless it is asked to.
Only `--host`, `--python` and `--reload` are ours. The log is `console/server_lines.py`, the start print `console/server_start.py`.

Source: azureml-inference-server-http 1.5.1, args.py, amlserver.py; gunicorn 27.0.1, sock.py (contract 3.7, 3.4).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from amlemu import foreground, interpreter, profile_file
from amlemu.console.server_lines import ServerConsole
from amlemu.debugging import DebugRules
from amlemu.deployment import Deployment
from amlemu.emulator import Emulator, Opening, run_loop
from amlemu.environment import SERVER_SOFTWARE, SERVER_VERSION, activated
from amlemu.errors import UsageError
from amlemu.ports import PortTaken
from amlemu.reload import ReloadRules
from amlemu.stand import Plan

EXIT_REFUSED, EXIT_BAD_TIMEOUT = 1, 2
_DEFAULT_PORT, _DEFAULT_HEALTH_PORT = 5001, 5000
_GRACE_S = 30.0  # gunicorn's graceful_timeout
_TRIES, _PAUSE_S = 5, 1.0  # for a port that is taken
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_NO_SCRIPT = "Either provide an entry_script using --entry_script or provide a path to the configuration file using --config_file"


def main(words: list[str]) -> None:
    """Run the command to its end; always ends in SystemExit, or by the signal that ended the script's master."""
    options = parse(words)
    console = ServerConsole()
    console.show_warnings()
    try:
        code = _main(options, console)
    except PortTaken:  # told in gunicorn's words
        code = EXIT_REFUSED
    except UsageError as error:
        console.flush()
        click.echo(f"azmlinfsrv: error: {error}", err=True)
        code = EXIT_REFUSED
    finally:
        console.flush()
    foreground.leave(code)


def _main(options: argparse.Namespace, console: ServerConsole) -> int:
    console.loaded_logging()
    if not (options.entry_script or options.config_file):
        console.say_as_server("ERROR", "Error!")
        console.say_as_server("ERROR", _NO_SCRIPT)
        return EXIT_REFUSED
    environment = merge(options, os.environ, os.getcwd())
    notices = about_insights(environment)
    console.begin(environment, notices)
    code = refusal(environment)
    if code:
        return code
    plan = _plan(options, environment, console)
    serving = foreground.serve(
        plan, console, _GRACE_S, lambda emulator: _open(emulator, console), _end_boot, warns=False
    )
    return int(run_loop(serving))


def parse(words: list[str]) -> argparse.Namespace:
    """Read the options; a bad one, and --help, end in exit code 1, as the real command does."""
    own, words = _parse_own(words)
    parser = argparse.ArgumentParser(
        "azmlinfsrv",
        description=f"Azure ML Inferencing HTTP server v{_version()}",
        epilog="amlemu's own: --host ADDRESS (default 0.0.0.0), --python INTERPRETER or environment folder,"
        " --reload to load the script anew when a file has changed.",
    )
    parser.add_argument("--entry_script", help="The scoring script, relative to this folder or absolute.")
    parser.add_argument("--model_dir", help="What the script finds in AZUREML_MODEL_DIR, as typed.")
    parser.add_argument("--appinsights_instrumentation_key", help="Is checked; nothing is sent anywhere.")
    parser.add_argument("--port", type=validate_port, help="The port to serve on. Default is 5001.")
    parser.add_argument(
        "--health_port",
        type=validate_port,
        help="A second port, with SEPERATE_HEALTH_ENDPOINT=true. Default is 5000.",
    )
    parser.add_argument("--worker_count", type=validate_worker_count, help="Processes. Default is 1.")
    parser.add_argument("--access_control_allow_origins", help='Origins for CORS: "a.com, b.com".')
    parser.add_argument("--config_file", help="A file of settings, JSON. Default is config.json in this folder.")
    parser.add_argument("--rest", action="store_true", help=argparse.SUPPRESS)
    try:
        return parser.parse_args(words, own)
    except SystemExit as leaving:
        if leaving.code:
            click.echo()
            parser.usage = argparse.SUPPRESS
            parser.print_help()
        sys.exit(EXIT_REFUSED)


def _parse_own(words: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """Read what the real command does not have; never abbreviated, so that its own options still can be."""
    parser = argparse.ArgumentParser("azmlinfsrv", usage="azmlinfsrv ...", add_help=False, allow_abbrev=False)
    parser.add_argument("--host", default="0.0.0.0")  # noqa: S104  # as the real command does
    parser.add_argument("--python")
    parser.add_argument("--reload", action="store_true")
    try:
        return parser.parse_known_args(words)
    except SystemExit:
        sys.exit(EXIT_REFUSED)


def validate_port(word: str) -> int:
    """Take 1 to 65535. The name is what the real command's refusal shows."""
    if not 1 <= int(word) <= 65535:
        raise ValueError(word)
    return int(word)


def validate_worker_count(word: str) -> int:
    """Take 1 and more. The name is what the real command's refusal shows."""
    if int(word) < 1:
        raise ValueError(word)
    return int(word)


def merge(options: argparse.Namespace, shell: Mapping[str, str], folder: str) -> dict[str, str]:
    """Return the whole environment that the script sees: options before variables before defaults."""
    merged = {name: value for name, value in shell.items() if not name.startswith("AMLEMU_")}
    merged.setdefault("AML_APP_ROOT", folder)
    merged["TRANSPORT_PROTOCOL"] = "rest" if options.rest else "grpc"
    merged["SERVER_PORT"] = str(options.port or _DEFAULT_PORT)  # the variable is never read
    has_health_port = merged.get("SEPERATE_HEALTH_ENDPOINT") == "true"
    if has_health_port:
        merged["HEALTH_PORT"] = str(options.health_port or _DEFAULT_HEALTH_PORT)
    elif options.port or "HEALTH_PORT" not in merged:
        merged["HEALTH_PORT"] = merged["SERVER_PORT"]
    merged.setdefault("WORKER_COUNT", "1")
    if options.appinsights_instrumentation_key is not None:
        merged["AML_APP_INSIGHTS_ENABLED"] = "true"
    if merged.get("SERVER_VERSION_LOG_RESPONSE_ENABLED", "true").lower() == "true":
        merged["HTTP_X_MS_SERVER_VERSION"] = SERVER_VERSION
    merged.update({name: str(value) for name, value in _given(options).items() if value is not None})
    merged["SERVER_SOFTWARE"] = SERVER_SOFTWARE
    return merged


def _given(options: argparse.Namespace) -> dict[str, object]:
    return {
        "AZUREML_ENTRY_SCRIPT": os.path.realpath(options.entry_script) if options.entry_script else None,
        "AZUREML_MODEL_DIR": options.model_dir,
        "WORKER_COUNT": options.worker_count,
        "AML_APP_INSIGHTS_KEY": options.appinsights_instrumentation_key,
        "AML_CORS_ORIGINS": options.access_control_allow_origins,
        "AZUREML_CONFIG_FILE": os.path.realpath(options.config_file) if options.config_file else None,
    }


def about_insights(environment: dict[str, str]) -> tuple[str, ...]:
    """Return what is said of Application Insights, and switch it off where the real command does."""
    is_on = environment.get("AML_APP_INSIGHTS_ENABLED") == "true" and "AML_APP_INSIGHTS_KEY" in environment
    if is_on and _UUID.fullmatch(environment["AML_APP_INSIGHTS_KEY"]):
        return ("Valid Application Insights instrumentation key provided.",)
    environment["AML_APP_INSIGHTS_ENABLED"] = "false"
    if not is_on:
        return ()
    return (
        "Invalid Application Insights instrumentation key provided.",
        "Application Insights has been disabled.",
    )


def refusal(environment: Mapping[str, str]) -> int:
    """Say which variable the real command stumbles over, in its words; returns the exit code, 0 when all are fine."""
    count, timeout = environment["WORKER_COUNT"], environment.get("WORKER_TIMEOUT", "300")
    if not _is_integer(count):
        click.echo(f"ValueError: invalid literal for int() with base 10: {count!r}", err=True)
        return EXIT_REFUSED
    if not _is_integer(timeout):
        click.echo("usage: azmlinfsrv [OPTIONS] [APP_MODULE]", err=True)
        click.echo(f"azmlinfsrv: error: argument -t/--timeout: invalid int value: {timeout!r}", err=True)
        return EXIT_BAD_TIMEOUT
    below_zero = next((word for word in (count, timeout) if int(word) < 0), None)
    if below_zero is not None:
        click.echo(f"\nError: Value must be positive: {int(below_zero)}", err=True)
        return EXIT_REFUSED
    if int(count) == 0:  # the real server opens its port and answers nobody
        click.echo("azmlinfsrv: error: WORKER_COUNT=0 leaves nobody to answer", err=True)
        return EXIT_REFUSED
    return 0


def _is_integer(word: str) -> bool:
    return re.fullmatch(r"\s*[+-]?\d+(_\d+)*\s*", word) is not None


def _plan(options: argparse.Namespace, environment: dict[str, str], console: ServerConsole) -> Plan:
    python = interpreter.find_python(options.python)
    if options.python:
        environment.update(activated(environment, python))
    script = Path(environment.get("AZUREML_ENTRY_SCRIPT", Path(environment["AML_APP_ROOT"], "main.py")))
    has_health_port = environment.get("SEPERATE_HEALTH_ENDPOINT") == "true"
    return Plan(
        deployment=Deployment(script, python, script.parent, workers=int(environment["WORKER_COUNT"])),
        profile=profile_file.load("bare"),
        is_insecure=True,  # the real command, too, listens on all addresses and asks nobody,
        host=options.host,
        port=int(environment["SERVER_PORT"]),
        health_port=int(environment["HEALTH_PORT"]) if has_health_port else None,
        layout="none",
        environment=environment,
        folder=Path.cwd(),
        reload=ReloadRules(is_on=options.reload),
        dials_debugger=not options.reload,
        debug=_debug_rules(environment) if options.reload else DebugRules(),
        on_event=console.event,
        on_exchange=console.exchange,
    )


def _debug_rules(environment: Mapping[str, str]) -> DebugRules:
    """Let one session outlast reloads: a generation that dials by itself would find the one before still connected."""
    port = environment.get("AZUREML_DEBUG_PORT", "")
    return DebugRules(connect=int(port)) if port.isdecimal() and int(port) else DebugRules()


async def _open(emulator: Emulator, console: ServerConsole) -> Opening:
    """Open the ports, trying again while they are taken, as gunicorn does."""
    for tries in range(1, _TRIES + 1):
        try:
            return emulator.open()
        except PortTaken as error:
            console.port_taken(error.host, error.port)
            await asyncio.sleep(_PAUSE_S)
            if tries == _TRIES:
                console.gave_up_port(error.host, error.port)
                raise
    raise AssertionError


async def _end_boot(emulator: Emulator, signals: foreground.Signals) -> int:
    """SIGTERM leaves init() some time, SIGINT and SIGQUIT raise SystemExit in it (observed); a second signal ends it."""
    backend: Any = emulator.backend
    work = _finish_boot(backend) if signals.name == "term" else backend.interrupt(_GRACE_S)
    is_over = await foreground.until(signals.second, work)
    return 0 if is_over else await foreground.end_at_once(emulator, signals)


async def _finish_boot(backend: Any) -> None:
    """Whoever still loads or waits for a debugger when the time is over, is killed. Raises BootFailed."""
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(backend.ready(), _GRACE_S)


def _version() -> str:
    return SERVER_VERSION.partition("/")[2]

"""
The command line: `amlemu serve score.py`, `amlemu invoke score.py -r sample-request.json`.

Thin: reads options (declared in `settings.py`), builds a plan, runs it, turns errors into words and exit codes. Exit
codes: 0 fine (also a server that was stopped), 1 the answer was a failure, 2 usage, 3 the deployment failed to boot,
130 interrupted before anything was served, or a second time while requests were in hand.
"""

from __future__ import annotations

import asyncio
import gc
import mimetypes
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from amlemu import __version__
from amlemu.errors import AmlemuError, BootFailed, UsageError
from amlemu.settings import INVOKE_SETTINGS, SERVE_SETTINGS, Setting

if TYPE_CHECKING:
    from amlemu.console import Console
    from amlemu.emulator import Emulator, Plan
    from amlemu.events import Event, Listener

EXIT_FAILURE, EXIT_USAGE, EXIT_BOOT, EXIT_INTERRUPTED = 1, 2, 3, 130
_QUIET_BOOT_S = 5.0  # a start that takes longer is explained
_QUIET_STOP_S = 0.3  # so is a stop
_INVOKE_GRACE_S = 10.0  # for what the script does when its process ends
_TYPES: dict[str, Any] = {"text": str, "path": str, "integer": int, "number": float}


def with_settings(settings: tuple[Setting, ...]) -> Callable[[Any], Any]:
    """Give a command the options that are declared in `settings`."""

    def decorate(command: Any) -> Any:
        for setting in reversed(settings):
            command = _option(setting)(command)
        return command

    return decorate


def _option(setting: Setting) -> Callable[[Any], Any]:
    names = [name for name in (setting.flag, setting.short) if name]
    shared: dict[str, Any] = {
        "help": setting.help,
        "envvar": setting.variable,
        "show_default": setting.default is not None,
    }
    if setting.kind == "switch":
        return click.option(*names, setting.name, is_flag=True, default=setting.default, **shared)
    kind = click.Choice(setting.kind) if isinstance(setting.kind, tuple) else _TYPES[setting.kind]
    return click.option(*names, setting.name, type=kind, default=setting.default, multiple=setting.repeats, **shared)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="amlemu")
def cli() -> None:
    """Run Azure Machine Learning scoring scripts on your own machine, and trust what you see."""


@cli.command(short_help="Serve SCRIPT over HTTP until Ctrl-C.")
@click.argument("script")
@with_settings(SERVE_SETTINGS)
def serve(script: str, **options: Any) -> None:
    """Serve SCRIPT as the inference server would: /score, /, /swagger.json."""
    from amlemu.console import choose
    from amlemu.emulator import run_loop

    console = choose(options["log_format"], options["json"])
    console.show_warnings()
    plan = _plan(script, console, options)
    try:
        code = run_loop(_serve(plan, console, options["grace"]))
    finally:
        console.flush()
    sys.exit(code)


@cli.command(short_help="Score once with SCRIPT and no server.")
@click.argument("script")
@with_settings(INVOKE_SETTINGS)
def invoke(script: str, request_file: str | None, content_type: str | None, **options: Any) -> None:
    """Score once with SCRIPT and no server: prints the answer, and fails when the answer is a failure."""
    from amlemu.console import PersonConsole
    from amlemu.emulator import run_loop

    body, kind = _read_request(request_file, content_type)
    console = PersonConsole(out=sys.stderr, restarts=False)
    console.show_warnings()
    try:
        code = run_loop(_invoke(script, body, kind, console, options))
    finally:
        console.flush()
    sys.exit(code)


async def _serve(plan: Plan, console: Console, grace_s: float) -> int:
    from amlemu.emulator import Emulator

    emulator = Emulator(plan)
    signals = _Signals()
    await emulator.start()
    try:
        if not await _until(signals.first, _ready(emulator, plan, console)):
            await emulator.backend.stop(0)  # requests that wait for init() will not be answered any more
            return EXIT_INTERRUPTED
        console.started(plan, emulator.port)
        gc.freeze()  # what is here now stays: the collector need not look at it with every few hundred requests
        reason = await emulator.wait(signals.first)
        if reason is not None:
            raise reason
    except BootFailed as error:
        console.boot_failed(error.fault)
        return error.exit_code
    finally:
        is_drained = await _drain(emulator, console, grace_s, signals.second)
    console.stopped()
    return 0 if is_drained else EXIT_INTERRUPTED


async def _ready(emulator: Emulator, plan: Plan, console: Console) -> None:
    """Wait until requests are answered; say what is waited for when that takes long. Raises BootFailed."""
    ready = asyncio.ensure_future(emulator.ready())
    try:
        await asyncio.wait({ready}, timeout=_QUIET_BOOT_S)
        if not ready.done():
            whom = f"{plan.upstream} to answer" if plan.backend == "upstream" else "init()"
            console.say("yellow", f"still waiting for {whom}, and so do requests.")
        await ready
    finally:
        ready.cancel()


async def _drain(emulator: Emulator, console: Console, grace_s: float, hurry: asyncio.Event) -> bool:
    """Stop; returns False when a second signal cut it short."""
    stopping, hurrying = asyncio.ensure_future(emulator.stop(grace_s)), asyncio.ensure_future(hurry.wait())
    either: set[asyncio.Future[Any]] = {stopping, hurrying}
    await asyncio.wait({stopping}, timeout=_QUIET_STOP_S)
    if not stopping.done():
        console.say("yellow", f"requests in hand may take {grace_s:g} s more; Ctrl-C again ends them now.")
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    is_hurried = not stopping.done()
    if is_hurried:
        await emulator.backend.stop(0)
    hurrying.cancel()
    await stopping
    return not is_hurried


async def _invoke(script: str, body: bytes, content_type: str, console: Console, options: dict[str, Any]) -> int:
    from amlemu.emulator import make_backend
    from amlemu.exchange import Request

    has_died = asyncio.Event()  # a worker that died while booting; serving would go on with another one for ever
    plan = _plan(script, console, {**_defaults(), **options})
    backend = make_backend(replace(plan, on_event=_telling(plan.on_event, has_died)), 0)
    signals = _Signals()
    grace_s = 0.0
    await backend.start()
    try:
        if not await _until(signals.first, _until(has_died, backend.ready())):
            return EXIT_INTERRUPTED
        if has_died.is_set():
            return EXIT_BOOT
        headers = [("Host", "localhost"), ("Content-Type", content_type), ("Content-Length", str(len(body)))]
        asking = asyncio.ensure_future(backend.handle(Request("POST", "/score", headers, body)))
        if not await _until(signals.first, asking):
            return EXIT_INTERRUPTED
        grace_s = _INVOKE_GRACE_S
        return await _print_answer(asking.result(), console)
    except BootFailed as error:
        console.boot_failed(error.fault)
        return error.exit_code
    finally:
        await backend.stop(grace_s)


def _telling(listener: Listener, has_died: asyncio.Event) -> Listener:
    """Return `listener`, which also notes that a worker died while it was booting and is to be replaced."""
    from amlemu.events import WorkerEnded

    def tell(event: Event) -> None:
        listener(event)
        if isinstance(event, WorkerEnded) and event.was_booting and event.restart_in_s is not None:
            has_died.set()

    return tell


async def _print_answer(response: Any, console: Console) -> int:
    console.flush()  # what the script said comes before what it answered
    if isinstance(response.body, bytes):
        sys.stdout.buffer.write(response.body)
    else:
        async for piece in response.body:
            sys.stdout.buffer.write(piece)
    sys.stdout.buffer.write(b"\n" if sys.stdout.isatty() else b"")
    sys.stdout.buffer.flush()
    if response.status == 200:
        return 0
    fault = response.account.get("fault")
    if fault:
        console.say("red", f"{fault['what']} ({fault['where']})\n{fault['traceback'].rstrip()}")
    console.say("red", f"the server answered {response.status} {response.phrase}")
    return EXIT_FAILURE


class _Signals:
    """SIGINT, SIGTERM and SIGQUIT: the first one asks for an orderly end, any further one for an end now."""

    def __init__(self) -> None:
        self.first, self.second = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
            loop.add_signal_handler(number, self._arrived)

    def _arrived(self) -> None:
        (self.second if self.first.is_set() else self.first).set()


async def _until(stop: asyncio.Event, work: Any) -> bool:
    """Wait for `work`, or until we are told to stop; returns whether the work is done. Raises what the work raises."""
    working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not working.done():
        working.cancel()
        return False
    working.result()
    return True


def _plan(script: str, console: Console, options: dict[str, Any]) -> Plan:
    from amlemu import deployment, profile
    from amlemu.emulator import Plan

    return Plan(
        deployment=deployment.from_script(
            script,
            model_dir=options["model_dir"],
            python=options["python"],
            environment=_pairs(options["env"], "--env", "KEY=VALUE"),
            workers=options["workers"],
        ),
        profile=profile.load(options["profile"], _pairs(options["set"], "--set", "SECTION.KEY=VALUE")),
        backend="upstream" if options["upstream"] else options["backend"],
        upstream=options["upstream"],
        host=options["host"],
        port=options["port"],
        on_event=console.event,
        on_exchange=console.exchange,
    )


def _defaults() -> dict[str, Any]:
    return {setting.name: () if setting.repeats else setting.default for setting in SERVE_SETTINGS}


def _pairs(words: tuple[str, ...], flag: str, form: str) -> dict[str, str]:
    pairs = {}
    for word in words:
        key, sign, value = word.partition("=")
        if not sign or not key:
            raise UsageError(f"{word!r} has no {'name' if sign else 'value'}", where=flag, expected=f"Expected {form}.")
        pairs[key] = value
    return pairs


def _read_request(path: str | None, content_type: str | None) -> tuple[bytes, str]:
    if path is None:
        raise UsageError("no request", expected="Give a file with -r sample-request.json, or -r - for standard input.")
    if path == "-":
        return sys.stdin.buffer.read(), content_type or "application/json"
    try:
        body = Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"not readable: {error.strerror}", where=path) from error
    return body, content_type or mimetypes.guess_type(path)[0] or "application/octet-stream"


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
    sys.exit(0)

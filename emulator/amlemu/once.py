"""
One request without a server: boot the script, let it answer, print the answer, end.
"""

from __future__ import annotations

import asyncio
import mimetypes
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amlemu.errors import BootFailed, UsageError
from amlemu.events import Event, Listener, WorkerEnded
from amlemu.exchange import Request
from amlemu.foreground import EXIT_INTERRUPTED, Signals, until
from amlemu.stand import Plan, Stand

if TYPE_CHECKING:
    from amlemu.backends import Backend
    from amlemu.console import PersonConsole

EXIT_FAILURE, EXIT_BOOT = 1, 3
_GRACE_S = 10.0  # for what the script does when its process ends


async def invoke(plan: Plan, body: bytes, content_type: str, console: PersonConsole) -> int:
    """
    Answer one request and write the answer to stdout.

    Returns:
        The exit code: 0 for a 200, 1 for any other answer, 3 when the script cannot boot, 130 when interrupted.

    Raises:
        UsageError: something is not usable as given.
    """
    has_died = asyncio.Event()  # a worker that died while booting; serving would go on with another one for ever
    stand = Stand(replace(plan, on_event=_telling(plan.on_event, has_died), is_single=True), 0)
    try:
        console.surroundings(stand.layout)
        return await _ask(stand.make_backend(), body, content_type, console, has_died)
    finally:
        await stand.close_debugger()
        stand.close()


async def _ask(
    backend: Backend, body: bytes, content_type: str, console: PersonConsole, has_died: asyncio.Event
) -> int:
    signals = Signals()
    grace_s = 0.0
    await backend.start()
    try:
        if not await until(signals.first, until(has_died, backend.ready())):
            return EXIT_INTERRUPTED
        if has_died.is_set():
            return EXIT_BOOT
        headers = [("Host", "localhost"), ("Content-Type", content_type), ("Content-Length", str(len(body)))]
        asking = asyncio.ensure_future(backend.handle(Request("POST", "/score", headers, body)))
        if not await until(signals.first, asking):
            return EXIT_INTERRUPTED
        grace_s = _GRACE_S
        return await _print_answer(asking.result(), console)
    except BootFailed as error:
        console.boot_failed(error.fault)
        return error.exit_code if error.exit_code > 0 else EXIT_BOOT
    finally:
        await backend.stop(grace_s)


def _telling(listener: Listener, has_died: asyncio.Event) -> Listener:
    """Return `listener`, which also notes that a worker died while it was booting and is to be replaced."""

    def tell(event: Event) -> None:
        listener(event)
        if isinstance(event, WorkerEnded) and event.was_booting and event.restart_in_s is not None:
            has_died.set()

    return tell


async def _print_answer(response: Any, console: PersonConsole) -> int:
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
        console.scoring_failed(fault)
    console.say("red", f"the server answered {response.status} {response.phrase}")
    return EXIT_FAILURE


def read_request(path: str | None, content_type: str | None) -> tuple[bytes, str]:
    """Return the body that `path` names (`-`: standard input) and its media type. Raises UsageError."""
    if path is None:
        raise UsageError("no request", expected="Give a file with -r sample-request.json, or -r - for standard input.")
    if path == "-":
        if sys.stdin is None:
            raise UsageError(
                "it is closed", where="standard input", expected="Give a file with -r sample-request.json."
            )
        return sys.stdin.buffer.read(), content_type or "application/json"
    try:
        body = Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"not readable: {error.strerror}", where=path) from error
    return body, content_type or mimetypes.guess_type(path)[0] or "application/octet-stream"

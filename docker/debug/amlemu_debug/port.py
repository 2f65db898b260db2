"""
The port where editors attach: opened in the process that is about to load the script, again after each death of a worker.

debugpy is the image's own, of any version; without one the server goes on. Source: debugpy 1.8.22, server/api.py (read 2026-11).
"""

from __future__ import annotations

import functools
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator, MutableMapping
from typing import Any, NamedTuple

_PATIENCE_S = 10.0  # for the debugger of the worker before, which ends when its editor has let go
_POLITE_S = 5.0  # of it; then it is ended, for its worker is dead
_UNVALIDATED = "PYDEVD_DISABLE_FILE_VALIDATION"  # or debugpy warns of frozen modules, among the script's own words


class Wish(NamedTuple):
    """What AMLEMU_DEBUG and AMLEMU_DEBUG_WAIT say; neither is checked yet."""

    address: str
    wait: str

    @classmethod
    def taken_from(cls, variables: MutableMapping[str, str]) -> Iterator[Wish]:
        """Yield at most one, and take the variables away: what the script starts is no server."""
        address, wait = variables.pop("AMLEMU_DEBUG", ""), variables.pop("AMLEMU_DEBUG_WAIT", "")
        if address:
            yield cls(address, wait)


def say(text: str) -> None:
    """Write a line into the container's log."""
    sys.stderr.write(f"amlemu | {text}\n")
    sys.stderr.flush()


def open_for_editors(wish: Wish) -> None:
    """Listen, and wait for an editor if that is wanted; whatever goes wrong is told, and the server goes on."""
    try:
        address, seconds = _address(wish.address), _seconds(wish.wait)
        debugpy = _import()
        if debugpy is not None:
            _open(debugpy, address, seconds)
    except Exception as error:
        say(f"no debugger: {type(error).__name__}: {error}")


def _open(debugpy: Any, address: tuple[str, int], seconds: float | None) -> None:
    from amlemu_debug import output, script

    here = _listen(debugpy, address)
    _stop_clocks()
    output.watch()
    script.serve(debugpy, here)
    say(f"the debugger listens on {here[0]}:{here[1]} (pid {os.getpid()}); remoteRoot is /var/azureml-app")
    if seconds is not None and not wait(seconds):
        say(f"no editor has attached within {seconds:g} s; the script is loaded without one")


def wait(seconds: float, over: threading.Event | None = None) -> bool:
    """Wait until an editor is there and has set its breakpoints, at most so long or until `over` is set; tell whether one is."""
    import pydevd

    over = over or threading.Event()
    timer = threading.Timer(min(seconds, threading.TIMEOUT_MAX), over.set)
    timer.daemon = True
    timer.start()
    try:
        pydevd._wait_for_attach(cancel=over)  # noqa: SLF001  # debugpy's own can only be cancelled when it has begun
    finally:
        timer.cancel()
    return bool(pydevd._is_attached())  # noqa: SLF001  # as debugpy does


def _import() -> Any:
    before = os.environ.get(_UNVALIDATED)
    os.environ[_UNVALIDATED] = "1"
    try:
        import debugpy  # noqa: T100  # no forgotten one: it is what the variable asks for
        import debugpy.server.api
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "debugpy":
            raise
        say(f"no debugger: debugpy is not installed for {sys.executable}; build the image with --debug")
        return None
    finally:
        if before is None:
            del os.environ[_UNVALIDATED]
        else:
            os.environ[_UNVALIDATED] = before
    return debugpy


def _listen(debugpy: Any, address: tuple[str, int]) -> tuple[str, int]:
    """Listen; while the debugger of the worker before still does, be patient, then end it."""
    began, has_told, has_ended = time.monotonic(), False, False
    while not _is_free(address):
        waited = time.monotonic() - began
        if waited > _PATIENCE_S:
            break  # debugpy says what is wrong
        if not has_told:
            has_told = True
            say(f"port {address[1]} is still taken, by the debugger of the worker before; waiting for it")
        if waited > _POLITE_S and not has_ended:
            has_ended = True
            _end_adapters(address[1])
        time.sleep(0.05)
    host, port = debugpy.listen(address)
    return str(host), int(port)


def _is_free(address: tuple[str, int]) -> bool:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(address)
            one.listen(1)  # with SO_REUSEADDR two may be bound, and one listens
        except OSError:
            return False
    return True


def _end_adapters(port: int) -> None:
    """End debugpy's adapters on this port; those of debugpy.listen have the port among their arguments."""
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                words = file.read().decode("utf-8", "replace").split("\0")
            is_one = any(word.endswith("debugpy/adapter") for word in words) and "--for-server" in words
            if is_one and words[words.index("--port") + 1 :][:1] == [str(port)]:
                say(f"the debugger of the worker before (pid {name}) is ended")
                os.kill(int(name), signal.SIGKILL)
        except (OSError, ValueError):
            continue  # no process, or gone, or not ours


def _stop_clocks() -> None:
    """
    Let SCORING_TIMEOUT_MS, a timer of the process, stand still while somebody looks; it would raise inside the debugger.

    Of several threads that stop, the first one has the clock.
    """
    from pydevd import PyDB

    stand = PyDB.do_wait_suspend

    @functools.wraps(stand)
    def stand_without_clock(*arguments: Any, **options: Any) -> Any:
        left_s = signal.setitimer(signal.ITIMER_REAL, 0)[0]
        try:
            return stand(*arguments, **options)
        finally:
            if left_s:
                signal.setitimer(signal.ITIMER_REAL, left_s)

    PyDB.do_wait_suspend = stand_without_clock


def _address(text: str) -> tuple[str, int]:
    """Read HOST:PORT, or a port alone."""
    host, _, port = text.strip().rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) < 65536):
        raise ValueError(f"AMLEMU_DEBUG={text} is no address, expected HOST:PORT such as 0.0.0.0:5678")
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104  # of the container


def _seconds(text: str) -> float | None:
    try:
        seconds = float(text) if text.strip() else None
    except ValueError:
        seconds = -1.0
    if seconds is not None and not seconds >= 0:
        raise ValueError(f"AMLEMU_DEBUG_WAIT={text} is no number of seconds")
    return seconds

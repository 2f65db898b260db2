"""
A server in the foreground: open, boot, serve until a signal comes, let what is in hand finish, end with an exit code.

The commands hand in what to serve and who shows it; nothing here reads options.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, NoReturn

from amlemu import ports
from amlemu.backends import Capabilities
from amlemu.emulator import Emulator
from amlemu.errors import BootFailed
from amlemu.pauses import ANYBODY
from amlemu.stand import Plan

if TYPE_CHECKING:
    from amlemu.console import Console
    from amlemu.emulator import Opening

EXIT_INTERRUPTED = 130
# Nothing that a request leaves behind is a cycle, so counting references frees it; what the collector would look through
# again and again is the journal (a tenth of the gateway's time, and pauses of 30 ms). The first threshold counts what has
# been made and not freed: a full journal is about half of it, and then as much goes as comes.
_COLLECT = (1_000_000, 10, 10)
_QUIET_BOOT_S = 5.0  # a start that takes longer is explained
_QUIET_STOP_S = 0.6  # so is a stop; gunicorn as engine takes half as long
_QUIET_STOP_DEBUGGED_S = 2.0  # a worker that is debugged takes half a second to end


async def open_at_once(emulator: Emulator) -> Opening:
    """Bind the ports, or raise UsageError."""
    return emulator.open()


async def end_at_once(emulator: Emulator, signals: Signals) -> int:
    """End a boot: in init() there is nothing to lose, and who waits for it will not be answered any more."""
    await emulator.backend.stop(0)
    return EXIT_INTERRUPTED


async def serve(
    plan: Plan,
    console: Console,
    grace_s: float,
    open_ports: Callable[[Emulator], Coroutine[Any, Any, Opening]] = open_at_once,
    end_boot: Callable[[Emulator, Signals], Coroutine[Any, Any, int]] = end_at_once,
    *,
    warns: bool = True,
) -> int:
    """
    Serve until SIGINT, SIGTERM or SIGQUIT.

    Args:
        grace_s: seconds that requests in hand may take at the end.
        open_ports: opens the emulator; for a command with its own way of waiting for a port.
        warns: says where answers are not those of the cloud; the real command does not.
        end_boot: ends init() when a signal has come, and returns the exit code; it may raise BootFailed.

    Returns:
        The exit code: 0; what the real server would leave with, when the script cannot boot; 130 when interrupted before
        anything was served, or a second time.

    Raises:
        UsageError: something is not usable as given.
    """
    emulator = Emulator(plan, console.transcript)
    signals = Signals(emulator.interrupt_prompt)
    opening = asyncio.ensure_future(open_ports(emulator))
    if not await until(signals.first, opening):
        return EXIT_INTERRUPTED
    console.opened(plan, opening.result())
    await emulator.start()
    try:
        if not await until(signals.first, _ready(emulator, plan, console)):
            console.stopping(signals.name)
            return await end_boot(emulator, signals)
        await until(signals.first, emulator.aided())
        console.started(plan, emulator.opening, emulator.backend.capabilities)
        for warning in warnings(plan, emulator.backend.capabilities) if warns else ():
            console.say("yellow", warning)
        gc.freeze()  # what is here now stays: the collector need not look at it with every few hundred requests
        gc.set_threshold(*_COLLECT)
        reason = await emulator.wait(signals.first)
        if reason is not None:
            raise reason
        console.stopping(signals.name)
    except BootFailed as error:
        console.boot_failed(error.fault)
        return error.exit_code
    finally:
        console.hold(is_on=False)
        patience_s = _QUIET_STOP_S if not plan.debug.is_on else _QUIET_STOP_DEBUGGED_S
        is_drained = await _drain(emulator, console, grace_s, patience_s, signals.second)
        console.stopped()
    return 0 if is_drained else EXIT_INTERRUPTED


def leave(code: int) -> NoReturn:
    """End this process; a negative code is a signal, which ends us as it ended the script's master (contract 3.4)."""
    if code < 0:
        if -code not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


async def _ready(emulator: Emulator, plan: Plan, console: Console) -> None:
    """Wait until requests are answered; say what is waited for when that takes long. Raises BootFailed."""
    ready = asyncio.ensure_future(emulator.ready())
    try:
        await asyncio.wait({ready}, timeout=_QUIET_BOOT_S)
        if not ready.done() and not emulator.pauses.is_still(ANYBODY):  # that has been told
            whom = f"{plan.upstream} to answer" if plan.backend == "upstream" else "init()"
            rest = ", and so do requests" if plan.profile.answers.not_ready == "close" else ""
            console.say("yellow", f"still waiting for {whom}{rest}.")
        await ready
    finally:
        ready.cancel()


async def _drain(emulator: Emulator, console: Console, grace_s: float, patience_s: float, hurry: asyncio.Event) -> bool:
    """Stop; returns False when a second signal cut it short."""
    stopping, hurrying = asyncio.ensure_future(emulator.stop(grace_s)), asyncio.ensure_future(hurry.wait())
    either: set[asyncio.Future[Any]] = {stopping, hurrying}
    await asyncio.wait({stopping}, timeout=patience_s)
    if not stopping.done():
        console.say("yellow", f"requests in hand may take {grace_s:g} s more; Ctrl-C again ends them now.")
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    is_hurried = not stopping.done()
    if is_hurried:
        await emulator.backend.stop(0)
    hurrying.cancel()
    await stopping
    return not is_hurried


def warnings(plan: Plan, capabilities: Capabilities) -> list[str]:
    """Return what everybody should know who looks at a start: where answers are not those of the cloud, and a common trap."""
    limits, workers, told = plan.profile.limits, 1 if plan.debug.is_on else plan.deployment.workers, []
    if plan.dev_errors and capabilities.tells_faults:
        told.append("--dev-errors: answers carry tracebacks. No cloud does that; clients must not rely on it.")
    elif plan.dev_errors:
        told.append("--dev-errors: answers carry no tracebacks here, for this backend does not tell them.")
    if plan.is_shadow:
        told.append("--shadow: answers are what the model says; what the cloud would answer is only reported here.")
    if plan.auth is None and plan.is_insecure:
        told.append(f"--insecure: whoever reaches {plan.host} may score.")
    if plan.debug.port is not None and not ports.is_loopback(plan.debug.host):
        told.append(f"--debug-host {plan.debug.host}: whoever reaches it can run any code on this machine.")
    most = limits.max_concurrent_requests_per_instance
    if plan.quarters is not None and plan.debug.is_on and plan.debug.stops_clocks:
        told.append(
            "--debug: nobody outside sees when a debugger holds the container, so this profile's time limits are off"
            " (--no-pause keeps them); the container's own nginx waits for 1000 s."
        )
    if plan.backend in ("worker", "container") and limits.pending_factor and most != workers:
        told.append(
            f"max_concurrent_requests_per_instance is {most} and WORKER_COUNT {workers}: they should be alike, else"
            f" {'requests queue in the container' if most > workers else 'workers stay idle'} (contract 1.5)."
        )
    return told


class Signals:
    """SIGINT, SIGTERM, SIGQUIT, and SIGHUP when the terminal goes: the first one asks for an orderly end, any further one for an end now."""

    def __init__(self, divert: Callable[[], bool] = lambda: False) -> None:
        """
        Take the signals over, for the running loop.

        Args:
            divert: asked at each SIGINT whether it was meant for somebody else, who then has it.
        """
        self._divert = divert
        self.first, self.second = asyncio.Event(), asyncio.Event()
        self.name = ""  # of the first one, as gunicorn writes it
        loop = asyncio.get_running_loop()
        numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGQUIT]
        if signal.getsignal(signal.SIGHUP) == signal.SIG_DFL:  # nohup ignores it
            numbers.append(signal.SIGHUP)
        for number in numbers:
            loop.add_signal_handler(number, self._arrived, number)

    def _arrived(self, number: signal.Signals) -> None:
        if number == signal.SIGINT and self._divert():
            return
        self.name = self.name or number.name[3:].lower()
        (self.second if self.first.is_set() else self.first).set()


async def until(stop: asyncio.Event, work: Any) -> bool:
    """Wait for `work`, or until we are told to stop; returns whether the work is done. Raises what the work raises."""
    working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not working.done():
        working.cancel()
        return False
    working.result()
    return True

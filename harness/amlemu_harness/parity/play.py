"""
Plays all cases to one side, from its start to its end, and writes down what came back.

Knows no other side: what two takes have in common is `compare.py`'s business.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

from amlemu.errors import AmlemuError

from amlemu_harness.parity.case import Case, request
from amlemu_harness.parity.record import End, Seen, Take
from amlemu_harness.parity.sides.side import DidNotStart, Running, Side
from amlemu_harness.parity.wire import Patience, Received, Sent, exchange

_SHARED = "it may hurt a server that others use"
_UNREACHED = "its workers cannot be killed from here"
_MOST_STARTS = 5
_ENOUGH_SILENCES = 3
_AGAIN_S = 10.0  # until a server whose worker has died answers again
_LOOK_S = 0.02
_HEALTH = request("GET", "/")
_PROBE = request("GET", "/score")


class Told(Protocol):
    """Hears how far a take is; `headway.Headway` does."""

    def starts(self, take: str) -> None: ...

    def asked(self, take: str, number: int) -> None: ...


def play(side: Side, cases: Sequence[Case], patience: Patience, told: Told | None = None, take: str = "") -> Take:
    """
    Ask all cases; a side that ends in the middle is started again for the rest, one that answers nothing is left alone.

    Args:
        told: hears how far this take is, under the name `take`.

    Raises:
        AmlemuError: it cannot be started at all.
    """
    seen: dict[str, Seen] = {}
    unasked: dict[str, str] = {}
    if told is not None:
        told.starts(take)
    with _Stage(side) as stage:
        try:
            for number, case in enumerate(cases, 1):
                why = stage.obstacle(case)
                if why:
                    unasked[case.name] = why
                else:
                    seen[case.name] = stage.ask(case, patience)
                if told is not None:
                    told.asked(take, number)
        except DidNotStart as error:
            if not seen:
                return Take(start=error.end)
            left = [case.name for case in cases if case.name not in seen and case.name not in unasked]
            unasked |= dict.fromkeys(left, "it has ended, and did not start again")
    return Take(seen, unasked=unasked)


def look_around(side: Side, probe: Path, patience: Patience) -> Mapping[str, Any] | None:
    """Return what a probe in the script's place finds around itself; None where it cannot be had. Raises as `Side.start`."""
    running = side.start(probe)
    try:
        return dict(json.loads(exchange(running.address, _PROBE, patience).body))
    except (OSError, ValueError):
        return None
    finally:
        running.stop()


@contextlib.contextmanager
def started(side: Side) -> Iterator[Running]:
    """Keep a side running for a while. Raises as `Side.start`."""
    running = side.start()
    try:
        yield running
    finally:
        running.stop()


class _Stage:
    """The server of a take: started when it is first asked, and again when it has ended."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._running: Running | None = None
        self._starts = 0
        self._silences = 0

    def __enter__(self) -> _Stage:  # noqa: PYI034  # no subclasses
        return self

    def __exit__(self, *error: object) -> None:
        self._stop()

    def obstacle(self, case: Case) -> str:
        """Say why a case cannot be asked; empty where it can. Starts the server. Raises as `Side.start`."""
        if case.is_hard and self._side.is_shared:
            return _SHARED
        if self._silences >= _ENOUGH_SILENCES:
            return f"it has taken {self._silences} requests in a row and answered none"
        if self._running is None:
            if self._starts >= _MOST_STARTS:
                return f"it has ended {self._starts} times"
            self._running = self._side.start()
            self._starts += 1
        if case.kills_workers and not self._running.kill_workers():
            return _UNREACHED
        return ""

    def ask(self, case: Case, patience: Patience) -> Seen:
        """Ask one case of the server that runs."""
        assert self._running is not None
        answers: list[Received] = []
        trouble = ""
        for sent in case.requests:
            try:
                answers += _asked(self._running, sent, case.together, patience)
            except OSError as error:
                trouble = f"nobody answers: {error.strerror or error}"
                break
        is_silent = bool(answers) and not any(answer.status or answer.is_closed for answer in answers)
        self._silences = self._silences + 1 if is_silent else 0
        end = self._end_after(answers, trouble)
        return Seen(tuple(answers), trouble, end)

    def _end_after(self, answers: Sequence[Received], trouble: str) -> End | None:
        """Say whether the server has ended with a case; one that has lost a worker is waited for."""
        assert self._running is not None
        if not trouble and all(answer.status for answer in answers):
            return None
        end = _until_healthy(self._running)
        if end is not None:
            self._stop()
        return end

    def _stop(self) -> None:
        if self._running is not None:
            self._running.stop()
            self._running = None


def _asked(running: Running, sent: Sent, together: int, patience: Patience) -> list[Received]:
    """Send a request, or so many of it at the same moment."""
    if together == 1:
        return [exchange(running.address, sent, patience)]
    gate, address = threading.Barrier(together), running.address

    def one() -> Received:
        gate.wait()
        return exchange(address, sent, patience)

    with ThreadPoolExecutor(together) as pool:
        waiting = [pool.submit(one) for _ in range(together)]
        return [future.result() for future in waiting]


def _until_healthy(running: Running) -> End | None:
    """Wait until a server that was hurt answers again, and return None; or how it has ended."""
    deadline = time.monotonic() + _AGAIN_S
    while time.monotonic() < deadline:
        end = running.ended()
        if end is not None:
            return end
        with contextlib.suppress(OSError, AmlemuError):
            if exchange(running.address, _HEALTH, Patience(1.0, 0)).status:
                return None
        time.sleep(_LOOK_S)
    return None

"""A real worker, a zygote or an anchor, without a host: raw frames over the socket pair, bytes off the two pipes."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from amlemu.worker import protocol
from amlemu.worker.forks import ForkedProcess
from amlemu.worker.launch import Launched, LaunchPlan, launch_anchor, launch_fresh, launch_zygote, open_lines
from amlemu.worker.protocol import Channel, Frame

ZOO = Path(__file__).resolve().parents[1] / "scripts"
MARKER = "\x1e0123456789abcdef:"
FORK_MARKER = "\x1efedcba9876543210:"
PATIENCE_S = 10.0
ORDER = {"version": protocol.VERSION, "folder": str(ZOO), "marker": MARKER}


class BareChild:
    """One process around one script."""

    def __init__(self, launched: Launched, order: Mapping[str, Any] = ORDER) -> None:
        self.launched, self.order = launched, order
        self.process, self.mark = self.launched.process, self.launched.mark
        self.endpoint = self.launched.endpoint
        self.endpoint.settimeout(PATIENCE_S)
        self.channel = Channel(self.endpoint)
        self.written = {1: b"", 2: b""}
        self.greetings = 0
        self.imports: dict[str, Any] = {}
        self.wrote: list[str] = []

    def hears(self) -> Frame:
        """Wait for the next frame of the worker; which files it writes is only noted."""
        while (frame := self.channel.receive()) is not None and frame.kind == protocol.WROTE:
            self.wrote.append(frame.head)
        assert frame is not None, f"the worker hung up; it wrote {self.reads(2)!r}"
        return frame

    def boots(self) -> Frame:
        """Answer each hello with the order, keep what it tells of its imports; returns ready, or failed."""
        while (frame := self.hears()).kind in (protocol.HELLO, protocol.IMPORTED):
            if frame.kind == protocol.IMPORTED:
                self.imports = frame.head
            else:
                self.greetings += 1
                self.channel.send(protocol.ORDER, self.order)
        return frame

    def is_asked(self, number: int, body: bytes, *, method: str = "POST", broken: str | None = None) -> None:
        """Send a scoring request."""
        headers = [["Content-Type", "text/plain"], ["Content-Length", str(len(body))]]
        head = [number, broken, method, "/score", headers, "1.1", ["127.0.0.1", 5], ["127.0.0.1", 5001]]
        self.channel.send(protocol.REQUEST, head, body)

    def reads(self, stream: int) -> bytes:
        """Return all it has written to stdout (1) or stderr (2) so far; waits for nothing."""
        pipe = {1: self.launched.stdout, 2: self.launched.stderr}[stream]
        with contextlib.suppress(BlockingIOError):
            while data := os.read(pipe, 1 << 16):
                self.written[stream] += data
        return self.written[stream]

    def reads_until(self, stream: int, words: bytes) -> None:
        """Wait until it has written `words`."""
        pipe = {1: self.launched.stdout, 2: self.launched.stderr}[stream]
        deadline = time.monotonic() + PATIENCE_S
        while words not in self.reads(stream):
            left = deadline - time.monotonic()
            assert left > 0, f"no {words!r} in {self.written[stream]!r}"
            select.select([pipe], [], [], left)

    def takes(self, number: int) -> None:
        """Wait until it has taken a request."""
        deadline = time.monotonic() + PATIENCE_S
        while self.mark.taken < number:
            assert time.monotonic() < deadline, f"request {number} was not taken"

    def hangs_up(self) -> None:
        """Send no more, as a host that stops the worker; what it says is still heard."""
        self.endpoint.shutdown(socket.SHUT_WR)

    def is_sent(self, number: signal.Signals) -> None:
        """Signal it."""
        self.launched.kill(number)

    def ends(self) -> int:
        """Wait for its exit code."""
        return self.process.wait(PATIENCE_S)

    def close(self) -> None:
        """Leave nothing behind."""
        self.launched.kill_group()
        self.process.wait(PATIENCE_S)
        self.lets_go()

    def lets_go(self) -> None:
        """Close our ends."""
        self.endpoint.close()
        self.mark.close()
        self.launched.stacks.close()
        for pipe in (self.launched.stdout, self.launched.stderr):
            os.close(pipe)


class BareZygote(BareChild):
    """A zygote around one script, and the workers that are forked from it."""

    def __init__(self, launched: Launched, order: Mapping[str, Any]) -> None:
        super().__init__(launched, order)
        self._forks: list[tuple[BareChild, ForkedProcess]] = []

    def forks(self) -> BareChild:
        """Ask for a worker; it has said nothing yet."""
        with open_lines() as lines:
            answer = self.is_asked_to_fork(lines.theirs)
            process = ForkedProcess(answer["pid"])
            child = BareChild(lines.launched(process), {**self.order, "marker": FORK_MARKER, "reloads": True})
        self._forks.append((child, process))
        return child

    def is_asked_to_fork(self, files: Iterable[int]) -> dict[str, Any]:
        """Send a request with these descriptors; return the answer."""
        socket.send_fds(self.endpoint, [protocol.pack(protocol.FORK, 0)], list(files))
        frame = self.hears()
        assert frame.kind == protocol.FORKED
        return dict(frame.head)

    def tells_the_end(self) -> tuple[int, int]:
        """Wait for the end of a fork; return pid and exit code."""
        kind, (pid, exit_code), _ = self.hears()
        assert kind == protocol.ENDED
        next(process for _, process in self._forks if process.pid == pid).has_ended(exit_code)
        return pid, exit_code

    def close(self) -> None:
        """Leave nothing behind."""
        for child, process in self._forks:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
            child.lets_go()
        super().close()


def plan_of(script: Path, environment: Mapping[str, str]) -> LaunchPlan:
    """Return the plan of a worker in the script's folder, with the variables of the shell but those about Python."""
    shell = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    own = {"AML_APP_ROOT": str(script.parent), "AZUREML_ENTRY_SCRIPT": script.name}
    return LaunchPlan(Path(sys.executable), script.parent, {**shell, **own, **environment})


@contextlib.contextmanager
def bare_child(script: str | Path, **environment: str) -> Iterator[BareChild]:
    """Start a script of the zoo, or any other one, which then tells its imports."""
    path = script if isinstance(script, Path) else ZOO / f"{script}.py"
    order = {**ORDER, "folder": str(path.parent), "reloads": path is script}
    with contextlib.closing(BareChild(launch_fresh(plan_of(path, environment)), order)) as child:
        yield child


@contextlib.contextmanager
def bare_zygote(script: Path, ahead: dict[str, Any] | None = None, **environment: str) -> Iterator[BareZygote]:
    """Start a zygote of any script; one that imports what is named in `ahead`, or else boots the script."""
    launched = launch_zygote(plan_of(script, environment))
    more = {} if ahead is None else {"ahead": ahead}
    with contextlib.closing(BareZygote(launched, {**ORDER, "folder": str(script.parent), **more})) as zygote:
        yield zygote


@contextlib.contextmanager
def bare_anchor(**order: Any) -> Iterator[BareChild]:
    """Start an anchor that listens on a free port, or does what else is in its order."""
    variables = {"DEBUGPY_PROCESS_SPAWN_TIMEOUT": "2", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    launched = launch_anchor(plan_of(ZOO / "echo.py", variables))
    order = {**ORDER, "host": "127.0.0.1", "port": 0, "connect": None, **order}
    with contextlib.closing(BareChild(launched, order)) as anchor:
        yield anchor


def records(output: bytes, marker: str = MARKER) -> list[str]:
    """Return the texts that were logged to stdout, in order."""
    import json

    found: list[Any] = [json.loads(part.partition("\n")[0]) for part in output.decode().split(marker)[1:]]
    return [text for *_, text in found]

"""A real worker process without a host: raw frames over the socket pair, bytes off the two pipes."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from amlemu.worker import protocol
from amlemu.worker.launch import LaunchPlan, launch_fresh
from amlemu.worker.protocol import Channel, Frame

ZOO = Path(__file__).resolve().parents[1] / "scripts"
MARKER = "\x1e0123456789abcdef:"
PATIENCE_S = 10.0
ORDER = {"version": protocol.VERSION, "folder": str(ZOO), "marker": MARKER}


class BareChild:
    """One process around one script of the zoo."""

    def __init__(self, script: str, environment: Mapping[str, str]) -> None:
        shell = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        variables = {**shell, "AML_APP_ROOT": str(ZOO), "AZUREML_ENTRY_SCRIPT": f"{script}.py", **environment}
        self.launched = launch_fresh(LaunchPlan(Path(sys.executable), ZOO, variables))
        self.process, self.mark = self.launched.process, self.launched.mark
        self.endpoint = self.launched.endpoint
        self.endpoint.settimeout(PATIENCE_S)
        self.channel = Channel(self.endpoint)
        self.written = {1: b"", 2: b""}

    def hears(self) -> Frame:
        """Wait for the next frame of the worker."""
        frame = self.channel.receive()
        assert frame is not None, f"the worker hung up; it wrote {self.reads(2)!r}"
        return frame

    def boots(self) -> Frame:
        """Say what a host says first; returns ready, or failed."""
        self.hears()
        self.channel.send(protocol.ORDER, ORDER)
        return self.hears()

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
        self.endpoint.close()
        self.mark.close()
        for pipe in (self.launched.stdout, self.launched.stderr):
            os.close(pipe)


@contextlib.contextmanager
def bare_child(script: str, **environment: str) -> Iterator[BareChild]:
    child = BareChild(script, environment)
    try:
        yield child
    finally:
        child.close()


def records(output: bytes) -> list[str]:
    """Return the texts that were logged to stdout, in order."""
    import json

    found: list[Any] = [json.loads(part.partition("\n")[0]) for part in output.decode().split(MARKER)[1:]]
    return [text for *_, text in found]

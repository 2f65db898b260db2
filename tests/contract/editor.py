"""
An editor that listens for a program which dials it: debugpy's adapter, asked over the Debug Adapter Protocol.

It knows one session, breakpoints and where a thread stands. It starts no program; `ServerProcess` does.
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, NamedTuple

from .command import PATIENCE_S


class Place(NamedTuple):
    """Where a thread has stopped."""

    function: str
    line: int


class ListeningEditor:
    """Listens on `port` from the start of the `with` block to its end."""

    port: int

    def __enter__(self) -> ListeningEditor:  # noqa: PYI034  # no subclasses
        words = [sys.executable, "-m", "debugpy.adapter"]
        self._adapter = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._heard: queue.Queue[dict[str, Any]] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._sent = 0
        self._ask("initialize", adapterID="debugpy", pathFormat="path", linesStartAt1=True)
        self._send("attach", listen={"host": "127.0.0.1", "port": 0})
        self.port = self._event("debugpyWaitingForServer")["port"]
        return self

    def __exit__(self, *error: object) -> None:
        self._adapter.kill()
        self._adapter.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        for pipe in (self._adapter.stdin, self._adapter.stdout):
            assert pipe is not None
            pipe.close()

    def set_breakpoints(self, path: Path, *lines: int) -> None:
        """Wait for the program to dial, give it the breakpoints of a file, and let it go on."""
        self._event("initialized")
        self._ask("setBreakpoints", source={"path": str(path)}, breakpoints=[{"line": line} for line in lines])
        self._ask("configurationDone")

    def pass_breakpoint(self) -> Place:
        """Wait until a thread stops, let it go on, and say where it was."""
        thread = self._event("stopped")["threadId"]
        frame = self._ask("stackTrace", threadId=thread)["stackFrames"][0]
        self._ask("continue", threadId=thread)
        return Place(frame["name"], frame["line"])

    def _ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        self._send(command, **arguments)
        return self._next("response", command)

    def _event(self, name: str) -> dict[str, Any]:
        return self._next("event", name)

    def _send(self, command: str, **arguments: Any) -> None:
        self._sent += 1
        message = {"seq": self._sent, "type": "request", "command": command, "arguments": arguments}
        data = json.dumps(message).encode()
        assert self._adapter.stdin is not None
        self._adapter.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
        self._adapter.stdin.flush()

    def _next(self, kind: str, name: str) -> dict[str, Any]:
        """Return the body of the next message of that kind and name; those before it are of no interest."""
        while True:
            message = self._heard.get(timeout=PATIENCE_S)
            if (message["type"], message.get("event" if kind == "event" else "command")) == (kind, name):
                assert message.get("success", True), message
                body: dict[str, Any] = message.get("body") or {}
                return body

    def _read(self) -> None:
        assert self._adapter.stdout is not None
        while head := self._adapter.stdout.readline():
            length = int(head.partition(b":")[2])
            self._adapter.stdout.readline()
            self._heard.put(json.loads(self._adapter.stdout.read(length)))

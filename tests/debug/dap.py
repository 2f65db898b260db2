"""
An editor, as far as the Debug Adapter Protocol goes: attaches, follows child sessions as VS Code does, sets its breakpoints in each.

Written from the protocol's specification (microsoft.github.io/debug-adapter-protocol, 1.6x) and debugpy's documented events.
"""

from __future__ import annotations

import json
import queue
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

PATIENCE_S = 10.0


@dataclass
class Stop:
    """A thread that stands still: where, why, and in whose session."""

    session: Session
    thread: int
    reason: str
    frames: list[dict[str, Any]]
    text: str = ""

    @property
    def line(self) -> int:
        """Where it is, counted from 1."""
        return int(self.frames[0]["line"])

    @property
    def path(self) -> str:
        """The file, as the editor knows it."""
        return str(self.frames[0]["source"]["path"])

    @property
    def function(self) -> str:
        """Whose code it is."""
        return str(self.frames[0]["name"])

    def variables(self, frame: int = 0) -> dict[str, str]:
        """Return the local variables of a frame, each as it is shown."""
        scopes = self.session.request("scopes", frameId=self.frames[frame]["id"])["scopes"]
        shown = self.session.request("variables", variablesReference=scopes[0]["variablesReference"])
        return {variable["name"]: variable["value"] for variable in shown["variables"]}

    def evaluate(self, expression: str) -> str:
        """Return what an expression is in the topmost frame."""
        answer = self.session.request("evaluate", expression=expression, frameId=self.frames[0]["id"], context="repl")
        return str(answer["result"])

    def go_on(self) -> None:
        """Let it run."""
        self.session.request("continue", threadId=self.thread)

    def step(self) -> None:
        """Let it run to the next line."""
        self.session.request("next", threadId=self.thread)


class Session:
    """One connection to a debug adapter."""

    def __init__(
        self,
        editor: Editor,
        reader: IO[bytes],
        writer: IO[bytes],
        hang_up: Callable[[], Any],
        name: str = "root",
    ) -> None:
        self.name = name
        self._hang_up = hang_up
        self.pid: int | None = None
        self.is_set_up = False
        self._is_leaving = False
        self.is_launched = False  # its end is the end of the program
        self.events: list[dict[str, Any]] = []
        self.is_over = threading.Event()
        self._editor = editor
        self._reader, self._writer = reader, writer
        self._lock = threading.Lock()
        self._number = 0
        self._answers: dict[int, queue.Queue[dict[str, Any]]] = {}
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def request(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Ask and wait for the answer's body; AssertionError when the adapter refuses."""
        return self.finish(self.begin(command, **arguments))

    def begin(self, command: str, **arguments: Any) -> tuple[str, int]:
        """Ask; `finish` waits."""
        with self._lock:
            self._number += 1
            number = self._number
            self._answers[number] = queue.Queue()
            message = {"seq": number, "type": "request", "command": command, "arguments": arguments}
            data = json.dumps(message).encode()
            self._writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
            self._writer.flush()
        return command, number

    def finish(self, asked: tuple[str, int]) -> dict[str, Any]:
        """Wait for the answer of a request."""
        command, number = asked
        answer = self._answers[number].get(timeout=PATIENCE_S)
        assert answer.get("success"), f"{command}: {answer.get('message')}"
        body: dict[str, Any] = answer.get("body") or {}
        return body

    def attach(self, arguments: dict[str, Any]) -> None:
        """Do what an editor does from `initialize` to `configurationDone`."""
        self.request("initialize", clientID="vscode", adapterID="debugpy", pathFormat="path", linesStartAt1=True)
        asked = self.begin("attach", **arguments)
        self._editor.until(lambda: self.told("initialized") or self._is_answered(asked), "initialized")
        if not self.told("initialized"):
            self.finish(asked)  # it is refused, or had ended before we came
            return
        for path, lines in self._editor.breakpoints.items():
            self.set_breakpoints(path, lines)
        self.request("setExceptionBreakpoints", filters=self._editor.exception_filters)
        self.request("configurationDone")
        self.finish(asked)
        self.is_set_up = True

    def _is_answered(self, asked: tuple[str, int]) -> bool:
        return not self._answers[asked[1]].empty()

    def set_breakpoints(self, path: str, lines: Iterable[int | dict[str, Any]]) -> None:
        """Set those of one file; the ones before are gone."""
        wanted = [line if isinstance(line, dict) else {"line": line} for line in lines]
        self.request("setBreakpoints", source={"path": path}, breakpoints=wanted)

    def told(self, event: str) -> list[dict[str, Any]]:
        """Return the bodies of the events of a kind so far."""
        return [one.get("body") or {} for one in list(self.events) if one["event"] == event]

    @property
    def output(self) -> str:
        """What the program has said, as far as the editor has heard."""
        return "".join(body["output"] for body in self.told("output"))

    def leave(self) -> None:
        """Detach, and let what stands still run."""
        if not self._is_leaving and not self.is_over.is_set():
            self._is_leaving = True
            with _hidden():
                self.request("disconnect", terminateDebuggee=self.is_launched)

    def close(self) -> None:
        """Vanish without a word."""
        with _hidden():
            self._hang_up()
        self._thread.join(PATIENCE_S)

    def _read(self) -> None:
        with _hidden():
            while message := self._message():
                if message["type"] == "response":
                    self._answers[message["request_seq"]].put(message)
                elif message["type"] == "event":
                    self.events.append(message)
                    self._editor.heard(self, message)
        for close in (self._hang_up, self._reader.close, self._writer.close):
            with _hidden():
                close()
        for answers in self._answers.values():
            answers.put({"success": False, "message": "the adapter has hung up"})
        self.is_over.set()

    def _message(self) -> dict[str, Any] | None:
        length = 0
        while line := self._reader.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name == b"Content-Length" else length
        return json.loads(self._reader.read(length)) if length else None


class Editor:
    """Breakpoints, and the sessions that have them. Use as a context."""

    def __init__(self) -> None:
        self.breakpoints: dict[str, list[Any]] = {}
        self.exception_filters: list[str] = []
        self.sessions: list[Session] = []
        self.follows = True
        self._stops: queue.Queue[tuple[Session, dict[str, Any]]] = queue.Queue()

    def attach(self, port: int, /, **arguments: Any) -> Session:
        """
        Attach to a listening debug port, as F5 does; `arguments` are those of the launch entry.

        Waits for it to listen.
        """
        self.until(lambda: _listens(port), f"listening on port {port}")
        place = {} if "port" in arguments else {"connect": {"host": "127.0.0.1", "port": port}}
        session = self._connect(port)
        session.attach({"name": "attach", "type": "debugpy", "request": "attach", **place, **arguments})
        return session

    def listen(self, port: int, **arguments: Any) -> Session:
        """Listen for a program that dials out (`debugpy.connect`), as a launch entry with "listen" does."""
        session = self._adapter_of_our_own()
        listening = threading.Thread(
            target=session.attach,
            args=[{"name": "listen", "type": "debugpy", "listen": {"host": "127.0.0.1", "port": port}, **arguments}],
            daemon=True,
        )
        listening.start()
        self.until(lambda: session.told("debugpyWaitingForServer"), "listening")
        return session

    def launch(self, **arguments: Any) -> Session:
        """Launch a program under the debugger, as F5 on a launch entry does."""
        session = self._adapter_of_our_own()
        session.is_launched = True
        session.request("initialize", clientID="vscode", adapterID="debugpy", pathFormat="path", linesStartAt1=True)
        entry = {"name": "launch", "type": "debugpy", "request": "launch", "console": "internalConsole", **arguments}
        asked = session.begin("launch", **entry)
        self.until(lambda: session.told("initialized"), "initialized")
        for path, lines in self.breakpoints.items():
            session.set_breakpoints(path, lines)
        session.request("setExceptionBreakpoints", filters=self.exception_filters)
        session.request("configurationDone")
        session.finish(asked)
        return session

    def set_breakpoints(self, path: str | Path, *lines: int | dict[str, Any]) -> None:
        """Set the breakpoints of a file, in each session there is and will be."""
        self.breakpoints[str(path)] = list(lines)
        for session in self.sessions:
            if not session.is_over.is_set():
                session.set_breakpoints(str(path), lines)

    def stopped(self, patience_s: float = PATIENCE_S) -> Stop:
        """Wait for a thread to stop, and say where it is."""
        try:
            session, body = self._stops.get(timeout=patience_s)
        except queue.Empty:
            raise AssertionError(f"nothing has stopped within {patience_s:g} s:\n{self._told()}") from None
        frames = session.request("stackTrace", threadId=body["threadId"])["stackFrames"]
        return Stop(session, body["threadId"], body["reason"], frames, body.get("text") or "")

    @property
    def debugged(self) -> set[int]:
        """The pids of processes that have our breakpoints."""
        return {session.pid for session in self.sessions if session.is_set_up and session.pid}

    @property
    def children(self) -> list[Session]:
        """The sessions of workers that go on."""
        return [session for session in self.sessions[1:] if not session.is_over.is_set()]

    def until(self, look: Callable[[], Any], what: str) -> bool:
        """Wait until a look succeeds."""
        deadline, pause = time.monotonic() + PATIENCE_S, threading.Event()
        while not look():
            assert time.monotonic() < deadline, f"not {what} within {PATIENCE_S:.0f} s"
            pause.wait(0.005)
        return True

    def disconnect(self) -> None:
        """Detach all sessions, and let what stands still run."""
        for session in reversed(self.sessions):
            session.leave()

    def vanish(self) -> None:
        """Close all connections without a word, as an editor that is killed does."""
        for session in self.sessions:
            session.close()

    def heard(self, session: Session, message: dict[str, Any]) -> None:
        """An event has come; called by a session's thread."""
        body = message.get("body") or {}
        if message["event"] == "stopped":
            self._stops.put((session, body))
        elif message["event"] == "terminated":
            threading.Thread(target=session.leave, daemon=True).start()
        elif message["event"] == "debugpyAttach" and self.follows:
            threading.Thread(target=self._follow, args=[body], daemon=True).start()

    def _adapter_of_our_own(self) -> Session:
        process = subprocess.Popen(
            [sys.executable, "-m", "debugpy.adapter"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert process.stdin is not None
        assert process.stdout is not None
        self._adapter = process
        session = Session(self, process.stdout, process.stdin, process.kill)
        self.sessions.append(session)
        return session

    def _told(self) -> str:
        """All that happened, for whoever wonders why something did not."""
        lines = []
        for session in self.sessions:
            lines += [f"{session.name}: {event['event']} {event.get('body')}" for event in session.events]
        return "\n".join(lines)

    def _follow(self, body: dict[str, Any]) -> None:
        session = self._connect(body["connect"]["port"], body["name"])
        session.pid = body["subProcessId"]
        with _hidden():
            session.attach(body)

    def _connect(self, port: int, name: str = "root") -> Session:
        connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        connection.settimeout(None)

        def hang_up() -> None:
            with connection:
                connection.shutdown(socket.SHUT_RDWR)

        session = Session(self, connection.makefile("rb"), connection.makefile("wb"), hang_up, name)
        self.sessions.append(session)
        return session

    def __enter__(self) -> Editor:  # noqa: PYI034  # no subclasses
        return self

    def __exit__(self, *error: object) -> None:
        self.disconnect()
        self.vanish()
        if adapter := getattr(self, "_adapter", None):
            adapter.kill()
            adapter.wait()


def _listens(port: int) -> bool:
    """Look without knocking: an editor that came and went would count as one."""
    wanted = f":{port:04X}"
    lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    return any(fields[1].endswith(wanted) and fields[3] == "0A" for fields in map(str.split, lines))


class _hidden:  # noqa: N801
    """Whatever an end brings: the adapter may be gone."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> bool:
        return kind is not None and issubclass(kind, (OSError, ValueError, AssertionError, queue.Empty))

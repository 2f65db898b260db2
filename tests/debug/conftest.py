"""A deployment with a debug port, served in this process, and whoever sits before it: clients that ask, an editor that attaches."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import amlemu
import httpx
import pytest
from amlemu.debugging import DebugRules
from amlemu.events import DebuggerAttached, DebuggerLeft, WorkerReady
from amlemu.exchange import Exchange
from amlemu.reload import ReloadRules

from ..served import PATIENCE_S, Served
from .dap import Editor, Session

MODEL = """
    import json

    def init():
        global model
        model = 3
        return model

    def run(data):
        x = json.loads(data)["x"]
        y = x * model
        return {"y": y}
"""
INIT, RUN = 5, 10
"""The lines of MODEL where `init()` has set the model, and where `run()` is about to use it."""


class Desk(Served):
    """One script under debug."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.editor = Editor()
        self._pool = ThreadPoolExecutor(4)

    def write(self, text: str = MODEL) -> None:
        """Save the script."""
        self.save("score.py", text)

    def serve(self, text: str = MODEL, *, rules: DebugRules | None = None, **options: Any) -> None:
        """Write the script and start it; without rules it listens on a free port."""
        self.write(text)
        self.begin(rules=rules, **options).result(PATIENCE_S)

    def begin(self, *, rules: DebugRules | None = None, **options: Any) -> Future[None]:
        """Start in a thread: a breakpoint in init() holds it, and one that holds it for ever holds nobody else."""
        options = {"grace_s": 1.0, "reload": ReloadRules(is_on=True), **options}
        rules = DebugRules(port=0) if rules is None else rules

        started: Future[None] = Future()

        def start() -> None:
            try:
                self.endpoint = amlemu.serve(self.script, debug=rules, **options)
            except BaseException as error:
                started.set_exception(error)
            else:
                started.set_result(None)

        threading.Thread(target=start, daemon=True).start()
        return started

    @property
    def port(self) -> int:
        """Where editors attach."""
        return int(self.endpoint.opening.debugger.rpartition(":")[2])

    def attach(self, *lines: int, **entry: Any) -> Session:
        """Set breakpoints in the script and press F5; returns when the worker that serves has them."""
        self.editor.set_breakpoints(self.script, *lines)
        entry = {**entry, "port": self.port} if "port" in entry else entry
        session = self.editor.attach(self.port, **entry)
        self.followed()
        return session

    def detach(self) -> None:
        """Leave, and be gone."""
        self.editor.disconnect()
        self.editor.vanish()
        self.editor.sessions.clear()
        self.until(lambda: len(self.told(DebuggerLeft)) == len(self.told(DebuggerAttached)), "left")

    def followed(self) -> None:
        """Wait until the newest worker is debugged."""
        pid = self.told(WorkerReady)[-1].pid
        self.until(lambda: pid in self.editor.debugged, f"debugging of {pid}")

    def ask(self, x: Any = 5, *, url: str = "") -> Future[httpx.Response]:
        """Send a request from another thread; `url` is needed as long as nothing serves."""
        url = f"{url or self.endpoint.url}/score"
        return self._pool.submit(httpx.post, url, json={"x": x}, timeout=3 * PATIENCE_S, trust_env=False)

    def get(self, path: str) -> Future[httpx.Response]:
        """The same without a body."""
        return self._pool.submit(httpx.get, f"{self.endpoint.url}{path}", timeout=3 * PATIENCE_S, trust_env=False)

    def exchange(self, number: int = 1) -> Exchange:
        """Return an exchange, which is recorded a moment after its client has been answered."""
        found = lambda: [one for one in self.endpoint.exchanges if one.number == number]  # noqa: E731
        self.until(found, f"recording of {number}")
        return found()[0]

    def close(self) -> None:
        """End the editor, then the server."""
        self.editor.__exit__()
        if hasattr(self, "endpoint"):
            self.endpoint.stop()
        self._pool.shutdown()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Return a desk, and clear it."""
    desk = Desk(tmp_path / "code")
    yield desk
    desk.close()

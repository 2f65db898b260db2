"""A container of the inference server with a debug port, and the editor before it."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
from amlemu_harness.engine import Engine

from ..debug.dap import Editor, Session
from ..free_port import free_port

PATIENCE_S = 30.0
LISTENS, READY = "the debugger listens on", "ready for serving traffic"


class Desk:
    """A container by its name, where its ports are on this machine, and an editor."""

    def __init__(self, engine: Engine, name: str, port: int, debug_port: int) -> None:
        self.container = engine.client.containers.get(name)
        self.url = f"http://127.0.0.1:{port}/score"
        self.debug_port = debug_port
        self.editor = Editor()
        self._pool = ThreadPoolExecutor(2)

    def log(self) -> str:
        """All that it has said, since it was made."""
        return str(self.container.logs().decode())

    def until_said(self, words: str, times: int = 1) -> None:
        """Wait until words are in the log, so many times."""
        self.until(lambda: self.log().count(words) >= times, words)

    def until(self, look: Callable[[], Any], what: str) -> None:
        """Wait until a look succeeds."""
        deadline, pause = time.monotonic() + PATIENCE_S, threading.Event()
        while not look():
            assert time.monotonic() < deadline, f"not {what} within {PATIENCE_S:.0f} s:\n{self.log()}"
            pause.wait(0.1)

    def attach(self, folder: Path, script: str, *words: str, remote: str = "/var/azureml-app") -> Session:
        """Set breakpoints at lines with these words, and press F5: the launch entry of the 2020 page, with `folder` as the workspace."""
        lines = [
            number
            for number, line in enumerate((folder / script).read_text().splitlines(), 1)
            if any(word in line for word in words)
        ]
        self.editor.set_breakpoints(folder / script, *lines)
        mappings = [{"localRoot": str(folder), "remoteRoot": remote}]
        return self.editor.attach(self.debug_port, host="localhost", port=self.debug_port, pathMappings=mappings)

    def ask(self, **body: Any) -> Future[httpx.Response]:
        """Score in another thread."""
        return self._pool.submit(httpx.post, self.url, json=body, timeout=PATIENCE_S, trust_env=False)

    def named(self, line: str) -> str:
        """Return a printed line with this container's name in the place of `debug`, which somebody may have."""
        return re.sub(r"^(docker \S+ (?:-it )?)debug\b", rf"\g<1>{self.container.name}", line)

    def detach(self) -> None:
        """Leave, and be gone."""
        self.editor.disconnect()
        self.editor.vanish()
        self.editor.sessions.clear()

    def close(self) -> None:
        """End the editor; the container is whoever's has made it."""
        self.editor.__exit__()
        self._pool.shutdown()


@contextlib.contextmanager
def running(engine: Engine, image: str, mounts: Mapping[str, Path], variables: Mapping[str, str]) -> Iterator[Desk]:
    """Run a container that is removed at the end."""
    port, debug_port = free_port(), free_port()
    made = engine.client.containers.run(
        image,
        detach=True,
        environment=dict(variables),
        volumes={str(source): {"bind": target, "mode": "ro"} for target, source in mounts.items()},
        ports={"5001/tcp": ("127.0.0.1", port), "5678/tcp": ("127.0.0.1", debug_port)},
        labels={"dev.amlemu": "tests"},
    )
    desk = Desk(engine, made.name, port, debug_port)
    try:
        yield desk
    finally:
        desk.close()
        made.remove(force=True, v=True)

"""Served deployments: started when a case asks for one, kept until another one is wanted."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import amlemu
from amlemu.credentials import KeyFile, make_token
from amlemu.exchange import Exchange

from .caller import PATIENCE_S, Received
from .case import Deployment

SCRIPTS = Path(__file__).with_name("scripts")
PRIMARY, SECONDARY = "primary-key-for-tests", "secondary-key-for-tests"
_LOOK_AGAIN_S = 0.005


class Place:
    """A deployment that is being served from a folder of its own."""

    def __init__(self, folder: Path, deployment: Deployment) -> None:
        self._folder = folder
        self._calls, self._gate, self._port = folder / "calls", folder / "gate", folder / "port"
        self._calls.touch()
        shutil.copy(SCRIPTS / deployment.script, folder / "score.py")
        self._options: dict[str, Any] = {
            "profile": deployment.profile,
            "settings": dict(deployment.settings),
            "auth": deployment.auth,
            "keys": (PRIMARY, SECONDARY),
            "endpoint_name": "credit",
            "env": {"CALLS": str(self._calls), "GATE": str(self._gate), "PORT": str(self._port)},
            "grace_s": 2.0,
        }
        if deployment.is_started:
            self._serve()
            self.port = self.endpoint.port
        else:
            self._gate.touch()
            self._thread = threading.Thread(target=self._serve)
            self._thread.start()
            try:
                self._wait(self._port.exists, "in init()")
            except BaseException:
                self._gate.unlink()
                raise
            self.port = int(self._port.read_text(encoding="ascii"))

    def calls(self, word: str) -> int:
        """Count the calls of run() that have begun (`called`) or ended (`finished`)."""
        return self._calls.read_text(encoding="ascii").split().count(word)

    def token(self, minutes: float) -> str:
        """Return a token of this endpoint."""
        return str(make_token(KeyFile(self._folder / ".amlemu").keys(), minutes)["accessToken"])

    @contextmanager
    def gate_shut(self) -> Iterator[None]:
        """Calls that wait do so until the end of the block."""
        self._gate.touch()
        try:
            yield
        finally:
            self._gate.unlink()

    def start(self) -> None:
        """Let init() return, and wait until the endpoint is known."""
        self._gate.unlink(missing_ok=True)
        if not hasattr(self, "endpoint"):
            self._thread.join(PATIENCE_S)

    def exchange(self, received: Received) -> Exchange:
        """Return the record of an answer, which is written when the caller has it already."""
        found: list[Exchange] = []

        def look() -> bool:
            recent = [one for one in self.endpoint.exchanges if one.started_at >= received.since]
            found[:] = [one for one in recent if one.request.client[1] == received.port]
            return len(found) >= received.number

        self._wait(look, "on record")
        return found[received.number - 1]

    def stop(self) -> None:
        """Serve no longer."""
        self.start()
        self.endpoint.stop()

    def _serve(self) -> None:
        self.endpoint = amlemu.serve(self._folder / "score.py", **self._options)

    def _wait(self, look: Any, what: str) -> None:
        pause = threading.Event()
        for _ in range(round(PATIENCE_S / _LOOK_AGAIN_S)):
            if look():
                return
            pause.wait(_LOOK_AGAIN_S)
        raise AssertionError(f"not {what} within {PATIENCE_S:.0f} s")


class Places:
    """The one that is being served now; another one takes its place."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = 0
        self._now: tuple[Deployment, Place] | None = None

    def __call__(self, deployment: Deployment) -> Place:
        """Return a deployment that is served."""
        if self._now is None or self._now[0] != deployment or not deployment.is_started:
            self.stop()
            self._number += 1
            folder = self._folder / str(self._number)
            folder.mkdir()
            self._now = (deployment, Place(folder, deployment))
        return self._now[1]

    def stop(self) -> None:
        """Stop it."""
        if self._now is not None:
            self._now[1].stop()
            self._now = None

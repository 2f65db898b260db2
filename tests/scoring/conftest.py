"""A scoring app in this process, in the world of a worker, for the length of one test."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from amlemu.backends.world import World
from amlemu.exchange import Request, Response
from amlemu.scoring.app import ScoringApp


class Server:
    """Boots scripts in the test's folder; `said` is what they and the server said: (logger, level, text)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[tuple[str, str, str]] = []
        self._apps: list[ScoringApp] = []

    def boot(self, script: str | None, **environment: str) -> ScoringApp:
        """Write score.py (None: there is none), boot it and return the app; raises BootFault."""
        if script is not None:
            (self.folder / "score.py").write_text(textwrap.dedent(script).lstrip("\n"), encoding="utf-8")
        own = {"AML_APP_ROOT": str(self.folder), "AZUREML_ENTRY_SCRIPT": str(self.folder / "score.py")}
        self._apps.append(ScoringApp({**own, **environment}))
        self._apps[-1].boot()
        return self._apps[-1]

    def texts(self, logger: str = "") -> list[str]:
        """Return what was said on a logger, or on all of them."""
        return [text for name, _, text in self.said if name.startswith(logger)]

    def close(self) -> None:
        for app in self._apps:
            app.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Enter a worker's world: folder, variables, print and loggers are the script's until the test ends."""
    made = Server(tmp_path)
    variables = {"PATH": os.environ["PATH"], "HTTP_X_MS_SERVER_VERSION": "azmlinfsrv/1.5.1"}
    with World(tmp_path, variables, lambda record, text: made.said.append((record.name, record.levelname, text))):
        yield made
        made.close()


@pytest.fixture
def post() -> Callable[..., Response]:
    """Send `data` to an app's /score, as JSON."""

    def post(app: ScoringApp, data: str | bytes = "", content_type: str = "application/json") -> Response:
        body = data.encode() if isinstance(data, str) else data
        headers = [("Content-Type", content_type), ("Content-Length", str(len(body)))]
        return app.handle(Request("POST", "/score", headers, body))

    return post

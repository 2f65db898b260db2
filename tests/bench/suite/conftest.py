"""
A project's tests, as the benchmark runs them: with the fixtures, or (`--server URL`) with httpx and a server that runs.

Figures are medians, written as JSON at the end. `fixtures.py` starts pytest here; the tests' files do not begin with test_,
so that nobody else collects them.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

_setups = pytest.StashKey[list[float]]()
_figures = pytest.StashKey[dict[str, float]]()


class Asked:
    """The server of `--server`, asked as people do who have no fixtures."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, trust_env=False)
        self.close = self._client.close

    def run(self, body: str) -> Any:
        return self._client.post("/score", content=body, headers={"Content-Type": "application/json"}).json()

    score = run


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--figures", type=Path)
    parser.addoption("--server", default="")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_setups] = []
    config.stash[_figures] = {}


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Iterator[Asked | None]:
    url = request.config.getoption("--server")
    asked = Asked(url) if url else None
    yield asked
    if asked is not None:
        asked.close()


@pytest.fixture
def script(request: pytest.FixtureRequest, server: Asked | None) -> Any:
    return server or request.getfixturevalue("scoring_script")


@pytest.fixture
def client(request: pytest.FixtureRequest, server: Asked | None) -> Any:
    return server or request.getfixturevalue("scoring_client")


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> dict[str, float]:
    return request.config.stash[_figures]


@pytest.fixture(scope="session")
def timed() -> Callable[[Callable[[], object], int], float]:
    """Median microseconds of so many calls, warmed up."""

    def timed(call: Callable[[], object], calls: int) -> float:
        took = []
        for _ in range(calls // 10 + calls):
            began = time.perf_counter_ns()
            call()
            took.append(time.perf_counter_ns() - began)
        return statistics.median(took[calls // 10 :]) / 1e3

    return timed


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    if call.when == "setup" and "again" in item.name:
        item.config.stash[_setups].append(call.duration * 1e3)
    return (yield)


def pytest_sessionfinish(session: pytest.Session) -> None:
    path, found = session.config.getoption("--figures"), session.config.stash[_figures]
    if setups := session.config.stash[_setups]:
        found["setup_ms"] = statistics.median(setups)
    if path is not None:
        path.write_text(json.dumps(found))

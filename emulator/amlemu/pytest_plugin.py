"""
Fixtures for tests of scoring scripts. pytest finds this by its entry point; all that is heavy is imported where it is used.

    @pytest.mark.amlemu(script="../src/score.py")
    def test_scores(scoring_client):
        assert scoring_client.score({"data": [[1, 2]]}) == [3]

`testing/` does the work: this file has the options, the marker, the fixtures, and says when a test is over.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from amlemu.testing.client import AsyncScoringClient, ScoringClient
    from amlemu.testing.loaded import LoadedScript
    from amlemu.testing.snapshots import Snapshot
    from amlemu.testing.warm import Warm

_INI = {
    "amlemu_script": "The scoring script of tests that name none; relative to this file.",
    "amlemu_deployment": "The same as one of Azure's files: deployment.yml, endpoint.yml ...",
    "amlemu_model_dir": "The folder that AZUREML_MODEL_DIR names.",
    "amlemu_profile": "Which cloud answers: managed, kubernetes, aks, bare ...",
    "amlemu_target": "Where scripts run: inprocess, worker, container, or a URL.",
}
_MARKER = "amlemu(script, deployment, model_dir, profile, target, ...): what scoring_script, scoring_client and make_endpoint serve"
_SHOWN = 3  # exchanges beside a failure that does not tell of them
# As it was before pytest and its plugins put folders of tests on it. In the cloud nobody does, so a script shall not find them.
_IMPORT_PATH = [entry for entry in sys.path if entry not in ("", os.getcwd())]
_warm = pytest.StashKey["Warm"]()
_clients = pytest.StashKey["list[ScoringClient]"]()
_has_passed = pytest.StashKey[bool]()


@dataclass
class _Kept:
    """Snapshots of this session: answers of each test by its name by test file, and what was written of them."""

    taken: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)
    is_whole: bool = True


_kept = pytest.StashKey[_Kept]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ours."""
    group = parser.getgroup("amlemu", "scoring scripts")
    group.addoption(
        "--amlemu-target",
        metavar="TARGET",
        default="",
        help="where scoring scripts run: inprocess (default), worker, container, or the URL of an endpoint,"
        " whose key is read from AMLEMU_KEY. A test that is marked with a higher one keeps it.",
    )
    group.addoption("--amlemu-profile", metavar="NAME", default="", help="which cloud answers, whatever tests say")
    group.addoption("--amlemu-update", action="store_true", help="keep today's answers as snapshots")
    for name, text in _INI.items():
        parser.addini(name, text, default="")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known; an option that is none is said before anything runs."""
    config.addinivalue_line("markers", _MARKER)
    config.stash[_kept] = _Kept()
    if config.option.amlemu_target or config.option.amlemu_profile:
        from amlemu.errors import UsageError
        from amlemu.testing.choice import check_profile, check_target

        try:
            check_target(config.option.amlemu_target, "--amlemu-target")
            check_profile(config.option.amlemu_profile, "--amlemu-profile")
        except UsageError as error:
            raise pytest.UsageError(str(error)) from None


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say where scripts run, if somebody has said so."""
    target, profile = config.option.amlemu_target, config.option.amlemu_profile
    words = [f"target {target}" if target else "", f"profile {profile}" if profile else ""]
    return f"amlemu: {', '.join(filter(None, words))}" if any(words) else None


# Fixtures


@pytest.fixture(scope="session")
def _amlemu_warm(request: pytest.FixtureRequest) -> Iterator[Warm]:
    """All scripts and endpoints of this session."""
    from amlemu.testing.warm import Warm

    warm = request.config.stash[_warm] = Warm(_IMPORT_PATH, lambda text: _say(request.config, text))
    yield warm
    del request.config.stash[_warm]
    warm.close()


@pytest.fixture
def scoring_script(request: pytest.FixtureRequest, _amlemu_warm: Warm) -> Iterator[LoadedScript]:
    """The script in this process, `init()` done: `scoring_script.run(payload)` returns what `run()` returned."""
    from amlemu.testing import asking

    with contextlib.ExitStack() as ends:
        yield asking.script(request, _amlemu_warm, ends)


@pytest.fixture
def make_endpoint(request: pytest.FixtureRequest, _amlemu_warm: Warm) -> Iterator[Callable[..., ScoringClient]]:
    """
    Return clients of endpoints: `make_endpoint(profile="kubernetes", env={"MODE": "strict"})`.

    What is not said is what the test's marker says. Equal ones share a script or workers, which stay until the session ends.
    """
    from amlemu.testing import asking
    from amlemu.testing.client import ScoringClient

    clients = request.node.stash[_clients] = []
    with contextlib.ExitStack() as ends:

        def make(*places: object, **arguments: Any) -> ScoringClient:
            if places:
                pytest.fail(f"amlemu: make_endpoint takes arguments by name: script={places[0]!r}", pytrace=False)
            client = ScoringClient(asking.host(request, _amlemu_warm, arguments, ends))
            clients.append(client)
            ends.callback(client.close)
            return client

        yield make


@pytest.fixture
def scoring_client(make_endpoint: Callable[..., ScoringClient]) -> ScoringClient:
    """An `httpx.Client` on the test's endpoint, with `score`, `exchanges` and `last`."""
    return make_endpoint()


@pytest.fixture
def async_scoring_client(make_endpoint: Callable[..., ScoringClient]) -> AsyncScoringClient:
    """The same as an `httpx.AsyncClient`."""
    return make_endpoint().asynchronous()


@pytest.fixture
def scoring_snapshot(request: pytest.FixtureRequest) -> Iterator[Snapshot]:
    """Compares answers with those in the file beside the test: `scoring_snapshot(response)`; --amlemu-update keeps them anew."""
    from amlemu.testing.snapshots import Snapshot, SnapshotFile

    name = request.node.nodeid.partition("::")[2]
    updates = request.config.option.amlemu_update
    snapshot = Snapshot(SnapshotFile(request.path), name, updates=updates)
    yield snapshot
    if updates and request.node.stash.get(_has_passed, False):  # what a failing one has not come to is still right
        request.config.stash[_kept].taken.setdefault(str(request.path), {})[name] = snapshot.taken


# What happens around a test


def _say(config: pytest.Config, text: str) -> None:
    """Show a step that takes its time, though output is captured."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    capture = config.pluginmanager.get_plugin("capturemanager")
    if terminal is None:
        return
    with capture.global_and_fixture_disabled() if capture is not None else contextlib.nullcontext():
        terminal.ensure_newline()
        if terminal.currentfspath is None:  # -q: dots alone, which it does not end
            terminal.write("\n")
        terminal.write_line(f"amlemu: {text}")


@pytest.hookimpl(hookwrapper=True)  # which all versions of pytest understand
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    """Put the last exchanges beside a failure that does not tell of them itself."""
    outcome = yield
    report = outcome.get_result()
    if report.when == "call":
        item.stash[_has_passed] = report.passed
    if report.when == "call" and report.failed and _clients in item.stash:
        from amlemu.testing.troubles import beside

        text = beside([client.memory for client in item.stash[_clients]], report, _SHOWN)
        if text:
            report.sections.append(("amlemu: the last requests", text))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, Any, None]:
    """Give the process its world back when all fixtures of the test are done."""
    yield
    warm = item.config.stash.get(_warm, None)
    if warm is not None:
        warm.rest()


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Note that tests are left out: what is kept of them is not of tests that are gone."""
    if items:
        items[0].config.stash[_kept].is_whole = False


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the snapshots; a worker of xdist hands them to whoever has started it."""
    if session.config.option.amlemu_update:
        from amlemu.testing import keeping

        kept = session.config.stash[_kept]
        is_whole = kept.is_whole and not getattr(session.config.option, "lf", False)
        kept.written = keeping.finish(session, kept.taken, is_whole=is_whole)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say what was written."""
    for line in config.stash[_kept].written:
        terminalreporter.write_line(f"amlemu: {line}")


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take the snapshots of a worker of xdist."""
    text = getattr(node, "workeroutput", {}).get("amlemu_snapshots")
    if text:
        from amlemu.testing import keeping

        keeping.take(node.config.stash[_kept].taken, text)

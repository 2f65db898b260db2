"""Crosses targets with cases: ids `target-case`, skips by declared capability, exemptions as strict expected failures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from .ahead import Ahead
from .alive import Alive, Place
from .case import Boot, Case, Log
from .cases import BOOTS, CASES, LOGS
from .exemptions import exemption_of
from .starts import Outcome, run_start
from .targets import MISSING, REAL, TARGETS, WORKER, Target

NEVER_AWAITED = ("async-init", "async-run", "returns-coroutine")  # Python warns of it, in process the warning is ours
TABLES: dict[str, Iterable[Case | Boot | Log]] = {"case": CASES, "boot": BOOTS, "log": LOGS}


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers of scenarios that are functions, not table rows."""
    config.addinivalue_line("markers", "rows(*names): the rows of the contract that the test holds")
    config.addinivalue_line("markers", "needs(*capabilities): what a target must be able to do for the test")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrise over targets, and over the table whose fixture the test asks for."""
    if "twin" in metafunc.fixturenames:
        marked = [pytest.param(boot, id=boot.id, marks=_marks(WORKER, boot.id, boot.needs)) for boot in BOOTS]
        metafunc.parametrize("twin", marked)
    if "target" not in metafunc.fixturenames:
        return
    for name, table in TABLES.items():
        if name in metafunc.fixturenames:
            entries = sorted(table, key=lambda entry: repr(entry.deployment))  # neighbours share a server
            pairs = [_pair(target, entry) for entry in entries for target in TARGETS]
            metafunc.parametrize(("target", name), pairs)
            return
    marker = metafunc.definition.get_closest_marker("needs")
    needs = marker.args if marker else ()
    name = metafunc.function.__name__
    metafunc.parametrize("target", [pytest.param(t, id=t.name, marks=_marks(t, name, needs)) for t in TARGETS])


def _pair(target: Target, entry: Case | Boot | Log) -> Any:
    return pytest.param(target, entry, id=f"{target.name}-{entry.id}", marks=_marks(target, entry.id, entry.needs))


def _marks(target: Target, name: str, needs: Iterable[str]) -> list[pytest.MarkDecorator]:
    """Skip what the target has declared it cannot do; expect the failure of what is exempted, and nothing else."""
    lacking = [need for need in needs if need not in target.capabilities]
    if lacking:
        return [pytest.mark.skip(reason=f"{target.name} {MISSING[lacking[0]]}")]
    exemption = exemption_of(name, target.name)
    if exemption:
        reason = f"{exemption.kind}: {exemption.reason} (since {exemption.since}; when this passes: no longer needed)"
        return [pytest.mark.xfail(strict=True, reason=reason)]
    if target.name == "inprocess" and name in NEVER_AWAITED:
        return [
            pytest.mark.filterwarnings(f"ignore:{words}") for words in ("coroutine", "Exception ignored in. <coroutine")
        ]
    return []


@pytest.fixture(scope="session")
def alive(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alive]:
    """Keep the servers of the session."""
    pairs = selected(request.session, "case")
    servers = Alive(tmp_path_factory.mktemp("alive"), [Place(target, case.deployment) for target, case in pairs])
    yield servers
    servers.stop()


@pytest.fixture(scope="session")
def outcome(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Target, Boot], Outcome]:
    """Run a start once, ahead of its tests."""
    root = tmp_path_factory.mktemp("boot")
    order = selected(request.session, "boot") + twins(request.session)
    runs = Ahead(lambda pair: run_start(*pair, root), order, distance=32, threads=6)
    return lambda target, boot: runs.get((target, boot))


def selected(session: pytest.Session, table: str) -> list[tuple[Target, Any]]:
    """Return the targets and entries of one table that this session will run, in its order."""
    return [(call["target"], call[table]) for call in _calls(session) if {"target", table} <= call.keys()]


def twins(session: pytest.Session) -> list[tuple[Target, Boot]]:
    """Return the starts that this session will compare, each on both sides."""
    return [(target, call["twin"]) for call in _calls(session) if "twin" in call for target in (REAL, WORKER)]


def _calls(session: pytest.Session) -> list[dict[str, Any]]:
    return [item.callspec.params for item in session.items if _will_run(item)]  # type: ignore[attr-defined]


def _will_run(item: pytest.Item) -> bool:
    return hasattr(item, "callspec") and not item.get_closest_marker("skip")

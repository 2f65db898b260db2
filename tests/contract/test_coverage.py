"""The tables against the list of rows: each row held by a case, each name known, ids that select what they say."""

from __future__ import annotations

from collections import Counter
from fnmatch import fnmatchcase

from . import test_several
from .case import Boot, Case, Log
from .cases import BOOTS, CASES, LOGS
from .exemptions import EXEMPTIONS
from .rows import NOT_HELD, ROWS
from .targets import TARGETS, ZOO

ENTRIES: tuple[Case | Boot | Log, ...] = (*CASES, *BOOTS, *LOGS)
SCENARIOS = {name: value for name, value in vars(test_several).items() if name.startswith("test_")}


def _held() -> Counter[str]:
    """Count the cases and scenarios of each row."""
    held = Counter(row for entry in ENTRIES for row in entry.rows)
    for scenario in SCENARIOS.values():
        held.update(row for mark in scenario.pytestmark if mark.name == "rows" for row in mark.args)
    return held


def test_each_row_is_held() -> None:
    """No row of the contract is without a case, unless it says why."""
    assert sorted(ROWS.keys() - _held() - NOT_HELD.keys()) == []


def test_each_row_is_known() -> None:
    """No case names a row that the list does not have."""
    assert sorted(_held().keys() - ROWS.keys()) == []


def test_rows_without_a_case_are_rows() -> None:
    """The reasons for rows without a case are for rows that exist and have none."""
    assert sorted(NOT_HELD.keys() - ROWS.keys()) == []
    assert sorted(NOT_HELD.keys() & _held()) == []


def test_ids_are_unique() -> None:
    """One id names one case."""
    assert [name for name, count in Counter(entry.id for entry in ENTRIES).items() if count > 1] == []


def test_ids_do_not_name_targets() -> None:
    """`-k TARGET` selects a target and nothing else."""
    names = [*(entry.id for entry in ENTRIES), *SCENARIOS]

    assert [name for name in names for target in TARGETS if target.name in name.lower()] == []


def test_each_script_of_the_zoo_is_used() -> None:
    """No script waits for a test: each is named by one, here or in another folder."""
    used = {entry.deployment.script for entry in ENTRIES} | {name for entry in ENTRIES for name in entry.deployment.zoo}
    tests = "".join(path.read_text(encoding="utf-8") for path in ZOO.parent.rglob("*.py") if path.parent != ZOO)

    assert [path.name for path in sorted(ZOO.glob("*.py")) if path.name not in used and path.stem not in tests] == []


def test_each_exemption_is_for_something() -> None:
    """An exemption names a case and targets that exist."""
    names = [*(entry.id for entry in ENTRIES), *SCENARIOS]
    targets = {target.name for target in TARGETS}

    assert [e.case for e in EXEMPTIONS if not any(fnmatchcase(name, e.case) for name in names)] == []
    assert [e.targets for e in EXEMPTIONS if not targets.issuperset(e.targets)] == []

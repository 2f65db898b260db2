"""The tables against the list of rows: each row held by a case, each name known, ids that select what they say."""

from __future__ import annotations

from fnmatch import fnmatchcase

from ..rows_held import RowsHeld, scenarios
from . import test_several
from .case import Boot, Case, Log
from .cases import BOOTS, CASES, LOGS
from .exemptions import EXEMPTIONS
from .rows import NOT_HELD, ROWS
from .targets import TARGETS, ZOO

ENTRIES: tuple[Case | Boot | Log, ...] = (*CASES, *BOOTS, *LOGS)
SCENARIOS = scenarios(test_several)


class TestRows(RowsHeld):
    rows, not_held, cases, scenarios = ROWS, NOT_HELD, ENTRIES, SCENARIOS


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

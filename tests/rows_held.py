"""Rows of the contract against the cases and scenarios that say which of them they hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any


def scenarios(module: ModuleType) -> dict[str, Any]:
    """Return the tests of a module by name."""
    return {name: value for name, value in vars(module).items() if name.startswith("test_")}


class RowsHeld:
    """What a suite's list of rows must keep; the suite says what it has."""

    rows: Mapping[str, str]
    not_held: Mapping[str, str]
    cases: Iterable[Any]
    """Each with an `id` and `rows`."""
    scenarios: Mapping[str, Any]
    """Tests with a mark `rows`, by name."""

    @property
    def held(self) -> Counter[str]:
        """Count the cases and scenarios of each row."""
        held = Counter(row for case in self.cases for row in case.rows)
        for scenario in self.scenarios.values():
            held.update(row for mark in getattr(scenario, "pytestmark", ()) if mark.name == "rows" for row in mark.args)
        return held

    def test_each_row_is_held(self) -> None:
        """No row of the contract is without a case, unless it says why."""
        assert sorted(self.rows.keys() - self.held - self.not_held.keys()) == []

    def test_each_row_is_known(self) -> None:
        """No case names a row that the list does not have."""
        assert sorted(self.held.keys() - self.rows.keys()) == []

    def test_rows_without_a_case_are_rows(self) -> None:
        """The reasons for rows without a case are for rows that exist and have none."""
        assert sorted(self.not_held.keys() - self.rows.keys()) == []
        assert sorted(self.not_held.keys() & self.held) == []

    def test_ids_are_unique(self) -> None:
        """One id names one case."""
        assert [name for name, count in Counter(case.id for case in self.cases).items() if count > 1] == []

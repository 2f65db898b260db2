"""The tests against the list of rows: every field, and every row of the contract about Azure's files, is held by a test."""

from __future__ import annotations

from ..rows_held import RowsHeld, scenarios
from . import (
    test_files,
    test_platform,
    test_said,
    test_scaling,
    test_served,
    test_tables,
    test_v1,
    test_v1_rules,
    test_v2,
    test_v2021,
)
from .fields import HONOURED, NO_EFFECT
from .rows import NOT_HELD, ROWS

MODULES = (
    test_files,
    test_platform,
    test_said,
    test_scaling,
    test_served,
    test_tables,
    test_v1,
    test_v1_rules,
    test_v2,
    test_v2021,
)


SCENARIOS = {f"{module.__name__} {name}": one for module in MODULES for name, one in scenarios(module).items()}


class TestRows(RowsHeld):
    rows, not_held, cases, scenarios = ROWS, NOT_HELD, (*HONOURED, *NO_EFFECT), SCENARIOS

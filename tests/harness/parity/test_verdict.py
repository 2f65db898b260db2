"""The result of a run: what its exit code is made of."""

from __future__ import annotations

import pytest
from amlemu_harness.parity.verdict import Kind, Result, Verdict


def result(*kinds: Kind, unneeded: tuple[str, ...] = (), troubles: tuple[str, ...] = ()) -> Result:
    verdicts = tuple(Verdict(f"case {number}", kind) for number, kind in enumerate(kinds))
    return Result("theirs", "ours", verdicts, unneeded, ("a remark",), troubles)


@pytest.mark.parametrize(
    ("told", "code"),
    [
        pytest.param(result(), 0, id="nothing-compared"),
        pytest.param(result("same", "exempt"), 0, id="same-or-exempt"),
        pytest.param(result("same", "different"), 1, id="a-difference"),
        pytest.param(result("same", unneeded=("parity.toml:1",)), 1, id="an-unneeded-exemption"),
        pytest.param(result("same", "unsteady"), 2, id="unsteady"),
        pytest.param(result("same", "unasked"), 2, id="unasked"),
        pytest.param(result("same", troubles=("it died",)), 2, id="trouble"),
        pytest.param(result("different", "unsteady"), 2, id="a-difference-and-unsteady"),
        pytest.param(result("different", troubles=("it died",)), 2, id="a-difference-and-trouble"),
    ],
)
def test_the_exit_code(told: Result, code: int) -> None:
    """A run that could not ask for all does not end as one that has found a difference; remarks count for nothing."""
    assert told.exit_code == code


def test_verdicts_are_counted_by_kind() -> None:
    """Each is of one kind."""
    told = result("same", "different", "same", "unasked")
    kinds: tuple[Kind, ...] = ("same", "exempt", "different", "unsteady", "unasked")

    assert [told.count(kind) for kind in kinds] == [2, 0, 1, 0, 1]

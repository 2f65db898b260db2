"""Which processors a replica's workers get: of those that this process may use itself."""

from __future__ import annotations

import os
import sys

import pytest
from amlemu.worker import processors
from hypothesis import given
from hypothesis import strategies as st

from .guest import guest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere processes are not bound to processors")
HERE = sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else [0]


@given(cpus=st.floats(0.01, 300), turn=st.integers(0, 1000))
def test_it_is_as_many_as_asked_for_or_as_there_are(cpus: float, turn: int) -> None:
    """A part of one counts as one; no processor twice, and none that we may not use ourselves."""
    chosen = processors.choose(cpus, turn)

    assert len(chosen) == len(set(chosen)) == min(int(-(-cpus // 1)), len(HERE))
    assert set(chosen) <= set(HERE)


def test_neighbours_get_other_ones_as_long_as_there_are_some() -> None:
    """One each, then from the beginning."""
    chosen = [processors.choose(1, turn) for turn in range(2 * len(HERE))]

    assert chosen == [(number,) for number in HERE] * 2


@pytest.mark.parametrize(
    ("cpus", "why"),
    [
        (1, ""),
        (0.5, "--cpu 0.5: a part of a processor cannot be given without a container, so workers use 1 whole one"),
        (len(HERE), ""),
        (
            999,
            f"--cpu 999: this machine has {len(HERE)}, so workers use "
            + ("that one" if len(HERE) == 1 else f"these {len(HERE)}"),
        ),
    ],
)
def test_what_cannot_be_given_is_said(cpus: float, why: str) -> None:
    """A wish that is met needs no word."""
    assert processors.shortcoming(cpus) == why


@pytest.mark.skipif(len(HERE) < 2, reason="there is only one")
def test_one_and_a_half_are_two() -> None:
    assert processors.shortcoming(1.5) == (
        "--cpu 1.5: a part of a processor cannot be given without a container, so workers use 2 whole ones"
    )


def test_those_that_somebody_has_taken_from_us_are_not_there() -> None:
    """In a process that may use one only, three are not three."""
    [[chosen, why]] = guest(f"""
from amlemu.worker import processors
os.sched_setaffinity(0, [{HERE[-1]}])
say(processors.choose(3, 5), processors.shortcoming(3))
""")

    assert chosen == [HERE[-1]]
    assert why == "--cpu 3: this machine has 1, so workers use that one"

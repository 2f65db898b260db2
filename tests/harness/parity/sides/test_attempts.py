"""A server that tries again and again, by what it has written."""

from __future__ import annotations

import pytest
from amlemu_harness.parity.record import End
from amlemu_harness.parity.sides.attempts import given_up


def tries(*pids: int) -> tuple[str, ...]:
    return tuple(line for pid in pids for line in (f"x I [{pid}] Booting worker with pid: {pid}", "segfault"))


@pytest.mark.parametrize(
    ("workers", "pids"),
    [
        pytest.param(1, (), id="none-yet"),
        pytest.param(1, (11,), id="one-of-one"),
        pytest.param(1, (11, 12), id="a-second-try"),
        pytest.param(2, (11, 12, 13, 14, 15), id="two-tries-of-two-and-a-half"),
    ],
)
def test_one_that_may_still_come_to_answer_is_waited_for(workers: int, pids: tuple[int, ...]) -> None:
    """A worker may be lost now and then; and several that are started at once are one try."""
    assert given_up(End(None, (), tries(*pids)), workers) is None


@pytest.mark.parametrize("stream", ["out", "err"])
def test_the_third_try_is_enough_and_the_first_is_told(stream: str) -> None:
    """Gunicorn's log may come on either stream; what the second worker wrote is cut from both."""
    log = tries(11, 12, 13)
    other = ("hello from 11", "x I [12] hello", "hello from 12")
    so_far = End(None, other, log) if stream == "err" else End(None, log, other)

    told = given_up(so_far, 1)

    first, beside = ("x I [11] Booting worker with pid: 11", "segfault"), ("hello from 11",)
    assert told == (
        End(None, beside, first, is_trying=True) if stream == "err" else End(None, first, beside, is_trying=True)
    )


def test_of_several_workers_the_whole_first_try_is_told() -> None:
    """Two that start together are both in it."""
    other = ("hello from 11", "hello from 12", "x I [13] hello")
    told = given_up(End(None, other, tries(11, 12, 13, 14, 15, 16)), 2)

    assert told == End(None, other[:2], tries(11, 12), is_trying=True)


def test_a_stream_that_comes_late_is_waited_for() -> None:
    """docker's client forwards both, each by itself; one that says nothing at all is not waited for without end."""
    late = ("Server Routes",)

    assert given_up(End(None, late, tries(11, 12, 13, 14, 15)), 1) is None
    assert given_up(End(None, (*late, "x I [12] hello"), tries(11, 12, 13)), 1) == End(
        None, late, tries(11), is_trying=True
    )
    assert given_up(End(None, late, tries(11, 12, 13, 14, 15, 16)), 1) == End(None, late, tries(11), is_trying=True)

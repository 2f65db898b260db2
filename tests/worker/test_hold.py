"""A debugger's hold on a worker and its forks."""

from __future__ import annotations

import time

from amlemu.exchange import Frame
from amlemu.worker.hold import Hold

PLACE = Frame("score.py", 7, "run")


def test_first_stop_begins_and_last_end_ends_it():
    """Two forks of one worker stand still: with the second one that goes on it goes on."""
    hold, began = Hold(), time.monotonic()
    hold.begin(1, "breakpoint", PLACE)
    hold.begin(2, "step", Frame("score.py", 9, "run"))

    assert (hold.is_on, hold.why, hold.place) == (True, "breakpoint", Frame("score.py", 9, "run"))
    assert hold.end(1) is None
    lasted = hold.end(2)
    assert lasted is not None
    assert 0 < lasted <= time.monotonic() - began
    assert (hold.is_on, hold.place) == (False, None)


def test_who_is_not_held_ends_nothing():
    """A fork may say so twice, or after all have been let go."""
    hold = Hold()

    assert hold.end(1) is None
    assert hold.let_go() is None
    hold.begin(1, "breakpoint", PLACE)
    assert hold.let_go() is not None
    assert hold.end(1) is None


def test_seconds_count_from_a_moment():
    """What was before the worker was busy does not matter; what goes on counts until now."""
    hold, before = Hold(), time.monotonic()
    hold.begin(1, "breakpoint", PLACE)
    hold.end(1)
    between = time.monotonic()
    hold.begin(1, "breakpoint", PLACE)

    assert 0 < hold.seconds(between) <= hold.seconds(before) <= time.monotonic() - before
    assert hold.seconds(time.monotonic() + 1) == 0

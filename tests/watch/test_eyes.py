"""Which eyes are right."""

from __future__ import annotations

import sys

import pytest
from amlemu.watch import eyes
from amlemu.watch.by_events import ByEvents
from amlemu.watch.by_looking import ByLooking
from amlemu.watch.by_watchdog import ByWatchdog
from amlemu.watch.rules import Rules

from .sight import deployment


@pytest.mark.parametrize(("platform", "kind"), [("linux", ByEvents), ("darwin", ByWatchdog), ("win32", ByWatchdog)])
def test_the_system_tells_where_it_can(tmp_path, monkeypatch, platform, kind):
    """Linux in its own words, others through watchdog."""
    monkeypatch.setattr(sys, "platform", platform)

    assert isinstance(eyes.choose(Rules(deployment(tmp_path)), pytest.fail), kind)


def test_a_user_who_wants_us_to_look_is_obeyed(tmp_path):
    """`--poll`."""
    made = eyes.choose(Rules(deployment(tmp_path, polls=True)), pytest.fail)

    assert isinstance(made, ByLooking)
    assert made.manner == "looking every 0.5 s: as asked"


def test_where_nobody_tells_we_look(tmp_path, monkeypatch):
    """With the file system for a reason."""
    monkeypatch.setattr(eyes, "silent", lambda folders: "nfs4")
    made = eyes.choose(Rules(deployment(tmp_path)), pytest.fail)

    assert isinstance(made, ByLooking)
    assert made.manner == "looking every 0.5 s: nfs4 does not tell of changes"

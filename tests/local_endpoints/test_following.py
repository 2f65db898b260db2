"""Asking a keeper that lives, or does not any more."""

from __future__ import annotations

import pytest
from amlemu.control import note as notes
from amlemu.errors import Unreachable, UsageError
from amlemu.local_endpoints import caller, following
from amlemu.local_endpoints.caller import KeeperLost
from amlemu.local_endpoints.record import Operation, Record
from amlemu.local_endpoints.shelf import Shelf


@pytest.fixture
def shelf(kept):
    return Shelf(kept / "iris")


def have_made(shelf):
    """Have an endpoint without deployments made."""
    return caller.have_done(
        shelf, Operation("1", "create"), lambda known: known or Record("iris", 0), lambda line: None
    )


def test_who_is_asked_something_has_to_live(shelf):
    """Also where a note of a killed one lies about."""
    with pytest.raises(KeeperLost, match="amlemu endpoint update -n iris starts it again"):
        following.ask(shelf, "/deployments/blue/reload")


def test_what_the_keeper_refuses_is_a_usage_error(shelf):
    have_made(shelf)

    with pytest.raises(UsageError, match="the deployment blue is not served"):
        following.ask(shelf, "/deployments/blue/reload")
    with pytest.raises(UsageError, match=r"Local deployment \(iris / blue\) does not exist"):
        following.follow(notes.read(shelf.folder), Operation("7", "delete", "blue"), None)


def test_a_stranger_at_the_port_of_one_that_was_killed_is_not_taken_for_it(shelf):
    """Another keeper has its port by now, and another token."""
    have_made(shelf)
    note = notes.read(shelf.folder)
    former = notes.Note(note.pid, note.url, "a token of before", note.script, note.scoring, note.started_at)

    with pytest.raises(Unreachable, match="has ended"):
        following.follow(former, Operation("1", "create"), None)


def test_who_does_not_wait_hears_that_it_has_begun(shelf):
    """The first line will do; the rest is told to who asks again."""
    have_made(shelf)
    update = Operation("8", "update")

    assert following.follow(notes.read(shelf.folder), update, None)["ok"]

"""The way from a command to the keeper that does it."""

from __future__ import annotations

import socket
import threading

import pytest
from amlemu.errors import UsageError
from amlemu.local_endpoints import caller
from amlemu.local_endpoints.record import Operation, Record
from amlemu.local_endpoints.shelf import Shelf


@pytest.fixture
def shelf(kept):
    return Shelf(kept / "iris")


def have_made(shelf, id_="1", port=0, heard=None):
    """Have an endpoint without deployments made."""
    heard = [] if heard is None else heard
    return caller.have_done(shelf, Operation(id_, "create"), lambda known: known or Record("iris", port), heard.append)


def test_a_keeper_is_started_and_lives_on(shelf):
    """It is nobody's child, and has the lock."""
    assert not caller.is_kept(shelf)
    assert have_made(shelf).outcome["ok"]

    assert caller.is_kept(shelf)
    assert shelf.read().state == "Succeeded"


def test_until_somebody_was_told_the_same_brings_the_same(shelf):
    """Then it exists."""
    first = have_made(shelf, "1")
    assert have_made(shelf, "2").outcome == first.outcome
    first.acknowledge()

    with pytest.raises(UsageError, match="the endpoint iris exists"):
        have_made(shelf, "3")


def test_many_at_once_start_one_keeper(shelf):
    """All hear of the same."""
    outcomes, errors = [], []

    def ask(number):
        try:
            outcomes.append(have_made(shelf, f"{number}").outcome)
        except UsageError as error:
            errors.append(error)  # who came when it was over and told

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(outcomes) + len(errors) == 5
    assert outcomes
    assert all(outcome["ok"] for outcome in outcomes)


def test_a_port_that_is_taken_is_a_usage_error(shelf):
    """No keeper is left."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port}: taken"):
            have_made(shelf, port=port)

    assert not caller.is_kept(shelf)


def test_what_prepare_refuses_starts_nobody(shelf):
    def prepare(known):
        raise UsageError("it cannot be")

    with pytest.raises(UsageError, match="it cannot be"):
        caller.have_done(shelf, Operation("1", "create"), prepare, lambda line: None)
    assert not caller.is_kept(shelf)
    assert shelf.read() is None


def test_the_port_of_one_that_is_being_deleted_is_nobodys(shelve, home):
    shelf = shelve("wine", port=5002)
    assert caller.ports_of_others(Shelf(home / "iris")) == {5002: "wine"}
    record = shelf.read()
    record.state = "Deleting"
    shelf.write(record)

    assert caller.ports_of_others(Shelf(home / "iris")) == {}

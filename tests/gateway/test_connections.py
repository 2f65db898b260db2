"""How many connections are open, and how many new ones a second: those that are too many are told why."""

from __future__ import annotations

from amlemu.gateway.connections import Connections

from .front_door import profile_of


def test_without_limits_everybody_may_come() -> None:
    """As before the server alone."""
    connections = Connections(profile_of("bare"))

    assert {connections.opened(0.0) for _ in range(1000)} == {""}


def test_the_limit_of_open_connections_is_inclusive() -> None:
    """The one after the last is too many."""
    connections = Connections(profile_of("bare", limits__open_connections="2"))

    assert [connections.opened(0.0) for _ in range(3)] == ["", "", "more than 2 open connections"]


def test_a_connection_that_closes_makes_room() -> None:
    """For one."""
    connections = Connections(profile_of("bare", limits__open_connections="2"))
    for _ in range(3):
        connections.opened(0.0)
    connections.closed()
    connections.closed()

    assert [connections.opened(1.0), connections.opened(1.0)] == ["", "more than 2 open connections"]


def test_new_connections_are_counted_by_the_second() -> None:
    """A second later as many may come again, although the others are still open."""
    connections = Connections(profile_of("bare", limits__new_connections_per_second="2"))
    too_fast = "more than 2 new connections a second"

    assert [connections.opened(at) for at in (0.0, 0.0, 0.0, 1.0, 1.0, 1.0)] == ["", "", too_fast] * 2


def test_today_s_limits_are_500_each() -> None:
    """Contract 1.5, new connections per second and open connections, now: 500."""
    connections = Connections(profile_of("managed-current"))

    assert [connections.opened(0.0) for _ in range(501)] == [""] * 500 + ["more than 500 open connections"]

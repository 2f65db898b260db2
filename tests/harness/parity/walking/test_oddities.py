"""The tables of odd things hold nothing that differs by decision."""

from __future__ import annotations

from amlemu_harness.parity.walking import oddities

TABLES = {name: value for name, value in vars(oddities).items() if name.isupper() and isinstance(value, tuple)}


def test_no_entry_is_there_twice() -> None:
    """Each of them is another one."""
    assert len(TABLES) == 16
    for name, entries in TABLES.items():
        assert len(set(entries)) == len(entries), name


def test_nothing_is_there_that_differs_by_decision() -> None:
    """docs/fidelity.md: bodies above 256 MiB, flask's empty folder of static files."""
    assert max(map(len, oddities.BODIES)) < 1_000_000
    assert not [target for target in oddities.TARGETS if target.startswith("/static//")]


def test_the_plainest_is_first() -> None:
    """What shrinks ends there."""
    assert (oddities.BODIES[0], oddities.METHODS[0], oddities.TARGETS[0], oddities.VERSIONS[0], oddities.VALUES[0]) == (
        b"",
        "GET",
        "/score",
        "HTTP/1.1",
        "a",
    )

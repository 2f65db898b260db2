"""When what has ended starts again, in seconds of a clock that the test reads."""

from __future__ import annotations

from amlemu.backends.back_off import BackOff
from amlemu.memory import MemoryRules

KUBERNETES = MemoryRules(1 << 30, "--memory-gb", is_whole=True, first_s=10.0, longest_s=300.0)


def test_workers_that_die_at_start_wait_ever_longer() -> None:
    """A quarter of a second, twice that each time, 10 s at most; for days."""
    waits = BackOff()

    assert [waits.after_failed_boot() for _ in range(8)] == [0.25, 0.5, 1, 2, 4, 8, 10, 10]
    assert [waits.after_failed_boot() for _ in range(2000)][-1] == 10
    waits.has_come_up()
    assert waits.after_failed_boot() == 0.25


def test_a_container_waits_as_in_kubernetes() -> None:
    """Contract 2.3, CrashLoopBackOff: at once, then 10 s, 20 s, 40 s ... 300 s."""
    waits, told, now = BackOff(), [], 1000.0
    for _ in range(8):
        waits.container_ends(now, KUBERNETES)
        told.append(waits.down_s(now))
        now += told[-1]

    assert told == [0, 10, 20, 40, 80, 160, 300, 300]
    assert waits.down_s(now) == 0


def test_one_that_has_run_for_ten_minutes_begins_anew() -> None:
    waits = BackOff()
    waits.container_ends(0.0, KUBERNETES)
    waits.container_ends(5.0, KUBERNETES)
    waits.container_ends(15.0 + 600, KUBERNETES)
    after_ten = waits.down_s(15.0 + 600)
    waits.container_ends(15.0 + 600 + 20 + 601, KUBERNETES)

    assert (after_ten, waits.down_s(15.0 + 600 + 20 + 601)) == (20, 0)

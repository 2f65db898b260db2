"""What runs is known, and ends with the run."""

from __future__ import annotations

import pytest
from amlemu_harness.parity.sides.lives import Interrupted, Lives


def test_all_that_runs_is_ended_and_nothing_begins_any_more() -> None:
    """What has ended by itself before is not ended again."""
    lives, ended = Lives(), []
    stops = [lambda number=number: ended.append(number) for number in range(3)]
    for stop in stops:
        with lives.beginning():
            lives.know(stop)
    lives.forget(stops[1])

    lives.end_all()

    assert sorted(ended) == [0, 2]
    with pytest.raises(Interrupted), lives.beginning():
        pass

"""Two servers that are asked the same, in the same order, at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from amlemu_harness.parity.case import request
from amlemu_harness.parity.record import Seen
from amlemu_harness.parity.walking.pair import Ask, Pair
from amlemu_harness.parity.wire import Received, Sent

GETS = tuple(request("GET", f"/{number}") for number in range(3))


def pair_of(theirs: Ask, ours: Ask, work: Callable[[Pair], object]) -> object:
    with ThreadPoolExecutor(1) as beside:
        return work(Pair(theirs, ours, None, beside))


def answering(heard: list[Sent], silent_at: int = -1) -> Ask:
    def ask(sent: Sent) -> Received | None:
        heard.append(sent)
        return None if len(heard) - 1 == silent_at else Received(f"HTTP/1.1 {200 + len(heard)} OK")

    return ask


def test_both_are_asked_at_the_same_time() -> None:
    """Neither is answered before the other one has been asked."""
    gate = threading.Barrier(2, timeout=10)

    def ask(sent: Sent) -> Received:
        gate.wait()
        return Received("HTTP/1.1 200 OK")

    seen = Seen((Received("HTTP/1.1 200 OK"),) * 3)
    assert pair_of(ask, ask, lambda pair: pair.ask(GETS)) == (seen, seen)


def test_a_sequence_ends_where_a_side_is_silent() -> None:
    """The other one has answered; what would have come then is asked of neither."""
    one: list[Sent] = []
    other: list[Sent] = []

    theirs, ours = pair_of(answering(one), answering(other, silent_at=1), lambda pair: pair.ask(GETS))  # type: ignore[misc]

    assert theirs == Seen((Received("HTTP/1.1 201 OK"), Received("HTTP/1.1 202 OK")))
    assert ours == Seen((Received("HTTP/1.1 201 OK"),), "nobody answered request 2")
    assert (one, other) == (list(GETS[:2]), list(GETS[:2]))


def test_both_have_to_answer_to_be_alive() -> None:
    """Whatever they say to the health route."""
    assert pair_of(answering([]), answering([]), lambda pair: pair.is_alive()) is True
    assert pair_of(answering([], silent_at=0), answering([]), lambda pair: pair.is_alive()) is False
    assert pair_of(answering([]), answering([], silent_at=0), lambda pair: pair.is_alive()) is False

"""
How a case comes about, where one request alone is not enough: crowds, bursts, connections, calls that last.

A cause gets the place and the request, and returns the answer that the case is about.
"""

from __future__ import annotations

import selectors
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from .caller import PATIENCE_S, Ask, Caller, Received
from .places import Place

Cause = Callable[[Place, Ask], Received]


def until(look: Callable[[], bool], what: str) -> None:
    """Wait until a look succeeds."""
    deadline, pause = time.monotonic() + PATIENCE_S, threading.Event()
    while not look():
        assert time.monotonic() < deadline, f"not {what} within {PATIENCE_S:.0f} s"
        pause.wait(0.005)


def alone(place: Place, ask: Ask) -> Received:
    """Send it and read the answer."""
    with Caller(place.port) as caller:
        return caller.ask(ask)


def survived(place: Place, ask: Ask) -> Received:
    """The next request is answered by the model again."""
    received = alone(place, ask)
    assert alone(place, Ask("POST", "/score", (), b"{}")).status == 200

    return received


def again(place: Place, ask: Ask) -> Received:
    """Ask twice on one connection; the second answer counts."""
    with Caller(place.port) as caller:
        assert caller.ask(ask).status == 200
        return caller.ask(ask)


def outlasted(place: Place, ask: Ask) -> Received:
    """run() is still at it when the answer comes; it is not told, and ends by itself when it may."""
    with place.gate_shut():
        received = alone(place, ask)
        assert (place.calls("called"), place.calls("finished")) == (
            place.calls("finished") + 1,
            place.calls("called") - 1,
        )
    until(lambda: place.calls("finished") == place.calls("called"), "finished")

    return received


def in_a_crowd(size: int, answered: int, told: str = "") -> Cause:
    """
    `size` slow calls at once, of which `answered` are answered by the model and the others before it.

    All these are alike, unless one is meant that was `told` this.
    """

    def cause(place: Place, ask: Ask) -> Received:
        with ExitStack() as stack:
            callers = [stack.enter_context(Caller(place.port)) for _ in range(size)]
            with place.gate_shut():
                for caller in callers:
                    caller.send(ask)
                refused = _first_answers(callers, size - answered)
            rest = [caller.receive().status for caller in callers if caller not in refused]
        assert rest == [200] * answered
        if told:
            return next(one for one in refused.values() if told in place.exchange(one).why)
        assert len({(one.status, one.phrase, one.body) for one in refused.values()}) == 1

        return next(iter(refused.values()))

    return cause


def _first_answers(callers: Sequence[Caller], count: int) -> dict[Caller, Received]:
    answers: dict[Caller, Received] = {}
    with selectors.DefaultSelector() as selector:
        for caller in callers:
            selector.register(caller.socket, selectors.EVENT_READ, caller)
        while len(answers) < count:
            ready = selector.select(PATIENCE_S)
            assert ready, f"{len(answers)} answers of {count}"
            for key, _ in ready:
                selector.unregister(key.fileobj)
                answers[key.data] = key.data.receive()
    return answers


def too_often(least: int) -> Cause:
    """As fast as one caller can: `least` are answered with 200 before one is not."""

    def cause(place: Place, ask: Ask) -> Received:
        with Caller(place.port) as caller:
            for number in range(5000):
                received = caller.ask(ask)
                if received.status != 200:
                    assert number >= least
                    return received
        raise AssertionError("never refused")

    return cause


def on_connection(number: int) -> Cause:
    """On the last of so many open connections."""

    def cause(place: Place, ask: Ask) -> Received:
        with ExitStack() as stack:
            for _ in range(number - 1):
                stack.enter_context(Caller(place.port))
            return alone(place, ask)

    return cause


def on_many_new_connections(place: Place, ask: Ask) -> Received:
    """Each request on a new connection, as fast as one caller can, until one is refused."""
    for _ in range(500):
        received = alone(place, ask)
        if received.status != 200:
            return received
    raise AssertionError("never refused")


def once_too_often(other: Ask) -> Cause:
    """Just after another request has been refused for its rate."""

    def cause(place: Place, ask: Ask) -> Received:
        too_often(0)(place, other)
        return alone(place, ask)

    return cause


def not_refused(place: Place, ask: Ask) -> Received:
    """The server asks for the body; there is none, and so no exchange."""
    received = alone(place, ask)
    assert alone(place, Ask("POST", "/score", (), b"{}")).status == 200

    return received

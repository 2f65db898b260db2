"""A request on its way: one decision, one end, and what has to be done at either."""

from __future__ import annotations

import asyncio

import pytest
from amlemu.errors import BackendFailure, BackendTimeout, Busy
from amlemu.exchange import Response
from amlemu.pauses import ANYBODY

from .conftest import Clock
from .front_door import new_visit


def test_the_first_decision_counts() -> None:
    """Whoever refuses later has no say, nor have his reasons."""
    visit, first = new_visit(), Response(413, "Payload Too Large", [])
    visit.refuse(first, "too large")
    visit.refuse(Response(429, "Too Many Requests", []), "too many")
    visit.fail(BackendTimeout("too late"))

    assert visit.is_answered
    assert (visit.exchange.response, visit.exchange.failure) == (first, None)
    assert (visit.exchange.why, visit.note) == ("too large", "too large")


def test_a_silence_is_a_decision_too() -> None:
    """What comes after the deadline is no answer any more."""
    visit, silence = new_visit(), BackendTimeout("no answer within 5.0 s")
    visit.fail(silence)
    visit.fail(Busy("full"))
    visit.refuse(Response(429, "Too Many Requests", []), "too many")

    assert (visit.exchange.response, visit.exchange.failure) == (None, silence)


def test_a_refusal_without_words_is_a_silence() -> None:
    """`close` in the profile's table: the exchange says why."""
    visit = new_visit()
    visit.refuse(None, "no such path")

    assert visit.exchange.response is None
    assert type(visit.exchange.failure) is BackendFailure
    assert str(visit.exchange.failure) == visit.exchange.why == "no such path"


def test_the_end_is_claimed_once() -> None:
    """The second who asks is too late."""
    visit = new_visit()

    assert [visit.over(), visit.over(), visit.over()] == [True, False, False]


def test_the_caller_s_end_and_the_model_s_are_two() -> None:
    """A place among those in work is free when the caller is answered, a slot when the model is done; each once."""
    visit, done = new_visit(), []
    visit.at_answer(lambda: done.append("answered"))
    visit.at_end(lambda: done.append("left"))

    visit.over()
    answered = list(done)
    visit.over()
    visit.left()
    visit.left()

    assert answered == ["answered"]
    assert done == ["answered", "left"]


@pytest.mark.anyio
async def test_the_clock_stops_at_the_end() -> None:
    """Nobody is told of a deadline that no longer matters."""
    visit = new_visit()
    visit.timer = asyncio.get_running_loop().call_later(3600, print)
    visit.over()

    assert visit.timer.cancelled()


def test_the_exchange_keeps_the_request_as_it_came() -> None:
    """What the backend is asked may differ, in headers and target, one after the other."""
    visit = new_visit("POST", "/api/v1/service/iris/score", [("X-One", "1")], b"body")
    visit.forward(headers=[("X-Two", "2")])
    visit.forward(target="/score")

    came, asked = visit.exchange.request, visit.request
    assert (came.target, came.headers, came.body) == ("/api/v1/service/iris/score", [("X-One", "1")], b"body")
    assert (asked.method, asked.target, asked.headers, asked.body) == ("POST", "/score", [("X-Two", "2")], b"body")


def test_what_is_not_changed_is_not_copied() -> None:
    """Under `bare` the backend is asked what came in."""
    visit = new_visit()

    assert visit.request is visit.exchange.request


def test_both_requests_have_the_number_of_the_exchange() -> None:
    """The worker tells whose request it was by that of the one it was asked."""
    visit = new_visit()
    visit.forward(target="/score")
    visit.number(7)

    assert (visit.exchange.number, visit.request.number) == (7, 7)


# standing still


def test_a_visit_that_no_backend_has_stands_still_with_everybody(clock: Clock) -> None:
    """While all workers do that could take it; since it came, not since that began."""
    pauses = clock.pauses()
    pauses.begin(ANYBODY)
    clock.now += 10
    visit = new_visit(pauses=pauses)
    clock.now += 3

    assert visit.paused_s == 3


def test_a_visit_that_a_backend_has_stands_still_by_itself(clock: Clock) -> None:
    """What it has stood still before counts, what others do now does not."""
    pauses = clock.pauses()
    visit = new_visit(pauses=pauses)
    pauses.begin(ANYBODY)
    clock.now += 3
    visit.number(7)
    clock.now += 20
    pauses.begin(7)
    clock.now += 0.5

    assert visit.paused_s == 3.5


def test_a_visit_does_not_stand_still_with_another_one(clock: Clock) -> None:
    """It may be served by another generation."""
    pauses = clock.pauses()
    visit = new_visit(pauses=pauses)
    visit.number(7)
    pauses.begin(6)
    pauses.begin(ANYBODY)
    clock.now += 3

    assert visit.paused_s == 0

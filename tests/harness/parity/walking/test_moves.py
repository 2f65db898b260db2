"""Nothing that a walk draws keeps a server waiting."""

from __future__ import annotations

from amlemu import profile_file as profiles
from amlemu.gateway import body as bodies
from amlemu.gateway.head import HeadReader
from amlemu.gateway.refusals import Refused
from amlemu_harness.parity.case import post, request
from amlemu_harness.parity.walking.moves import sequences
from amlemu_harness.parity.wire import Sent
from hypothesis import HealthCheck, find, given, settings

RULES = profiles.load("bare").wire
POOL = (post(b'{"a": [1, {"b": 2}]}'), request("GET", "/score?a=1"), request("PUT", "/score", [("X-A", "b")], b"x"))


@settings(max_examples=200, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(sequences(POOL))
def test_nothing_that_is_drawn_keeps_a_server_waiting(drawn: tuple[Sent, ...]) -> None:
    """Each request is whole, is refused early, or is followed by the end of our side."""
    for sent in drawn:
        assert sent.half_close or is_answered(sent), sent


def is_answered(sent: Sent) -> bool:
    """Whether a reader that takes every byte seriously comes to an end by itself."""
    try:
        read = HeadReader(RULES).feed(sent.raw)
    except Refused:
        return True
    if read is None:
        return False
    head, rest = read
    reader = bodies.reader(head, RULES)
    reader.feed(rest + (sent.after_continue if head.expects_continue else b""))
    return reader.is_whole


def test_the_simplest_sequence_is_the_first_of_the_pool() -> None:
    """What shrinks ends there."""
    assert find(sequences(POOL), lambda _: True, settings=settings(database=None)) == (POOL[0],)

"""Walks between two servers that really answer: what differs is found and made small, what does not is not."""

from __future__ import annotations

import itertools
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from amlemu.errors import UsageError
from amlemu_harness.parity.case import Case, post, request
from amlemu_harness.parity.record import Seen
from amlemu_harness.parity.verdict import Difference, Verdict
from amlemu_harness.parity.walking.walk import Walked, walk
from amlemu_harness.parity.wire import Received, Sent

from ..hermit import Say, hermit

POOL = (post(b'{"data": [1]}'), request("GET", "/"), request("PUT", "/score", [], b"x"))
HEAD = b"POST /score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
REST = b'Content-Length: 13\r\n\r\n{"data": [1]}'


def judge(case: Case, theirs: Seen, again: Seen | None, ours: Seen) -> Verdict:
    """Bodies and silence; what the reference says otherwise the second time is passed by."""

    def said(seen: Seen | None) -> list[bytes] | None:
        return None if seen is None else [answer.wire_body for answer in seen.answers] + [seen.trouble.encode()]

    if said(theirs) == said(ours):
        return Verdict(case.name, "same")
    if again is not None and said(again) != said(theirs):
        return Verdict(case.name, "same", varies=("body",))
    return Verdict(case.name, "different", (Difference("body", str(said(theirs)), str(said(ours)), 1),))


def walked(theirs: Say, ours: Say, *, told: Callable[[str], None] = lambda _: None, **options: Any) -> Walked:
    with hermit(theirs) as one, hermit(ours) as other:
        return walk(POOL, one.ask, other.ask, judge, **{"sequences": 400, "seed": 7, "told": told, **options})


def twice_a_type(asked: bytes) -> bytes:
    """A server that does not like two types."""
    head = asked.partition(b"\r\n\r\n")[0].lower()
    return b"refused" if head.count(b"\r\ncontent-type:") > 1 else b"fine"


def test_servers_that_answer_alike_have_no_difference() -> None:
    """All sequences are asked, and nothing is told."""
    told: list[str] = []

    found = walked(lambda _: b"fine", lambda _: b"fine", told=told.append, sequences=60)

    assert (found.sequences, found.failing, found.verdict, found.unsteady) == (60, None, None, 0)
    assert found.requests > 60
    assert told == []


def test_a_difference_is_found_and_made_as_small_as_it_gets() -> None:
    """Of all that was asked one request is left, of its changes one."""
    told: list[str] = []

    found = walked(lambda _: b"fine", twice_a_type, told=told.append)

    assert found.failing is not None
    assert (found.failing.name, found.failing.source) == ("walk 7", "made here")
    assert [sent.raw for sent in found.failing.requests] in (
        [HEAD + b"Content-Type: application/json\r\n" + REST],  # the line is there twice
        [HEAD + b"Content-Type: a\r\n" + REST],  # or there is another one, which is as small
    )
    assert found.verdict is not None
    assert found.verdict.kind == "different"
    assert [answer.body for answer in found.theirs.answers] == [b"fine"]  # type: ignore[union-attr]
    assert [answer.body for answer in found.ours.answers] == [b"refused"]  # type: ignore[union-attr]
    assert len(told) == 1
    assert told[0].startswith("walk: a difference, made as small as it gets in ")


def test_the_seed_repeats_the_walk() -> None:
    """The same seed asks the same bytes in the same order; another one asks others."""

    def heard(seed: int) -> list[bytes]:
        with hermit(lambda _: b"fine") as one, hermit(lambda _: b"fine") as other:
            walk(POOL, one.ask, other.ask, judge, sequences=30, seed=seed, told=lambda _: None)
            return one.heard

    first = heard(7)

    assert len(first) > 30
    assert heard(7) == first
    assert heard(8) != first


class Counting:
    """A server that changes after two PUTs, and can begin anew."""

    def __init__(self) -> None:
        self.puts = 0

    def say(self, asked: bytes) -> bytes:
        self.puts += asked.startswith(b"PUT ")
        return b"changed" if self.puts >= 2 else b"fine"


def test_what_a_sequence_leaves_behind_does_not_count_where_servers_can_be_started_anew() -> None:
    """The second of two PUTs is answered differently: both are left, though single ones had differed before by what came earlier."""
    counting = Counting()

    def fresh() -> None:
        counting.puts = 0

    found = walked(lambda _: b"fine", counting.say, fresh=fresh)

    assert found.failing is not None
    assert found.failing.requests == (POOL[2], POOL[2])


def test_a_difference_that_does_not_come_again_from_a_fresh_start_is_not_lost() -> None:
    numbers = itertools.count()

    found = walked(lambda _: b"fine", lambda _: b"odd" if next(numbers) in (30, 31) else b"fine", fresh=lambda: None)

    assert found.failing is None
    assert found.lost is not None
    assert [one.path for one in found.lost.differences] == ["body"]


def test_what_depends_on_earlier_sequences_is_told_and_kept() -> None:
    """A difference that comes once is no traceback: the sequence in which it came is what was found."""
    told: list[str] = []
    numbers = itertools.count()

    found = walked(lambda _: b"fine", lambda _: b"odd" if next(numbers) == 30 else b"fine", told=told.append)

    assert found.verdict is not None
    assert told == [
        "walk: a difference that does not always come when its sequence is asked: it depends on what was asked before, or on time"
    ]


def test_a_reference_that_varies_by_itself_is_no_difference() -> None:
    """What it answers otherwise when it is asked again counts as unsteady."""
    numbers = itertools.count()

    found = walked(lambda _: str(next(numbers)).encode(), lambda _: b"fine", sequences=20)

    assert (found.failing, found.sequences, found.unsteady) == (None, 20, 20)


def test_two_counters_stay_in_step() -> None:
    """What is asked once more is asked of both sides, so that scripts that count go on to answer alike."""
    one, other = itertools.count(), itertools.count()
    odd = itertools.count()

    def ours(_: bytes) -> bytes:
        number = next(other)
        return b"odd" if next(odd) == 5 else str(number).encode()

    found = walked(lambda _: str(next(one)).encode(), ours, sequences=30)

    assert (found.failing, found.unsteady) == (None, 1)


def test_a_side_that_goes_away_ends_the_walk() -> None:
    """The sequence in which it went is what was found; it is not asked again."""
    told: list[str] = []
    with hermit(lambda _: b"fine") as one, hermit(lambda _: b"fine") as other:

        def ours(sent: Sent) -> Received | None:
            if len(other.heard) == 10:
                other.leave()
            return other.ask(sent)

        found = walk(POOL, one.ask, ours, judge, sequences=400, seed=1, told=told.append)

    assert found.ours is not None
    assert found.ours.trouble == f"nobody answered request {len(found.ours.answers) + 1}"
    assert found.theirs is not None
    assert len(found.theirs.answers) == len(found.ours.answers) + 1
    assert told == [f"walk: our side is gone; {found.sequences} of 400 sequences were asked"]


def test_a_side_that_comes_back_is_walked_on() -> None:
    """A worker that dies is no end: the next one answers, and the difference is made small like any other."""
    silent = threading.Event()
    with hermit(lambda _: b"fine") as one, hermit(lambda _: b"fine") as other:

        def ours(sent: Sent) -> Received | None:
            return None if sent.raw.startswith(b"PUT") else other.ask(sent)

        found = walk(POOL, one.ask, ours, judge, sequences=400, seed=1, told=lambda _: silent.set())

    assert found.failing is not None
    assert found.failing.requests == (POOL[2],)
    assert found.ours == Seen(trouble="nobody answered request 1")


def test_a_walk_ends_in_time() -> None:
    """However slow the servers are, no sequence begins when the time is up."""
    told: list[str] = []
    began = time.monotonic()

    def slowly(_: bytes) -> bytes:
        threading.Event().wait(0.02)
        return b"fine"

    found = walked(slowly, slowly, sequences=100_000, limit_s=0.5, told=told.append)

    assert time.monotonic() - began < 5
    assert 0 < found.sequences < 100
    assert told == [f"walk: the time is up; {found.sequences} of 100000 sequences were asked"]


def test_the_time_ends_shrinking_too() -> None:
    """What had been made small until then is kept."""
    told: list[str] = []
    has_begun = threading.Event()

    def slow_once_it_has_differed(asked: bytes) -> bytes:
        if has_begun.is_set():
            threading.Event().wait(0.2)
        if not asked.startswith(b"PUT "):
            return b"fine"
        has_begun.set()
        return b"odd"

    found = walked(lambda _: b"fine", slow_once_it_has_differed, limit_s=2.0, told=told.append)

    assert found.failing is not None
    assert any(sent.raw.startswith(b"PUT ") for sent in found.failing.requests)
    assert told == [
        f"walk: the time is up before the difference was as small as it gets; {found.sequences} of 400 sequences were asked"
    ]


def test_what_goes_wrong_in_the_asking_is_raised_as_it_is() -> None:
    """A server that cannot be started again is no difference to be made small."""
    with hermit(lambda _: b"fine") as one:

        def broken(sent: Sent) -> Received | None:
            raise UsageError("cannot be started")

        with pytest.raises(UsageError, match="cannot be started"):
            walk(POOL, one.ask, broken, judge, sequences=10, seed=1, told=lambda _: None)

        assert len(one.heard) == 1


def test_nothing_is_left_in_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hypothesis keeps no notes of a walk."""
    monkeypatch.chdir(tmp_path)

    walked(lambda _: b"fine", twice_a_type)

    assert list(tmp_path.iterdir()) == []


def test_without_hypothesis_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no dependency of amlemu."""
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(UsageError) as told:
        walked(lambda _: b"fine", lambda _: b"fine")

    assert str(told.value) == "--walk: a walk needs Hypothesis, which is not installed here. pip install hypothesis"


def test_nothing_to_begin_with_is_told() -> None:
    """An empty pool asks nobody."""
    told: list[str] = []

    def never(sent: Sent) -> Received | None:
        raise AssertionError

    assert walk((), never, never, judge, sequences=5, seed=1, told=told.append) == Walked(1, 0, 0)
    assert told == ["walk: there is no request to begin with"]


def test_a_plain_difference_needs_one_fresh_start() -> None:
    """Starting servers takes seconds: only what was found in the end is asked of fresh ones."""
    starts: list[int] = []

    found = walked(lambda _: b"fine", twice_a_type, fresh=lambda: starts.append(1))

    assert found.failing is not None
    assert len(starts) == 1


def test_a_server_that_has_ended_is_started_again() -> None:
    """The walk goes on; what ended it is made small like any other difference."""
    told: list[str] = []
    with hermit(lambda _: b"fine") as one, hermit(lambda _: b"fine") as other:
        is_gone = threading.Event()

        def ours(sent: Sent) -> Received | None:
            if sent.raw.startswith(b"PUT "):
                is_gone.set()
            return None if is_gone.is_set() else other.ask(sent)

        found = walk(POOL, one.ask, ours, judge, sequences=400, seed=1, told=told.append, fresh=is_gone.clear)

    assert found.failing is not None
    assert found.failing.requests == (POOL[2],)
    assert len(told) == 1

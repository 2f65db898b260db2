"""A run of both sides, which are parrots: who is started when, and what comes of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from amlemu.errors import UsageError
from amlemu_harness.parity.case import Case, post, request
from amlemu_harness.parity.judging.rules import Rules
from amlemu_harness.parity.record import End, Record, Seen, Take
from amlemu_harness.parity.run import Look, Outcome, Run, walked
from amlemu_harness.parity.sides.lives import Lives
from amlemu_harness.parity.verdict import Difference, Result, Verdict
from amlemu_harness.parity.walking.walk import Walked
from amlemu_harness.parity.wire import Address, Patience

from .hermit import Hermit
from .parrot import Parrot, Perch, answer, target

PATIENCE = Patience(piece_s=20.0, afterwards_s=0.0, closed_s=2.0)
PAUSE_S = 0.2  # longer than a pause that a busy machine may make
Told = tuple[Sequence[Verdict], Sequence[str]]


def case(name: str) -> Case:
    return Case(name, "here", (post(b'{"data": 1}', target=f"/{name}"),))


def run(theirs: Any, ours: Any, *names: str, **more: Any) -> Run:
    return Run(theirs, ours, [case(name) for name in names or ("a",)], Rules(), PATIENCE, Lives(), **more)


def fine(_: bytes) -> list[bytes]:
    return [answer(b"fine")]


def kinds(told: Run) -> dict[str, str]:
    return {one.case: one.kind for one in told.outcome().result.verdicts}


class Crowd:
    """Parrots that notice how many servers are up whenever one is asked."""

    def __init__(self) -> None:
        self.most = 0
        self.heard: list[str] = []
        self._all: list[Parrot] = []

    def parrot(self, name: str, *, body: bytes = b"fine") -> Parrot:
        def say(asked: bytes) -> list[bytes]:
            self.most = max(self.most, sum(one.starts - one.stops for one in self._all))
            self.heard.append(f"{name} {target(asked)}")
            return [answer(body)]

        self._all.append(Parrot(say, name))
        return self._all[-1]


def test_what_two_takes_of_one_moment_share_is_asked_for_once_more() -> None:
    """A clock of whole seconds: two takes say the same, ours another; a third, later, tells that it varies. Equal cases need none."""
    theirs, ours = Parrot(lambda _: [answer(b"12:00:01" if theirs.starts < 3 else b"12:00:04")], "real"), Parrot(lambda _: [answer(b"12:00:00")], "ours")  # fmt: skip
    different = Parrot(lambda _: [answer(b"never the time")], "real")

    told = run(theirs, ours, at_once=False).outcome().result
    still = run(different, ours, at_once=False).outcome().result

    assert [(one.kind, one.varies) for one in told.verdicts] == [("same", ("body, line 1",))]
    assert [one.kind for one in still.verdicts] == ["different"]
    assert (theirs.starts, theirs.stops, different.starts) == (3, 3, 3)


def test_how_far_it_is_is_told_of_each_take() -> None:
    """By names that a person knows the servers by."""
    heard: list[tuple[str, int]] = []

    class Hears:
        def starts(self, take: str) -> None:
            heard.append((take, 0))

        def asked(self, take: str, number: int) -> None:
            heard.append((take, number))

    run(Parrot(fine, "azmlinfsrv 1.5.1"), Parrot(fine, "ours"), "a", "b", told=Hears(), at_once=False).outcome()

    assert sorted(heard) == [
        ("amlemu", 0), ("amlemu", 1), ("amlemu", 2),
        ("azmlinfsrv", 0), ("azmlinfsrv", 1), ("azmlinfsrv", 2),
        ("azmlinfsrv again", 0), ("azmlinfsrv again", 1), ("azmlinfsrv again", 2),
    ]  # fmt: skip


def test_the_reference_is_asked_twice_and_ours_once() -> None:
    """Each time from a fresh start; all that was started is stopped, and both records are there for the reports."""
    theirs, ours = Parrot(fine, "real"), Parrot(fine, "ours")

    outcome = run(theirs, ours, "a", "b").outcome()

    assert [(one.case, one.kind) for one in outcome.result.verdicts] == [("a", "same"), ("b", "same")]
    assert (outcome.theirs.side, len(outcome.theirs.takes), outcome.ours.side, len(outcome.ours.takes)) == ("real", 2, "ours", 1)  # fmt: skip
    assert [list(take.seen) for take in (*outcome.theirs.takes, *outcome.ours.takes)] == [["a", "b"]] * 3
    assert (theirs.starts, theirs.stops, ours.starts, ours.stops) == (2, 2, 1, 1)
    assert outcome.result.facts == {"theirs.kind": "parrot", "ours.kind": "parrot"}


def test_what_the_reference_says_otherwise_each_time_is_no_difference() -> None:
    """And what it says each time is one."""
    said = iter(range(100))

    def varies(asked: bytes) -> list[bytes]:
        return [answer(b'{"count": %d, "model": "%b"}' % (next(said), b"b" if target(asked) == "/b" else b"a"))]

    ours = Parrot(lambda _: [answer(b'{"count": 1000, "model": "a"}')])
    told = run(Parrot(varies), ours, "a", "b").outcome().result

    assert [(one.kind, one.varies, [place.path for place in one.differences]) for one in told.verdicts] == [
        ("same", ("body.count",), []),
        ("different", ("body.count",), ["body.model"]),
    ]


def test_servers_run_one_after_the_other_where_that_was_asked_for() -> None:
    """For a model that does not fit twice."""
    crowd = Crowd()

    assert kinds(run(crowd.parrot("theirs"), crowd.parrot("ours"), "a", "b", at_once=False)) == {"a": "same", "b": "same"}  # fmt: skip
    assert crowd.most == 1
    assert sorted(crowd.heard) == sorted(["ours /a", "ours /b", *["theirs /a", "theirs /b"] * 2])


def test_a_server_that_others_use_is_not_asked_by_two_at_once() -> None:
    """Its second take comes after its first."""
    crowd = Crowd()
    theirs = crowd.parrot("theirs")
    theirs.is_shared = True

    run(theirs, Parrot(fine), "a", "b").outcome()

    assert crowd.heard == ["theirs /a", "theirs /b", "theirs /a", "theirs /b"]
    assert crowd.most == 1


@pytest.mark.parametrize(("says", "starts"), [pytest.param(b"fine", 1, id="same"), pytest.param(b"bad", 2, id="different")])  # fmt: skip
def test_once_is_enough_where_nothing_differs(says: bytes, starts: int) -> None:
    """What differs may vary by itself, and is asked for again."""
    theirs = Parrot(fine)

    outcome = run(theirs, Parrot(lambda _: [answer(says)]), is_twice=False).outcome()

    assert (theirs.starts, len(outcome.theirs.takes)) == (starts, starts)
    assert [one.kind for one in outcome.result.verdicts] == ["same" if says == b"fine" else "different"]


def late_once() -> Callable[[bytes], Iterator[bytes]]:
    """Say two pieces, the second one late the first time."""
    is_late = [True]

    def say(_: bytes) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\none\r\n"
        if is_late and is_late.pop():
            threading.Event().wait(PAUSE_S)
        yield b"3\r\ntwo\r\n0\r\n\r\n"

    return say


def late(_: bytes) -> Iterator[bytes]:
    """Say two pieces, the second one late each time."""
    return late_once()(b"")


def test_pieces_that_came_late_once_are_asked_for_again() -> None:
    """A busy machine can do that alone; nothing else is asked again."""
    heard: list[str] = []

    def say(asked: bytes) -> Iterator[bytes]:
        heard.append(target(asked))
        return on_time(asked) if target(asked) == "/late" else iter(fine(asked))

    on_time = late_once()
    on_time_at_theirs = late_once()
    list(on_time_at_theirs(b""))
    theirs = Parrot(lambda asked: on_time_at_theirs(asked) if target(asked) == "/late" else fine(asked))  # type: ignore[arg-type,return-value]

    told = run(theirs, Parrot(say), "late", "other").outcome().result  # type: ignore[arg-type]

    assert [(one.case, one.kind) for one in told.verdicts] == [("late", "same"), ("other", "same")]
    assert heard == ["/late", "/other", "/late"]


def test_pieces_that_come_late_each_time_differ() -> None:
    """It is said where the pause is."""
    on_time = late_once()
    list(on_time(b""))

    told = run(Parrot(late), Parrot(on_time)).outcome().result  # type: ignore[arg-type]

    assert [place for one in told.verdicts for place in one.differences] == [
        Difference("arrival", "pieces 1 | 2 end", "pieces 1 2 end", size=2)
    ]


def test_a_recording_is_compared_with_ours_alone() -> None:
    """What it said then stands for the server; the surroundings are not in it, and are not looked at."""
    recorded = run(Parrot(fine, "real"), Parrot(fine), "a", "b").outcome().theirs
    ours = Parrot(lambda asked: [answer(b"other" if target(asked) == "/b" else b"fine")], "ours")

    outcome = run(recorded, ours, "a", "b", look=Look(Path("probe.py"), lambda *_: pytest.fail("looked at"))).outcome()

    assert [(one.case, one.kind) for one in outcome.result.verdicts] == [("a", "same"), ("b", "different")]
    assert (outcome.result.theirs, ours.starts, ours.stops) == ("real", 1, 1)


def test_a_look_around_brings_its_own_verdicts_and_remarks() -> None:
    """Both sides serve the probe besides; what was found goes into the reference's first take."""

    def judge(theirs: Mapping[str, Any] | None, ours: Mapping[str, Any] | None) -> Told:
        assert theirs == ours == {"probe": "yes"}
        return [Verdict("surroundings", "different", (Difference("umask", "1", "2", 1),))], ["they look alike"]

    outcome = run(Parrot(fine), Parrot(fine), look=Look(Path("probe.py"), judge)).outcome()

    assert [(one.case, one.kind) for one in outcome.result.verdicts] == [("a", "same"), ("surroundings", "different")]
    assert outcome.result.remarks == ("they look alike",)
    assert outcome.theirs.takes[0].surroundings == outcome.ours.takes[0].surroundings == {"probe": "yes"}


def test_a_side_that_does_not_start_is_looked_at_in_vain() -> None:
    """The judge hears of it; how it ended is compared."""
    seen: list[tuple[object, object]] = []

    def judge(theirs: object, ours: object) -> Told:
        seen.append((theirs, ours))
        return [], []

    end = End(3, ("no init()",))
    outcome = run(Parrot(fine, "real", does_not_start=end), Parrot(fine), look=Look(Path("probe.py"), judge)).outcome()

    assert seen == [(None, {"probe": "yes"})]
    assert outcome.theirs.takes[0].start == end
    assert outcome.result.exit_code == 2


def test_one_that_cannot_be_started_at_all_ends_the_other() -> None:
    """Nobody waits for an answer then that may never come."""
    lives, ended, is_asked = Lives(), threading.Event(), threading.Event()

    def say(_: bytes) -> list[bytes]:
        is_asked.set()
        ended.wait(30)
        return []

    class Refuses(Parrot):
        def start(self, probe: Path | None = None) -> Perch:
            assert is_asked.wait(10)
            raise UsageError("no such image", where="real")

    ours = Parrot(say)
    lives.know(ended.set)

    with pytest.raises(UsageError, match="real: no such image"):
        Run(Refuses(fine), ours, [case("a")], Rules(), PATIENCE, lives).outcome()

    assert ended.is_set()
    assert (ours.starts, ours.stops) == (1, 1)


class Cell(Hermit):
    """A hermit that runs: one who reads any request, for a walk writes such as no client would."""

    def __init__(self, order: Order) -> None:
        super().__init__(order.say)
        self._order = order
        self.address = Address(self.port)

    def ended(self) -> End | None:
        return None

    def kill_workers(self) -> bool:
        return False

    def stop(self) -> None:
        self._order.stops += 1
        self.leave()


class Order:
    """A side of hermits."""

    is_shared = False

    def __init__(self, name: str, say: Callable[[bytes], bytes]) -> None:
        self.name, self.say = name, say
        self.starts = self.stops = 0

    def start(self, probe: Path | None = None) -> Cell:
        self.starts += 1
        return Cell(self)

    def facts(self) -> Mapping[str, str]:
        return {"kind": "hermit"}


def test_a_walk_ends_with_what_differs_and_nothing_left() -> None:
    """The smallest sequence is a case like all others, for the reports."""
    theirs = Order("real", lambda _: b"fine")
    ours = Order("ours", lambda asked: b"bad" if asked.startswith(b"PUT") else b"fine")
    pool = [post(b"x"), request("PUT", "/score")]

    found = walked(theirs, ours, pool, Rules(), PATIENCE, sequences=200, seed=3, told=lambda _: None)
    sides = (Record(side.name, (Take(),), side.facts()) for side in (theirs, ours))
    outcome = Outcome(Result("real", "ours", ()), *sides).with_walk(found)

    assert found.failing is not None
    assert len(found.failing.requests) == 1
    assert [(one.kind, [place.path for place in one.differences]) for one in outcome.result.verdicts] == [
        ("different", ["body"])
    ]
    assert outcome.theirs == Record("real", (Take({found.failing.name: found.theirs or Seen()}),), {"kind": "hermit"})
    assert outcome.ours == Record("ours", (Take({found.failing.name: found.ours or Seen()}),), {"kind": "hermit"})
    assert (theirs.starts, ours.starts) == (theirs.stops, ours.stops)
    assert theirs.starts > 1


def test_what_a_walk_has_seen_but_once_is_a_remark() -> None:
    lost = Verdict("walk 3", "different", (Difference("body", "fine", "odd", 4),))
    outcome = Outcome(Result("real", "ours", ()), Record("real", ()), Record("ours", ()))

    (remark,) = outcome.with_walk(Walked(3, 20, 40, lost=lost)).result.remarks

    assert remark.endswith("; body: fine there, odd here")


def test_a_walk_without_a_difference_finds_nothing() -> None:
    """Both were started once, and are stopped."""
    sides = [Order(name, lambda _: b"fine") for name in ("real", "ours")]

    found = walked(*sides, [post(b"x")], Rules(), PATIENCE, sequences=20, seed=3, told=lambda _: None)

    assert (found.sequences, found.failing) == (20, None)
    assert [(one.starts, one.stops) for one in sides] == [(1, 1)] * 2

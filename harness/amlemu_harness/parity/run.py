"""
A run of parity: both sides are started, asked and compared. The one place that knows the order; what is shown of it is `report`'s.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from amlemu_harness.parity.case import Case
from amlemu_harness.parity.judging.compare import compare, judge
from amlemu_harness.parity.judging.rules import Rules
from amlemu_harness.parity.play import Told, look_around, play
from amlemu_harness.parity.record import Record, Seen, Take
from amlemu_harness.parity.recordings.kept import kept_record
from amlemu_harness.parity.sides.lives import Lives
from amlemu_harness.parity.sides.side import DidNotStart, Running, Side
from amlemu_harness.parity.verdict import Difference, Result, Verdict
from amlemu_harness.parity.walking.walk import Walked, walk
from amlemu_harness.parity.wire import Patience, Received, Sent, exchange

Done = TypeVar("Done")


@dataclass(frozen=True)
class Look:
    """
    A look at what a script finds around itself.

    Attributes:
        probe: a script that tells it.
        judge: says where theirs and ours differ, with remarks; None is what could not be had.
    """

    probe: Path
    judge: Callable[[Mapping[str, Any] | None, Mapping[str, Any] | None], tuple[Sequence[Verdict], Sequence[str]]]


@dataclass(frozen=True)
class Outcome:
    """A result, and what it was made of."""

    result: Result
    theirs: Record
    ours: Record

    def with_walk(self, found: Walked) -> Outcome:
        """Return it with the smallest sequence that a walk has found, as if it were a case like all others; what it has lost is a remark."""
        if found.failing is None or found.verdict is None:
            lost = [_told_lost(one) for one in (found.lost.differences if found.lost else ())[:1]]
            return replace(self, result=replace(self.result, remarks=(*self.result.remarks, *lost)))
        name = found.failing.name
        theirs, ours = (
            replace(record, takes=(replace(record.takes[0], seen={**record.takes[0].seen, name: seen or Seen()}),))
            for record, seen in ((self.theirs, found.theirs), (self.ours, found.ours))
        )
        return Outcome(replace(self.result, verdicts=(*self.result.verdicts, found.verdict)), theirs, ours)


@dataclass(frozen=True)
class Run:
    """
    What is to be done.

    Attributes:
        theirs: the reference; or what it has said some time ago.
        patience: with each answer.
        lives: knows all that is started.
        at_once: all servers run at the same time; else one after the other, for models that do not fit twice.
        is_twice: the reference is asked twice in any case; else only where something differs, which may vary by itself.
        told: hears how far it is.
        is_recorded: what the reference says is kept: its second take begins when the first is over.
        is_selection: there are more cases, which are not asked this time.
        look: how the surroundings are looked at; None looks nowhere.
    """

    theirs: Side | Record
    ours: Side
    cases: Sequence[Case]
    rules: Rules
    patience: Patience
    lives: Lives
    at_once: bool = True
    is_twice: bool = True
    is_selection: bool = False
    is_recorded: bool = False
    look: Look | None = None
    told: Told | None = None

    def outcome(self) -> Outcome:
        """
        Ask both sides all cases, the reference twice, and compare.

        Raises:
            AmlemuError: a side cannot be started at all; nothing is left running.
        """
        if isinstance(self.theirs, Record):
            own = Record(self.ours.name, (self._play(self.ours),), self.ours.facts())
            return self._compared(self.theirs, kept_record(own), ())  # what a recording does not keep, is not compared
        return self._beside(self.theirs)

    def _beside(self, theirs: Side) -> Outcome:
        with _Pool(self.lives, 5 if self.at_once else 1) as pool:
            own = pool.do(lambda: self._play(self.ours, take="amlemu"))
            times = 2 if self.is_twice else 1
            in_turn = theirs.is_shared or self.is_recorded  # a recording has no third take to look at later
            takes = [pool.do(lambda: self._takes(theirs, times))] if in_turn else []
            takes = takes or [pool.do(lambda first=first: self._takes(theirs, 1, first)) for first in range(times)]  # type: ignore[misc]
            looks = [pool.do(lambda: self._look(theirs)), pool.do(lambda: self._look(self.ours))]
            played = [take for done in takes for take in done.result()]
            found = [look.result() for look in looks]
            own_take = replace(own.result(), surroundings=found[1])
        first = replace(played[0], surroundings=found[0])
        ours = Record(self.ours.name, (own_take,), self.ours.facts())
        also, remarks = self.look.judge(*found) if self.look is not None else ((), ())
        outcome = self._compared(Record(theirs.name, (first, *played[1:]), theirs.facts()), ours, also)
        if outcome.result.count("different") and first.start is None:
            # what follows the clock may be the same in two takes of one second: another take, some seconds later, tells
            later = replace(outcome.theirs, takes=(first, self._play(theirs, take=f"{theirs.name} once more")))
            outcome = self._later(outcome, self._compared(later, ours, also))
        result = self._asked_again(outcome.result, theirs)
        return replace(outcome, result=replace(result, remarks=(*result.remarks, *remarks)))

    def _later(self, outcome: Outcome, later: Outcome) -> Outcome:
        """Return what a later take says of the cases that differ; of a reference that was asked once it is all that counts."""
        if not self.is_twice:
            return later
        anew = {one.case: one for one in later.result.verdicts}
        verdicts = [anew.get(one.case, one) if one.kind == "different" else one for one in outcome.result.verdicts]
        return replace(outcome, result=replace(outcome.result, verdicts=tuple(verdicts)))

    def _compared(self, theirs: Record, ours: Record, also: Sequence[Verdict]) -> Outcome:
        result = compare(self.cases, theirs, ours, self.rules, also, is_selection=self.is_selection)
        return Outcome(result, theirs, ours)

    def _takes(self, side: Side, times: int, first: int = 0) -> list[Take]:
        name = side.name.partition(" ")[0]
        names = [name if number == 0 else f"{name} again" for number in range(first, first + times)]
        return [self._play(side, take=one) for one in names]

    def _play(self, side: Side, cases: Sequence[Case] | None = None, take: str = "") -> Take:
        return play(side, self.cases if cases is None else cases, self.patience, self.told if take else None, take)

    def _look(self, side: Side) -> Mapping[str, Any] | None:
        if self.look is None:
            return None
        try:
            return look_around(side, self.look.probe, self.patience)
        except DidNotStart:
            return None

    def _asked_again(self, result: Result, theirs: Side) -> Result:
        """Ask the cases again in which nothing but the moments of arrival differs: a busy machine can make that alone."""
        late = {one.case for one in result.verdicts if one.kind == "different" and _is_arrival_alone(one)}
        if not late:
            return result
        again = [case for case in self.cases if case.name in late]
        first, second, own = (self._play(side, again).seen for side in (theirs, theirs, self.ours))
        rules = self.rules.against(theirs.name)
        anew = {
            case.name: judge(case, first[case.name], second.get(case.name), own[case.name], rules)
            for case in again
            if case.name in first and case.name in own
        }
        return replace(result, verdicts=tuple(anew.get(one.case, one) for one in result.verdicts))


def walked(
    theirs: Side,
    ours: Side,
    pool: Sequence[Sent],
    rules: Rules,
    patience: Patience,
    *,
    sequences: int,
    seed: int,
    told: Callable[[str], None],
) -> Walked:
    """
    Walk from a fresh start of both sides.

    Raises:
        UsageError: Hypothesis is not installed.
        AmlemuError: a side does not start.
    """
    with contextlib.ExitStack() as stack:
        asks = [_Asked(side, stack, patience) for side in (theirs, ours)]

        def judged(case: Case, first: Seen, again: Seen | None, own: Seen) -> Verdict:
            found = judge(case, first, again, own, rules.against(theirs.name))
            # moments of arrival are a busy machine's, too, and nobody would come back to look again
            return replace(found, kind="same") if found.kind == "different" and _is_arrival_alone(found) else found

        def fresh() -> None:
            for ask in asks:
                ask.start()

        fresh()
        return walk(pool, asks[0], asks[1], judged, sequences=sequences, seed=seed, told=told, fresh=fresh)


class _Asked:
    """One side of a walk, which can be started anew."""

    def __init__(self, side: Side, stack: contextlib.ExitStack, patience: Patience) -> None:
        self._side = side
        self._patience = patience
        self._running: Running | None = None
        stack.callback(self.stop)

    def start(self) -> None:
        self.stop()
        self._running = self._side.start()

    def stop(self) -> None:
        if self._running is not None:
            self._running.stop()
            self._running = None

    def __call__(self, sent: Sent) -> Received | None:
        assert self._running is not None
        try:
            return exchange(self._running.address, sent, self._patience)
        except OSError:
            return None


def _told_lost(one: Difference) -> str:
    both = f"{one.path}: {one.theirs} there, {one.ours} here"
    return f"the walk saw a difference once, and not from a fresh start: it comes of what was asked before, or of chance; {both}"


def _is_arrival_alone(verdict: Verdict) -> bool:
    return all(one.reason or one.path.rpartition(".")[2] == "arrival" for one in verdict.differences)


class _Pool:
    """Threads that wait for servers; whoever interrupts the run ends those, and with them the waiting."""

    def __init__(self, lives: Lives, threads: int) -> None:
        self._lives = lives
        self._threads = ThreadPoolExecutor(threads)

    def do(self, work: Callable[[], Done]) -> Future[Done]:
        return self._threads.submit(work)

    def __enter__(self) -> _Pool:  # noqa: PYI034  # no subclasses
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is not None:
            self._lives.end_all()
        self._threads.shutdown(wait=True, cancel_futures=kind is not None)

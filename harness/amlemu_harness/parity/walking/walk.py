"""
Random sequences of requests, to both sides at the same time; the first that is answered differently is made as small as it gets.

Hypothesis draws and shrinks, and is asked for only here: it is no dependency of amlemu. `moves.py` has what is drawn, `pair.py` asks.
What counts as a difference is the caller's.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from amlemu.errors import UsageError

from amlemu_harness.parity.case import Case
from amlemu_harness.parity.record import Seen
from amlemu_harness.parity.verdict import Verdict
from amlemu_harness.parity.walking.moves import sequences as drawn_from
from amlemu_harness.parity.walking.pair import Ask, Pair
from amlemu_harness.parity.wire import Sent

Judge = Callable[[Case, Seen, Seen | None, Seen], Verdict]
"""Compares: the case, the reference, the reference once more, ours."""

_TELL_EVERY_S = 10.0
_SAME = ("same", "exempt")


@dataclass(frozen=True)
class Walked:
    """
    What came of a walk.

    Attributes:
        sequences, requests: that were asked until a difference was found, or the end; what shrinking asked is not counted.
        failing: the smallest sequence that is answered differently; None where there is none.
        verdict, theirs, ours: of that.
        unsteady: differences that were none: the reference itself answers otherwise when it is asked again.
        lost: one that does not come from a fresh start: it hangs on what was asked before, or on chance.
    """

    seed: int
    sequences: int
    requests: int
    failing: Case | None = None
    verdict: Verdict | None = None
    theirs: Seen | None = None
    ours: Seen | None = None
    unsteady: int = 0
    lost: Verdict | None = None


def walk(
    pool: Sequence[Sent],
    theirs: Ask,
    ours: Ask,
    judge: Judge,
    *,
    sequences: int,
    seed: int,
    told: Callable[[str], None],
    limit_s: float = 300.0,
    fresh: Callable[[], None] | None = None,
) -> Walked:
    """
    Walk until a difference is found and shrunk, all sequences are asked, the time is up or a side is gone.

    Args:
        pool: requests that are asked as they are, and changed.
        theirs, ours: called in two threads at the same time, each by one at once.
        seed: the same seed, pool and versions make the same walk, as long as the servers answer the same.
        told: is given one line now and then: how far it is, and what went wrong.
        limit_s: no sequence is begun after so many seconds; shrinking counts.
        fresh: starts both sides anew. A difference counts then only if it comes from a fresh start, too; without it what a
            sequence leaves behind in a server stays there for the next ones.

    Raises:
        UsageError: Hypothesis is not installed.
        Exception: whatever `theirs`, `ours`, `judge` and `fresh` raise.
    """
    if not pool:
        told("walk: there is no request to begin with")
        return Walked(seed, 0, 0)
    with ThreadPoolExecutor(1) as beside:
        walker = _Walker(Pair(theirs, ours, fresh, beside), judge, seed, told, limit_s, sequences)
        try:
            _walk(walker, pool)
        except _Over as over:
            if over.__cause__:
                raise over.__cause__  # noqa: B904  # it is the cause itself
            told(f"walk: {over.why}; {walker.found.sequences} of {sequences} sequences were asked")
    return walker.result()


def _walk(walker: _Walker, pool: Sequence[Sent]) -> None:
    """Walk without starting anything anew, which is quick; if that has led astray, once more with care."""
    end = _under_hypothesis(walker, pool)
    if not walker.holds():
        walker.told(
            "walk: a difference that does not come from a fresh start; once more, with a fresh start for each one"
        )
        walker.begin_with_care()
        end = _under_hypothesis(walker, pool)
    if end:
        walker.told(end)


class _Over(BaseException):
    """The walk ends here. No `Exception`: Hypothesis would take that for a failing sequence, and shrink it."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


@dataclass(frozen=True)
class _Difference:
    """A sequence that is answered differently."""

    case: Case
    verdict: Verdict
    theirs: Seen
    ours: Seen

    @property
    def size(self) -> tuple[int, int]:
        """How small it is, in requests and in bytes."""
        return len(self.case.requests), sum(len(sent.raw + sent.after_continue) for sent in self.case.requests)


class _Differs(Exception):
    """What Hypothesis looks for, and makes smaller."""

    def __init__(self, difference: _Difference) -> None:
        self.difference = difference
        super().__init__()


@dataclass
class _Found:
    """`tries` are the sequences that were asked after the first difference."""

    sequences: int = 0
    requests: int = 0
    unsteady: int = 0
    tries: int = 0
    smallest: _Difference | None = None
    lost: _Difference | None = None


@dataclass
class _Walker:
    """One walk, and what it has found so far."""

    pair: Pair
    judge: Judge
    seed: int
    told: Callable[[str], None]
    limit_s: float
    wanted: int
    found: _Found = field(default_factory=_Found)
    is_careful: bool = False
    began_at: float = 0.0
    told_at: float = 0.0

    def step(self, requests: tuple[Sent, ...]) -> None:
        """Ask one sequence; raises `_Differs`."""
        try:
            self._step(requests)
        except Exception as error:
            if isinstance(error, _Differs):
                raise
            raise _Over("") from error

    def holds(self) -> bool:
        """Whether what was found differs from a fresh start, too; also where nothing was found, or nobody can start anew."""
        it = self.found.smallest
        if it is None or self.pair.fresh is None:
            return True
        self.pair.fresh()
        theirs, ours = self.pair.ask(it.case.requests)
        return self.judge(it.case, theirs, None, ours).kind not in _SAME

    def begin_with_care(self) -> None:
        """Forget what was found; from now on what sequences leave behind does not count."""
        self.is_careful = True
        self.found = _Found(lost=self.found.smallest)
        self.fresh()

    def fresh(self) -> None:
        """Start both sides anew, where somebody can."""
        if self.pair.fresh is not None:
            self.pair.fresh()

    def result(self) -> Walked:
        """Return what was found."""
        found, it = self.found, self.found.smallest
        lost = found.lost.verdict if found.lost else None
        walked = Walked(self.seed, found.sequences, found.requests, unsteady=found.unsteady, lost=lost)
        return replace(walked, failing=it.case, verdict=it.verdict, theirs=it.theirs, ours=it.ours) if it else walked

    def _step(self, requests: tuple[Sent, ...]) -> None:
        self.began_at = self.began_at or time.monotonic()  # no sooner: Hypothesis is imported before
        if time.monotonic() > self.began_at + self.limit_s:
            raise _Over(f"the time is up{' before the difference was as small as it gets' * bool(self.found.smallest)}")
        self._count(requests)
        case = Case(f"walk {self.seed}", "made here", requests)
        theirs, ours = self.pair.ask(requests)
        if theirs.trouble or ours.trouble:
            self._after_silence(case, theirs, ours)
        if self.judge(case, theirs, None, ours).kind not in _SAME:
            self._look_again(case, theirs, ours)

    def _after_silence(self, case: Case, theirs: Seen, ours: Seen) -> None:
        """A side is gone: if it comes back all is well, else that is what the walk has found, and it cannot go on."""
        if self.pair.is_alive():
            return
        if self.pair.fresh is not None:
            self.pair.fresh()
            return
        verdict = self.judge(case, theirs, None, ours)
        if verdict.kind not in _SAME:
            self.found.smallest = _Difference(case, verdict, theirs, ours)
        who = " and ".join(["the reference"] * bool(theirs.trouble) + ["our side"] * bool(ours.trouble))
        raise _Over(f"{who} is gone")

    def _look_again(self, case: Case, theirs: Seen, ours: Seen) -> None:
        """Ask once more: of the reference, to know what varies; of ours as well, so that both have been asked the same."""
        if self.is_careful:
            self.fresh()
            theirs, ours = self.pair.ask(case.requests)
            self.fresh()
        again, own = self.pair.ask(case.requests)
        if (again.trouble or own.trouble) and not self.pair.is_alive():
            self.fresh()  # what comes next is no fault of its own
        verdict = self.judge(case, theirs, again, ours)
        if verdict.kind == "different":
            found = _Difference(case, verdict, theirs, ours)
            if not self.found.smallest or found.size < self.found.smallest.size:
                self.found.smallest = found
            raise _Differs(found)
        if verdict.kind != "exempt":
            self.found.unsteady += 1

    def _count(self, requests: tuple[Sent, ...]) -> None:
        found = self.found
        if found.smallest:
            found.tries += 1
        else:
            found.sequences += 1
            found.requests += len(requests)
        if time.monotonic() > (self.told_at or self.began_at) + _TELL_EVERY_S:
            self.told_at = time.monotonic()
            shrinking = f", a difference is being made smaller, try {found.tries}" if found.smallest else ""
            self.told(f"walk: {found.sequences} of {self.wanted} sequences, {found.requests} requests{shrinking}")


def _under_hypothesis(walker: _Walker, pool: Sequence[Sent]) -> str:
    """Walk once; returns what is to be said of how it ended."""
    try:
        from hypothesis import HealthCheck, Phase, Verbosity, given, settings
        from hypothesis import seed as seeded
        from hypothesis.errors import Flaky
    except ImportError as error:
        hint = "pip install hypothesis"
        raise UsageError("a walk needs Hypothesis, which is not installed here", where="--walk", hint=hint) from error

    chosen = settings(
        max_examples=walker.wanted,
        database=None,
        deadline=None,
        derandomize=False,
        phases=(Phase.generate, Phase.shrink),
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )

    def step(requests: tuple[Sent, ...]) -> None:
        walker.step(requests)

    with _nothing_left():
        try:
            seeded(walker.seed)(chosen(given(drawn_from(pool))(step)))()
        except _Differs as differs:
            walker.found.smallest = differs.difference
            return f"walk: a difference, made as small as it gets in {walker.found.tries} tries"
        except Flaky:
            often = "walk: a difference that does not always come when its sequence is asked"
            return f"{often}: it depends on what was asked before, or on time"
    return ""


@contextlib.contextmanager
def _nothing_left() -> Iterator[None]:
    """Have Hypothesis keep its notes where they go away: it would make a folder in the working folder."""
    from hypothesis import configuration

    with tempfile.TemporaryDirectory(prefix="amlemu-walk-") as folder:
        configuration.set_hypothesis_home_dir(folder)
        try:
            yield
        finally:
            configuration.set_hypothesis_home_dir(None)

"""
Finds the first cause in a log, not the last symptom: one pass, bounded memory.

`lines.py` and `tracebacks.py` read, `signs.py` knows what things mean; here is decided which of them it was.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from amlemu.explain import signs
from amlemu.explain.lines import Line, read_lines
from amlemu.explain.signs import Sign, Told
from amlemu.explain.tracebacks import Chain, Phase, Raised, Tracebacks, alone

_RANKS = {"cause": 0, "call": 1, "past": 1, "likely": 2, "symptom": 3, "event": 4, "warning": 5}
_MOST_REMARKS = 200
_MOST_MORE = 12  # lines below a sign that are looked at for what belongs to it
_MOST_KEPT_MORE = 4
_MOST_TAIL = 8
_LONGEST_SHOWN = 200
_READY = ("ready for serving traffic", "init has completed successfully")
_ENDED = ("Worker exiting (pid", "Shutting down: Master", "exited with code", "was sent SIG", "Worker failed to boot")
_BOOT = "Booting worker with pid"
_BOOTS = 3
_SUSPECTS = (
    "rror",
    "xception",
    "fail",
    "Fail",
    "FAIL",
    "fatal",
    "Fatal",
    "FATAL",
    "denied",
    "refused",
    "annot ",
    "unable to",
    "not found",
    "illed",
    "abort",
    "Abort",
)
_WITHOUT_MODEL = ("model-undefined", "model-none")
_PRINTS = "azmlinfsrv.print"  # the logger of what the script prints
_PRINTED = ("printed-path", "printed-module")


@dataclass(frozen=True)
class Remark:
    """
    One thing that a log says.

    Attributes:
        line: of the log, where it is said first.
        excerpt: the few lines of the log that matter, each with its number.
        count: how often it is said.
    """

    told: Told
    line: int
    excerpt: tuple[tuple[int, str], ...]
    count: int = 1


@dataclass(frozen=True)
class Account:
    """
    What a log comes to.

    Attributes:
        cause: what it was; None when nothing was recognised.
        others: what else was seen, in order, without what only follows from the cause.
        lines: how many there are.
        ready: the last line that says that the server is ready; 0 for none.
        tail: the last lines that look like errors, with their numbers.
    """

    cause: Remark | None
    others: tuple[Remark, ...]
    lines: int
    ready: int
    tail: tuple[tuple[int, str], ...]


@dataclass
class _Seen:
    """A remark in the making."""

    told: Told
    line: int
    excerpt: list[tuple[int, str]]
    last: int = 0
    count: int = 1
    sign: Sign | None = None
    words: dict[str, str] = field(default_factory=dict)
    more: list[str] = field(default_factory=list)
    is_handled: bool = False
    is_users: bool = False


def read_log(stream: BinaryIO) -> Account:
    """Read a log to its end and say what it comes to."""
    reader = _Reader()
    for line in read_lines(stream):
        reader.take(line)
    return reader.account()


class _Reader:
    """Takes lines; remembers what they say, once each."""

    def __init__(self) -> None:
        self._tracebacks = Tracebacks()
        self._seen: dict[tuple[str, str], _Seen] = {}
        self._names: set[str] = set()  # of all signs that were met
        self._open: list[_Seen] = []  # exceptions of a start that has neither failed nor succeeded yet
        self._ready = self._lines = self._boots = 0
        self._workers = 1
        self._boot_lines: list[tuple[int, str]] = []
        self._requirement = ""
        self._awaits: tuple[_Seen, int] | None = None
        self._last = Line(0, "")
        self._tail: deque[tuple[int, str]] = deque(maxlen=_MOST_TAIL)

    def take(self, line: Line) -> None:
        """Read one line."""
        self._lines = line.number
        is_traceback, chain = self._tracebacks.take(line)
        if chain is not None:
            self._exception(chain)
        if is_traceback or not line.text.strip():
            return
        self._last = line
        if self._awaits is not None:
            self._add_more(line)
        self._milestone(line)
        found = signs.of_line(line.text)
        told = self._alone(line) if found is None or found[0].name in _PRINTED else None
        if told is not None:
            self._note(told, line.number, [(line.number, line.text[:_LONGEST_SHOWN])])
        elif found is not None:
            self._sign(*found, line)
        if any(word in line.text for word in _SUSPECTS) and not (found and found[0].row.get("tier") == "noise"):
            self._tail.append((line.number, line.text[:_LONGEST_SHOWN]))

    def account(self) -> Account:
        """Say what it was."""
        if (chain := self._tracebacks.end()) is not None:
            self._exception(chain)
        if (found := signs.of_last_line(self._last.text)) is not None:
            self._sign(*found, self._last)
        self._boots_again()
        remarks = sorted(self._remarks(), key=lambda one: (_RANKS[one.told.tier], one.line))
        if not remarks:
            return Account(None, (), self._lines, self._ready, tuple(self._tail))
        cause = self._behind(remarks[0])
        others = sorted(_besides(cause, remarks), key=lambda one: one.line)
        return Account(cause, tuple(others), self._lines, self._ready, tuple(self._tail))

    def _exception(self, chain: Chain) -> None:
        phase: Phase = chain.phase or ("run" if self._ready else "")
        told = signs.of_exception(chain, phase, requirement=self._requirement)
        root = chain.root
        seen = self._note(told, root.last, _excerpt(chain))
        if seen is not None and phase != "run":
            seen.is_users = seen.is_users or chain.place is not None
            self._open.append(seen)
        if not ((chain.logger and chain.logger != _PRINTS) or "Exception in worker" in chain.before):
            return  # printed by the script: it may have gone on
        self._open.clear()  # the server itself says that the start has failed

    def _alone(self, line: Line) -> Told | None:
        """Return what an exception's line says whose traceback is not there: it was printed, quoted or cut off."""
        if (chain := alone(line)) is None:
            return None
        told = signs.of_exception(chain, "", requirement=self._requirement)
        return replace(told, tier="symptom" if told.rule == "raised" else "likely")

    def _sign(self, sign: Sign, words: dict[str, str], line: Line) -> None:
        if sign.row.get("tier") == "noise":
            return
        given = words if words.get("requirement") else {**words, "requirement": self._requirement}
        told = sign.told(given)
        if told.tier == "cause" and self._ready and told.family != "killed":
            told = replace(told, tier="call")  # it serves already: the line is about a call, or the script's own
        seen = self._note(told, line.number, [(line.number, line.text[:_LONGEST_SHOWN])])
        is_awaited = self._awaits is not None and self._awaits[0].told.rule == told.rule
        if seen is not None and sign.more is not None and seen.count == 1 and not is_awaited:
            seen.sign, seen.words = sign, given
            self._awaits = (seen, _MOST_MORE)

    def _note(self, told: Told, number: int, excerpt: Iterable[tuple[int, str]]) -> _Seen | None:
        self._names.add(told.rule)
        if told.tier == "noise":
            return None
        key = (told.rule, told.cause)
        seen = self._seen.get(key)
        if seen is None:
            if len(self._seen) >= _MOST_REMARKS:
                return None
            seen = self._seen[key] = _Seen(told, number, list(excerpt), number)
            return seen
        seen.count, seen.last = seen.count + 1, number
        return seen

    def _add_more(self, line: Line) -> None:
        """Take the lines below a sign that belong to it, until they no longer come."""
        assert self._awaits is not None, "asked only while something is awaited"
        seen, left = self._awaits
        assert seen.sign is not None, "only signs await lines"
        assert seen.sign.more is not None, "and only those that have a pattern for them"
        found, most = seen.sign.more.match(line.text), seen.sign.row.get("most", _MOST_KEPT_MORE)
        if found is not None:
            seen.more.append(found["more"].replace('"', "").strip())
            seen.excerpt.append((line.number, line.text[:_LONGEST_SHOWN]))
            seen.told = seen.sign.told({**seen.words, "more": "; ".join(seen.more)})
        is_over = left <= 1 or (found is None and bool(seen.more)) or len(seen.more) >= most
        self._awaits = None if is_over else (seen, left - 1)

    def _milestone(self, line: Line) -> None:
        text = line.text
        if any(word in text for word in _READY):
            self._ready, self._boots = line.number, 0
            self._boot_lines.clear()
            for seen in self._open:
                seen.is_handled = True  # the script went on after it
            self._open.clear()
        elif _BOOT in text:
            self._boots += 1
            self._boot_lines = [*self._boot_lines, (line.number, text[:_LONGEST_SHOWN])][:_BOOTS]
        elif "orker" not in text and "Collecting" not in text and "Shutting" not in text:
            return  # nothing below is about it
        elif any(word in text for word in _ENDED):
            self._open.clear()
        elif text.startswith("Worker Count: ") and (count := re.match(r"Worker Count: (\d{1,4})", text)):
            self._workers = max(int(count[1]), 1)
        elif found := re.match(r"\s*Collecting (\S{1,120})", text):
            self._requirement = found[1]

    def _boots_again(self) -> None:
        """Say that workers die one after the other: more were started than the server keeps, and none came to be ready."""
        if self._boots < max(_BOOTS, self._workers + 2):
            return
        told = signs.boots_again(self._boots)
        self._note(told, self._boot_lines[0][0], self._boot_lines)

    def _remarks(self) -> list[Remark]:
        """Return what was said, each with the weight that it has in the light of the whole log."""
        remarks = []
        for seen in self._seen.values():
            told = seen.told
            if told.needs and not self._names.intersection(told.needs):
                told = replace(told, tier="warning")
            if seen.is_handled:
                told = replace(told, tier="warning")
            elif told.tier == "cause" and (seen.last or seen.line) < self._ready:
                told = replace(told, tier="past")
            remarks.append(Remark(told, seen.line, tuple(seen.excerpt), seen.count))
        return remarks

    def _behind(self, first: Remark) -> Remark:
        """Return what init() swallowed, when run() failed for the lack of what init() should have made."""
        if first.told.rule not in _WITHOUT_MODEL:
            return first
        handled = (seen for seen in self._seen.values() if seen.line < first.line and _was_swallowed(seen))
        seen = next(handled, None)
        if seen is None:
            return first
        cause = f"{seen.told.cause}; the script went on, and so {first.told.cause}"
        excerpt = (*seen.excerpt, *first.excerpt)
        return Remark(
            replace(seen.told, tier="cause", cause=cause, cloud=first.told.cloud), seen.line, excerpt, seen.count
        )


def _was_swallowed(seen: _Seen) -> bool:
    return (seen.is_handled and seen.is_users) or seen.told.rule in _PRINTED


def _besides(cause: Remark, remarks: list[Remark]) -> list[Remark]:
    """Return the other remarks, one of each kind, without those that say the same as the cause."""
    shown = {number for number, _ in cause.excerpt}
    kept: dict[str, Remark] = {}
    for remark in remarks:
        is_same = remark.told.rule == cause.told.rule or remark.line in shown
        if not is_same and not (remark.told.family and remark.told.family == cause.told.family):
            kept.setdefault(remark.told.family or remark.told.rule, remark)
    return list(kept.values())


def _excerpt(chain: Chain) -> list[tuple[int, str]]:
    """Return the user's lines of a traceback and the exception; where none is the user's, the innermost line."""
    shown: list[tuple[int, str]] = []
    for raised in dict.fromkeys(map(id, (chain.root, *_raised_by_user(chain)))):
        one = next(found for found in chain.raised if id(found) == raised)
        frames = [frame for frame in one.frames if frame.is_users] or one.frames[-1:]
        for frame in frames[-4:]:
            inside = f", in {frame.function}" if frame.function else ""
            shown.append((frame.number, f'  File "{frame.file}", line {frame.line}{inside}'))
            if frame.code:
                shown.append((frame.number + 1, f"    {frame.code}"))
        message = f": {one.message}" if one.message else ""
        shown.append((one.last, f"{one.kind}{message}"[:_LONGEST_SHOWN]))
    return shown[:14]


def _raised_by_user(chain: Chain) -> list[Raised]:
    """Return the exceptions after the root that the user's own code raised from it."""
    after = chain.raised[chain.raised.index(chain.root) + 1 :]
    return [raised for raised in after if raised.users_frame is not None]

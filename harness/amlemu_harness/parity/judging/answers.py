"""
Two answers compared: status line, headers, body, and how they came over the wire.

Both are in normal form already (`normal.py`); what a difference means is `compare.py`'s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from itertools import accumulate, pairwise, takewhile

from amlemu_harness.parity.judging.bodies import body_differences
from amlemu_harness.parity.judging.documents import Close
from amlemu_harness.parity.judging.found import NOTHING, Found, found
from amlemu_harness.parity.wire import Headers, Received

_PARTED_S = 0.05
_TOGETHER_S = 0.025  # between the two nobody knows: a busy machine makes such pauses, too
_NO_ANSWER = "(closed without an answer)"
_STILL_WAITING = "(no answer, and not closed)"


def answer_differences(theirs: Received, ours: Received, close: Close, passed: Collection[str]) -> list[Found]:
    """Return the places where two answers differ; `passed` are paths that vary by themselves."""
    places = [place for place in _told(theirs, ours) if place.theirs != place.ours]
    if theirs.status and ours.status:
        places += _header_differences(theirs, ours)
        places += body_differences("body", theirs.body, ours.body, close, passed)
        places += [*_pieces(theirs, ours), *_arrival(theirs, ours)]
    elif not theirs.status and not ours.status:
        places += body_differences("body", theirs.wire_body, ours.wire_body, close, passed)  # what is no answer
    return [place for place in places if place.path not in passed]


def status_of(answer: Received) -> str:
    """Return the status line as it is shown."""
    return answer.status or (_NO_ANSWER if answer.is_closed else _STILL_WAITING)


def _told(theirs: Received, ours: Received) -> Iterator[Found]:
    """Yield what can be said of both in a few words, whether it differs or not."""
    yield found("status", status_of(theirs), status_of(ours))
    yield found("interim", *(", ".join(one.interim) or NOTHING for one in (theirs, ours)))
    if theirs.status and ours.status:
        yield found("complete", *("to its end" if one.is_complete else "cut off" for one in (theirs, ours)))
        yield found("connection", *("closed" if one.is_closed else "kept" for one in (theirs, ours)))


def _header_differences(theirs: Received, ours: Received) -> Iterator[Found]:
    names = tuple([name for name, _ in answer.headers] for answer in (theirs, ours))
    if names[0] != names[1]:
        yield found("headers", *(", ".join(part) or NOTHING for part in _names_apart(*names)))
    one, other = (_by_name(answer.headers) for answer in (theirs, ours))
    for key, (path, value) in one.items():
        is_length = key[0] == "content-length" and _is_one_length(theirs, ours)
        if key in other and other[key][1] != value and not is_length:
            yield found(path, value, other[key][1])


def _is_one_length(theirs: Received, ours: Received) -> bool:
    """Whether two tell the same length, though it is that of the body for one of them only: of an answer that was cut off."""
    return _length(theirs) == _length(ours)


def _length(answer: Received) -> str | None:
    told = next((value for name, value in answer.headers if name.lower() == "content-length"), None)
    return str(len(answer.wire_body)) if told == "<length>" else told


def _names_apart(theirs: list[str], ours: list[str]) -> tuple[list[str], list[str]]:
    """Return what only one of two lists has; where the rest is in another order, too, the stretch in which they differ."""
    left, right = _without(theirs, ours), _without(ours, theirs)
    if _without(theirs, left) == _without(ours, right):
        return left, right
    start = _common(theirs, ours)
    end = _common(theirs[start:][::-1], ours[start:][::-1])
    return theirs[start : len(theirs) - end], ours[start : len(ours) - end]


def _common(theirs: list[str], ours: list[str]) -> int:
    """Count what two lists begin with in common."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(theirs, ours, strict=False)))


def _without(names: list[str], others: list[str]) -> list[str]:
    """Return names without those of another list, each as often as it is there; the first ones go first."""
    left = Counter(others)
    kept = []
    for name in names:
        if left[name]:
            left[name] -= 1
        else:
            kept.append(name)
    return kept


def _by_name(headers: Headers) -> dict[tuple[str, int], tuple[str, str]]:
    """Return path and value by the name regardless of its spelling, and by which of that name it is."""
    values: dict[tuple[str, int], tuple[str, str]] = {}
    times: Counter[str] = Counter()
    for name, value in headers:
        number = times[name.lower()]
        times[name.lower()] += 1
        values[name.lower(), number] = (f"headers.{name}" + (f"[{number}]" if number else ""), value)
    return values


def _pieces(theirs: Received, ours: Received) -> Iterator[Found]:
    """Yield where the pieces of a body end elsewhere; of bodies that differ, only how many there are."""
    if theirs.body != ours.body and len(theirs.pieces) == len(ours.pieces):
        return
    lengths = [[len(piece) for piece in one.pieces] for one in (theirs, ours)]
    if lengths[0] != lengths[1]:
        yield found("pieces", *(_in_bytes(row) for row in lengths))
    elif (framing := [_framing(one) for one in (theirs, ours)])[0] != framing[1]:
        yield found("pieces", *(" ".join(lines) for lines in framing))


def _in_bytes(lengths: list[int]) -> str:
    return f"{' + '.join(map(str, lengths))} bytes" if lengths else NOTHING


def _framing(answer: Received) -> list[str]:
    """Return what stands between the pieces on the wire."""
    if not answer.pieces:
        return []
    lines, rest = [], answer.wire_body
    for piece in answer.pieces:
        line, _, rest = rest.partition(b"\r\n")
        lines.append(line.decode("latin-1"))
        rest = rest[len(piece) + 2 :]
    return [*lines, rest.decode("latin-1")]


def _arrival(theirs: Received, ours: Received) -> Iterator[Found]:
    """Yield which pieces came together, if both have the same ones."""
    ends = [_ends(one) for one in (theirs, ours)]
    if not theirs.pieces and not ours.pieces and len(theirs.wire_body) == len(ours.wire_body):
        ends = [sorted({*ends[0], *ends[1]})] * 2
    if len(ends[0]) != len(ends[1]) or not (theirs.arrivals and ours.arrivals):
        return
    gaps = [_gaps(one, own) for one, own in zip((theirs, ours), ends, strict=True)]
    if any(max(pair) > _PARTED_S and min(pair) < _TOGETHER_S for pair in zip(*gaps, strict=True)):
        yield found("arrival", *(_groups(one, own) for one, own in zip((theirs, ours), ends, strict=True)))


def _ends(answer: Received) -> list[int]:
    """Return how many bytes were there with each piece, and with the end; of an open-ended answer, each time that more had come."""
    if not answer.pieces:
        is_open = answer.status and not any(name.lower() == "content-length" for name, _ in answer.headers)
        return [count for _, count in answer.arrivals] if is_open else []
    lines = _framing(answer)
    ends = list(accumulate(len(line) + 4 + len(piece) for line, piece in zip(lines, answer.pieces, strict=False)))
    return [end - 2 for end in ends] + ([len(answer.wire_body)] if answer.is_complete else [])


def _gaps(answer: Received, ends: list[int]) -> list[float]:
    """Return how many seconds after its predecessor each piece was there."""
    last = answer.arrivals[-1][0]
    times = [next((after_s for after_s, count in answer.arrivals if count >= end), last) for end in ends]
    return [late - early for early, late in pairwise(times)]


def _groups(answer: Received, ends: list[int]) -> str:
    """Write what came together: `pieces 1 2 | 3 end`."""
    numbers = [*map(str, range(1, len(answer.pieces) + 1)), "end"] if answer.pieces else [str(end) for end in ends]
    text = numbers[0]
    for gap_s, number in zip(_gaps(answer, ends), numbers[1:], strict=False):
        text += (" | " if gap_s > _PARTED_S else " ") + number
    return ("pieces " if answer.pieces else "bytes ") + text

"""
What a server did when it was asked all cases: once, or twice to know what varies by itself.

Values, written by `play.py` (or read from a file by `recording.py`) and read by `compare.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from amlemu_harness.parity.wire import Received


@dataclass(frozen=True)
class End:
    """
    How a server ended that nobody had asked to.

    Attributes:
        exit_code: of the server itself, negative for a signal; None when it did not end but never answered either.
        out, err: the last lines of its two streams, oldest first, as it wrote them.
        is_trying: its workers die and are started again, for ever; what it has written is that of the first try.
    """

    exit_code: int | None
    out: tuple[str, ...] = ()
    err: tuple[str, ...] = ()
    is_trying: bool = False


@dataclass(frozen=True)
class Seen:
    """
    What came back in one case.

    Attributes:
        answers: of its requests, in their order; of requests sent together, in any order.
        trouble: why there is none, in words: nobody listens any more. Empty otherwise.
        end: the server has ended in this case, or right after it.
    """

    answers: tuple[Received, ...] = ()
    trouble: str = ""
    end: End | None = None


@dataclass(frozen=True)
class Take:
    """
    One run of all cases.

    Attributes:
        seen: by name of the case, in the order in which they were asked. A case that is not there could not be asked.
        start: how the server ended that did not even start; None where it did.
        surroundings: what a script finds around itself, see `surroundings.py`; None where nobody has looked.
        unasked: why a case was not asked, by its name.
    """

    seen: Mapping[str, Seen] = field(default_factory=dict)
    start: End | None = None
    surroundings: Mapping[str, object] | None = None
    unasked: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Record:
    """
    A side and its takes.

    Attributes:
        side: what it is called: `azmlinfsrv`, `amlemu, profile bare`, `container of image x`.
        facts: what else is known of it, for the reader: versions, image digest, interpreter, address.
        takes: one or two; with two, what differs between them varies by itself.
    """

    side: str
    takes: tuple[Take, ...]
    facts: Mapping[str, str] = field(default_factory=dict)

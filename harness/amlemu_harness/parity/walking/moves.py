"""
From where a walk draws its sequences: requests of the pool, and what is done to them, as Hypothesis's strategies.

Hypothesis is imported in functions: it is no dependency of amlemu. Neighbours: `changes.py` and `oddities.py` have what is drawn,
`walk.py` asks it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from amlemu_harness.parity.walking import changes, oddities
from amlemu_harness.parity.walking.draft import Framing
from amlemu_harness.parity.wire import Sent

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

Value = TypeVar("Value")

MOST_REQUESTS, MOST_CHANGES = 8, 3


def sequences(pool: Sequence[Sent]) -> SearchStrategy[tuple[Sent, ...]]:
    """Return where sequences are drawn from; it shrinks to fewer requests, fewer changes, and the first of the pool."""
    from hypothesis import strategies as st

    one = st.builds(changes.made, _of(pool), st.lists(_changes(), max_size=MOST_CHANGES))
    return st.lists(one, min_size=1, max_size=MOST_REQUESTS).map(tuple)


def _of(values: Sequence[Value]) -> SearchStrategy[Value]:
    """As `sampled_from`, which would keep all of the values as text."""
    from hypothesis import strategies as st

    return st.integers(0, len(values) - 1).map(values.__getitem__)


def _changes() -> SearchStrategy[changes.Change]:
    from hypothesis import strategies as st

    return st.one_of(*_of_heads(), *_of_bodies(), *_of_framings())


def _of_bodies() -> Iterator[SearchStrategy[changes.Change]]:
    from hypothesis import strategies as st

    place, bit, text = st.integers(0, 30), st.integers(0, 7), _of(oddities.TEXTS)
    yield st.builds(changes.body, _of(oddities.BODIES))
    yield st.builds(changes.body, st.binary(max_size=40))
    yield st.builds(changes.cut, st.integers(0, 2000))
    yield st.builds(changes.flipped, st.integers(0, 2000), bit)
    yield st.builds(changes.json_value, place, text)
    yield st.builds(changes.json_key, place, _of(oddities.KEYS), text)
    yield st.builds(changes.json_dropped, place)
    yield st.builds(changes.json_deeper, place, st.sampled_from((1, 2, 50, 500)))


def _of_heads() -> Iterator[SearchStrategy[changes.Change]]:
    from hypothesis import strategies as st

    place = st.integers(0, 8)
    letters = [chr(number) for number in (*range(0x61, 0x7B), *range(0x20, 0x61), *range(0x7B, 0x7F), 9, 0xE4, 0xFF)]
    free = st.lists(_of(letters), max_size=12).map("".join)
    names, ids = _of(oddities.NAMES), _of(oddities.IDS)
    yield st.builds(changes.method, _of(oddities.METHODS))
    yield st.builds(changes.target, _of(oddities.TARGETS))
    yield st.builds(changes.query, _of(oddities.QUERIES))
    yield st.builds(changes.query, free.map(lambda text: text.replace(" ", "+").replace("\t", "")))
    yield st.builds(changes.encoded, st.integers(0, 60))
    yield st.builds(changes.version, _of(oddities.VERSIONS))
    yield st.builds(changes.content_type, _of(oddities.TYPES))
    yield st.builds(changes.header, names, _of(oddities.VALUES))
    yield st.builds(changes.header, names, free)
    yield st.builds(changes.header, ids, free)
    yield st.builds(changes.header, ids, st.builds(str.__mul__, _of(letters), st.integers(0, 120)))
    yield st.builds(changes.line, _of(oddities.LINES), place)
    yield st.builds(changes.repeated, place)
    yield st.builds(changes.dropped, place)
    yield st.builds(changes.spelled, place, st.sampled_from((str.lower, str.upper, _underscored, str.swapcase)))
    yield st.builds(changes.many_headers, st.sampled_from((1, 50, *range(90, 103))))
    yield st.builds(changes.head_flipped, st.integers(0, 300), st.integers(0, 7))


def _of_framings() -> Iterator[SearchStrategy[changes.Change]]:
    from hypothesis import strategies as st

    borders = st.lists(st.sampled_from((1, 2, 3, 7, 16, 4096)), max_size=4).map(tuple)
    yield st.builds(changes.framing, st.builds(Framing, st.just("chunked"), borders=borders))
    yield st.builds(
        changes.framing,
        st.builds(Framing, st.just("chunked"), borders=borders, extension=_of(oddities.EXTENSIONS)),
    )
    yield st.builds(changes.framing, st.builds(Framing, st.just("chunked"), borders=borders, end=_of(oddities.ENDS)))
    yield st.builds(changes.framing, st.just(Framing("none")))
    yield st.builds(changes.framing, st.builds(Framing, off=st.sampled_from((-1, 1, -5, 100))))
    yield st.builds(changes.expect, _of(oddities.EXPECTS))
    yield st.builds(changes.behind, _of(oddities.BEHIND))
    yield st.just(changes.half_closed)


def _underscored(name: str) -> str:
    return name.replace("-", "_")

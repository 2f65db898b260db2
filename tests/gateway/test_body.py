"""Bodies, taken off the stream wherever it is cut."""

from __future__ import annotations

import itertools

import pytest
from amlemu import profile_file as profiles
from amlemu.gateway.body import BodyReader, reader
from amlemu.gateway.head import Head
from hypothesis import given, settings
from hypothesis import strategies as st

RULES = profiles.load("bare").wire
CHUNKED = Head("POST", "/", "1.1", [], is_chunked=True)
PIECES = st.lists(st.binary(min_size=1, max_size=40), max_size=5)


def _feed(body: BodyReader, data: bytes, cuts: list[int]) -> bytes:
    places = [0, *sorted(cuts), len(data)]
    taken = []
    for start, end in itertools.pairwise(places):
        if body.is_whole:
            body.rest += data[start:end]
        else:
            taken.append(body.feed(data[start:end]))
    return b"".join(taken)


@given(pieces=PIECES, cuts=st.lists(st.integers(0, 300), max_size=8))
def test_chunks_are_put_together(pieces: list[bytes], cuts: list[int]) -> None:
    """Whatever the chunks and the cuts, the body is the sum of the pieces, and what follows stays."""
    data = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\nnext"
    body = reader(CHUNKED, RULES)

    taken = _feed(body, data, [cut for cut in cuts if cut < len(data)])

    assert taken == b"".join(pieces)
    assert (body.is_whole, body.broken, body.rest) == (True, None, b"next")


@given(data=st.binary(max_size=60), length=st.integers(0, 60), cuts=st.lists(st.integers(0, 60), max_size=5))
def test_a_counted_body_takes_no_more_than_its_length(data: bytes, length: int, cuts: list[int]) -> None:
    """Content-Length decides; the rest is the next request's."""
    body = reader(Head("POST", "/", "1.1", [], length=length), RULES)

    taken = _feed(body, data, [cut for cut in cuts if cut < len(data)])

    assert taken + body.rest == data
    assert len(taken) <= length
    assert body.is_whole == (len(data) >= length)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(b"zz\r\n", "Invalid chunk size: b'zz'", id="size"),
        pytest.param(b"3\r\nabcd", "Invalid chunk terminator is not '\\r\\n': b'd", id="end-of-chunk"),
        pytest.param(b"3;=\r\n", "Invalid chunk extension: invalid chunk extension", id="extension"),
        pytest.param(b"0\r\nHost: x\r\n\r\n", "Invalid HTTP header name: 'HOST'", id="trailer-of-heads"),
        pytest.param(b"0\r\nX: a\r\nnonsense\r\n\r\n", "Invalid HTTP Header: 'nonsense'", id="trailer-without-colon"),
        pytest.param(b"0\r\nX: a\0\r\n\r\n", "Invalid HTTP Header: 'X'", id="trailer-with-control"),
        pytest.param(b"0" * 9000, "Invalid chunk size", id="size-without-end"),
    ],
)
def test_bad_chunks_are_told_in_gunicorns_words(data: bytes, words: str) -> None:
    """The body counts as whole then: the inference server meets the fault when it reads."""
    body = reader(CHUNKED, RULES)

    body.feed(data + b"x")

    assert body.is_whole
    assert body.broken is not None
    assert body.broken.startswith(words)


def test_trailers_have_the_limits_of_headers() -> None:
    """The profile's; names with an underscore do not count."""
    low = profiles.load("bare", {"wire.header_fields": "2", "wire.header_field_bytes": "20"}).wire

    def broken(trailers: bytes) -> str | None:
        body = reader(CHUNKED, low)
        body.feed(b"0\r\n" + trailers + b"\r\n")
        assert body.is_whole
        return body.broken

    assert broken(b"A: b\r\nX_Y: z\r\nC: d\r\n") is None
    assert broken(b"A: b\r\nC: d\r\nE: f\r\n") == "Error parsing headers: 'limit request headers fields'"
    assert broken(b"A: " + b"x" * 15 + b"\r\n") is None
    assert broken(b"A: " + b"x" * 16 + b"\r\n") == "Error parsing headers: 'limit request headers fields size'"


def test_a_chunked_body_that_stops_is_broken() -> None:
    """A counted body may stop early, a chunked one may not."""
    chunked, counted = reader(CHUNKED, RULES), reader(Head("POST", "/", "1.1", [], length=5), RULES)
    chunked.feed(b"3\r\nab")
    counted.feed(b"ab")

    chunked.finish()
    counted.finish()

    assert chunked.broken is not None
    assert (counted.is_whole, counted.broken) == (True, None)


CHUNK_PARTS = st.sampled_from(
    [b"3\r\nabc\r\n", b"0\r\n\r\n", b"0\r\n", b"A\r\n", b"a;b=c\r\n", b"\r\n", b"\n", b"x", b";", b"Trailer: y\r\n", b"Te: z\r\n", b"no\r\n", b"\0"]
)  # fmt: skip


def _outcome(pieces: list[bytes]) -> tuple[bytes, bool, bool, bytes]:
    body, taken, rest = reader(CHUNKED, RULES), b"", b""
    for piece in pieces:
        if body.is_whole:
            rest += piece
        else:
            taken += body.feed(piece)
            rest = body.rest
    return taken, body.is_whole, body.broken is not None, b"" if body.broken else rest


@settings(max_examples=300)
@given(parts=st.lists(CHUNK_PARTS, max_size=8), cuts=st.lists(st.integers(0, 60), max_size=6))
def test_where_chunks_are_cut_decides_nothing(parts: list[bytes], cuts: list[int]) -> None:
    """The same bytes of body, whole or not, broken or not."""
    data = b"".join(parts)
    places = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]

    assert _outcome([data[start:end] for start, end in itertools.pairwise(places)]) == _outcome([data])

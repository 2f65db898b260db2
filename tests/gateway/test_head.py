"""Heads, read in pieces of any size, and the limits to the byte."""

from __future__ import annotations

import itertools

import pytest
from amlemu import profile_file as profiles
from amlemu.gateway.head import HeadReader
from amlemu.gateway.refusals import Refused
from amlemu.profile import WireRules
from hypothesis import assume, given, settings
from hypothesis import strategies as st

RULES = profiles.load("bare").wire
HEAD = b"POST /score?a=b HTTP/1.1\r\nHost: x\r\nX-Spelling: As Is\r\nx-spelling: again\r\nContent-Length: 3\r\n\r\n"


def _read(data: bytes, cuts: list[int] | None = None, rules: WireRules = RULES):
    reader = HeadReader(rules)
    for start, end in itertools.pairwise([0, *sorted(cuts or []), len(data)]):
        if found := reader.feed(data[start:end]):
            head, rest = found
            return head, rest + data[end:]
    return None


@given(cuts=st.lists(st.integers(0, len(HEAD)), max_size=6))
def test_a_head_may_come_in_any_pieces(cuts: list[int]) -> None:
    """Names keep their spelling and order, repeats stay, and what follows is handed back."""
    found = _read(HEAD + b"abc", cuts)
    assert found is not None
    head, rest = found

    assert (head.method, head.target, head.version) == ("POST", "/score?a=b", "1.1")
    names = [("Host", "x"), ("X-Spelling", "As Is"), ("x-spelling", "again"), ("Content-Length", "3")]
    assert head.headers == names
    assert (head.length, rest) == (3, b"abc")


def _refusal(data: bytes, cuts: list[int] | None = None, rules: WireRules = RULES) -> int:
    with pytest.raises(Refused) as caught:
        _read(data, cuts, rules)
    return caught.value.response.status


def _line(size: int) -> bytes:
    return b"GET /" + b"x" * (size - len("GET / HTTP/1.1")) + b" HTTP/1.1\r\n\r\n"


def test_limits_are_inclusive() -> None:
    """Contract 4.8: 4094 bytes of request line, 8190 of a field with its line end, 100 fields; one more is too many."""
    field = b"GET / HTTP/1.1\r\nX: %s\r\n\r\n"
    fields = b"GET / HTTP/1.1\r\n%s\r\n"

    assert _read(_line(4094)) is not None
    assert _refusal(_line(4095)) == 414
    assert _read(field % (b"x" * (8190 - 5))) is not None
    assert _refusal(field % (b"x" * (8190 - 4))) == 431
    assert _read(fields % (b"X: a\r\n" * 100)) is not None
    assert _refusal(fields % (b"X: a\r\n" * 101)) == 431


def test_limits_that_are_set_lower_hold_for_small_heads_too() -> None:
    """Those are read through a memory; lines that it knows from before must not pass by it."""
    line = profiles.load("bare", {"wire.request_line_bytes": "20"}).wire
    field = profiles.load("bare", {"wire.header_field_bytes": "10"}).wire
    fields = profiles.load("bare", {"wire.header_fields": "1"}).wire
    head = b"GET /%s HTTP/1.1\r\n\r\n"

    assert _read(head % (b"x" * 6), rules=line) is not None
    assert _read(head % (b"x" * 7)) is not None
    assert _refusal(head % (b"x" * 7), rules=line) == 414
    assert _read(b"GET / HTTP/1.1\r\nX: 123456\r\n\r\n") is not None
    assert _refusal(b"GET / HTTP/1.1\r\nX: 123456\r\n\r\n", rules=field) == 431
    assert _refusal(b"GET / HTTP/1.1\r\nX: 1\r\nY: 2\r\n\r\n", rules=fields) == 431


@pytest.mark.parametrize(
    "field",
    [
        b"no colon", b": no name", b"a name: x", b"X: \0", b"X: \x7f", b"X: a\nY: b", b"X: a\rb", b"X: a\r\n folded", b"X\xe9: a",
        b"Content-Length: \xb2", b"Content-Length: " + b"1" * 4301,
    ],
)  # fmt: skip
def test_an_odd_header_is_refused_in_one_piece_and_in_two(field: bytes) -> None:
    """Also the second time: only what was fine is remembered."""
    data = b"GET / HTTP/1.1\r\nHost: x\r\n" + field + b"\r\n\r\n"

    assert [_refusal(data), _refusal(data), _refusal(data, [20])] == [400, 400, 400]


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (b"Host: x\r\nHost: y\r\nnonsense", "Invalid HTTP Header: 'HOST'"),
        (b"Host: x\r\nnonsense\r\nHost: y", "Invalid HTTP Header: 'nonsense'"),
        (b"Expect: x\r\nHost : y", "Unable to comply with expectation: 'x'"),
        (b"Transfer-Encoding: x\r\nHost : y", "Invalid HTTP header name: 'Host '"),
        (b"Transfer-Encoding: x\r\nContent-Length: 1\r\nContent-Length: 1", "Unsupported transfer coding: 'x'"),
    ],
)
def test_the_first_wrong_line_is_named(lines: bytes, why: str) -> None:
    """One line after the other is read and judged; what frames the body is looked at behind the last one."""
    with pytest.raises(Refused) as caught:
        _read(b"POST / HTTP/1.1\r\n" + lines + b"\r\n\r\n")

    assert str(caught.value) == why


def test_only_a_peer_that_is_trusted_says_what_a_proxy_knows() -> None:
    """Its schemes must agree, and two of its names count though they have an underscore; a stranger's mean nothing."""
    schemes = b"GET / HTTP/1.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Ssl: off\r\n\r\n"
    fields = b"GET / HTTP/1.1\r\nScript_Name: a\r\n%s\r\n" % (b"X: a\r\n" * 100)

    assert [_refusal(schemes), _refusal(fields)] == [400, 431]
    assert HeadReader(RULES, trusts_peer=False).feed(schemes) is not None
    assert HeadReader(RULES, trusts_peer=False).feed(fields) is not None


def test_a_line_that_does_not_end_is_refused_early() -> None:
    """Nobody waits for the end of a request line that is too long already."""
    assert _refusal(b"GET /" + b"x" * 5000) == 414


def test_a_large_head_is_looked_at_before_it_is_whole() -> None:
    """As often as gunicorn reads: an error in its first 8192 bytes is said in other words (observed, gunicorn 27.0.1)."""
    large = b"GET / HTTP/1.1\r\nX: a\nY: b\r\n%s\r\n" % (b"Z: zzzzzzzz\r\n" * 1000)
    with pytest.raises(Refused, match="bare LF as line terminator"):
        _read(large)
    with pytest.raises(Refused, match=r"\(8192 > 4094\)"):
        _read(b"GET /%s HTTP/1.1\r\n\r\n" % (b"x" * 9000))

    found = _read(b"GET / HTTP/1.1\r\n%s\r\nbody" % (b"Z: %s\r\n" % (b"z" * 300) * 99))
    assert found is not None
    assert (len(found[0].headers), found[1]) == (99, b"body")


def test_a_head_that_does_not_end_is_refused() -> None:
    """Nor for the end of a head that no limits allow."""
    assert _refusal(b"GET / HTTP/1.1\r\n" + b"X: aaaaaaaa\r\n" * 100_000) == 431


PARTS = st.sampled_from(
    [
        b"GET / HTTP/1.1\r\n", b"POST /score?x HTTP/1.0\r\n", b"get / HTTP/1.1\r\n", b"GET / HTTP/2.0\r\n", b"GET  HTTP/1.1\r\n",
        b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b"\0", b"\xff", b"Host: x\r\n", b"host: y\r\n", b"Content-Length: 3\r\n",
        b"Content-Length: \xb2\r\n", b"Script_Name: a\r\n", b"POST http://[a/ HTTP/1.1\r\n",
        b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip\r\n", b"X-Y: z", b"X_Y: z\r\n", b"Expect: x\r\n",
    ]
)  # fmt: skip


def _outcome(pieces: list[bytes]) -> tuple[object, ...]:
    """Read until something is known: the head and what is left, or the status of the refusal."""
    reader = HeadReader(RULES)
    for place, piece in enumerate(pieces):
        try:
            found = reader.feed(piece)
        except Refused as refused:
            return (refused.response.status,)
        if found is not None:
            head, rest = found
            return (head, rest + b"".join(pieces[place + 1 :]))
    return ("incomplete",)


@settings(max_examples=300)
@given(parts=st.lists(PARTS, max_size=8), cuts=st.lists(st.integers(0, 200), max_size=6))
def test_where_the_bytes_are_cut_decides_nothing(parts: list[bytes], cuts: list[int]) -> None:
    """The same head, or a refusal of the same status: the network must not choose."""
    data = b"".join(parts).lstrip(b"\r\n") + b"\r\n\r\n"
    assume(not data.startswith(b"\r\n"))  # see the next test
    places = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]

    in_pieces = _outcome([data[start:end] for start, end in itertools.pairwise(places)])

    assert in_pieces == _outcome([data])


def test_one_empty_line_before_a_request_is_skipped_and_no_more() -> None:
    """However they are cut."""
    whole, in_pieces = _outcome([b"\r\n\r\nGET / HTTP/1.1\r\n\r\n"]), _outcome([b"\r\n", b"\r\nGET / HTTP/1.1\r\n\r\n"])

    assert whole == (400,)
    assert in_pieces == whole


@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_head_or_refused_or_not_yet_a_head(data: bytes) -> None:
    """Nothing else is ever raised."""
    assert _outcome([bytes([byte]) for byte in data])

"""What a recording keeps."""

from __future__ import annotations

from amlemu_harness.parity.case import Case, post
from amlemu_harness.parity.record import End, Record, Seen, Take
from amlemu_harness.parity.recordings.kept import chunked, kept_cases, kept_record
from amlemu_harness.parity.wire import Received, Sent


def kept(answer: Received) -> Received:
    record = Record("hush", (Take({"a": Seen((answer,))}),))
    return kept_record(record, ["hush"]).takes[0].seen["a"].answers[0]


def test_secrets_are_nowhere():
    """In no field of any value."""
    answer = Received("hush", (("hush", "hush"), ("Set-Cookie", "a=b")), b"hush!", b"hush!", (), ("hush",))
    take = Take(
        {"hush": Seen((answer,), "hush", End(1, ("hush",), ("hush",)))},
        End(1, ("hush",)),
        {"A_KEY": "b", "x": ["hush"]},
        {"hush": "hush"},
    )
    case = Case("hush", "hush", (Sent(b"hush", b"hush", rest=b"hush"), post(b"1", (("Cookie", "a=b"),))))

    told = repr((kept_cases([case], ["hush"]), kept_record(Record("hush", (take,), {"hush": "hush"}), ["hush"])))

    assert "hush" not in told
    assert "a=b" not in told


def test_a_secret_sent_in_pieces_is_not_kept_in_halves():
    answer = kept(Received(body=b"a hush b", pieces=(b"a hu", b"sh b"), wire_body=chunked((b"a hu", b"sh b"))))

    assert answer.pieces == (b"a (not kept) b",)
    assert answer.body == b"a (not kept) b"
    assert answer.wire_body == b"e\r\na (not kept) b\r\n0\r\n\r\n"


def test_chunks_are_framed_anew():
    """What is on the wire is a chunked body still."""
    assert kept(Received(body=b"hush!", pieces=(b"hush", b"!"), wire_body=chunked((b"hush", b"!")))).wire_body == (
        b"a\r\n(not kept)\r\n1\r\n!\r\n0\r\n\r\n"
    )


def test_arrivals_are_rounded_to_milliseconds():
    assert kept(Received(arrivals=((0.00049, 1), (1.23456, 2)))).arrivals == ((0.0, 1), (1.235, 2))


def test_done_twice_it_is_the_same():
    """So that a server of today can be compared with a recording."""
    answer = Received("HTTP/1.1 200 OK", (("Set-Cookie", "a=b"),), b"hush", b"hush", arrivals=((0.1234, 4),))
    once = kept_record(Record("a", (Take({"a": Seen((answer,))}),)), ["hush"])

    assert kept_record(once, ["hush"]) == once

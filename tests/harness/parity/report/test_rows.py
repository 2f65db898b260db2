"""Which lines of two answers stand opposite."""

from __future__ import annotations

from amlemu_harness.parity.record import Record, Seen, Take
from amlemu_harness.parity.report.rows import Row, line_rows, request_of, rows
from amlemu_harness.parity.verdict import Difference, Verdict
from amlemu_harness.parity.wire import Received

from ..told import OURS, answer, different, record


def of(left: Received, right: Received, *paths: str) -> list[Row]:
    return rows(different("a", *(Difference(path, "", "", 1) for path in paths)), record(a=left), record(OURS, a=right))


def test_headers_of_one_name_stand_opposite():
    """One that only one side has stands alone; a difference counts where a path says so, whatever its spelling."""
    left = answer(b"", headers=(("A", "1"), ("Date", "x")))
    right = answer(b"", headers=(("New", "1"), ("A", "2"), ("Date", "y")))

    assert of(left, right, "headers.a", "headers.NEW")[3:] == [
        Row(None, "New: 1", "differs"),
        Row("A: 1", "A: 2", "differs"),
        Row("Date: x", "Date: y", "passed by"),
    ]


def test_the_names_and_order_of_headers_are_one_difference():
    found = of(answer(b"", headers=(("A", "1"),)), answer(b""), "headers")

    assert found[-1] == Row("A: 1", None, "differs")


def test_what_is_exempt_does_not_count():
    excused = different("a", Difference("body", "", "", 1, "a reason"))

    assert rows(excused, record(a=answer(b"1")), record(a=answer(b"2")))[-1] == Row("1", "2", "passed by")


def test_nothing_came():
    """A closed connection, one that stays open, and a case that was not asked are told apart."""
    left, right = Received(), Received(is_closed=False)

    assert of(left, right, "status") == [Row("(no answer, the connection was closed)", "(no answer came)", "differs")]
    asked = rows(different("a"), record(a=answer(b"1")), Record(OURS, (Take(unasked={"a": "it died"}),)))
    assert asked[-1] == Row(None, "(not asked: it died)", "differs")


def test_what_is_no_line_is_told_where_it_differs():
    left, right = answer(b"ab", pieces=(b"a", b"b")), answer(b"ab", is_complete=False, is_closed=False)

    assert of(left, right, "connection")[-3:] == [
        Row("(complete)", "(it breaks off)", "differs"),
        Row("(the connection was closed)", "(the connection was kept alive)", "differs"),
        Row("(in pieces of 1, 1 bytes)", "(not in pieces)", "differs"),
    ]


def test_the_line_that_differs_is_among_those_shown():
    """However many there are before it."""
    lines = [b"line %d" % number for number in range(10_000)]
    left, right = answer(b"\n".join([*lines, b"x", *lines])), answer(b"\n".join([*lines, b"y", *lines]))
    found = of(left, right, "body")

    assert Row("x", "y", "differs") in found
    assert Row("line 9999", "line 9999", "same") in found
    assert len(found) < 60


def test_a_cut_does_not_tear_a_sign():
    """The bytes of a sign that UTF-8 writes in several stay together."""
    body = "é日😀".encode() * 2000
    found = of(answer(body + b"1"), answer(body + b"2"), "body")

    assert not any("\udc80" <= sign <= "\udcff" for row in found for sign in row.theirs or "")


def test_several_answers_are_numbered():
    sides = [Record("x", (Take({"a": Seen((answer(b"1"), answer(body)))}),)) for body in (b"2", b"3")]
    verdict = different("a", Difference("2.body", "2", "3", 1))

    assert [row.theirs for row in rows(verdict, *sides) if row.theirs and "answer" in row.theirs] == [
        "(1. answer)",
        "(2. answer)",
    ]
    assert rows(verdict, *sides)[-1] == Row("2", "3", "differs")
    assert request_of(verdict.differences[0]) == 1


def test_the_server_as_a_whole_has_no_answers():
    assert rows(Verdict("surroundings", "different"), record(), record()) == []
    assert rows(Verdict("start", "same"), record(), record()) == []


def test_lines_of_two_texts():
    assert line_rows("a\nb", "a\nc\nd") == [Row("a", "a", "same"), Row("b", "c", "differs"), Row(None, "d", "differs")]


def test_thousands_of_headers_do_not_hang():
    headers = tuple(("X", str(number)) for number in range(50_000))

    assert len(of(answer(b"", headers=headers), answer(b"", headers=headers[::-1]))) < 110

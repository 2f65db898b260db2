"""Bodies that are texts or bytes, and texts whose lines vary; JSON is in test_documents.py."""

from __future__ import annotations

from amlemu_harness.parity.judging.bodies import body_differences


def told(theirs: bytes, ours: bytes, *passed: str) -> list[tuple[str, str, int, str]]:
    found = body_differences("body", theirs, ours, lambda *_: False, passed)
    return [(one.theirs, one.ours, one.size, one.varying) for one in found]


def test_each_line_that_differs_may_vary_alone() -> None:
    assert told(b"a\nb\nc", b"x\nb\nyy") == [
        ("line 1: a\n", "line 1: x\n", 3, "body, line 1"),
        ("line 3: c", "line 3: yy", 3, "body, line 3"),
    ]
    assert [one[3] for one in told(b"a\nb\nc", b"x\nb\nyy", "body, line 1")] == ["body, line 3"]


def test_a_line_more_concerns_the_whole() -> None:
    """The first line that differs is shown."""
    assert told(b"a\nb\n", b"a\n") == [("line 2: b\n", "(none)", 2, "body")]


def test_a_carriage_return_is_a_difference() -> None:
    assert told(b"a\r\nb", b"a\nb") == [("line 1: a\r\n", "line 1: a\n", 1, "body, line 1")]


def test_json_and_no_json_vary_as_a_whole() -> None:
    """A line of it says nothing of the next document."""
    assert [one[3] for one in told(b'{"a": 1}', b"busy")] == ["body"]


def test_bytes_that_end_early() -> None:
    assert told(b"\xff\xfe\x00", b"\xff\xfe") == [("byte 2 of 3: ff fe 00", "byte 2 of 2: ff fe", 1, "body")]

"""Two ends: exit codes, and logs of which what only one side says is shown."""

from __future__ import annotations

from amlemu_harness.parity.judging.starts import end_differences, told_end
from amlemu_harness.parity.record import End

HEAD = "2026-11-22 12:43:28,118 {} gunicorn.error - {}"


def told(theirs: End | None, ours: End | None, *passed: str) -> list[tuple[str, str, str]]:
    return [(one.path, one.theirs, one.ours) for one in end_differences("start", theirs, ours, passed)]


def log(*texts: str) -> tuple[str, ...]:
    return tuple(HEAD.format("I [7]", text) for text in texts)


def test_one_that_does_not_start() -> None:
    assert told(None, End(3)) == [("start", "(started)", "ended with exit code 3")]
    assert told_end("start", End(None)) == "never answered"


def test_exit_codes() -> None:
    """That a server goes on for ever without an answer is one, too."""
    assert told(End(3), End(None)) == [("start.exit code", "3", "(did not end)")]


def test_a_longer_beginning_does_not_count() -> None:
    lines = [f"line {number}" for number in range(12)]

    assert told(End(3, log("long ago", *lines)), End(3, log(*lines))) == []


def test_lines_that_only_one_side_has() -> None:
    """The others are not shown, and what has been pushed out at the top is none of them."""
    lines = [f"line {number}" for number in range(20)]

    places = told(End(3, log(*lines)), End(3, log(*lines[:15], "more", *lines[15:])))

    assert set(places) == {("start.stdout", "(none)", "INFO gunicorn.error - more")}


def test_a_line_that_varies_is_passed_by() -> None:
    """The others are compared."""
    first, again = End(3, log("took 5 s", "bye")), End(3, log("took 6 s", "bye"))
    varying = [one.varying for one in end_differences("start", first, again)]

    assert varying == ["start.stdout, line 1"]
    assert told(first, End(3, log("took 7 s", "bye")), *varying) == []
    assert [path for path, _, _ in told(first, End(3, log("took 7 s", "die")), *varying)] == ["start.stdout"]

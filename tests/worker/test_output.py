"""What a worker writes to its pipes, as the host hands it on: raw text in whole lines, and records, in one order."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
from collections.abc import Iterator
from typing import Any

import pytest
from amlemu.worker import protocol
from amlemu.worker.output import Output
from hypothesis import given
from hypothesis import strategies as st

MARKER = "\x1e0123456789abcdef:"
RAW = st.binary(max_size=30).filter(lambda data: MARKER.encode() not in data).map(lambda data: data + b"\n")


class Pipe:
    """A real pipe with an `Output` at its end; `heard` is what was handed on, records as lists."""

    def __init__(self) -> None:
        reader, self.writer = os.pipe()
        os.set_blocking(reader, False)
        self.heard: list[Any] = []
        self.output = Output(reader, MARKER, self.heard.append, self.heard.append)
        self.output._loop = asyncio.new_event_loop()  # as `start` does; `read` is called by hand

    def says(self, *pieces: bytes) -> list[Any]:
        """Write and read each piece; return what that brought."""
        before = len(self.heard)
        for piece in pieces:
            os.write(self.writer, piece)
            self.output.read()
        return self.heard[before:]

    def close(self) -> None:
        """Leave nothing open."""
        self.end()
        self.output.close()
        self.output._loop.close()

    def end(self) -> None:
        """Close the worker's end, once."""
        if self.writer >= 0:
            os.close(self.writer)
            self.writer = -1


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    with contextlib.closing(Pipe()) as pipe:
        yield pipe


def record(text: str) -> bytes:
    return protocol.pack_record(MARKER, "azmlinfsrv.print", "INFO", 1.5, False, 7, text).encode()


def fields(text: str) -> list[Any]:
    return ["azmlinfsrv.print", "INFO", 1.5, False, 7, text]


def test_whole_lines_are_handed_on_as_they_come(pipe: Pipe) -> None:
    """A person watches: a line is shown when it is written."""
    assert pipe.says(b"one\n") == ["one\n"]
    assert pipe.says(b"two\nthree\n") == ["two\nthree\n"]


def test_a_line_waits_for_its_end(pipe: Pipe) -> None:
    """Half lines of two streams must not be mixed on the screen."""
    assert pipe.says(b"half") == []
    assert pipe.says(b" a line\nand") == ["half a line\n"]


def test_a_flush_hands_on_an_unfinished_line(pipe: Pipe) -> None:
    """The request that wrote it is over."""
    pipe.says(b"no newline")

    pipe.output.flush()

    assert pipe.heard == ["no newline"]


def test_what_is_left_at_the_end_is_handed_on(pipe: Pipe) -> None:
    """The last words of a process that dies often lack their newline."""
    pipe.says(b"last words")
    pipe.end()

    pipe.output.read()

    assert pipe.heard == ["last words"]
    assert pipe.output.last_line == "last words"


def test_the_end_of_the_pipe_closes_our_side(pipe: Pipe) -> None:
    """A worker that is replaced leaves no descriptor behind."""
    pipe.end()

    pipe.output.read()

    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(pipe.output._file)


def test_bytes_that_are_no_text_are_replaced(pipe: Pipe) -> None:
    """A script may write what it likes; the console does not fall over it."""
    assert pipe.says(b"a\xffb\n") == ["a\ufffdb\n"]


def test_a_character_cut_between_two_writes_stays_whole(pipe: Pipe) -> None:
    """Pipes cut anywhere."""
    first, second = "ä\n".encode()[:1], "ä\n".encode()[1:]

    assert pipe.says(first, second) == ["ä\n"]


def test_the_last_line_is_the_last_one_with_words(pipe: Pipe) -> None:
    """It stands in the report of a worker's death."""
    pipe.says(b"Killed\nbecause\n\n   \n")

    assert pipe.output.last_line == "because"


def test_a_record_may_follow_an_unfinished_line(pipe: Pipe) -> None:
    """C code wrote without a newline, then the script printed."""
    assert pipe.says(b"from C" + record("printed")) == ["from C", fields("printed")]


def test_a_record_of_another_marker_is_text(pipe: Pipe) -> None:
    """Nobody can forge a record without knowing the marker."""
    forged = record("forged").replace(b"0123", b"3210")

    assert pipe.says(forged) == [forged.decode()]


def test_half_a_record_at_the_end_is_no_error(pipe: Pipe) -> None:
    """A worker was killed while it printed."""
    pipe.says(b"before\n" + record("a long text")[:-8])
    pipe.end()

    pipe.output.read()

    assert pipe.heard[0] == "before\n"


def test_a_flush_waits_for_the_rest_of_a_record(pipe: Pipe) -> None:
    """A thread of the script prints while the main thread answers."""
    text = record("from a thread")
    pipe.says(text[:40])

    pipe.output.flush()

    assert pipe.says(text[40:]) == [fields("from a thread")]


def test_a_flush_waits_for_the_rest_of_a_marker(pipe: Pipe) -> None:
    """The same, cut earlier."""
    text = record("from a thread")
    pipe.says(text[:5])

    pipe.output.flush()

    assert pipe.says(text[5:]) == [fields("from a thread")]


def test_a_garbled_record_does_not_silence_those_after_it(pipe: Pipe) -> None:
    """Two processes of one script wrote more than a pipe takes at once, and their records are mixed."""
    garbled = record("x")[:30] + record("y")

    assert pipe.says(garbled + record("z"))[-1] == fields("z")


@given(st.lists(st.tuples(st.booleans(), RAW), max_size=8), st.lists(st.integers(min_value=0), max_size=8))
def test_lines_and_records_keep_their_order_however_they_are_cut(
    said: list[tuple[bool, bytes]], places: list[int]
) -> None:
    """One pipe, one order: what was printed and what was written come in the order of the script."""
    lines = [(is_record, raw.decode("utf-8", "replace")) for is_record, raw in said]
    stream = b"".join(
        record(text) if is_record else raw for (is_record, text), (_, raw) in zip(lines, said, strict=True)
    )
    edges = sorted({0, len(stream), *(place % (len(stream) + 1) for place in places)})

    with contextlib.closing(Pipe()) as pipe:
        pipe.says(*(stream[start:end] for start, end in itertools.pairwise(edges)))

    assert _joined(pipe.heard) == _joined([fields(text) if is_record else text for is_record, text in lines])


def _joined(heard: list[Any]) -> list[Any]:
    """Text may come in more pieces than it was written in."""
    joined: list[Any] = []
    for item in heard:
        if isinstance(item, str) and joined and isinstance(joined[-1], str):
            joined[-1] += item
        else:
            joined.append(item)
    return joined


@pytest.mark.anyio
async def test_output_is_read_whenever_something_comes() -> None:
    """Nobody has to ask."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    heard: asyncio.Queue[str] = asyncio.Queue()
    output = Output(reader, MARKER, heard.put_nowait, print)
    output.start(asyncio.get_running_loop())
    os.write(writer, b"hello\n")

    assert await asyncio.wait_for(heard.get(), 5) == "hello\n"

    output.close()
    os.close(writer)

"""What the console wrote: as lines with numbers, without colours, bounded, for whoever reads on."""

from __future__ import annotations

import asyncio
import io
import sys
import threading
import time

import pytest
from amlemu.transcript import Line, Transcript


@pytest.fixture
def transcript():
    return Transcript()


def texts(lines):
    return [line.text for line in lines]


# kept


def test_lines_have_number_stream_and_time(transcript):
    before = time.time()
    transcript.add("stdout", "one\ntwo\n")
    transcript.add("stderr", "three\n")
    lines = transcript.lines(10)

    assert [(line.number, line.stream, line.text) for line in lines] == [
        (1, "stdout", "one"),
        (2, "stdout", "two"),
        (3, "stderr", "three"),
    ]
    assert all(before <= line.at <= time.time() for line in lines)
    assert transcript.number == 3


@pytest.mark.parametrize(("last", "told"), [(0, []), (1, ["4"]), (3, ["2", "3", "4"]), (99, ["1", "2", "3", "4"])])
def test_the_last_lines_are_told(transcript, last, told):
    """From as many blocks as it takes."""
    transcript.add("stdout", "1\n2\n")
    transcript.add("stdout", "3\n4\n")

    assert texts(transcript.lines(last)) == told


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        pytest.param("\x1b[32m200\x1b[0m ok", "200 ok", id="colour"),
        pytest.param("\x1b[1;31mred\x1b[m", "red", id="two-codes"),
        pytest.param("\x1b[2K\x1b[1Gbar", "bar", id="cursor"),
        pytest.param("\x1b]8;;http://a\x1b\\link\x1b]8;;\x07", "link", id="link"),
        pytest.param("windows\r", "windows", id="carriage-return"),
        pytest.param("10 %\r20 %", "10 %\r20 %", id="progress-bar"),
        pytest.param("a\x0bb\u2028c", "a\x0bb\u2028c", id="other-separators"),
        pytest.param("", "", id="empty"),
    ],
)
def test_text_stays_but_for_colours(transcript, written, kept):
    transcript.add("stdout", f"{written}\nnext\n")

    assert texts(transcript.lines(9)) == [kept, "next"]


def test_the_begin_of_a_line_waits_for_its_end(transcript):
    """Each stream for its own."""
    transcript.add("stdout", "one, ")
    transcript.add("stderr", "err\n")
    transcript.add("stdout", "two\nthr")
    transcript.add("stdout", "ee\n")

    assert texts(transcript.lines(9)) == ["err", "one, two", "three"]


def test_a_line_without_an_end_is_cut(transcript):
    """A progress bar may go on for ever."""
    for _ in range(100):
        transcript.add("stdout", "\r" + "#" * 1000)

    assert transcript.number == 5
    assert transcript.bytes == 85_090


# bounded


def test_the_oldest_lines_are_forgotten():
    """Numbers go on."""
    transcript = Transcript(lines=3)
    for number in range(1, 6):
        transcript.add("stdout", f"{number}\n")

    assert [(line.number, line.text) for line in transcript.lines(9)] == [(3, "3"), (4, "4"), (5, "5")]


def test_a_block_of_many_lines_is_told_no_further_than_the_limit():
    transcript = Transcript(lines=3)
    transcript.add("stdout", "1\n2\n3\n4\n5\n")

    assert texts(transcript.lines(9)) == ["3", "4", "5"]


def test_bytes_are_bounded():
    transcript = Transcript(bytes_=10)
    for _ in range(1000):
        transcript.add("stdout", "1234\n")

    assert transcript.bytes == 10
    assert [line.number for line in transcript.lines(9)] == [999, 1000]


def test_a_block_larger_than_all_keeps_its_end():
    transcript = Transcript(bytes_=10)
    transcript.add("stdout", "before\n")
    transcript.add("stdout", "x" * 100 + "\nlast\n")

    assert transcript.bytes == 10
    assert texts(transcript.lines(9)) == ["xxxx", "last"]


def test_writing_is_cheap(transcript):
    """A thousand blocks of 300 lines: they are not split until somebody looks."""
    block = "POST /score 200 12.4 ms  run 11.9 ms\n" * 300
    began = time.process_time()
    for _ in range(1000):
        transcript.add("stderr", block)

    assert time.process_time() - began < 0.5


# tee


def test_what_is_written_to_the_stream_is_kept(transcript):
    stream = io.StringIO()
    tee = transcript.tee(stream, "stdout")
    print("hello", 7, file=tee)
    tee.writelines(["a\n", "b\n"])

    assert stream.getvalue() == "hello 7\na\nb\n"
    assert texts(transcript.lines(9)) == ["hello 7", "a", "b"]
    assert tee.write("four\n") == 5


def test_in_all_else_it_is_the_stream_behind_it(transcript, tmp_path):
    with (tmp_path / "out").open("w", encoding="latin-1") as stream:
        tee = transcript.tee(stream, "stdout")

        assert (tee.isatty(), tee.encoding, tee.closed, tee.fileno()) == (False, "latin-1", False, stream.fileno())
        tee.write("later\n")
        assert (tmp_path / "out").read_text() == ""
        tee.flush()
        assert (tmp_path / "out").read_text() == "later\n"
    assert tee.closed


def test_what_the_stream_cannot_say_is_not_kept_twice(transcript, tmp_path):
    """The console writes it again in other words."""
    with (tmp_path / "out").open("w", encoding="ascii") as stream:
        tee = transcript.tee(stream, "stdout")
        with pytest.raises(UnicodeEncodeError):
            tee.write("\u00fc\n")
        tee.write("\\xfc\n")

    assert texts(transcript.lines(9)) == ["\\xfc"]


def test_what_nobody_reads_is_kept_all_the_same(transcript):
    """The terminal is gone; `amlemu logs` still tells."""

    class Gone(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        transcript.tee(Gone(), "stdout").write("hello\n")

    assert texts(transcript.lines(9)) == ["hello"]


# followed


def test_a_follower_gets_what_came_after_its_number(transcript):
    transcript.add("stdout", "1\n2\n3\n")

    assert texts(asyncio.run(transcript.follow(1))) == ["2", "3"]


@pytest.mark.parametrize("thread", [False, True], ids=["in-its-loop", "in-another-thread"])
def test_a_follower_waits_for_what_comes(transcript, thread):
    async def follow():
        following = asyncio.create_task(transcript.follow(0))
        await asyncio.sleep(0)
        assert not following.done()
        if thread:
            await asyncio.to_thread(transcript.add, "stdout", "new\n")
        else:
            transcript.add("stdout", "new\n")
        return await asyncio.wait_for(following, 10)

    assert [line[0::3] for line in asyncio.run(follow())] == [(1, "new")]


def test_half_a_line_wakes_nobody(transcript):
    async def follow():
        following = asyncio.create_task(transcript.follow(0))
        await asyncio.sleep(0)
        transcript.add("stdout", "half")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not following.done()
        transcript.add("stdout", " and half\n")
        return await asyncio.wait_for(following, 10)

    assert texts(asyncio.run(follow())) == ["half and half"]


def test_a_follower_that_leaves_is_forgotten(transcript):
    async def follow():
        following = asyncio.create_task(transcript.follow(0))
        await asyncio.sleep(0)
        assert len(transcript._waiting) == 1
        following.cancel()
        await asyncio.wait({following})

    asyncio.run(follow())

    assert transcript._waiting == set()
    transcript.add("stdout", "nobody is told\n")


def test_a_slow_follower_misses_the_oldest_and_nothing_else():
    transcript = Transcript(lines=3)
    for number in range(1, 6):
        transcript.add("stdout", f"{number}\n")

    assert [line.number for line in asyncio.run(transcript.follow(1))] == [3, 4, 5]


def test_threads_may_write_at_once(transcript):
    """No line is lost or torn, numbers are in order; a reader meanwhile does no harm."""
    streams = ["stdout", "stderr"]
    writers = [
        threading.Thread(target=lambda name=name: [transcript.add(name, f"{name} {n}\n") for n in range(1000)])
        for name in streams
    ]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        transcript.lines(10)
    sys.setswitchinterval(interval)
    lines = transcript.lines(2000)

    assert [line.number for line in lines] == list(range(1, 2001))
    for name in streams:
        assert [line.text for line in lines if line.stream == name] == [f"{name} {n}" for n in range(1000)]


def test_a_line_is_a_plain_tuple():
    assert Line(1, 2.0, "stdout", "a") == (1, 2.0, "stdout", "a")

"""Frames and the shared page: what one side says is what the other one hears, however the bytes are cut."""

from __future__ import annotations

import contextlib
import faulthandler
import itertools
import os
import signal
import socket
import tempfile
import threading
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from amlemu.worker import protocol
from amlemu.worker.protocol import LOCATE, Channel, Decoder, Frame, Mark, ProtocolError
from hypothesis import given
from hypothesis import strategies as st

KINDS = [protocol.ORDER, protocol.REQUEST, protocol.HELLO, protocol.READY, protocol.ANSWER, protocol.CHUNK]
HEADS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)
FRAMES = st.builds(Frame, st.sampled_from(KINDS), HEADS, st.binary(max_size=300))
PATIENCE_S = 10.0


@contextlib.contextmanager
def channels() -> Iterator[tuple[Channel, socket.socket]]:
    """A channel, and the bare socket at its other end."""
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.settimeout(PATIENCE_S)
    with ours, theirs:
        yield Channel(ours), theirs


def cut(data: bytes, places: list[int]) -> Iterator[bytes]:
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    for start, end in itertools.pairwise(edges):
        yield data[start:end]


def until_closed(end: socket.socket) -> bytes:
    return b"".join(iter(lambda: end.recv(1 << 16), b""))


@given(st.lists(FRAMES, max_size=5), st.lists(st.integers(min_value=0), max_size=12))
def test_frames_come_out_as_they_went_in_however_the_bytes_are_cut(frames: list[Frame], places: list[int]) -> None:
    """A pipe keeps order and nothing else."""
    decoder = Decoder()
    data = b"".join(protocol.pack(*frame) for frame in frames)

    heard = [frame for piece in cut(data, places) for frame in decoder.feed(piece)]

    assert heard == frames


@given(st.lists(FRAMES, max_size=3))
def test_frames_that_come_byte_by_byte_are_whole_at_their_last_byte(frames: list[Frame]) -> None:
    """Not one byte later: the host would wait for an answer that it has."""
    decoder = Decoder()

    for frame in frames:
        *early, last = [bytes([byte]) for byte in protocol.pack(*frame)]

        assert [heard for piece in early for heard in decoder.feed(piece)] == []
        assert list(decoder.feed(last)) == [frame]


@given(st.lists(FRAMES, min_size=1, max_size=5))
def test_a_channel_sends_what_the_decoder_reads(frames: list[Frame]) -> None:
    """Worker to host."""
    with channels() as (channel, other):
        for frame in frames:
            channel.send(*frame)
        heard: list[Frame] = []
        decoder = Decoder()
        while len(heard) < len(frames):
            heard += decoder.feed(other.recv(1 << 16))

    assert heard == frames


@given(st.lists(FRAMES, min_size=1, max_size=5), st.lists(st.integers(min_value=0), max_size=5))
def test_a_channel_receives_what_the_host_packs(frames: list[Frame], places: list[int]) -> None:
    """Host to worker; the worker's reader must not eat into the next frame."""
    with channels() as (channel, other):
        for piece in cut(b"".join(protocol.pack(*frame) for frame in frames), places):
            other.sendall(piece)

        assert [channel.receive() for _ in frames] == frames


@pytest.mark.parametrize("size", [(1 << 16) - 1, 1 << 16, (1 << 16) + 1, 20_000_000])
def test_a_large_body_arrives_whole_both_ways(size: int) -> None:
    """Bodies above 64 KB take a path of their own, without a copy."""
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    with channels() as (channel, other):
        echo = threading.Thread(target=lambda: channel.send(*channel.receive() or ()))
        echo.start()
        other.sendall(protocol.pack(protocol.REQUEST, [1], body))
        decoder, heard = Decoder(), []
        while not heard:
            heard = list(decoder.feed(other.recv(1 << 20)))
        echo.join(PATIENCE_S)

    assert heard == [Frame(protocol.REQUEST, [1], body)]


def test_a_large_body_that_has_been_taken_is_not_kept() -> None:
    """A worker waits long for the next request; its memory is the script's."""
    sent = protocol.pack(protocol.REQUEST, [1], b"x" * 20_000_000)
    with channels() as (channel, other):
        sender = threading.Thread(target=other.sendall, args=(sent,))
        tracemalloc.start()
        sender.start()
        assert channel.receive() is not None
        sender.join(PATIENCE_S)
        kept, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert kept < 1_000_000


@pytest.mark.parametrize("kept", [0, 1, 12, 13, 20, 30, 1_000_029])
def test_a_host_that_hangs_up_in_the_middle_of_a_frame_has_sent_none(kept: int) -> None:
    """Cut in the prefix, the head or the body: `receive` says None, which ends the worker."""
    frame = protocol.pack(protocol.REQUEST, ["a head of some length"], b"b" * 1_000_000)
    with channels() as (channel, other):
        sender = threading.Thread(target=lambda: (other.sendall(frame[:kept]), other.shutdown(socket.SHUT_WR)))
        sender.start()

        assert channel.receive() is None

        sender.join(PATIENCE_S)


def test_who_asks_hears_the_answer_and_keeps_what_comes_before_it() -> None:
    """A request may be on its way while the script asks; it is received later, in its order."""
    with channels() as (channel, other):
        frames = [
            Frame(protocol.REQUEST, [1]),
            Frame(protocol.REQUEST, [2]),
            Frame(protocol.SESSION, {"attached": True}),
        ]
        other.sendall(b"".join(protocol.pack(*frame) for frame in [*frames, Frame(protocol.REQUEST, [3])]))
        answer = channel.ask(protocol.LISTEN, ["127.0.0.1", 5678], protocol.SESSION)
        later = [channel.receive() for _ in range(3)]
        asked = list(Decoder().feed(other.recv(1 << 16)))

    assert asked == [Frame(protocol.LISTEN, ["127.0.0.1", 5678])]
    assert answer == Frame(protocol.SESSION, {"attached": True})
    assert later == [Frame(protocol.REQUEST, [number]) for number in (1, 2, 3)]


def test_who_asks_twice_loses_nothing_that_came_early() -> None:
    """What came before the first answer is still there when the second one has been heard."""
    with channels() as (channel, other):
        heads: list[tuple[bytes, Any]] = [
            (protocol.REQUEST, 1),
            (protocol.SESSION, "a"),
            (protocol.REQUEST, 2),
            (protocol.SESSION, "b"),
        ]
        other.sendall(b"".join(protocol.pack(*head) for head in heads))
        answers = [channel.ask(protocol.WAIT, 0.1, protocol.SESSION) for _ in range(2)]
        later = [channel.receive() for _ in range(2)]

    assert answers == [Frame(protocol.SESSION, "a"), Frame(protocol.SESSION, "b")]
    assert later == [Frame(protocol.REQUEST, 1), Frame(protocol.REQUEST, 2)]


def test_who_asks_a_host_that_is_gone_hears_nothing() -> None:
    """What had come before is still received."""
    with channels() as (channel, other):
        other.sendall(protocol.pack(protocol.REQUEST, 1))
        other.shutdown(socket.SHUT_WR)
        answer = channel.ask(protocol.LISTEN, ["127.0.0.1", 5678], protocol.SESSION)

        assert answer is None
        assert [channel.receive(), channel.receive()] == [Frame(protocol.REQUEST, 1), None]


def test_frames_sent_from_several_threads_do_not_mix() -> None:
    """A script's threads may make the worker send while the main thread does."""
    frames = [Frame(protocol.CHUNK, number, bytes([number]) * 200_000) for number in range(8)]
    with channels() as (channel, other):
        heard: list[Frame] = []
        reader = threading.Thread(target=lambda: heard.extend(Decoder().feed(until_closed(other))))
        senders = [threading.Thread(target=channel.send, args=frame) for frame in frames]
        reader.start()
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join(PATIENCE_S)
        channel._socket.shutdown(socket.SHUT_WR)
        reader.join(PATIENCE_S)

    assert sorted(heard, key=lambda frame: frame.head) == frames


def test_a_head_that_is_no_json_is_a_protocol_error() -> None:
    """Something else than a worker holds the other end."""
    with pytest.raises(ProtocolError, match="not a frame"):
        list(Decoder().feed(protocol._PREFIX.pack(b"H", 5, 0) + b"hello"))


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(Frame(protocol.HELLO, {"version": protocol.VERSION + 1}), id="a-newer-version"),
        pytest.param(Frame(protocol.HELLO, {}), id="no-version"),
        pytest.param(Frame(protocol.READY, {"version": protocol.VERSION}), id="another-kind"),
        pytest.param(None, id="nothing"),
    ],
)
def test_a_first_frame_that_is_not_ours_is_refused(first: Frame | None) -> None:
    """Two halves of different versions must say so instead of misunderstanding each other."""
    with pytest.raises(ProtocolError, match=f"version {protocol.VERSION}"):
        protocol.check_version(first, protocol.HELLO)


def test_a_first_frame_of_our_version_gives_its_head() -> None:
    """Whatever else it says is kept."""
    said = {"version": protocol.VERSION, "python": "3.9.1"}

    assert protocol.check_version(Frame(protocol.HELLO, said), protocol.HELLO) == said


def test_a_mark_is_seen_through_another_mapping_of_the_same_page() -> None:
    """The host reads what the worker wrote, after the worker's death."""
    with tempfile.TemporaryFile() as page:
        page.truncate(4096)
        theirs, ours = Mark(page.fileno()), Mark(page.fileno())
    before = ours.taken
    theirs.take(2**40)
    theirs.close()

    assert (before, ours.taken) == (0, 2**40)

    ours.close()


@pytest.fixture
def inherited() -> Iterator[tuple[Mark, Mark, int]]:
    """A page as its host sees it, the same as the worker that has inherited it, and the worker's descriptor."""
    with tempfile.TemporaryFile() as page:
        page.truncate(4096)
        ours, theirs_file = Mark(page.fileno()), os.dup(page.fileno())
        os.set_inheritable(theirs_file, True)
        theirs = Mark.inherit(theirs_file)
        yield ours, theirs, theirs_file
        faulthandler.unregister(LOCATE)  # type: ignore[arg-type]
        theirs.close()
        ours.close()
        os.close(theirs_file)


def test_a_mark_that_is_inherited_is_shared(inherited: tuple[Mark, Mark, int]) -> None:
    ours, theirs, _ = inherited
    theirs.take(7)

    assert ours.taken == 7


def test_what_the_script_starts_does_not_inherit_the_mark(inherited: tuple[Mark, Mark, int]) -> None:
    """Its descriptor stays open, for stacks are written to it."""
    assert not os.get_inheritable(inherited[2])


def test_a_stack_is_written_behind_the_page_for_each_time_it_is_asked_for(inherited: tuple[Mark, Mark, int]) -> None:
    """The mark stays what it was."""
    ours, theirs, file = inherited
    theirs.take(7)
    signal.raise_signal(LOCATE)  # type: ignore[arg-type]
    first = os.pread(file, 1 << 16, 4096)
    signal.raise_signal(LOCATE)  # type: ignore[arg-type]
    both = os.pread(file, 1 << 16, 4096)

    assert first.startswith(b"Stack (most recent call first):\n")
    assert b" in test_a_stack_is_written_behind_the_page_for_each_time_it_is_asked_for\n" in first
    assert both.count(b"Stack (most recent call first):\n") == 2
    assert ours.taken == 7


def test_every_worker_has_a_marker_of_its_own() -> None:
    """A record of another worker, quoted in this one's output, stays text."""
    markers: list[Any] = [protocol.new_marker() for _ in range(100)]

    assert len(set(markers)) == 100

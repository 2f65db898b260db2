"""What the host hears of stops, and that the script's own clock stands still with the script."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator

import pytest
from amlemu.worker import protocol
from amlemu.worker.protocol import Channel, Decoder, Frame
from amlemu.worker.stops import Stops

from .guest import PAUSED, RESUMED, guest


class Heard:
    """Stops whose host remembers what it was told."""

    def __init__(self, *, stops_clocks: bool = True) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.theirs.setblocking(False)
        self.stops = Stops(Channel(self.ours), stops_clocks=stops_clocks)

    def frames(self) -> list[Frame]:
        try:
            return list(Decoder().feed(self.theirs.recv(1 << 16)))
        except BlockingIOError:
            return []

    def close(self) -> None:
        self.ours.close()
        self.theirs.close()


@pytest.fixture
def heard() -> Iterator[Heard]:
    heard = Heard()
    yield heard
    heard.close()


GO_ON = Frame(protocol.RESUMED, os.getpid())


def test_a_stop_is_told_and_so_is_its_end(heard: Heard) -> None:
    """A wait is at no line."""
    with heard.stops.standing("waiting for a debugger"):
        began = heard.frames()

    assert began == [Frame(protocol.PAUSED, ["waiting for a debugger", "", 0, "", os.getpid()])]
    assert heard.frames() == [GO_ON]


def test_threads_that_stop_together_are_one_stop(heard: Heard) -> None:
    """The first one is told, and the end of the last one."""
    first, second = heard.stops.standing("breakpoint"), heard.stops.standing("step")
    first.__enter__()
    began = heard.frames()
    inside = threading.Thread(target=second.__enter__)
    inside.start()
    inside.join()
    first.__exit__(None, None, None)
    between = heard.frames()
    second.__exit__(None, None, None)

    assert [frame.head[0] for frame in began] == ["breakpoint"]
    assert (between, heard.frames()) == ([], [GO_ON])


def test_whatever_ends_a_stop_is_its_end(heard: Heard) -> None:
    """quit at pdb's prompt raises BdbQuit."""
    with pytest.raises(ZeroDivisionError), heard.stops.standing("pdb"):
        raise ZeroDivisionError

    assert heard.frames()[-1] == GO_ON


@pytest.fixture
def timer() -> Iterator[None]:
    """The clock of SCORING_TIMEOUT_MS: 60 s."""
    signal.setitimer(signal.ITIMER_REAL, 60)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)


def left_s() -> float:
    return signal.getitimer(signal.ITIMER_REAL)[0]


def test_the_scoring_timeout_stands_still_in_a_stop(heard: Heard, timer: None) -> None:
    """And goes on with what was left of it."""
    with heard.stops.standing("breakpoint"), heard.stops.standing("step"):
        during = left_s()

    assert during == 0
    assert 50 < left_s() <= 60


def test_the_scoring_timeout_goes_on_where_that_is_wanted(timer: None) -> None:
    """`--no-pause`."""
    heard = Heard(stops_clocks=False)
    with heard.stops.standing("breakpoint"):
        during = left_s()
    heard.close()

    assert 50 < during <= 60
    assert 50 < left_s() <= 60


def test_a_stop_without_a_timeout_starts_none(heard: Heard) -> None:
    """Outside run() no clock runs; also in the stop after one in which it did."""
    signal.setitimer(signal.ITIMER_REAL, 60)
    with heard.stops.standing("breakpoint"):
        pass
    signal.setitimer(signal.ITIMER_REAL, 0)
    with heard.stops.standing("breakpoint"):
        pass

    assert left_s() == 0


WATCHED = """
    session.import_debugpy()
    from pydevd import PyDB
    from _pydevd_bundle import pydevd_comm_constants as reasons
    from amlemu.worker.stops import Stops
    def wait(debugger, thread, frame, *rest, **more):
        return [debugger, rest, more, told()]
    PyDB.do_wait_suspend = wait
    Stops(channel, stops_clocks=True).watch()
    Stops(channel, stops_clocks=True).watch()
    class Thread: pass
    thread = Thread()
    def stop():
        return PyDB.do_wait_suspend("debugger", thread, sys._getframe(), "line", None, exception_type=None)
"""


def test_every_thread_that_pydevd_stops_is_told() -> None:
    """Once, however often somebody watches; pydevd's own method is asked as ever."""
    [[debugger, rest, more, paused], resumed] = guest(
        WATCHED + "    thread.stop_reason = reasons.CMD_SET_BREAK\n    say(*stop())\n    say(*told())"
    )

    assert (debugger, rest, more) == ("debugger", ["line", None], {"exception_type": None})
    assert [[kind, head[:2], head[3]] for kind, head in paused] == [[PAUSED, ["breakpoint", "<string>"], "stop"]]
    assert resumed == [[RESUMED, paused[0][1][4]]]


def test_why_pydevd_stops_a_thread_is_told_in_words() -> None:
    """Those of the Debug Adapter Protocol; what has no word is a step."""
    names = ["SET_BREAK", "ADD_EXCEPTION_BREAK", "STEP_CAUGHT_EXCEPTION", "THREAD_SUSPEND", "STEP_OVER"]
    [words, [unknown]] = guest(
        WATCHED
        + f"""
    def why():
        return stop()[3][0][1][0], told() and None
    words = []
    for name in {names}:
        thread.stop_reason = getattr(reasons, "CMD_" + name)
        words.append(why()[0])
    say(*words)
    del thread.stop_reason
    say(why()[0])
"""
    )

    assert words == ["breakpoint", "exception", "exception", "pause", "step"]
    assert unknown == "step"

"""
The process that workers are forked from: does once what all of them would do, then forks whenever the host asks.

Two kinds. With WORKER_PRELOAD=true it stands for gunicorn's master, as far as a script can tell: it boots the script, init() runs
here, and what that left in memory is what every worker begins with. Otherwise it imports, ahead of time, the packages that the
script needs (`imports.py`), and each fork loads the script and calls init() by itself, as a fresh worker does. A fork goes on
as an ordinary `Worker` (`child.py`). Part of the guest half: standard library only, Python 3.9 syntax.

Source: azmlinfsrv 1.5.1 on gunicorn 27.0.1 with WORKER_PRELOAD=true: signals, descriptors, exit codes (observed 2026-11).
"""

from __future__ import annotations

import errno
import faulthandler
import fcntl
import os
import select
import signal
import socket
import sys
from typing import Any, Callable, Dict, NamedTuple, Optional

from amlemu.scoring.logs import flush_streams
from amlemu.worker import lifeline, protocol
from amlemu.worker.ahead import Ahead, after_fork
from amlemu.worker.child import BOOT_FAILED, Worker, boot, greet, leave, live, prepare
from amlemu.worker.imports import Imports
from amlemu.worker.protocol import Channel, Mark
from amlemu.worker.session import unseen

_CHUNK_BYTES = 1 << 16
_NOT_FOR_PROGRAMS = getattr(socket, "MSG_CMSG_CLOEXEC", 0)  # macOS has none
_OURS = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT)
_RESET_IN_WORKERS = ("ABRT", "HUP", "QUIT", "INT", "TERM", "USR1", "USR2", "WINCH", "CHLD")  # whoever has set them


def main(endpoint: int) -> int:
    """
    Do what workers have in common, then fork until the host closes its end. A fork, too, returns here, when it has served.

    Args:
        endpoint: file descriptor of our end of the socket pair.

    Returns:
        The exit code: 0, or 3 when the script cannot be booted.
    """
    with socket.socket(fileno=endpoint) as host:
        channel, order = greet(host)
        faulthandler.enable()
        go_on = (_import if "ahead" in order else _boot)(channel, order)
        if go_on is None:
            return BOOT_FAILED
        seat = ForkServer(host, channel).serve()
    if seat is None:
        return 0
    _leave_the_others()
    return go_on(_take_streams(seat))


def _boot(channel: Channel, order: Dict[str, Any]) -> Optional[Callable[[Seat], int]]:
    """Boot the script; returns what its forks do, None when it cannot be booted."""
    speech = prepare(order)
    booted = boot(channel, order)  # under the signals that a process is born with, as in gunicorn's master
    if booted is None:
        return None

    def serve(seat: Seat) -> int:
        with socket.socket(fileno=seat.endpoint) as host:
            channel, order = greet(host)
            speech.marker = order["marker"]
            worker = Worker(channel, Mark.inherit(seat.mark), order["folder"])
            worker.take_signals()  # and so no dump at SIGABRT: gunicorn, too, sets its handler over faulthandler's
            return leave(worker.serve(booted))

    _take_signals()
    channel.send(protocol.READY, booted.facts)
    return serve


def _import(channel: Channel, order: Dict[str, Any]) -> Callable[[Seat], int]:
    """Import what the host names; returns what the forks do."""
    variables = dict(os.environ)
    speech = prepare(
        order
    )  # before the imports, as in a fresh worker: packages find our `print`, loggers and old modules
    ahead = Ahead(order["ahead"])
    spoiled = ahead.load()

    def boot_and_serve(seat: Seat) -> int:
        faulthandler.disable()  # so that `live` can put it where it is in a fresh worker
        after_fork()
        with socket.socket(fileno=seat.endpoint) as host:
            channel, order_of_fork = greet(host)
            if ahead.is_outdated():
                _begin_afresh(seat, variables)
            speech.marker = order_of_fork["marker"]
            imports = Imports(order["ahead"], lambda: _begin_afresh(seat, variables))
            return live(channel, order_of_fork, Mark.inherit(seat.mark), imports, is_prepared=True)

    _take_signals()
    channel.send(protocol.READY, {"spoiled": spoiled})
    return boot_and_serve


def _take_signals() -> None:
    for number in _OURS:
        signal.signal(number, _ignore)


def _begin_afresh(seat: Seat, variables: Dict[str, str]) -> None:
    """
    Become a fresh worker: what has been imported here is not what this script wants.

    The process stays the same for the host, which is greeted once more.
    """
    flush_streams()
    for file in (seat.endpoint, seat.mark):
        os.set_inheritable(file, True)
    Mark.forget_stacks(seat.mark)
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bootstrap.py")
    words = [sys.executable, program, "child", *map(str, (lifeline.passed_on(), seat.endpoint, seat.mark))]
    with unseen():
        os.execve(words[0], words, variables)  # noqa: S606  # an interpreter, not a shell


class Seat(NamedTuple):
    """The descriptors of a new worker, see `protocol.FILES`."""

    endpoint: int
    mark: int
    stdout: int
    stderr: int


class ForkServer:
    """
    Forks this process when the host asks, and tells it how each child ended. Does not know what is loaded.

    SIGCHLD must have a handler, whatever it does.
    """

    def __init__(self, host: socket.socket, channel: Channel) -> None:
        self._host = host
        self._channel = channel
        self._decoder = protocol.Decoder()
        self._files: list[int] = []
        self._children: set[int] = set()

    def serve(self) -> Seat | None:
        """Return in each fork, with its seat; in this process when the host has hung up, with None."""
        bell, rope = socket.socketpair()
        with bell, rope:
            rope.setblocking(False)
            signal.set_wakeup_fd(rope.fileno(), warn_on_full_buffer=False)  # each signal that has a handler rings
            try:
                return self._wait(bell)
            finally:
                signal.set_wakeup_fd(-1)

    def _wait(self, bell: socket.socket) -> Seat | None:
        poll = select.poll()
        for end in (self._host, bell):
            poll.register(end, select.POLLIN)
        while True:
            ready = {file for file, _ in poll.poll()}
            if bell.fileno() in ready:
                bell.recv(_CHUNK_BYTES)
                self._reap()
            if self._host.fileno() in ready:
                data, files, _, _ = socket.recv_fds(self._host, _CHUNK_BYTES, protocol.FILES, _NOT_FOR_PROGRAMS)
                if not data:
                    return None
                self._files += files
                for _ in self._decoder.feed(data):
                    seat = self._fork()
                    if seat is not None:
                        return seat

    def _fork(self) -> Seat | None:
        """Return the seat in the child, None in this process."""
        files, self._files = self._files[: protocol.FILES], self._files[protocol.FILES :]
        flush_streams()  # else the child would write it once more
        try:
            if len(files) < protocol.FILES:  # the kernel drops those for which there is no room
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            pid = os.fork()
        except OSError as error:
            self._answer({"error": error.strerror}, files)
            return None
        if pid == 0:
            return Seat(*files)
        self._children.add(pid)
        self._answer({"pid": pid}, files)
        return None

    def _answer(self, head: dict[str, Any], files: list[int]) -> None:
        for file in files:
            os.close(file)
        self._channel.send(protocol.FORKED, head)

    def _reap(self) -> None:
        """Ask for our own children only: the script may have started others."""
        for pid in sorted(self._children):
            try:
                ended, status = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:  # a thread of the script waits for any child
                ended, status = pid, 0
            if ended:
                self._children.remove(pid)
                self._channel.send(protocol.ENDED, [pid, os.waitstatus_to_exitcode(status)])


def _ignore(number: int, frame: Any) -> None:
    """When we end is the host's to decide. Not SIG_IGN, which the programs that the script starts would inherit."""


def _leave_the_others() -> None:
    """Be a process of one's own: the host ends a worker with all that it has started."""
    lifeline.hold_anew()
    for name in _RESET_IN_WORKERS:
        signal.signal(getattr(signal, f"SIG{name}"), signal.SIG_DFL)
    os.setsid()


def _take_streams(seat: Seat) -> Seat:
    """Put stdout and stderr in their places; what stands there, because the script has closed 1 or 2, moves away."""
    moved = Seat(*(fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, 3) for file in seat))
    for file in seat:
        os.close(file)
    for file, place in ((moved.stdout, 1), (moved.stderr, 2)):
        os.dup2(file, place)
        os.close(file)
    return moved

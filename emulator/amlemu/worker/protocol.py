"""
What host and worker say to each other over a socket pair: frames with a JSON head and a raw body.

    frame   = kind (1 byte), head length (4 bytes), body length (8 bytes), head (JSON), body
    host    -> worker   order (first, with the protocol's version), request, session (the answer to listen and wait)
    worker  -> host     hello (first, likewise), imported, wrote, ready, failed, answer | stream-head chunk* (end | cut),
                        paused, resumed, noticed, listen, wait, unfollowed
    host    -> anchor   order
    anchor  -> host     hello, session | failed, attached, left
    host    -> zygote   order, fork (with `FILES` descriptors)
    zygote  -> host     hello, ready, failed, forked, ended

What the script says goes another way, its stdout, so that records and raw writes keep their order: a record is one line,
the marker that the order names, then JSON (`pack_record`).

A page of shared memory, the `Mark`, survives the worker: it tells the host whether the request it was sent had been
taken. Behind it, in the same file, the worker's stack is written whenever the host sends `LOCATE`. Exceptions cross as data, never as pickles. Part of the guest half: standard library only, Python 3.9 syntax.
"""

from __future__ import annotations

import faulthandler
import json
import mmap
import os
import signal
import socket
import struct
import threading
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple, Union

VERSION = 1
ORDER, REQUEST = b"O", b"R"
HELLO, READY, FAILED, ANSWER, STREAM, CHUNK, END, CUT = b"H", b"Y", b"F", b"A", b"S", b"C", b"E", b"X"
FORK, FORKED, ENDED = b"K", b"P", b"D"
WROTE = b"W"  # the script writes a file; its path as the worker names it
IMPORTED = b"I"  # what the boot has imported, if the host wants to know; see `imports.Imports.as_data`
# Debugging: `debugger.py` and `anchor.py` say them.
PAUSED, RESUMED, NOTICED = b"U", b"G", b"N"  # [why, file, line, function, pid]; pid; a clause for a person
UNFOLLOWED = b"Z"  # the editor that is there has not come after us: whatever holds it, it must not hold the next one
LISTEN, WAIT = b"L", b"Q"  # [host, port] that the script wants; for an editor, so many seconds at most
SESSION = b"J"  # {"session": `session.Session`, "address": [host, port], "attached": bool} or {"error": why}
ATTACHED, LEFT = b"T", b"V"  # an editor is there, is not there any more
# Asks a worker for its stack. A real-time signal, for scripts have other plans with SIGUSR1 and the like; macOS has none
# of these, but one that nobody uses. None: no stacks here (Windows).
LOCATE = signal.SIGRTMIN + 11 if hasattr(signal, "SIGRTMIN") else getattr(signal, "SIGINFO", None)
FILES = 4  # what a new worker is given: its end of the socket pair, the page, stdout, stderr; in this order

STACKS_AT = 4096  # where they begin in the mark's file
_PREFIX = struct.Struct(">cIQ")
_SMALL = 1 << 16
_ENCODER = json.JSONEncoder(separators=(",", ":"))
Bytes = Union[bytes, bytearray]


def _make_encode() -> Callable[[Any], str]:
    """Return the encoder's `encode`, without the object that it would make anew for each frame (a third of its time)."""
    make: Any = getattr(json.encoder, "c_make_encoder", None)  # CPython's own; nobody else has to have it
    words = json.encoder.encode_basestring_ascii
    if make is None:
        return _ENCODER.encode
    pieces = make(None, _ENCODER.default, words, None, ":", ",", False, False, True)
    return lambda value: "".join(pieces(value, 0))


_encode = _make_encode()
_decode = json.JSONDecoder().decode


class Frame(NamedTuple):
    """One message. `head` is whatever JSON its kind calls for."""

    kind: bytes
    head: Any
    body: Bytes = b""


class ProtocolError(Exception):
    """The other side speaks another version, or something that is no frame."""


def pack(kind: bytes, head: Any, body: Bytes = b"") -> bytes:
    """Return the bytes of a frame; for a large body use `prefix` and send the body after it."""
    return prefix(kind, head, len(body)) + body


def prefix(kind: bytes, head: Any, body_length: int) -> bytes:
    """Return all of a frame but its body."""
    text = _encode(head).encode("ascii")
    return _PREFIX.pack(kind, len(text), body_length) + text


def new_marker() -> str:
    """Return what begins a record on stdout: a control character and something that no script writes by chance."""
    return f"\x1e{os.urandom(8).hex()}:"


def pack_record(marker: str, *fields: Any) -> str:
    """Return one line for stdout: logger, level, seconds since the epoch, own, pid, text."""
    return f"{marker}{_encode(fields)}\n"


def _frame_in(data: Bytes, at: int) -> Union[Tuple[Frame, int], int]:
    """
    Read the frame that begins at a place.

    Returns:
        The frame and where it ends; or, while it is not whole, how many bytes it takes as far as can be seen.

    Raises:
        ProtocolError: its head is no JSON.
    """
    if len(data) - at < _PREFIX.size:
        return _PREFIX.size
    kind, head_length, body_length = _PREFIX.unpack_from(data, at)
    head_at = at + _PREFIX.size
    body_at = head_at + head_length
    end = body_at + body_length
    if len(data) < end:
        return int(end - at)
    try:
        head = _decode(data[head_at:body_at].decode("ascii"))
    except ValueError as error:
        raise ProtocolError(f"not a frame: {bytes(data[at : at + 40])!r}") from error
    body = data[body_at:end] if isinstance(data, bytes) else bytes(memoryview(data)[body_at:end])  # one copy
    return Frame(kind, head, body), end


class Decoder:
    """Turns a stream of bytes, cut anywhere, into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()  # the beginning of a frame
        self._needed = 0  # bytes before another look is worth it

    def feed(self, data: Bytes) -> Iterator[Frame]:
        """Add bytes; yields every frame that is complete now. Raises ProtocolError."""
        if self._buffer:
            self._buffer += data
            if len(self._buffer) < self._needed:
                return
            data, self._buffer = self._buffer, bytearray()
        at = 0
        while at < len(data):
            found = _frame_in(data, at)
            if isinstance(found, int):
                self._needed = found
                self._buffer += data[at:] if at else data
                return
            frame, at = found
            yield frame


class Channel:
    """The worker's end: blocking, and safe to `send` on from any thread of the script."""

    def __init__(self, endpoint: socket.socket) -> None:
        self._socket = endpoint
        self._heard: Bytes = b""  # and not taken yet, from `_at` on
        self._at = 0
        self._early: List[Frame] = []
        self._lock = threading.RLock()  # a signal handler may print while a frame is being sent

    def send(self, kind: bytes, head: Any, body: Bytes = b"") -> None:
        """Send one frame, whole; raises OSError when the host is gone."""
        start = prefix(kind, head, len(body))
        with self._lock:
            if len(body) <= _SMALL:
                self._socket.sendall(start + body)
            else:
                self._socket.sendall(start)
                self._socket.sendall(body)

    def receive(self) -> Optional[Frame]:
        """Wait for the next frame; None when the host has closed its end."""
        if self._early:
            return self._early.pop(0)
        while True:
            found = _frame_in(self._heard, self._at)
            if not isinstance(found, int):
                frame, self._at = found
                if self._at == len(self._heard):
                    self._heard, self._at = b"", 0  # a large one shall not stay until the next has come
                return frame
            if not self._hear(found):
                return None

    def ask(self, kind: bytes, head: Any, answer: bytes) -> Optional[Frame]:
        """Send a frame and wait for the one that answers it; what comes before that is received later. None: nobody is there."""
        self.send(kind, head)
        early: List[Frame] = []
        while True:
            frame = self.receive()
            if frame is None or frame.kind == answer:
                self._early += early
                return frame
            early.append(frame)

    def _hear(self, needed: int) -> bool:
        """Hear more of a frame that takes `needed` bytes: the rest of a large one at once, and without a copy."""
        rest = self._heard[self._at :]
        self._at = 0
        if needed <= _SMALL:
            more = self._socket.recv(_SMALL)
            self._heard = rest + more
            return bool(more)
        whole, got = bytearray(needed), len(rest)
        whole[:got] = rest
        view = memoryview(whole)
        while got < needed:
            received = self._socket.recv_into(view[got:])
            if not received:
                return False
            got += received
        self._heard = whole
        return True


class Mark:
    """
    A few bytes shared by host and worker: the number of the last request the worker has taken, and whether its stack can be had.

    The worker writes it before it calls `run()`; the host reads it after the worker's death. A request that was never
    taken may go to another worker, so that `run()` is entered at most once.
    """

    _FORMAT = struct.Struct("=Q")
    _LOCATABLE_AT = 8

    def __init__(self, file: int) -> None:
        """Map the open file descriptor `file`, at least 16 bytes long."""
        self._memory = mmap.mmap(file, 16)

    @classmethod
    def inherit(cls, file: int) -> Mark:
        """Map a descriptor of ours; from now on stacks are written behind the page."""
        mark = cls(file)
        os.set_inheritable(file, False)
        if LOCATE is not None:
            os.lseek(file, STACKS_AT, os.SEEK_SET)
            # At C level: it needs no lock of the interpreter, starts no thread and returns to what it has interrupted.
            faulthandler.register(LOCATE, file=file, all_threads=False)
            mark._memory[cls._LOCATABLE_AT] = 1
        return mark

    @classmethod
    def forget_stacks(cls, file: int) -> None:
        """The process behind this descriptor is about to be another program."""
        os.pwrite(file, bytes(1), cls._LOCATABLE_AT)

    @property
    def is_locatable(self) -> bool:
        """Whether `LOCATE` is understood; before that it would end the process."""
        return self._memory[self._LOCATABLE_AT] == 1

    def take(self, number: int) -> None:
        """Note that request `number` is being handled."""
        self._FORMAT.pack_into(self._memory, 0, number)

    @property
    def taken(self) -> int:
        """Number of the last request taken, 0 before the first."""
        return int(self._FORMAT.unpack_from(self._memory, 0)[0])

    def close(self) -> None:
        """Unmap."""
        self._memory.close()


def check_version(frame: Optional[Frame], kind: bytes) -> Dict[str, Any]:
    """Return the head of the first frame; raises ProtocolError if it is not `kind` in our version."""
    if frame is None or frame.kind != kind or frame.head.get("version") != VERSION:
        raise ProtocolError(f"expected a first frame {kind!r} of version {VERSION}, got {frame!r}")
    return dict(frame.head)

"""
The process that an editor is attached to from F5 to its end, while workers come and go: it runs nothing of the script's.

It listens for an editor, or dials one, and tells its host how workers join as children of it and whether somebody is there. Part of the
guest half: standard library only, Python 3.9 syntax.

Source: debugpy's adapter ends a session with the process that it was made for (debugpy 1.8.22, adapter/sessions.py; read
2026-11): that must not be a worker, nor what workers are forked from.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import socket
import sys
import threading
from typing import Any, Dict, List, Set

from amlemu.worker import protocol, session
from amlemu.worker.child import greet
from amlemu.worker.protocol import Channel

_LOOK_S = 0.05
_ATTACH_S = 10.0
_BECOME_REAPER = 36  # PR_SET_CHILD_SUBREAPER


def main(endpoint: int) -> int:
    """
    Hold the session until the host closes its end.

    Args:
        endpoint: file descriptor of our end of the socket pair.

    Returns:
        The exit code: 0, or 1 when there is no session, for which the host has been told why, or none any more.
    """
    with socket.socket(fileno=endpoint) as host:
        channel, order = greet(host)
        others = _adopt()
        try:
            return _hold(host, channel, order)
        finally:
            _end(others)


def _hold(host: socket.socket, channel: Channel, order: Dict[str, Any]) -> int:
    try:
        opened = _open(order)
    except Exception as error:  # debugpy raises RuntimeError for what the adapter says, OSError and its own kinds
        channel.send(protocol.FAILED, {"kind": type(error).__name__, "what": _told(error)})
        return 1
    channel.send(protocol.SESSION, opened)
    return _watch(host, channel)


def _open(order: Dict[str, Any]) -> Dict[str, Any]:
    """Listen or dial; returns the session, where the editor comes in, and whether one is there."""
    debugpy = session.import_debugpy()
    if order["connect"] is not None:
        debugpy.connect(("127.0.0.1", order["connect"]))
        session.end_quickly()
        session.wait(_ATTACH_S, threading.Event())  # it knows at once that we are there
        joined = session.opened()._replace(host="127.0.0.1", port=order["connect"])
        return {"session": joined, "address": ["127.0.0.1", order["connect"]], "attached": session.is_attached()}
    host, port = debugpy.listen((order["host"], order["port"]))
    session.end_quickly()
    return {"session": session.opened(), "address": [host, port], "attached": False}


def _watch(host: socket.socket, channel: Channel) -> int:
    """Tell whether an editor is there, until the host hangs up; returns 1 when the adapter has ended before."""
    was_there = False
    while not select.select([host], [], [], _LOOK_S)[0]:
        if not session.is_alive():
            return 1
        is_there = session.is_attached()
        if is_there != was_there:
            with contextlib.suppress(OSError):  # the host is closing its end
                channel.send(protocol.ATTACHED if is_there else protocol.LEFT, None)
        was_there = is_there
    return 0


def _told(error: Exception) -> str:
    """Say what the adapter said: its last line is the cause."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def _adopt() -> Set[int]:
    """Become the parent of what becomes nobody's child: the adapter, which detaches itself; returns the children we had."""
    with contextlib.suppress(OSError, AttributeError):  # Linux alone
        ctypes.CDLL(None).prctl(_BECOME_REAPER, 1, 0, 0, 0)
    return set(_children())


def _children() -> List[int]:
    try:
        with open(f"/proc/self/task/{threading.main_thread().native_id}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def _end(others: Set[int]) -> None:
    """End the adapter, which by itself stays as long as some editor does, and wait for its end: its port is free then."""
    for pid in set(_children()) - others:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    sys.stderr.flush()

"""
Signals that end what is being made as Ctrl-C does, so that as little is left behind.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn


@contextlib.contextmanager
def as_interrupts(*numbers: signal.Signals) -> Iterator[None]:
    """Let these signals, SIGTERM and SIGHUP if none is named, raise KeyboardInterrupt in here. In another thread than the main one nothing changes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    taken = numbers or (signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, interrupt) for number in taken]
    try:
        yield
    finally:
        for number, handler in zip(taken, before, strict=True):
            signal.signal(number, handler)

"""
pdb in a worker: it has neither the terminal nor a keyboard, so its questions go to the terminal that the host was started from.

Part of the guest half: standard library only, Python 3.9 syntax.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import signal
import threading
from types import FrameType
from typing import Any, Callable, Iterator, TextIO, Tuple

from amlemu.worker.stops import Stops

WHY = "pdb"
_TURN = threading.RLock()
_opened: dict = {}  # type: ignore[type-arg]  # the terminal's streams, by path


def hand_over(path: str, stops: Stops, settle: Callable[[], None]) -> None:
    """
    Let every pdb that is not told otherwise ask in the terminal `path`, and tell of it.

    Args:
        path: of the terminal.
        stops: told that we stand still.
        settle: waits until the host has heard that, and has written what the script said before.
    """
    import pdb

    initialise, interact = pdb.Pdb.__init__, pdb.Pdb.interaction

    @functools.wraps(initialise)
    def initialise_there(
        self: Any, completekey: str = "tab", stdin: Any = None, stdout: Any = None, *rest: Any, **more: Any
    ) -> None:
        if stdin is None and stdout is None:
            stdin, stdout = _streams(path)
        initialise(self, completekey, stdin, stdout, *rest, **more)

    @functools.wraps(interact)
    def interact_and_tell(self: Any, frame: Any, *rest: Any) -> Any:
        place = frame if isinstance(frame, FrameType) else None
        with stops.standing(WHY, place), _alone(*_streams(path)), _interruptible():
            settle()
            return interact(self, frame, *rest)

    pdb.Pdb.__init__ = initialise_there  # type: ignore[method-assign]
    pdb.Pdb.interaction = interact_and_tell  # type: ignore[method-assign, assignment]


def look_at(error: BaseException) -> None:
    """Ask what to do where the script raised; it has been left already, so nothing can be stepped."""
    import pdb

    asking = pdb.Pdb()
    asking.message(f"amlemu: the script raised {type(error).__name__}: {error}")
    asking.reset()
    asking.interaction(None, error.__traceback__)


def _streams(path: str) -> Tuple[TextIO, TextIO]:
    if path not in _opened:
        _opened[path] = (open(path, encoding="utf-8"), open(path, "w", encoding="utf-8"))  # noqa: SIM115  # for good
    found: Tuple[TextIO, TextIO] = _opened[path]
    return found


@contextlib.contextmanager
def _alone(keyboard: TextIO, screen: TextIO) -> Iterator[None]:
    """One prompt at a time: another generation's worker, or another thread, waits for its turn."""
    with _TURN:
        try:
            fcntl.flock(keyboard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            screen.write("\namlemu: another request stops; it asks when this prompt is left\n")
            screen.flush()
            fcntl.flock(keyboard, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(keyboard, fcntl.LOCK_UN)


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C at the prompt is pdb's, not gunicorn's end of a worker."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)

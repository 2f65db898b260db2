"""
pdb in a worker: it has neither the terminal nor a keyboard, so its questions go to the terminal that the host was started from.

Part of the guest half: standard library only, Python 3.9 syntax.
"""

from __future__ import annotations

import contextlib
import functools
import signal
import threading
from types import FrameType
from typing import Any, Iterator, TextIO, Tuple

from amlemu.worker.stops import Stops

WHY = "pdb"
_opened: dict = {}  # type: ignore[type-arg]  # the terminal's streams, by path


def hand_over(path: str, stops: Stops) -> None:
    """Let every pdb that is not told otherwise ask in the terminal `path`, and tell of it."""
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
        with stops.standing(WHY, place), _interruptible():
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

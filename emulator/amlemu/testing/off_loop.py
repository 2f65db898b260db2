"""
Work that must not find an event loop running in its thread: a script may want to run its own, as it can in the cloud.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, TypeVar

_Value = TypeVar("_Value")


def off_loop(work: Callable[..., _Value], *words: Any) -> _Value:
    """Do something in this thread, or, where a loop runs in it, in another one; wait for it, and return or raise what it does."""
    __tracebackhide__ = True
    if not _is_on_loop():
        return work(*words)
    values: list[_Value] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            values.append(work(*words))
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, name="amlemu-script")
    thread.start()
    thread.join()
    for error in errors:
        raise error
    return values[0]


def _is_on_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True

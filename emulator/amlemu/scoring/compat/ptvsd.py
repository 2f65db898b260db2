"""
`ptvsd` where it is not installed: its public functions, done by debugpy, which took its place in 2020.

The debugpy here is one that `worker/own_listen.py` has changed: it joins, redirects output, and waits for so long and no longer.

Source: ptvsd 4.3.2, ptvsd/attach_server.py (read 2026-11); the lines of Azure's documentation of 2020.
"""

from __future__ import annotations

import contextlib
from typing import Any, Iterator, Optional, Tuple

import debugpy

__version__ = "4.3.2"
DEFAULT_HOST, DEFAULT_PORT = "0.0.0.0", 5678  # noqa: S104  # ptvsd's; where we listen is for the host to say


def enable_attach(
    address: Tuple[str, int] = (DEFAULT_HOST, DEFAULT_PORT), redirect_output: bool = True, **others: Any
) -> Tuple[str, int]:
    """Let an editor attach; returns where. `log_dir` and the `secret` of older versions mean nothing here."""
    host, port = (address, DEFAULT_PORT) if isinstance(address, str) else address
    return debugpy.listen((host, port), redirect_output=redirect_output)  # type: ignore[no-any-return]


def attach(address: Tuple[str, int], redirect_output: bool = True, log_dir: Optional[str] = None) -> None:
    """Dial an editor that listens."""
    debugpy.connect(address)


def wait_for_attach(timeout: Optional[float] = None) -> None:
    """Wait for an editor, at most `timeout` seconds; None waits for ever."""
    debugpy.wait_for_client(float("inf") if timeout is None else timeout)


def is_attached() -> bool:
    """Tell whether an editor is there."""
    return bool(debugpy.is_client_connected())


def break_into_debugger() -> None:
    """Stop here, if an editor is there."""
    debugpy.breakpoint()


def debug_this_thread() -> None:
    """Debug a thread that was not started by Python."""
    debugpy.debug_this_thread()


@contextlib.contextmanager
def tracing(should_trace: bool = True) -> Iterator[None]:
    """Trace this thread in here, or do not."""
    debugpy.trace_this_thread(should_trace)
    try:
        yield
    finally:
        debugpy.trace_this_thread(not should_trace)

"""
Scripts that open a debug port by themselves, with `debugpy.listen` or the older `ptvsd.enable_attach`: they join the one that is open.

debugpy can listen once only, and the real ptvsd cannot live beside it. `ptvsd.py` here is the emulator's, copied into the image.
"""

from __future__ import annotations

import functools
import os
import sys
import threading
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from typing import Any

from amlemu_debug import output, port

_PTVSD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ptvsd.py")
_FOREVER = float("inf")


def serve(debugpy: Any, here: tuple[str, int]) -> None:
    """Let a script that listens have what is open."""
    listen, over = debugpy.listen, threading.Event()

    @functools.wraps(listen)
    def listen_here(address: Any, **options: Any) -> tuple[str, int]:
        wanted = address if isinstance(address, int) else int(address[1])
        if wanted not in (0, here[1]):
            port.say(f"the script wants a debugger on port {wanted}; it is on port {here[1]}")
        if options.get("redirect_output"):
            output.ask()
        return here

    @functools.wraps(debugpy.wait_for_client)
    def wait_so_long(seconds: float = _FOREVER) -> None:
        over.clear()
        port.wait(seconds, over)

    wait_so_long.cancel = over.set  # type: ignore[attr-defined]
    debugpy.listen, debugpy.wait_for_client = listen_here, wait_so_long
    if os.path.exists(_PTVSD):
        sys.meta_path.insert(0, _Finder())


class _Finder:
    """Finds ptvsd: never the real one."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        return spec_from_file_location("ptvsd", _PTVSD) if name == "ptvsd" else None

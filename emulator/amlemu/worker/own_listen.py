"""
Scripts that open a debug port by themselves, `debugpy.listen` or the older `ptvsd.enable_attach`: they join the port that outlives them.

A generation could not listen where the one before still does, and an attached editor would lose each of them. Part of the guest half:
standard library only, Python 3.9 syntax.

Source: the public functions of debugpy 1.8.22; those of ptvsd are in `scoring/compat/ptvsd.py`.
"""

from __future__ import annotations

import functools
import importlib.machinery
import importlib.util
import os
import sys
import threading
from typing import TYPE_CHECKING, Any, Optional, Tuple

from amlemu.scoring import compat
from amlemu.worker import session

if TYPE_CHECKING:
    from amlemu.worker.debugger import Debugger

_PTVSD = os.path.join(os.path.dirname(os.path.abspath(compat.__file__)), "ptvsd.py")
_FOREVER = float("inf")
_STOOD_IN = (
    "the script imports ptvsd, which is not installed for it: debugpy stands in here; the cloud's image needs ptvsd, or better a"
    " script that imports debugpy"
)


def serve(debugger: Debugger) -> None:
    """Let a script that listens join, once it imports what it listens with."""
    sys.meta_path.insert(0, _Finder(debugger))
    _patch(sys.modules.get("debugpy"), debugger)


class _Finder:
    """Finds debugpy where it is, and sees it loaded; finds ptvsd where there is none."""

    def __init__(self, debugger: Debugger) -> None:
        self._debugger = debugger

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Optional[importlib.machinery.ModuleSpec]:
        if path is not None or name not in ("debugpy", "ptvsd"):
            return None
        spec = importlib.machinery.PathFinder.find_spec(name)
        if name == "ptvsd":
            return self._stand_in() if spec is None else None
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_and_patch(module: Any) -> None:
                with session.quietly():
                    load(module)
                _patch(module, self._debugger)

            spec.loader.exec_module = load_and_patch  # type: ignore[method-assign]
        return spec

    def _stand_in(self) -> Optional[importlib.machinery.ModuleSpec]:
        if importlib.machinery.PathFinder.find_spec("debugpy") is None:
            return None
        self._debugger.notice(_STOOD_IN)
        return importlib.util.spec_from_file_location("ptvsd", _PTVSD)


def _patch(module: Any, debugger: Debugger) -> None:
    """Put our own functions in the place of debugpy's."""
    if module is None or hasattr(module.listen, "joins"):
        return
    listen, connect, wait = module.listen, module.connect, module.wait_for_client
    has_dialled = False  # by the script itself
    here: Optional[Tuple[str, int]] = None  # where editors come in, once the script has asked

    @functools.wraps(listen)
    def listen_or_join(address: Any, **options: Any) -> Any:
        nonlocal here
        redirects = bool(options.pop("redirect_output", False))
        if threading.current_thread() is not threading.main_thread():  # which alone hears the host
            return listen(address, **options)
        here = here or debugger.ask_to_listen(*_address(address), redirects=redirects)
        return here

    @functools.wraps(connect)
    def connect_unless_joined(*arguments: Any, **options: Any) -> Any:
        nonlocal has_dialled
        if debugger.has_joined:
            return None
        has_dialled = True
        debugger.prepare()
        return connect(*arguments, **options)

    over = threading.Event()

    @functools.wraps(wait)
    def wait_and_tell(seconds: float = _FOREVER) -> None:
        if threading.current_thread() is not threading.main_thread():
            wait()
        elif not (here or has_dialled or debugger.has_joined):
            raise RuntimeError("listen() or connect() must be called first")  # debugpy's words
        else:
            over.clear()
            debugger.wait(seconds, over)

    listen_or_join.joins = True  # type: ignore[attr-defined]
    wait_and_tell.cancel = over.set  # type: ignore[attr-defined]
    module.listen, module.connect, module.wait_for_client = listen_or_join, connect_unless_joined, wait_and_tell


def _address(address: Any) -> Tuple[str, int]:
    """Read what debugpy takes: a port, or host and port."""
    if isinstance(address, int):
        return "127.0.0.1", address
    host, port = address
    return str(host), int(port)

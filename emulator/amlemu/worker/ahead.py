"""
Importing ahead of time what a script is going to import, in the process that its workers are forked from.

`imports.py` has found out what that is; `zygote.py` forks. Whatever would make a fork differ from a fresh worker is not done, or is
made good in the fork. Part of the guest half: standard library only, Python 3.9 syntax.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import itertools
import logging
import os
import signal
import sys
import threading
import weakref
from typing import Any, Dict, Sequence

from amlemu.worker.imports import file_of, has_users_folder, is_of_user, names_in

_DEVICES = ("/dev/nvidia", "/dev/kfd", "/dev/dri/render", "/dev/accel")
# Importing these starts CUDA, and a process that has started it cannot be forked.
_START_CUDA = {"bitsandbytes", "cudf", "cugraph", "cuml", "cupy", "deepspeed", "pycuda", "rmm", "tensorrt", "vllm"}


class Ahead:
    """The imports that one zygote makes, and whether they are still the right ones."""

    def __init__(self, data: Dict[str, Any]) -> None:
        """`data` is `Imports.as_data` of the boot that they were learned from."""
        self._data = data
        self._times: Dict[str, int] = {}  # of the files that were imported

    def load(self) -> str:
        """
        Import all of it; returns what `import_ahead` does.

        Bytecode of packages is written here, for workers write none; but not where a package may find modules of the user's.
        """
        sys.dont_write_bytecode = sys.dont_write_bytecode or has_users_folder()
        spoiled = import_ahead(self._data["modules"], self._data["asked"])
        files = filter(None, (file_of(sys.modules.get(name)) for name in self._data["modules"]))
        self._times = {file: _time(file) for file in files}
        gc.collect()
        gc.freeze()  # else the first collection in each fork would copy all of it
        return spoiled

    def is_outdated(self) -> bool:
        """Tell whether a package was edited in its place, or an import statement of the user's has gone."""
        if any(_time(file) != time for file, time in self._times.items()):
            return True
        named = names_in(self._data["files"])
        return named is not None and not set(self._data["named"]) <= named


def import_ahead(modules: Sequence[str], asked: Sequence[str] = ()) -> str:
    """
    Import modules; what cannot be imported is left out.

    Stops before the first one that is known to start CUDA, and after one that has done what forks do not share with a fresh
    worker: started CUDA or a thread, handled a signal, or imported a module of the user's.

    Args:
        modules: all of them, as `Imports.as_data` has them: what a package needs comes before the package.
        asked: those of them that the script asked for. They come first, for a package may set variables for what it needs.

    Returns:
        Name of the one where it stopped; empty when all went well.
    """
    if name := next((name for name in modules if name.partition(".")[0] in _START_CUDA), ""):
        return name
    wanted, handlers = set(modules), _handlers()
    for name in itertools.chain(filter(wanted.__contains__, asked), modules):
        if name in sys.modules:
            continue
        before = len(sys.modules)
        with contextlib.suppress(BaseException):  # whatever it is, the script meets it, too, and says so
            importlib.import_module(name)
        loaded = list(itertools.islice(reversed(sys.modules), max(0, len(sys.modules) - before)))
        if any(is_of_user(sys.modules.get(one)) for one in loaded):
            return name
        if threading.active_count() > 1 or _holds_accelerator() or _handlers() != handlers:
            return name
    return ""


def after_fork() -> None:
    """Be a process of one's own: other random numbers, and nothing to clean up at the end that others still use."""
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()
    _forget_exit_handlers()


def _forget_exit_handlers() -> None:
    """
    Leave what packages want done at the end to the process that has imported them.

    A temporary folder made by an import would go with the first fork that ends. What Python itself wants done stays.
    """
    atexit._clear()  # noqa: SLF001
    for finalizer in list(getattr(weakref.finalize, "_registry", ())):
        finalizer.detach()  # nor when what they belong to goes, as all does at the end
    weakref.finalize._registered_with_atexit = False  # type: ignore[attr-defined]  # noqa: SLF001  # it registers again
    atexit.register(logging.shutdown)
    children = sys.modules.get("multiprocessing.util")
    if children is not None:
        atexit.register(children._exit_function)  # noqa: SLF001


def _handlers() -> Dict[int, Any]:
    return {number: signal.getsignal(number) for number in signal.valid_signals()}


def _time(file: str) -> int:
    try:
        return os.stat(file).st_mtime_ns
    except OSError:
        return 0


def _holds_accelerator() -> bool:
    try:
        files = os.listdir("/proc/self/fd")
    except OSError:
        return False  # nobody to ask
    return any(_link(f"/proc/self/fd/{file}").startswith(_DEVICES) for file in files)


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""

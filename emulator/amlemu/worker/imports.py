"""
What a script imports while it boots, and the same imported ahead of time, so that a fork need not.

`Imports` looks on while a worker boots. It tells which modules were loaded before the script changed its environment variables:
those, and no others, may be imported before the script runs, for whoever sets OMP_NUM_THREADS or CUDA_VISIBLE_DEVICES wants the
imports that follow to see it. Modules of the user's own are never among them. `zygote.py` imports them. Part of the guest half:
standard library only, Python 3.9 syntax.

Source: the rules of a zygote, docs/architecture.md; numpy, torch and their kin read such variables when they are loaded.
"""

from __future__ import annotations

import builtins
import contextlib
import functools
import gc
import importlib
import itertools
import os
import sys
import threading
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence

_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_LIBRARY_FOLDERS = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_STDLIB = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
_DEVICES = ("/dev/nvidia", "/dev/kfd", "/dev/dri/render", "/dev/accel")
# Importing these starts CUDA, and a process that has started it cannot be forked.
_START_CUDA = {"bitsandbytes", "cudf", "cugraph", "cuml", "cupy", "deepspeed", "pycuda", "rmm", "tensorrt", "vllm"}


class Imports:
    """The imports of one boot. Use as a context manager, in the main thread."""

    def __init__(self, ahead: Optional[Dict[str, Any]] = None, conflict: Optional[Callable[[], None]] = None) -> None:
        """
        Args:
            ahead: what was imported ahead of time, as `as_data` of another boot had it; None: nothing was.
            conflict: called when the script changes its variables before it has asked for all of that.
        """
        self._last_before = next(reversed(sys.modules))
        self._ahead = ahead or {"number": 0, "asked": ()}
        self._conflict = conflict
        self._asked: Dict[str, None] = {}
        self._modules: Optional[List[str]] = None
        self._depth = 0
        self._thread = threading.get_ident()

    def __enter__(self) -> Imports:  # noqa: PYI034  # Python 3.9 has no Self
        self._seen = _variables()
        self._import, self._import_module = builtins.__import__, importlib.import_module
        builtins.__import__, importlib.import_module = self._look_on, self._look_on_call
        return self

    def __exit__(self, *error: object) -> None:
        self._end(is_cut=False)

    def as_data(self) -> Dict[str, Any]:
        """
        Return plain JSON values: `modules` in the order in which they were loaded, without those that were imported ahead
        (`ahead` has the number of that list), `asked`, the names in import statements, `is_cut`, whether the script changed its
        variables and imported more, and `path`, where Python looks for packages.
        """
        path = [folder for folder in sys.path if folder and _is_library(folder + os.sep)]
        told = {"modules": self._modules, "asked": list(self._asked), "is_cut": self._is_cut, "path": path}
        return {**told, "ahead": self._ahead["number"]}

    def _look_on(
        self,
        name: str,
        globals: Any = None,  # noqa: A002  # it may be called by keywords
        locals: Any = None,  # noqa: A002
        fromlist: Any = (),
        level: int = 0,
    ) -> Any:
        """Be `__import__`."""
        load = functools.partial(self._import, name, globals, locals, fromlist, level)
        return self._observe("" if level else name, load) if self._is_observed(globals) else load()

    def _look_on_call(self, name: str, package: Optional[str] = None) -> Any:
        """Be `importlib.import_module`, which does not come by `__import__`."""
        load = functools.partial(self._import_module, name, package)
        return self._observe(name, load) if self._is_observed(sys._getframe(1).f_globals) else load()  # noqa: SLF001

    def _is_observed(self, space: Any) -> bool:
        """Tell whether an import in this namespace is the script's: what a library imports while it is imported is its own."""
        is_over = self._modules is not None  # and who has got hold of us still calls us
        return not is_over and threading.get_ident() == self._thread and (not self._depth or _is_users(space))

    def _observe(self, name: str, load: Callable[[], Any]) -> Any:
        if _variables() != self._seen:
            self._end(is_cut=True)
            if self._conflict is not None and not set(self._ahead["asked"]) <= self._asked.keys():
                self._conflict()
            return load()
        self._depth += 1
        try:
            module = load()
        finally:
            self._depth -= 1
        if _is_of_library(sys.modules.get(name)):
            self._asked[name] = None
            self._seen = _variables()  # sklearn, for one, sets variables of its own
        return module

    def _end(self, *, is_cut: bool) -> None:
        if self._modules is not None:
            return
        if builtins.__import__ == self._look_on:  # the script may have put its own there
            builtins.__import__ = self._import
        if importlib.import_module == self._look_on_call:
            importlib.import_module = self._import_module
        self._is_cut = is_cut
        # Only what is new is touched: in a fork each touch copies a page.
        loaded = list(itertools.takewhile(lambda name: name != self._last_before, reversed(sys.modules)))
        self._modules = [name for name in reversed(loaded) if _is_of_library(sys.modules.get(name))]


def import_ahead(modules: Sequence[str], asked: Iterable[str] = ()) -> str:
    """
    Import modules; what cannot be imported is left out.

    Stops before the first one that is known to start CUDA, and after one that has started it, or a thread: no fork survives that.

    Args:
        modules: all of them, as `Imports.as_data` has them: what a package needs comes before the package.
        asked: those of them that the script asked for. They come first, for a package may set variables for what it needs.

    Returns:
        Name of the one where it stopped; empty when all went well.
    """
    if name := next((name for name in modules if name.partition(".")[0] in _START_CUDA), ""):
        return name
    wanted = set(modules)
    for name in itertools.chain(filter(wanted.__contains__, asked), modules):
        if name in sys.modules:
            continue
        with contextlib.suppress(BaseException):  # whatever it is, the script meets it, too, and says so
            importlib.import_module(name)
        if threading.active_count() > 1 or _holds_accelerator():
            return name
    gc.collect()
    gc.freeze()  # else the first collection in each fork would copy all of it
    return ""


def after_fork() -> None:
    """Let a fork have its own random numbers: numpy's generator was seeded in the process that all come from."""
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


def _variables() -> Any:
    """Return a copy of the environment; of what lies behind it, which is compared ten times as fast."""
    return dict(getattr(os.environ, "_data", os.environ))


def _is_users(space: Any) -> bool:
    """Tell whether a module's namespace is that of the user's own code."""
    file = space.get("__file__") if isinstance(space, dict) else None
    return isinstance(file, str) and not _is_library(file)


def _is_library(path: str) -> bool:
    if any(folder in path for folder in _LIBRARY_FOLDERS):
        return True
    return path.startswith((_STDLIB, _OURS, "<"))


def _is_of_library(module: Any) -> bool:
    """Tell whether a module belongs to an installed package or to Python itself, and is not ours."""
    if module is None or getattr(module, "__spec__", None) is None:
        return False
    file = getattr(module, "__file__", None)
    if isinstance(file, str):
        return _is_library(file) and not file.startswith(_OURS)
    folders = [folder + os.sep for folder in getattr(module, "__path__", ["<built-in>"])]
    return bool(folders) and all(_is_library(folder) for folder in folders)


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

"""
How long the imports of a boot take: those that the script's own files ask for, each without those inside it that are told by themselves.

`import pandas` in score.py has all that pandas imports; `import features`, a file of the user's, has only its own time, and the pandas
in it stands for itself. Part of the guest half: standard library only, Python 3.9 syntax.
"""

from __future__ import annotations

import builtins
import functools
import importlib
import sys
import threading
import time
from typing import Any, Callable, Dict, List, Optional, Tuple

from amlemu.worker.imports import is_users, unseen

_LEAST_S = 0.001  # what was loaded already is not worth a line


class ImportTimes:
    """Use as a context manager, in the main thread, while the script boots."""

    def __init__(self) -> None:
        self._seconds: Dict[Tuple[str, str, int], float] = {}
        self._inside: List[float] = []  # for each import that is under way, the seconds of others in it
        self._thread = threading.get_ident()

    def __enter__(self) -> ImportTimes:  # noqa: PYI034  # Python 3.9 has no Self
        self._import, self._import_module = builtins.__import__, importlib.import_module
        builtins.__import__, importlib.import_module = self._look_on, self._look_on_call
        return self

    def __exit__(self, *error: object) -> None:
        if builtins.__import__ == self._look_on:  # the script may have put its own there
            builtins.__import__ = self._import
        if importlib.import_module == self._look_on_call:
            importlib.import_module = self._import_module

    def as_data(self) -> List[Dict[str, Any]]:
        """Return plain JSON values, the slowest first: `name`, `file` and `line` of who asked, `seconds`."""
        slowest = sorted(self._seconds.items(), key=lambda entry: -entry[1])
        return [
            {"name": name, "file": file, "line": line, "seconds": round(seconds, 4)}
            for (name, file, line), seconds in slowest
            if seconds >= _LEAST_S
        ]

    @unseen
    def _look_on(
        self,
        name: str,
        globals: Any = None,  # noqa: A002  # it may be called by keywords
        locals: Any = None,  # noqa: A002
        fromlist: Any = (),
        level: int = 0,
    ) -> Any:
        """Be `__import__`."""
        frame = sys._getframe(1)  # noqa: SLF001
        if not self._is_observed(globals):
            return self._import(name, globals, locals, fromlist, level)
        load = functools.partial(self._import, name, globals, locals, fromlist, level)
        return self._time("." * level + name, frame, load)

    @unseen
    def _look_on_call(self, name: str, package: Optional[str] = None) -> Any:
        """Be `importlib.import_module`, which does not come by `__import__`."""
        frame = sys._getframe(1)  # noqa: SLF001
        if not self._is_observed(frame.f_globals):
            return self._import_module(name, package)
        return self._time(name, frame, functools.partial(self._import_module, name, package))

    @unseen
    def _time(self, name: str, frame: Any, load: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        self._inside.append(0.0)
        try:
            return load()
        finally:
            took_s, others_s = time.perf_counter() - began, self._inside.pop()
            if self._inside:
                self._inside[-1] += took_s
            key = (name, frame.f_code.co_filename, frame.f_lineno)
            self._seconds[key] = self._seconds.get(key, 0.0) + took_s - others_s

    def _is_observed(self, space: Any) -> bool:
        return threading.get_ident() == self._thread and is_users(space)

"""
What a script takes for its own and a process has only once: variables, working folder, import path, print, loggers, modules.

An in-process script is given its world for the length of a call and the process gets its own back, so that a program may
hold several scripts at once and is itself not moved to another folder. One call at a time in the whole process. For tests
there is `testing/residence.py`.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from amlemu.scoring import compat
from amlemu.scoring.logs import Capture, Sink

ONE_AT_A_TIME = threading.RLock()
_REGISTRIES = (
    "__functions_schema__",
    "__versions__",
)  # inference-schema's: keyed by `entry_module.run`, for all scripts
_OF_PYTEST = "PYTEST_CURRENT_TEST"  # it changes with each phase of a test


class World:
    """The surroundings of one script, entered with `with`; from one thread at a time."""

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        sink: Sink,
        models_folder: str | None = None,
        import_path: Sequence[str] | None = None,
        *,
        is_overheard: bool = False,
    ) -> None:
        """
        Args:
            folder: working folder while inside.
            environment: the whole environment while inside; what the script changes in it is kept.
            sink: gets what print() and the server's loggers say while inside.
            models_folder: see `compat.install`.
            import_path: where modules are looked for before the script's own folder; None: where this process does.
            is_overheard: see `Capture`.
        """
        self._folder = self._root = str(folder)
        self._environment = dict(environment)
        self._models_folder = models_folder
        self._import_path = import_path
        below = self._root + os.sep
        places = {os.path.join(entry, "") for entry in (*sys.path, *(import_path or ()))}
        self._apart = tuple(place for place in places if place.startswith(below) and place != below)
        self._path: list[str] = []  # what the script has added to sys.path
        self._modules: dict[str, ModuleType] = {}
        self._hidden: dict[str, ModuleType] = {}  # the process's, of the same names
        self._shared: set[str] | None = None  # the script's, but the process had imported them before
        self._schemas: dict[str, dict[Any, Any]] = {}
        self._capture = Capture(sink, is_overheard=is_overheard)

    def __enter__(self) -> None:
        ONE_AT_A_TIME.acquire()
        self.move_in()
        self.begin()

    def __exit__(self, *error: object) -> None:
        self.end()
        self.move_out()
        ONE_AT_A_TIME.release()

    def begin(self) -> None:
        """Let a call begin: the working folder, the import path and print are the script's."""
        self._outer_call = os.getcwd(), list(sys.path)
        os.chdir(self._folder)
        if self._import_path is not None:
            sys.path[:] = self._import_path
        self._before = list(sys.path)
        sys.path.extend(self._path)
        self._capture.start()
        self._capture.redirect_print(threading.get_ident())

    def end(self) -> None:
        """Undo `begin`."""
        folder, path = self._outer_call
        self._capture.stop()
        self._path = [entry for entry in sys.path if entry not in self._before]
        sys.path[:] = path
        self._folder = os.getcwd()
        os.chdir(folder)

    def move_in(self) -> None:
        """Bring variables and modules."""
        self.bring_variables()
        if self._shared is None:
            self._shared = {name for name in self._below_root() if name not in self._modules}
            self._hidden = self._in_the_way()
        else:
            self._hidden = {name: sys.modules[name] for name in self._modules if name in sys.modules}
        for name in self._hidden:
            del sys.modules[name]
        compat.install(self._models_folder, self._modules)
        sys.modules.update(self._modules)
        self._swap_schemas()

    def move_out(self) -> None:
        """Undo `move_in`."""
        self._swap_schemas()
        own = [name for name in self._below_root() if name not in (self._shared or ())]
        self._modules = {**compat.uninstall(), **{name: sys.modules.pop(name) for name in own}}
        sys.modules.update(self._hidden)
        self.take_variables()

    def bring_variables(self) -> None:
        """Let the whole environment be the script's."""
        self._outer = dict(os.environ)
        become(self._environment)

    def take_variables(self) -> None:
        """Keep what the script has made of them, and give the process its own back."""
        self._environment = dict(os.environ)
        become(self._outer)

    def _below_root(self) -> list[str]:
        """Name the modules that come from the script's folder, another script has others; not packages of an environment in it."""
        below, found = self._root + os.sep, []
        for name, module in list(sys.modules.items()):
            file = str(getattr(module, "__file__", ""))
            if file.startswith(below) and not file.startswith(self._apart):
                found.append(name)
        return found

    def _in_the_way(self) -> dict[str, ModuleType]:
        """
        Return modules that this process has from a place where the script would not find them, and the script has itself.

        Tests may have a `utils.py`, too, in a folder that is on the import path for them alone.
        """
        if self._import_path is None:
            return {}
        own = {entry.partition(".")[0] for entry in os.listdir(self._root)}
        known = tuple(os.path.join(entry, "") for entry in self._import_path)
        found = {}
        for name, module in list(sys.modules.items()):
            file = str(getattr(module, "__file__", None) or "")
            is_elsewhere = file and not file.startswith((*known, self._root + os.sep))
            if is_elsewhere and name.partition(".")[0] in own:
                found[name] = module
        return found

    def _swap_schemas(self) -> None:
        """Exchange inference-schema's registries, if it is loaded, with ours."""
        library = sys.modules.get("inference_schema.schema_util")
        if library is None:
            return
        for name in _REGISTRIES:
            registry = getattr(library, name)
            inner = self._schemas.get(name, {})
            self._schemas[name] = dict(registry)
            registry.clear()
            registry.update(inner)


def become(environment: Mapping[str, str]) -> None:
    """Make os.environ equal to `environment`, touching only what differs."""
    for name in os.environ.keys() - environment.keys() - {_OF_PYTEST}:
        del os.environ[name]
    for name, value in environment.items():
        if name != _OF_PYTEST and os.environ.get(name) != value:
            os.environ[name] = value

"""
What a script takes for its own and a process has only once: variables, working folder, import path, print, loggers.

An in-process script is given its world for the length of a call and the process gets its own back, so that a test may
hold several scripts at once and is itself not moved to another folder. One call at a time in the whole process.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from amlemu.scoring import compat
from amlemu.scoring.logs import Capture, Sink

_ONE_AT_A_TIME = threading.RLock()
_REGISTRIES = (
    "__functions_schema__",
    "__versions__",
)  # inference-schema's: keyed by `entry_module.run`, for all scripts


class World:
    """The surroundings of one script, entered with `with`; from one thread."""

    def __init__(
        self, folder: Path, environment: Mapping[str, str], sink: Sink, models_folder: str | None = None
    ) -> None:
        """
        Args:
            folder: working folder while inside.
            environment: the whole environment while inside; what the script changes in it is kept.
            sink: gets what print() and the server's loggers say while inside.
            models_folder: see `compat.install`.
        """
        self._folder = self._root = str(folder)
        self._environment = dict(environment)
        self._models_folder = models_folder
        self._path: list[str] = []  # what the script has added to sys.path
        self._modules: dict[str, ModuleType] = {}
        self._schemas: dict[str, dict[Any, Any]] = {}
        self._capture = Capture(sink)

    def __enter__(self) -> None:
        _ONE_AT_A_TIME.acquire()
        self._outer = (dict(os.environ), os.getcwd(), list(sys.path))
        _become(self._environment)
        os.chdir(self._folder)
        sys.path.extend(self._path)
        self._capture.start()
        self._capture.redirect_print(threading.get_ident())
        compat.install(self._models_folder, self._modules)
        sys.modules.update(self._modules)
        self._swap_schemas()

    def __exit__(self, *error: object) -> None:
        environment, folder, path = self._outer
        self._swap_schemas()
        self._modules = {**compat.uninstall(), **self._own_modules()}
        self._capture.stop()
        self._path = [entry for entry in sys.path if entry not in path]
        sys.path[:] = path
        self._folder = os.getcwd()
        os.chdir(folder)
        self._environment = dict(os.environ)
        _become(environment)
        _ONE_AT_A_TIME.release()

    def _own_modules(self) -> dict[str, ModuleType]:
        """Take the modules that come from the script's folder out of the process: another script has others."""
        below = self._root + os.sep
        own = [
            name for name, module in list(sys.modules.items()) if str(getattr(module, "__file__", "")).startswith(below)
        ]
        return {name: sys.modules.pop(name) for name in own}

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


def _become(environment: Mapping[str, str]) -> None:
    """Make os.environ equal to `environment`, touching only what differs."""
    for name in os.environ.keys() - environment.keys():
        del os.environ[name]
    for name, value in environment.items():
        if os.environ.get(name) != value:
            os.environ[name] = value

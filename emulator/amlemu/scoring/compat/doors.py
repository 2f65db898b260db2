"""
How a script reaches `azureml.core` where azureml-core is not installed, while `import azureml` still fails as in the cloud.

A finder is asked for a parent first and cannot know what comes next. So a `Door` stands in `sys.modules` under each full
name; whoever comes by it makes the finder know the parent, too, as if azureml-core were installed. What is installed
wins: then there are no doors, and other parts of azureml are imported from where they are.

Source: contract 4.11, 5.2; which statements a door serves is the business of `import_ensure_initialized` in CPython's
import.c, read for 3.9 to 3.14.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import os
import sys
from types import ModuleType
from typing import Any, Dict, Mapping, Optional

_FOLDER = os.path.dirname(os.path.abspath(__file__))
_FILES = {"azureml.core": "core.py", "azureml.core.model": "model.py", "azureml.exceptions": "exceptions.py"}
_PARENT = "azureml"
_OURS = "amlemu"  # in a module's spec: it was found here


def not_served(what: str) -> str:
    """Say why something of azureml-core is not there, and how to get it."""
    return (
        f"{what} is not emulated. azureml.core is served by amlemu, because azureml-core is not installed for "
        f"{sys.executable}; only Model.get_model_path works. Install azureml-core there for more."
    )


def is_served() -> bool:
    """Tell whether the script has got azureml.core from us."""
    return not _is_door("azureml.core") and _is_ours("azureml.core")


def put_up() -> None:
    """Put the doors up, unless azureml-core is installed; looked up on the disk, nothing is imported."""
    places = (os.path.join(entry, "azureml", "core", "__init__.py") for entry in sys.path if isinstance(entry, str))
    if any(map(os.path.exists, places)):
        return
    finder = Finder()
    sys.meta_path.append(finder)  # last: a folder that the script adds to sys.path wins
    for name in _FILES:
        sys.modules.setdefault(name, Door(name, finder))


def put_back(modules: Mapping[str, ModuleType]) -> None:
    """Undo `take_down`: these modules are there again, also as attributes of an azureml that is installed."""
    sys.modules.update(modules)
    for name, module in modules.items():
        parent, _, child = name.rpartition(".")
        if parent in sys.modules and name in _FILES:
            setattr(sys.modules[parent], child, module)


def take_down() -> Dict[str, ModuleType]:
    """Remove doors and finder without a trace; returns the modules that have been imported through them."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, Finder)]
    for name in [name for name in _FILES if _is_door(name)]:
        del sys.modules[name]
    names = [name for name in (*_FILES, _PARENT) if _is_ours(name)]
    modules = {name: sys.modules.pop(name) for name in names}
    for name, module in modules.items():
        parent, _, child = name.rpartition(".")
        if vars(sys.modules.get(parent, sys)).get(child) is module:
            delattr(sys.modules[parent], child)
    return modules


def _is_door(name: str) -> bool:
    return isinstance(sys.modules.get(name), Door)


def _is_ours(name: str) -> bool:
    spec = getattr(sys.modules.get(name), "__spec__", None)
    return getattr(spec, "loader_state", None) == _OURS


class Finder:
    """Finds the modules, and once a door was opened their parent."""

    def __init__(self) -> None:
        self.is_open = False

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Optional[importlib.machinery.ModuleSpec]:
        """Find what is served. Raises ImportError for `from azureml.core import Workspace`, to say why."""
        if name == _PARENT and self.is_open:
            return importlib.machinery.ModuleSpec(name, None, loader_state=_OURS, is_package=True)
        if name in _FILES:
            return self._spec(name)
        parent, _, last = name.rpartition(".")
        if parent in _FILES and last[:1].isupper() and _is_ours(parent):
            # A class, so no library is looking whether it could be imported, as some do for azureml.core.run.
            raise ImportError(not_served(name), name=parent)
        return None

    def _spec(self, name: str) -> importlib.machinery.ModuleSpec:
        spec = importlib.util.spec_from_file_location(name, os.path.join(_FOLDER, _FILES[name]))
        assert spec is not None
        spec.submodule_search_locations = []  # a package with nothing below it: names that it lacks are looked for here
        spec.loader_state = _OURS
        return spec


class Door(ModuleType):
    """Stands for a module under its full name, until a statement imports it; then the module itself is there."""

    def __init__(self, name: str, finder: Finder) -> None:
        super().__init__(name)
        self.__dict__.update(_finder=finder, _module=None)

    @property
    def __spec__(self) -> Any:  # type: ignore[override]
        """Open: every import looks here first, whether the module is still being initialised."""
        return self._open().__spec__

    def __getattr__(self, name: str) -> Any:
        if self._module is None and name.startswith("__") and name != "__path__":
            raise AttributeError(name)  # who walks through sys.modules imports nothing by looking
        return getattr(self._open(), name)

    def _open(self) -> ModuleType:
        if self._module is None:
            for name in [name for name in _FILES if _is_door(name)]:
                del sys.modules[name]
            self._finder.is_open = True
            self.__dict__["_module"] = importlib.import_module(self.__name__)
        return self._module  # type: ignore[no-any-return]

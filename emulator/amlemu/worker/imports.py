"""
What a script imports while it boots: `Imports` looks on, and the host is told.

It tells which modules were loaded before the script changed its environment variables: those, and no others, may be imported
ahead of time (`ahead.py`), for whoever sets OMP_NUM_THREADS or CUDA_VISIBLE_DEVICES wants the imports that follow to see it.
Modules of the user's own are never among them. In a fork that has been given imports ahead it finds out whether they were the
right ones. Part of the guest half: standard library only, Python 3.9 syntax.

Source: the rules of a zygote, docs/architecture.md; numpy, torch and their kin read such variables when they are loaded.
"""

from __future__ import annotations

import ast
import builtins
import functools
import importlib
import itertools
import os
import sys
import threading
from typing import Any, Callable, Dict, Iterable, List, Optional, Set, TypeVar

_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_DEBUGGER = f"{os.sep}debugpy{os.sep}"  # to be imported by a process that is debugged, and by no other one
_LIBRARY_FOLDERS = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_STDLIB = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
_Function = TypeVar("_Function", bound=Callable[..., Any])


def unseen(function: _Function) -> _Function:
    """Let a function pass for a part of the import system, where `warnings` does not look for who is to be warned."""
    code: Any = function.__code__
    function.__code__ = code.replace(co_filename="<frozen importlib._bootstrap>")
    return function


class Imports:
    """The imports of one boot. Use as a context manager, in the main thread."""

    def __init__(self, ahead: Optional[Dict[str, Any]] = None, conflict: Optional[Callable[[], None]] = None) -> None:
        """
        Args:
            ahead: what was imported ahead of time, as `as_data` of another boot had it; None: nothing was.
            conflict: called when the script would not have got these imports by itself, or not yet.
        """
        self._ahead = ahead or {"number": 0, "asked": (), "modules": ()}
        self._conflict = conflict
        self._asked: Dict[str, None] = {}
        self._named: Set[str] = set()
        self._files: Dict[str, None] = {}
        self._modules: Optional[List[str]] = None
        self._depth = 0
        self._thread = threading.get_ident()

    def __enter__(self) -> Imports:  # noqa: PYI034  # Python 3.9 has no Self
        self._last_before = next(reversed(sys.modules))
        self._variables, self._path = _variables(), list(sys.path)
        self._import, self._import_module = builtins.__import__, importlib.import_module
        builtins.__import__, importlib.import_module = self._look_on, self._look_on_call
        return self

    def __exit__(self, *error: object) -> None:
        self._end(is_cut=False)

    def as_data(self) -> Dict[str, Any]:
        """
        Return plain JSON values.

        `modules`, what was loaded, each after what it needs, without what was imported ahead (`ahead` has the number of that
        list); `asked`, what the script, or a library that it called, asked for; `named`, those of it that stand in import
        statements of `files`, the user's own; `is_cut`, whether variables were changed before the last import; `path`, where
        Python looks for packages.
        """
        files = list(self._files)
        return {
            "modules": self._modules,
            "ahead": self._ahead["number"],
            "asked": list(self._asked),
            "named": sorted(self._named & (names_in(files) or set())),
            "files": files,
            "is_cut": self._is_cut,
            "path": [folder for folder in sys.path if folder and _is_library(folder + os.sep)],
        }

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
        load = functools.partial(self._import, name, globals, locals, fromlist, level)
        if not self._is_observed(globals):
            return load()
        module = self._observe("" if level else name, load)
        if not level and is_users(globals):
            self._note_statement(name, fromlist or (), globals["__file__"])
        return module

    @unseen
    def _look_on_call(self, name: str, package: Optional[str] = None) -> Any:
        """Be `importlib.import_module`, which does not come by `__import__`."""
        load = functools.partial(self._import_module, name, package)
        return self._observe(name, load) if self._is_observed(sys._getframe(1).f_globals) else load()  # noqa: SLF001

    @unseen
    def _observe(self, name: str, load: Callable[[], Any]) -> Any:
        if sys.path != self._path:
            self._look_at_path()
        if _variables() != self._variables:
            self._end(is_cut=True)
            if not set(self._ahead["asked"]) <= self._asked.keys():
                self._disagree()
            return load()
        self._depth += 1
        try:
            module = load()
        finally:
            self._depth -= 1
        if is_of_library(sys.modules.get(name)):
            self._asked[name] = None
            self._variables, self._path = _variables(), list(sys.path)  # sklearn, for one, sets variables of its own
        return module

    def _is_observed(self, space: Any) -> bool:
        """Tell whether an import in this namespace is the script's: what a library imports while it is imported is its own."""
        is_over = self._modules is not None  # and who has got hold of us still calls us
        return not is_over and threading.get_ident() == self._thread and (not self._depth or is_users(space))

    def _note_statement(self, name: str, attributes: Iterable[str], file: str) -> None:
        self._files[file] = None
        for one in (name, *(f"{name}.{attribute}" for attribute in attributes)):
            if is_of_library(sys.modules.get(one)):
                self._named.add(one)

    def _look_at_path(self) -> None:
        """See whether a folder of the user's, new on the path, has something of the name of what was imported ahead."""
        added = [folder for folder in sys.path if folder not in self._path and not _is_library(folder + os.sep)]
        self._path = list(sys.path)
        tops = {name.partition(".")[0] for name in self._ahead["modules"]}
        if tops & {os.path.splitext(entry)[0] for folder in added for entry in _entries(folder)}:
            self._disagree()

    def _disagree(self) -> None:
        if self._conflict is not None:
            self._conflict()

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
        self._modules = [name for name in reversed(loaded) if is_of_library(sys.modules.get(name))]


def names_in(files: Iterable[str]) -> Optional[Set[str]]:
    """Return the modules that import statements of these files may name; None where one is not Python (any more)."""
    names: Set[str] = set()
    for file in files:
        try:
            with open(file, "rb") as source:
                tree = ast.parse(source.read(), file)
        except (OSError, ValueError, SyntaxError, RecursionError):
            return None
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module)
                names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def is_of_library(module: Any) -> bool:
    """Tell whether a module belongs to an installed package or to Python itself, and is neither ours nor a debugger's."""
    space = _space_of(module)
    if space.get("__spec__") is None:
        return False
    file = space.get("__file__")
    if isinstance(file, str):
        return _is_library(file) and not file.startswith(_OURS) and _DEBUGGER not in file
    folders = [folder + os.sep for folder in space.get("__path__", ["<built-in>"])]
    return bool(folders) and all(_is_library(folder) and _DEBUGGER not in folder for folder in folders)


def is_of_user(module: Any) -> bool:
    """Tell whether a module comes from a file that is not installed."""
    return is_users(_space_of(module))


def has_users_folder() -> bool:
    """Tell whether Python looks for modules in a folder that is not one of installed packages."""
    return any(os.path.isdir(folder) and not _is_library(folder + os.sep) for folder in sys.path)


def file_of(module: Any) -> str:
    """Return the file that a module was loaded from; empty for one without."""
    file = _space_of(module).get("__file__")
    return file if isinstance(file, str) else ""


def _space_of(module: Any) -> Dict[str, Any]:
    """Return a module's namespace without asking the module: one that is lazy would be loaded by that."""
    try:
        space = object.__getattribute__(module, "__dict__")
    except AttributeError:
        return {}
    return space if isinstance(space, dict) else {}


def is_users(space: Any) -> bool:
    """Tell whether a module's namespace is that of the user's own code."""
    file = space.get("__file__") if isinstance(space, dict) else None
    return isinstance(file, str) and not _is_library(file)


def _is_library(path: str) -> bool:
    if any(folder in path for folder in _LIBRARY_FOLDERS):
        return True
    return path.startswith((_STDLIB, _OURS, "<"))


def _entries(folder: str) -> List[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _variables() -> Any:
    """Return a copy of the environment; of what lies behind it, which is compared ten times as fast."""
    return dict(getattr(os.environ, "_data", os.environ))

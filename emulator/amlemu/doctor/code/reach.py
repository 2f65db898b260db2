"""
What the server reaches of the script and its siblings: their top levels, init(), run(), and the functions that these use.

Grown from the scopes of `scopes.py`; `names.py` and `stops.py` look only there. Code that nothing reaches may be as wrong as it likes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from amlemu.doctor.code.entry import Entry, Function
from amlemu.doctor.code.scopes import Module, Scope, read_scopes
from amlemu.doctor.code.syntax import dotted, imported_names, own_nodes
from amlemu.doctor.subject import Source, Subject

When: TypeAlias = Literal["import", "init", "run"]
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True)
class Place:
    """
    A scope that is reached.

    Attributes:
        when: the server gets there first.
    """

    source: Source
    module: Module
    scope: Scope
    when: When

    @property
    def function(self) -> str:
        """The function around it, as `init()`; `the top level` where there is none."""
        current: Scope | None = self.scope
        while current is not None and not isinstance(current.node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            current = current.parent
        return f"{getattr(current.node, 'name', '')}()" if current is not None else "the top level"


Modules: TypeAlias = Mapping[str, tuple[Source, Module]]


def read_modules(subject: Subject) -> Modules:
    """Return the scopes of the script and its siblings, by module; the script's is the empty name."""
    return {source.module: (source, read_scopes(source.tree)) for source in subject.sources if source.tree is not None}


def reached(entry: Entry, modules: Modules) -> list[Place]:
    """Return what the server reaches, in its order: what is imported, init(), run()."""
    reach = _Reach(modules)
    for name in modules:
        reach.add_top(name)
    roots: tuple[tuple[When, object], ...] = (("init", entry.init), ("run", entry.run))
    for when, found in roots:
        if isinstance(found, Function) and found.source.module in modules:
            top = modules[found.source.module][1].top
            scope = next((child for child in top.with_inner() if child.node is found.node), None)
            if scope is not None:
                reach.add(found.source.module, scope, when)
    return reach.places


class _Reach:
    """Grows the list of what is reached; a queue rather than recursion, for functions may call each other in long chains."""

    def __init__(self, modules: Modules) -> None:
        self.places: list[Place] = []
        self._modules = modules
        self._seen: set[int] = set()
        self._queue: list[Place] = []

    def add_top(self, name: str) -> None:
        """Add what runs when a module is imported."""
        source, module = self._modules[name]
        self._queue += [Place(source, module, scope, "import") for scope in _run_at_once(module.top)]
        self._grow()

    def add(self, name: str, scope: Scope, when: When) -> None:
        """Add a function with all inside it, and what it uses."""
        self._enqueue(name, scope, when)
        self._grow()

    def _enqueue(self, name: str, scope: Scope, when: When) -> None:
        source, module = self._modules[name]
        self._queue += [Place(source, module, inner, when) for inner in scope.with_inner()]

    def _grow(self) -> None:
        while self._queue:
            place = self._queue.pop(0)
            if id(place.scope) not in self._seen:
                self._seen.add(id(place.scope))
                self.places.append(place)
                for name in _used(place):
                    self._follow(name, place)
                self._follow_dotted(place)

    def _follow(self, name: str, place: Place) -> None:
        definition = place.module.definition(name)
        if definition is not None:
            self._enqueue(place.source.module, definition, place.when)
            return
        for node in place.module.top.bound.get(name, ()):
            if isinstance(node, ast.ImportFrom) and not node.level and node.module and node.module in self._modules:
                original = next((alias.name for alias in node.names if (alias.asname or alias.name) == name), name)
                found = self._modules[node.module][1].definition(original)
                if found is not None:
                    self._enqueue(node.module, found, place.when)

    def _follow_dotted(self, place: Place) -> None:
        """Follow `helper.load()` into the module; at import only where it is called."""
        for node in own_nodes(place.scope.node):
            if isinstance(node, ast.Attribute) and (place.when != "import" or _is_called(node, place)):
                module, found = _dotted(node, place, self._modules)
                if found is not None:
                    self._enqueue(module, found, place.when)


def _used(place: Place) -> list[str]:
    """Return the module's names that a scope uses; at import only those it calls: `HANDLERS = {"a": f}` calls nothing."""
    names = dict.fromkeys(load.id for load in place.scope.loads if place.scope.home_of(load.id).is_module)
    if place.when != "import":
        return list(names)
    nodes = (node.func for node in own_nodes(place.scope.node) if isinstance(node, ast.Call))
    called = {node.id for node in nodes if isinstance(node, ast.Name)}
    return [name for name in names if name in called]


def _run_at_once(top: Scope) -> Iterator[Scope]:
    """Yield the module's scope, and the classes and comprehensions in it: functions wait until they are called."""
    stack = [top]
    while stack:
        scope = stack.pop()
        yield scope
        stack.extend(child for child in scope.children if not isinstance(child.node, _FUNCTIONS))


def called_by(call: ast.Call, place: Place, places: list[Place]) -> Scope | None:
    """Return the scope of a function of the person's that a call runs; None for what is none, or may be another."""
    modules = {each.source.module: (each.source, each.module) for each in places}
    if isinstance(call.func, ast.Attribute):
        return _dotted(call.func, place, modules)[1]
    if not isinstance(call.func, ast.Name) or not place.scope.home_of(call.func.id).is_module:
        return None
    bound = place.module.top.bound.get(call.func.id, [])
    if len(bound) != 1:
        return None
    if isinstance(bound[0], ast.ImportFrom) and not bound[0].level and bound[0].module in modules:
        names = {alias.asname or alias.name: alias.name for alias in bound[0].names}
        return modules[bound[0].module or ""][1].definition(names.get(call.func.id, ""))
    return place.module.definition(call.func.id)


def _dotted(node: ast.Attribute, place: Place, modules: Modules) -> tuple[str, Scope | None]:
    """Return the module and the definition that `helper.load` means."""
    root: ast.expr = node
    while isinstance(root, ast.Attribute):
        root = root.value
    if not isinstance(root, ast.Name) or not place.scope.home_of(root.id).is_module or place.source.tree is None:
        return "", None
    imported = imported_names(place.source.tree)
    module, _, name = dotted(node, imported).rpartition(".")
    is_ours = root.id in imported and module and module in modules
    return (module, modules[module][1].definition(name)) if is_ours else ("", None)


def _is_called(node: ast.Attribute, place: Place) -> bool:
    return any(isinstance(call, ast.Call) and call.func is node for call in own_nodes(place.scope.node))

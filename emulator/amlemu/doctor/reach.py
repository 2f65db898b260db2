"""
What the server reaches of the script and its siblings: their top levels, init(), run(), and the functions that these use.

Grown from the scopes of `scopes.py`; `names.py` and `stops.py` look only there. Code that nothing reaches may be as wrong as it likes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from amlemu.doctor.entry import Entry, Function
from amlemu.doctor.scopes import Module, Scope, read_scopes
from amlemu.doctor.subject import Source, Subject
from amlemu.doctor.syntax import own_nodes

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


@dataclass
class _Reach:
    """What the server reaches, grown from the top levels, init() and run()."""

    modules: Modules
    places: list[Place] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)

    def add_top(self, name: str) -> None:
        """Add what runs when a module is imported."""
        source, module = self.modules[name]
        for scope in _run_at_once(module.top):
            self._add(source, module, scope, "import")

    def add(self, name: str, scope: Scope, when: When) -> None:
        """Add a function or class with all inside it, and what it uses."""
        source, module = self.modules[name]
        for inner in scope.with_inner():
            self._add(source, module, inner, when)

    def _add(self, source: Source, module: Module, scope: Scope, when: When) -> None:
        if id(scope) in self.seen:
            return
        self.seen.add(id(scope))
        self.places.append(Place(source, module, scope, when))
        called = {
            node.func.id
            for node in own_nodes(scope.node)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        for load in scope.loads:
            # at import a function that is only named is not called: `HANDLERS = {"a": f}`
            if scope.home_of(load.id).is_module and (when != "import" or load.id in called):
                self._follow(source, module, load.id, when)

    def _follow(self, source: Source, module: Module, name: str, when: When) -> None:
        definition = module.definition(name)
        if definition is not None:
            self.add(source.module, definition, when)
            return
        for node in module.top.bound.get(name, ()):
            if isinstance(node, ast.ImportFrom) and not node.level and node.module and node.module in self.modules:
                original = next((alias.name for alias in node.names if (alias.asname or alias.name) == name), name)
                _, other = self.modules[node.module]
                found = other.definition(original)
                if found is not None:
                    self.add(node.module, found, when)


def _run_at_once(top: Scope) -> Iterator[Scope]:
    """Yield the module's scope, and the classes and comprehensions in it: functions wait until they are called."""
    stack = [top]
    while stack:
        scope = stack.pop()
        yield scope
        stack.extend(child for child in scope.children if not isinstance(child.node, _FUNCTIONS))

"""
Questions about a syntax tree that every check of the script asks: what runs at import, what belongs to a function, what a name is.

Nothing here knows of findings; `scopes.py` says where a name comes from, `entry.py` what init() and run() are.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TypeAlias

Definition: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

NESTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def statements_at_import(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yield the statements that run when the module is imported, in order: into if, try, with and loops, not into main guards."""
    stack: list[ast.stmt] = tree.body[::-1]
    while stack:
        statement = stack.pop()
        yield statement
        stack.extend(reversed(list(_inner_statements(statement))))


def _inner_statements(statement: ast.stmt) -> Iterator[ast.stmt]:
    if isinstance(statement, NESTED):
        return
    if isinstance(statement, ast.If) and is_main_guard(statement.test):
        yield from statement.orelse
        return
    for child in ast.iter_child_nodes(statement):
        if isinstance(child, ast.stmt):
            yield child
        elif isinstance(child, (ast.ExceptHandler, ast.match_case)):
            yield from child.body


def is_main_guard(test: ast.expr) -> bool:
    """Tell whether a test is `__name__ == "__main__"`, which is never so under the server (contract 3.3: entry_module)."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return any(is_main_guard(value) for value in test.values)
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], ast.Eq):
        return False
    sides = (test.left, test.comparators[0])
    names = {side.id for side in sides if isinstance(side, ast.Name)}
    return names == {"__name__"} and any(text(side) == "__main__" for side in sides)


def own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what a function runs itself, in order: neither the functions and classes inside it, nor `node`."""
    stack = _body(node)[::-1]
    while stack:
        current = stack.pop()
        yield current
        if not isinstance(current, NESTED):
            stack.extend(reversed(list(ast.iter_child_nodes(current))))


def _body(node: ast.AST) -> list[ast.AST]:
    if isinstance(node, ast.Lambda):
        return [node.body]
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return list(node.body)
    return list(ast.iter_child_nodes(node))


def returns(definition: Definition) -> list[ast.Return]:
    """Return its own return statements, in order; a lambda's expression counts as one."""
    if isinstance(definition, ast.Lambda):
        return [ast.copy_location(ast.Return(value=definition.body), definition.body)]
    return [node for node in own_nodes(definition) if isinstance(node, ast.Return)]


def is_generator(definition: Definition) -> bool:
    """Tell whether calling it only makes a generator."""
    return any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in _outside_comprehensions(definition))


def _outside_comprehensions(definition: Definition) -> Iterator[ast.AST]:
    inside: set[ast.AST] = set()
    for node in own_nodes(definition):
        if isinstance(node, _COMPREHENSIONS) or node in inside:
            inside.update(ast.iter_child_nodes(node))
        if node not in inside:
            yield node


def parents(node: ast.AST) -> dict[ast.AST, ast.AST]:
    """Return the parent of each node below `node`."""
    return {child: parent for parent in ast.walk(node) for child in ast.iter_child_nodes(parent)}


def ancestors(node: ast.AST, above: Mapping[ast.AST, ast.AST]) -> Iterator[ast.AST]:
    """Yield the nodes around a node, innermost first."""
    while node in above:
        node = above[node]
        yield node


@lru_cache(maxsize=32)  # every check asks for the same few files
def imported_names(tree: ast.AST) -> Mapping[str, str]:
    """Return what the names stand for that are imported anywhere: `np` -> `numpy`, `loads` -> `json.loads`."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                found[alias.asname or first] = alias.name if alias.asname else first
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
    return found


def dotted(node: ast.AST, imported: Mapping[str, str]) -> str:
    """Return the full name of `np.linalg.norm` as `numpy.linalg.norm`; empty for what is no chain of names."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([imported.get(node.id, node.id), *reversed(parts)])


def text(node: ast.AST | None) -> str | None:
    """Return the text of a string literal; None for anything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """Return the value that a call gives by this keyword."""
    return next((given.value for given in call.keywords if given.arg == name), None)


def is_true(node: ast.AST | None) -> bool:
    """Tell whether a node is the literal True."""
    return isinstance(node, ast.Constant) and node.value is True


def is_trivial(definition: Definition) -> bool:
    """Tell whether a function does nothing: a docstring, pass, dots, a print or a line of log."""
    if isinstance(definition, ast.Lambda):
        return isinstance(definition.body, ast.Constant)
    return all(_does_nothing(statement) for statement in definition.body)


def _does_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, (ast.Pass, ast.Global)):
        return True
    if isinstance(statement, ast.Return):
        return statement.value is None or isinstance(statement.value, ast.Constant)
    if not isinstance(statement, ast.Expr):
        return False
    called = statement.value.func if isinstance(statement.value, ast.Call) else None
    speaks = dotted(called, {}).startswith(("print", "logging.", "logger.", "log.")) if called else False
    return speaks or isinstance(statement.value, ast.Constant)

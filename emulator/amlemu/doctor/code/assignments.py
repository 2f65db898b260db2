"""
What a local name of a function stands for at a place: the values that may have been assigned to it before.

A look at the text, not a run: of the branches before a place all count, of what certainly ran before it the last. `kinds.py` asks.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from amlemu.doctor.code.syntax import Definition, ancestors, own_nodes, parents

_TYPE_TESTS = ("isinstance", "hasattr", "type", "issubclass")


class Assignments:
    """The assignments of one function."""

    def __init__(self, definition: Definition) -> None:
        self.above = parents(definition)
        self._stores: dict[str, list[ast.Name]] = {}
        self._items: dict[str, list[tuple[int, str, ast.expr]]] = {}
        self._tested: set[str] = set()
        for node in own_nodes(definition):
            self._note(node)

    def values(self, name: str, at: ast.AST) -> list[ast.expr] | None:
        """Return what may have been assigned to a name before a place; None where that cannot be told."""
        around = {id(node) for node in ancestors(at, self.above)}
        found: list[ast.expr] = []
        for node in self._stores_before(name, at, around):
            statement = self.above.get(node)
            if not isinstance(statement, (ast.Assign, ast.AnnAssign)) or statement.value is None:
                return None
            is_certain = id(self.above.get(statement)) in around and not self._is_other_branch(statement, at, around)
            found = [statement.value] if is_certain else [*found, statement.value]
        return [value for value in found if not _is_placeholder(value)] or found

    def items(self, name: str, at: ast.AST) -> list[ast.expr]:
        """Return what was put into a dict or list before a place: `name[key] = value`, `name.append(value)`, `name.update(...)`."""
        line = self._line(at)
        put = {key: value for place, key, value in self._items.get(name, ()) if place < line}
        return list(put.values())

    def is_tested(self, name: str) -> bool:
        """Tell whether the function asks anywhere what type a name's value has, or what it can do."""
        return name in self._tested

    def handler_of(self, node: ast.Name) -> ast.ExceptHandler | None:
        """Return the except clause that binds this name, if it stands in one."""
        handlers = (part for part in ancestors(node, self.above) if isinstance(part, ast.ExceptHandler))
        return next((handler for handler in handlers if handler.name == node.id), None)

    def _note(self, node: ast.AST) -> None:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            self._stores.setdefault(node.id, []).append(node)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            target = node.targets[0]
            if isinstance(target.value, ast.Name):
                self._items.setdefault(target.value.id, []).append((node.lineno, ast.dump(target.slice), node.value))
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
        ):
            if node.func.attr == "update":
                for number, value in enumerate(_updates(node)):
                    self._items.setdefault(node.func.value.id, []).append(
                        (node.lineno, f"{node.lineno}.{number}", value)
                    )
            elif node.func.attr == "append" and node.args:
                self._items.setdefault(node.func.value.id, []).append((node.lineno, f"+{node.lineno}", node.args[0]))
        elif isinstance(node, (ast.If, ast.IfExp, ast.While)) and tests_types(node.test):
            self._tested.update(part.id for part in ast.walk(node.test) if isinstance(part, ast.Name))

    def _stores_before(self, name: str, at: ast.AST, around: set[int]) -> Iterator[ast.Name]:
        """Yield where the name gets a value; what an except clause gives it counts only in that clause."""
        line = self._line(at)
        for node in self._stores.get(name, ()):
            handlers = [part for part in ancestors(node, self.above) if isinstance(part, ast.ExceptHandler)]
            if node.lineno < line and all(id(handler) in around for handler in handlers):
                yield node

    def _line(self, at: ast.AST) -> int:
        """Return the first line of the statement around a place."""
        statement = next((node for node in (at, *ancestors(at, self.above)) if isinstance(node, ast.stmt)), at)
        return int(getattr(statement, "lineno", 0))

    def _is_other_branch(self, statement: ast.stmt, at: ast.AST, around: set[int]) -> bool:
        """Tell whether a statement stands in a branch of an if, try or loop in which `at` does not stand."""
        parent = self.above.get(statement)
        if not isinstance(parent, (ast.If, ast.Try, ast.For, ast.While)):
            return False
        block = next((block for block in _blocks(parent) if any(statement is part for part in block)), [])
        return not any(id(part) in around or part is at for part in block)


def _updates(call: ast.Call) -> list[ast.expr]:
    """Return the values that `name.update({"a": x}, b=y)` puts in."""
    given = [value for argument in call.args if isinstance(argument, ast.Dict) for value in argument.values]
    return [*given, *(word.value for word in call.keywords)]


def tests_types(test: ast.AST) -> bool:
    """Tell whether a test asks for a type: isinstance, hasattr, type."""
    return any(isinstance(node, ast.Name) and node.id in _TYPE_TESTS for node in ast.walk(test))


def _is_placeholder(value: ast.expr) -> bool:
    is_empty = not getattr(value, "elts", True) or (isinstance(value, ast.Dict) and not value.values)
    return is_empty or (isinstance(value, ast.Constant) and value.value in (None, ""))


def _blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if isinstance(block, list):
            yield block
    for handler in getattr(node, "handlers", []):
        yield handler.body

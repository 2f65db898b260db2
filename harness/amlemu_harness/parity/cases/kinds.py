"""
What a script's run() is given, told from its text: the body as text, parameters, or the raw request. Nothing is imported.

It decides which cases are made for it (`generated.py`); a script that says it in another way is taken for a plain one.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Literal

Kind = Literal["plain", "schema", "raw"]

_SCHEMAS = frozenset({"input_schema", "output_schema"})  # either is enough: contract 4.6
_RAW = "rawhttp"
_NOTHING: frozenset[str] = frozenset()
_Function = (ast.FunctionDef, ast.AsyncFunctionDef)


def kind_of(text: str) -> Kind:
    """Return what kind of script that is; one that cannot be parsed is plain."""
    try:
        tree = ast.parse(text.removeprefix("\ufeff"))
        words = _Words()
        words.read(tree.body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "plain"
    # on any function: it sets a flag of its module. Contract 4.11, azureml-inference-server-http 1.5.1, aml_request.py
    if words.is_raw:
        return "raw"
    return "schema" if words.around.get("run", _NOTHING) & _SCHEMAS else "plain"


class _Words:
    """The decorators around each function, by the names that they have at home."""

    def __init__(self) -> None:
        self.is_raw = False
        self.around: dict[str, frozenset[str]] = {}  # by the function's name; also what is but another name for it
        self._home: dict[str, str] = {}  # names at home, by those here

    def read(self, body: list[ast.stmt]) -> None:
        """Take what is done when the script is loaded, in its order."""
        for node in _statements(body):
            if isinstance(node, ast.ImportFrom):
                self._home |= {alias.asname or alias.name: alias.name for alias in node.names}
            elif isinstance(node, _Function):
                self._bind(node.name, self._found(node.decorator_list))
            elif isinstance(node, ast.ClassDef):
                here = dict(self.around)
                self.read(node.body)
                self.around |= here  # a method is found by its name, unless a function has that
            elif isinstance(node, ast.Assign):
                for target in node.targets:
                    self._assign(target, node.value)
            elif isinstance(node, ast.AnnAssign) and node.value is not None:
                self._assign(node.target, node.value)
            elif isinstance(node, ast.Expr):
                self._bind("", self._of(node.value))

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if not isinstance(target, ast.Name):
            return
        found = self._of(value)
        self._bind(target.id, found if isinstance(value, ast.Call) else found - {_RAW})
        if isinstance(value, (ast.Name, ast.Attribute)):
            self._home[target.id] = self._home_of(value)

    def _bind(self, name: str, words: frozenset[str]) -> None:
        self.is_raw = self.is_raw or _RAW in words
        self.around[name] = words

    def _found(self, nodes: list[ast.expr]) -> frozenset[str]:
        return _NOTHING.union(*map(self._of, nodes))

    def _of(self, node: ast.expr) -> frozenset[str]:
        """Return which words make a value: those that are called, and those around what is handed to them."""
        if isinstance(node, ast.Call):
            return self._of(node.func) | self._found(node.args)
        if isinstance(node, (ast.Name, ast.Attribute)):
            name = node.id if isinstance(node, ast.Name) else node.attr
            return frozenset({self._home_of(node)}) | self.around.get(name, _NOTHING)
        return _NOTHING

    def _home_of(self, node: ast.Name | ast.Attribute) -> str:
        return self._home.get(node.id, node.id) if isinstance(node, ast.Name) else node.attr


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements, and those in the blocks of an `if`, `try` and their like; not what waits in functions."""
    for node in body:
        yield node
        if not isinstance(node, (*_Function, ast.ClassDef)):
            for part in ast.iter_child_nodes(node):
                if isinstance(part, ast.stmt):
                    yield from _statements([part])
                elif isinstance(part, (ast.ExceptHandler, ast.match_case)):
                    yield from _statements(part.body)

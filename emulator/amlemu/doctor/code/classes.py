"""
The person's own classes: which of them an object is of, and the method that a call on it runs. `kinds.py` asks.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from amlemu.doctor.code.entry import Function
from amlemu.doctor.code.syntax import dotted, statements_at_import
from amlemu.doctor.subject import Source


def method(base: ast.expr, name: str, inside: Function, siblings: Mapping[str, Source]) -> Function | None:
    """
    Return what `base.name(...)` runs: a method of a class of the script, or of a module beside it.

    None where the object may be another, or where its class takes the method from another class.
    """
    made = _made(base, inside)
    if made is None:
        return None
    source, wanted = _home(made, inside, siblings)
    if source is None or source.tree is None:
        return None
    for statement in statements_at_import(source.tree):
        if isinstance(statement, ast.ClassDef) and statement.name == wanted:
            return _in_class(statement, name, source)
    return None


def _in_class(node: ast.ClassDef, name: str, source: Source) -> Function | None:
    defined = [part for part in node.body if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef))]
    found = next((part for part in defined if part.name == name), None)
    return Function(source, found, name) if found is not None else None


def _made(base: ast.expr, inside: Function) -> ast.expr | None:
    """Return the class that is called to make an object; a name counts if all that it is given is one class's."""
    if isinstance(base, ast.Call):
        return base.func
    name = dotted(base, {})
    if not name or inside.source.tree is None or name in inside.parameters:
        return None
    given = [value for node in ast.walk(inside.source.tree) for value in _gives(node, name)]
    known = [value for value in given if not (isinstance(value, ast.Constant) and value.value is None)]
    makers = [value.func for value in known if isinstance(value, ast.Call)]
    is_one = len({ast.dump(maker) for maker in makers}) == 1 and len(makers) == len(known)
    return makers[0] if is_one else None


def _gives(node: ast.AST, name: str) -> list[ast.expr | None]:
    """Return what a statement assigns to a name; None for what a loop and the like give it."""
    if isinstance(node, ast.Assign):
        found = [node.value for target in node.targets if dotted(target, {}) == name]
        tuples = [target for target in node.targets if isinstance(target, (ast.Tuple, ast.List))]
        return [*found, *(None for target in tuples for part in target.elts if dotted(part, {}) == name)]
    if isinstance(node, ast.AnnAssign) and dotted(node.target, {}) == name:
        return [node.value] if node.value is not None else []
    others = {ast.For: "target", ast.withitem: "optional_vars", ast.NamedExpr: "target", ast.comprehension: "target"}
    target = getattr(node, others.get(type(node), ""), None)
    return [None] if target is not None and dotted(target, {}) == name else []


def _home(made: ast.expr, inside: Function, siblings: Mapping[str, Source]) -> tuple[Source | None, str]:
    """Return the file that a class stands in, and its name there."""
    if isinstance(made, ast.Name) and made.id not in inside.imported:
        return inside.source, made.id
    module, _, name = dotted(made, inside.imported).rpartition(".")
    return siblings.get(module), name

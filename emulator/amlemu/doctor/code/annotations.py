"""
Type hints that an older Python refuses as it imports the script: `list[str]` before 3.9, `str | None` before 3.10.

They parse in any version, so `parsing.py` lets them pass; they are computed where they stand, unless `from __future__ import annotations`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from amlemu.doctor.clouds import failing_start
from amlemu.doctor.code.parsing import minor_version
from amlemu.doctor.code.syntax import dotted, imported_names, statements_at_import
from amlemu.doctor.subject import Source, Subject
from amlemu.finding import CANNOT_IMPORT, Finding

_GENERIC_SINCE = 9  # PEP 585
_UNION_SINCE = 10  # PEP 604
_BUILTIN = ("list", "dict", "tuple", "set", "frozenset", "type")
_OF_LIBRARY = ("collections.", "collections.abc.", "re.Pattern", "re.Match", "contextlib.Abstract")
_SIMPLE = ("str", "int", "float", "bool", "bytes", "object", *_BUILTIN)


def check_annotations(subject: Subject) -> Iterator[Finding]:
    """Yield the first hint of each file that the wanted Python cannot compute."""
    minor = minor_version(subject)
    if minor is None or minor >= _UNION_SINCE or subject.requirements is None:
        return
    for source in subject.sources:
        found = next(_refused(source, minor), None)
        if found is not None:
            node, since = found
            file = subject.requirements.place.file.name
            cause = f"{source.path.name} says {ast.unparse(node)}, which works since Python 3.{since}, and {file} asks for 3.{minor}: the import raises TypeError"
            fix = f"Begin {source.path.name} with `from __future__ import annotations`, or ask for a newer Python in {file}."
            yield Finding("error", "hint-too-new", cause, source.at(node), failing_start(subject, CANNOT_IMPORT), fix)


def _refused(source: Source, minor: int) -> Iterator[tuple[ast.expr, int]]:
    assert source.tree is not None
    imported = imported_names(source.tree)
    if imported.get("annotations") == "__future__.annotations":
        return
    for hint in _hints(source.tree):
        for node in ast.walk(hint):
            if isinstance(node, ast.Subscript) and minor < _GENERIC_SINCE and _is_generic(node.value, imported):
                yield node, _GENERIC_SINCE
            elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr) and _is_union(node):
                yield node, _UNION_SINCE


def _hints(tree: ast.Module) -> Iterator[ast.expr]:
    """Yield the hints that are computed at import: of functions and classes, not of a function's own names."""
    waiting: list[ast.stmt] = list(statements_at_import(tree))
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.ClassDef):
            waiting.extend(node.body)
        elif isinstance(node, ast.AnnAssign):
            yield node.annotation
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            arguments = node.args
            every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
            yield from (part.annotation for part in every if part is not None and part.annotation is not None)
            yield from [node.returns] if node.returns is not None else []


def _is_generic(node: ast.expr, imported: Mapping[str, str]) -> bool:
    name = dotted(node, imported)
    return name in _BUILTIN or name.startswith(_OF_LIBRARY)


def _is_union(node: ast.BinOp) -> bool:
    """Tell a union of types from other uses of `|`: None, a plain type or a generic stands in it."""
    sides = (node.left, node.right)
    return any((isinstance(side, ast.Constant) and side.value is None) or dotted(side, {}) in _SIMPLE for side in sides)

"""
Failures that callers cannot see: run() catches them, and answers with their text and status 200.

About a third of the scripts in the wild do it (users.md 8); it works, so it is a warning. What cannot be sent stands in `returns.py`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from amlemu.doctor.entry import Function, read_entry
from amlemu.doctor.subject import Subject
from amlemu.doctor.syntax import dotted, own_nodes, text
from amlemu.finding import Finding

_WORDS = re.compile(
    r"\b(error|exception|traceback|fail(ed|ure)?|invalid|wrong|could not|cannot|unable)\b", re.IGNORECASE
)
_KEYS = ("error", "errors", "err", "exception", "traceback", "error_message", "errormessage", "error_msg")
_MAKE_TEXT = (
    "str",
    "repr",
    "dict",
    "list",
    "json.dumps",
    "format",
    "traceback.format_exc",
    "traceback.format_exception",
)


def check_failures(subject: Subject) -> Iterator[Finding]:
    """Yield the except clauses of run() whose answer callers take for a result; one finding, at the first of them."""
    entry = read_entry(subject)
    if entry is None or not isinstance(entry.run, Function) or not entry.run.is_plain:
        return
    run = entry.run
    nodes = list(own_nodes(run.node))
    handlers = [node for node in nodes if isinstance(node, ast.ExceptHandler)]
    returned = [node for node in nodes if isinstance(node, ast.Return) and node.value is not None]
    lines = sorted({line for handler in handlers for line in _answers(handler, returned, run)})
    if lines:
        others = ", ".join(str(line) for line in lines[1:])
        also = f" (also in line {others})" if others else ""
        cause = f"run() catches an exception and returns its text{also}: callers get status 200, as if it had worked"
        fix = 'Let it raise, so that callers get a failure, or return AMLResponse("...", 500) of azureml.contrib.services.aml_response.'
        yield Finding("warning", "error-with-200", cause, run.source.at(lines[0]), None, fix)


def _answers(handler: ast.ExceptHandler, returned: list[ast.Return], run: Function) -> Iterator[int]:
    """Yield the lines in which a clause makes its text the answer."""
    inside = list(ast.walk(handler))
    told = {handler.name} if handler.name else set()
    assigned: dict[str, int] = {}
    for node in inside:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and _tells(node.value, told, run):
            told.add(node.targets[0].id)
            assigned[node.targets[0].id] = node.lineno
    for statement in returned:
        value = statement.value
        if value is None or _has_status(value):
            continue
        if any(statement is node for node in inside):
            if _tells(value, told, run) and not _is_error_itself(value, handler.name):
                yield statement.lineno
        elif statement.lineno > handler.lineno:
            names = {node.id for node in _passed_on(value, run)}
            yield from (line for name, line in assigned.items() if name in names)


def _tells(value: ast.expr, told: set[str], run: Function) -> bool:
    """Tell whether a value is the text of an error, as far as it is made here and not by some other function."""
    if any(node.id in told for node in _passed_on(value, run)):
        return True
    if isinstance(value, ast.Call):
        name = dotted(value.func, run.imported)
        return name.startswith("traceback.format") or (
            name == "json.dumps" and _tells(value.args[0], told, run) if value.args else False
        )
    if isinstance(value, ast.Dict):
        is_named = any((text(key) or "").lower() in _KEYS for key in value.keys)
        return is_named or any(_tells(part, told, run) for part in value.values)
    if isinstance(value, ast.JoinedStr):
        return any(_WORDS.search(text(part) or "") for part in value.values)
    if isinstance(value, ast.BinOp):
        return _tells(value.left, told, run) or _tells(value.right, told, run)
    if isinstance(value, (ast.List, ast.Tuple)):
        return any(_tells(part, told, run) for part in value.elts)
    return bool(_WORDS.search(text(value) or ""))


def _passed_on(value: ast.expr, run: Function) -> Iterator[ast.Name]:
    """Yield the names whose value becomes part of an expression's text; not those that go into an unknown function."""
    stack: list[ast.AST] = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Name):
            yield node
        elif isinstance(node, ast.Call):
            name = dotted(node.func, run.imported)
            is_method = isinstance(node.func, ast.Attribute) and node.func.attr in ("format", "join")
            arguments = [*node.args, *(given.value for given in node.keywords)]
            stack.extend(arguments if name in _MAKE_TEXT or is_method else [])
        elif isinstance(node, (ast.expr, ast.keyword)):
            stack.extend(ast.iter_child_nodes(node))


def _is_error_itself(value: ast.expr, name: str | None) -> bool:
    """Tell whether the exception object is returned, alone or in a dict: that cannot be sent, which `returns.py` says."""
    parts = (
        value.values
        if isinstance(value, ast.Dict)
        else value.elts
        if isinstance(value, (ast.List, ast.Tuple))
        else [value]
    )
    return any(isinstance(part, ast.Name) and part.id == name for part in parts)


def _has_status(value: ast.expr) -> bool:
    """Tell a tuple of body and status: `returns.py` says what becomes of it."""
    return isinstance(value, ast.Tuple) and any(
        isinstance(part, ast.Constant) and type(part.value) is int for part in value.elts
    )

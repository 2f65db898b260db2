"""
Failures that callers cannot see: run() catches them, and answers with their text and status 200.

About a third of the scripts in the wild do it (users.md 8); it works, so it is a warning. What cannot be sent stands in `returns.py`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from amlemu.doctor.code.entry import Function, find, read_entry
from amlemu.doctor.code.syntax import dotted, own_nodes, returns, text
from amlemu.doctor.subject import Source, Subject
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
    if entry is None or not isinstance(entry.run, Function):
        return
    siblings = {source.module: source for source in subject.siblings}
    answering = [entry.run, *_returned(entry.run, siblings)] if entry.run.is_plain else list(_around(entry.run))
    for function in answering:
        lines = sorted(set(_lines(function)))
        if lines:
            yield _finding(function, lines, entry.run)
            return


def _finding(function: Function, lines: list[int], run: Function) -> Finding:
    others = ", ".join(str(line) for line in lines[1:])
    also = f" (also in line {others})" if others else ""
    who = "run()" if function is run else f"{function.name}(), whose result is run()'s,"
    cause = f"{who} catches an exception and returns its text{also}: callers get status 200, as if it had worked"
    fix = 'Let it raise, so that callers get a failure, or return AMLResponse("...", 500) of azureml.contrib.services.aml_response.'
    return Finding("warning", "error-with-200", cause, function.source.at(lines[0]), None, fix)


def _lines(function: Function) -> Iterator[int]:
    nodes = list(own_nodes(function.node))
    returned = [node for node in nodes if isinstance(node, ast.Return) and node.value is not None]
    for handler in (node for node in nodes if isinstance(node, ast.ExceptHandler)):
        yield from _answers(handler, returned, function)


def _returned(run: Function, siblings: dict[str, Source]) -> Iterator[Function]:
    """Yield the functions of the script whose result run() returns as it is: `return predict(data)`."""
    for statement in (node for node in own_nodes(run.node) if isinstance(node, ast.Return)):
        if isinstance(statement.value, ast.Call) and isinstance(statement.value.func, ast.Name):
            found = find(run.source, statement.value.func.id, siblings)
            if isinstance(found, Function) and found.is_plain and found.node is not run.node:
                yield found


def _around(run: Function) -> Iterator[Function]:
    """Yield what the script's own decorators put in the place of run()."""
    for name in run.decorators:
        found = find(run.source, name, {})
        inner = ast.walk(found.node) if isinstance(found, Function) else ()
        for node in inner:
            if isinstance(found, Function) and isinstance(node, ast.FunctionDef) and node is not found.node:
                yield Function(found.source, node, node.name)


def _answers(handler: ast.ExceptHandler, returned: list[ast.Return], run: Function) -> Iterator[int]:
    """Yield the lines in which a clause makes its text the answer."""
    inside = list(ast.walk(handler))
    told = {handler.name} if handler.name else set()
    assigned: dict[str, int] = {}
    for node in inside:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and _tells(node.value, told, run):
            told.add(node.targets[0].id)
            assigned[node.targets[0].id] = node.lineno
    if not _is_in_a_loop(handler, run):
        assigned.update(_put(inside, told, run))
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


def _put(inside: list[ast.AST], told: set[str], run: Function) -> Iterator[tuple[str, int]]:
    """Yield the dicts that a clause puts the text into, `out["error"] = str(e)` and `out.update(error=str(e))`, with the line."""
    for node in inside:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            holder, values = node.targets[0].value, [node.value]
            is_named = text(node.targets[0].slice) is not None
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "update":
            holder, values = node.func.value, [*node.args, *(word.value for word in node.keywords)]
            is_named = True
        else:
            continue
        if is_named and isinstance(holder, ast.Name) and any(_tells(value, told, run) for value in values):
            yield holder.id, node.lineno


def _is_in_a_loop(handler: ast.ExceptHandler, run: Function) -> bool:
    """Tell whether a clause is about one of several parts of the input, whose other parts may have worked."""
    loops = [node for node in own_nodes(run.node) if isinstance(node, (ast.For, ast.While, ast.AsyncFor))]
    return any(node is handler for loop in loops for node in ast.walk(loop))


def _tells(value: ast.expr, told: set[str], run: Function) -> bool:
    """Tell whether a value is the text of an error, as far as it is made here and not by some other function."""
    if any(node.id in told for node in _passed_on(value, run)):
        return True
    if isinstance(value, ast.Call):
        if isinstance(value.func, ast.Name) and _is_told_by(value, told, run):
            return True
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


def _is_told_by(call: ast.Call, told: set[str], run: Function) -> bool:
    """Tell whether a function of the script makes text of the error that it is given: `return failed(error)`."""
    found = find(run.source, call.func.id, {}) if isinstance(call.func, ast.Name) else None
    if not isinstance(found, Function) or found.decorators or found.node is run.node or not told:
        return False
    names = [part.arg for part in found.node.args.args]
    given = [*zip(names, call.args, strict=False), *((word.arg, word.value) for word in call.keywords if word.arg)]
    handed = {name for name, value in given if any(node.id in told for node in _passed_on(value, run))}
    results = [statement.value for statement in returns(found.node) if statement.value is not None]
    return bool(handed) and any(_tells(value, handed, found) for value in results if not _calls_own(value))


def _calls_own(value: ast.expr) -> bool:
    """A function that calls on is followed no further, so that those which call each other end."""
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name)


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

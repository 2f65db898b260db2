"""
What run() returns, held against what the server makes of it: contract 4.7.

`kinds.py` says what an expression gives; signatures stand in `functions.py`, failures that are answered with 200 in `failures.py`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from amlemu.doctor.clouds import failing_call
from amlemu.doctor.code.entry import Entry, Function, read_entry
from amlemu.doctor.code.kinds import Kind, Kinds
from amlemu.doctor.code.schemas import parameter_kinds, schemas_of
from amlemu.doctor.code.syntax import dotted, is_generator, is_true, keyword, own_nodes, returns
from amlemu.doctor.subject import Subject
from amlemu.finding import Finding, Severity

_EXITS = ("sys.exit", "exit", "quit", "os._exit")


def check_returns(subject: Subject) -> Iterator[Finding]:
    """Yield the return statements of run() that the server cannot send, or does not send as they seem to be."""
    entry = read_entry(subject)
    run = entry.plain_run if entry else None
    if entry is None or run is None or isinstance(run.node, ast.AsyncFunctionDef) or is_generator(run.node):
        return
    kinds = _kinds(run, entry, subject)
    with_value = [statement for statement in returns(run.node) if statement.value is not None]
    if not with_value:
        yield from _nothing(run)
    encoded: list[ast.Return] = []
    for statement in with_value:
        kind = kinds.of(statement.value)
        status = _status(statement.value, kinds)
        if kind is not None and kind.key == "json":
            encoded.append(statement)
        elif kind is not None and kind.key != "response":
            yield _unserialisable(kind, statement, run, subject)
        if status is not None:
            yield _with_status(status, statement, kinds, run, subject)
        yield from _bare_response(statement, kinds, run)
    if encoded:
        yield _encoded_twice(encoded, run)


def _kinds(run: Function, entry: Entry, subject: Subject) -> Kinds:
    given: dict[str, str] = {}
    if entry.style == "raw" and run.parameters and not schemas_of(run):
        given = {run.parameters[0]: "request"}
    elif entry.style == "schema":
        given = parameter_kinds(run)
    return Kinds(run, {sibling.module: sibling for sibling in subject.siblings}, given)


def _nothing(run: Function) -> Iterator[Finding]:
    """Silent about a run() that raises or exits: it may never get to its end."""
    nodes = list(own_nodes(run.node))
    called = {dotted(node.func, run.imported) for node in nodes if isinstance(node, ast.Call)}
    ends = any(isinstance(node, ast.Raise) for node in nodes) or not called.isdisjoint(_EXITS)
    if not ends:
        cause = "run() returns nothing: each call is answered with 200 and {}"
        yield Finding(
            "warning", "returns-nothing", cause, run.source.at(run.node), None, "Return the result from run()."
        )


def _unserialisable(kind: Kind, statement: ast.Return, run: Function, subject: Subject) -> Finding:
    severity: Severity = "error" if kind.is_sure else "warning"
    containers = (ast.Dict, ast.List, ast.Tuple, ast.ListComp, ast.DictComp)
    within = "a value with " if isinstance(statement.value, containers) and kind.key != "tuple_key" else ""
    probably = "" if kind.is_sure else "probably "
    cause = f"run() {probably}returns {within}{kind.what}, which json.dumps refuses: the call is answered with 500"
    return Finding(severity, "unserialisable-return", cause, run.source.at(statement), failing_call(subject), kind.fix)


def _encoded_twice(statements: list[ast.Return], run: Function) -> Finding:
    others = ", ".join(str(statement.lineno) for statement in statements[1:])
    also = f" (also in line {others})" if others else ""
    cause = f"run() returns JSON text{also}: the server encodes it once more, so callers get one quoted string and must decode it twice"
    fix = "Return the dict or list itself; the server makes JSON of it."
    return Finding("warning", "json-encoded-twice", cause, run.source.at(statements[0]), None, fix)


def _status(value: ast.expr | None, kinds: Kinds) -> str | None:
    """Return the status of `(body, 400)`; None for other values."""
    if not isinstance(value, ast.Tuple) or len(value.elts) not in (2, 3):
        return None
    body, status = value.elts[:2]
    if isinstance(status, ast.Name):
        values = kinds.assignments.values(status.id, status) or []
        status = values[-1] if values else status
    if dotted(status, kinds.imported).startswith("http.HTTPStatus."):
        return ast.unparse(status)
    is_status = isinstance(status, ast.Constant) and type(status.value) is int and 200 <= status.value <= 599
    is_number = isinstance(body, ast.Constant) and isinstance(body.value, (int, float))
    return ast.unparse(status) if is_status and not is_number else None


def _with_status(status: str, statement: ast.Return, kinds: Kinds, run: Function, subject: Subject) -> Finding:
    assert isinstance(statement.value, ast.Tuple)
    kind = kinds.of(statement.value.elts[0])
    fix = f"Return AMLResponse(body, {status}) of azureml.contrib.services.aml_response, or raise to answer with 500."
    place = run.source.at(statement)
    if kind is not None and kind.key == "response":
        cause = f"run() returns a tuple of a response and {status}: the server does not know flask's tuples, and answers with 500"
        return Finding("error", "response-in-tuple", cause, place, failing_call(subject), fix)
    cause = f"run() returns a tuple with the status {status}: the server sends it as a JSON list, with status 200"
    return Finding("warning", "status-in-tuple", cause, place, None, fix)


def _bare_response(statement: ast.Return, kinds: Kinds, run: Function) -> Iterator[Finding]:
    """Source: contract 4.7, a dict without json_str is sent as its keys in a row."""
    call = statement.value
    if not isinstance(call, ast.Call) or not dotted(call.func, kinds.imported).endswith("AMLResponse") or not call.args:
        return
    is_json = is_true(keyword(call, "json_str")) or len(call.args) > 3 or keyword(call, "json_str") is not None
    message = call.args[0]
    if isinstance(message, ast.Name):
        values = kinds.assignments.values(message.id, message) or []
        message = values[-1] if len(values) == 1 else message
    if isinstance(message, (ast.Dict, ast.DictComp)) and not is_json:
        cause = (
            "run() returns AMLResponse(a dict) without json_str=True: callers get the dict's keys in a row, not JSON"
        )
        fix = "Write AMLResponse(result, 200, {}, json_str=True)."
        yield Finding("warning", "response-of-dict", cause, run.source.at(statement), None, fix)

"""
What ends the server, or waits for a person who is not there: sys.exit(), breakpoint(), input(), a web server of the script's own.

Only where the server certainly gets: inside an `if`, a loop or an except clause it is silent. Contract 3.4, 4.7, 4.12, 4.15.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from amlemu.doctor.clouds import failing_call, failing_start
from amlemu.doctor.code.entry import read_entry
from amlemu.doctor.code.reach import Place, called_by, reached, read_modules
from amlemu.doctor.code.syntax import dotted, imported_names, is_main_guard
from amlemu.doctor.subject import Subject
from amlemu.finding import CANNOT_IMPORT, CANNOT_INIT, CANNOT_START, CloudError, Finding

_EXITS = ("sys.exit", "exit", "quit", "os.abort")
_DEBUGGERS = (
    "breakpoint",
    "pdb.set_trace",
    "ipdb.set_trace",
    "pudb.set_trace",
    "remote_pdb.set_trace",
    "IPython.embed",
)
_WAITS_FOR_EVER = ("debugpy.wait_for_client", "ptvsd.wait_for_attach", "uvicorn.run", "waitress.serve")
_CONDITIONS = (
    ast.If,
    ast.IfExp,
    ast.For,
    ast.While,
    ast.AsyncFor,
    ast.ExceptHandler,
    ast.Match,
    ast.BoolOp,
    ast.Assert,
)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def check_stops(subject: Subject) -> Iterator[Finding]:
    """Yield what stops the server or a call for certain, in the order in which the server meets it."""
    entry = read_entry(subject)
    if entry is None:
        return
    modules = read_modules(subject)
    places = reached(entry, modules)
    is_scoring = entry.init is not None or entry.run is not None  # else it is of a job, as `no-init` says
    certain = _certain_functions(places, {found.node for found in entry.functions})
    for place in places:
        if place.scope.is_module or place.scope.node in certain:
            imported = imported_names(place.source.tree) if place.source.tree else {}
            apps = _web_apps(place, imported)
            for node in _certain_nodes(place.scope.node):
                yield from _of_node(node, place, imported, apps, subject, is_scoring=is_scoring)


def _certain_functions(places: list[Place], roots: set[ast.AST]) -> set[ast.AST]:
    """Return init(), run(), and the functions that are certainly called from there, or as the script is imported."""
    found = {place.scope.node: place for place in places}
    certain = set(roots)
    waiting = [place for place in places if place.scope.is_module or place.scope.node in roots]
    while waiting:
        place = waiting.pop()
        for node in _certain_nodes(place.scope.node):
            scope = called_by(node, place, places) if isinstance(node, ast.Call) else None
            if scope is not None and scope.node in found and scope.node not in certain:
                certain.add(scope.node)
                waiting.append(found[scope.node])
    return {node for node in certain if not isinstance(node, ast.ClassDef)}


def _of_node(
    node: ast.AST, place: Place, imported: Mapping[str, str], apps: set[str], subject: Subject, *, is_scoring: bool
) -> Iterator[Finding]:
    if isinstance(node, ast.Raise) and node.exc is not None:
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        if dotted(raised, imported) == "SystemExit":
            yield _exit("raise SystemExit", node, place, subject)
    if not isinstance(node, ast.Call):
        return
    name = dotted(node.func, imported)
    if isinstance(node.func, ast.Name) and not _is_builtin(node.func, place):
        name = imported.get(node.func.id, "")
    if name in _EXITS:
        yield _exit(f"{name}()", node, place, subject)
    elif name == "os._exit":
        yield _kill(node, place, subject)
    elif name in _DEBUGGERS and subject.variables.get("PYTHONBREAKPOINT") != "0":
        yield _debugger(name, node, place, subject)
    elif _is_parse_args(node, imported) and is_scoring:
        yield _parse_args(node, place, subject)
    elif name == "input":
        yield _input(node, place, subject)
    elif name in _WAITS_FOR_EVER or (place.when != "run" and name.rpartition(".")[2] == "run" and name[:-4] in apps):
        yield _waits(name, node, place, subject)


def _exit(what: str, node: ast.AST, place: Place, subject: Subject) -> Finding:
    if place.when == "run":
        cause = f"run() ends with {what}: each call is answered with gunicorn's bare 500 page"
        fix = "Return the result, or raise an exception."
    else:
        cause = f"{place.function} ends with {what}: the server exits with 3"
        fix = 'Remove it, or move it below `if __name__ == "__main__":`.'
    return Finding("error", "exits", cause, place.source.at(node), _cloud(place, subject), fix)


def _kill(node: ast.AST, place: Place, subject: Subject) -> Finding:
    cause = f"{place.function} calls os._exit(): the worker ends, and the server starts another for ever, never healthy"
    if place.when == "run":
        cause = "run() calls os._exit(): the worker ends at each call, and callers get no answer"
    cloud = failing_call(subject) if place.when == "run" else failing_start(subject, CANNOT_START)
    return Finding("error", "exits", cause, place.source.at(node), cloud, "Remove it; raise an exception to fail.")


def _debugger(name: str, node: ast.AST, place: Place, subject: Subject) -> Finding:
    ends = "each call fails" if place.when == "run" else "the server exits with 3"
    cause = f"{place.function} stops at {name}(), where nobody can type in the cloud: it raises BdbQuit, and {ends}"
    fix = "Remove it before you deploy; here, `amlemu serve --debug` lets an editor attach to it."
    return Finding("error", "breakpoint-left", cause, place.source.at(node), _cloud(place, subject), fix)


def _is_parse_args(node: ast.Call, imported: Mapping[str, str]) -> bool:
    is_named = isinstance(node.func, ast.Attribute) and node.func.attr == "parse_args"
    return is_named and not node.args and not node.keywords and "argparse" in imported.values()


def _parse_args(node: ast.Call, place: Place, subject: Subject) -> Finding:
    """Source: observed, azureml-inference-server-http 1.5.1: sys.argv is that of azmlinfsrv, also in its workers."""
    ends = "each call is answered with gunicorn's bare 500 page" if place.when == "run" else "the server exits with 3"
    cause = f"{place.function} parses the command line, which is the server's own, so argparse exits: {ends}"
    fix = 'Take settings from os.environ, or give it parse_args([]); what is for your own machine goes below `if __name__ == "__main__":`.'
    return Finding("error", "parses-arguments", cause, place.source.at(node), _cloud(place, subject), fix)


def _input(node: ast.AST, place: Place, subject: Subject) -> Finding:
    ends = "each call fails" if place.when == "run" else "the server exits with 3"
    cause = f"{place.function} asks with input(), where nobody can type: it raises EOFError, and {ends}"
    fix = "Take the value from run()'s parameter or from os.environ."
    return Finding("error", "asks-for-input", cause, place.source.at(node), _cloud(place, subject), fix)


def _waits(name: str, node: ast.AST, place: Place, subject: Subject) -> Finding:
    cause = f"{place.function} calls {name}(), which does not return: the server never becomes healthy"
    if place.when == "run":
        cause = f"run() calls {name}(), which does not return: each call runs into the time limit"
    fix = 'Remove it: the server calls init() and run() itself. What is for your own machine goes below `if __name__ == "__main__":`.'
    return Finding("error", "never-returns", cause, place.source.at(node), _cloud(place, subject), fix)


def _cloud(place: Place, subject: Subject) -> CloudError:
    if place.when == "run":
        return failing_call(subject)
    return failing_start(subject, CANNOT_INIT if place.when == "init" else CANNOT_IMPORT)


def _certain_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what runs for certain, unless something before it raises or returns."""
    body = node.body if isinstance(node, (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef)) else []
    stack: list[ast.AST] = [*reversed(body)]
    while stack:
        current = stack.pop()
        yield current
        if isinstance(current, _FUNCTIONS):
            continue
        if isinstance(current, _CONDITIONS):
            is_open = isinstance(current, ast.If) and not is_main_guard(current.test)
            stack.extend([current.test] if is_open and isinstance(current, ast.If) else [])
            continue
        stack.extend(reversed(list(ast.iter_child_nodes(current))))


def _is_builtin(node: ast.Name, place: Place) -> bool:
    return place.scope.home_of(node.id).is_module and not place.module.defines(node.id)


def _web_apps(place: Place, imported: Mapping[str, str]) -> set[str]:
    """Return the names that hold a Flask application."""
    makers = ("flask.Flask", "dash.Dash", "bottle.Bottle")
    assigned = [node for node in ast.walk(place.source.tree or ast.Module([], [])) if isinstance(node, ast.Assign)]
    made = [
        node for node in assigned if isinstance(node.value, ast.Call) and dotted(node.value.func, imported) in makers
    ]
    return {dotted(target, {}) for node in made for target in node.targets}

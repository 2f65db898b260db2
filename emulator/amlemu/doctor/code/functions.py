"""
Whether the script has an init() and a run(), and whether the server can call them: contract 4.4 and 4.12.

`entry.py` finds them; what they return and do stands in `returns.py`, `inputs.py` and their neighbours.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator

from amlemu.doctor.clouds import failing_call, failing_start
from amlemu.doctor.code.entry import Entry, Function, NotCallable, read_entry
from amlemu.doctor.code.syntax import is_generator, is_main_guard, is_trivial, own_nodes
from amlemu.doctor.subject import Source, Subject
from amlemu.finding import CANNOT_INIT, CANNOT_START, LACKS_FUNCTION, Finding, Severity

_OTHER_NAMES = {
    "init": (
        "load_model",
        "load",
        "setup",
        "initialize",
        "initialise",
        "init_model",
        "startup",
        "on_startup",
        "__init__",
    ),
    "run": (
        "predict",
        "score",
        "scoring",
        "infer",
        "inference",
        "main",
        "handler",
        "handle",
        "invoke",
        "process",
        "execute",
    ),
}
_NEEDED = {
    "init": "The server calls init() once before the first request; add `def init(): ...` at the top level (it may do nothing).",
    "run": "The server calls run(data) for each request; add `def run(data): ...` at the top level.",
}
_ALIKE = 0.6  # two names of which one may be the other, misspelt


def check_functions(subject: Subject) -> Iterator[Finding]:
    """Yield whether init() or run() is missing, or no function."""
    entry = read_entry(subject)
    if entry is None or entry.script.tree is None:
        return
    cloud = failing_start(subject, LACKS_FUNCTION)
    if not entry.script.tree.body and entry.init is None:
        cause = f"{entry.script.path.name} is empty: the server finds no init() and no run() in it, and exits with 3"
        yield Finding(
            "error",
            "empty-script",
            cause,
            entry.script.at(0),
            cloud,
            "Write `def init(): ...` and `def run(data): ...`.",
        )
        return
    for name, found in (("init", entry.init), ("run", entry.run)):
        if found is None:
            yield _missing(name, entry.script, subject)
        elif isinstance(found, NotCallable):
            yield _not_callable(name, found, subject)


def check_signatures(subject: Subject) -> Iterator[Finding]:
    """Yield what keeps the server from calling init() or run() as they are declared."""
    entry = read_entry(subject)
    if entry is None:
        return
    if isinstance(entry.init, Function) and entry.init.is_plain:
        yield from _init_faults(entry.init, subject)
    run = entry.plain_run
    if run is not None:
        yield from _kind_of_run(run, subject)
        yield from _parameters_of_run(run, entry, subject)


def _missing(name: str, script: Source, subject: Subject) -> Finding:
    assert script.tree is not None
    where, line = _elsewhere(name, script.tree)
    cause = f"{script.path.name} has no {name}() at its top level{where}: the server looks for it after the import, and exits with 3"
    place = script.at(line)
    return Finding("error", f"no-{name}", cause, place, failing_start(subject, LACKS_FUNCTION), _NEEDED[name])


def _elsewhere(name: str, tree: ast.Module) -> tuple[str, int]:
    """Say where something of that name, or nearly, does stand, and its line."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            inner = next((part for part in node.body if getattr(part, "name", None) == name), None)
            if inner is not None:
                what = "class" if isinstance(node, ast.ClassDef) else "function"
                return f", only inside the {what} {node.name}", inner.lineno
        if isinstance(node, ast.If) and is_main_guard(node.test):
            guarded = next((part for part in node.body if getattr(part, "name", None) == name), None)
            if guarded is not None:
                return ', only under `if __name__ == "__main__":`, which does not run there', guarded.lineno
    near = _nearest(name, tree)
    return (f" (it has {near.name}(); is that meant to be {name}()?)", near.lineno) if near else ("", 0)


def _nearest(name: str, tree: ast.Module) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    functions = [node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    other = "run" if name == "init" else "init"
    functions = [node for node in functions if node.name != other]
    alike = [node for node in functions if difflib.SequenceMatcher(None, name, node.name.lower()).ratio() > _ALIKE]
    known = [node for node in functions if node.name in _OTHER_NAMES[name]]
    return next(iter([*alike, *known]), None)


def _not_callable(name: str, found: NotCallable, subject: Subject) -> Finding:
    cause = f"{name} is a plain value, no function: the server cannot call it, and exits with 3"
    place = found.source.at(found.node)
    return Finding("error", f"{name}-not-callable", cause, place, failing_start(subject, CANNOT_INIT), _NEEDED[name])


def _init_faults(init: Function, subject: Subject) -> Iterator[Finding]:
    place = init.source.at(init.node)
    needed = _required(init.node.args)
    if needed:
        cause = f"init() requires {_listed(needed)}, and the server calls it without arguments: it raises TypeError, and the server exits with 3"
        fix = "Write `def init():`; take paths from os.environ and share objects with `global`."
        yield Finding("error", "init-parameters", cause, place, failing_start(subject, CANNOT_INIT), fix)
    what, rule = "", ""
    if isinstance(init.node, ast.AsyncFunctionDef):
        what, rule = "is declared `async def`: the server does not await it, so its body never runs", "async-init"
    elif is_generator(init.node):
        what, rule = "has a `yield`: calling it only makes a generator, so its body never runs", "generator-init"
    if what:
        fix = "Write `def init():`" + (
            " and call coroutines with asyncio.run()." if rule == "async-init" else " without yield."
        )
        is_harmless = is_trivial(init.node)
        severity: Severity = "warning" if is_harmless else "error"
        cloud = None if is_harmless else failing_call(subject)
        yield Finding(severity, rule, f"init() {what}, and nothing that it loads is there", place, cloud, fix)


def _kind_of_run(run: Function, subject: Subject) -> Iterator[Finding]:
    place, cloud = run.source.at(run.node), failing_call(subject)
    if isinstance(run.node, ast.AsyncFunctionDef):
        cause = "run() is declared `async def`: the server does not await it, so each call returns a coroutine, which is no JSON, and fails"
        fix = "Write `def run(data):`, and call coroutines in it with asyncio.run(...)."
        yield Finding("error", "async-run", cause, place, cloud, fix)
    elif is_generator(run.node):
        line = next(node for node in own_nodes(run.node) if isinstance(node, (ast.Yield, ast.YieldFrom)))
        cause = "run() has a `yield`: each call returns a generator, which is no JSON, and fails"
        fix = "Return the whole answer; to stream, return flask.Response(generator) from run()."
        yield Finding("error", "generator-run", cause, run.source.at(line), cloud, fix)


def _parameters_of_run(run: Function, entry: Entry, subject: Subject) -> Iterator[Finding]:
    """Source of the texts: contract 4.4; with a schema, too (observed)."""
    place, cloud = run.source.at(run.node), failing_start(subject, CANNOT_START)
    arguments = run.node.args
    if arguments.vararg or arguments.kwarg:
        said = f"*{arguments.vararg.arg}" if arguments.vararg else f"**{arguments.kwarg.arg if arguments.kwarg else ''}"
        cause = f"run() takes {said}: the server refuses *args and **kwargs, and exits with 3"
        yield Finding("error", "run-star-arguments", cause, place, cloud, "Name its parameters: `def run(data):`.")
    elif arguments.posonlyargs:
        cause = f"run() takes {arguments.posonlyargs[0].arg} by position only: the server passes by name, refuses that, and exits with 3"
        yield Finding("error", "run-positional-only", cause, place, cloud, "Remove the `/` from its parameters.")
    elif not run.parameters:
        has_headers = bool(arguments.args or arguments.kwonlyargs)
        lacks = "no parameter but request_headers" if has_headers else "no parameter"
        rule = "run-only-request-headers" if has_headers else "run-without-parameter"
        cause = f"run() takes {lacks}: the server needs one for the input, and exits with 3"
        yield Finding("error", rule, cause, place, cloud, "Write `def run(data):`.")
    elif entry.style in ("text", "raw"):
        yield from _extra_parameters(run, entry, subject)


def _extra_parameters(run: Function, entry: Entry, subject: Subject) -> Iterator[Finding]:
    extra = [name for name in _required(run.node.args) if name not in (run.parameters[0], "request_headers")]
    if not extra:
        return
    what = "the request" if entry.style == "raw" else "the body's text"
    cause = f"run() requires {_listed(extra)} besides {run.parameters[0]}: the server passes {what} alone, so each call raises TypeError"
    fix = (
        "Take one parameter and read the others from its JSON, give them defaults, or declare each with @input_schema."
    )
    if run.parameters[0] == "self":
        fix = "run() stands outside a class: remove self."
    yield Finding("error", "run-extra-parameter", cause, run.source.at(run.node), failing_call(subject), fix)


def _required(arguments: ast.arguments) -> list[str]:
    by_position = [*arguments.posonlyargs, *arguments.args]
    needed = by_position[: len(by_position) - len(arguments.defaults)]
    named = [part for part, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if default is None]
    return [part.arg for part in (*needed, *named)]


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)

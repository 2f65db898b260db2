"""
Names that are read and bound nowhere, or bound in the wrong place: a forgotten import, a forgotten `global model`.

`scopes.py` says where a name belongs; here it is asked only of code that the server reaches: the top level of the script and of its
siblings, init(), run(), and what these use. Code that nothing reaches may be as wrong as it likes.
"""

from __future__ import annotations

import ast
import builtins
import difflib
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from amlemu.doctor.clouds import failing_call, failing_start
from amlemu.doctor.code.entry import Entry, Function, read_entry
from amlemu.doctor.code.reach import Modules, Place, reached, read_modules
from amlemu.doctor.code.scopes import Module, Scope
from amlemu.doctor.code.syntax import ancestors, parents
from amlemu.doctor.subject import Subject
from amlemu.finding import CANNOT_IMPORT, CANNOT_INIT, CloudError, Finding

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_ALWAYS_THERE = frozenset(dir(builtins)) | {
    *(
        "__file__",
        "__name__",
        "__doc__",
        "__spec__",
        "__loader__",
        "__package__",
        "__builtins__",
        "__path__",
        "__annotations__",
    ),
    *("__class__", "__module__", "__qualname__", "__dict__", "__cached__", "__conditional_annotations__"),
    *("WindowsError", "exit", "quit", "copyright", "credits", "license", "aiter", "anext", "ExceptionGroup"),
    *("BaseExceptionGroup", "EncodingWarning", "PythonFinalizationError", "reveal_type"),
}
_ALIKE = 0.75  # two names of which one may be the other, misspelt


@cache
def _table() -> dict[str, Any]:
    tables: dict[str, Any] = tomllib.loads(Path(__file__).with_name("names.toml").read_text(encoding="utf-8"))
    return tables


def check_names(subject: Subject) -> Iterator[Finding]:
    """Yield the names that do not exist where the server's way leads: each name once in a file."""
    entry = read_entry(subject)
    if entry is None:
        return
    modules = read_modules(subject)
    places = reached(entry, modules)
    told: set[tuple[str, str]] = set()
    for place in places:
        if _is_open(place.module, modules):
            continue
        for finding, name in (*_unbound(place), *_undefined(place, places, modules)):
            key = (place.source.module, name)
            if key not in told:
                told.add(key)
                yield _with_cloud(finding, place, subject)
    yield from _never_loaded(entry, modules, subject, told)


def _is_open(module: Module, modules: Modules) -> bool:
    """Tell whether the module may have names that its text does not show."""
    return module.is_open or any(star not in modules for star in module.stars)


def _undefined(place: Place, places: list[Place], modules: Modules) -> Iterator[tuple[Finding, str]]:
    for load in place.scope.loads:
        name = load.id
        if name in _ALWAYS_THERE or name in place.module.asked or not place.scope.home_of(name).is_module:
            continue
        known = (place.module, *(modules[star][1] for star in place.module.stars))
        if any(module.defines(name) for module in known):
            continue
        local = _local_binding(name, place, places)
        yield (_forgotten_global(name, *local, place, load) if local else _no_such_name(name, place, load)), name


def _local_binding(name: str, reader: Place, places: list[Place]) -> tuple[str, ast.AST] | None:
    """Return the function on init()'s way that keeps the name to itself, and where it binds it."""
    for place in places:
        is_setter = place.when == "init" and isinstance(place.scope.node, (ast.FunctionDef, ast.AsyncFunctionDef))
        if is_setter and place.module is reader.module and place.scope is not reader.scope:
            nodes = [
                node for node in place.scope.bound.get(name, ()) if not isinstance(node, (ast.arg, ast.ExceptHandler))
            ]
            if nodes:
                return place.function, min(nodes, key=lambda node: getattr(node, "lineno", 0))
    return None


def _forgotten_global(name: str, setter: str, node: ast.AST, place: Place, load: ast.Name) -> Finding:
    is_import = isinstance(node, (ast.Import, ast.ImportFrom))
    does = "imports" if is_import else "assigns"
    cause = f"{setter} {does} {name} as a local name, without `global {name}`, so {place.function} raises NameError: name '{name}' is not defined"
    fix = f"Write `global {name}` at the beginning of {setter}."
    if is_import:
        fix = f"Move the import of {name} to the top of the file."
    return Finding("error", "global-missing", cause, place.source.at(load if is_import else node), None, fix)


def _no_such_name(name: str, place: Place, load: ast.Name) -> Finding:
    where = place.function
    file = place.source.path.name
    cause = f"{where} uses the name {name}, which {file} defines and imports nowhere: NameError in line {load.lineno}"
    keeper = _other_local(name, place)
    if keeper:
        cause = (
            f"{where} uses the name {name}, which only {keeper}() has, as a local name: NameError in line {load.lineno}"
        )
    if name in place.module.guarded:
        cause = f'{where} uses the name {name}, which {file} defines only under `if __name__ == "__main__":`: NameError in line {load.lineno}'
    return Finding("error", "undefined-name", cause, place.source.at(load), None, _remedy(name, place.module))


def _other_local(name: str, place: Place) -> str:
    functions = [
        scope for scope in place.module.top.children if isinstance(scope.node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    return next(
        (getattr(scope.node, "name", "") for scope in functions if name in scope.bound and scope is not place.scope), ""
    )


def _remedy(name: str, module: Module) -> str:
    if name in module.guarded:
        return "Define it at the top level: the main block does not run under the server."
    if name in _table()["python_2"]:
        return f"{name} is a name of Python 2; write {_table()['python_2'][name]}."
    if name in _table()["notebook"]:
        return f"{name} exists in notebooks only; remove it from the script."
    if name in sys.stdlib_module_names:
        return f"Add `import {name}` at the top of the file."
    if name in _table()["imports"]:
        return f"Add `{_table()['imports'][name]}` at the top of the file."
    near = difflib.get_close_matches(name, [*module.top.bound, *module.given], n=1, cutoff=_ALIKE)
    return (
        f"Did you mean {near[0]}?" if near else "Import it or define it; a name that init() sets needs `global` there."
    )


def _unbound(place: Place) -> Iterator[tuple[Finding, str]]:
    """Yield locals that are read before anything is assigned to them, where the module has a value of that name."""
    scope = place.scope
    if not isinstance(scope.node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return
    above = parents(scope.node)
    for load in scope.loads:
        nodes = scope.bound.get(load.id, ())
        if not nodes or load.id in scope.outer or not place.module.defines(load.id):
            continue
        first = min(nodes, key=lambda node: (getattr(node, "lineno", 0), getattr(node, "col_offset", 0)))
        is_only_added = all(isinstance(node, ast.AugAssign) for node in nodes)
        if (is_only_added and load.lineno == getattr(first, "lineno", 0)) or _is_read_first(load, first, above):
            name, function = load.id, place.function
            cause = f"{function} assigns {name} without `global {name}`, which makes it a local name, and reads it before that: UnboundLocalError"
            fix = f"Write `global {name}` at the beginning of {function}, or give the local another name."
            yield Finding("error", "unbound-local", cause, place.source.at(load), None, fix), name


def _is_read_first(load: ast.Name, first: ast.AST, above: dict[ast.AST, ast.AST]) -> bool:
    if not isinstance(first, ast.Name) or load not in above:
        return False
    around = list(ancestors(first, above))
    loops = (ast.For, ast.AsyncFor, ast.While, ast.comprehension, ast.Delete, ast.With, ast.AsyncWith)
    if any(isinstance(node, loops) for node in (*around, *ancestors(load, above))):
        return False
    statement = next((node for node in around if isinstance(node, ast.stmt)), None)
    is_in_value = isinstance(statement, ast.Assign) and any(load is node for node in ast.walk(statement.value))
    is_before = (load.lineno, load.col_offset) < (first.lineno, first.col_offset)
    return isinstance(statement, ast.Assign) and (is_in_value or is_before)


def _never_loaded(entry: Entry, modules: Modules, subject: Subject, told: set[tuple[str, str]]) -> Iterator[Finding]:
    """Yield names that are None at the top level, set by init() for itself alone, and used by run() as if they were loaded."""
    init, run = entry.init, entry.run
    if not isinstance(init, Function) or not isinstance(run, Function) or init.source is not run.source:
        return
    source, module = modules[init.source.module]
    setter = next((scope for scope in module.top.children if scope.node is init.node), None)
    reader = next((scope for scope in module.top.children if scope.node is run.node), None)
    if setter is None or reader is None:
        return
    for name in setter.bound:
        nodes = [node for node in setter.bound[name] if isinstance(node, ast.Name)]
        is_left_none = name not in module.given and _is_none_only(name, module)
        if nodes and is_left_none and (source.module, name) not in told and _is_used_as_loaded(name, reader):
            cause = (
                f"init() assigns {name} as a local name, without `global {name}`, so it stays None for run(), "
                f"which fails with AttributeError or TypeError"
            )
            fix = f"Write `global {name}` at the beginning of init()."
            place = source.at(min(node.lineno for node in nodes))
            yield Finding("error", "global-missing", cause, place, failing_call(subject), fix)


def _is_none_only(name: str, module: Module) -> bool:
    nodes = module.top.bound.get(name, [])
    above = parents(module.top.node) if nodes else {}
    values = [getattr(above.get(node), "value", node) for node in nodes]
    return bool(nodes) and all(isinstance(value, ast.Constant) and value.value is None for value in values)


def _is_used_as_loaded(name: str, reader: Scope) -> bool:
    """Tell whether run() uses the name right away; not if it asks first whether it is there."""
    above = parents(reader.node)
    loads = [load for load in reader.loads if load.id == name and reader.home_of(name).is_module]
    uses = [above.get(load) for load in loads]
    used = (ast.Attribute, ast.Subscript)
    is_used = any(
        (isinstance(use, used) and use.value is load) or (isinstance(use, ast.Call) and use.func is load)
        for use, load in zip(uses, loads, strict=True)
    )
    is_asked = any(isinstance(use, (ast.Compare, ast.UnaryOp, ast.If, ast.BoolOp, ast.IfExp)) for use in uses)
    return is_used and not is_asked


def _with_cloud(finding: Finding, place: Place, subject: Subject) -> Finding:
    usual = {"import": CANNOT_IMPORT, "init": CANNOT_INIT}.get(place.when)
    cloud: CloudError = failing_start(subject, usual) if usual else failing_call(subject)
    return Finding(finding.severity, finding.rule, finding.cause, finding.place, cloud, finding.fix)

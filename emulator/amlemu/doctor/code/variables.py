"""
Variables that the script takes from its environment, held against what the deployment sets; those that the server reads itself.

Contract 3.1, 3.3. Whether the model's path is right stands with the models.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator, Mapping

from amlemu.doctor.clouds import failing_call, failing_start
from amlemu.doctor.code.entry import read_entry
from amlemu.doctor.code.reach import Place, reached, read_modules
from amlemu.doctor.code.syntax import ancestors, dotted, imported_names, keyword, parents, text
from amlemu.doctor.subject import Subject
from amlemu.finding import CANNOT_IMPORT, CANNOT_INIT, CANNOT_START, CloudError, Finding
from amlemu.finding import Place as FilePlace

_MODEL_DIR = "AZUREML_MODEL_DIR"
_OF_AZURE = (_MODEL_DIR,)
_ALIKE = 0.88  # AZUREML_MODELS_DIR, AZURE_ML_MODEL_DIR
_USES = ("join", "Path", "open", "load", "load_model", "listdir", "walk", "glob", "exists", "abspath")


def check_model_variable(subject: Subject) -> Iterator[Finding]:
    """Yield where the script takes AZUREML_MODEL_DIR for granted, and the deployment names no model: one finding."""
    description = subject.description
    names_models = description is not None and description.generation != "v1"  # v1 names them on the command line
    is_known = names_models and description is not None and not description.models and not subject.models
    entry = read_entry(subject)
    if not is_known or entry is None or description is None or _MODEL_DIR in subject.variables:
        return
    for place in reached(entry, read_modules(subject)):
        for node in _readings(place, _MODEL_DIR):
            yield _unset(node, place, subject)
            return


def check_variable_names(subject: Subject) -> Iterator[Finding]:
    """Yield the variables that the script reads by a name which looks like a slip for one that is set."""
    entry = read_entry(subject)
    if entry is None or subject.description is None:
        return
    told: set[str] = set()
    for place in reached(entry, read_modules(subject)):
        for node in _readings(place, None):
            name = _variable(node)
            meant = _nearest(name, node, subject)
            if meant and name not in told:
                told.add(name)
                yield _misspelt(name, meant, node, place, subject)


def _nearest(name: str, node: ast.expr, subject: Subject) -> str | None:
    """Return the variable that is meant; one that may be missing need not be set, unless it is the model's."""
    if name in subject.variables or name in _OF_AZURE:
        return None
    known = [_MODEL_DIR, *(subject.variables if isinstance(node, ast.Subscript) else ())]
    return next(iter(difflib.get_close_matches(name.upper(), known, 1, _ALIKE)), None)


def _misspelt(name: str, meant: str, node: ast.expr, place: Place, subject: Subject) -> Finding:
    cause = f"{place.function} reads the variable {name}, which nothing sets; did you mean {meant}?"
    return Finding("error", "variable-unset", cause, place.source.at(node), _cloud(place, subject), f"Write {meant}.")


def check_server_variables(subject: Subject) -> Iterator[Finding]:
    """Yield the settings of the server, given as variables, that it cannot read and stops at. Contract 3.7."""
    said_at = subject.description.said_at if subject.description is not None else {}
    for name in ("WORKER_COUNT", "WORKER_TIMEOUT", "SCORING_TIMEOUT_MS"):
        value = subject.variables.get(name, "").strip()
        is_number = value.lstrip("+-").isdecimal() and (name != "WORKER_COUNT" or int(value) > 0)
        if value and not is_number and not set(value) & set("${}<>"):  # a template is told of elsewhere
            wanted = "a whole number above 0" if name == "WORKER_COUNT" else "a whole number"
            cause = f"{name} is {value!r}, and the server wants {wanted}: it stops at it"
            file = subject.description.file if subject.description is not None else subject.folder
            place = said_at.get(f"environment_variables.{name}", said_at.get("environment_variables", FilePlace(file)))
            yield Finding("error", "server-variable", cause, place, CANNOT_START, f"Write {name}: 1 or more.")


def _unset(node: ast.expr, place: Place, subject: Subject) -> Finding:
    assert subject.description is not None
    meets = "KeyError" if isinstance(node, ast.Subscript) else "None"
    cause = f"{place.function} reads {_MODEL_DIR}, but {subject.description.file.name} names no model, so nothing sets it: the script meets {meets}"
    fix = f"Name the model in {subject.description.file.name}, or do without {_MODEL_DIR}."
    return Finding("error", "model-dir-unset", cause, place.source.at(node), _cloud(place, subject), fix)


def _cloud(place: Place, subject: Subject) -> CloudError:
    if place.when == "run":
        return failing_call(subject)
    return failing_start(subject, CANNOT_INIT if place.when == "init" else CANNOT_IMPORT)


def _readings(place: Place, wanted: str | None) -> Iterator[ast.Subscript | ast.Call]:
    """Yield the expressions that read a variable, or any, and have nothing to fall back on."""
    tree = place.source.tree
    if tree is None:
        return
    imported, above = imported_names(tree), parents(tree)
    own = {id(load) for load in place.scope.loads}
    for node in ast.walk(place.scope.node):
        if not isinstance(node, (ast.Subscript, ast.Call)) or not _reads(node, imported, wanted):
            continue
        roots = [part for part in ast.walk(node) if isinstance(part, ast.Name)]
        is_own = any(id(root) in own for root in roots)
        if is_own and not _is_guarded(node, above) and (isinstance(node, ast.Subscript) or _is_used(node, above)):
            yield node


def _reads(node: ast.Subscript | ast.Call, imported: Mapping[str, str], wanted: str | None) -> bool:
    if not _variable(node) or wanted not in (None, _variable(node)):
        return False
    if isinstance(node, ast.Subscript):
        return dotted(node.value, imported) == "os.environ"
    has_default = len(node.args) > 1 or keyword(node, "default") is not None
    return dotted(node.func, imported) in ("os.getenv", "os.environ.get") and not has_default


def _variable(node: ast.Subscript | ast.Call) -> str:
    """Return the name between the brackets, if it is written out."""
    named = node.slice if isinstance(node, ast.Subscript) else next(iter(node.args), None)
    return text(named) or ""


def _is_guarded(node: ast.expr, above: dict[ast.AST, ast.AST]) -> bool:
    around = (ast.If, ast.IfExp, ast.BoolOp, ast.Try, ast.Compare, ast.ExceptHandler)
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    for parent in ancestors(node, above):
        if isinstance(parent, functions):
            return False
        if isinstance(parent, around):
            return True
    return False


def _is_used(node: ast.expr, above: dict[ast.AST, ast.AST]) -> bool:
    """Tell whether None is used as a path: at once, or by a name that nothing asks about."""
    parent = above.get(node)
    if isinstance(parent, ast.Call):
        return dotted(parent.func, {}).rpartition(".")[2] in _USES
    if isinstance(parent, ast.BinOp):
        return True
    if not isinstance(parent, ast.Assign) or not isinstance(parent.targets[0], ast.Name):
        return False
    name = parent.targets[0].id
    root = list(ancestors(node, above))[-1]
    loads = [
        part
        for part in ast.walk(root)
        if isinstance(part, ast.Name) and part.id == name and isinstance(part.ctx, ast.Load)
    ]
    asked = (ast.Compare, ast.If, ast.BoolOp, ast.UnaryOp, ast.IfExp)
    return bool(loads) and not any(isinstance(above.get(load), asked) for load in loads)

"""
Variables that the script takes from its environment, held against what the deployment sets: AZUREML_MODEL_DIR without a model.

Contract 3.1, 3.3. Whether the model's path is right stands with the models.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from amlemu.doctor.clouds import failing_call, failing_start
from amlemu.doctor.entry import read_entry
from amlemu.doctor.reach import Place, reached, read_modules
from amlemu.doctor.subject import Subject
from amlemu.doctor.syntax import ancestors, dotted, imported_names, keyword, parents, text
from amlemu.finding import CANNOT_IMPORT, CANNOT_INIT, Finding

_MODEL_DIR = "AZUREML_MODEL_DIR"
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
        for node in _readings(place):
            yield _unset(node, place, subject)
            return


def _unset(node: ast.expr, place: Place, subject: Subject) -> Finding:
    assert subject.description is not None
    meets = "KeyError" if isinstance(node, ast.Subscript) else "None"
    cause = f"{place.function} reads {_MODEL_DIR}, but {subject.description.file.name} names no model, so nothing sets it: the script meets {meets}"
    fix = f"Name the model in {subject.description.file.name}, or do without {_MODEL_DIR}."
    if place.when == "run":
        cloud = failing_call(subject)
    else:
        cloud = failing_start(subject, CANNOT_INIT if place.when == "init" else CANNOT_IMPORT)
    return Finding("error", "model-dir-unset", cause, place.source.at(node), cloud, fix)


def _readings(place: Place) -> Iterator[ast.expr]:
    """Yield the expressions that read the variable and have nothing to fall back on."""
    tree = place.source.tree
    if tree is None:
        return
    imported, above = imported_names(tree), parents(tree)
    own = {id(load) for load in place.scope.loads}
    for node in ast.walk(place.scope.node):
        if not isinstance(node, (ast.Subscript, ast.Call)) or not _reads(node, imported):
            continue
        roots = [part for part in ast.walk(node) if isinstance(part, ast.Name)]
        is_own = any(id(root) in own for root in roots)
        if is_own and not _is_guarded(node, above) and (isinstance(node, ast.Subscript) or _is_used(node, above)):
            yield node


def _reads(node: ast.Subscript | ast.Call, imported: Mapping[str, str]) -> bool:
    if isinstance(node, ast.Subscript):
        return dotted(node.value, imported) == "os.environ" and text(node.slice) == _MODEL_DIR
    is_get = dotted(node.func, imported) in ("os.getenv", "os.environ.get")
    has_default = len(node.args) > 1 or keyword(node, "default") is not None
    return is_get and not has_default and bool(node.args) and text(node.args[0]) == _MODEL_DIR


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

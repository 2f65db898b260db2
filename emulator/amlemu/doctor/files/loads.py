"""
The calls of a script that open a path which can be read off it: which path, by what, and when.

`path_values.py` says what the expressions come to, `models.py` whether anything lies there. Calls that only look, write or print
are no business of either, and what the script itself looks for first is left to it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from amlemu.doctor.files import path_values
from amlemu.doctor.files.path_values import Paths
from amlemu.doctor.needs.imports import Occasion, is_main, occasions
from amlemu.doctor.subject import Source
from amlemu.finding import Place

_LOOKS = {
    "os.path.exists",
    "os.path.isfile",
    "os.path.isdir",
    "os.path.lexists",
    "os.stat",
    "os.access",
    "os.path.getsize",
}
_LOOKING_METHODS = {"exists", "is_file", "is_dir", "stat"}
_OPENING_METHODS = {"open", "read_text", "read_bytes"}
_HARMLESS = re.compile(
    r"^(?:os\.|glob\.|shutil\.|pathlib\.|sys\.|json\.dump|print$|str$|repr$|len$|type$|isinstance$|format$|logging\.|warnings\.)"
    r"|(?:^|[._])(?:log|logger|_?logging|info|debug|warning|error|exception|print|format|join|append|extend|insert|get|getenv|setdefault"
    r"|save\w*|dump|write\w*|mkdir|makedirs|exists|glob|rglob|iterdir|listdir|walk|copy\w*|download\w*|upload\w*|extract\w*|replace"
    r"|startswith|endswith|split|strip|lower|upper|update|add|register\w*|set_\w+|model_path|Exception|\w*Error)$"
)
_FILES_ONLY = {
    *(
        "open",
        "io.open",
        "joblib.load",
        "torch.load",
        "numpy.load",
        "pandas.read_csv",
        "pandas.read_pickle",
        "pandas.read_parquet",
    ),
    *(
        "onnxruntime.InferenceSession",
        "sklearn.externals.joblib.load",
        "pandas.read_json",
        "pandas.read_excel",
        "dill.load",
    ),
}
_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Load:
    """
    One path that is opened.

    Attributes:
        value: as `path_values.py` writes it.
        by: full name of what is called, `joblib.load`.
        is_file: only a file will do.
        is_covered: a `try` stands around it that does not end in `raise`.
    """

    value: str
    by: str
    place: Place
    occasion: Occasion
    function: str
    is_file: bool
    is_covered: bool


def find_loads(source: Source, variables: dict[str, str]) -> list[Load]:
    """Return the paths that a file opens, without those that it looks for before."""
    if source.tree is None:
        return []
    paths = path_values.read(source, variables)
    calls = list(_calls(source.tree))
    looked_for = {value for call, function, *_ in calls for value in _looked_for(call, function, paths)}
    times = occasions(source)
    found = []
    for call, function, outermost, is_covered in calls:
        for value, by, is_file in _opened(call, function, paths):
            if value not in looked_for:
                time = times.get(outermost, "call")
                found.append(Load(value, by, source.at(call), time, outermost, is_file, is_covered))
    once = {(load.value, load.function, load.is_file): load for load in found}
    return sorted(once.values(), key=lambda load: load.place.line)


def _calls(tree: ast.Module) -> Iterator[tuple[ast.Call, ast.AST | None, str, bool]]:
    """Yield each call with its function, the outermost name around it, and whether a `try` covers it."""
    waiting: list[tuple[ast.AST, ast.AST | None, str, bool]] = [(tree, None, "", False)]
    while waiting:
        node, function, outermost, is_covered = waiting.pop()
        if isinstance(node, ast.Call):
            yield node, function, outermost, is_covered
        if isinstance(node, (*_FUNCTION, ast.ClassDef)):
            function, outermost = (function if isinstance(node, ast.ClassDef) else node), outermost or node.name
        if isinstance(node, ast.Try) and any(not isinstance(handler.body[-1], ast.Raise) for handler in node.handlers):
            waiting += [(child, function, outermost, True) for child in node.body]
            rest = [*node.handlers, *node.orelse, *node.finalbody]
            waiting += [(child, function, outermost, is_covered) for child in rest]
        elif not is_main(node):
            waiting += [(child, function, outermost, is_covered) for child in ast.iter_child_nodes(node)]


def _looked_for(call: ast.Call, function: ast.AST | None, paths: Paths) -> Iterator[str]:
    asked = call.args[:1] if paths.called(call.func) in _LOOKS else []
    if isinstance(call.func, ast.Attribute) and call.func.attr in _LOOKING_METHODS and not call.args:
        asked = [call.func.value]
    for node in asked:
        value = paths.value(node, function)
        if value is not None:
            yield value


def _opened(call: ast.Call, function: ast.AST | None, paths: Paths) -> Iterator[tuple[str, str, bool]]:
    """Yield value, name of what opens it, and whether that takes files only."""
    if isinstance(call.func, ast.Attribute) and call.func.attr in _OPENING_METHODS and not _writes(call, 0):
        value = paths.value(call.func.value, function)
        if value is not None:
            yield value, f"Path.{call.func.attr}", True
    name = paths.called(call.func) or _attribute(call.func)
    if name.endswith("Model.get_model_path"):
        value = paths.value(call, function)
        if value is not None:
            yield value, name, False
        return
    if not name or _HARMLESS.search(name) or (name in ("open", "io.open") and _writes(call, 1)):
        return
    if paths.value(call, function) is not None:
        return  # it makes a path of a path; whatever takes that is a call as well
    arguments = call.args[:1] if name in _FILES_ONLY else [*call.args, *(keyword.value for keyword in call.keywords)]
    for node in arguments:
        value = paths.value(node, function)
        if value is not None:
            yield value, name, name in _FILES_ONLY


def _attribute(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else ""


def _writes(call: ast.Call, position: int) -> bool:
    """Whether open() is called with another mode than reading; one that is not written out may be any."""
    mode = next((each.value for each in call.keywords if each.arg == "mode"), None)
    mode = mode or (call.args[position] if len(call.args) > position else None)
    return mode is not None and not (isinstance(mode, ast.Constant) and str(mode.value).startswith("r"))

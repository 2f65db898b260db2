"""
What a path in a script comes to, as far as that can be read: os.path.join, pathlib, f-strings, constants, variables set once.

The places that only the server knows stand as marks at the beginning of a value: the model folder, a model by name, the script's
own folder. Whatever is not certain has no value at all. Nothing is run.
"""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from amlemu.doctor.code.syntax import dotted
from amlemu.doctor.subject import Source

END = "\0"  # of a mark for a model
MODEL_DIR = "\0model-dir" + END
MODEL = "\0model:"  # and its name, and the end: where Model.get_model_path leads to
HERE = "\0here"  # the working folder, which is the app root
FOLDER = "\0folder"  # of the file
_FILE = "\0file"
_DEEPEST = 40
_SAME = {
    *("os.path.abspath", "os.path.realpath", "os.path.normpath", "os.path.expanduser", "os.fspath", "str"),
    *("pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "pathlib.PurePosixPath"),
}
_SAME_METHODS = {"resolve", "absolute", "as_posix", "expanduser"}
_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass
class Paths:
    """
    The values of one file.

    Attributes:
        aliases: what the names mean that its imports bind, `osp` for `os.path`.
        globals: the expressions that a name is given on the top level, or in functions that declare it `global`.
        variables: what the deployment sets.
    """

    aliases: Mapping[str, str]
    globals: Mapping[str, list[ast.expr | None]]
    variables: Mapping[str, str]
    _locals: dict[int, Mapping[str, list[ast.expr | None]]] = field(default_factory=dict)
    _known: dict[tuple[int, int], str | None] = field(default_factory=dict)

    def value(self, node: ast.expr | None, function: ast.AST | None = None, depth: int = 0) -> str | None:
        """Return what an expression inside of a function comes to; None if that is not certain."""
        if node is None or depth > _DEEPEST:
            return None
        key = (id(node), id(function))
        if key not in self._known:
            self._known[key] = None  # `path = join(path, x)` asks for itself
            self._known[key] = self._value(node, function, depth)
        return self._known[key]

    def _value(self, node: ast.expr, function: ast.AST | None, depth: int) -> str | None:
        def inner(each: ast.expr | None) -> str | None:
            return self.value(each, function, depth + 1)

        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else None
        if isinstance(node, ast.Name):
            return self._of_name(node.id, function, depth)
        if isinstance(node, ast.JoinedStr):
            return _all_of([inner(part) for part in node.values], "".join)
        if isinstance(node, ast.FormattedValue):
            return inner(node.value) if node.format_spec is None and node.conversion == -1 else None
        if isinstance(node, ast.BinOp):
            return _of_operator(node.op, inner(node.left), inner(node.right))
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
            return inner(node.values[0]) if _is_of_server(inner(node.values[0])) else None
        if isinstance(node, ast.Subscript):
            return self._of_variable(inner(node.slice), None) if self.called(node.value) == "os.environ" else None
        if isinstance(node, ast.Attribute) and node.attr == "parent":
            return _above(inner(node.value))
        return self._of_call(node, inner) if isinstance(node, ast.Call) else None

    def called(self, node: ast.expr) -> str:
        """Return the full name of what is named or called, `os.path.join`; empty for anything else."""
        return dotted(node, self.aliases)

    def _of_name(self, name: str, function: ast.AST | None, depth: int) -> str | None:
        if name == "__file__":
            return _FILE
        given = self._given_in(function).get(name) if function is not None else None
        scope = function if given else None
        given = given or self.globals.get(name)
        values = {self.value(each, scope, depth + 1) for each in given or [None]}
        return values.pop() if len(values) == 1 else None

    def _given_in(self, function: ast.AST) -> Mapping[str, list[ast.expr | None]]:
        if id(function) not in self._locals:
            self._locals[id(function)] = _given(function)
        return self._locals[id(function)]

    def _of_call(self, node: ast.Call, inner: Callable[[ast.expr | None], str | None]) -> str | None:
        name = self.called(node.func)
        if any(isinstance(arg, ast.Starred) for arg in node.args):
            return None
        arguments = [inner(arg) for arg in node.args]
        if name == "os.path.join" or (name in _SAME and len(arguments) > 1):
            return _all_of(arguments, lambda parts: posixpath.join(*parts))
        if name in _SAME and arguments:
            return arguments[0]
        if name in ("os.getenv", "os.environ.get") and arguments:
            return self._of_variable(arguments[0], arguments[1] if len(arguments) > 1 else None)
        if name == "os.path.dirname" and arguments:
            return _above(arguments[0])
        if name in ("os.getcwd", "pathlib.Path.cwd"):
            return HERE
        if name.endswith("Model.get_model_path"):
            named = node.args[0] if node.args else _keyword(node, "model_name")
            model = inner(named)
            return MODEL + model + END if model else None
        return self._of_method(node, arguments, inner)

    def _of_method(
        self, node: ast.Call, arguments: list[str | None], inner: Callable[[ast.expr | None], str | None]
    ) -> str | None:
        if not isinstance(node.func, ast.Attribute):
            return None
        base = inner(node.func.value)
        if node.func.attr in _SAME_METHODS:
            return base
        if node.func.attr == "joinpath":
            return _all_of([base, *arguments], lambda parts: posixpath.join(*parts))
        if (
            node.func.attr == "format"
            and base is not None
            and not node.keywords
            and base.count("{}") == base.count("{")
        ):
            return _all_of(arguments, lambda parts: base.format(*parts) if len(parts) >= base.count("{}") else "")
        return None

    def _of_variable(self, name: str | None, default: str | None) -> str | None:
        if name == "AZUREML_MODEL_DIR":
            return MODEL_DIR if name not in self.variables else None
        return self.variables.get(name, default) if name else None


def read(source: Source, variables: Mapping[str, str]) -> Paths:
    """Prepare the values of a file that parses."""
    tree = source.tree or ast.Module([], [])
    found: dict[str, list[ast.expr | None]] = {}
    for name, values in _given(tree).items():
        found.setdefault(name, []).extend(values)
    for function in (node for node in ast.walk(tree) if isinstance(node, _FUNCTION)):
        declared = {name for node in ast.walk(function) if isinstance(node, ast.Global) for name in node.names}
        for name, values in _given(function, everything=True).items():
            if name in declared:
                found.setdefault(name, []).extend(values)
    return Paths(_aliases(tree), found, variables)


def _aliases(tree: ast.Module) -> dict[str, str]:
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update({alias.asname: alias.name for alias in node.names if alias.asname})
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
    return found


def _given(scope: ast.AST, *, everything: bool = False) -> dict[str, list[ast.expr | None]]:
    """Return what each name of a scope is given: expressions, and None for a loop, a parameter, an import and the like."""
    found: dict[str, list[ast.expr | None]] = {}
    declared: set[str] = set()
    if isinstance(scope, _FUNCTION):
        every = [*scope.args.posonlyargs, *scope.args.args, *scope.args.kwonlyargs, scope.args.vararg, scope.args.kwarg]
        found.update({each.arg: [None] for each in every if each is not None})
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Global):
            declared.update(node.names)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                _note(found, target, node.value)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            _note(found, node.target, node.value)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            found.setdefault(node.id, []).append(None)
        elif isinstance(node, (*_FUNCTION, ast.ClassDef, ast.Lambda)):
            continue
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            waiting += [node.value] if node.value is not None else []
        else:
            waiting += list(ast.iter_child_nodes(node))
    return found if everything else {name: values for name, values in found.items() if name not in declared}


def _note(found: dict[str, list[ast.expr | None]], target: ast.expr, value: ast.expr) -> None:
    if isinstance(target, ast.Name):
        found.setdefault(target.id, []).append(value)
        return
    for each in ast.walk(target):
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
            found.setdefault(each.id, []).append(None)


def _keyword(node: ast.Call, name: str) -> ast.expr | None:
    return next((each.value for each in node.keywords if each.arg == name), None)


def _is_of_server(value: str | None) -> bool:
    return value is not None and value.startswith("\0")


def _above(value: str | None) -> str | None:
    return FOLDER if value == _FILE else posixpath.dirname(value or "") or None


def _of_operator(operator: ast.operator, left: str | None, right: str | None) -> str | None:
    if left is None or right is None:
        return None
    if isinstance(operator, ast.Div):
        return posixpath.join(left, right)
    if isinstance(operator, ast.Add):
        return left + right
    if isinstance(operator, ast.Mod) and left.count("%") == left.count("%s") == 1:
        return left.replace("%s", right)
    return None


def _all_of(parts: list[str | None], join: Callable[[list[str]], str]) -> str | None:
    known = [part for part in parts if part is not None]
    return join(known) if known and len(known) == len(parts) else None

"""
The imports of a file: what is imported, where, and when that happens. Reads the tree only; nothing is imported.

`packages.py` and `siblings.py` ask where the modules would come from. What a script is prepared to lack is left out: an
import that a `try` covers, one for type checkers, one for some other Python.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from amlemu.doctor.subject import Source, Subject
from amlemu.finding import CANNOT_IMPORT, CANNOT_INIT, FAILS_EACH_CALL, CloudError, Place, Severity

Occasion = Literal["start", "init", "run", "call"]
_FORGIVING = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
_ABOUT_THE_MACHINE = {"version_info", "platform", "name", "hexversion", "implementation", "system"}
_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Import:
    """
    One module that a file imports.

    Attributes:
        module: dotted; empty for `from . import x`.
        names: what `from module import ...` takes out of it; empty for `import module`, and for `*`.
        level: leading dots.
        occasion: `start`, as the file is loaded; `init` and `run`, inside of them or what they use; `call`, of some other function.
        function: the outermost function or class that it stands in; empty at the top.
        is_certain: no `if` stands before it.
    """

    module: str
    place: Place
    names: tuple[str, ...] = ()
    level: int = 0
    occasion: Occasion = "start"
    function: str = ""
    is_certain: bool = True

    @property
    def top(self) -> str:
        """The first part of its name."""
        return self.module.partition(".")[0]

    @property
    def severity(self) -> Severity:
        """How bad it is if it fails: certain, or only if somebody comes by."""
        return "error" if self.is_certain and self.occasion != "call" else "warning"

    @property
    def cloud(self) -> CloudError:
        """What the cloud says when it fails."""
        return cloud_at(self.occasion)

    @property
    def consequence(self) -> str:
        """When it fails, as the end of a sentence."""
        return when(self.occasion, self.function)


def cloud_at(occasion: Occasion) -> CloudError:
    """Return what the cloud says to a failure at that time."""
    return {"start": CANNOT_IMPORT, "init": CANNOT_INIT}.get(occasion, FAILS_EACH_CALL)


def when(occasion: Occasion, function: str) -> str:
    """Return the end of the sentence `it fails ...`."""
    told = {"start": "as the script is loaded", "init": "as soon as init() runs", "run": "at the first request"}
    return told.get(occasion, f"when {function}() is called")


@dataclass(frozen=True)
class _Step:
    """A statement, with what stands around it."""

    node: ast.stmt
    function: str
    is_certain: bool

    def into(self, body: Iterable[ast.stmt], *, function: str = "", is_certain: bool = True) -> list[_Step]:
        """Return the statements inside of it."""
        return [_Step(node, self.function or function, self.is_certain and is_certain) for node in body]


def find_imports(source: Source) -> list[Import]:
    """Return the imports of a file that must succeed, in its order; none of one that does not parse."""
    if source.tree is None:
        return []
    reached = _reached(source.tree)
    found = []
    for step in _steps(source.tree):
        occasion = _occasion(step.function, reached, is_script=not source.module)
        for module, names, level in _imported(step.node):
            place = source.at(step.node)
            found.append(Import(module, place, names, level, occasion, step.function, step.is_certain))
    return found


def occasions(source: Source) -> dict[str, Occasion]:
    """Say of each function and class at the top of a file when it is used, and under the empty name of the file itself."""
    if source.tree is None:
        return {}
    reached = _reached(source.tree)
    names = [node.name for node in source.tree.body if isinstance(node, (*_FUNCTION, ast.ClassDef))]
    return {name: _occasion(name, reached, is_script=not source.module) for name in ("", *names)}


def all_imports(subject: Subject) -> list[tuple[Source, Import]]:
    """Return the imports of the script and of its siblings, each module once for each file."""
    found = []
    for source in subject.sources:
        seen: set[tuple[str, int, str, tuple[str, ...]]] = set()
        for each in find_imports(source):
            key = (each.module, each.level, each.function, each.names)
            if key not in seen:
                seen.add(key)
                found.append((source, each))
    return found


def _occasion(function: str, reached: dict[str, set[str]], *, is_script: bool) -> Occasion:
    """Say when it happens; of a sibling's functions it is not known who calls them."""
    if not function or function in reached["start"]:
        return "start"
    if is_script and (function == "init" or function in reached["init"]):
        return "init"
    return "run" if is_script and (function == "run" or function in reached["run"]) else "call"


def _reached(tree: ast.Module) -> dict[str, set[str]]:
    """Return the functions and classes that the file itself, init() and run() use, through each other."""
    defined = {node.name: node for node in tree.body if isinstance(node, (*_FUNCTION, ast.ClassDef))}
    uses = {name: _names_in([node]) & defined.keys() for name, node in defined.items()}
    executed = [node for node in tree.body if not isinstance(node, (*_FUNCTION, ast.ClassDef)) and not is_main(node)]
    return {
        "start": _closure(_called_in(executed) & defined.keys(), uses),
        "init": _closure(uses.get("init", set()), uses),
        "run": _closure(uses.get("run", set()), uses),
    }


def _closure(names: set[str], uses: dict[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(uses[name])
    return reached


def _names_in(nodes: Iterable[ast.AST]) -> set[str]:
    every = (each for node in nodes for each in ast.walk(node))
    return {each.id for each in every if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)}


def _called_in(nodes: Iterable[ast.AST]) -> set[str]:
    every = (each for node in nodes for each in ast.walk(node))
    return {each.func.id for each in every if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)}


def _steps(tree: ast.Module) -> Iterator[_Step]:
    """Yield the statements that the server comes by, in their order; without recursion, for `elif` may go on and on."""
    waiting = [_Step(node, "", is_certain=True) for node in reversed(tree.body)]
    while waiting:
        step = waiting.pop()
        yield step
        waiting.extend(reversed(_inside(step)))


def _inside(step: _Step) -> list[_Step]:
    node = step.node
    if isinstance(node, (*_FUNCTION, ast.ClassDef)):
        return step.into(node.body, function=node.name)
    if isinstance(node, ast.If):
        return _inside_if(step, node)
    if isinstance(node, ast.Try):
        # what a handler or `else` imports hangs on what has been there before; too much to say
        is_forgiven = any(_forgives(handler) for handler in node.handlers)
        return step.into(node.finalbody if is_forgiven else [*node.body, *node.orelse, *node.finalbody])
    if isinstance(node, (ast.With, ast.AsyncWith)):
        return [] if any(_suppresses(item.context_expr) for item in node.items) else step.into(node.body)
    if isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
        return step.into([*node.body, *node.orelse], is_certain=False)
    return []


def _inside_if(step: _Step, node: ast.If) -> list[_Step]:
    """What only type checkers, `python score.py` or another machine would import is not there for the server."""
    if is_main(node) or _is_never(node.test):
        return step.into(node.orelse)
    if _is_about_the_machine(node.test):
        return []
    return step.into([*node.body, *node.orelse], is_certain=False)


def _imported(node: ast.stmt) -> Iterator[tuple[str, tuple[str, ...], int]]:
    """Yield module, names and level of each import that a statement is."""
    if isinstance(node, ast.Import):
        yield from ((alias.name, (), 0) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield node.module or "", tuple(alias.name for alias in node.names if alias.name != "*"), node.level
    elif isinstance(node, (ast.Expr, ast.Assign)):
        yield from _imported_by_name(node.value)


def _forgives(handler: ast.ExceptHandler) -> bool:
    """Whether it catches a missing module, and goes on: one that ends in `raise` does not."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {_last_name(kind) for kind in kinds if kind is not None}
    catches = handler.type is None or bool(names & _FORGIVING)
    return catches and not isinstance(handler.body[-1], ast.Raise)


def _suppresses(context: ast.expr) -> bool:
    is_suppress = isinstance(context, ast.Call) and _last_name(context.func) == "suppress"
    return is_suppress and bool({_last_name(kind) for kind in getattr(context, "args", [])} & _FORGIVING)


def is_main(node: ast.AST) -> bool:
    """Whether it is `if __name__ == "__main__":`, which is not so: under the server the script is called `entry_module`."""
    if not isinstance(node, ast.If) or not isinstance(node.test, ast.Compare):
        return False
    sides = [node.test.left, *node.test.comparators]
    names = {side.id for side in sides if isinstance(side, ast.Name)}
    words = {side.value for side in sides if isinstance(side, ast.Constant)}
    return "__name__" in names and "__main__" in words and isinstance(node.test.ops[0], ast.Eq)


def _is_never(test: ast.expr) -> bool:
    return _last_name(test) == "TYPE_CHECKING" or (isinstance(test, ast.Constant) and not test.value)


def _is_about_the_machine(test: ast.expr) -> bool:
    """`sys.version_info >= (3, 11)`, `os.name == "nt"`, `importlib.util.find_spec("x")`: whichever branch fits is taken."""
    every = [each for each in ast.walk(test) if isinstance(each, (ast.Attribute, ast.Name))]
    return any(_last_name(each) in _ABOUT_THE_MACHINE | {"find_spec"} for each in every)


def _last_name(node: ast.expr | None) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _imported_by_name(call: ast.expr) -> Iterator[tuple[str, tuple[str, ...], int]]:
    """`importlib.import_module("x")` and `__import__("x")`."""
    if isinstance(call, ast.Call) and _last_name(call.func) in ("import_module", "__import__") and call.args:
        name = call.args[0]
        if isinstance(name, ast.Constant) and isinstance(name.value, str) and not name.value.startswith("."):
            yield name.value, (), 0

"""
What the server will find in the script: its init() and run(), wherever they were defined, and how it would call run().

Where that cannot be known without running the script (an object with `__call__`, a name from another package, exec), the answer
is UNKNOWN, and the checks are silent. Source of the rules: azureml-inference-server-http 1.5.1, server/user_script.py; contract 4.4 to 4.12.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, Literal, TypeAlias

from amlemu.doctor.code.syntax import Definition, dotted, imported_names, statements_at_import
from amlemu.doctor.subject import Source, Subject

Style: TypeAlias = Literal["text", "schema", "raw", "unknown"]

SCHEMAS = ("input_schema", "output_schema")
_TRANSPARENT = ("rawhttp", *SCHEMAS, "torch.no_grad", "torch.inference_mode", "staticmethod")
_DEEPEST = 5  # run = predict = other.score = ...
UNKNOWN: Final = "unknown"


@dataclass(frozen=True)
class Function:
    """
    A function that can be looked at.

    Attributes:
        source: the file it stands in; the script's or a sibling's.
        name: what the script calls it.
    """

    source: Source
    node: Definition
    name: str

    @cached_property
    def imported(self) -> Mapping[str, str]:
        """What imported names stand for in its file."""
        return imported_names(self.source.tree) if self.source.tree else {}

    @property
    def decorators(self) -> list[str]:
        """Full names of its decorators, outermost first; empty text for one that has no name."""
        if isinstance(self.node, ast.Lambda):
            return []
        return [dotted(_called(node), self.imported) for node in self.node.decorator_list]

    @property
    def is_plain(self) -> bool:
        """Whether all its decorators are known to leave its parameters and its result as they are."""
        return all(any(_ends_in(name, known) for known in _TRANSPARENT) for name in self.decorators)

    @property
    def parameters(self) -> list[str]:
        """Names of its parameters that a call can give by name, `request_headers` excluded."""
        arguments = self.node.args
        return [part.arg for part in (*arguments.args, *arguments.kwonlyargs) if part.arg != "request_headers"]


@dataclass(frozen=True)
class NotCallable:
    """A name that is bound to a plain value."""

    source: Source
    node: ast.stmt


Found: TypeAlias = Function | NotCallable | Literal["unknown"]


@dataclass(frozen=True)
class Entry:
    """
    The script as the server sees it.

    Attributes:
        init, run: None where the script certainly has none.
        style: what run() is called with: the body's text, converted parameters, or flask's request.
    """

    script: Source
    init: Found | None
    run: Found | None
    style: Style

    @property
    def functions(self) -> Iterator[Function]:
        """init() and run(), as far as they can be looked at."""
        return (found for found in (self.init, self.run) if isinstance(found, Function))

    @property
    def plain_run(self) -> Function | None:
        """run(), if it can be looked at and nothing unknown decorates it."""
        return self.run if isinstance(self.run, Function) and self.run.is_plain else None


def read_entry(subject: Subject) -> Entry | None:
    """Return what the server will find; None where there is no script that parses."""
    script = subject.script
    if script is None or script.tree is None:
        return None
    siblings = {sibling.module: sibling for sibling in subject.siblings}
    run = find(script, "run", siblings)
    if find(script, "driver_module", siblings):  # the server calls the run() behind it (contract 4.12)
        behind = _module_behind(script, siblings)
        run = find(behind, "run", siblings) if behind else UNKNOWN
    return Entry(script, find(script, "init", siblings), run, _style(run, subject))


def find(source: Source, name: str, siblings: dict[str, Source], depth: int = 0) -> Found | None:
    """Return what a name of the module is bound to when the module has been imported."""
    if source.tree is None or depth > _DEEPEST:
        return UNKNOWN
    found: Found | None = None
    for statement in statements_at_import(source.tree):
        found = _bound_by(statement, name, source, siblings, depth) or found
    if found is None and _may_be_hidden(source.tree, name):
        return UNKNOWN
    return found


def _bound_by(statement: ast.stmt, name: str, source: Source, siblings: dict[str, Source], depth: int) -> Found | None:
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        if statement.name != name:
            return None
        return UNKNOWN if isinstance(statement, ast.ClassDef) else Function(source, statement, name)
    if isinstance(statement, ast.ImportFrom):
        return _imported_by(statement, name, siblings, depth)
    if isinstance(statement, ast.Import):
        names = [alias.asname or alias.name.partition(".")[0] for alias in statement.names]
        return UNKNOWN if name in names else None
    if isinstance(statement, (ast.Assign, ast.AnnAssign)):
        return _assigned_by(statement, name, source, siblings, depth)
    return UNKNOWN if any(_stores(node, name) for node in _head(statement)) else None


def _imported_by(statement: ast.ImportFrom, name: str, siblings: dict[str, Source], depth: int) -> Found | None:
    sibling = siblings.get(statement.module or "") if not statement.level else None
    for alias in statement.names:
        if alias.name == "*":
            if sibling is None:
                return UNKNOWN if statement.module not in ("typing", "math", "os", "json") else None
            return find(sibling, name, siblings, depth + 1)
        if (alias.asname or alias.name) == name:
            found = find(sibling, alias.name, siblings, depth + 1) if sibling else None
            return found or UNKNOWN  # a name that a sibling lacks is an ImportError, which is told elsewhere
    return None


def _assigned_by(
    statement: ast.Assign | ast.AnnAssign, name: str, source: Source, siblings: dict[str, Source], depth: int
) -> Found | None:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    value = statement.value
    if value is None or not any(_stores(node, name) for target in targets for node in ast.walk(target)):
        return None
    if not any(isinstance(target, ast.Name) for target in targets):
        return UNKNOWN
    if isinstance(value, ast.Lambda):
        return Function(source, value, name)
    if isinstance(value, ast.Name) and value.id != name:
        return find(source, value.id, siblings, depth + 1) or UNKNOWN
    if isinstance(value, ast.Call):
        return _partial(value, name, source, siblings, depth) or UNKNOWN
    is_value = isinstance(value, (ast.Constant, ast.Dict, ast.List, ast.Set, ast.Tuple, ast.JoinedStr))
    return NotCallable(source, statement) if is_value else UNKNOWN


def _partial(call: ast.Call, name: str, source: Source, siblings: dict[str, Source], depth: int) -> Function | None:
    """Return the function that `functools.partial(f, ...)` leaves, with the parameters that inspect.signature() shows of it."""
    tree = source.tree or ast.Module([], [])
    if dotted(call.func, imported_names(tree)) != "functools.partial" or not call.args:
        return None
    first, *given = call.args
    found = find(source, first.id, siblings, depth + 1) if isinstance(first, ast.Name) else None
    is_plain = isinstance(found, Function) and not found.decorators and not isinstance(found.node, ast.Lambda)
    is_read = not any(isinstance(part, ast.Starred) for part in given) and all(word.arg for word in call.keywords)
    if not isinstance(found, Function) or isinstance(found.node, ast.Lambda) or not is_plain or not is_read:
        return None
    node = copy.copy(found.node)
    node.args = _left(node.args, len(given), {word.arg: word.value for word in call.keywords if word.arg})
    return Function(found.source, node, name)


def _left(arguments: ast.arguments, count: int, named: Mapping[str, ast.expr]) -> ast.arguments:
    """Return what is left to be given; after the first that is given by name, all have to be."""
    before = len(arguments.args) - len(arguments.defaults)
    defaults: list[ast.expr | None] = [*[None] * before, *arguments.defaults]
    free = list(zip(arguments.args, defaults, strict=False))[max(0, count - len(arguments.posonlyargs)) :]
    cut = next((place for place, (part, _) in enumerate(free) if part.arg in named), len(free))
    behind = [(part, named.get(part.arg, default)) for part, default in free[cut:]]
    only = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    behind += [(part, named.get(part.arg, default)) for part, default in only]
    left = copy.copy(arguments)
    left.posonlyargs = arguments.posonlyargs[count:]
    left.args = [part for part, _ in free[:cut]]
    left.defaults = [default for _, default in free[:cut] if default is not None]
    left.kwonlyargs, left.kw_defaults = [part for part, _ in behind], [default for _, default in behind]
    return left


def _head(statement: ast.stmt) -> Iterator[ast.AST]:
    """Yield the nodes of a statement without the statements inside it."""
    stack: list[ast.AST] = [statement]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt))


def _stores(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load)


def _may_be_hidden(tree: ast.Module, name: str) -> bool:
    """Tell whether the name may be bound where only running the script would show it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Global) and name in node.names:
            return True
        if isinstance(node, ast.Name) and node.id in ("exec", "globals", "setattr", "vars", "locals"):
            return True
    return any(isinstance(node, ast.FunctionDef) and node.name == "__getattr__" for node in tree.body)


def _module_behind(script: Source, siblings: dict[str, Source]) -> Source | None:
    for statement in statements_at_import(script.tree) if script.tree else ():
        for alias in statement.names if isinstance(statement, ast.Import) else ():
            if alias.asname == "driver_module" or alias.name == "driver_module":
                return siblings.get(alias.name)
    return None


def _style(run: Found | None, subject: Subject) -> Style:
    if any(_is_raw(source.tree) for source in subject.sources if source.tree is not None):
        return "raw"  # on any function: the decorator sets a flag of its module (contract 4.11)
    if not isinstance(run, Function):
        return "unknown"
    if any(_ends_in(name, schema) for name in run.decorators for schema in SCHEMAS):
        return "schema"
    return "text" if run.is_plain else "unknown"


@lru_cache(maxsize=32)  # every check asks
def _is_raw(tree: ast.Module) -> bool:
    imported = imported_names(tree)
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    decorators = [dotted(_called(node), imported) for function in functions for node in function.decorator_list]
    calls = [dotted(node.func, imported) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return any(_ends_in(name, "rawhttp") for name in (*decorators, *calls))


def _called(decorator: ast.expr) -> ast.expr:
    return decorator.func if isinstance(decorator, ast.Call) else decorator


def _ends_in(name: str, known: str) -> bool:
    return name == known or name.endswith(f".{known}")

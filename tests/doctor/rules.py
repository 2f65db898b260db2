"""
Which rules the code can yield, each with its severities: read off the calls of `Finding`, back through whoever passes them on.

The two arguments are followed as expressions: a local name stands for all that is assigned to it, a parameter for what each caller
gives, an attribute for what its class is made with. What cannot be followed is an error, so that no rule gets lost.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path

SEVERITIES = ("error", "warning", "information")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEEPEST = 30  # calls that hand a rule on
_COPIES = ("finding.rule", "finding.severity")  # a finding that is made anew of another


def read(*folders: Path) -> dict[str, str]:
    """Return the severities of each rule that the modules of some folders can yield, the worst first: `error, warning`."""
    found = Code(folders).rules()
    return {rule: ", ".join(one for one in SEVERITIES if one in found[rule]) for rule in found}


@dataclass(frozen=True)
class Part:
    """A node, with the function, class and module around it."""

    node: ast.AST
    function: ast.FunctionDef | ast.AsyncFunctionDef | None
    owner: str
    module: Path


class Code:
    """All modules, as one text in which calls are found by the name that is called."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        paths = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
        self._parts = [part for path in paths for part in _parts(ast.parse(path.read_text("utf-8")), None, "", path)]
        self._tables = "\n".join(path.read_text("utf-8") for folder in folders for path in folder.rglob("*.toml"))

    def rules(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for call in self._calls("Finding"):
            given = _arguments(call.node, ["severity", "rule"])
            for severity, rule in self._values((given["severity"], given["rule"]), call, 0):
                if rule:
                    assert severity in SEVERITIES, (severity, rule)
                    found.setdefault(rule, set()).add(severity)
        return found

    def _values(self, wanted: tuple[ast.expr, ...], at: Part, depth: int) -> Iterator[tuple[str, ...]]:
        """Yield what these expressions come to, together, at one place in the code."""
        assert depth < _DEEPEST, f"{at.module.name}: {ast.unparse(wanted[0])} leads nowhere"
        wanted = tuple(_Here(self, at, depth).visit(deepcopy(one)) for one in wanted)
        names = {node.id for one in wanted for node in ast.walk(one) if isinstance(node, ast.Name)}
        if not names:
            yield from product(*(_words(one) for one in wanted))
            return
        for call in self._callers(at):
            given = _bound(at.function, call.node)
            below = tuple(_Given(given).visit(deepcopy(one)) for one in wanted)
            yield from self._values(below, call, depth + 1)

    def value_of(self, node: ast.expr, at: Part, depth: int) -> list[str]:
        """Return what an attribute, a call or an entry of a TOML table may be."""
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            return sorted(set(re.findall(rf'^{node.slice.value} = "([^"]*)"', self._tables, re.MULTILINE)))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            called = self._functions(node.func.id, at)
            assert called, f"{at.module.name}:{node.lineno}: {node.func.id} is not of this module"
            return [value for one in called for value in self._returned(one, depth)]
        if isinstance(node, ast.Attribute):
            return [] if ast.unparse(node) in _COPIES else self._attribute(node, at, depth)
        raise AssertionError(f"{at.module.name}:{node.lineno}: cannot follow {ast.unparse(node)}")

    def _returned(self, function: Part, depth: int) -> list[str]:
        assert isinstance(function.node, _FUNCTIONS)
        inside = Part(function.node, function.node, function.owner, function.module)
        returns = [node.value for node in ast.walk(function.node) if isinstance(node, ast.Return) and node.value]
        return [value for one in returns for (value,) in self._values((one,), inside, depth + 1)]

    def _attribute(self, node: ast.Attribute, at: Part, depth: int) -> list[str]:
        """Return what a property gives, or what the objects of a class were made with."""
        owner = self._class_of(node.value, at)
        made = [one for one in self._parts if isinstance(one.node, ast.ClassDef) and one.node.name == owner]
        assert made, f"{at.module.name}:{node.lineno}: of which class is {ast.unparse(node)}?"
        body = made[0].node.body  # type: ignore[attr-defined]
        for one in body:
            if isinstance(one, _FUNCTIONS) and one.name == node.attr:
                return self._returned(Part(one, one, owner, made[0].module), depth)
        fields = [one for one in body if isinstance(one, ast.AnnAssign)]
        names = [one.target.id for one in fields if isinstance(one.target, ast.Name)]
        default = next((one.value for one, name in zip(fields, names, strict=True) if name == node.attr), None)
        found = [] if default is None else [value for (value,) in self._values((default,), made[0], depth + 1)]
        for call in self._calls(owner):
            given = _arguments(call.node, names).get(node.attr)
            found += [value for (value,) in self._values((given,), call, depth + 1)] if given is not None else []
        return found

    def _class_of(self, node: ast.expr, at: Part) -> str:
        if not isinstance(node, ast.Name) or at.function is None:
            return ""
        arguments = at.function.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        noted = next((one.annotation for one in every if one.arg == node.id), None)
        return at.owner if node.id == "self" else ast.unparse(noted) if noted is not None else ""

    @cached_property
    def _by_name(self) -> dict[str, list[Part]]:
        """The calls, by the last name of what is called."""
        found: dict[str, list[Part]] = {}
        for part in self._parts:
            if isinstance(part.node, ast.Call):
                called = part.node.func
                name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
                found.setdefault(name, []).append(part)
        return found

    def _calls(self, name: str) -> list[Part]:
        return self._by_name.get(name, [])

    def _callers(self, at: Part) -> list[Part]:
        """Return who calls a function; one whose name begins with an underscore is called in its module only."""
        assert at.function is not None
        name = at.function.name
        return [one for one in self._calls(name) if not name.startswith("_") or one.module == at.module]

    def _functions(self, name: str, at: Part) -> list[Part]:
        named = [one for one in self._parts if isinstance(one.node, _FUNCTIONS) and one.node.name == name]
        return [one for one in named if one.module == at.module]


class _Here(ast.NodeTransformer):
    """Puts values in the place of all that is known where an expression stands, so that constants and parameters are left."""

    def __init__(self, code: Code, at: Part, depth: int) -> None:
        self._code, self._at, self._depth = code, at, depth
        self._assigned: dict[str, list[ast.expr]] = {}
        self._parameters = _parameters(at.function) if at.function is not None else []
        for node in ast.walk(at.function) if at.function is not None else ():
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    self._pair(target, node.value)
            elif isinstance(node, ast.AnnAssign) and node.value is not None:
                self._pair(node.target, node.value)
            elif isinstance(node, ast.For) and isinstance(node.iter, (ast.Tuple, ast.List)):
                for value in node.iter.elts:
                    self._pair(node.target, value)

    def _pair(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self._assigned.setdefault(target.id, []).append(value)
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for one, its in zip(target.elts, value.elts, strict=True):
                self._pair(one, its)

    def visit_Name(self, node: ast.Name) -> ast.expr:
        values = self._assigned.get(node.id)
        if values:
            return _any_of([self.visit(deepcopy(value)) for value in values])
        assert node.id in self._parameters, f"{self._at.module.name}:{node.lineno}: what is {node.id}?"
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        """Keep a test of a parameter, which the caller may settle; of any other both ways count."""
        is_simple = isinstance(node.test, ast.Name) or (
            isinstance(node.test, ast.Compare) and isinstance(node.test.left, ast.Name)
        )
        names = [one.id for one in ast.walk(node.test) if isinstance(one, ast.Name)]
        is_passed_on = is_simple and all(name in self._parameters for name in names)
        node.test = node.test if is_passed_on or _truth(node.test) is not None else ast.Constant(None)
        node.body, node.orelse = self.visit(node.body), self.visit(node.orelse)
        return node

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, (ast.Attribute, ast.Call, ast.Subscript)):
            return _any_of([ast.Constant(word) for word in self._code.value_of(node, self._at, self._depth)])
        return super().visit(node)


class _Given(ast.NodeTransformer):
    """Puts what a caller gives in the place of a parameter."""

    def __init__(self, given: dict[str, ast.expr]) -> None:
        self._given = given

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return deepcopy(self._given.get(node.id, node))


def _words(node: ast.expr) -> list[str]:
    """Return what an expression of constants may be."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.FormattedValue) else part for part in node.values]
        return ["".join(words) for words in product(*(_words(part) for part in parts))]
    assert isinstance(node, ast.IfExp), ast.unparse(node)
    truth = _truth(node.test)
    chosen = [node.body, node.orelse] if truth is None else [node.body if truth else node.orelse]
    return [word for one in chosen for word in _words(one)]


def _any_of(values: list[ast.expr]) -> ast.expr:
    whole = values[0] if values else ast.Constant(None)
    for value in values[1:]:
        whole = ast.IfExp(test=ast.Constant(None), body=whole, orelse=value)
    return whole


def _truth(test: ast.expr) -> bool | None:
    """Return what a test comes to; None where it may be either. The constant None is no test, but a choice of ours."""
    if isinstance(test, ast.Constant) and isinstance(test.value, bool):
        return test.value
    sides = [test.left, *test.comparators] if isinstance(test, ast.Compare) else []
    if len(sides) == 2 and all(isinstance(side, ast.Constant) for side in sides) and isinstance(test.ops[0], ast.Eq):
        return sides[0].value == sides[1].value
    return None


def _parts(node: ast.AST, function: ast.FunctionDef | None, owner: str, module: Path) -> Iterator[Part]:
    yield Part(node, function, owner, module)
    inner = node if isinstance(node, _FUNCTIONS) else function
    named = node.name if isinstance(node, ast.ClassDef) else owner
    for child in ast.iter_child_nodes(node):
        yield from _parts(child, inner, named, module)


def _parameters(function: ast.FunctionDef) -> list[str]:
    arguments = function.args
    return [one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]


def _arguments(call: ast.Call, names: list[str]) -> dict[str, ast.expr]:
    return {**dict(zip(names, call.args, strict=False)), **{word.arg: word.value for word in call.keywords if word.arg}}


def _bound(function: ast.FunctionDef, call: ast.Call) -> dict[str, ast.expr]:
    """Return what each parameter gets in a call, defaults included."""
    arguments = function.args
    positional = [one.arg for one in (*arguments.posonlyargs, *arguments.args)]
    defaults = dict(zip(reversed(positional), reversed(arguments.defaults), strict=False))
    defaults |= {
        one.arg: value for one, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if value
    }
    return {**defaults, **_arguments(call, [name for name in positional if name != "self"])}

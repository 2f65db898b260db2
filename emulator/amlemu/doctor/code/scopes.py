"""
Where a name comes from: the scopes of one module, which names each binds, and which it reads.

Python's own rules (functions, classes, comprehensions, `global`, `nonlocal`), without running or compiling anything, and without
recursion: a script may nest as deep as it likes. `names.py` asks which names are bound nowhere.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from amlemu.doctor.code.syntax import is_main_guard

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_OPENERS = ("exec", "globals", "vars", "locals", "__builtins__", "global_enum")
_EXCUSES = ("version_info", "PY2", "PY3", "globals", "TYPE_CHECKING", "hasattr", "python_version")


@dataclass(eq=False)
class Scope:
    """
    One scope.

    Attributes:
        node: module, function, lambda, class or comprehension.
        bound: nodes that give a name a value here, by name, in no order.
        loads: where names are read here; not where an excuse stands around it, such as `except NameError`.
        declared: names that `global` sends to the module.
        outer: names that `nonlocal` sends to a function around.
    """

    node: ast.AST
    parent: Scope | None = None
    bound: dict[str, list[ast.AST]] = field(default_factory=dict)
    loads: list[ast.Name] = field(default_factory=list)
    declared: set[str] = field(default_factory=set)
    outer: set[str] = field(default_factory=set)
    children: list[Scope] = field(default_factory=list)
    annotated: set[str] = field(default_factory=set)

    @property
    def is_module(self) -> bool:
        return self.parent is None

    def with_inner(self) -> Iterator[Scope]:
        """Yield this scope and all inside it."""
        stack = [self]
        while stack:
            scope = stack.pop()
            yield scope
            stack.extend(scope.children)

    def home_of(self, name: str) -> Scope:
        """Return the scope that a name belongs to when it is read here; the module for globals, builtins and the unknown."""
        scope, is_first = self, True
        while scope.parent is not None:
            if name in scope.declared:
                break
            is_seen = is_first or not isinstance(scope.node, ast.ClassDef)
            is_own = (name in scope.bound or name in scope.annotated) and name not in scope.outer
            if is_seen and is_own:
                return scope
            scope, is_first = scope.parent, False
        while scope.parent is not None:
            scope = scope.parent
        return scope


@dataclass(eq=False)
class Module:
    """
    All scopes of a module.

    Attributes:
        top: the module's own scope.
        given: names that functions give to the module with `global`, and the nodes that do.
        guarded: names bound only below `if __name__ == "__main__":`.
        asked: names for which `except NameError` stands somewhere.
        is_open: a star import, exec() or globals() may bind names that cannot be seen.
        stars: modules of star imports.
    """

    top: Scope
    given: dict[str, list[ast.AST]] = field(default_factory=dict)
    guarded: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    is_open: bool = False
    stars: list[str] = field(default_factory=list)

    def defines(self, name: str) -> bool:
        """Tell whether the module, or a function on its behalf, binds a name."""
        return name in self.top.bound or name in self.given

    def definition(self, name: str) -> Scope | None:
        """Return the scope of the last function or class of this name at the module's level."""
        return self._definitions.get(name)

    @cached_property
    def _definitions(self) -> dict[str, Scope]:
        return {getattr(scope.node, "name", ""): scope for scope in self.top.children}


@lru_cache(maxsize=32)  # several checks ask for the same few files
def read_scopes(tree: ast.Module) -> Module:
    """Return the scopes of a module."""
    return _Reader(tree).read()


class _Reader:
    """Goes through the tree with a stack of nodes, each with its scope and whether an excuse stands around it."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._module = Module(Scope(tree))
        self._stack: list[tuple[ast.AST, Scope, bool]] = []
        futures = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
        self._is_lazy = any(alias.name == "annotations" for node in futures for alias in node.names)

    def read(self) -> Module:
        top = self._module.top
        self._push(self._tree.body, top, is_excused=False)
        while self._stack:
            node, scope, is_excused = self._stack.pop()
            visit = getattr(self, f"_visit_{type(node).__name__.lower()}", self._visit_other)
            visit(node, scope, is_excused)
        for scope in top.with_inner():
            for name in scope.declared & scope.bound.keys() if scope is not top else ():
                self._module.given.setdefault(name, []).extend(scope.bound.pop(name))
            scope.loads.sort(key=lambda load: (load.lineno, load.col_offset))
        return self._module

    def _push(self, nodes: Sequence[ast.AST], scope: Scope, *, is_excused: bool) -> None:
        self._stack.extend((node, scope, is_excused) for node in reversed(nodes))

    def _bind(self, name: str, node: ast.AST, scope: Scope) -> None:
        scope.bound.setdefault(name, []).append(node)

    def _open(self, node: ast.AST, scope: Scope) -> Scope:
        inner = Scope(node, scope)
        scope.children.append(inner)
        return inner

    def _visit_other(self, node: ast.AST, scope: Scope, is_excused: bool) -> None:
        self._push(list(ast.iter_child_nodes(node)), scope, is_excused=is_excused)

    def _visit_name(self, node: ast.Name, scope: Scope, is_excused: bool) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._bind(node.id, node, scope)
        elif node.id in _OPENERS:
            self._module.is_open = self._module.is_open or node.id not in ("vars", "locals") or scope.is_module
        elif not is_excused:
            scope.loads.append(node)

    def _visit_augassign(self, node: ast.AugAssign, scope: Scope, is_excused: bool) -> None:
        if isinstance(node.target, ast.Name):
            self._bind(node.target.id, node, scope)
            read = ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target)
            self._push([read], scope, is_excused=is_excused)
        else:
            self._push([node.target], scope, is_excused=is_excused)
        self._push([node.value], scope, is_excused=is_excused)

    def _visit_annassign(self, node: ast.AnnAssign, scope: Scope, is_excused: bool) -> None:
        if isinstance(node.target, ast.Name) and node.value is None:
            scope.annotated.add(node.target.id)  # it has no value yet
        else:
            self._push([node.target], scope, is_excused=is_excused)
        if node.value is not None:
            self._push([node.value], scope, is_excused=is_excused)
        is_read = scope.is_module or isinstance(scope.node, ast.ClassDef)
        if is_read and not self._is_lazy:
            self._push([node.annotation], scope, is_excused=is_excused)

    def _visit_namedexpr(self, node: ast.NamedExpr, scope: Scope, is_excused: bool) -> None:
        target = scope
        while isinstance(target.node, _COMPREHENSIONS) and target.parent is not None:
            target = target.parent
        self._bind(node.target.id, node, target)
        self._push([node.value], scope, is_excused=is_excused)

    def _visit_global(self, node: ast.Global, scope: Scope, is_excused: bool) -> None:
        scope.declared.update(node.names)

    def _visit_nonlocal(self, node: ast.Nonlocal, scope: Scope, is_excused: bool) -> None:
        scope.outer.update(node.names)

    def _visit_import(self, node: ast.Import, scope: Scope, is_excused: bool) -> None:
        for alias in node.names:
            self._bind(alias.asname or alias.name.partition(".")[0], node, scope)

    def _visit_importfrom(self, node: ast.ImportFrom, scope: Scope, is_excused: bool) -> None:
        for alias in node.names:
            if alias.name == "*":
                self._module.stars.append(f"{'.' * node.level}{node.module or ''}")
            else:
                self._bind(alias.asname or alias.name, node, scope)

    def _visit_excepthandler(self, node: ast.ExceptHandler, scope: Scope, is_excused: bool) -> None:
        if node.name:
            self._bind(node.name, node, scope)
        self._visit_other(node, scope, is_excused)

    def _visit_matchas(self, node: ast.MatchAs | ast.MatchStar, scope: Scope, is_excused: bool) -> None:
        if node.name:
            self._bind(node.name, node, scope)
        self._visit_other(node, scope, is_excused)

    _visit_matchstar = _visit_matchas

    def _visit_matchmapping(self, node: ast.MatchMapping, scope: Scope, is_excused: bool) -> None:
        if node.rest:
            self._bind(node.rest, node, scope)
        self._visit_other(node, scope, is_excused)

    def _visit_if(self, node: ast.If, scope: Scope, is_excused: bool) -> None:
        if scope.is_module and is_main_guard(node.test):
            inner = _Reader(ast.Module(body=node.body, type_ignores=[])).read()
            self._module.guarded |= inner.top.bound.keys()
            self._push(node.orelse, scope, is_excused=is_excused)
            return
        is_excuse = any(_word(part) in _EXCUSES for part in ast.walk(node.test))
        self._push([node.test], scope, is_excused=is_excused or is_excuse)
        self._push([*node.body, *node.orelse], scope, is_excused=is_excused or is_excuse)

    def _visit_ifexp(self, node: ast.IfExp, scope: Scope, is_excused: bool) -> None:
        is_excuse = any(_word(part) in _EXCUSES for part in ast.walk(node.test))
        self._push([node.test, node.body, node.orelse], scope, is_excused=is_excused or is_excuse)

    def _visit_try(self, node: ast.Try, scope: Scope, is_excused: bool) -> None:
        caught = {_word(part) for handler in node.handlers if handler.type for part in ast.walk(handler.type)}
        if "NameError" in caught:
            self._module.asked |= {_word(part) for statement in node.body for part in ast.walk(statement)}
        is_any = scope.is_module and (not {"Exception", "BaseException"}.isdisjoint(caught) or _has_bare(node))
        self._push(node.body, scope, is_excused=is_excused or is_any or "NameError" in caught)
        # at import an except clause is for another Python, or for a package that is missing
        self._push(node.handlers, scope, is_excused=is_excused or scope.is_module)
        self._push([*node.orelse, *node.finalbody], scope, is_excused=is_excused)

    _visit_trystar = _visit_try

    def _visit_functiondef(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope, is_excused: bool) -> None:
        self._bind(node.name, node, scope)
        inner = self._open(node, scope)
        is_generic = self._bind_type_parameters(node, inner)
        self._push([*node.decorator_list, *_defaults(node.args)], scope, is_excused=is_excused)
        annotations = [part.annotation for part in _parameters(node.args) if part.annotation]
        if not self._is_lazy:
            said = [*annotations, *([node.returns] if node.returns else [])]
            self._push(said, inner if is_generic else scope, is_excused=is_excused)
        self._bind_parameters(node.args, inner)
        self._push(node.body, inner, is_excused=is_excused)

    _visit_asyncfunctiondef = _visit_functiondef

    def _visit_lambda(self, node: ast.Lambda, scope: Scope, is_excused: bool) -> None:
        inner = self._open(node, scope)
        self._push(_defaults(node.args), scope, is_excused=is_excused)
        self._bind_parameters(node.args, inner)
        self._push([node.body], inner, is_excused=is_excused)

    def _visit_classdef(self, node: ast.ClassDef, scope: Scope, is_excused: bool) -> None:
        self._bind(node.name, node, scope)
        inner = self._open(node, scope)
        is_generic = self._bind_type_parameters(node, inner)
        self._push(node.decorator_list, scope, is_excused=is_excused)
        bases = [*node.bases, *(given.value for given in node.keywords)]
        self._push(bases, inner if is_generic else scope, is_excused=is_excused)
        self._push(node.body, inner, is_excused=is_excused)

    def _visit_typealias(self, node: ast.AST, scope: Scope, is_excused: bool) -> None:
        """Python 3.12: `type X = ...`, whose value is read only when somebody asks."""
        name = getattr(node, "name", None)
        if isinstance(name, ast.Name):
            self._bind(name.id, node, scope)

    def _visit_listcomp(
        self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp, scope: Scope, is_excused: bool
    ) -> None:
        inner = self._open(node, scope)
        self._push([node.generators[0].iter], scope, is_excused=is_excused)
        for position, generator in enumerate(node.generators):
            later = [generator.iter] if position else []
            self._push([generator.target, *later, *generator.ifs], inner, is_excused=is_excused)
        made = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        self._push(made, inner, is_excused=is_excused)

    _visit_setcomp = _visit_dictcomp = _visit_generatorexp = _visit_listcomp

    def _bind_parameters(self, arguments: ast.arguments, scope: Scope) -> None:
        for parameter in _parameters(arguments):
            self._bind(parameter.arg, parameter, scope)

    def _bind_type_parameters(self, node: ast.AST, scope: Scope) -> bool:
        parameters = getattr(node, "type_params", [])
        for parameter in parameters:
            self._bind(parameter.name, parameter, scope)
        return bool(parameters)


def _parameters(arguments: ast.arguments) -> list[ast.arg]:
    stars = [part for part in (arguments.vararg, arguments.kwarg) if part is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *stars]


def _defaults(arguments: ast.arguments) -> list[ast.expr]:
    return [*arguments.defaults, *(default for default in arguments.kw_defaults if default is not None)]


def _has_bare(node: ast.Try) -> bool:
    return any(handler.type is None for handler in node.handlers)


def _word(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""

"""
What an expression of run() gives, as far as its text shows: a numpy array, JSON text, a response, or nothing that is known.

`kinds.toml` has the tables. Only what json.dumps refuses, or what is JSON already, has a kind; `returns.py` asks. A doubt is answered
with None: wrong guesses would be alarms about good scripts.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from amlemu.doctor.code import classes
from amlemu.doctor.code.assignments import Assignments, tests_types
from amlemu.doctor.code.entry import Function, find
from amlemu.doctor.code.model_names import Word, place_of, read_models
from amlemu.doctor.code.syntax import dotted, imported_names, is_generator, returns, text
from amlemu.doctor.subject import Source

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_DEEPEST = 12  # expressions within expressions, names behind names
_MOST_CALLS = 3  # functions that call functions
_MOST_LOOKS = 20_000  # a text made to be followed for ever is followed for a while
_ENCODINGS = ("utf-8", "utf8", "ascii", "latin-1", "utf-16")
_PLAIN_BASES = ("object", "ABC", "BaseModel", "Generic", "Protocol")


@dataclass(frozen=True)
class Kind:
    """
    What a value is.

    Attributes:
        key: its name in kinds.toml.
        is_sure: whether it is certainly so.
        node: the expression that gives it.
    """

    key: str
    node: ast.AST
    is_sure: bool = True

    @property
    def what(self) -> str:
        """In words: `a numpy array`."""
        return str(_tables()["kinds"][self.key]["what"])

    @property
    def fix(self) -> str:
        """What makes JSON of it."""
        return str(_tables()["kinds"][self.key]["fix"])


@cache
def _tables() -> Mapping[str, Any]:
    tables: dict[str, Any] = tomllib.loads(Path(__file__).with_name("kinds.toml").read_text(encoding="utf-8"))
    return tables


@cache
def _calls() -> dict[str, str]:
    return {name: key for key, names in _tables()["calls"].items() for name in names}


def models_of(tree: ast.Module) -> dict[str, Word]:
    """Return the names of a script that hold a model whose predict() gives numpy arrays."""
    return read_models(tree, imported_names(tree), _tables()["models"])


def predicting_methods() -> tuple[str, ...]:
    """Return the methods of such models that take rows and give an array."""
    return tuple(_tables()["models"]["methods"])


@dataclass
class Kinds:
    """
    The kinds of one function's expressions.

    Attributes:
        siblings: by module, to look into functions that are called.
        given: kinds of parameters, by name.
    """

    function: Function
    siblings: dict[str, Source]
    given: dict[str, str] = field(default_factory=dict)
    depth: int = 0

    def __post_init__(self) -> None:
        """Read what the file imports, and what its models are."""
        tree = self.function.source.tree
        self.imported = imported_names(tree) if tree else {}
        self.models = models_of(tree) if tree else {}
        self.assignments = Assignments(self.function.node)
        self._looks_left = _MOST_LOOKS

    def of(self, node: ast.AST | None, depth: int = 0) -> Kind | None:
        """Return the kind of an expression; of a dict or list, that of the first value in it that has one."""
        self._looks_left -= 1
        if node is None or depth > _DEEPEST or self._looks_left < 0:
            return None
        ask = getattr(self, f"_of_{type(node).__name__.lower()}", None)
        found: Kind | None = ask(node, depth + 1) if ask else None
        return found

    def _of_constant(self, node: ast.Constant, depth: int) -> Kind | None:
        if isinstance(node.value, bytes):
            return Kind("bytes", node)
        return Kind("complex", node) if isinstance(node.value, complex) else None

    def _of_set(self, node: ast.expr, depth: int) -> Kind:
        return Kind("set", node)

    _of_setcomp = _of_set

    def _of_generatorexp(self, node: ast.expr, depth: int) -> Kind:
        return Kind("iterator", node)

    def _of_dict(self, node: ast.Dict, depth: int) -> Kind | None:
        tuples = [key for key in node.keys if isinstance(key, ast.Tuple)]
        if tuples:
            return Kind("tuple_key", tuples[0])
        return self._first(node.values, depth)

    def _of_list(self, node: ast.List | ast.Tuple, depth: int) -> Kind | None:
        return self._first(node.elts, depth)

    _of_tuple = _of_list

    def _of_listcomp(self, node: ast.ListComp, depth: int) -> Kind | None:
        return self._first([node.elt], depth) if not tests_types(node) else None

    def _of_dictcomp(self, node: ast.DictComp, depth: int) -> Kind | None:
        return self._first([node.value], depth) if not tests_types(node) else None

    def _first(self, values: list[ast.expr], depth: int) -> Kind | None:
        """Return the first kind that json.dumps refuses; JSON text in a dict is text."""
        kinds = (self.of(value, depth) for value in values)
        return next((kind for kind in kinds if kind and kind.key not in ("json", "response")), None)

    def _of_ifexp(self, node: ast.IfExp, depth: int) -> Kind | None:
        if tests_types(node.test):
            return None
        return self.of(node.body, depth) or self.of(node.orelse, depth)

    def _of_boolop(self, node: ast.BoolOp, depth: int) -> Kind | None:
        return self.of(node.values[-1], depth)

    def _of_await(self, node: ast.Await, depth: int) -> None:
        return None

    def _of_binop(self, node: ast.BinOp, depth: int) -> Kind | None:
        for side in (node.left, node.right):
            kind = self.of(side, depth)
            if (
                kind
                and kind.key in ("array", "frame", "tensor", "prediction")
                and not isinstance(side, (ast.List, ast.Tuple, ast.Dict))
            ):
                return replace(kind, node=node)
        return None

    def _of_namedexpr(self, node: ast.NamedExpr, depth: int) -> Kind | None:
        return self.of(node.value, depth)

    def _of_name(self, node: ast.Name, depth: int) -> Kind | None:
        if self.assignments.handler_of(node) is not None:
            return Kind("exception", node)
        values = self.assignments.values(node.id, node)
        if values is None or self.assignments.is_tested(node.id):
            return None
        if not values and node.id in self.given:
            return Kind(self.given[node.id], node)
        known = [kind for kind in (self.of(value, depth) for value in values) if kind is not None]
        if not known:
            return self._first(self.assignments.items(node.id, node), depth)
        text = next((kind for kind in known if kind.key == "json"), None)
        return text or (known[-1] if len(known) == len(values) else None)

    def _of_subscript(self, node: ast.Subscript, depth: int) -> Kind | None:
        kind = self.of(node.value, depth)
        if kind is None or isinstance(node.value, (ast.List, ast.Tuple, ast.Dict)):
            return None
        has_slice = any(isinstance(part, ast.Slice) for part in (node.slice, *getattr(node.slice, "elts", ())))
        if kind.key in ("array", "prediction", "tensor") and has_slice:
            return replace(kind, node=node)
        if kind.key == "frame" and (text(node.slice) is not None or isinstance(node.slice, ast.List)):
            return replace(kind, node=node)
        is_row = kind.key == "prediction" and getattr(getattr(kind.node, "func", None), "attr", "") == "predict_proba"
        if is_row and isinstance(node.slice, ast.Constant):
            return replace(kind, key="array", node=node)
        if kind.key == "arrays" and isinstance(node.slice, ast.Constant) and node.slice.value == 0:
            return Kind("array", node)
        return None

    def _of_attribute(self, node: ast.Attribute, depth: int) -> Kind | None:
        kind = self.of(node.value, depth)
        if kind is None:
            return None
        if kind.key == "request" and node.attr == "data":
            return Kind("bytes", node)
        if kind.key == "frame" and node.attr == "values":
            return Kind("array", node)
        return replace(kind, node=node) if node.attr in _tables()["keeps"].get(kind.key, ()) else None

    def _of_call(self, node: ast.Call, depth: int) -> Kind | None:
        name = dotted(node.func, self.imported)
        is_own = isinstance(node.func, ast.Name) and node.func.id not in self.imported
        if is_own and isinstance(node.func, ast.Name):
            inside = self._of_own_call(node.func.id, node)
            if inside is not _NOT_OURS:
                return inside if isinstance(inside, Kind) else None
        theirs = self._of_sibling(node)
        if theirs is not None:
            return _kind_of_result(theirs, node, self) if self.depth <= _MOST_CALLS else None
        if name in _calls():
            return Kind(_calls()[name], node)
        if name in _tables()["elementwise"]["names"]:
            inner = self.of(node.args[0], depth) if node.args else None
            return replace(inner, node=node) if inner is not None and inner.key in ("array", "prediction") else None
        if name == "str" and len(node.args) == 1:
            inner = self.of(node.args[0], depth)
            return replace(inner, node=node) if inner is not None and inner.key == "json" else None
        if name in ("list", "tuple", "sorted") or name.endswith(("jsonable_encoder",)):
            return None
        if name == "dict":
            return self._first([given.value for given in node.keywords], depth)
        return self._of_method(node, depth) if isinstance(node.func, ast.Attribute) else None

    def _of_own_call(self, name: str, node: ast.Call) -> Kind | object | None:
        """Look into a function, or class, of the script."""
        source = self.function.source
        if source.tree is None or self.depth > _MOST_CALLS:
            return None
        for statement in source.tree.body:
            if isinstance(statement, ast.ClassDef) and statement.name == name:
                return Kind("object", node) if _is_plain_class(statement, self.imported) else None
        found = find(source, name, self.siblings)
        if not isinstance(found, Function):
            found = classes.method(node.func, "__call__", self.function, self.siblings) or found
        if not isinstance(found, Function):
            return _NOT_OURS if found is None else None
        return _kind_of_result(found, node, self)

    def _of_sibling(self, node: ast.Call) -> Function | None:
        """Return the function of another module of the person's that is called: `words.clean(x)`, `clean(x)`."""
        root = node.func
        while isinstance(root, ast.Attribute):
            root = root.value
        is_imported = isinstance(root, ast.Name) and root.id in self.imported
        module, _, name = dotted(node.func, self.imported).rpartition(".")
        if not is_imported or module not in self.siblings:
            return None
        found = find(self.siblings[module], name, self.siblings)
        return found if isinstance(found, Function) else None

    def _of_method(self, node: ast.Call, depth: int) -> Kind | None:
        assert isinstance(node.func, ast.Attribute)
        method, base = node.func.attr, node.func.value
        own = classes.method(base, method, self.function, self.siblings)
        if own is not None:
            return _kind_of_result(own, node, self) if self.depth <= _MOST_CALLS else None
        if method == "encode":
            return Kind("bytes", node) if _is_text_encoding(node) else None
        kind = self.of(base, depth)
        if kind and kind.key == "request":
            return Kind("bytes", node) if method == "get_data" and not node.args and not node.keywords else None
        if kind and kind.key == "array" and method in ("argmax", "argmin"):
            return Kind("integer", node)
        if kind and method in _tables()["keeps"].get(kind.key, ()):
            return replace(kind, node=node)
        model = self.models.get(place_of(base))
        if model is not None:
            return _prediction(model, method, node)
        key = next((key for key, methods in _tables()["methods"].items() if method in methods), None)
        is_bare = not node.args and not node.keywords
        if key == "json":
            is_of_pydantic = method == "model_dump_json" and kind is not None and kind.key == "object"
            is_text = kind is None or kind.key == "frame" or is_of_pydantic
            return Kind("json", node) if not node.args and is_text else None
        return Kind(key, node) if key and is_bare and (kind is None or key in (kind.key, "array")) else None


_NOT_OURS = object()


def _kind_of_result(called: Function, node: ast.Call, asked: Kinds) -> Kind | None:
    """Return the kind of what a function of the script returns."""
    if called.decorators:
        return None
    if isinstance(called.node, ast.AsyncFunctionDef):
        return Kind("coroutine", node)
    if is_generator(called.node):
        return Kind("iterator", node)
    inner = Kinds(called, asked.siblings, depth=asked.depth + 1)
    results = [inner.of(statement.value) for statement in returns(called.node) if statement.value is not None]
    known = [kind for kind in results if kind is not None]
    if any(kind.key == "json" for kind in known):
        return replace(next(kind for kind in known if kind.key == "json"), node=node)
    if known and len(known) == len(results):
        return replace(known[0], node=node)
    return _promised(called, node) if not known else None


def _promised(called: Function, node: ast.Call) -> Kind | None:
    """Return the kind that a function's annotation promises, for what its text does not show; nobody checks it."""
    said = getattr(called.node, "returns", None)
    name = (dotted(said, called.imported) if said is not None else "") or ""
    key = next((key for key, names in _tables()["annotations"].items() if name in names), None)
    return Kind(key, node, is_sure=False) if key else None


def _prediction(model: Word, method: str, node: ast.Call) -> Kind | None:
    if model == "onnx":
        return Kind("arrays", node) if method == "run" else None
    return Kind("prediction", node, is_sure=model == "sure") if method in predicting_methods() else None


def _is_plain_class(node: ast.ClassDef, imported: Mapping[str, str]) -> bool:
    """Tell whether objects of a class are nothing that json.dumps knows."""
    bases = [dotted(base, imported).rpartition(".")[2] for base in node.bases if not isinstance(base, ast.Subscript)]
    has_own_way = any(getattr(statement, "name", "") == "__new__" for statement in node.body)
    return all(base in _PLAIN_BASES for base in bases) and not node.keywords and not has_own_way


def _is_text_encoding(node: ast.Call) -> bool:
    """Tell `"...".encode("utf-8")` from a tokenizer's or a model's encode()."""
    if not node.args and not node.keywords:
        return True
    return (text(node.args[0]) or "").lower() in _ENCODINGS if node.args else False

"""
What run() does with its input: text in a plain run(), converted values under @input_schema, flask's request under @rawhttp.

Contract 4.4, 4.6, 4.11. The parameter is followed into functions of the script that get it as it is. Silent where the script asks
for the type, or tries one way and then the other.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from amlemu.doctor.clouds import failing_call
from amlemu.doctor.code.entry import Function, find, read_entry
from amlemu.doctor.code.kinds import models_of, predicting_methods
from amlemu.doctor.code.schemas import converted_parameters
from amlemu.doctor.code.syntax import ancestors, dotted, own_nodes, parents, text
from amlemu.doctor.subject import Source, Subject
from amlemu.finding import Finding, Place

_DEEPEST = 3  # run(data) -> predict(data) -> clean(data)
_LOADS = ("json.loads", "simplejson.loads", "ujson.loads", "orjson.loads")
# calls that raise when they get JSON text, and what they raise (observed with pandas 3.1, numpy 2.4; older ones alike)
_REFUSE_TEXT = {
    "pandas.DataFrame": "ValueError: DataFrame constructor not properly called!",
    "pandas.DataFrame.from_dict": "AttributeError",
    "pandas.DataFrame.from_records": "TypeError",
    "pandas.json_normalize": "NotImplementedError",
    "dict": "ValueError: dictionary update sequence element #0 has length 1",
    "json.load": "AttributeError: 'str' object has no attribute 'read'",
    "io.BytesIO": "TypeError: a bytes-like object is required, not 'str'",
    "numpy.frombuffer": "TypeError: a bytes-like object is required",
    "torch.tensor": "TypeError: new(): invalid data type 'str'",
    "torch.Tensor": "TypeError: new(): invalid data type 'str'",
    "torch.FloatTensor": "TypeError: new(): invalid data type 'str'",
}
_TAKE_TEXT_WHOLE = ("numpy.array", "numpy.asarray", "pandas.Series")  # they make one value of it, which is never meant
_OF_REQUESTS = ("get_json", "get_data", "json", "data", "files", "form", "args", "headers", "method")


@dataclass(frozen=True)
class _Misuse:
    """A use of the parameter that cannot work, or cannot be meant."""

    line: int
    what: str
    raises: str
    source: Source


@dataclass
class _Use:
    """A function, its parameter that holds the input, and all names that stand for it there."""

    function: Function
    parameter: str
    siblings: Mapping[str, Source]
    names: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Find the other names of the parameter, and where it stops being the input."""
        nodes = list(own_nodes(self.function.node))
        self.above = parents(self.function.node)
        self.names = {self.parameter}
        stores = [
            n for n in nodes if isinstance(n, ast.Name) and n.id == self.parameter and not isinstance(n.ctx, ast.Load)
        ]
        self.until = min((_end_of(store, self.above) for store in stores), default=None)
        for node in nodes:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id in self.names:
                alone = [t.id for t in node.targets if isinstance(t, ast.Name) and _is_stored_once(t.id, nodes)]
                self.names.update(alone)
        self.loads = [
            n for n in nodes if isinstance(n, ast.Name) and n.id in self.names and isinstance(n.ctx, ast.Load)
        ]

    @property
    def is_guarded(self) -> bool:
        """Whether the function asks what the input is."""
        tests = [n for n in own_nodes(self.function.node) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
        asked = [n for n in tests if n.func.id in ("isinstance", "type", "hasattr")]  # type: ignore[attr-defined]
        return any(isinstance(part, ast.Name) and part.id in self.names for test in asked for part in ast.walk(test))

    def is_still_input(self, load: ast.Name) -> bool:
        """Tell whether the name has not got another value before this place, as the text goes."""
        return self.until is None or (load.lineno, load.col_offset) < self.until

    def is_tried(self, load: ast.Name) -> bool:
        """Tell whether an except clause takes the input another way, should this fail."""
        tries = [n for n in ancestors(load, self.above) if isinstance(n, ast.Try)]
        clauses = [part for t in tries for handler in t.handlers for part in ast.walk(handler)]
        return any(isinstance(part, ast.Name) and part.id in self.names for part in clauses)


def check_inputs(subject: Subject) -> Iterator[Finding]:
    """Yield uses of run()'s input as something that it is not: one finding, at the first."""
    entry = read_entry(subject)
    run = entry.plain_run if entry else None
    if entry is None or run is None or not run.parameters:
        return
    siblings = {sibling.module: sibling for sibling in subject.siblings}
    if entry.style == "text":
        yield from _of_text(run, siblings, subject)
    elif entry.style == "schema":
        for parameter, what in converted_parameters(run).items():
            yield from _parsed_again(_Use(run, parameter, siblings), what, subject)
    elif entry.style == "raw":
        use = _Use(run, run.parameters[0], siblings)
        yield from _parsed_again(use, "the request", subject)
        yield from _request_as_dict(use, subject)


def _of_text(run: Function, siblings: Mapping[str, Source], subject: Subject) -> Iterator[Finding]:
    misuses = sorted(_misuses(_Use(run, run.parameters[0], siblings), 0), key=lambda misuse: not misuse.raises)
    if not misuses:
        return
    first = misuses[0]
    parameter = run.parameters[0]
    place = Place(first.source.path, first.line)
    if first.what.startswith("."):
        yield _as_request(first, parameter, place, subject)
        return
    fix = f"Parse it first: `{parameter} = json.loads({parameter})`; or decorate run() with @input_schema."
    if first.what.startswith("json.load("):
        fix = f"Write json.loads({parameter}): json.load() reads files."
    ending = f", so each call raises {first.raises}" if first.raises else ", which takes the whole text for one value"
    cause = f"run() gets the body as text, a str, and uses it as if it were parsed: {first.what}{ending}"
    if first.raises:
        yield Finding("error", "input-not-parsed", cause, place, failing_call(subject), fix)
    else:
        yield Finding("warning", "input-not-parsed", cause, place, None, fix)


def _as_request(misuse: _Misuse, parameter: str, place: Place, subject: Subject) -> Finding:
    use = f"{parameter}{misuse.what}"
    cause = f"run() gets the body as text, a str, and uses it as a request: {use} raises {misuse.raises} at each call"
    fix = "Decorate run() with @rawhttp of azureml.contrib.services.aml_request, or use the text: json.loads(...)."
    return Finding("error", "input-not-a-request", cause, place, failing_call(subject), fix)


def _misuses(use: _Use, depth: int) -> Iterator[_Misuse]:
    if use.is_guarded or depth > _DEEPEST:
        return
    for load in use.loads:
        if use.is_still_input(load) and not use.is_tried(load):
            yield from _misuse_of(load, use)
            yield from _misuses_inside(load, use, depth)


def _misuse_of(load: ast.Name, use: _Use) -> Iterator[_Misuse]:
    user = use.above.get(load)
    source, line = use.function.source, load.lineno
    if isinstance(user, ast.Attribute) and not hasattr(str, user.attr):
        raises = f"AttributeError: 'str' object has no attribute '{user.attr}'"
        is_request = user.attr in _OF_REQUESTS
        what = f".{user.attr}" if is_request else f"{load.id}.{user.attr}"
        yield _Misuse(line, what, raises, source)
    elif isinstance(user, ast.Subscript) and user.value is load:
        key = _text_key(user, use.above)
        if key is not None:
            yield _Misuse(line, f"{load.id}{key}", "TypeError: string indices must be integers", source)
    elif isinstance(user, ast.keyword) and user.arg is None:
        yield _Misuse(line, f"**{load.id}", "TypeError: argument after ** must be a mapping, not str", source)
    elif isinstance(user, ast.Call) and load in user.args[:1]:
        name = dotted(user.func, use.function.imported)
        if name in _REFUSE_TEXT:
            yield _Misuse(line, f"{ast.unparse(user.func)}({load.id})", _REFUSE_TEXT[name], source)
        elif name in _TAKE_TEXT_WHOLE or _is_prediction(user, use):
            yield _Misuse(line, f"{ast.unparse(user.func)}({load.id})", "", source)
    elif isinstance(user, (ast.For, ast.comprehension)) and user.iter is load and _is_row(user, use):
        yield _Misuse(
            line, f"for {ast.unparse(user.target)} in {load.id}", "TypeError: string indices must be integers", source
        )


def _text_key(user: ast.Subscript, above: Mapping[ast.AST, ast.AST]) -> str | None:
    """Return the indices as written, if one of them cannot be an index of text: `["data"]`, `[0]["x"]`, `[:, 1]`."""
    node: ast.AST | None = user
    written = ""
    while isinstance(node, ast.Subscript):
        written += f"[{ast.unparse(node.slice)}]"
        if text(node.slice) is not None or isinstance(node.slice, ast.Tuple):
            return written
        node = above.get(node)
    return None


def _is_prediction(call: ast.Call, use: _Use) -> bool:
    """Tell whether the text goes to predict() of a model that takes rows of numbers, or a list of texts."""
    tree = use.function.source.tree
    is_method = isinstance(call.func, ast.Attribute) and call.func.attr in predicting_methods()
    return is_method and tree is not None and dotted(call.func, {}).rpartition(".")[0] in models_of(tree)


def _is_row(user: ast.For | ast.comprehension, use: _Use) -> bool:
    """Tell whether a loop takes its variable for a dict: characters have no keys."""
    if not isinstance(user.target, ast.Name):
        return False
    scope = use.above.get(user, user) if isinstance(user, ast.comprehension) else user
    for node in ast.walk(scope):
        value = node.value if isinstance(node, (ast.Subscript, ast.Attribute)) else None
        if isinstance(value, ast.Name) and value.id == user.target.id:
            is_key = isinstance(node, ast.Subscript) and text(node.slice) is not None
            is_method = isinstance(node, ast.Attribute) and not hasattr(str, node.attr)
            if is_key or is_method:
                return True
    return False


def _misuses_inside(load: ast.Name, use: _Use, depth: int) -> Iterator[_Misuse]:
    """Follow the input into a function of the script that gets it as it is."""
    call = use.above.get(load)
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or load not in call.args:
        return
    found = find(use.function.source, call.func.id, dict(use.siblings))
    if isinstance(found, Function) and not found.decorators and found.node is not use.function.node:
        position = call.args.index(load)
        names = [part.arg for part in (*found.node.args.posonlyargs, *found.node.args.args)]
        if position < len(names) and not any(isinstance(argument, ast.Starred) for argument in call.args):
            yield from _misuses(_Use(found, names[position], use.siblings), depth + 1)


def _parsed_again(use: _Use, what: str, subject: Subject) -> Iterator[Finding]:
    for load in use.loads:
        call = use.above.get(load)
        if not isinstance(call, ast.Call) or load not in call.args[:1] or use.is_guarded or use.is_tried(load):
            continue
        if dotted(call.func, use.function.imported) in _LOADS and use.is_still_input(load):
            cause = f"run() gets {load.id} as {what}, and passes it to json.loads(), which takes text only: each call raises TypeError"
            is_request = what == "the request"
            fix = (
                f"Write {load.id}.get_json(), or json.loads({load.id}.get_data())."
                if is_request
                else f"Use {load.id} as it is: the decorator has converted it."
            )
            place = use.function.source.at(load)
            yield Finding("error", "input-parsed-already", cause, place, failing_call(subject), fix)
            return


def _request_as_dict(use: _Use, subject: Subject) -> Iterator[Finding]:
    for load in use.loads:
        user = use.above.get(load)
        if isinstance(user, ast.Subscript) and user.value is load and use.is_still_input(load) and not use.is_guarded:
            cause = f"run() is called with the request, and {ast.unparse(user)} takes it for a dict: each call raises TypeError"
            fix = f"Write {load.id}.get_json()[...] for a JSON body, {load.id}.args[...] for the query."
            place = use.function.source.at(load)
            yield Finding("error", "request-as-dict", cause, place, failing_call(subject), fix)
            return


def _end_of(store: ast.Name, above: Mapping[ast.AST, ast.AST]) -> tuple[int, int]:
    """Return where the statement that stores a name has ended; of a loop or with, its head."""
    statement = next((node for node in ancestors(store, above) if isinstance(node, ast.stmt)), None)
    if statement is None or isinstance(statement, (ast.For, ast.With, ast.AsyncFor, ast.AsyncWith)):
        return store.lineno, store.col_offset
    return statement.end_lineno or statement.lineno, statement.end_col_offset or 0


def _is_stored_once(name: str, nodes: list[ast.AST]) -> bool:
    return sum(isinstance(n, ast.Name) and n.id == name and not isinstance(n.ctx, ast.Load) for n in nodes) == 1

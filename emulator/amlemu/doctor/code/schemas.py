"""
The decorators of inference-schema and contrib services, held against the function below them: contract 4.6, 4.11, 7.1.

All of it was observed with inference-schema 1.8 under azureml-inference-server-http 1.5.1.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from amlemu.doctor.clouds import failing_call, failing_start
from amlemu.doctor.code.entry import SCHEMAS, Entry, Function, read_entry
from amlemu.doctor.code.syntax import dotted, is_true, keyword, statements_at_import, text
from amlemu.doctor.subject import Subject
from amlemu.finding import CANNOT_IMPORT, CANNOT_INIT, CANNOT_START, Finding

_TYPES = {"NumpyParameterType": "array", "PandasParameterType": "frame"}
_PLAIN = (ast.List, ast.Dict, ast.Tuple, ast.ListComp, ast.JoinedStr)


@dataclass(frozen=True)
class Schema:
    """
    One decorator of a function.

    Attributes:
        word: `input_schema` or `output_schema`.
        call: None where the decorator stands without parentheses.
        parameter: the name it gives; None where it gives none, or no literal.
        type: the call that makes its parameter type, also where a name stands for it.
        type_name: `NumpyParameterType` and the like; empty where that cannot be told.
    """

    word: str
    node: ast.expr
    call: ast.Call | None
    parameter: str | None = None
    type: ast.expr | None = None
    type_name: str = ""

    @property
    def sample(self) -> ast.expr | None:
        """The sample that the type is made of."""
        if not isinstance(self.type, ast.Call):
            return None
        return self.type.args[0] if self.type.args else keyword(self.type, "sample_input")


def schemas_of(function: Function) -> list[Schema]:
    """Return the inference-schema decorators of a function, outermost first."""
    if isinstance(function.node, ast.Lambda):
        return []
    found = []
    for node in function.node.decorator_list:
        called = node.func if isinstance(node, ast.Call) else node
        word = dotted(called, function.imported).rpartition(".")[2]
        if word in SCHEMAS:
            found.append(_read(word, node, function))
    return found


def parameter_kinds(function: Function) -> dict[str, str]:
    """Return which parameters arrive as numpy arrays and data frames, in the words of kinds.toml."""
    known = [schema for schema in schemas_of(function) if schema.type_name in _TYPES and schema.parameter]
    return {schema.parameter or "": _TYPES[schema.type_name] for schema in known}


def converted_parameters(function: Function) -> dict[str, str]:
    """Return the parameters that certainly do not arrive as text, and what they arrive as."""
    found = {}
    for schema in schemas_of(function):
        if schema.word == "input_schema" and schema.parameter:
            if schema.type_name in _TYPES:
                found[schema.parameter] = "a numpy array" if schema.type_name == "NumpyParameterType" else "a DataFrame"
            elif schema.type_name == "StandardPythonParameterType" and isinstance(schema.sample, (ast.List, ast.Dict)):
                found[schema.parameter] = "a list" if isinstance(schema.sample, ast.List) else "a dict"
    return found


def check_schemas(subject: Subject) -> Iterator[Finding]:
    """Yield the decorators that stop the server, or fail each call."""
    entry = read_entry(subject)
    if entry is None:
        return
    if isinstance(entry.init, Function):
        yield from _of_init(entry.init, subject)
    if isinstance(entry.run, Function):
        schemas = schemas_of(entry.run)
        yield from _raw_as_well(entry, schemas, subject)
        outputs = [schema for schema in schemas if schema.word == "output_schema"]
        if len(outputs) > 1:
            yield _twice(outputs[0], entry.run, subject)
        for schema in schemas:
            yield from _of_decorator(schema, entry.run, subject)


def _read(word: str, node: ast.expr, function: Function) -> Schema:
    if not isinstance(node, ast.Call):
        return Schema(word, node, None)
    is_input = word == "input_schema"
    name = (node.args[0] if node.args else keyword(node, "param_name")) if is_input else None
    position = 1 if is_input else 0
    given = (
        node.args[position] if len(node.args) > position else keyword(node, "param_type" if is_input else "output_type")
    )
    made = _value_of(given, function)
    type_name = dotted(made.func, function.imported).rpartition(".")[2] if isinstance(made, ast.Call) else ""
    return Schema(word, node, node, text(_value_of(name, function)), made, type_name)


def _value_of(node: ast.expr | None, function: Function) -> ast.expr | None:
    """Return what a module's name stands for, if exactly one assignment says so."""
    if not isinstance(node, ast.Name) or function.source.tree is None:
        return node
    stores = [
        part
        for part in ast.walk(function.source.tree)
        if isinstance(part, ast.Name) and part.id == node.id and not isinstance(part.ctx, ast.Load)
    ]
    assigned = [
        statement.value
        for statement in statements_at_import(function.source.tree)
        if isinstance(statement, ast.Assign) and any(target in stores for target in statement.targets)
    ]
    return assigned[0] if len(stores) == len(assigned) == 1 else node


def _of_init(init: Function, subject: Subject) -> Iterator[Finding]:
    for schema in schemas_of(init):
        if schema.word == "input_schema":
            cause = "init() is decorated with @input_schema: the server calls init() without arguments, so it raises, and the server exits with 3"
            place, cloud = init.source.at(schema.node), failing_start(subject, CANNOT_INIT)
            yield Finding("error", "schema-on-init", cause, place, cloud, "Move the decorator to run().")


def _raw_as_well(entry: Entry, schemas: list[Schema], subject: Subject) -> Iterator[Finding]:
    if entry.style == "raw" and schemas and isinstance(entry.run, Function):
        cause = f"run() is decorated with @{schemas[0].word} while the script uses @rawhttp: the server refuses both together, and exits with 3"
        fix = "Keep one: @rawhttp for the request as it is, @input_schema for converted parameters."
        place = entry.run.source.at(schemas[0].node)
        yield Finding("error", "rawhttp-with-schema", cause, place, failing_start(subject, CANNOT_START), fix)


def _twice(schema: Schema, run: Function, subject: Subject) -> Finding:
    cause = "run() has two @output_schema decorators: inference-schema refuses the second, and the script cannot be imported"
    cloud = failing_start(subject, CANNOT_IMPORT)
    return Finding("error", "schema-twice", cause, run.source.at(schema.node), cloud, "Keep one @output_schema.")


def _of_decorator(schema: Schema, run: Function, subject: Subject) -> Iterator[Finding]:
    wrong = _wrong_arguments(schema)
    place = run.source.at(schema.node)
    if wrong:
        example = (
            '@input_schema("data", NumpyParameterType(sample))'
            if schema.word == "input_schema"
            else "@output_schema(type)"
        )
        cause = f"@{schema.word} {wrong}: it raises when the script is imported, and the server exits with 3"
        yield Finding(
            "error", "schema-arguments", cause, place, failing_start(subject, CANNOT_IMPORT), f"Write {example}."
        )
    elif schema.word == "input_schema" and schema.parameter is not None:
        if schema.parameter not in (*run.parameters, "request_headers"):
            yield _unknown_parameter(schema, run, subject)
        yield from _never_converts(schema, run, subject)
        yield from _bad_default(schema, run)


def _wrong_arguments(schema: Schema) -> str:
    call = schema.call
    if call is None:
        return "stands without parentheses"
    if any(isinstance(argument, ast.Starred) for argument in call.args) or any(
        given.arg is None for given in call.keywords
    ):
        return ""
    given = len(call.args) + sum(word.arg in ("param_name", "param_type", "output_type") for word in call.keywords)
    if given < (2 if schema.word == "input_schema" else 1):
        return "lacks the parameter's name or its type" if schema.word == "input_schema" else "lacks its type"
    is_sample = isinstance(schema.type, (*_PLAIN, ast.Constant))
    is_foreign = schema.type_name in ("array", "DataFrame", "asarray", "zeros")
    return "is given a sample where it wants a parameter type made of one" if is_sample or is_foreign else ""


def _unknown_parameter(schema: Schema, run: Function, subject: Subject) -> Finding:
    has = ", ".join(run.parameters) or "none"
    cause = f"@input_schema names the parameter {schema.parameter!r}, which run() does not have (it has {has}), so each call raises"
    fix = (
        f"Give both the same name: @input_schema({run.parameters[0]!r}, ...)."
        if run.parameters
        else "Give run() that parameter."
    )
    place = run.source.at(schema.node)
    return Finding("error", "schema-unknown-parameter", cause, place, failing_call(subject), fix)


def _never_converts(schema: Schema, run: Function, subject: Subject) -> Iterator[Finding]:
    sample = _value_of(schema.sample, run)
    made = dotted(sample.func, run.imported) if isinstance(sample, ast.Call) else ""
    kind = "date" if made in ("datetime.date", "datetime.date.today") else "range" if made == "range" else ""
    if kind and schema.type_name == "StandardPythonParameterType":
        cause = f"@input_schema has a {kind} as its sample, which inference-schema can never convert to, so each call raises"
        fix = "Use a datetime as the sample, or text." if kind == "date" else "Use a list as the sample."
        yield Finding("error", "schema-sample", cause, run.source.at(schema.node), failing_call(subject), fix)


def _bad_default(schema: Schema, run: Function) -> Iterator[Finding]:
    is_known = schema.type_name in (*_TYPES, "StandardPythonParameterType")
    is_optional = schema.call is not None and is_true(keyword(schema.call, "optional"))
    converts = schema.call is None or keyword(schema.call, "convert_to_provided_type") is None
    if is_known and not is_optional and converts and len(getattr(schema.call, "args", [])) == 2:
        default = _default_of(schema.parameter or "", run.node.args)
        if isinstance(default, ast.Constant) and default.value is None:
            cause = f"run() gives {schema.parameter} the default None, which its @input_schema cannot convert: calls without it raise"
            fix = f"Write @input_schema({schema.parameter!r}, ..., optional=True), or give a default of the sample's type."
            yield Finding("warning", "schema-default", cause, run.source.at(run.node), None, fix)


def _default_of(name: str, arguments: ast.arguments) -> ast.expr | None:
    by_position = [*arguments.posonlyargs, *arguments.args]
    padding: list[ast.expr | None] = [None] * (len(by_position) - len(arguments.defaults))
    pairs = [*zip(by_position, [*padding, *arguments.defaults], strict=True)]
    pairs += zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return next((default for part, default in pairs if part.arg == name), None)

"""
The request that a script is made for, as far as that can be known, and what is wrong about it on purpose: parameters that are
missing or of another type.

`generated.py` makes cases of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from amlemu_harness.parity.cases.kinds import Kind

JSON = "application/json"
_GUESS = {"data": [[1, 2, 3]]}
_MOST_PARAMETERS = 20
_WRONG: Mapping[str, Any] = {
    "array": "text",
    "object": 1,
    "string": [1],
    "integer": "text",
    "number": "text",
    "boolean": "text",
}
_TYPES = ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array"), (dict, "object"))


@dataclass(frozen=True)
class Good:
    """
    A request that should be answered.

    Attributes:
        is_json: whether the body is JSON; `value` is what it says then.
    """

    body: bytes
    content_type: str
    is_json: bool
    value: Any = None

    @property
    def parameters(self) -> dict[str, Any]:
        """What it says under names; empty where it is no JSON object."""
        return self.value if isinstance(self.value, dict) else {}


def good(kind: Kind, sample: bytes | None, sample_type: str, openapi: Mapping[str, Any] | None) -> Good:
    """Return the sample request; without one what the script's OpenAPI document has as an example, or a guess."""
    if sample is None:
        example = service_input(openapi).get("example") if kind == "schema" else None
        value = example or _GUESS
        return Good(json.dumps(value).encode(), JSON, is_json=True, value=value)
    try:
        value = json.loads(sample.decode("utf-8-sig"))
        json.dumps(value)  # what is read too deep to be written is left alone, too
        return Good(sample, sample_type or JSON, is_json=True, value=value)
    except (ValueError, RecursionError):
        return Good(sample, sample_type or JSON, is_json=False)


def service_input(openapi: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return the schema of what is sent to `/score`, of either version; empty where there is none. Contract 4.10."""
    for home in (("components", "schemas"), ("definitions",)):
        found: Any = openapi
        for key in (*home, "ServiceInput"):
            found = found.get(key) if isinstance(found, Mapping) else None
        if isinstance(found, Mapping):
            return found
    return {}


def parameters_gone_wrong(right: Good, openapi: Mapping[str, Any] | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield for each parameter, under a name, an object without it, with null in its place and with another type."""
    given = right.parameters
    properties = service_input(openapi).get("properties")
    said = properties if isinstance(properties, Mapping) else {}
    for name in list(dict.fromkeys([*said, *given]))[:_MOST_PARAMETERS]:
        if name in given:
            yield f"without {name}", {key: value for key, value in given.items() if key != name}
        yield f"{name} is null", {**given, name: None}
        yield f"wrong type of {name}", {**given, name: _wrong(said.get(name), given.get(name))}


def _wrong(schema: Any, value: Any) -> Any:
    """Return a value of a type that is not meant."""
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    if not isinstance(kind, str):
        kind = next((name for of, name in _TYPES if isinstance(value, of)), "")
    return _WRONG.get(kind, {"amlemu": []})

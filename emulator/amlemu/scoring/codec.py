"""
From a request to the arguments of `run()`, and from what it returned to JSON text.

Three styles: "text" gets the body as one str, "schema" gets the members of a JSON object by name, "raw" gets flask's
request object. Also reads request headers as the script sees them.

Source: azureml-inference-server-http 1.5.1, server/input_parsers.py (read 2026-11); werkzeug 3.1.9 for forms and
queries; contract 4.4 to 4.7.
"""

from __future__ import annotations

import functools
import inspect
import json
from typing import Any, Callable, Dict, List, Tuple
from urllib.parse import parse_qsl, unquote

from amlemu.exchange import Request
from amlemu.scoring.gunicorn import is_kept, split_uri, trusts

FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")


class BadInput(Exception):
    """Answered with 400."""


class UnsupportedInput(Exception):
    """Answered with 415."""


class UnsupportedMethod(Exception):
    """run() is not called for this method."""


class Inbound:
    """
    A request as `run()` is to see it: method, query, content type, and the body on demand.

    `data` is the body unless a form parser has eaten it (then empty); `whole` is the body always.
    """

    __slots__ = ("content_type", "data", "method", "query", "raw", "whole")

    def __init__(
        self,
        *,
        method: str,
        query: str,
        content_type: str,
        data: Callable[[], bytes],
        whole: Callable[[], bytes],
        raw: Callable[[], Any],
    ) -> None:
        self.method = method
        self.query = query
        self.content_type = content_type
        self.data = data
        self.whole = whole
        self.raw = raw


def arguments(style: str, parameters: List[inspect.Parameter], inbound: Inbound) -> Dict[str, Any]:
    """
    Return what run() is called with, by name.

    Raises:
        BadInput: 400, with Python's own words about the place.
        UnsupportedInput: 415, a decorated run() and no JSON content type.
        UnsupportedMethod: not GET or POST, and not raw.
        UnicodeDecodeError: a decorated run() and a body in no Unicode encoding (the server answers 500).
    """
    if style == "raw":
        return {parameters[0].name: inbound.raw()}
    if inbound.method not in ("GET", "POST"):
        raise UnsupportedMethod(inbound.method)
    if style == "text":
        return {parameters[0].name: _text(inbound)}
    return _members(parameters, query_values(inbound.query) if inbound.method == "GET" else _json_object(inbound))


def _text(inbound: Inbound) -> str:
    if inbound.method == "GET":
        return json.dumps(query_values(inbound.query))
    try:
        return str(inbound.data(), "utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"Input cannot be decoded as UTF-8: {error}") from None


def _json_object(inbound: Inbound) -> Dict[str, Any]:
    if not is_json(inbound.content_type):
        raise UnsupportedInput("Expects Content-Type to be application/json")
    body = inbound.whole()
    try:
        value = json.loads(body)
    except json.JSONDecodeError as error:
        if not body:
            raise BadInput("POST body is empty. Expecting a JSON dictionary.") from None
        raise BadInput(f"POST body could not be decoded as JSON: {error}") from None
    if not isinstance(value, dict):
        raise BadInput("POST body should be a JSON dictionary.")
    return value


def _members(parameters: List[inspect.Parameter], given: Dict[str, Any]) -> Dict[str, Any]:
    chosen = {}
    for parameter in parameters:
        value = given.get(parameter.name, parameter.default)
        if value is inspect.Parameter.empty:
            raise BadInput(f"A value is not provided for the {parameter.name!r} parameter.")
        chosen[parameter.name] = value
    return chosen


def query_values(query: str) -> Dict[str, Any]:
    """Read a query string (percent-encoded, without `?`): each value as JSON if it is, repeats as a list."""
    values: Dict[str, List[Any]] = {}
    for name, value in query_pairs(query):
        values.setdefault(name, []).append(_json_or_text(value))
    return {name: found[0] if len(found) == 1 else found for name, found in values.items()}


def query_pairs(query: str) -> List[Tuple[str, str]]:
    """Return the decoded pairs of a query string in order; bytes that are not UTF-8 stay percent-encoded."""
    pairs = parse_qsl(query, keep_blank_values=True, encoding="utf-8", errors="surrogateescape")
    return [(_escape_again(name), _escape_again(value)) for name, value in pairs]


def _escape_again(text: str) -> str:
    """Write undecodable bytes as %XX once more, as werkzeug does."""
    if text.isascii() or not any("\udc80" <= letter <= "\udcff" for letter in text):
        return text
    return "".join(f"%{ord(c) - 0xDC00:02X}" if "\udc80" <= c <= "\udcff" else c for c in text)


def _json_or_text(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def media_type(content_type: str) -> str:
    """Return the lower-case media type of a Content-Type value, without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def is_json(content_type: str) -> bool:
    """Tell whether werkzeug takes this Content-Type for JSON."""
    kind = media_type(content_type)
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


@functools.lru_cache(maxsize=256)
def split_target(target: str, mounted: str = "") -> Tuple[str, str]:
    """
    Split a request target into its decoded path, as flask routes it, and its raw query.

    Leading slashes count as one; an absolute target loses its scheme and host, and each the place where the application
    is mounted.
    """
    path, query = split_uri(target)
    return "/" + unquote(path[len(mounted) :], errors="replace").lstrip("/"), query


def script_headers(request: Request) -> Dict[str, str]:
    """
    Return request headers as a parameter called `request_headers` gets them: a plain dict, title-case names, repeats
    joined by commas, without those that gunicorn drops.
    """
    seen: Dict[str, str] = {}
    is_trusted = trusts(request.client)
    for name, value in request.headers:
        if not is_kept(name, is_trusted=is_trusted):
            continue
        title = name.replace("_", "-").title()
        if title in seen:
            seen[title] += "," + value
        else:
            seen[title] = value
    return {name: value for name, value in seen.items() if value or name not in ("Content-Type", "Content-Length")}

"""
HAR 1.2, as browsers, Fiddler and mitmproxy export it: those of its requests that go to a scoring route.

HAR does not say how a body that is no text is kept; what the tools do is read here, each where it is met.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from amlemu.errors import UsageError

from amlemu_harness.parity.case import Case, request
from amlemu_harness.parity.cases import forms
from amlemu_harness.parity.cases.files import Remark, place, unheard
from amlemu_harness.parity.cases.headers import is_token, replayed
from amlemu_harness.parity.cases.json_text import items, start_of
from amlemu_harness.parity.cases.routes import scoring_target
from amlemu_harness.parity.wire import Headers

_ADDRESS = re.compile(r"https?://[^/?#]*([^#]*)(?:#.*)?", re.IGNORECASE | re.DOTALL)
_FORM = "application/x-www-form-urlencoded"
_EXPECTED = "Its path ends in /score or /swagger.json, or is /."


def is_har(value: object) -> bool:
    """Say whether a JSON value is a HAR file."""
    log = value.get("log") if isinstance(value, Mapping) else None
    return isinstance(log, Mapping) and isinstance(log.get("entries"), list)


def read(path: Path, text: str, name: str = "", remark: Remark = unheard) -> list[Case]:
    """
    Return a case for each request to a scoring route, called by its number in the file.

    Raises:
        UsageError: no request goes to a scoring route, which says how many go elsewhere; or one is broken.
    """
    cases, others, line, seen = [], 0, 1, 0
    for number, (entry, at) in enumerate(items(text, start_of(text, "log", "entries")), 1):
        line, seen = line + text.count("\n", seen, at), at
        asked = entry.get("request") if isinstance(entry, Mapping) else None
        if not isinstance(asked, Mapping) or not isinstance(asked.get("url"), str):
            raise UsageError(
                "this entry has no request", where=place(path, line), expected="HAR 1.2: request.url is a text."
            )
        target = _target(asked)
        if target is None:
            others += 1
            continue
        case = _case(asked, target, f"{name or path.name} #{number}", place(path, line))
        cases.append(case)
    if not cases:
        what = f"none of its {others} requests goes to a scoring route" if others else "it holds no request"
        raise UsageError(what, where=place(path), expected=_EXPECTED)
    if others:
        remark(f"{others} of {len(cases) + others} requests are left out of {place(path)}: they go to no scoring route")
    return cases


def _target(asked: Mapping[str, Any]) -> str | None:
    address = _ADDRESS.fullmatch(asked["url"])
    if address is None or not is_token(str(asked.get("method", ""))) or asked["method"] == "CONNECT":
        return None  # chrome-extension:, data:, what a proxy was told
    target = "".join(sign if "!" <= sign <= "~" else "%20" if sign == " " else _quoted(sign) for sign in address[1])
    return scoring_target(target if target.startswith("/") else f"/{target}")


def _quoted(sign: str) -> str:
    return "".join(f"%{byte:02X}" for byte in sign.encode("utf-8", "replace"))


def _case(asked: Mapping[str, Any], target: str, name: str, source: str) -> Case:
    posted = asked.get("postData") or asked.get("_content")  # HTTP Toolkit keeps in _content what is no text
    body, kind = _body(asked, posted, source) if isinstance(posted, Mapping) else (None, "")
    headers = replayed(_headers(asked))
    if kind and not any(key.lower() == "content-type" for key, _ in headers):
        headers = (*headers, ("Content-Type", kind))
    return Case(name, source, (request(asked["method"], target, headers, body),))


def _headers(asked: Mapping[str, Any]) -> Headers:
    told = asked.get("headers")
    pairs = (
        [(one.get("name"), one.get("value")) for one in told if isinstance(one, Mapping)]
        if isinstance(told, list)
        else []
    )
    return tuple((name, value) for name, value in pairs if isinstance(name, str) and isinstance(value, str))


def _body(asked: Mapping[str, Any], posted: Mapping[str, Any], source: str) -> tuple[bytes, str]:
    """Return the body, and its type as far as only `postData` says it."""
    text, params, kind = posted.get("text"), posted.get("params"), str(posted.get("mimeType") or "")
    if isinstance(text, str) and text:
        return _bytes(asked, text, str(posted.get("encoding") or ""), source), kind
    if isinstance(params, list) and params:
        return _filled_in([one for one in params if isinstance(one, Mapping)], kind)
    return b"", kind


def _bytes(asked: Mapping[str, Any], text: str, encoding: str, source: str) -> bytes:
    if encoding.lower() == "base64":
        try:
            return base64.b64decode(text, validate=False)
        except (binascii.Error, ValueError) as error:
            raise UsageError(f"its body is no base64: {error}", where=source) from error
    body, size = text.encode("utf-8", "replace"), asked.get("bodySize")
    if size != len(body) and size == len(text) and max(text) < "\u0100":
        return text.encode("latin-1")  # Chrome: bytes that are no UTF-8, one sign each
    return body


def _filled_in(params: list[Mapping[str, Any]], kind: str) -> tuple[bytes, str]:
    """Return a form of which only the fields were kept; a file that was left out is empty."""
    if not kind.lower().startswith("multipart/"):
        fields = [(str(one.get("name", "")), str(one.get("value") or "")) for one in params]
        return urlencode(fields, errors="replace").encode(), kind or _FORM
    parts = [
        forms.Part(
            str(one.get("name", "")),
            str(one.get("value") or "").encode("utf-8", "replace"),
            str(one.get("fileName") or ""),
            str(one.get("contentType") or ""),
        )
        for one in params
    ]
    boundary = re.search(r'boundary="?([^";]+)', kind)
    return forms.multipart(parts, boundary[1] if boundary else forms.BOUNDARY), kind

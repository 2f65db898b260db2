"""
JSONL: what Azure's data collection writes to storage, and files of one body a line.

Source: Learn, "Collect production data from models deployed for real-time inferencing": a CloudEvent a line,
`azureml.inference.request` with the payload as it came, `azureml.inference.model_inputs` and the like with rows of a DataFrame.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from amlemu.errors import UsageError

from amlemu_harness.parity.case import JSON_TYPE, Case, post, request
from amlemu_harness.parity.cases import rows
from amlemu_harness.parity.cases.files import Remark, place, unheard
from amlemu_harness.parity.cases.headers import breaks, is_token
from amlemu_harness.parity.cases.json_text import members, parsed, value_of
from amlemu_harness.parity.cases.routes import scoring_target
from amlemu_harness.parity.wire import Sent

MOST_LINES = 1000  # of a file: collections of a day have millions
_OF_ANSWERS = ("output", "response", "prediction", "label")
_EXPECTED = "Each line is a JSON value: a body, or an event of Azure's data collection."


def is_collected(value: object) -> bool:
    """Say whether a line is an event of Azure's data collection."""
    if not isinstance(value, Mapping) or not isinstance(value.get("type"), str):
        return False
    is_event = "specversion" in value or "correlationid" in value or "collectdatatype" in value
    return is_event and bool({"data", "data_base64", "dataref"} & set(value))


def read(path: Path, text: str, sample: bytes | None = None, name: str = "", remark: Remark = unheard) -> list[Case]:
    """
    Return a case for each of the first 1000 lines that hold a request, called by the number of its line.

    Args:
        sample: a request of the deployment's clients: rows of a DataFrame are wrapped like it.

    Raises:
        UsageError: a line is no JSON; or none holds a request: outputs, and payloads that Azure keeps elsewhere.
    """
    cases, passed = [], 0
    for number, line in _lines(path, text):
        value = value_of(path, line, number, _EXPECTED)
        sent = _sent_again(path, line, value, sample) if is_collected(value) else post(line.encode("utf-8", "replace"))
        if sent is None:
            passed += 1
        else:
            cases.append(Case(f"{name or path.name} #{number}", place(path, number), (sent,)))
    if not cases:
        what = f"none of its {passed} events is a request whose payload is here"
        expected = "azureml.inference.request, or rows such as azureml.inference.model_inputs."
        raise UsageError(what, where=place(path), expected=expected)
    if passed:
        remark(f"{passed} events are left out of {place(path)}: outputs, or payloads that are elsewhere")
    if len(cases) + passed == MOST_LINES:
        remark(f"of {place(path)} only the first {MOST_LINES} lines are taken")
    return cases


def _lines(path: Path, text: str) -> Iterator[tuple[int, str]]:
    """Yield lines with their numbers; one event alone may be spread over several, as Azure's pages show it."""
    is_one, value = parsed(text)
    if is_one and is_collected(value):
        yield 1, text
        return
    filled = ((number, line.strip()) for number, line in enumerate(text.split("\n"), 1) if line.strip())
    for _, numbered in zip(range(MOST_LINES), filled, strict=False):
        yield numbered


def _sent_again(path: Path, line: str, event: Mapping[str, Any], sample: bytes | None) -> Sent | None:
    """Return the request of an event; None where it holds none."""
    collection = event["type"].rpartition(".")[2].lower()
    if any(word in collection for word in _OF_ANSWERS):
        return None
    if collection == "request":
        return _payload(path, line, event)
    data = event.get("data")
    if isinstance(data, str):
        data = parsed(data)[1]
    if isinstance(data, Mapping):
        data = [data]
    if not isinstance(data, list):
        return None
    return post(json.dumps(rows.wrapped(data, sample)).encode())


def _payload(path: Path, line: str, event: Mapping[str, Any]) -> Sent | None:
    body = _body(path, line, event)
    if body is None:
        return None
    kind = event.get("datacontenttype")
    headers = [("Content-Type", kind) if isinstance(kind, str) and not breaks(kind) else JSON_TYPE]
    method, target = str(event.get("method", "POST")), str(event.get("path", ""))
    is_sound = target.startswith("/") and target.isascii() and target.isprintable() and " " not in target
    target = (scoring_target(target) or target) if is_sound else "/score"
    return request(method if is_token(method) else "POST", target, headers, body)


def _body(path: Path, line: str, event: Mapping[str, Any]) -> bytes | None:
    """Return the payload; None where it lies in storage, and was not loaded down beside the events."""
    data = event.get("data")
    if str(event.get("datainblob", "")).lower() == "true" or (data is None and "dataref" in event):
        named = data if isinstance(data, str) else str(event.get("dataref"))
        beside = path.parent / (named.rstrip("/").rpartition("/")[2] or "-")
        return beside.read_bytes() if beside.is_file() and beside != path else None
    if isinstance(event.get("data_base64"), str):  # CloudEvents 1.0; that Azure writes it is assumed
        try:
            return base64.b64decode(event["data_base64"])
        except (binascii.Error, ValueError):
            return None
    if isinstance(data, str) and not _is_text_of_json(event, data):
        return data.encode("utf-8", "replace")
    # The event holds JSON as the client wrote it, blanks and all: Learn's example has `contentrange` 0-59 and 60 such bytes.
    return next(
        (line[start:end].encode("utf-8", "replace") for key, start, end in members(line) if key == "data"), None
    )


def _is_text_of_json(event: Mapping[str, Any], data: str) -> bool:
    """Say whether the body is this text as JSON, in quotes; a text that is JSON itself was put into quotes by the collector. Assumed."""
    return "json" in str(event.get("datacontenttype", "json")) and not parsed(data)[0]

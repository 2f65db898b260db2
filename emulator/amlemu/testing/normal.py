"""
An answer as it is kept: a value of JSON, with words in the place of ids and times and of what does not count; and where two such differ.

`snapshots.py` keeps them in a file.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

_HEADERS = ("content-type",)
_ID = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}(?![0-9A-Za-z])")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?( ?(Z|UTC|[+-]\d\d:?\d\d))?")
IGNORED = "<ignored>"


def normal(answer: Any, ignored: Places | None = None, *, exact: bool = False) -> Any:
    """Return a response or a value as it is kept; `exact` leaves ids and times."""
    plain = _plain_answer(answer)
    if ignored is not None:
        plain = ignored.mark(plain)
    return plain if exact else _Words().put(plain)


def _plain_answer(answer: Any) -> Any:
    if not (hasattr(answer, "status_code") and hasattr(answer, "headers")):
        return _plain(answer)
    headers = {name: answer.headers[name] for name in _HEADERS if name in answer.headers}
    body = answer.content if hasattr(answer, "content") else answer.get_data()  # flask's, that run() has returned
    return {"status": int(answer.status_code), "headers": headers, "body": _body(body)}


class _Words:
    """Puts words in the place of ids and times; equal ids have the same word."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}

    def put(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self.put(one) for key, one in value.items()}  # a row may be known by its time
        if isinstance(value, list):
            return [self.put(one) for one in value]
        return self._text(value) if isinstance(value, str) else value

    def _text(self, text: str) -> str:
        text = _ID.sub(lambda match: self._ids.setdefault(match[0].lower(), f"<id {len(self._ids) + 1}>"), text)
        return _TIME.sub("<time>", text)


def _body(content: bytes) -> Any:
    try:
        return _plain(json.loads(content))
    except ValueError:
        pass
    try:
        return content.decode()
    except UnicodeDecodeError:
        import hashlib

        return f"<{len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()}>"


def _plain(value: Any) -> Any:
    """Return a value of JSON: what numpy and pandas have is made of lists and numbers, what is no such value becomes text."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"<{float(value)}>"
    if value is None or isinstance(value, bool):
        return value
    for kind in (str, int, float):  # nothing else of a kind that is derived from them
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, set | frozenset):
        return sorted((_plain(one) for one in value), key=repr)
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    for name in ("tolist", "to_dict", "isoformat"):
        if hasattr(value, name):
            return _plain(getattr(value, name)())
    return _body(value) if isinstance(value, bytes) else repr(value)


class Places:
    """Places of an answer that do not count, as a difference names them; `[*]` is any of a list."""

    def __init__(self, ignored: Sequence[str]) -> None:
        self._patterns = [re.compile(re.escape(one).replace(r"\[\*\]", r"\[\d+\]")) for one in ignored]

    def mark(self, value: Any) -> Any:
        """Put a word in these places."""
        return self._walk(value, "", drops=False) if self._patterns else value

    def drop(self, value: Any) -> Any:
        """Leave them out, so that it does not matter either whether they are there."""
        return self._walk(value, "", drops=True) if self._patterns else value

    def _walk(self, value: Any, path: str, *, drops: bool) -> Any:
        if self._is_ignored(path):
            return IGNORED
        if isinstance(value, dict):
            steps = {key: _step(path, key) for key in value}
            kept = [key for key in value if not (drops and self._is_ignored(steps[key]))]
            return {key: self._walk(value[key], steps[key], drops=drops) for key in kept}
        if isinstance(value, list):
            return [self._walk(one, f"{path}[{number}]", drops=drops) for number, one in enumerate(value)]
        return value

    def _is_ignored(self, path: str) -> bool:
        return any(one.fullmatch(path) for one in self._patterns)


class _Nothing:
    def __repr__(self) -> str:
        return "(missing)"


NOTHING = _Nothing()


@dataclass(frozen=True)
class Difference:
    """One place where an answer is not what was kept."""

    path: str
    kept: Any
    now: Any


def differences(kept: Any, now: Any, *, rel: float, abs_: float, path: str = "") -> Iterator[Difference]:
    """Yield where two values differ: first what is missing, then what is other."""
    if isinstance(kept, dict) and isinstance(now, dict):
        for key in sorted(kept.keys() ^ now.keys()):
            yield Difference(_step(path, key), kept.get(key, NOTHING), now.get(key, NOTHING))
        for key in [key for key in kept if key in now]:
            yield from differences(kept[key], now[key], rel=rel, abs_=abs_, path=_step(path, key))
    elif isinstance(kept, list) and isinstance(now, list):
        if len(kept) != len(now):
            yield Difference(f"length of {path or 'the list'}", len(kept), len(now))
        for number, (one, other) in enumerate(zip(kept, now, strict=False)):
            yield from differences(one, other, rel=rel, abs_=abs_, path=f"{path}[{number}]")
    elif not _is_same(kept, now, rel, abs_):
        yield Difference(path, kept, now)


def _is_same(kept: Any, now: Any, rel: float, abs_: float) -> bool:
    if isinstance(kept, float | int) and isinstance(now, float | int) and bool not in (type(kept), type(now)):
        if type(kept) is type(now) is int:
            return kept == now
        return _is_close(kept, now, rel, abs_)
    return type(kept) is type(now) and bool(kept == now)


def _is_close(kept: float, now: float, rel: float, abs_: float) -> bool:
    try:
        return math.isclose(kept, now, rel_tol=rel, abs_tol=abs_)
    except OverflowError:  # an integer that no float can be near to
        return False


def _step(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key

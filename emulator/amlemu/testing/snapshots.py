"""
Answers that were once right, in a file beside the tests, and whether today's are the same.

    tests/test_score.py -> tests/test_score.snapshots.json

Ids and times become words, numbers may differ a little, headers count where they say what the body is. Only `--amlemu-update`
writes.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amlemu.testing.story import value_shown

ENDING = ".snapshots.json"
_MOST_SHOWN = 10
_REL, _ABS = 1e-6, 1e-9
_HEADERS = ("content-type",)
_ID = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}(?![0-9A-Za-z])")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?( ?(Z|UTC|[+-]\d\d:?\d\d))?")
Entries = dict[str, list[Any]]
"""The answers of each test, by its name in the file, in the order of its calls."""


@dataclass(frozen=True)
class Difference:
    """One place where an answer is not what was kept."""

    path: str
    kept: Any
    now: Any


class SnapshotFile:
    """The snapshots beside one file of tests."""

    def __init__(self, tests: Path) -> None:
        """`tests` is the test file."""
        self.path = tests.with_name(tests.stem + ENDING)

    def read(self) -> Entries:
        """Return what is kept, nothing where there is no file. Raises ValueError for what is no such file."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        found = json.loads(text)
        if not isinstance(found, dict) or not all(isinstance(one, list) for one in found.values()):
            raise ValueError("it is no object of lists")
        return found

    def write(self, changed: Entries) -> None:
        """Keep these tests' answers instead of those before; a test without any is taken out. The file is whole at any moment."""
        entries = {name: answers for name, answers in {**self.read(), **changed}.items() if answers}
        if not entries:
            self.path.unlink(missing_ok=True)
            return
        text = json.dumps(dict(sorted(entries.items())), indent=2, ensure_ascii=False) + "\n"
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}")
        try:
            with open(handle, "wb") as file:
                file.write(text.encode("utf-8", "backslashreplace"))  # half a character is an escape of JSON, too
            os.chmod(name, 0o644)
            os.replace(name, self.path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise


class Snapshot:
    """What one test compares with: call it with a response, or with any value."""

    def __init__(self, file: SnapshotFile, test: str, *, updates: bool) -> None:
        """
        Args:
            file: beside the test.
            test: its name in the file.
            updates: keep instead of comparing.
        """
        self._file = file
        self._test = test
        self._updates = updates
        self.taken: list[Any] = []

    def __call__(
        self,
        answer: Any,
        *,
        rel: float = _REL,
        abs: float = _ABS,  # noqa: A002  # as pytest.approx has it
        ignore: Sequence[str] = (),
        exact: bool = False,
    ) -> None:
        """
        Fail unless this is what was kept for the same call of the same test.

        Args:
            answer: a response, whose status, body and kind of body count; or a value of JSON, such as `scoring_script.run` returns.
            rel, abs: how far a number may be from the one that was kept, relative and absolute.
            ignore: paths that do not count, as a failure names them: `body.took_ms`, `body.rows[0].id`, `body.rows[*].id`.
            exact: ids and times count as they are.

        Raises:
            AssertionError: it is not, or nothing is kept.
        """
        __tracebackhide__ = True
        paths = _Paths((ignore,) if isinstance(ignore, str) else ignore)
        plain = paths.mark(_plain_answer(answer))
        now = plain if exact else _Words().put(plain)
        number = len(self.taken)
        self.taken.append(now)
        kept = self._kept()
        if self._updates:
            return
        where = f"{self._file.path.name}, {self._test!r}, answer {number + 1}"
        if number >= len(kept):
            raise AssertionError(
                f"nothing is kept for this answer ({where}).\npytest --amlemu-update keeps it: {value_shown(now)}"
            )
        found = list(differences(paths.drop(kept[number]), paths.drop(now), rel=rel, abs_=abs))
        if found:
            raise AssertionError(_told(found, where))

    def _kept(self) -> list[Any]:
        __tracebackhide__ = True
        try:
            return self._file.read().get(self._test, [])
        except (OSError, ValueError) as error:
            hint = "Mend it, or delete it and keep anew with pytest --amlemu-update."
            raise AssertionError(f"{self._file.path} cannot be read: {error}. {hint}") from None


def normal(answer: Any) -> Any:
    """Return a response or a value as it is kept."""
    return _Words().put(_plain_answer(answer))


def _plain_answer(answer: Any) -> Any:
    if not (hasattr(answer, "status_code") and hasattr(answer, "headers")):
        return _plain(answer)
    headers = {name: answer.headers[name] for name in _HEADERS if name in answer.headers}
    body = answer.content if hasattr(answer, "content") else answer.get_data()  # flask's, that run() has returned
    return {"status": int(answer.status_code), "headers": headers, "body": _body(body)}


def differences(kept: Any, now: Any, *, rel: float, abs_: float, path: str = "") -> Iterator[Difference]:
    """Yield where two values differ: first what is missing, then what is other."""
    if isinstance(kept, dict) and isinstance(now, dict):
        for key in sorted(kept.keys() ^ now.keys()):
            yield Difference(_step(path, key), kept.get(key, _NOTHING), now.get(key, _NOTHING))
        for key in [key for key in kept if key in now]:
            yield from differences(kept[key], now[key], rel=rel, abs_=abs_, path=_step(path, key))
    elif isinstance(kept, list) and isinstance(now, list):
        if len(kept) != len(now):
            yield Difference(f"length of {path or 'the list'}", len(kept), len(now))
        for number, (one, other) in enumerate(zip(kept, now, strict=False)):
            yield from differences(one, other, rel=rel, abs_=abs_, path=f"{path}[{number}]")
    elif not _is_same(kept, now, rel, abs_):
        yield Difference(path, kept, now)


class _Nothing:
    def __repr__(self) -> str:
        return "(missing)"


_NOTHING = _Nothing()


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


class _Paths:
    """Places of an answer that do not count."""

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
            return "<ignored>"
        if isinstance(value, dict):
            steps = {key: _step(path, key) for key in value}
            kept = [key for key in value if not (drops and self._is_ignored(steps[key]))]
            return {key: self._walk(value[key], steps[key], drops=drops) for key in kept}
        if isinstance(value, list):
            return [self._walk(one, f"{path}[{number}]", drops=drops) for number, one in enumerate(value)]
        return value

    def _is_ignored(self, path: str) -> bool:
        return any(one.fullmatch(path) for one in self._patterns)


def _step(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _shown(value: Any) -> str:
    return repr(value) if value is _NOTHING else value_shown(value)


def _told(found: Sequence[Difference], where: str) -> str:
    lines = [
        f"  {one.path or 'the value'}: kept {_shown(one.kept)}, now {_shown(one.now)}" for one in found[:_MOST_SHOWN]
    ]
    more = [f"  ... and {len(found) - _MOST_SHOWN} places more"] if len(found) > _MOST_SHOWN else []
    head = f"this is not the answer that was kept ({where}):"
    return "\n".join([head, *lines, *more, "If it is right now: pytest --amlemu-update keeps it."])

"""
Answers that were once right, in a file beside the tests, and whether today's are the same.

    tests/test_score.py -> tests/test_score.snapshots.json

Only `--amlemu-update` writes. `normal.py` says what counts of an answer.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from amlemu.testing.normal import NOTHING, Difference, Places, differences, normal
from amlemu.testing.story import value_shown

ENDING = ".snapshots.json"
_MOST_SHOWN = 10
_LONG, _AROUND = 200, 60  # characters
_REL, _ABS = 1e-6, 1e-9
Entries = dict[str, list[Any]]
"""The answers of each test, by its name in the file, in the order of its calls."""


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
        ignored = Places((ignore,) if isinstance(ignore, str) else ignore)
        now = normal(answer, ignored, exact=exact)
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
        found = list(differences(ignored.drop(kept[number]), ignored.drop(now), rel=rel, abs_=abs))
        if found:
            raise AssertionError(_told(found, where))

    def _kept(self) -> list[Any]:
        __tracebackhide__ = True
        try:
            return self._file.read().get(self._test, [])
        except (OSError, ValueError) as error:
            hint = "Mend it, or delete it and keep anew with pytest --amlemu-update."
            raise AssertionError(f"{self._file.path} cannot be read: {error}. {hint}") from None


def _both(one: Difference) -> str:
    """Tell two values; of two long texts what is around their first difference."""
    kept, now = one.kept, one.now
    if isinstance(kept, str) and isinstance(now, str) and max(len(kept), len(now)) > _LONG:
        at = next(
            (place for place, (this, that) in enumerate(zip(kept, now, strict=False)) if this != that),
            min(len(kept), len(now)),
        )
        place = slice(max(at - _AROUND, 0), at + _AROUND)
        return f"from character {at + 1} kept ...{value_shown(kept[place])}..., now ...{value_shown(now[place])}..."
    return f"kept {_shown(kept)}, now {_shown(now)}"


def _shown(value: Any) -> str:
    return repr(value) if value is NOTHING else value_shown(value)


def _told(found: Sequence[Difference], where: str) -> str:
    lines = [f"  {one.path or 'the value'}: {_both(one)}" for one in found[:_MOST_SHOWN]]
    more = [f"  ... and {len(found) - _MOST_SHOWN} places more"] if len(found) > _MOST_SHOWN else []
    head = f"this is not the answer that was kept ({where}):"
    return "\n".join([head, *lines, *more, "If it is right now: pytest --amlemu-update keeps it."])

"""
Rows that were collected somewhere, put where the deployment's sample request has its own: so they are asked as clients ask.

Azure collects the DataFrame that a script had, not the request that it came in; how requests wrap rows is the script's affair.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from amlemu_harness.parity.cases.files import text_of
from amlemu_harness.parity.cases.json_text import parsed

_KEY = "data"
_MOST_NESTED = 3  # {"input_data": {"data": [...]}} is the deepest that Azure's own pages have


def wrapped(rows: Sequence[Any], sample: bytes | None) -> Any:
    """
    Return the request of these rows.

    Args:
        rows: as they were collected: an object each, by column.
        sample: a request as clients send it; None, or one that shows no place for rows, is `{"data": [...]}`.
    """
    value = parsed(text_of(sample or b"") or "")[1]
    path = _place(value)
    return {_KEY: list(rows)} if path is None else _put(value, path, rows)


def _place(value: Any, depth: int = 0) -> tuple[str, ...] | None:
    """Return the keys that lead to the one list that can be rows; a list at the top is at `()`."""
    if isinstance(value, list):
        return () if value else None
    if not isinstance(value, Mapping) or depth == _MOST_NESTED:
        return None
    lists = [key for key, one in value.items() if isinstance(one, list)]
    if _KEY in lists and "columns" in lists:  # a DataFrame, split
        return (_KEY,)
    if len(lists) == 1:
        return (lists[0],)
    below = [(key, *path) for key, one in value.items() if (path := _place(one, depth + 1)) is not None and path]
    return below[0] if len(below) == 1 and not lists else None


def _put(value: Any, path: tuple[str, ...], rows: Sequence[Any]) -> Any:
    """Return the sample with other rows; what else it says stays."""
    if not path:
        return _like(value, rows)
    inner = {**value, path[0]: _put(value[path[0]], path[1:], rows)}
    if len(path) == 1 and isinstance(value.get("columns"), list):
        columns = list(rows[0]) if rows and isinstance(rows[0], Mapping) else value["columns"]
        inner |= {"columns": columns} | ({"index": list(range(len(rows)))} if "index" in value else {})
    return inner


def _like(sample: Sequence[Any], rows: Sequence[Any]) -> list[Any]:
    """Return rows as the sample has them: a list of values each, or an object."""
    if isinstance(sample[0] if sample else None, list):
        return [list(row.values()) if isinstance(row, Mapping) else row for row in rows]
    return list(rows)

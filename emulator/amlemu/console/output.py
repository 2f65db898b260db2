"""
What there is, printed as `az` prints it: JSON, a table, YAML or tab-separated values; of it what a JMESPath expression picks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from amlemu.errors import UsageError


def as_text(content: Any, form: str, query: str | None = None) -> str:
    """
    Return it as text; empty where there is nothing to print.

    Args:
        content: as JSON has it.
        form: one of `endpoint_settings.FORMATS`.
        query: a JMESPath expression.

    Raises:
        UsageError: the expression is none.
    """
    if query is not None:
        content = _searched(content, query)
    if form == "none" or (content is None and query is not None):
        return ""
    if form in ("yaml", "yamlc"):
        import yaml

        text: str = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
        return text.removesuffix("\n...\n").rstrip("\n")
    if form == "table":
        return _table(content)
    if form == "tsv":
        return "\n".join("\t".join(map(_word, _values(row))) for row in _rows(content))
    return json.dumps(content, indent=2, ensure_ascii=False)


def check(query: str | None) -> None:
    """Raise UsageError for what is no JMESPath expression, before anything is done."""
    if query is not None:
        _searched(None, query)


def _searched(content: Any, query: str) -> Any:
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        return jmespath.search(query, content)
    except JMESPathError as error:
        what = str(error).partition("\n")[0]
        raise UsageError(f"no JMESPath expression: {what}", where=f"--query {query}") from error


def _rows(content: Any) -> list[Any]:
    return content if isinstance(content, list) else [content]


def _values(row: Any) -> list[Any]:
    if isinstance(row, Mapping):
        return list(row.values())
    return row if isinstance(row, list) else [row]


def _table(content: Any) -> str:
    """Columns for what is a plain value in all rows, as az has it; other values have no place in a table."""
    rows = [row if isinstance(row, Mapping) else {"Result": row} for row in _rows(content)]
    names = list(
        dict.fromkeys(name for row in rows for name, value in row.items() if not isinstance(value, (dict, list)))
    )
    if not rows or not names:
        return ""
    cells = [[_title(name) for name in names], *([_word(row.get(name)) for name in names] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(names))]
    cells.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip() for line in cells
    )


def _title(name: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in name.split("_"))


def _word(value: Any) -> str:
    if value is None:
        return ""
    return json.dumps(value) if isinstance(value, (bool, dict, list)) else str(value)

"""
The kinds of lines that a story has, and its last one: what has become of an operation.
"""

from __future__ import annotations

from typing import Any

STEP, TEXT, DONE = "step", "text", "done"


def succeeded(text: str) -> dict[str, Any]:
    """Return an outcome."""
    return {"ok": True, "text": text}


def failed(text: str, *, is_usage: bool = False, cause: dict[str, Any] | None = None) -> dict[str, Any]:
    """
    Return an outcome.

    Args:
        text: a sentence.
        is_usage: what was asked for cannot be; nothing was changed.
        cause: why a deployment did not come up, see `bring_up.StepFailed.as_data`.
    """
    return {"ok": False, "text": text, "is_usage": is_usage, "cause": cause}

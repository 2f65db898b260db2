"""
What Azure takes for the name of an endpoint or a deployment. Source: contract 1.5.
"""

from __future__ import annotations

import re

_NAME = re.compile(r"[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?")  # contract 5.1


def illegal_name(word: str, what: str) -> str:
    """Return why a word can be no name of an endpoint or deployment; empty where it can (contract 1.5)."""
    if not _NAME.fullmatch(word) or "--" in word:
        return (
            f"{what} {word!r} cannot be a name: letters, digits and single dashes, a letter first, no dash at the end"
        )
    if not 3 <= len(word) <= 32:
        return f"{what} {word!r} has {len(word)} characters, and a name has 3 to 32"
    return ""

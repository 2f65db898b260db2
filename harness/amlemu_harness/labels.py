"""
The labels of all that amlemu makes in an engine, by which it is found again and removed.
"""

from __future__ import annotations

from amlemu import __version__

OURS = "dev.amlemu"
KIND = "dev.amlemu.kind"
REFERENCE = "dev.amlemu.reference"
BASE = "dev.amlemu.base"
NAME = "dev.amlemu.name"
CODE = "dev.amlemu.code"


def made_by(kind: str, **more: str) -> dict[str, str]:
    """Return the labels of a `base`, an `image`, a `package` or a `container`; `more` by their last word."""
    return {OURS: __version__, KIND: kind, **{f"{OURS}.{name}": value for name, value in more.items()}}

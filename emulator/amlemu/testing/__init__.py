"""
For tests of scoring scripts: what `pytest_plugin.py` gives as fixtures, and assertions that explain.

    from amlemu.testing import assert_cloud, assert_scored

Each name is imported from its home when it is first used, so that a run that uses nothing of it costs nothing.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "AsyncScoringClient": "amlemu.testing.client",
    "LoadedScript": "amlemu.testing.loaded",
    "ScoringClient": "amlemu.testing.client",
    "Snapshot": "amlemu.testing.snapshots",
    "assert_cloud": "amlemu.testing.assertions",
    "assert_scored": "amlemu.testing.assertions",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605  # one list of names, not two


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)

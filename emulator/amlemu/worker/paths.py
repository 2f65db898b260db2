"""
Which file of the editor's is which file of the script's: known here, so that no launch entry has to know it.

The entry's own `pathMappings` still count for what we do not know, unless they lead to nowhere: an entry made for a container works in each of
our trees. Part of the guest half: standard library only, Python 3.9 syntax.

Source: debugpy 1.8.22, pydevd_file_utils.py: the first pair whose folder fits wins, in both directions (read 2026-11).
"""

from __future__ import annotations

import functools
import json
import os
from typing import Any, List, Sequence, Tuple

Pair = Tuple[str, str]


def map_paths(paths: Sequence[Sequence[str]]) -> None:
    """
    Let pydevd know what stands for what, now and whenever an editor brings its own mappings.

    Args:
        paths: pairs of the host's name of a folder or file and the script's; debugpy must have been imported.
    """
    import pydevd_file_utils

    if hasattr(pydevd_file_utils.setup_client_server_paths, "__wrapped__"):
        return
    set_up, ours = pydevd_file_utils.setup_client_server_paths, [(host, guest) for host, guest in paths]

    @functools.wraps(set_up)
    def set_up_with_ours(theirs: List[Pair]) -> None:
        set_up([*ours, *theirs])
        pydevd_file_utils.map_file_to_server = _unless_nowhere(pydevd_file_utils.map_file_to_server)

    pydevd_file_utils.setup_client_server_paths = set_up_with_ours
    set_up_with_ours([])


def for_children(paths: Sequence[Sequence[str]]) -> None:
    """Let processes that the script starts, which pydevd follows, map likewise, by pydevd's own variables; and without its warnings."""
    os.environ.setdefault("PATHS_FROM_ECLIPSE_TO_PYTHON", json.dumps([list(pair) for pair in paths]))
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")


def _unless_nowhere(find: Any) -> Any:
    """Let a file that is here be itself where a mapping leads to none."""

    @functools.wraps(find)
    def find_or_keep(path: str, *rest: Any) -> Any:
        found = find(path, *rest)
        return path if not os.path.exists(found) and os.path.exists(path) else found

    return find_or_keep

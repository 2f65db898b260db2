"""
Paths as Azure's files write them: relative to the file, also with backslashes; and what was meant by one that leads nowhere.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path

SUFFIXES = (".yml", ".yaml", ".json")


def is_azure_file(path: Path) -> bool:
    """Tell by its ending whether a file is one of Azure's, and not a script."""
    return path.suffix.lower() in SUFFIXES


def resolve(folder: Path, text: str) -> Path:
    """Return the absolute path of what a file in `folder` calls so. `file:` before it is of older files."""
    text = text.removeprefix("file:")
    path = os.path.join(folder, text)
    if "\\" in text and not os.path.exists(path):  # written on Windows, where it leads somewhere
        path = os.path.join(folder, text.replace("\\", "/"))
    return Path(os.path.abspath(path))


def meant(path: Path, base: Path) -> str:
    """Ask for the file or folder that may have been meant, as it is called from `base`; empty where nothing is near."""
    folder = path if path.is_absolute() else Path.cwd() / path
    rest: list[str] = []
    while not os.path.isdir(folder) and folder != folder.parent:  # Path.is_dir stumbles over names that are too long
        folder, rest = folder.parent, [folder.name, *rest]
    try:
        names = os.listdir(folder)
    except OSError:
        return ""
    by_case = {name.lower(): name for name in names}
    wanted = rest[0] if rest else ""
    near = by_case.get(wanted.lower()) or next(iter(difflib.get_close_matches(wanted, names, 1, 0.6)), "")
    if near:
        found = folder.joinpath(near, *rest[1:])
        return f"Did you mean {_from(base, found if os.path.exists(found) else folder / near)}?"
    deeper = [folder / name / rest[-1] for name in sorted(names) if rest and os.path.exists(folder / name / rest[-1])]
    if deeper:
        return f"Did you mean {_from(base, deeper[0])}?"
    there = ", ".join(sorted(names)[:5]) + (" ..." if len(names) > 5 else "")
    return f"In {_from(base, folder)} there is: {there}." if names else f"{_from(base, folder)} is empty."


def _from(base: Path, path: Path) -> str:
    """Return a path as a file in `base` would write it; one that is shorter as it is stays absolute."""
    return min(os.path.relpath(path, base), str(path), key=len)

"""How editors save."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

Save = Callable[[Path, str], None]


def in_place(path: Path, text: str) -> None:
    """Nano, notepad, VS Code: the file is cut to nothing and written again."""
    with path.open("w", encoding="utf-8") as file:
        file.write(text)


def by_rename(path: Path, text: str) -> None:
    """PyCharm with safe write, gedit, sed -i: a new file takes the name."""
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(text, encoding="utf-8")
    os.replace(draft, path)


def with_backup(path: Path, text: str) -> None:
    """Vim: the old file becomes a backup, a new one is written, the backup goes."""
    backup = path.with_name(f"{path.name}~")
    os.replace(path, backup)
    path.write_text(text, encoding="utf-8")
    backup.unlink()

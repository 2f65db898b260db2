"""
Where a script is: Python stacks, read from what faulthandler writes, and told in one line with the user's frames first.

`worker/` asks a worker for its stack without stopping it; this file reads and words it. Values only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from amlemu.exchange import Frame

_OURS = str(Path(__file__).parent)
_LINE = re.compile(r'^  File "(.*)", line (\d+|\?\?\?) in (.*)$', re.MULTILINE)
_DUMP = re.compile(r"^(?:Current thread|Stack).*\(most recent call first\):\n((?:  .*\n?)+)", re.MULTILINE)
_LIBRARY = re.compile(r".*/(?:site-packages|dist-packages|python\d[\d.]*)/")
_SHOWN = 3  # frames of the user's own; the innermost of them


def read_dump(text: str) -> list[Frame]:
    """Return the last stack in what faulthandler has written, outermost frame first; none when there is none."""
    dumps = _DUMP.findall(text)
    lines = _LINE.findall(dumps[-1]) if dumps else []
    return [Frame(file, int(line) if line.isdigit() else 0, function) for file, line, function in reversed(lines)]


def of_user(stack: Sequence[Frame], folders: Sequence[str]) -> list[Frame]:
    """Return the part that begins with the first frame from one of `folders`; without such a one, all that is not ours."""
    for place, frame in enumerate(stack):
        if _is_below(frame.file, folders):
            return list(stack[place:])
    return [frame for frame in stack if not frame.file.startswith(_OURS) and not frame.file.startswith("<frozen")]


def told(stack: Sequence[Frame], folders: Sequence[str]) -> str:
    """
    Say in one line where a script is: `score.py:31 predict -> sklearn/linear_model/_base.py:306 predict`.

    Args:
        stack: as `of_user` returns it.
        folders: of the user's own code, in the words of the script's file system.
    """
    own = [frame for frame in stack if _is_below(frame.file, folders)]
    inner = stack[-1:] if stack and not _is_below(stack[-1].file, folders) else []
    shown = [*own[-_SHOWN:], *inner]
    return " -> ".join(f"{short(frame.file, folders)}:{frame.line} {frame.function}" for frame in shown)


def innermost(stack: Sequence[Frame], folders: Sequence[str]) -> Frame:
    """Return the last frame of the user's own, else the last one; the stack is not empty."""
    own = [frame for frame in stack if _is_below(frame.file, folders)]
    return (own or list(stack))[-1]


def _is_below(file: str, folders: Sequence[str]) -> bool:
    is_library = _LIBRARY.match(file) is not None  # an environment may lie in the user's own folder
    return not is_library and any(file.startswith(folder.rstrip("/") + "/") for folder in folders)


def short(file: str, folders: Sequence[str]) -> str:
    """Name a file from the user's own folder, or from the folder that packages are installed in."""
    if _is_below(file, folders):
        folder = max((one for one in folders if file.startswith(one)), key=len)
        return file[len(folder) :].lstrip("/")
    return _LIBRARY.sub("", file, count=1)

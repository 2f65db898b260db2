"""
`amlemu vscode`: writes or prints the launch file, and says what has become of it and which key to press.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from amlemu.errors import UsageError
from amlemu.vscode import workspace
from amlemu.vscode.entries import ATTACH, entries
from amlemu.vscode.launch_file import LaunchFile, as_bytes
from amlemu.vscode.merge import Merged

_USUAL_PORT = 5678  # of `--debug` without a number


def run(script: str | None, folder: str | None, port: int, *, only_prints: bool) -> bytes:
    """
    Put our entries into the launch file and return what is to be said; with `only_prints` return the whole file instead.

    Raises:
        UsageError: the script, the folder, the port or the launch file is not usable; then nothing was written.
    """
    if not 0 < port < 2**16:
        raise UsageError(f"{port} is no port", where="--debug-port", expected="Expected 1 to 65535.")
    opened = workspace.find(folder)
    chosen = workspace.choose_script(script, opened)
    file = LaunchFile(opened)
    names = workspace.name_of(chosen, opened), workspace.code_of(chosen, opened)
    merged = file.merged(entries(names[0], port, names[1]))
    if only_prints:
        return as_bytes(merged)
    file.write(merged)
    return f"{file.path}: {_outcome(merged)}\n{_what_next(chosen, port)}\n".encode("utf-8", "backslashreplace")


def _outcome(merged: Merged) -> str:
    alike = [name for name in merged.kept if name not in merged.differing]
    told = {"added": merged.added, "kept": alike, "kept, though not as it would be now": merged.differing}
    words = [f"{word} " + ", ".join(f'"{name}"' for name in names) for word, names in told.items() if names]
    hint = " (remove it there to have it anew)" if merged.differing else ""
    return "; ".join(words) + hint


def _what_next(script: Path | None, port: int) -> str:
    name = "SCRIPT" if script is None else shlex.quote(os.path.relpath(script))
    debug = "--debug" if port == _USUAL_PORT else f"--debug {port}"
    return f'Start amlemu serve {name} {debug}, choose "{ATTACH}" under Run and Debug in VS Code, and press F5.'

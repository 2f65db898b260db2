"""
Why the real server could not boot, made from the last error in its log into a fault like those of our own workers.

Source: azureml-inference-server-http 0.8.4.1 and 1.5.1, aml_blueprint.py, user_script.py (observed; contract 4.12).
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from amlemu.scoring.faults import Fault
from amlemu.worker.process import BOOT_ERRORS, told_end

TRACEBACK = "Traceback (most recent call last):\n"


def tell_fault(said: str, folder: Path, exit_code: int) -> dict[str, Any]:
    """
    Make a fault of what the server said of a failure to boot, see `scoring.faults.Fault.as_data`.

    Args:
        said: its last error, at best with a traceback; any other text is passed on as it is.
        folder: the script's, as it sees it; the last frame in there is the place that is named.
        exit_code: what the server ended with.
    """
    _, _, traceback = said.partition(TRACEBACK)
    if not traceback:
        hint = "" if said or exit_code not in BOOT_ERRORS else _WHY_IT_ENDS
        shown = said and said.strip("\n") + "\n"
        return Fault("import", "Exit", f"azmlinfsrv {told_end(exit_code)}", hint=hint, traceback=shown).as_data()
    head, _, wrapper = traceback.rpartition(_DIRECT_CAUSE)
    phase = next((phase for name, phase in _PHASES.items() if name in wrapper), "check")
    if phase != "check":
        traceback = head  # without the server's own exception around the script's
    frames, kind, text = _parse(traceback.rpartition(TRACEBACK)[2])
    told = f"{kind}: {text}" if text else kind
    what = f"{_VERBS[phase]} raised {told}" if phase in _VERBS else text if kind == "UserScriptError" else told
    shown = _without_server_frames(TRACEBACK + traceback)
    hint = _WHERE_TO_INSTALL if kind == "ModuleNotFoundError" else ""
    return Fault(phase, kind, what, _place(frames, folder), hint, shown).as_data()


_WHY_IT_ENDS = "gunicorn gives up when a worker ends with exit code 3 or 4, whoever chose it."
_WHERE_TO_INSTALL = "Install it in the script's environment; the deployment's conda file needs it, too."
_DIRECT_CAUSE = "\n\nThe above exception was the direct cause of the following exception:\n\n"
_PHASES = {"UserScriptImportException: ": "import", "UserScriptException: ": "init"}
_VERBS = {"import": "importing the script", "init": "init()"}
_FRAME = re.compile(r'  File "(.+)", line (\d+)')
_SERVER_FRAMES = re.compile(r'  File "(<frozen importlib|.*[/\\]azureml_inference_server_http[/\\])')


def _parse(block: str) -> tuple[list[tuple[str, str]], str, str]:
    """Return a traceback's frames (file, line), and its exception's name and the first line of its text."""
    lines = block.splitlines()
    frames = [match.groups() for line in lines if (match := _FRAME.match(line))]
    after = next((line for line in lines if line and not line.startswith(" ")), "")
    kind, _, text = after.partition(":")
    return frames, kind.rpartition(".")[2], text.strip()  # type: ignore[return-value]


def _place(frames: list[tuple[str, str]], folder: Path) -> str:
    """Return the last place in the script's folder, which may be a link's name for where Python has found it."""
    for root in (str(folder), os.path.realpath(folder)):
        for file, line in reversed(frames):
            if file.startswith(root + os.sep):
                return f"{os.path.relpath(file, root)}:{line}"
    return ""


def _without_server_frames(text: str) -> str:
    """Cut the frames of the server and of the import machinery; nothing is left of a traceback that has no others."""
    kept, is_cut = [], False
    for line in text.splitlines(keepends=True):
        if not line.startswith("   "):
            is_cut = _SERVER_FRAMES.match(line) is not None
        if not is_cut:
            kept.append(line)
    return "".join(kept).rstrip("\n") + "\n" if any(_FRAME.match(line) for line in kept) else ""

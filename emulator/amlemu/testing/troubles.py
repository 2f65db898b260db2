"""
What a test is told that gets no endpoint, and who of many is told: a script that does not start is one trouble, not one for each test.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from amlemu.errors import AmlemuError, BootFailed, EngineMissing, Unreachable
from amlemu.testing.choice import TARGETS, Choice
from amlemu.testing.client import Memory

_FOLDER = "amlemu-troubles"
_STORY = re.compile(r"^(E  )? *caller: ", re.MULTILINE)


def first_of(request: pytest.FixtureRequest, choice: Choice) -> str:
    """Return the test that tells of this script already; empty where this one is the first, in all processes of the run."""
    factory = request.getfixturevalue("tmp_path_factory")
    base: Path = factory.getbasetemp()
    folder = (base.parent if hasattr(request.config, "workerinput") else base) / _FOLDER
    folder.mkdir(exist_ok=True)
    # a script that fails in process and as a worker fails once for each: it may be for different reasons
    same = replace(choice, profile="", settings=(), request_settings=(), auth=None)
    path = folder / hashlib.sha256(repr(same).encode()).hexdigest()[:16]
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    except FileExistsError:
        found = path.read_text(encoding="utf-8")
        return "" if found == request.node.nodeid else found or "another test"
    with open(handle, "w", encoding="utf-8") as file:
        file.write(request.node.nodeid)
    return ""


def short(choice: Choice, error: AmlemuError) -> str:
    """Say what does not answer."""
    return f"{_name(choice)} does not start" if isinstance(error, BootFailed) else f"nobody answers at {choice.target}"


def told(choice: Choice, error: AmlemuError) -> str:
    """Tell why there is nobody to ask: once, so all that is known."""
    if not isinstance(error, BootFailed):
        return f"amlemu: {_in_words_of_tests(str(error))}" + (
            ". Other tests are skipped." if isinstance(error, Unreachable) else ""
        )
    fault = error.fault
    place = f" ({fault['where']})" if fault.get("where") else ""
    hint = fault.get("hint", "")
    if not choice.model_dir and "AZUREML_MODEL_DIR" in fault["what"]:
        hint = 'Say where the model is: model_dir="..." in the marker, or amlemu_model_dir in pytest\'s configuration.'
    if "--python" in hint and choice.target == TARGETS[0]:
        hint = 'In this process a script has what pytest has: install it here, or let it have its own: target="worker", python="...".'
    lines = [
        f"amlemu: {_name(choice)} does not start: {fault['what']}{place}",
        *fault.get("traceback", "").rstrip().splitlines(),
        *hint.splitlines(),
        f"The server would end with exit code {error.exit_code}, and the deployment fail. Other tests of this script are skipped.",
    ]
    return "\n".join(lines)


def _in_words_of_tests(text: str) -> str:
    """Say `settings` where the command line has --set: nobody has typed that."""
    text = text.replace("--set ", "settings: ")
    return re.sub(
        r"--(code|model-dir|models?|auth|workers|python|profile)\b", lambda found: found[1].replace("-", "_"), text
    )


def _name(choice: Choice) -> str:
    path = os.path.relpath(choice.file)
    return choice.file if path.startswith("..") else path


def is_lack_of_engine(error: AmlemuError) -> bool:
    """Tell whether a container cannot be had because nobody runs any here."""
    return isinstance(error, EngineMissing)


def beside(memories: Sequence[Memory], report: Any, most: int) -> str:
    """Tell the last requests of a test that failed, unless the failure does."""
    if _STORY.search(report.longreprtext):
        return ""
    return "\n\n".join(text for memory in memories for text in memory.stories(most))

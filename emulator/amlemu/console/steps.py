"""
How a deployment comes up, step by step: a line for each, with a bar while one goes on where this is a terminal; and why it has not come up.
"""

from __future__ import annotations

import os
import re
import sys
import textwrap
import time
from collections.abc import Mapping
from typing import Any, TextIO

from amlemu.console.person import Paint
from amlemu.console.verdicts import seconds
from amlemu.local_endpoints import outcome as outcomes

_WIDTH, _NAME_WIDTH, _TEXT_WIDTH = 20, 22, 110
_COLOURS = {"Succeeded": "green", "Failed": "red", "InProgress": "yellow"}
_QUICK_S = 0.001  # what takes less needs no time
_CLEAR = "\r\x1b[K"


class Steps:
    """Shows the lines of a story; `hear` takes them."""

    def __init__(self, names: tuple[str, ...], out: TextIO | None = None) -> None:
        """`names` are those of all steps, in order; `out` is standard error where none is given."""
        self._out = sys.stderr if out is None else out
        self._names = names
        self._paint = Paint(self._out)
        self._is_live = self._out.isatty()
        self._bar = ""
        self.began = time.monotonic()

    def hear(self, line: Mapping[str, Any]) -> None:
        """Show a line."""
        if line["kind"] == outcomes.TEXT:
            self._write(f"{self._paint('cyan', 'amlemu |')} {from_here(line['text'])}")
        elif line["kind"] == outcomes.STEP:
            self._step(line["step"], line["state"], line["text"], line["took_s"])

    def end(self) -> None:
        """Take the bar away."""
        self._show_bar("")

    def _step(self, name: str, state: str, text: str, took_s: float | None) -> None:
        number = self._names.index(name) if name in self._names else 0
        if state == "InProgress":
            self._show_bar(self._bar_of(number, name))
            return
        took = f" {seconds(took_s):>7}" if took_s is not None and took_s > _QUICK_S else " " * 8
        self._write(f"{name:<{_NAME_WIDTH}} {self._paint(_COLOURS[state], f'{state:<9}')}{took}  {text}".rstrip())

    def _bar_of(self, number: int, name: str) -> str:
        filled = round(_WIDTH * number / max(len(self._names), 1))
        return f"[{'#' * filled}{'-' * (_WIDTH - filled)}] {number + 1}/{len(self._names)} {name}"

    def _write(self, text: str) -> None:
        bar = self._bar
        self._show_bar("")
        self._out.write(text + "\n")
        self._show_bar(bar)

    def _show_bar(self, bar: str) -> None:
        if self._is_live and (bar or self._bar):
            self._out.write(_CLEAR + bar)
        self._bar = bar
        self._out.flush()


def failure(outcome: Mapping[str, Any], paint: Paint) -> str:
    """Return why something has failed: which step, the cloud's words, the cause, what to do, the evidence."""
    cause = outcome.get("cause")
    if not cause:
        return from_here(outcome["text"])
    cause = {name: from_here(text) if isinstance(text, str) else text for name, text in cause.items()}
    cloud = cause["today"] + (f"; {cause['in_2021']} in 2021" if cause["in_2021"] else "")
    head = f"{outcome['text']} at {cause['step']}"
    lines = [f"{paint('red', head)}  [{cloud or 'this machine only: nothing is known of the cloud'}]"]
    lines += _folded("cause", cause["told"])
    lines += [line for text in cause["fix"].splitlines() for line in _folded("fix", text)]
    lines += textwrap.indent(cause["traceback"].rstrip(), "  ").splitlines()
    if cause["said"]:
        lines += ["  the script's last words:", *(f"  score | {line}" for line in cause["said"])]
    return "\n".join(lines)


def from_here(text: str) -> str:
    """Shorten paths below the current folder: whoever wrote this has another one, and writes them whole."""
    here = os.getcwd().rstrip(os.sep) + os.sep
    return re.sub(rf"(?<![\w/.-]){re.escape(here)}(?=[^\s/])", "", text) if here != os.sep else text


def _folded(name: str, text: str) -> list[str]:
    first, *rest = textwrap.wrap(text, _TEXT_WIDTH, break_long_words=False) or [""]
    return [f"  {name:<6} {first}", *(f"         {line}" for line in rest)]

"""
When and how a script is loaded anew: what the user asked for, as values. `watch/` looks, `backends/generations.py` swaps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MODES = ("auto", "beside", "stop-first")
"""How a generation takes the place of the one before: `auto` is `beside`, unless two of them would be too many."""


@dataclass(frozen=True)
class ReloadRules:
    """
    What the user asked for.

    Attributes:
        is_on: files are watched; without it a reload happens only when somebody asks for one.
        folders: watched instead of the deployment's code folder; empty: that one.
        include: patterns of files that count besides the usual ones.
        exclude: patterns of files and folders that do not count.
        delay_s: seconds without a further change before a reload begins.
        polls: look again and again instead of waiting for the system's word.
        mode: one of `MODES`.
        keeps_last_good: when the new generation does not start, the one before goes on serving.
    """

    is_on: bool = False
    folders: tuple[Path, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    delay_s: float = 0.03
    polls: bool = False
    mode: str = "auto"
    keeps_last_good: bool = False


def is_wanted(choice: bool | None, by_default: bool, environment: Mapping[str, str]) -> bool:
    """
    Tell whether files are to be watched.

    Args:
        choice: of the user, None without one.
        by_default: what the profile says.
        environment: of this process; where `CI` is set nobody saves files.
    """
    if choice is not None:
        return choice
    return by_default and environment.get("CI", "").lower() in ("", "0", "false")

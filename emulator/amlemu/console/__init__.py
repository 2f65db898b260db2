"""
What is seen of events and exchanges, in three renderings: for people, for log readers, for programs. Only this package prints.
"""

from __future__ import annotations

from amlemu.console.base import Console
from amlemu.console.json_lines import JsonConsole
from amlemu.console.person import Paint, PersonConsole
from amlemu.console.server_lines import ServerConsole

__all__ = ["Console", "JsonConsole", "Paint", "PersonConsole", "ServerConsole", "choose"]


def choose(log_format: str, as_json: bool) -> Console:
    """Return the rendering that the command line asks for."""
    if as_json:
        return JsonConsole()
    return ServerConsole() if log_format == "azmlinfsrv" else PersonConsole()

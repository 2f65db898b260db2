"""
What somebody who debugs has asked for, as values. `worker/debug_port.py` opens the port, `worker/debugger.py` joins from a worker.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from amlemu.errors import UsageError

_LAST_PORT = 65535
DEFAULT_PORT = 5678
"""debugpy's, and that of Azure's documentation since 2020 (contract 3.2)."""


@dataclass(frozen=True)
class DebugRules:
    """
    What the user asked for.

    Attributes:
        port: listened on for an editor; 0 picks a free one, None listens nowhere.
        host: the address to listen on. Whoever reaches it may run any code.
        connect: port of this machine where an editor listens, which is dialled instead; None dials nobody.
        inherits: amlemu itself was started by a debugger, whose session workers join.
        wait_s: seconds that the first worker waits for the editor before it loads the script; None does not wait.
        stops_clocks: timeouts stand still as long as a worker is stopped.
        on_error: stop where run() or init() raised.
        terminal: path of the terminal where pdb asks; None without one.
    """

    port: int | None = None
    host: str = "127.0.0.1"
    connect: int | None = None
    inherits: bool = False
    wait_s: float | None = None
    stops_clocks: bool = True
    on_error: bool = False
    terminal: str | None = None

    @property
    def is_on(self) -> bool:
        """Whether somebody is going to stop the script: then there is one worker at a time."""
        return self.inherits or any(way is not None for way in (self.port, self.connect, self.terminal))


def rules(
    *,
    port: int | None,
    host: str,
    connect: int | None,
    wait_s: float | None,
    stops_clocks: bool,
    on_error: bool,
    wants_pdb: bool,
    variables: Mapping[str, str],
) -> DebugRules:
    """
    Return what follows from the options of a command line.

    Args:
        port: of `--debug`.
        host: of `--debug-host`.
        connect: of `--debug-connect`.
        wait_s: of `--wait-for-client`.
        stops_clocks: of `--pause`.
        on_error: of `--debug-on-error`.
        wants_pdb: of `--pdb`.
        variables: that the script will see: AZUREML_DEBUG_PORT is the cloud's word for `--debug-connect` (contract 3.7).

    Raises:
        UsageError: two of them contradict each other, or there is no terminal for pdb.
    """
    for flag, number, least in (("--debug", port, 0), ("--debug-connect", connect, 1)):
        if number is not None and not least <= number <= _LAST_PORT:
            raise UsageError(
                "no such port", where=f"{flag} {number}", expected=f"Ports are {least or 1} to {_LAST_PORT}."
            )
    if wants_pdb:
        if port is not None or connect is not None:
            raise UsageError("the script has one debugger", where="--pdb", hint="Leave out --debug, or --pdb.")
        return DebugRules(terminal=_terminal(), stops_clocks=stops_clocks, on_error=on_error)
    if connect is None and port is None:
        connect = _number(variables.get("AZUREML_DEBUG_PORT", ""))
    elif connect is not None and port is not None:
        raise UsageError("it dials an editor, or waits for one", where="--debug-connect", hint="Leave out --debug.")
    inherits = port is None and connect is None and "pydevd" in sys.modules
    wants_port = port is None and connect is None and not inherits and (on_error or wait_s is not None)
    return DebugRules(
        port=DEFAULT_PORT if wants_port else port,
        host=host,
        connect=connect,
        inherits=inherits,
        wait_s=wait_s,
        stops_clocks=stops_clocks,
        on_error=on_error,
    )


def launch_entry(address: str, mappings: Mapping[str, str] | None = None, *, is_dialled: bool = False) -> str:
    """
    Return the launch entry by which VS Code attaches there, or is attached to from there, on one line.

    Args:
        address: `host:port`.
        mappings: the host's folders, and where they lie for the script; none where workers map them by themselves.
    """
    host, _, port = address.rpartition(":")
    host = "127.0.0.1" if host in ("0.0.0.0", "") else host  # noqa: S104  # where it listens, not where one goes
    attach: dict[str, Any] = {"name": "amlemu: attach", "type": "debugpy", "request": "attach"}
    attach["listen" if is_dialled else "connect"] = {"host": host, "port": int(port) if port.isdigit() else port}
    if mappings:
        attach["pathMappings"] = [{"localRoot": host, "remoteRoot": inside} for host, inside in mappings.items()]
    return json.dumps(attach) if port.isdigit() else "your editor"


def _terminal() -> str:
    try:
        return os.ttyname(sys.__stdin__.fileno())  # type: ignore[union-attr]
    except (OSError, AttributeError, ValueError):
        hint = "Start amlemu in a terminal, or attach an editor with --debug."
        raise UsageError("there is no terminal here", where="--pdb", hint=hint) from None


def _number(word: str) -> int | None:
    try:
        number = int(word or 0)  # 0 is nothing to the real server, too
    except ValueError:
        number = -1
    if not 0 <= number <= _LAST_PORT:
        raise UsageError(f"{word!r} is no port", where="AZUREML_DEBUG_PORT")
    return number or None

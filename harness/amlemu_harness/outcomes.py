"""
What it means for a script that is served when a run of its container has ended, or does not come to answer: whose fault it is, and
whether a save can mend it.

`ends.py` says what an exit code means, `amlemu.explain` what the log says; `lodger.py` acts on what is found here.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from amlemu.backends.engine_fault import tell_fault
from amlemu.errors import AmlemuError, BootFailed, EngineMissing, HostLost
from amlemu.explain.log import read_log

from amlemu_harness.containers import State
from amlemu_harness.ends import explained, has_server
from amlemu_harness.troubles import EngineLost

REMOVED = "removed"
"""A container's status; whoever did it meant it: two servers of one endpoint would remove each other's for ever."""

_SCRIPT_FAILED = 3  # what the server leaves with
_LAST_LINES = 12


_SAYS_ALL = range(96, 101)
"""Exit codes of gunicorn/run: each has one reason, and what stands in the log before it says less."""


def told_end(state: State, log: str) -> str:
    """Say with which code a container has ended, and what that means; the end of a sentence."""
    end = explained(state.exit_code, was_out_of_memory=state.was_out_of_memory, log=log.encode())
    return f"exit code {end.code}: {end.text}"


def lost(error: AmlemuError) -> AmlemuError:
    """Return the error as the emulator has it: an engine that has gone away takes the host with it."""
    if not isinstance(error, (EngineLost, EngineMissing)):
        return error
    return HostLost(error.what, where=error.where, expected=error.expected, hint=error.hint)


def removed(container: str) -> HostLost:
    """Return the error for a container that is gone."""
    what = "it has been removed, by a person or for another container of this endpoint"
    return HostLost(what, where=f"container {container}")


def silent(image: str, why: str) -> HostLost:
    """Return the error for a container that runs, and has nothing that could answer."""
    return HostLost(why, where=f"image {image}", hint="Azure's inference images serve there.")


def why_not_booted(state: State, log: str, boot_error: str, *, folder: Path, image: str) -> Exception:
    """
    Say why a container has ended before it answered: BootFailed, which the next save may mend, or HostLost.

    Args:
        log: all that it has written since it was started.
        boot_error: what the server has said last of an error, if it has.
        folder: the script's, as it sees it.
        image: its name.
    """
    if boot_error:
        return BootFailed(tell_fault(boot_error, folder, _SCRIPT_FAILED), _SCRIPT_FAILED)
    if state.exit_code in (0, 1, 126, 127) and not has_server(log.encode()):
        what = f"it has no inference server: its command ended with exit code {state.exit_code}"
        return HostLost(what, where=f"image {image}", expected=_last_words(log))
    return BootFailed(_fault(state, log), _SCRIPT_FAILED)


def _fault(state: State, log: str) -> dict[str, Any]:
    """Return the fault of a container whose server has said nothing: the first cause in its log, else what its code means."""
    told, cause = told_end(state, log), read_log(io.BytesIO(log.encode())).cause
    what = "the container ended before it answered"
    end = explained(state.exit_code, was_out_of_memory=state.was_out_of_memory, log=log.encode())
    if end.server_code in _SAYS_ALL:
        cause = None
    lines = "".join(f"  {line}\n" for line in _lines(log)[-_LAST_LINES:])
    return {
        "phase": "import",
        "kind": "Exit",
        "what": f"{what}: {cause.told.cause}" if cause is not None else f"{what}, with {told}",
        "where": "",
        "hint": told if cause is not None else "",
        "traceback": f"last lines of its log:\n{lines}" if lines else "",
    }


def _last_words(log: str) -> str:
    lines = _lines(log)
    return f'Its last words: "{lines[-1].strip()}".' if lines else ""


def _lines(log: str) -> list[str]:
    return [line for line in log.splitlines() if line.strip()]

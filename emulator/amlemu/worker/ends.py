"""
How a process ended, and why it probably did, in words: one table of signals, one of exit codes.

Honest guesses from the exit code alone; what else is known (the kernel's count, a limit that was over) is put before them
by `console/ends.py`.
"""

from __future__ import annotations

from amlemu.worker.process import signal_name

_C_CODE = "C code in a library crashed"
_SENT = "somebody sent it"
SIGNALS = {
    "SIGKILL": "it may have run out of memory",
    "SIGSEGV": _C_CODE,
    "SIGBUS": f"{_C_CODE}, or a file that it had mapped into memory has become shorter",
    "SIGILL": f"{_C_CODE}; it may have been built for another processor",
    "SIGFPE": f"{_C_CODE}; it probably divided by zero",
    "SIGABRT": "C code in a library probably called abort()",
    "SIGSYS": "it probably made a system call that is forbidden here",
    "SIGXCPU": "its limit of processor time was reached (ulimit -t)",
    "SIGXFSZ": "its limit of a file's size was reached (ulimit -f)",
}
"""By name; whatever else ends a process has been sent by somebody."""

_BOOT_ERROR = "gunicorn takes it for a failure to boot, whoever chose it, and ends"
EXIT_CODES = {
    0: "somebody sent it SIGTERM or SIGINT, or the script, or a library, called os._exit(0)",
    3: _BOOT_ERROR,
    4: _BOOT_ERROR,
    126: "in a shell's words, a program was found that cannot be run",
    127: "in a shell's words, a program was not found",
    255: "the script, or a library, probably called os._exit(-1)",
}
"""Those that mean something; any other was probably chosen by the script."""

_REAL_TIME = 32  # the first signal that has no meaning of its own
_SHELL = 128  # a shell ends with this and the signal's number when a signal has ended what it ran


def told_code(exit_code: int) -> str:
    """Name a signal (a negative code) or an exit code."""
    return signal_name(-exit_code) if exit_code < 0 else f"exit code {exit_code}"


def likely_reason(exit_code: int) -> str:
    """Say why a process that nobody here has ended probably did so; a clause."""
    if exit_code < 0:
        return SIGNALS.get(signal_name(-exit_code), _SENT)
    if exit_code in EXIT_CODES:
        return EXIT_CODES[exit_code]
    if 0 < exit_code - _SHELL < _REAL_TIME:
        name = signal_name(exit_code - _SHELL)
        return f"in a shell's words, {name}: {SIGNALS.get(name, _SENT)}"
    return f"the script, or a library, probably called os._exit({exit_code})"

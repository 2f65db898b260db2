"""How a process ended and why it probably did, word for word."""

from __future__ import annotations

import pytest
from amlemu.worker.ends import EXIT_CODES, SIGNALS, likely_reason, told_code


@pytest.mark.parametrize(
    ("exit_code", "name", "reason"),
    [
        (-9, "SIGKILL", "it may have run out of memory"),
        (-11, "SIGSEGV", "C code in a library crashed"),
        (-7, "SIGBUS", "C code in a library crashed, or a file that it had mapped into memory has become shorter"),
        (-4, "SIGILL", "C code in a library crashed; it may have been built for another processor"),
        (-8, "SIGFPE", "C code in a library crashed; it probably divided by zero"),
        (-6, "SIGABRT", "C code in a library probably called abort()"),
        (-15, "SIGTERM", "somebody sent it"),
        (-2, "SIGINT", "somebody sent it"),
        (-1, "SIGHUP", "somebody sent it"),
        (-45, "signal 45", "somebody sent it"),
        (0, "exit code 0", "somebody sent it SIGTERM or SIGINT, or the script, or a library, called os._exit(0)"),
        (1, "exit code 1", "the script, or a library, probably called os._exit(1)"),
        (7, "exit code 7", "the script, or a library, probably called os._exit(7)"),
        (3, "exit code 3", "gunicorn takes it for a failure to boot, whoever chose it, and ends"),
        (4, "exit code 4", "gunicorn takes it for a failure to boot, whoever chose it, and ends"),
        (126, "exit code 126", "in a shell's words, a program was found that cannot be run"),
        (127, "exit code 127", "in a shell's words, a program was not found"),
        (128, "exit code 128", "the script, or a library, probably called os._exit(128)"),
        (137, "exit code 137", "in a shell's words, SIGKILL: it may have run out of memory"),
        (139, "exit code 139", "in a shell's words, SIGSEGV: C code in a library crashed"),
        (159, "exit code 159", "in a shell's words, SIGSYS: it probably made a system call that is forbidden here"),
        (160, "exit code 160", "the script, or a library, probably called os._exit(160)"),
        (255, "exit code 255", "the script, or a library, probably called os._exit(-1)"),
    ],
)
def test_an_exit_code_has_a_name_and_a_likely_reason(exit_code: int, name: str, reason: str) -> None:
    """Negative codes are signals; a guess says that it is one."""
    assert (told_code(exit_code), likely_reason(exit_code)) == (name, reason)


def test_a_reason_is_a_clause() -> None:
    """It stands between a semicolon and a full stop."""
    for reason in (*SIGNALS.values(), *EXIT_CODES.values()):
        assert reason
        assert not reason.endswith((".", ";"))

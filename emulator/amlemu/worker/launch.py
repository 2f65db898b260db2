"""
How a worker process comes into being: a fresh interpreter, a socket pair, a shared page, two pipes.

Everything that depends on the platform is here. Fork-based launching (a zygote) will sit beside it behind the same
`Launched`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from amlemu.errors import UsageError
from amlemu.worker.protocol import Mark

_BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
_SOCKET_BUFFER_BYTES = 1 << 20


@dataclass(frozen=True)
class LaunchPlan:
    """
    What every worker of a generation is started with.

    `folder` is where the script finds itself, a path of its own file system. `prefix` is a program that makes this file
    system and then becomes the words after it; empty where the script sees the host's.
    """

    python: Path
    folder: Path
    environment: Mapping[str, str]
    prefix: tuple[str, ...] = ()

    @property
    def start_folder(self) -> Path:
        """The host's folder to start the process in; the prefix moves on to `folder` by itself."""
        return Path("/") if self.prefix else self.folder

    def words(self, *arguments: str) -> list[str]:
        """Return the command line that runs the script's interpreter with `arguments`."""
        return [*self.prefix, str(self.python), *arguments]


@dataclass
class Launched:
    """A process that has just been started, and our ends of what connects us. `stdout` and `stderr` do not block."""

    process: subprocess.Popen[bytes]
    endpoint: socket.socket
    mark: Mark
    stdout: int
    stderr: int

    def kill_group(self, number: int = signal.SIGKILL) -> None:
        """Signal the worker and everything it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)

    def kill(self, number: int) -> None:
        """Signal the worker alone."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)


def launch_fresh(plan: LaunchPlan) -> Launched:
    """
    Start a worker in a fresh interpreter, in a session of its own (a Ctrl-C in the terminal is ours to handle).

    Raises:
        UsageError: the interpreter cannot be started, or the folder is gone.
    """
    if not plan.start_folder.is_dir():
        raise UsageError("no such folder", where=str(plan.start_folder), hint="Was the deployment moved?")
    ours, theirs = socket.socketpair()
    out_read, out_write = os.pipe()
    err_read, err_write = os.pipe()
    for side in (ours, theirs):
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            side.setsockopt(socket.SOL_SOCKET, option, _SOCKET_BUFFER_BYTES)
    with tempfile.TemporaryFile() as page, theirs:
        page.truncate(os.sysconf("SC_PAGE_SIZE"))
        inherited = (theirs.fileno(), page.fileno())
        try:
            process = subprocess.Popen(
                plan.words(str(_BOOTSTRAP), *map(str, inherited)),
                stdin=subprocess.DEVNULL,
                stdout=out_write,
                stderr=err_write,
                cwd=plan.start_folder,
                env=dict(plan.environment),
                pass_fds=inherited,
                start_new_session=True,
            )
        except OSError as error:
            for end in (out_read, err_read):
                os.close(end)
            ours.close()
            raise UsageError(f"cannot be started: {error.strerror}", where=str(plan.python)) from error
        finally:
            os.close(out_write)
            os.close(err_write)
        mark = Mark(page.fileno())
    for end in (out_read, err_read):
        os.set_blocking(end, False)
    ours.setblocking(False)
    return Launched(process, ours, mark, out_read, err_read)

"""
How a process of the guest half comes into being: a fresh interpreter, a socket pair, a shared page, two pipes.

Everything that depends on the platform is here. Workers that are forked instead (`forks.py`) get the same lines and come
out as the same `Launched`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from amlemu.errors import UsageError
from amlemu.memory import MemoryRules
from amlemu.worker import lifeline
from amlemu.worker.protocol import STACKS_AT, Mark
from amlemu.worker.session import unseen

_BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
_SOCKET_BUFFER_BYTES = 1 << 20


@dataclass(frozen=True)
class LaunchPlan:
    """
    What every worker of a generation is started with.

    `folder` is where the script finds itself, `models_folder` where its models lie, if it has any; both are paths of its
    own file system. `prefix` is a program that makes this file system and then becomes the words after it; empty
    where the script sees the host's. `mounted` are the host's files and folders that it puts there.
    """

    python: Path
    folder: Path
    environment: Mapping[str, str]
    prefix: tuple[str, ...] = ()
    models_folder: str | None = None
    mounted: tuple[Path, ...] = ()
    reloads: bool = False  # the script is going to be another one soon
    dials_debugger: bool = False  # AZUREML_DEBUG_PORT is each worker's own affair
    measures: bool = False  # how long each import takes
    memory: MemoryRules | None = None  # None: as much as there is
    processors: tuple[int, ...] = ()  # those that may be used; empty: all
    debugging: Debugging | None = None  # None: a script that listens for a debugger does so by itself

    @property
    def start_folder(self) -> Path:
        """The host's folder to start the process in; the prefix moves on to `folder` by itself."""
        return Path("/") if self.prefix else self.folder

    def words(self, *arguments: str) -> list[str]:
        """Return the command line that runs the script's interpreter with `arguments`."""
        return [*self.prefix, str(self.python), *arguments]


class Debugging(Protocol):
    """What workers are told of debuggers; `debug_port.DebugPort` is one."""

    def for_worker(self) -> dict[str, Any]:
        """Return what a worker that starts now is to do, see `debugger.Debugger`."""

    async def join(self, host: str, port: int) -> dict[str, Any]:
        """Let a script that wants to listen join what is there; returns the head of a `SESSION` frame."""

    async def wait(self, seconds: float) -> dict[str, Any]:
        """Wait for an editor, so many seconds at most; returns the same."""

    def renew(self) -> None:
        """Listen anew: workers cannot be debugged through what is there."""


class Process(Protocol):
    """What is needed of a process, whoever its parent is; `subprocess.Popen` has it."""

    @property
    def pid(self) -> int: ...

    def wait(self, timeout: float | None = None) -> int:
        """Block until it has ended; returns the exit code, negative for a signal."""

    def send_signal(self, sig: int) -> None:
        """Signal it, unless its end is known: the pid may be another process's by now."""


class Stacks:
    """The stacks that a worker writes behind its mark when it is asked."""

    def __init__(self, file: int) -> None:
        """Take a descriptor of the mark's file over."""
        self._file = file
        self._read_to = STACKS_AT

    def take(self) -> str:
        """Return what has been written since the last time."""
        data = os.pread(self._file, 1 << 16, self._read_to)
        self._read_to += len(data)
        return data.decode("ascii", "replace")

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


@dataclass
class Launched:
    """A process that has just been started, and our ends of what connects us. `stdout` and `stderr` do not block."""

    process: Process
    endpoint: socket.socket
    mark: Mark
    stdout: int
    stderr: int
    stacks: Stacks
    is_fork: bool = False

    def kill_group(self, number: int = signal.SIGKILL) -> None:
        """Signal the worker and everything it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)

    def kill(self, number: int) -> None:
        """Signal the worker alone."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)


Launcher = Callable[[LaunchPlan], Awaitable[Launched]]


@dataclass(frozen=True)
class Lines:
    """What connects us with a process that is about to be: our ends, and descriptors of theirs."""

    endpoint: socket.socket
    mark: Mark
    outputs: tuple[int, int]
    stacks: Stacks
    theirs: tuple[int, int, int, int]  # in the order of `protocol.FILES`

    def launched(self, process: Process) -> Launched:
        """Hand our ends on together with the process."""
        return Launched(process, self.endpoint, self.mark, *self.outputs, self.stacks)


@contextlib.contextmanager
def open_lines() -> Iterator[Lines]:
    """Open the lines; at the end of the `with` block theirs are closed, and ours as well when it raises."""
    with contextlib.ExitStack() as ours, contextlib.ExitStack() as theirs:
        near, far = socket.socketpair()
        ours.enter_context(near)
        theirs.enter_context(far)
        for side in (near, far):
            for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
                side.setsockopt(socket.SOL_SOCKET, option, _SOCKET_BUFFER_BYTES)
        page = theirs.enter_context(tempfile.TemporaryFile())
        page.truncate(max(STACKS_AT, os.sysconf("SC_PAGE_SIZE")))
        mark = Mark(page.fileno())
        ours.callback(mark.close)
        stacks = Stacks(os.dup(page.fileno()))
        ours.callback(stacks.close)
        (out_read, out_write), (err_read, err_write) = _open_pipe(ours, theirs), _open_pipe(ours, theirs)
        near.setblocking(False)
        yield Lines(near, mark, (out_read, err_read), stacks, (far.fileno(), page.fileno(), out_write, err_write))
        ours.pop_all()


def _open_pipe(ours: contextlib.ExitStack, theirs: contextlib.ExitStack) -> tuple[int, int]:
    reader, writer = os.pipe()
    ours.callback(os.close, reader)
    theirs.callback(os.close, writer)
    os.set_blocking(reader, False)
    return reader, writer


def launch_fresh(plan: LaunchPlan) -> Launched:
    """
    Start a worker in a fresh interpreter, in a session of its own (a Ctrl-C in the terminal is ours to handle).

    Raises:
        UsageError: the interpreter cannot be started, or the folder is gone.
    """
    with open_lines() as lines:
        endpoint, page, *outputs = lines.theirs
        return lines.launched(_start(plan, "child", outputs, endpoint, page))


def launch_zygote(plan: LaunchPlan) -> Launched:
    """Start a zygote, likewise; its mark means nothing. Raises UsageError as `launch_fresh` does."""
    return _launch_helper(plan, "zygote")


def launch_anchor(plan: LaunchPlan) -> Launched:
    """Start an anchor for debuggers, likewise."""
    return _launch_helper(plan, "anchor")


def _launch_helper(plan: LaunchPlan, role: str) -> Launched:
    with open_lines() as lines:
        endpoint, _, *outputs = lines.theirs
        return lines.launched(_start(plan, role, outputs, endpoint))


async def fresh(plan: LaunchPlan) -> Launched:
    """Be `launch_fresh` as a `Launcher`."""
    return launch_fresh(plan)


def _start(plan: LaunchPlan, role: str, outputs: list[int], *inherited: int) -> subprocess.Popen[bytes]:
    """Run `bootstrap.py` with a role and the descriptors that it inherits."""
    inherited = (lifeline.rope(os.getpid()), *inherited)
    if not plan.start_folder.is_dir():
        raise UsageError("no such folder", where=str(plan.start_folder), hint="Was the deployment moved?")
    try:
        with unseen():  # by the debugger of this very process: workers join it by themselves
            return subprocess.Popen(
                plan.words(str(_BOOTSTRAP), role, *map(str, inherited)),
                stdin=subprocess.DEVNULL,
                stdout=outputs[0],
                stderr=outputs[1],
                cwd=plan.start_folder,
                env=dict(plan.environment),
                pass_fds=inherited,
                start_new_session=True,
            )
    except OSError as error:
        raise UsageError(f"cannot be started: {error.strerror}", where=str(plan.python)) from error

"""
What happens besides requests, as values in the past tense: workers come and go, scripts speak.

Backends hand events to the callable they were given; console, journal and tests read them. Exchanges are not events:
they have their own record in `exchange.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from amlemu.exchange import Frame
from amlemu.memory import OutOfMemory


@dataclass(frozen=True)
class Spoke:
    """
    The script, or the server on its behalf, said something.

    `stream` is `stdout` or `stderr` for raw output (text as written, newlines kept), `log` for a record of the server's
    own loggers. `own` marks the server's record of its own doings, which a person sees only when it is a warning, and raw text of
    what stands around it in a container.
    """

    stream: str
    text: str
    pid: int
    logger: str = ""
    level: str = "INFO"
    at: float = 0.0  # seconds since the epoch
    own: bool = False
    request: int | None = None  # number of the exchange that was running


@dataclass(frozen=True)
class WorkerStarted:
    """A worker process exists; the script is being loaded."""

    pid: int


@dataclass(frozen=True)
class WorkerReady:
    """init() has returned; the worker takes requests."""

    pid: int
    boot_ms: float
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class WorkerFailedToBoot:
    """The script could not be loaded, checked or initialised; `fault` is `scoring.faults.Fault.as_data`."""

    pid: int
    fault: dict[str, Any]


@dataclass(frozen=True)
class FileWritten:
    """The script writes, renames or removes a file; `path` is the script's own name for it. For reloads only."""

    pid: int
    path: str


@dataclass(frozen=True)
class WorkerTimedOut:
    """run() took longer than WORKER_TIMEOUT; the worker is told to abort."""

    pid: int
    limit_s: float


@dataclass(frozen=True)
class WorkerEnded:
    """A worker process is gone. `planned` when we asked it to go."""

    pid: int
    exit_code: int  # negative: the signal that ended it
    planned: bool
    was_booting: bool = False
    busy_s: float | None = None  # how long run() had been going on
    last_line: str = ""  # of its stderr
    last_lines: tuple[str, ...] = ()  # of its stderr, the last few that have words, oldest first
    restart_in_s: float | None = None
    memory: OutOfMemory | None = None  # what it was killed for, where that was us


@dataclass(frozen=True)
class Scaled:
    """The number of replicas is to be another one, or has become it."""

    at: float  # seconds since the epoch
    wanted: int
    ready: int
    why: str  # a clause


@dataclass(frozen=True)
class WouldBeUnready:
    """The platform's readiness probe has been missed so often that the container would get no more requests until it answers again."""

    after_s: float  # since the first miss
    stack: tuple[Frame, ...] = ()  # where the script is, outermost frame first


@dataclass(frozen=True)
class WouldBeKilled:
    """The platform's liveness probe has been missed so often that the platform would end the container."""

    after_s: float  # since the container's start while the script boots, else since the first miss
    is_booting: bool
    stack: tuple[Frame, ...] = ()  # where the script is, outermost frame first


@dataclass(frozen=True)
class RequestRefused:
    """Bytes that are no request were answered with an error page; no exchange came of them."""

    client: str
    why: str


@dataclass(frozen=True)
class AnsweredLate:
    """The model was done with a request that had been answered without it, at the deadline."""

    number: int  # of the exchange
    method: str
    target: str
    status: int | None  # what the model said; None: nothing
    elapsed_ms: float
    answered_ms: float  # when the caller had been answered


@dataclass(frozen=True)
class ReloadBegan:
    """A new generation begins to boot. `changed` are paths on this host, empty when somebody has asked for it."""

    generation: int
    changed: tuple[str, ...]
    mode: str  # `beside` or `stop-first`
    why: str = ""  # ... was chosen, where nobody asked for it


@dataclass(frozen=True)
class Reloaded:
    """The new generation serves."""

    generation: int
    changed: tuple[str, ...]
    boot_ms: float  # loading the script and init()
    took_ms: float  # from the first change, or from being asked


@dataclass(frozen=True)
class ReloadFailed:
    """The new generation does not start; `fault` is `scoring.faults.Fault.as_data`."""

    generation: int
    changed: tuple[str, ...]
    fault: dict[str, Any]
    serving: int | None  # the generation that goes on, None: requests are answered as by an unhealthy deployment


@dataclass(frozen=True)
class DebuggerListening:
    """An editor may attach; `address` is `host:port`. Or, with `is_dialled`, an editor listens there and has been reached."""

    address: str
    is_dialled: bool = False
    waits_s: float | None = None  # how long the script is not loaded without one; None: it is at once


@dataclass(frozen=True)
class DebuggerAttached:
    """An editor is there."""


@dataclass(frozen=True)
class DebuggerLeft:
    """It is not there any more; what stood still goes on."""


@dataclass(frozen=True)
class WorkerPaused:
    """A debugger holds a worker. `file` is as the script's file system has it, empty where it is at no line."""

    pid: int
    why: str  # `breakpoint`, `step`, `exception` ..., `waiting for a debugger`
    file: str = ""
    line: int = 0
    function: str = ""
    request: int | None = None  # number of the exchange that stands still


@dataclass(frozen=True)
class WorkerResumed:
    """It goes on."""

    pid: int
    why: str  # it had stopped
    paused_s: float


@dataclass(frozen=True)
class Noticed:
    """Something that a person should know; a clause of its own, without our name before it."""

    text: str


@dataclass(frozen=True)
class LeftBehind:
    """Something that was started could not be ended; a clause of its own."""

    text: str


Event = (
    AnsweredLate
    | DebuggerAttached
    | DebuggerLeft
    | DebuggerListening
    | FileWritten
    | LeftBehind
    | Noticed
    | ReloadBegan
    | Reloaded
    | ReloadFailed
    | RequestRefused
    | Scaled
    | Spoke
    | WorkerStarted
    | WorkerReady
    | WorkerFailedToBoot
    | WorkerTimedOut
    | WorkerEnded
    | WorkerPaused
    | WorkerResumed
    | WouldBeKilled
    | WouldBeUnready
)
Listener = Callable[[Event], None]

"""
What the control port says, as pydantic models: the whole of its JSON, but for `export.py`. `routes.py` fills them, `client.py`
reads them as data.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

from amlemu.exchange import Exchange


class Sign(BaseModel):
    """Who is here; the one thing that is said without a token."""

    amlemu: str  # version
    scoring: str  # address where requests are answered
    folder: str  # where the note with the token lies


class WorkerStatus(BaseModel):
    """One process that runs the script."""

    pid: int
    replica: int = 1
    state: Literal["booting", "idle", "busy", "stopped"]  # `stopped`: a debugger holds it
    where: str = ""  # it is stopped, `file:line` on this host
    busy_s: float = 0.0
    memory_bytes: int | None = None


class GenerationStatus(BaseModel):
    """All workers that were started from one state of the files."""

    number: int
    state: Literal["booting", "ready", "draining", "failed"]
    workers: list[WorkerStatus] = []


class ReplicaCount(BaseModel):
    """How many replicas there were at some time, and why it became another number."""

    at: float  # seconds since the epoch
    wanted: int
    ready: int
    why: str = ""


class Status(BaseModel):
    """The server as a whole; `why` has one line when it is not ready."""

    state: Literal["booting", "ready", "unhealthy", "stopping"]
    why: str = ""
    script: str
    profile: str
    url: str  # where requests are answered
    pid: int
    version: str  # of amlemu
    started_at: float  # seconds since the epoch
    uptime_s: float
    generation: int
    reloads: int
    requests: int  # answered or closed so far
    watching: str = ""  # what is looked at for changes, in words; empty: nothing
    reload_mode: str
    generations: list[GenerationStatus] = []
    replicas: ReplicaCount | None = None  # now; None where there is one, and always will be
    replicas_before: list[ReplicaCount] = []  # each change, oldest first
    launcher: str = ""  # where workers come from, in words
    debugger: str = ""  # where editors attach, `host:port`; empty: nowhere
    deployment: str = ""  # its name


class ReloadOutcome(BaseModel):
    """What became of a reload; `fault` is `scoring.faults.Fault.as_data`."""

    generation: int
    ok: bool
    took_ms: float  # from being asked
    boot_ms: float  # loading the script and init()
    fault: dict[str, Any] | None = None
    serving: int | None = None  # the generation that answers now, None: none does


class Readiness(BaseModel):
    """Whether requests are answered by the script."""

    ready: bool
    state: str
    why: str = ""


class LogLine(BaseModel):
    """One line that the console wrote."""

    number: int
    at: float  # seconds since the epoch
    stream: str  # `stdout` or `stderr`
    text: str


class RequestLine(BaseModel):
    """An exchange in one line."""

    number: int
    at: float  # seconds since the epoch
    method: str
    target: str
    status: int | None  # None: the connection was closed without an answer
    model_status: int | None
    elapsed_ms: float
    paused_ms: float = 0.0  # of it, while a debugger held the worker
    run_ms: float | None
    peak_bytes: int | None = None  # of memory that the worker had with it
    generation: int | None
    why: str  # the front door answered by itself, or closed
    reason: str  # what the script or the machinery did wrong
    client_left: bool

    @classmethod
    def of(cls, exchange: Exchange) -> RequestLine:
        """Say in one line what became of an exchange."""
        return cls(
            number=exchange.number,
            at=exchange.started_at,
            method=exchange.request.method,
            target=exchange.request.target,
            status=_status(exchange),
            model_status=None if exchange.model is None else exchange.model.status,
            elapsed_ms=round(exchange.elapsed_ms, 3),
            paused_ms=round(exchange.paused_ms, 3),
            run_ms=exchange.account.get("run_ms"),
            peak_bytes=exchange.peak_bytes,
            generation=exchange.account.get("generation"),
            why=exchange.why,
            reason=_reason(exchange),
            client_left=exchange.client_left,
        )


class Refusal(BaseModel):
    """Why there is no answer, and what to do."""

    error: str
    hint: str = ""


def _status(exchange: Exchange) -> int | None:
    """Return what the caller got; a stream that broke off was closed, whatever its head said."""
    response = exchange.response
    if response is None or (exchange.failure is not None and not isinstance(response.body, bytes)):
        return None
    return response.status


def _reason(exchange: Exchange) -> str:
    account, failure = exchange.account, exchange.failure
    place = (
        f"; in run(): {exchange.where}" if exchange.stack else f"; it was {exchange.where}" if exchange.where else ""
    )
    if failure is not None:
        return f"{failure}{place}"
    if account.get("silence"):
        return f"{account['silence']}{place}"
    fault = account.get("fault")
    if not fault:
        return ""
    return f"{fault['what']} ({fault['where']})" if fault.get("where") else str(fault["what"])

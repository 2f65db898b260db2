"""
The error tree: whose fault it is decides the family, and every message says what, where, what was expected, what to do.

    AmlemuError
    +-- UsageError            flags, files, profiles: the person at the keyboard can mend it
    +-- EngineMissing         nothing on this machine runs containers
    +-- HostLost              what hosts the server is gone for good: nothing can be served any more
    +-- UserScriptError       the scoring script
    |   +-- BootFailed        it cannot be loaded, checked or initialised
    |   +-- ScoringFailed     a request was answered with an error (raised by the Python client only)
    +-- BackendFailure        the machinery said nothing, so there is no answer to pass on
        +-- NotReady          no worker has finished init() yet, or the backend is stopping
        +-- Busy              no free worker, and the profile does not let requests wait
        +-- WorkerCrashed     the process ended before it answered
        +-- BackendTimeout    no answer within the time given
        +-- Unreachable       nobody listens at the upstream address

What the server *did* say, its 500s included, is never an exception: it is a `Response`. Part of the guest half: standard
library only, Python 3.9 syntax.
"""

from __future__ import annotations

from typing import Any


class AmlemuError(Exception):
    """Anything amlemu itself has to say about a failure."""

    def __init__(self, what: str, *, where: str = "", expected: str = "", hint: str = "") -> None:
        """
        Args:
            what: what happened, a clause without a full stop.
            where: `file:line`, pid, port or address; printed before `what`.
            expected: what would have been right, a sentence.
            hint: what to do now, a sentence.
        """
        self.what = what
        self.where = where
        self.expected = expected
        self.hint = hint
        super().__init__(what)

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        end = "" if head.endswith("?") else "."
        sentences = [head.rstrip(".") + end] if self.expected or self.hint else [head]
        return " ".join(sentences + [text for text in (self.expected, self.hint) if text])


class UsageError(AmlemuError):
    """A flag, a file or a profile is not usable as given."""


class EngineMissing(AmlemuError):
    """Nothing on this machine runs containers."""


class HostLost(AmlemuError):
    """What hosts the server, a container or its engine, is gone for good: nothing can be served any more."""


class UserScriptError(AmlemuError):
    """The scoring script is at fault."""


class BootFailed(UserScriptError):
    """The script could not be loaded, checked or initialised; carries what the worker reported."""

    def __init__(self, fault: dict[str, Any], exit_code: int = 3) -> None:
        """
        Args:
            fault: the worker's report, see `scoring.faults.Fault.as_data`.
            exit_code: what the real server would leave with (3 for a boot failure).
        """
        self.fault = fault
        self.exit_code = exit_code
        super().__init__(fault["what"], where=fault.get("where", ""), hint=fault.get("hint", ""))


class ScoringFailed(UserScriptError):
    """A call of `Endpoint.score` was answered with something other than 200, or the connection was closed: then the status is 0."""

    def __init__(self, status: int, phrase: str, body: bytes, told: str = "") -> None:
        """`told` is the whole message, where more is known than the answer."""
        self.status = status
        self.body = body
        self.response: Any = None  # the client's, where there is one
        answer = f"the endpoint answered {status} {phrase}: {body[:2000].decode('utf-8', 'replace')}"
        super().__init__(told or answer)


class BackendFailure(AmlemuError):
    """The machinery did not answer; the profile's failure table says what the client sees."""


class NotReady(BackendFailure):
    """
    No worker has finished init() yet, or the backend is stopping.

    With `is_container` the container itself is not there, its nginx neither: it has ended, and will be started again.
    """

    is_container = False


class Busy(BackendFailure):
    """No worker is free and the profile does not let requests wait."""


class WorkerCrashed(BackendFailure):
    """The worker process ended before it answered."""

    def __init__(self, what: str, *, pid: int = 0, exit_code: int | None = None, **rest: str) -> None:
        self.pid = pid
        self.exit_code = exit_code
        self.stack: list[Any] = []  # where the script was (`exchange.Frame`), as far as it could be seen
        super().__init__(what, **rest)


class BackendTimeout(BackendFailure):
    """No answer within the time given; the worker is replaced."""


class Unreachable(BackendFailure):
    """Nobody listens at the upstream address, or the connection broke before an answer."""

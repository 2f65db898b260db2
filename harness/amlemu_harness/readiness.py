"""
Waits until a container answers: `GET /` on the port that it publishes, until that is 200, or the container has ended.

az waits 15 seconds and asks whether it has exited; here it is asked, as a probe does in the cloud. What went wrong is told with the
container's state, what its exit code means (`ends.py`) and the first cause in its log (`amlemu.explain`).
"""

from __future__ import annotations

import http.client
import io
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from amlemu.errors import AmlemuError
from amlemu.explain.log import read_log

from amlemu_harness.containers import SCORING_PORT, Container, State
from amlemu_harness.ends import End, NoServer, explained, has_server

LONGEST_WAIT_S = 310.0
"""What the cloud allows by default: 10 s, and 30 failed probes 10 s apart (contract 6.4)."""
_PERIOD_S = 0.1
_LOOK_S = 2.0  # a probe's patience in the cloud (contract 1.7); the server answers nothing while init() runs
_LINES_OF_LOG = 20_000
_LAST_LINES = 12
_AT_ONCE_S = 3.0
_OUT_OF_MEMORY = (
    "it used more memory than it may (--memory, or the deployment's), and the kernel killed a process in it"
)
# What nginx says of each look of ours while the server behind it is not up.
_OWN_PROBES = re.compile(rb"(?m)^[^\n]*connect\(\) failed[^\n]*request: \"GET / HTTP/1\.1\"[^\n]*\n?")


@dataclass(frozen=True)
class Account:
    """
    What is known of a container that does not answer.

    Attributes:
        cause: the first one in its log, in one line; empty where nothing was recognised.
        excerpt: the lines of the log that say so.
        tail: the last lines of the log.
    """

    state: State
    cause: str
    excerpt: tuple[str, ...]
    tail: tuple[str, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """Both, each below a word of its own."""
        said = ("its log says:", *(f"  {line}" for line in self.excerpt)) if self.excerpt else ()
        return (*said, "last lines of its log:", *(f"  {line}" for line in self.tail)) if self.tail else said


class _NotAnswering(AmlemuError):
    """What both failures have: the account, and a message whose first line has the cause."""

    def __init__(self, container: Container, what: str, account: Account, more: tuple[str, ...]) -> None:
        self.account = account
        self._more = more
        super().__init__(f"{what}: {account.cause}" if account.cause else what, where=container.where)

    def __str__(self) -> str:
        return "\n".join((f"{self.where}: {self.what}", *self._more, *self.account.lines))


class ContainerEnded(_NotAnswering):
    """It ended before it answered; `end` has the exit code and what it means."""

    def __init__(self, container: Container, account: Account, end: End) -> None:
        self.end = end
        more = (str(end), f"amlemu container logs {container.name} shows its whole log.")
        super().__init__(container, "it ended before it answered", account, more)


class NotReadyInTime(_NotAnswering):
    """It runs, and has not answered `GET /` with 200; `seen` is what it did instead."""

    def __init__(self, container: Container, account: Account, patience_s: float, seen: str) -> None:
        self.seen = seen
        more = (f"It ran, and {seen}.", f"amlemu container logs {container.name} shows its whole log.")
        super().__init__(container, f"not ready within {patience_s:g} s", account, more)


def wait_until_ready(
    container: Container, patience_s: float = LONGEST_WAIT_S, look: Callable[[], None] | None = None
) -> float:
    """
    Wait until a container that was started answers.

    Args:
        look: called before each look; what it raises ends the wait.

    Returns:
        The seconds that it took.

    Raises:
        ContainerEnded: it is not running any more.
        NotReadyInTime: it still does not answer, or not with 200.
        NoServer: nothing in it serves on port 5001.
    """
    began = time.monotonic()
    seen = ""
    while True:
        if look is not None:
            look()
        state = container.state()
        if not state.is_running:
            raise _ended(container, state, time.monotonic() - began)
        left_s = patience_s - (time.monotonic() - began)
        if left_s <= 0:
            raise _late(container, state, patience_s, seen)
        status, said = _ask(container, min(left_s, _LOOK_S))
        if status == http.HTTPStatus.OK:
            return time.monotonic() - began
        # the last look may have been cut off; what was seen before tells more then
        seen = said if left_s > _LOOK_S or not seen else seen
        time.sleep(min(_PERIOD_S, max(left_s, 0)))


def account_of(container: Container, state: State | None = None) -> Account:
    """Return what is known of a container: its state, the first cause in its log, the last lines of that."""
    state = state or container.state()
    log = b"" if state.status == "removed" else _OWN_PROBES.sub(b"", container.logs(tail=_LINES_OF_LOG))
    cause = read_log(io.BytesIO(log)).cause
    tail = [line for line in log.decode("utf-8", "replace").splitlines() if line.strip()][-_LAST_LINES:]
    if state.was_out_of_memory:
        return Account(state, _OUT_OF_MEMORY, (), tuple(tail))
    if cause is None:
        return Account(state, "", (), tuple(tail))
    return Account(state, cause.told.cause, tuple(line for _, line in cause.excerpt), tuple(tail))


def _ask(container: Container, patience_s: float) -> tuple[int, str]:
    """Return the status of `GET /`, 0 for none, and what was seen."""
    place = container.address(SCORING_PORT)
    if place is None:
        return 0, f"port {SCORING_PORT} is not published"
    connection = http.client.HTTPConnection(*place, timeout=max(patience_s, 0.01))
    try:
        connection.request("GET", "/")
        answer = connection.getresponse()
    except TimeoutError:
        return (
            0,
            f"takes requests on port {SCORING_PORT} and does not answer them: init() has not returned, or never begins",
        )
    except (OSError, http.client.HTTPException):
        return 0, _NOTHING_LISTENS
    finally:
        connection.close()
    if answer.status == http.HTTPStatus.BAD_GATEWAY:  # contract 3.5: nginx is up, the server behind it is not
        return answer.status, "its nginx answers 502: the server behind it is gone, or has not begun"
    return answer.status, f"answers GET / with {answer.status} {answer.reason}"


_NOTHING_LISTENS = f"nothing listens on port {SCORING_PORT} in it"


def _ended(container: Container, state: State, after_s: float) -> AmlemuError:
    if state.status == "removed":
        return AmlemuError("it was removed while it was started", where=container.where)
    log = container.logs(tail=_LINES_OF_LOG)
    if state.exit_code in (0, 1, 126, 127) and not has_server(log):
        how = "ended at once" if after_s < _AT_ONCE_S else "ended"
        return _no_server(container, f"its command {how} with exit code {state.exit_code}", log)
    end = explained(state.exit_code, was_out_of_memory=state.was_out_of_memory, log=log)
    return ContainerEnded(container, account_of(container, state), end)


def _late(container: Container, state: State, patience_s: float, seen: str) -> AmlemuError:
    log = container.logs(tail=_LINES_OF_LOG)
    if seen == _NOTHING_LISTENS and not has_server(log):
        return _no_server(container, f"after {patience_s:g} s {_NOTHING_LISTENS}", log)
    return NotReadyInTime(container, account_of(container, state), patience_s, seen or "has not been asked yet")


def _no_server(container: Container, why: str, log: bytes) -> NoServer:
    image = container.image or "of it"
    lines = log.decode("utf-8", "replace").strip().splitlines()[-_LAST_LINES:]
    said = f' Its last words: "{lines[-1]}".' if lines else ""
    return NoServer(
        f"the image {image} has no inference server: {why}",
        where=container.where,
        expected=f"Expected one that serves on port {SCORING_PORT}, as Azure's inference images do.{said}",
    )

"""
What the real server's log tells: the lives of its workers, what the script says, why it does not boot. `InHand` counts its
requests, without which nobody could say what a worker died of.

`engine_log.py` reads the log, `engine.py` runs the server as a process of ours; where it runs in a container the same story is
told. What the server writes is its only account of itself; with a log in another form lines are told as raw output.

Source: azureml-inference-server-http 0.8.4.1 and 1.5.1, aml_blueprint.py, amlserver.py; gunicorn 20.1.0 and 27.0.1,
arbiter.py; what they write was observed.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar

from amlemu.backends.engine_fault import TRACEBACK
from amlemu.backends.engine_log import READY, SAID_BY_CONSOLES, Log, Record
from amlemu.errors import BackendFailure, NotReady, WorkerCrashed
from amlemu.events import Listener, Spoke, WorkerEnded, WorkerReady, WorkerStarted, WorkerTimedOut
from amlemu.worker.process import BOOT_ERRORS, told_end, with_words

LAST_WORDS_S = 1.0
"""gunicorn's master tells of a worker's death some milliseconds after the connection has broken."""

_DEFAULT_TIMEOUT_S = 300.0  # WORKER_TIMEOUT


class InHand:
    """The requests that a server has, and how long it has been busy with them."""

    def __init__(self, *, is_alone: bool) -> None:
        """`is_alone` says that there is one worker, which takes them one after the other."""
        self._is_alone = is_alone
        self._sent_at: list[float] = []  # time.monotonic()
        self._is_idle = asyncio.Event()
        self._is_idle.set()
        self._last_answer = 0.0

    @contextlib.contextmanager
    def one_more(self) -> Iterator[None]:
        """Count a request until it is over."""
        sent_at = time.monotonic()
        self._sent_at.append(sent_at)
        self._is_idle.clear()
        try:
            yield
        finally:
            self._sent_at.remove(sent_at)
            if not self._sent_at:
                self._is_idle.set()
            self._last_answer = time.monotonic()

    async def none_left(self) -> None:
        """Wait until all are over."""
        await self._is_idle.wait()

    def busy_s(self) -> float | None:
        """Return how long run() has been going on; with several workers, how long at most."""
        if not self._sent_at:
            return None
        oldest = self._sent_at[0]
        return time.monotonic() - (max(oldest, self._last_answer) if self._is_alone else oldest)


class Story:
    """The story of one server, from its start to its end. Used from one event loop."""

    def __init__(
        self, tell: Listener, in_hand: InHand, variables: Mapping[str, str], is_gone: Callable[[int], bool]
    ) -> None:
        """
        Args:
            tell: told about workers and what they say.
            in_hand: what the server has to do.
            variables: of the server; WORKER_TIMEOUT is among them.
            is_gone: whether a worker has ended, given its pid: gunicorn is silent about an exit code of 0.
        """
        self._tell = tell
        self._in_hand = in_hand
        self._timeout_s = _number(variables.get("WORKER_TIMEOUT"), _DEFAULT_TIMEOUT_S)
        self._is_gone = is_gone
        self._logs = {"stdout": Log(has_print=True), "stderr": Log()}
        self._began_at = time.time()
        self._ends: asyncio.Queue[tuple[float, WorkerEnded]] = asyncio.Queue()  # with time.monotonic()
        self.workers: dict[int, float] = {}  # pid, and when its boot began, in seconds since the epoch
        self.serving: set[int] = set()
        self.master = 0  # gunicorn's first process
        self.version = ""  # of the package
        self.boot_error = ""  # what a worker that is booting has said last of an error
        self.last_words = ""  # on stderr, of whichever worker
        self.is_ready = self.is_stopping = False
        self.news = asyncio.Event()  # a worker is ready

    def begin(self, master: int = 0) -> None:
        """The server starts now; `master` is its pid, as far as that is known."""
        self._began_at, self.master = time.time(), master

    def hear(self, stream: str, text: str) -> None:
        """Take what it has written to `stdout` or `stderr`: whole lines, unless the request or the stream has ended."""
        for piece in self._logs[stream].read(text):
            if isinstance(piece, Record):
                self._hear_record(piece)
            else:
                if stream == "stderr":
                    self.last_words = next((line for line in reversed(piece.splitlines()) if line.strip()), "")
                self._tell(Spoke(stream, piece, self.speaker, at=time.time()))
        self.version = self.version or self._logs["stdout"].version

    @property
    def speaker(self) -> int:
        """The process that raw output probably comes from."""
        return next(iter(self.workers)) if len(self.workers) == 1 else self.master

    def serves(self) -> None:
        """The server has answered: where its log does not tell of a worker that is ready, it is the first process."""
        self.is_ready = True
        self._logs["stdout"].end_print()
        if not self.serving:
            self._worker_ready(self.master, time.time())

    def ends_with(self, pid: int, exit_code: int) -> None:
        """The server as a whole has ended by itself, while it served."""
        self._tell_end(WorkerEnded(pid, exit_code, False, False, self._in_hand.busy_s(), self.last_words))

    def workers_end(self) -> None:
        """The server was stopped, and its workers with it."""
        for pid in list(self.workers):
            self._worker_ended(pid, 0)

    async def why(self, silence: BackendFailure) -> BackendFailure:
        """Say why there was no answer; gunicorn's master may be about to tell. What is known already is `silence`."""
        if self.is_stopping:
            return NotReady("the server is stopping")
        try:
            end = await asyncio.wait_for(self._recent_end(), LAST_WORDS_S)
        except asyncio.TimeoutError:
            return silence
        what = f"the worker {told_end(end.exit_code)} before it had answered"
        return WorkerCrashed(what, where=f"pid {end.pid}", pid=end.pid, exit_code=end.exit_code)

    async def _recent_end(self) -> WorkerEnded:
        """Wait for a worker's end that no other request was told of; one of a second ago concerns nobody any more."""
        while True:
            at, end = await self._ends.get()
            if time.monotonic() - at < LAST_WORDS_S:
                return end

    def _hear_record(self, record: Record) -> None:
        told = [(take, match) for pattern, take in self._plot.items() if (match := pattern.match(record.line))]
        for take, match in told:
            take(self, record.at, *match.groups())
        if told or SAID_BY_CONSOLES.match(record.line):
            return
        if match := READY.match(record.line):
            self.boot_error = ""
            self._worker_ready(int(match[1]), record.at)
        is_booting, is_error = record.pid not in self.serving, record.level in ("ERROR", "CRITICAL")
        if is_booting and is_error and (TRACEBACK in record.text or not self.boot_error):
            self.boot_error = record.text
        # While booting the server's errors are told by BootFailed; later nobody else tells them.
        own = record.is_own and (is_booting or not is_error)
        self._tell(Spoke("log", record.text, record.pid, record.logger, record.level, record.at, own))

    def _master_started(self, _: float, pid: str) -> None:
        self.master = self.master or int(pid)

    def _worker_started(self, at: float, pid: str) -> None:
        for known in [known for known in self.workers if self._is_gone(known)]:
            self._worker_ended(known, 0)  # gunicorn does not speak of that code; before 21, of no code
        self.workers[int(pid)] = at if self.is_ready else self._began_at
        self._tell(WorkerStarted(int(pid)))
        if self.master in self.serving:  # WORKER_PRELOAD: init() has run in the master
            self._worker_ready(int(pid), at)

    def _worker_killed(self, _: float, pid: str, name: str) -> None:
        number = int(name) if name.isdecimal() else signal.Signals.__members__.get(name, 0)
        self._worker_ended(int(pid), -number)

    def _worker_left(self, _: float, pid: str, code: str) -> None:
        self._worker_ended(int(pid), int(code))

    def _worker_timed_out(self, _: float, pid: str) -> None:
        self._tell(WorkerTimedOut(int(pid), self._timeout_s))

    def _worker_ready(self, pid: int, at: float) -> None:
        self.serving.add(pid)
        boot_ms = (at - self.workers.get(pid, self._began_at)) * 1000
        self._tell(WorkerReady(pid, boot_ms, {"engine": "azmlinfsrv", "version": self.version}))
        self.news.set()

    def _worker_ended(self, pid: int, exit_code: int) -> None:
        if self.workers.pop(pid, None) is None:
            return
        was_booting = pid not in self.serving
        self.serving.discard(pid)
        is_last = self.is_stopping or exit_code in BOOT_ERRORS  # gunicorn's master ends then, whoever chose that code
        busy_s = None if was_booting else self._in_hand.busy_s()
        restart = None if is_last else 0.0
        said = tuple(with_words(self.last_words))
        end = WorkerEnded(pid, exit_code, self.is_stopping, was_booting, busy_s, self.last_words, said, restart)
        self.last_words = ""
        self._tell_end(end)

    def _tell_end(self, end: WorkerEnded) -> None:
        self._tell(end)
        self._ends.put_nowait((time.monotonic(), end))

    _plot: ClassVar[dict[re.Pattern[str], Callable[..., None]]] = {
        re.compile(r"gunicorn\.error - Booting worker with pid: (\d+)"): _worker_started,
        re.compile(r"gunicorn\.error - Worker \(pid:(\d+)\) was sent (\w+)!"): _worker_killed,
        re.compile(r"gunicorn\.error - Worker with pid (\d+) was terminated due to signal (\d+)"): _worker_killed,  # 20
        re.compile(r"gunicorn\.error - Worker \(pid:(\d+)\) exited with code (\d+)"): _worker_left,
        re.compile(r"gunicorn\.error - WORKER TIMEOUT \(pid:(\d+)\)"): _worker_timed_out,
        re.compile(r"gunicorn\.error - Listening at: \S+ \((\d+)\)"): _master_started,
    }


def is_alone(variables: Mapping[str, str]) -> bool:
    """Tell whether a server with these variables has one worker."""
    return variables.get("WORKER_COUNT", "1").strip() == "1"


def _number(word: str | None, default: float) -> float:
    """Return a variable's number; a word that is none is the server's to refuse."""
    try:
        return default if word is None else float(word)
    except ValueError:
        return default

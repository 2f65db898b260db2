"""
The real azmlinfsrv of the script's environment as a backend: a process of ours on a private port, reached by `upstream`.

`worker/engine_start.py` is the first file in it. What the server writes is its only account of itself, so the lives of
workers and failures to boot are read from its log, here; a script that replaces the log's set-up (logging.json) is still
served, its server's lines are then shown as raw output. Not for Windows; elsewhere than on Linux (macOS: not tried) the
server outlives an amlemu that is killed.

Source: azureml-inference-server-http 0.8.4.1 and 1.5.1, aml_blueprint.py, amlserver.py; gunicorn 20.1.0 and 27.0.1,
arbiter.py; what they write was observed.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from amlemu.backends.engine_fault import TRACEBACK, tell_fault
from amlemu.backends.engine_log import READY, SAID_BY_CONSOLES, Log, Record
from amlemu.backends.upstream import Upstream
from amlemu.errors import BackendFailure, BootFailed, NotReady, Unreachable, UsageError, WorkerCrashed
from amlemu.events import Listener, Spoke, WorkerEnded, WorkerFailedToBoot, WorkerReady, WorkerStarted, WorkerTimedOut
from amlemu.exchange import Frame, Request, Response
from amlemu.worker import engine_start
from amlemu.worker.handle import Worker
from amlemu.worker.launch import LaunchPlan
from amlemu.worker.output import Output
from amlemu.worker.process import BOOT_ERRORS, told_end, with_words
from amlemu.worker.protocol import new_marker

PACKAGE = "azureml-inference-server-http"
DIFFERENCES = (
    "the server listens on a private port of 127.0.0.1; its client is our gateway: REMOTE_ADDR is always 127.0.0.1",
    "python runs with -u, so that output comes in time",
    "gunicorn opens no control socket",
)
"""How the script's surroundings differ from those under the command `azmlinfsrv`, in plain words."""

_BACKLOG = 2048  # gunicorn's
_LAST_WORDS_S = 1.0  # gunicorn's master tells of a worker's death some milliseconds after the connection has broken
_DEFAULT_TIMEOUT_S = 300.0  # WORKER_TIMEOUT


class Engine:
    """One azmlinfsrv, its gunicorn and its workers. Used from one event loop, whose thread must live as long as it."""

    capabilities = dataclasses.replace(Upstream.capabilities, tells_output=True)

    def __init__(self, plan: LaunchPlan, listener: Listener, port: int = 0) -> None:
        """
        Args:
            plan: the script's interpreter, folder and variables. AZUREML_ENTRY_SCRIPT names the script; the server reads
                AZUREML_MODEL_DIR, WORKER_COUNT, AML_CORS_ORIGINS and the like from the variables, too.
            listener: told about workers and what they say.
            port: what the script is to see as SERVER_PORT: the port that clients use. 0 shows it the private one.
        """
        self._plan = plan
        self._tell = listener
        self._port = port
        self._timeout_s = _number(plan.environment.get("WORKER_TIMEOUT"), _DEFAULT_TIMEOUT_S)
        self._is_alone = plan.environment.get("WORKER_COUNT", "1").strip() == "1"
        self._logs = {"stdout": Log(has_print=True), "stderr": Log()}
        self._workers: dict[int, float] = {}  # pid, and when its boot began, in seconds since the epoch
        self._serving: set[int] = set()
        self._boot_error = ""  # what a worker that is booting has said last of an error
        self._last_words = ""  # on stderr, of whichever worker
        self._in_hand: list[float] = []  # time.monotonic() when each request was sent
        self._is_idle = asyncio.Event()
        self._is_idle.set()
        self._last_answer = 0.0
        self._ends: asyncio.Queue[tuple[float, WorkerEnded]] = asyncio.Queue()  # with time.monotonic()
        self._is_ready = self._stopping = False
        self.version = ""  # of the package, known when `start` has returned

    async def start(self) -> None:
        """Start the server; raises UsageError when its package is not installed for the interpreter."""
        loop = asyncio.get_running_loop()
        self._reported: asyncio.Future[None] = loop.create_future()
        self._ended: asyncio.Future[int] = loop.create_future()
        self._gave_up: asyncio.Future[Exception] = loop.create_future()
        # Bound here and handed over: nobody can take the port meanwhile, and nobody elsewhere can reach it.
        with socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG) as listener:
            port = int(listener.getsockname()[1])
            self._launch(listener, self._port or port)
        self._upstream = Upstream(f"http://127.0.0.1:{port}")
        await self._upstream.start()
        try:
            either: set[asyncio.Future[Any]] = {self._reported, self._ended}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not self._reported.done():
                raise self._refusal(self._ended.result())
        except BaseException:
            await self.stop(0)
            raise

    async def ready(self) -> None:
        """Wait until the server answers. Raises BootFailed when it has ended instead."""
        polling = asyncio.ensure_future(self._upstream.ready())
        either: set[asyncio.Future[Any]] = {polling, self._gave_up}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            polling.cancel()
        if self._gave_up.done():
            raise self._gave_up.result()
        polling.result()
        self._read_outputs()
        if not self._serving:  # its log is not in the form that we read
            self._worker_ready(self._process.pid, time.time())
        self._is_ready = True

    async def failed(self) -> Exception:
        """Wait until the server has ended though nobody asked it to: BootFailed, or WorkerCrashed with its exit code."""
        return await asyncio.shield(self._gave_up)

    async def handle(self, request: Request) -> Response:
        """Forward one request; see `Backend.handle`. Raises WorkerCrashed or Unreachable when none came."""
        if self._stopping or self._ended.done():
            raise NotReady("the server is stopping")
        sent_at = time.monotonic()
        self._in_hand.append(sent_at)
        self._is_idle.clear()
        try:
            response = await self._upstream.handle(request)
        except Unreachable as error:
            raise await self._why(error) from error
        finally:
            self._in_hand.remove(sent_at)
            if not self._in_hand:
                self._is_idle.set()
            self._last_answer = time.monotonic()
        self._read_outputs()
        response.account["pid"] = self._speaker
        return response

    async def locate(self, number: int) -> list[Frame] | None:
        """See nothing: it is the real server's process."""
        return []

    @property
    def workers(self) -> Sequence[Worker]:
        """None of ours: they are gunicorn's."""
        return ()

    async def drain(self) -> None:
        """Let what was forwarded be answered, however long that takes, then end. Nobody must ask any more."""
        await self._is_idle.wait()
        await self.stop(_LAST_WORDS_S)

    async def stop(self, grace_s: float) -> None:
        """Let gunicorn finish what its workers have in hand for `grace_s` seconds, then kill; nothing is left."""
        self._stopping = True
        if self._is_ready and grace_s > 0 and not self._ended.done():
            self._process.send_signal(signal.SIGTERM)
            await asyncio.wait({self._ended}, timeout=grace_s)
        if not self._ended.done():
            self._kill_group()
            await self._ended
        await self._upstream.stop(grace_s)

    # The process

    def _launch(self, listener: socket.socket, port: int) -> None:
        plan, loop, marker = self._plan, asyncio.get_running_loop(), new_marker()
        if not plan.start_folder.is_dir():
            raise UsageError("no such folder", where=str(plan.start_folder), hint="Was the deployment moved?")
        pipes = [os.pipe(), os.pipe()]
        try:
            self._process = subprocess.Popen(
                plan.words("-u", engine_start.__file__, marker, str(listener.fileno()), *self._arguments(port)),
                stdin=subprocess.DEVNULL,
                stdout=pipes[0][1],
                stderr=pipes[1][1],
                cwd=plan.start_folder,
                env=dict(plan.environment),
                pass_fds=(listener.fileno(),),
                start_new_session=True,
            )
        except OSError as error:
            for end, _ in pipes:
                os.close(end)
            raise UsageError(f"cannot be started: {error.strerror}", where=str(plan.python)) from error
        finally:
            for _, end in pipes:
                os.close(end)
        self._began_at = time.time()
        self._outputs = [
            Output(pipes[0][0], marker, lambda text: self._heard("stdout", text), self._heard_report),
            Output(pipes[1][0], marker, lambda text: self._heard("stderr", text), self._heard_report),
        ]
        for (end, _), output in zip(pipes, self._outputs, strict=True):
            os.set_blocking(end, False)
            output.start(loop)
        _watch_for_end(self._process, loop, self._process_ended)

    def _arguments(self, port: int) -> list[str]:
        """Return what is said by options: only what the server does not take from its variables."""
        variables = self._plan.environment
        words = ["--entry_script", variables.get("AZUREML_ENTRY_SCRIPT", "main.py"), "--port", str(port)]
        if variables.get("SEPERATE_HEALTH_ENDPOINT") == "true" and "HEALTH_PORT" in variables:
            words += ["--health_port", variables["HEALTH_PORT"]]  # shown to the script; both ports are the gateway's
        return words

    def _heard_report(self, report: list[Any]) -> None:
        if not self._reported.done():
            self.version = str(report[0])
            self._reported.set_result(None)

    def _refusal(self, exit_code: int) -> UsageError:
        python = self._plan.python
        if exit_code == engine_start.MISSING:
            return UsageError(f"{PACKAGE} is not installed for {python}: {python} -m pip install {PACKAGE}")
        return UsageError(f"it {told_end(exit_code)}: {self._last_words or 'it said nothing'}", where=str(python))

    def _process_ended(self, exit_code: int) -> None:
        self._kill_group()  # workers that outlived their master, and what the script has started
        self._read_outputs()
        for output in self._outputs:
            output.close()
        self._ended.set_result(exit_code)
        if self._stopping:
            for pid in list(self._workers):
                self._worker_ended(pid, 0)
        elif self._reported.done():
            self._gave_up.set_result(self._reason(exit_code))

    def _reason(self, exit_code: int) -> Exception:
        """Say why the server has ended by itself."""
        pid = self._process.pid
        if exit_code == engine_start.UNKNOWN:
            return UsageError(f"{PACKAGE} {self.version} cannot be started this way", hint="Use 0.8 to 1.5.")
        if exit_code in BOOT_ERRORS or not self._is_ready:
            fault = tell_fault(self._boot_error or self._last_words, self._plan.folder, exit_code)
            self._tell(WorkerFailedToBoot(pid, fault))
            return BootFailed(fault, 128 - exit_code if exit_code < 0 else exit_code or BOOT_ERRORS[0])
        self._tell_end(WorkerEnded(pid, exit_code, False, False, self._busy_s(), self._last_words))
        return WorkerCrashed(f"azmlinfsrv {told_end(exit_code)}", where=f"pid {pid}", pid=pid, exit_code=exit_code)

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    # Requests

    async def _why(self, error: Unreachable) -> BackendFailure:
        """Say why a connection broke; gunicorn's master may be about to tell."""
        if self._stopping:
            return NotReady("the server is stopping")
        try:
            end = await asyncio.wait_for(self._recent_end(), _LAST_WORDS_S)
        except asyncio.TimeoutError:
            return error
        what = f"the worker {told_end(end.exit_code)} before it had answered"
        return WorkerCrashed(what, where=f"pid {end.pid}", pid=end.pid, exit_code=end.exit_code)

    async def _recent_end(self) -> WorkerEnded:
        """Wait for a worker's end that no other request was told of; one of a second ago concerns nobody any more."""
        while True:
            at, end = await self._ends.get()
            if time.monotonic() - at < _LAST_WORDS_S:
                return end

    def _busy_s(self) -> float | None:
        """Return how long run() has been going on; with several workers, how long at most."""
        if not self._in_hand:
            return None
        oldest = self._in_hand[0]
        return time.monotonic() - (max(oldest, self._last_answer) if self._is_alone else oldest)

    # What it says

    def _read_outputs(self) -> None:
        for output in self._outputs:
            output.read()

    def _heard(self, stream: str, text: str) -> None:
        for piece in self._logs[stream].read(text):
            if isinstance(piece, Record):
                self._heard_record(piece)
            else:
                if stream == "stderr":
                    self._last_words = next((line for line in reversed(piece.splitlines()) if line.strip()), "")
                self._tell(Spoke(stream, piece, self._speaker, at=time.time()))

    def _heard_record(self, record: Record) -> None:
        told = [(take, match) for pattern, take in self._story.items() if (match := pattern.match(record.line))]
        for take, match in told:
            take(self, record.at, *match.groups())
        if told or SAID_BY_CONSOLES.match(record.line):
            return
        if match := READY.match(record.line):
            self._boot_error = ""
            self._worker_ready(int(match[1]), record.at)
        is_booting, is_error = record.pid not in self._serving, record.level in ("ERROR", "CRITICAL")
        if is_booting and is_error and (TRACEBACK in record.text or not self._boot_error):
            self._boot_error = record.text
        # While booting the server's errors are told by BootFailed; later nobody else tells them.
        own = record.is_own and (is_booting or not is_error)
        self._tell(Spoke("log", record.text, record.pid, record.logger, record.level, record.at, own))

    @property
    def _speaker(self) -> int:
        """The process that raw output probably comes from."""
        return next(iter(self._workers)) if len(self._workers) == 1 else self._process.pid

    def _worker_started(self, at: float, pid: str) -> None:
        for known in [known for known in self._workers if _is_gone(known)]:
            self._worker_ended(known, 0)  # gunicorn does not speak of that code; before 21, of no code
        self._workers[int(pid)] = at if self._is_ready else self._began_at
        self._tell(WorkerStarted(int(pid)))
        if self._process.pid in self._serving:  # WORKER_PRELOAD: init() has run in the master
            self._worker_ready(int(pid), at)

    def _worker_killed(self, _: float, pid: str, name: str) -> None:
        number = int(name) if name.isdecimal() else signal.Signals.__members__.get(name, 0)
        self._worker_ended(int(pid), -number)

    def _worker_left(self, _: float, pid: str, code: str) -> None:
        self._worker_ended(int(pid), int(code))

    def _worker_timed_out(self, _: float, pid: str) -> None:
        self._tell(WorkerTimedOut(int(pid), self._timeout_s))

    def _worker_ready(self, pid: int, at: float) -> None:
        self._serving.add(pid)
        boot_ms = (at - self._workers.get(pid, self._began_at)) * 1000
        self._tell(WorkerReady(pid, boot_ms, {"engine": "azmlinfsrv", "version": self.version}))

    def _worker_ended(self, pid: int, exit_code: int) -> None:
        if self._workers.pop(pid, None) is None:
            return
        was_booting = pid not in self._serving
        self._serving.discard(pid)
        is_last = self._stopping or exit_code in BOOT_ERRORS  # gunicorn's master ends then, whoever chose that code
        busy_s = None if was_booting else self._busy_s()
        restart = None if is_last else 0.0
        said = tuple(with_words(self._last_words))
        end = WorkerEnded(pid, exit_code, self._stopping, was_booting, busy_s, self._last_words, said, restart)
        self._last_words = ""
        self._tell_end(end)

    def _tell_end(self, end: WorkerEnded) -> None:
        self._tell(end)
        self._ends.put_nowait((time.monotonic(), end))

    _story: ClassVar[dict[re.Pattern[str], Callable[..., None]]] = {
        re.compile(r"gunicorn\.error - Booting worker with pid: (\d+)"): _worker_started,
        re.compile(r"gunicorn\.error - Worker \(pid:(\d+)\) was sent (\w+)!"): _worker_killed,
        re.compile(r"gunicorn\.error - Worker with pid (\d+) was terminated due to signal (\d+)"): _worker_killed,  # 20
        re.compile(r"gunicorn\.error - Worker \(pid:(\d+)\) exited with code (\d+)"): _worker_left,
        re.compile(r"gunicorn\.error - WORKER TIMEOUT \(pid:(\d+)\)"): _worker_timed_out,
    }


def _number(word: str | None, default: float) -> float:
    """Return a variable's number; a word that is none is the server's to refuse."""
    try:
        return default if word is None else float(word)
    except ValueError:
        return default


def _is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # it is somebody, so it is there
    return False


def _watch_for_end(
    process: subprocess.Popen[bytes], loop: asyncio.AbstractEventLoop, ended: Callable[[int], None]
) -> None:
    """Call `ended(exit_code)` in the loop when the process is gone."""

    def wait() -> None:
        code = process.wait()
        with contextlib.suppress(RuntimeError):  # the loop is gone already
            loop.call_soon_threadsafe(ended, code)

    threading.Thread(target=wait, name=f"wait-{process.pid}", daemon=True).start()

"""
The real azmlinfsrv of the script's environment as a backend: a process of ours on a private port, reached by `upstream`.

`worker/engine_start.py` is the first file in it; what its log tells is read in `engine_story.py`. A script that replaces the
log's set-up (logging.json) is still served, its server's lines are then shown as raw output. Not for Windows; elsewhere than
on Linux (macOS: not tried) the server outlives an amlemu that is killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Sequence
from typing import Any

from amlemu.backends.engine_fault import tell_fault
from amlemu.backends.engine_story import LAST_WORDS_S, InHand, Story, is_alone
from amlemu.backends.upstream import Upstream
from amlemu.errors import BootFailed, NotReady, Unreachable, UsageError, WorkerCrashed
from amlemu.events import Listener, WorkerFailedToBoot
from amlemu.exchange import Frame, Request, Response
from amlemu.worker import engine_start
from amlemu.worker.handle import Worker
from amlemu.worker.launch import LaunchPlan
from amlemu.worker.output import Output
from amlemu.worker.process import BOOT_ERRORS, told_end
from amlemu.worker.protocol import new_marker

PACKAGE = "azureml-inference-server-http"
DIFFERENCES = (
    "the server listens on a private port of 127.0.0.1; its client is our gateway: REMOTE_ADDR is always 127.0.0.1",
    "python runs with -u, so that output comes in time",
    "gunicorn opens no control socket",
)
"""How the script's surroundings differ from those under the command `azmlinfsrv`, in plain words."""

_BACKLOG = 2048  # gunicorn's


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
        self._in_hand = InHand(is_alone=is_alone(plan.environment))
        self._story = Story(listener, self._in_hand, plan.environment, _is_gone)
        self._stopping = False

    @property
    def version(self) -> str:
        """Of the package, known when `start` has returned."""
        return self._story.version

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
        self._story.serves()

    async def failed(self) -> Exception:
        """Wait until the server has ended though nobody asked it to: BootFailed, or WorkerCrashed with its exit code."""
        return await asyncio.shield(self._gave_up)

    async def handle(self, request: Request) -> Response:
        """Forward one request; see `Backend.handle`. Raises WorkerCrashed or Unreachable when none came."""
        if self._stopping or self._ended.done():
            raise NotReady("the server is stopping")
        with self._in_hand.one_more():
            try:
                response = await self._upstream.handle(request)
            except Unreachable as error:
                raise await self._story.why(error) from error
        self._read_outputs()
        response.account["pid"] = self._story.speaker
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
        await self._in_hand.none_left()
        await self.stop(LAST_WORDS_S)

    async def stop(self, grace_s: float) -> None:
        """Let gunicorn finish what its workers have in hand for `grace_s` seconds, then kill; nothing is left."""
        self._stopping = self._story.is_stopping = True
        if self._story.is_ready and grace_s > 0 and not self._ended.done():
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
        self._story.begin(self._process.pid)
        self._outputs = [
            Output(pipes[0][0], marker, lambda text: self._story.hear("stdout", text), self._heard_report),
            Output(pipes[1][0], marker, lambda text: self._story.hear("stderr", text), self._heard_report),
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
            self._story.version = str(report[0])
            self._reported.set_result(None)

    def _refusal(self, exit_code: int) -> UsageError:
        python = self._plan.python
        if exit_code == engine_start.MISSING:
            return UsageError(f"{PACKAGE} is not installed for {python}: {python} -m pip install {PACKAGE}")
        return UsageError(f"it {told_end(exit_code)}: {self._story.last_words or 'it said nothing'}", where=str(python))

    def _process_ended(self, exit_code: int) -> None:
        self._kill_group()  # workers that outlived their master, and what the script has started
        self._read_outputs()
        for output in self._outputs:
            output.close()
        self._ended.set_result(exit_code)
        if self._stopping:
            self._story.workers_end()
        elif self._reported.done():
            self._gave_up.set_result(self._reason(exit_code))

    def _reason(self, exit_code: int) -> Exception:
        """Say why the server has ended by itself."""
        pid = self._process.pid
        if exit_code == engine_start.UNKNOWN:
            return UsageError(f"{PACKAGE} {self.version} cannot be started this way", hint="Use 0.8 to 1.5.")
        if exit_code in BOOT_ERRORS or not self._story.is_ready:
            fault = tell_fault(self._story.boot_error or self._story.last_words, self._plan.folder, exit_code)
            self._tell(WorkerFailedToBoot(pid, fault))
            return BootFailed(fault, 128 - exit_code if exit_code < 0 else exit_code or BOOT_ERRORS[0])
        self._story.ends_with(pid, exit_code)
        return WorkerCrashed(f"azmlinfsrv {told_end(exit_code)}", where=f"pid {pid}", pid=pid, exit_code=exit_code)

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _read_outputs(self) -> None:
        for output in self._outputs:
            output.read()


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

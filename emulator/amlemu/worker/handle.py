"""
The host's view of one worker process: boot it, give it requests, notice its end.

States: booting -> idle <-> busy -> ended. The pool above decides what an end means; `child.py` is the other side.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import time
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from amlemu.errors import WorkerCrashed
from amlemu.events import (
    FileWritten,
    Listener,
    Noticed,
    WorkerEnded,
    WorkerFailedToBoot,
    WorkerPaused,
    WorkerReady,
    WorkerResumed,
    WorkerStarted,
)
from amlemu.exchange import Frame, Request, Response
from amlemu.memory import OutOfMemory
from amlemu.whereabouts import read_dump
from amlemu.worker import protocol, terminal
from amlemu.worker.hold import Hold
from amlemu.worker.launch import Launcher, LaunchPlan, fresh
from amlemu.worker.process import BOOT_ERRORS, FATAL, GuestProcess, silent_fault, told_end
from amlemu.worker.stream import Stream

logger = logging.getLogger(__name__)

_LAST_WORDS_S = 0.2  # a child process of the script may hold the socket open after the worker's death
_WHOEVER_CHOSE_IT = "gunicorn takes the exit codes 3 and 4 for a failure to boot, whoever chose them, and ends."
_QUICK_S, _UNKNOWN_S = 0.05, 1e9
_JOIN_BYTES = 1 << 14
_LOOK_S, _LOOKS = 0.002, 50  # how often, and how many times, to look for a stack that was asked for


@dataclass
class Job:
    """A request on its way to a worker, and the future of its answer."""

    request: Request
    answer: asyncio.Future[Response]
    number: int = 0  # within the worker that has it


class Owner(Protocol):
    """Who is told about a worker's life."""

    def worker_ready(self, worker: Worker) -> None:
        """init() has returned."""

    def worker_has_room(self, worker: Worker) -> None:
        """It has answered a request and can be sent another one."""

    def worker_paused(self, worker: Worker) -> None:
        """A debugger holds it, or does not any more."""

    def worker_out_of_memory(self, worker: Worker, peak_bytes: int) -> None:
        """It has had more memory than there is for it."""

    def worker_ended(self, worker: Worker, end: WorkerEnded, untaken: list[Job], fault: dict[str, Any] | None) -> None:
        """The process is gone; `untaken` are the jobs it was sent but never took."""


class Worker(asyncio.Protocol):
    """One process. All methods belong to the event loop's thread."""

    def __init__(self, plan: LaunchPlan, owner: Owner, listener: Listener, launch: Launcher = fresh) -> None:
        """Remember what to start, and who starts it; nothing is started yet."""
        self._plan = plan
        self._launch = launch
        self._owner = owner
        self._tell = listener
        self._decoder = protocol.Decoder()
        self._jobs: deque[Job] = deque()  # the first one is being answered
        self._sent = 0
        self._last_exchange: int | None = None
        self._stream: Stream | None = None
        self._fault: dict[str, Any] | None = None
        self._planned = False
        self._out_of_memory: OutOfMemory | None = None
        self._greetings = 0
        self.imports: dict[str, Any] | None = None  # of its boot, once told; see `imports.Imports.as_data`
        self.is_ready = False
        self.boot_ms = 0.0
        self._pace_s = _UNKNOWN_S  # how long a request takes, lately
        self.busy_since: float | None = None  # time.monotonic()
        self.aborted_at: float | None = None
        self.hold = Hold()
        self.stack: list[Frame] = []  # when it was last asked for
        self.pid = 0

    async def start(self) -> None:
        """Launch the process; its boot goes on by itself. Raises UsageError when it cannot be started."""
        loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[WorkerEnded] = loop.create_future()
        self._closed = asyncio.Event()
        self._launched = await self._launch(self._plan)
        self._process = GuestProcess(self._launched, self._tell, self._exchange)
        self.pid = self._process.pid
        await loop.create_unix_connection(lambda: self, sock=self._launched.endpoint)
        self._process.start(self._process_ended)
        self._send_order()
        self._tell(WorkerStarted(self.pid))

    @property
    def is_fork(self) -> bool:
        """Whether it goes on from a process that had its packages imported; not so when it has begun afresh."""
        return self._launched.is_fork and self._greetings < 2

    def _send_order(self) -> None:
        if not self._transport.is_closing():  # a fork may have ended already
            debugging = self._plan.debugging
            more = {} if debugging is None else {"debugging": debugging.for_worker()}
            self._transport.write(self._process.order(self._plan, **more))

    def submit(self, job: Job) -> None:
        """Send a request; a worker that is still busy finds it in its socket as soon as it has answered."""
        self._sent += 1
        job.number = self._sent
        self._jobs.append(job)
        if self.busy_since is None:
            self.busy_since = time.monotonic()
        if self._transport.is_closing():
            return  # it has hung up; its end gives the job back
        request, body = job.request, job.request.body
        head = [
            self._sent,
            request.broken,
            request.method,
            request.target,
            request.headers,
            request.version,
            request.client,
            request.server,
        ]
        start = protocol.prefix(protocol.REQUEST, head, len(body))
        if len(body) <= _JOIN_BYTES:
            self._transport.write(start + body)
        else:
            self._transport.writelines((start, body))

    @property
    def load(self) -> int:
        """How many requests it has been sent and has not answered."""
        return len(self._jobs)

    @property
    def numbers(self) -> list[int]:
        """The exchanges whose requests it has been sent and has not answered."""
        return [job.request.number for job in self._jobs]

    @property
    def is_paused(self) -> bool:
        """Whether a debugger holds it."""
        return self.hold.is_on

    @property
    def is_at_prompt(self) -> bool:
        """Whether its pdb asks in the terminal."""
        return self.hold.is_on and self.hold.why == terminal.WHY

    def busy_s(self, *, without_pauses: bool = False) -> float:
        """Return for how long it has been busy with what it has in hand, in seconds."""
        if self.busy_since is None:
            return 0.0
        paused_s = self.hold.seconds(self.busy_since) if without_pauses else 0.0
        return time.monotonic() - self.busy_since - paused_s

    @property
    def is_quick(self) -> bool:
        """Whether it answers in no time, as far as it has been seen to."""
        return self._pace_s < _QUICK_S

    def kill(self, number: int) -> None:
        """Send a signal to the process."""
        self._process.kill(number)

    @property
    def is_out_of_memory(self) -> bool:
        """Whether it has been ended for that."""
        return self._out_of_memory is not None

    def run_out_of_memory(self, peak_bytes: int) -> None:
        """End the process as the kernel would; its end says what it had."""
        if self._plan.memory is not None and self._out_of_memory is None:
            self._out_of_memory = OutOfMemory(peak_bytes, self._plan.memory)
            self.kill(signal.SIGKILL)

    def _has_had_too_much(self, account: dict[str, Any]) -> bool:
        """Tell whether what it has done would have been its end; what it made of it, nobody gets."""
        rules, peak = self._plan.memory, account.get("peak_bytes")
        if rules is None or peak is None or peak <= rules.limit_bytes:
            return False
        self._owner.worker_out_of_memory(self, peak)
        return True

    def is_busy_with(self, number: int) -> bool:
        """Tell whether the script has the request of exchange `number` in hand."""
        return bool(self._jobs) and self._jobs[0].request.number == number

    async def locate(self) -> list[Frame]:
        """Return the stack of the script's main thread, outermost frame first, without stopping it; none if it cannot."""
        if protocol.LOCATE is None or self.ended.done() or not self._launched.mark.is_locatable:
            return []
        self._launched.stacks.take()
        self.kill(protocol.LOCATE)
        text = ""
        for _ in range(_LOOKS):
            await asyncio.sleep(_LOOK_S)
            more = "" if self.ended.done() else self._launched.stacks.take()
            if text and not more:
                break
            text += more
        self.stack = read_dump(text)
        return self.stack

    async def stop(self, grace_s: float | None) -> None:
        """
        End the process: ask, wait at most `grace_s` seconds, then kill it with everything it started; None waits as long
        as it takes.
        """
        if not self._planned and not self._transport.is_closing():
            self._transport.write_eof()
        self._planned = True
        if not self.is_ready:  # init() of a big model may take minutes; there is nothing in it to lose
            self.kill(signal.SIGKILL)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.shield(self.ended), grace_s)
        if not self.ended.done():
            if self._jobs:
                await self.locate()
            await self._process.stop(self.ended, 0)

    # asyncio.Protocol: the worker's frames

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Take the frames that are complete. A worker that speaks nonsense is killed: nobody can tell what it answers."""
        try:
            for frame in self._decoder.feed(data):
                if not self.is_out_of_memory:  # it has said that after its end; an answer would be to another request
                    self._frames[frame.kind](self, frame)
        except Exception:
            logger.exception("worker %s does not keep the protocol and is killed", self.pid)
            self.kill(signal.SIGKILL)

    def connection_lost(self, error: Exception | None) -> None:
        """No more frames will come."""
        self._closed.set()

    def _on_hello(self, frame: protocol.Frame) -> None:
        protocol.check_version(frame, protocol.HELLO)
        self._greetings += 1
        if self._greetings > 1:  # a fork that has begun afresh, see `zygote.py`
            self._send_order()

    def _on_imported(self, frame: protocol.Frame) -> None:
        self.imports = frame.head

    def _on_wrote(self, frame: protocol.Frame) -> None:
        self._tell(FileWritten(self.pid, frame.head))

    def _on_paused(self, frame: protocol.Frame) -> None:
        self._process.read_outputs()
        why, file, line, function, pid = frame.head
        self.hold.begin(pid, why, Frame(file, line, function))
        number = self._jobs[0].request.number if self._jobs else None
        self._tell(WorkerPaused(pid, why, file, line, function, number))
        self._owner.worker_paused(self)

    def _on_resumed(self, frame: protocol.Frame) -> None:
        self._goes_on(self.hold.end(frame.head))

    def _goes_on(self, paused_s: float | None) -> None:
        if paused_s is not None:
            self._tell(WorkerResumed(self.pid, self.hold.why, paused_s))
            self._owner.worker_paused(self)

    def _on_noticed(self, frame: protocol.Frame) -> None:
        self._tell(Noticed(frame.head))

    def _on_listen(self, frame: protocol.Frame) -> None:
        debugging = self._plan.debugging
        if debugging is not None:
            self._reply_soon(debugging.join(*frame.head))

    def _on_unfollowed(self, frame: protocol.Frame) -> None:
        if self._plan.debugging is not None:
            self._plan.debugging.renew()

    def _on_wait(self, frame: protocol.Frame) -> None:
        debugging = self._plan.debugging
        if debugging is not None:
            self._reply_soon(debugging.wait(frame.head))

    def _reply_soon(self, finding: Coroutine[Any, Any, dict[str, Any]]) -> None:
        async def tell() -> None:
            found = await finding
            if not self._transport.is_closing():
                self._transport.write(protocol.pack(protocol.SESSION, found))

        self._replying = asyncio.get_running_loop().create_task(tell())

    def _on_ready(self, frame: protocol.Frame) -> None:
        self._process.read_outputs()
        if self._has_had_too_much(frame.head):
            return
        self.is_ready = True
        self.boot_ms = frame.head["boot_ms"]
        self._tell(WorkerReady(self.pid, self.boot_ms, frame.head))
        self._owner.worker_ready(self)

    def _on_failed(self, frame: protocol.Frame) -> None:
        self._process.read_outputs()
        if self._has_had_too_much(frame.head.get("costs", {})):
            return
        self._fault = frame.head
        self._tell(WorkerFailedToBoot(self.pid, frame.head))

    def _on_answer(self, frame: protocol.Frame) -> None:
        # The script's raw output is not read here: what it wrote before is ready in this same turn of the loop, and
        # whoever waits for the answer wakes in the next one. Two system calls a request are saved.
        status, phrase, headers, account = frame.head
        if self._has_had_too_much(account):
            return
        self._reply(Response(status, phrase, headers, frame.body, account))  # type: ignore[arg-type]
        self._become_idle()

    def _on_stream(self, frame: protocol.Frame) -> None:
        status, phrase, headers, account = frame.head
        if self._has_had_too_much(account):
            return
        self._stream = Stream(self._transport)
        self._reply(Response(status, phrase, headers, self._stream, account))

    def _on_chunk(self, frame: protocol.Frame) -> None:
        if self._stream is not None:
            self._stream.feed(bytes(frame.body))

    def _on_end(self, frame: protocol.Frame) -> None:
        self._process.read_outputs()
        self._end_stream(None)

    def _on_cut(self, frame: protocol.Frame) -> None:
        self._process.read_outputs()
        self._end_stream(WorkerCrashed(f"the stream was cut: {frame.head['what']}", pid=self.pid))

    _frames: ClassVar = {
        protocol.HELLO: _on_hello,
        protocol.IMPORTED: _on_imported,
        protocol.WROTE: _on_wrote,
        protocol.PAUSED: _on_paused,
        protocol.RESUMED: _on_resumed,
        protocol.NOTICED: _on_noticed,
        protocol.LISTEN: _on_listen,
        protocol.WAIT: _on_wait,
        protocol.UNFOLLOWED: _on_unfollowed,
        protocol.READY: _on_ready,
        protocol.FAILED: _on_failed,
        protocol.ANSWER: _on_answer,
        protocol.STREAM: _on_stream,
        protocol.CHUNK: _on_chunk,
        protocol.END: _on_end,
        protocol.CUT: _on_cut,
    }

    def _end_stream(self, error: Exception | None) -> None:
        if self._stream is not None:
            self._stream.finish(error)
            self._stream = None
        self._become_idle()

    def _reply(self, response: Response) -> None:
        response.account["pid"] = self.pid
        if self.aborted_at is not None:  # it has been interrupted: this is where
            response.account["stack"] = self.stack
            if fault := response.account.get("fault"):  # the SystemExit is ours, not the script's
                fault["what"] = "run() was interrupted: it took longer than WORKER_TIMEOUT"
        answer = self._jobs[0].answer
        if not answer.done():
            answer.set_result(response)

    def _become_idle(self) -> None:
        self._last_exchange = self._jobs.popleft().request.number
        if self.hold.is_on:  # forks that were killed: it has answered, so it goes on
            self._goes_on(self.hold.let_go())
        if self.stack:
            self.stack = []
        now = time.monotonic()
        took_s = now - (self.busy_since or now)
        self._pace_s = took_s if self._pace_s == _UNKNOWN_S else 0.8 * self._pace_s + 0.2 * took_s
        self.busy_since = now if self._jobs else None
        self._owner.worker_has_room(self)

    def _exchange(self) -> int | None:
        return self._jobs[0].request.number if self._jobs else self._last_exchange

    # The end

    def _process_ended(self, exit_code: int) -> None:
        self._ending = asyncio.get_running_loop().create_task(self._finish(exit_code))

    async def _finish(self, exit_code: int) -> None:
        self._transport.resume_reading()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._closed.wait(), _LAST_WORDS_S)
        self._process.bury()
        self._transport.close()
        if self.is_out_of_memory:  # it may have come to its own end before our signal
            exit_code = -signal.SIGKILL
        end = self._describe_end(exit_code)
        if self._fault is None and exit_code in BOOT_ERRORS and not self._planned:
            when = "while serving" if self.is_ready else "while the script was loading"
            self._fault = silent_fault(f"the process {told_end(exit_code)} {when}", _WHOEVER_CHOSE_IT)
        untaken = self._fail_taken(end)
        self._launched.mark.close()
        self._launched.stacks.close()
        self.ended.set_result(end)
        self._owner.worker_ended(self, end, untaken, self._fault)

    def _describe_end(self, exit_code: int) -> WorkerEnded:
        is_in_run = any(job.number <= self._launched.mark.taken for job in self._jobs)  # others were only on their way
        return WorkerEnded(
            pid=self.pid,
            exit_code=exit_code,
            planned=self._planned,
            was_booting=not self.is_ready,
            busy_s=self.busy_s() if is_in_run and self.busy_since is not None else None,
            last_line=self._process.last_line,
            last_lines=self._process.last_lines,
            memory=self._out_of_memory,
        )

    def _fail_taken(self, end: WorkerEnded) -> list[Job]:
        """Fail the request that the script may have seen; return those it certainly has not."""
        taken = self._launched.mark.taken
        because = f": {end.memory.told}" if end.memory else ""
        what = f"the worker {told_end(end.exit_code)} before it had answered{because}"
        crash = WorkerCrashed(what, where=f"pid {self.pid}", pid=self.pid, exit_code=end.exit_code)
        _, fatal, dump = self._process.last_words.rpartition(FATAL)
        crash.stack = read_dump(dump) if fatal else self.stack
        if self._stream is not None:
            self._stream.finish(crash)
        for job in self._jobs:
            if job.number <= taken and not job.answer.done():
                job.answer.set_exception(crash)
        return [job for job in self._jobs if job.number > taken]

"""
The host's view of a zygote: it does once what workers have in common, forks them when asked, and tells how each of them ended.

A forked worker comes out as a `Launched` like any other; `handle.py` does not see the difference. `zygote.py` is the other
side. What an end means is for the pool to decide.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import os
import signal
import socket
from collections import deque
from typing import Any, ClassVar, Protocol

from amlemu.errors import BootFailed, UsageError
from amlemu.events import Listener, WorkerFailedToBoot
from amlemu.worker import protocol
from amlemu.worker.launch import Launched, LaunchPlan, launch_zygote, open_lines
from amlemu.worker.process import BOOT_ERRORS, GuestProcess, silent_fault, told_end

logger = logging.getLogger(__name__)

_CHUNK_BYTES = 1 << 16


class Owner(Protocol):
    """Who is told about a zygote's life."""

    def zygote_ready(self) -> None:
        """Workers can be forked: the script has booted, or what it needs is imported."""

    def zygote_ended(self, reason: BootFailed) -> None:
        """The process is gone, and its forks with it; nobody asked for that."""


class ForkedProcess:
    """A process that is the zygote's child, not ours: how it ended is told to us."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._end: concurrent.futures.Future[int] = concurrent.futures.Future()

    def wait(self, timeout: float | None = None) -> int:
        """Block until its end has been told; returns the exit code."""
        return self._end.result(timeout)

    def send_signal(self, sig: int) -> None:
        """Signal it, unless its end has been told: the pid may be another process's by now."""
        if not self._end.done():
            os.kill(self.pid, sig)

    def has_ended(self, exit_code: int) -> None:
        """Say how."""
        self._end.set_result(exit_code)


class Zygote:
    """One process that workers are forked from. All methods belong to the event loop's thread."""

    def __init__(self, plan: LaunchPlan, owner: Owner, listener: Listener, ahead: dict[str, Any] | None = None) -> None:
        """
        Remember what to start; nothing is started yet.

        Args:
            plan: what the process is started with, and its forks.
            owner: told when it can fork, and of its end.
            listener: told what it says.
            ahead: what to import, see `imports.Imports.as_data`; None boots the script.
        """
        self._plan = plan
        self._ahead = ahead
        self.spoiled = ""  # name of the module after whose import no fork would work
        self._owner = owner
        self._tell = listener
        self._decoder = protocol.Decoder()
        self._births: deque[asyncio.Future[ForkedProcess]] = deque()  # asked for, oldest first
        self._forks: dict[int, ForkedProcess] = {}
        self._childless = asyncio.Event()
        self._fault: dict[str, Any] | None = None
        self._is_ready = False
        self._planned = False
        self.pid = 0

    async def start(self) -> None:
        """Launch the process; its boot goes on by itself. Raises UsageError when it cannot be started."""
        if not hasattr(os, "fork"):
            raise UsageError("WORKER_PRELOAD needs fork", hint="This platform has none; run without it.")
        loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = loop.create_future()
        self._launched = launch_zygote(self._plan)
        self._process = GuestProcess(self._launched, self._tell, lambda: None)
        self._socket = self._launched.endpoint
        self.pid = self._process.pid
        self._process.start(self._process_ended)
        loop.add_reader(self._socket, self._read)
        more = {} if self._ahead is None else {"ahead": self._ahead}
        self._to_send = memoryview(self._process.order(self._plan, **more))
        self._send_order()

    def _send_order(self) -> None:
        """Send what is left of it: the names of some thousand modules are more than a socket takes at once."""
        loop = asyncio.get_running_loop()
        try:
            self._to_send = self._to_send[self._socket.send(self._to_send) :]
        except BlockingIOError:
            pass
        except OSError:
            self._to_send = memoryview(b"")  # it is gone; we hear of that
        if self._to_send:
            loop.add_writer(self._socket, self._send_order)
        else:
            loop.remove_writer(self._socket)

    async def launch(self, plan: LaunchPlan) -> Launched:
        """
        Have a worker forked. `plan` is the zygote's own.

        Raises:
            UsageError: the system has no room for another process.
            BootFailed: the zygote has ended meanwhile.
        """
        birth: asyncio.Future[ForkedProcess] = asyncio.get_running_loop().create_future()
        with open_lines() as lines:
            try:
                socket.send_fds(self._socket, [protocol.pack(protocol.FORK, 0)], list(lines.theirs))
            except ConnectionError:
                pass  # it is gone; when we hear of that, the birth fails
            except OSError as error:
                raise self._cannot(error.strerror) from error
            self._births.append(birth)
            return lines.launched(await birth)

    async def retire(self) -> None:
        """End the process when the last of its forks has ended; it must not be asked for another one."""
        while self._births or self._forks:
            self._childless.clear()
            await self._childless.wait()
        await self.stop(0)

    async def stop(self, grace_s: float) -> None:
        """End the process: ask, wait at most `grace_s` seconds, then kill it with everything it started."""
        self._planned = True
        with contextlib.suppress(OSError):  # closed already
            self._socket.shutdown(socket.SHUT_WR)
        if not self._is_ready:
            self._process.kill(signal.SIGKILL)
        await self._process.stop(self.ended, grace_s)

    # The zygote's frames. No asyncio transport: none sends descriptors.

    def _read(self) -> None:
        while True:
            try:
                data = self._socket.recv(_CHUNK_BYTES)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                asyncio.get_running_loop().remove_reader(self._socket)
                return
            self._take(data)

    def _take(self, data: bytes) -> None:
        """Take the frames that are complete. One that speaks nonsense is killed, as a worker is."""
        try:
            for frame in self._decoder.feed(data):
                self._frames[frame.kind](self, frame)
        except Exception:
            logger.exception("zygote %s does not keep the protocol and is killed", self._process.pid)
            self._process.kill(signal.SIGKILL)

    def _on_hello(self, frame: protocol.Frame) -> None:
        protocol.check_version(frame, protocol.HELLO)

    def _on_ready(self, frame: protocol.Frame) -> None:
        self._process.read_outputs()
        self._is_ready = True
        self.spoiled = frame.head.get("spoiled", "")
        self._owner.zygote_ready()

    def _on_failed(self, frame: protocol.Frame) -> None:
        self._process.read_outputs()
        self._fault = frame.head
        self._tell(WorkerFailedToBoot(self._process.pid, frame.head))

    def _on_forked(self, frame: protocol.Frame) -> None:
        birth, pid = self._births.popleft(), frame.head.get("pid")
        self._childless.set()
        if pid is not None:
            self._forks[pid] = ForkedProcess(pid)
        if birth.done():
            return  # nobody waits any more; the process finds its socket closed
        if pid is not None:
            birth.set_result(self._forks[pid])
        else:
            birth.set_exception(self._cannot(frame.head["error"]))

    def _on_ended(self, frame: protocol.Frame) -> None:
        pid, exit_code = frame.head
        self._forks.pop(pid).has_ended(exit_code)
        self._childless.set()

    _frames: ClassVar = {
        protocol.HELLO: _on_hello,
        protocol.READY: _on_ready,
        protocol.FAILED: _on_failed,
        protocol.FORKED: _on_forked,
        protocol.ENDED: _on_ended,
    }

    def _cannot(self, why: str | None) -> UsageError:
        return UsageError(f"no worker can be forked: {why}", where=f"pid {self._process.pid}")

    # The end

    def _process_ended(self, exit_code: int) -> None:
        self._read()  # ends that it has told, before we guess
        asyncio.get_running_loop().remove_reader(self._socket)
        asyncio.get_running_loop().remove_writer(self._socket)
        self._process.bury()
        self._socket.close()
        self._launched.mark.close()
        self._launched.stacks.close()
        reason = self._reason(exit_code)
        if not self._planned:
            self._owner.zygote_ended(reason)
        for birth in self._births:
            if not birth.done():
                birth.set_exception(reason)
        self._end_forks()
        self.ended.set_result(None)

    def _end_forks(self) -> None:
        """Kill what is left: nobody could tell us how it ends."""
        for process in self._forks.values():
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
            process.has_ended(-signal.SIGKILL)
        self._forks.clear()
        self._births.clear()
        self._childless.set()

    def _reason(self, exit_code: int) -> BootFailed:
        """Say why nothing is served any more; without a fault of its own the exit code is the server's (observed)."""
        if self._fault is not None:
            return BootFailed(self._fault, exit_code if exit_code in BOOT_ERRORS else BOOT_ERRORS[0])
        when = "that workers are forked from" if self._is_ready else "that was loading the script"
        return BootFailed(silent_fault(f"the process {when} {told_end(exit_code)}"), exit_code)

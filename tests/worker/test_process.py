"""A process of the guest half as its host hears it: its words, its end, and what is done about one that stays."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from amlemu.events import Event, Spoke
from amlemu.worker.launch import LaunchPlan, launch_fresh
from amlemu.worker.process import GuestProcess, silent_fault, told_end, with_words

from .descriptors import descriptors

pytestmark = pytest.mark.anyio
PATIENCE_S = 20.0


class Heard:
    """A process that runs a few lines of Python, and all that was heard of it."""

    def __init__(self, folder: Path, body: str) -> None:
        python = folder / "python"
        python.write_text(f"#!{sys.executable} -S\nimport os, signal, sys\n{body}\n", encoding="utf-8")
        python.chmod(0o755)
        self.launched = launch_fresh(LaunchPlan(python, folder, {}))
        self.events: list[Event] = []
        self.process = GuestProcess(self.launched, self.events.append, lambda: 42)
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def ends(self) -> int:
        return await asyncio.wait_for(asyncio.shield(self.ended), PATIENCE_S)

    @property
    def said(self) -> list[tuple[str, str]]:
        return [(event.stream, event.text) for event in self.events if isinstance(event, Spoke)]


@contextlib.asynccontextmanager
async def heard(folder: Path, body: str) -> AsyncIterator[Heard]:
    """Start and listen; at the end the process is buried, and nothing of it is left."""
    before = descriptors()
    result = Heard(folder, body)
    result.process.start(result.ended.set_result)
    yield result
    await asyncio.wait_for(result.process.stop(result.ended, 0), PATIENCE_S)
    result.process.bury()
    result.launched.endpoint.close()
    result.launched.mark.close()
    result.launched.stacks.close()
    assert descriptors() == before


async def test_its_words_are_events(tmp_path: Path) -> None:
    """Under its pid, with the exchange that it is busy with."""
    async with heard(tmp_path, "os.write(1, b'out\\n'); os.write(2, b'err\\n')") as process:
        await process.ends()
        process.process.read_outputs()

        spoken = {(event.stream, event.text, event.pid, event.request) for event in process.events}  # type: ignore[union-attr]
        assert spoken == {("stdout", "out\n", process.process.pid, 42), ("stderr", "err\n", process.process.pid, 42)}
        assert process.process.last_line == "err"


async def test_its_last_lines_are_those_with_words(tmp_path: Path) -> None:
    """At most five, oldest first; a flood of them, and empty ones, do not push out the reason."""
    async with heard(tmp_path, "for n in range(9): os.write(2, b'line %d\\n\\n' % n)") as process:
        await process.ends()
        process.process.read_outputs()

        assert process.process.last_lines == ("line 4", "line 5", "line 6", "line 7", "line 8")


async def test_the_stack_of_a_crash_is_none_of_its_last_lines(tmp_path: Path) -> None:
    """Of faulthandler's dump only the name of the crash stays, and what was said before."""
    body = "import faulthandler; faulthandler.enable(); os.write(2, b'loading\\n'); faulthandler._sigsegv()"
    async with heard(tmp_path, body) as process:
        assert await process.ends() == -signal.SIGSEGV
        process.process.bury()

        assert process.process.last_lines == ("loading", "Fatal Python error: Segmentation fault")
        assert "most recent call first" in process.process.last_words


async def test_its_end_is_told_with_its_exit_code(tmp_path: Path) -> None:
    """Once, in the loop."""
    async with heard(tmp_path, "os._exit(7)") as process:
        assert await process.ends() == 7


async def test_its_last_words_are_heard_when_it_is_buried(tmp_path: Path) -> None:
    """Without a newline, and after its end was told."""
    async with heard(tmp_path, "os.write(1, b'last words')") as process:
        await process.ends()
        process.process.bury()

        assert process.said == [("stdout", "last words")]


async def test_what_it_has_started_ends_when_it_is_buried(tmp_path: Path) -> None:
    """Else a daemon of the script would hold the pipe open, and live on."""
    async with heard(tmp_path, "if os.fork() == 0: signal.pause()") as process:
        await process.ends()
        reader = os.dup(process.launched.stdout)
        process.process.bury()
        over = asyncio.Event()
        asyncio.get_running_loop().add_reader(reader, over.set)
        await asyncio.wait_for(over.wait(), PATIENCE_S)
        asyncio.get_running_loop().remove_reader(reader)

        assert os.read(reader, 1) == b""

        os.close(reader)


async def test_one_that_stays_is_killed_after_the_grace(tmp_path: Path) -> None:
    """One that goes is not."""
    async with heard(tmp_path, "signal.pause()") as process:
        await process.process.stop(process.ended, 0.1)

        assert process.ended.result() == -signal.SIGKILL


async def test_one_that_goes_is_not_killed(tmp_path: Path) -> None:
    """It has the grace for what it does at its end."""
    async with heard(tmp_path, "os._exit(4)") as process:
        await process.process.stop(process.ended, PATIENCE_S)

        assert process.ended.result() == 4


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "ended with exit code 0"),
        (-11, "was killed by SIGSEGV"),
        (255, "ended with exit code 255"),
        (-45, "was killed by signal 45"),
    ],
)
def test_an_end_is_told_in_words(code: int, words: str) -> None:
    """Signals have names, all but the real-time ones."""
    assert told_end(code) == words


def test_a_traceback_is_words_and_a_dump_is_not() -> None:
    """They differ by a comma after the number of the line."""
    traceback = 'Traceback (most recent call last):\n  File "a.py", line 1, in run\nValueError: no\n'
    dump = 'Thread 0x1 [x] (most recent call first):\n  File "a.py", line 1 in run\n  <no Python frame>\n  ...\n'
    c_code = 'Current thread\'s C stack trace (most recent call first):\n  Binary file "python", at +0x1 [0x2]\n'

    assert with_words(traceback + dump + c_code + "Extension modules: numpy (total: 1)\n") == traceback.splitlines()


def test_a_silent_fault_has_all_that_a_fault_has() -> None:
    """Consoles show either."""
    from amlemu.scoring.faults import Fault

    assert silent_fault("w").keys() == Fault("import", "Exit", "w").as_data().keys()

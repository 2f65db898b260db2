"""pdb in a process without a terminal, asked through one of ours: what it shows, what the host hears, whose Ctrl-C it is."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .guest import PAUSED, RESUMED, begin, end

PATIENCE_S = 10.0
HANDED_OVER = """
    import signal
    from amlemu.worker import terminal
    from amlemu.worker.stops import Stops
    signal.signal(signal.SIGINT, lambda *_: say("gunicorn's end of a worker"))
    terminal.hand_over(sys.argv[1], Stops(channel, stops_clocks=True), lambda: None)
"""


class Person:
    """Whoever sits before the terminal."""

    def __init__(self) -> None:
        self.ours, self.theirs = pty.openpty()
        self.path = os.ttyname(self.theirs)
        self.seen = ""
        self.running: list[subprocess.Popen[str]] = []

    def types(self, *lines: str) -> None:
        os.write(self.ours, "".join(f"{line}\n" for line in lines).encode())

    def sees(self, words: str) -> None:
        """Wait for words that have not been waited for."""
        deadline = time.monotonic() + PATIENCE_S
        while words not in self.seen:
            left_s = deadline - time.monotonic()
            assert left_s > 0, f"no {words!r} in {self.seen!r}"
            if select.select([self.ours], [], [], left_s)[0]:
                self.seen += os.read(self.ours, 1 << 16).decode()
        self.seen = self.seen.partition(words)[2]

    def close(self) -> None:
        """End what a failed test has left, too."""
        for process in self.running:
            with process:
                process.kill()
        os.close(self.ours)
        os.close(self.theirs)


@pytest.fixture
def person() -> Iterator[Person]:
    person = Person()
    yield person
    person.close()


def runs(person: Person, program: str) -> subprocess.Popen[str]:
    process = begin(HANDED_OVER + program, person.path)
    person.running.append(process)
    return process


def until_it_reads(process: subprocess.Popen[str]) -> None:
    """Wait until it sleeps: a signal between a prompt and the read behind it is seen only after the next key."""
    deadline = time.monotonic() + PATIENCE_S
    while Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "S":
        assert time.monotonic() < deadline, "it does not come to rest"


def test_a_breakpoint_asks_in_the_terminal(person: Person) -> None:
    """Values can be read, and the script goes on; the host hears where it stands, and when it does not any more."""
    process = runs(
        person,
        """
    def run(x):
        breakpoint()
        return x
    run(41)
    say(*told())
""",
    )
    person.sees("(Pdb) ")
    person.types("x + 1")
    person.sees("42\r\n(Pdb) ")
    person.types("c")
    [[(kind, paused), *resumed]] = end(process)

    assert (kind, paused[:2], paused[3]) == (PAUSED, ["pdb", "<string>"], "run")
    assert resumed == [[RESUMED, process.pid]]


def test_every_prompt_is_a_stop(person: Person) -> None:
    """A step is two of them; while the script runs in between no clock stands still."""
    process = runs(person, "    breakpoint()\n    a = 1\n    b = 2\n    say(*told())\n")
    for command in ("n", "c"):
        person.sees("(Pdb) ")
        person.types(command)
    [frames] = end(process)

    assert [kind for kind, _ in frames] == [PAUSED, RESUMED, PAUSED, RESUMED]


def test_ctrl_c_at_the_prompt_is_pdb_s(person: Person) -> None:
    """It asks again; afterwards the signal means what it did before."""
    process = runs(person, "    breakpoint()\n    os.kill(os.getpid(), signal.SIGINT)\n")
    person.sees("(Pdb) ")
    until_it_reads(process)
    process.send_signal(signal.SIGINT)
    person.sees("--KeyboardInterrupt--")
    person.sees("(Pdb) ")
    person.types("c")

    assert end(process) == [["gunicorn's end of a worker"]]


def test_a_thread_may_ask_too(person: Person) -> None:
    """Signals are the main thread's: nothing is changed there."""
    process = runs(
        person, "    thread = threading.Thread(target=lambda: breakpoint())\n    thread.start()\n    thread.join()\n"
    )
    person.sees("(Pdb) ")
    person.types("c")

    assert end(process) == []


def test_whoever_quits_has_quit(person: Person) -> None:
    """BdbQuit goes up through run(), and the stop has ended."""
    process = runs(
        person,
        """
    def run(x):
        breakpoint()
        return x
    try:
        run(1)
    except Exception as error:
        say(type(error).__name__, *told()[-1])
""",
    )
    person.sees("(Pdb) ")
    person.types("q")

    assert end(process) == [["BdbQuit", RESUMED, process.pid]]


def test_a_pdb_of_the_script_s_own_streams_keeps_them(person: Person) -> None:
    """Somebody has thought of it before."""
    program = """
    import io, pdb
    out = io.StringIO()
    asking = pdb.Pdb(stdin=io.StringIO("c\\n"), stdout=out)
    asking.use_rawinput = False
    asking.set_trace()
    pass
    say("(Pdb)" in out.getvalue())
"""

    assert end(runs(person, program)) == [[True]]


def test_after_a_fault_the_frames_can_be_looked_at(person: Person) -> None:
    """In the innermost frame, its values still there."""
    program = """
    def run(x):
        raise KeyError(x)
    try:
        run("a")
    except KeyError as error:
        terminal.look_at(error)
    say(*told())
"""
    process = runs(person, program)
    person.sees("amlemu: the script raised KeyError: 'a'\r\n")
    person.sees("(Pdb) ")
    person.types("x + 'b'")
    person.sees("'ab'\r\n(Pdb) ")
    person.types("c")
    [[paused, resumed]] = end(process)

    assert (paused[0], paused[1][0], resumed) == (PAUSED, "pdb", [RESUMED, process.pid])


def test_the_terminal_is_opened_once(person: Person) -> None:
    """However often somebody asks."""
    process = runs(
        person,
        """
    def descriptors():
        return len(os.listdir("/proc/self/fd"))
    counts = []
    for _ in range(3):
        breakpoint()
        counts.append(descriptors())
    say(*counts)
""",
    )
    for _ in range(3):
        person.sees("(Pdb) ")
        person.types("c")
    [counts] = end(process)

    assert len(set(counts)) == 1

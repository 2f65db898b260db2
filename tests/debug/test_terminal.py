"""--pdb: a person at a terminal, the real command, a pseudo-terminal between them."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

PATIENCE_S = 15.0
BREAKS = """
def init():
    pass


def run(data):
    x = len(data)
    breakpoint()
    return x
"""
FAILS = """
def init():
    pass


def run(data):
    by = 0
    return 1 / by
"""


class Terminal:
    """`amlemu ...` as started in a terminal window."""

    def __init__(self, folder: Path, *words: str) -> None:
        self._ours, theirs = pty.openpty()
        self.said = ""
        variables = {**os.environ, "NO_COLOR": "1", "CI": "true", "HOME": str(folder)}
        command = [sys.executable, "-m", "amlemu", *words]
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=variables,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            preexec_fn=_take_terminal,  # noqa: PLW1509  # nothing else makes it the terminal
        )
        os.close(theirs)
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # all have closed it
            while data := os.read(self._ours, 1 << 16):
                self.said += data.decode("utf-8", "replace").replace("\r\n", "\n")

    def type(self, words: str) -> None:
        """Press keys."""
        os.write(self._ours, words.encode())

    def until(self, words: str, count: int = 1) -> None:
        """Wait until something has been written so many times."""
        self._until(lambda: self.said.count(words) >= count, words)

    def port(self) -> int:
        """Wait for the start block; returns the port of it."""
        self._until(lambda: "score    http" in self.said, "start block")
        found = re.search(r"score +http://127\.0\.0\.1:(\d+)", self.said)
        assert found is not None
        return int(found[1])

    def _until(self, look: Callable[[], bool], what: str) -> None:
        deadline, pause = time.monotonic() + PATIENCE_S, threading.Event()
        while not look():
            assert time.monotonic() < deadline, f"no {what!r} in\n{self.said}"
            pause.wait(0.01)

    def close(self) -> None:
        """End what is left of it."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE_S)
        self._reading.join(PATIENCE_S)
        os.close(self._ours)


def _take_terminal() -> None:
    """Be what a shell starts: in a session of its own, whose terminal this is."""
    import fcntl
    import termios

    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.fixture
def open_terminal(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """Open terminals, and close them."""
    terminals: list[Terminal] = []

    def start(text: str, *words: str) -> Terminal:
        (tmp_path / "score.py").write_text(text.lstrip("\n"))
        terminals.append(Terminal(tmp_path, "serve", "score.py", "--port", "0", *words))
        return terminals[-1]

    yield start
    for terminal in terminals:
        terminal.close()


@pytest.fixture
def post() -> Iterator[Callable[[int], object]]:
    """Send a request from another thread."""
    with ThreadPoolExecutor() as pool:
        yield lambda port: pool.submit(
            httpx.post, f"http://127.0.0.1:{port}/score", content=b"abc", timeout=PATIENCE_S, trust_env=False
        )


def test_breakpoint_asks_in_the_terminal(open_terminal, post):
    """Look, go on, and the caller has the answer, six seconds or an hour later."""
    terminal = open_terminal(BREAKS, "--pdb")
    answer = post(terminal.port())
    terminal.until("(Pdb) ")
    terminal.type("p x * 10\n")
    terminal.until("30")
    terminal.type("c\n")

    assert (answer.result().status_code, answer.result().json()) == (200, 3)
    assert "-> return x" in terminal.said
    terminal.until("paused")


def test_our_lines_wait_until_the_prompt_is_gone(open_terminal, post):
    """Who types is not written over: what others ask meanwhile is told later."""
    terminal = open_terminal(BREAKS, "--pdb")
    port = terminal.port()
    first = post(port)
    terminal.until("(Pdb) ")
    refused = httpx.post(f"http://127.0.0.1:{port}/score", content=b"x" * 1_600_000, timeout=5, trust_env=False)
    terminal.type("p 'still asking'\n")
    terminal.until("(Pdb) ", 2)

    assert refused.status_code == 413
    assert "413" not in terminal.said
    terminal.type("c\n")
    assert first.result().status_code == 200
    terminal.until("POST /score 413")


def test_words_of_the_script_come_before_the_prompt(open_terminal, post):
    """In the order in which they were said."""
    terminal = open_terminal(BREAKS.replace("    breakpoint()", "    print('just before')\n    breakpoint()"), "--pdb")
    answer = post(terminal.port())
    terminal.until("(Pdb) ")
    terminal.type("c\n")

    assert answer.result().status_code == 200
    assert terminal.said.index("score | just before\n") < terminal.said.index("-> return x")


def test_one_prompt_at_a_time(open_terminal, post, tmp_path):
    """A save while somebody types: the next request stops in the new generation, and waits for its turn."""
    terminal = open_terminal(BREAKS, "--pdb", "--reload")
    port = terminal.port()
    first = post(port)
    terminal.until("(Pdb) ")
    (tmp_path / "score.py").write_text(BREAKS.replace("len(data)", "len(data) + 10").lstrip("\n"))
    second = post(port)
    terminal.until("amlemu: another request stops; it asks when this prompt is left")
    terminal.type("p x\n")
    terminal.until("\n3\n")
    terminal.type("c\n")
    assert first.result().json() == 3
    terminal.until("(Pdb) ", 3)  # of the second request: what is typed before it is echoed into the prompt's line
    terminal.type("p x\n")
    terminal.until("\n13\n")
    terminal.type("c\n")

    assert second.result().json() == 13


def test_ctrl_c_at_the_prompt_is_pdbs(open_terminal, post):
    """It interrupts what pdb does, not the server; the one after that ends the server."""
    terminal = open_terminal(BREAKS, "--pdb")
    answer = post(terminal.port())
    terminal.until("(Pdb) ")
    terminal.type("\x03")
    terminal.until("(Pdb) ", 2)
    assert terminal.process.poll() is None
    terminal.type("c\n")
    assert answer.result().status_code == 200
    terminal.until("POST /score")
    terminal.type("\x03")

    assert terminal.process.wait(PATIENCE_S) == 0


def test_quit_fails_the_request_as_pdb_does(open_terminal, post):
    """BdbQuit in run(): a 500 of the script's, 424 for its caller."""
    terminal = open_terminal(BREAKS, "--pdb")
    answer = post(terminal.port())
    terminal.until("(Pdb) ")
    terminal.type("q\n")

    assert answer.result().status_code == 424
    terminal.until("BdbQuit")
    assert "found no debugger" not in terminal.said


def test_post_mortem_in_the_terminal(open_terminal, post):
    """--debug-on-error with --pdb: the frame that raised, before the answer is sent."""
    terminal = open_terminal(FAILS, "--pdb", "--debug-on-error")
    answer = post(terminal.port())
    terminal.until("(Pdb) ")
    terminal.type("p by + 7\n")
    terminal.until("7")
    assert not answer.done()
    terminal.type("q\n")

    assert answer.result().status_code == 424
    assert "amlemu: the script raised ZeroDivisionError: division by zero" in terminal.said
    assert "score.py(7)run()" in terminal.said


def test_without_a_terminal_it_is_a_usage_error(finish, write):
    """CI has none."""
    write("score.py", "def init(): pass\ndef run(data): pass\n")
    ended = finish("serve", "score.py", "--pdb", "--port", "0")

    assert ended.code == 2
    assert ended.err == (
        "amlemu: --pdb: there is no terminal here. Start amlemu in a terminal, or attach an editor with --debug.\n"
    )

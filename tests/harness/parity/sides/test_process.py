"""A command that is a server: started, waited for, hurt, ended. The commands are programs of a few lines."""

from __future__ import annotations

import os
import signal
import sys
import textwrap
import time
from pathlib import Path

import pytest
from amlemu.errors import UsageError
from amlemu_harness.parity.case import post
from amlemu_harness.parity.record import End
from amlemu_harness.parity.sides.family import descendants
from amlemu_harness.parity.sides.lives import Interrupted, Lives
from amlemu_harness.parity.sides.process import Command, ServerProcess
from amlemu_harness.parity.sides.side import DidNotStart
from amlemu_harness.parity.wire import exchange

from ....free_port import free_port

SERVES = """
    import socket, subprocess, sys
    worker = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    print("listens", flush=True)
    while True:
        connection, _ = listener.accept()
        asked = connection.recv(65536)
        if b"/end" in asked:
            print("last words", file=sys.stderr, flush=True)
            sys.exit(4)
        connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nok")
        connection.close()
"""
TRIES = """
    import sys, time
    for pid in (11, 12, 13, 14):
        print(f"x E [{pid}] Booting worker with pid: {pid}", file=sys.stderr, flush=True)
        print(f"x W [{pid}] begins", flush=True)
        print("and dies", flush=True)
    sys.stdin = open(0, closefd=False)
    while True: time.sleep(1)
"""

STAYS = """
    import signal, socket, subprocess, sys
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sleeps = [sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"]
    worker = subprocess.Popen(sleeps, start_new_session=True)
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    while True:
        connection, _ = listener.accept()
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n")
        connection.close()
"""


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that is dead and waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("latin-1").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def command(program: str, tmp_path: Path) -> Command:
    port = free_port()
    words = (sys.executable, "-c", textwrap.dedent(program), str(port))
    return Command("a program", words, dict(os.environ), tmp_path, port)


def test_a_command_answers_until_it_is_stopped(tmp_path: Path) -> None:
    """Nothing of it is left then: no process, no child of it, none of its belongings."""
    belonging = tmp_path / "belonging"
    belonging.mkdir()
    others = set(descendants(os.getpid(), 2))  # of tests before, which share a server for as long as they can
    process = ServerProcess(command(SERVES, tmp_path), Lives(), [belonging]).until_ready(10)
    children = set(descendants(os.getpid(), 2)) - others

    assert exchange(process.address, post(b"x")).body == b"ok"
    assert process.ended() is None
    process.stop()

    assert children
    assert not children & set(descendants(os.getpid(), 2))
    assert not belonging.exists()


def test_one_that_does_not_end_is_killed_with_its_family(tmp_path: Path) -> None:
    """Also those of a session of their own, as our workers are: a minute's sleep in run() is none of anybody's afterwards."""
    process = ServerProcess(command(STAYS, tmp_path), Lives()).until_ready(10)
    (worker,) = descendants(process.pid, 1)

    process.stop()

    deadline = time.monotonic() + 5
    while is_alive(worker):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_its_workers_can_be_killed(tmp_path: Path) -> None:
    """They are gone when that has been said; where there are none it is False."""
    process = ServerProcess(command(SERVES, tmp_path), Lives()).until_ready(10)
    try:
        assert process.kill_workers() is True
        assert process.kill_workers() is False
        assert process.ended() is None
    finally:
        process.stop()


def test_its_end_is_told_with_its_last_words(tmp_path: Path) -> None:
    """Exit code and both streams."""
    process = ServerProcess(command(SERVES, tmp_path), Lives()).until_ready(10)
    try:
        exchange(process.address, post(b"x", target="/end"))
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

        assert process.ended() == End(4, ("listens",), ("last words",))
    finally:
        process.stop()


@pytest.mark.parametrize(
    ("program", "code"),
    [
        pytest.param("import sys; print('no init()'); sys.exit(3)", 3, id="exit-code"),
        pytest.param("import os, signal; print('no init()', flush=True); os.kill(os.getpid(), 9)", -signal.SIGKILL, id="signal"),
    ],
)  # fmt: skip
def test_one_that_ends_before_it_answers_did_not_start(tmp_path: Path, program: str, code: int) -> None:
    """The exception has how."""
    with pytest.raises(DidNotStart) as refused:
        ServerProcess(command(program, tmp_path), Lives()).until_ready(10)

    assert refused.value.end == End(code, ("no init()",), ())


def test_one_whose_workers_die_again_and_again_did_not_start(tmp_path: Path) -> None:
    """Told is what was written before the second try: how often it tried is chance."""
    with pytest.raises(DidNotStart) as refused:
        ServerProcess(command(TRIES, tmp_path), Lives()).until_ready(10)

    assert refused.value.end == End(
        None,
        ("x W [11] begins", "and dies"),
        ("x E [11] Booting worker with pid: 11",),
        is_trying=True,
    )


def test_the_first_try_is_told_however_much_the_others_say(tmp_path: Path) -> None:
    """It is not among the last lines any more when somebody looks."""
    talkative = TRIES.replace('print("and dies", flush=True)', 'print("and dies\\n" * 500, end="", flush=True)')
    with pytest.raises(DidNotStart) as refused:
        ServerProcess(command(talkative, tmp_path), Lives()).until_ready(10)

    assert refused.value.end == End(
        None,
        ("x W [11] begins", *["and dies"] * 500),
        ("x E [11] Booting worker with pid: 11",),
        is_trying=True,
    )


def test_one_that_never_answers_is_given_up(tmp_path: Path) -> None:
    """When the patience is over."""
    with pytest.raises(DidNotStart) as refused:
        ServerProcess(command("import time; time.sleep(60)", tmp_path), Lives()).until_ready(0.2)

    assert refused.value.end == End(None)


def test_a_command_that_is_not_there_is_told(tmp_path: Path) -> None:
    """Nothing is left of the attempt."""
    lives = Lives()
    with pytest.raises(UsageError, match="nowhere: cannot be started: No such file or directory"):
        ServerProcess(Command("a program", (str(tmp_path / "nowhere"),), {}, tmp_path, 1), lives)


def test_an_interrupted_run_ends_it(tmp_path: Path) -> None:
    """And no other is started."""
    lives = Lives()
    process = ServerProcess(command(SERVES, tmp_path), lives).until_ready(10)

    lives.end_all()

    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)
    with pytest.raises(Interrupted):
        ServerProcess(command(SERVES, tmp_path), lives)

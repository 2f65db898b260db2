"""How a process comes into being: what it is given, and that nothing of it is left afterwards."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from amlemu.errors import UsageError
from amlemu.worker.launch import Launched, LaunchPlan, launch_anchor, launch_fresh, launch_zygote, open_lines

from .descriptors import descriptors

PATIENCE_S = 10.0


def interpreter(folder: Path, body: str) -> Path:
    """Something that the user could name as the script's Python: it gets bootstrap, role, lifeline, socket and mark as arguments."""
    path = folder / "python"
    path.write_text(f"#!{sys.executable} -S\nimport os, sys\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@contextlib.contextmanager
def launched(folder: Path, body: str) -> Iterator[Launched]:
    result = launch_fresh(LaunchPlan(interpreter(folder, body), folder, {"ONLY": "this"}))
    try:
        yield result
    finally:
        result.kill_group()
        result.process.wait(PATIENCE_S)
        close(result)


def close(result: Launched) -> None:
    result.endpoint.close()
    result.mark.close()
    result.stacks.close()
    os.close(result.stdout)
    os.close(result.stderr)


def said(folder: Path, expression: str) -> str:
    with launched(folder, f"print({expression})") as result:
        result.process.wait(PATIENCE_S)
        return os.read(result.stdout, 10_000).decode().strip()


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        pytest.param(lambda path: None, "No such file", id="missing"),
        pytest.param(lambda path: path.write_text("#!/bin/sh\n"), "Permission denied", id="not-executable"),
        pytest.param(lambda path: (path.write_bytes(b"\0"), path.chmod(0o755)), "Exec format error", id="no-program"),
    ],
)
def test_an_interpreter_that_does_not_start_is_named_and_leaves_nothing_open(
    tmp_path: Path, make: object, reason: str
) -> None:
    """Nine descriptors are open at that moment."""
    python = tmp_path / "python"
    make(python)  # type: ignore[operator]
    before = descriptors()

    with pytest.raises(UsageError, match=reason) as caught:
        launch_fresh(LaunchPlan(python, tmp_path, {}))

    assert caught.value.where == str(python)
    assert descriptors() == before


def test_a_worker_that_has_ended_leaves_nothing_open(tmp_path: Path) -> None:
    """Socket, two pipes and the page, twice: all of them are in the host's hands and can be closed."""
    before = descriptors()
    with launched(tmp_path, "pass") as result:
        result.process.wait(PATIENCE_S)
        during = descriptors()

    assert (len(during) - len(before), descriptors()) == (
        5,
        before,
    )  # the endpoint, two pipes, mmap's own copy of the page, and the one that stacks are read from


def test_a_worker_finds_the_plans_environment_and_no_other(tmp_path: Path) -> None:
    """What the shell has is in the plan or it is not there."""
    variables = said(tmp_path, "sorted(name for name in os.environ if name != 'LC_CTYPE')")

    assert variables == "['ONLY']"


def test_a_worker_starts_in_the_plans_folder(tmp_path: Path) -> None:
    """Also before it has heard the order: `python -m` and site files look there."""
    assert said(tmp_path, "os.getcwd()") == str(tmp_path.resolve())


def test_a_worker_has_a_session_of_its_own(tmp_path: Path) -> None:
    """Ctrl-C in the terminal is the host's to handle."""
    assert said(tmp_path, "os.getsid(0) == os.getpid()") == "True"


def test_a_worker_reads_nothing_from_our_terminal(tmp_path: Path) -> None:
    """input() in a script ends at once instead of stealing keys."""
    assert said(tmp_path, "repr(sys.stdin.read())") == "''"


def test_a_worker_inherits_its_own_descriptors_only(tmp_path: Path) -> None:
    """A listening socket in a worker would keep the port taken after our end."""
    with socket.socket() as ours:
        ours.listen()
        os.set_inheritable(ours.fileno(), True)
        count = said(tmp_path, "len(os.listdir('/proc/self/fd'))")

    assert int(count) == 3 + 3 + 1  # the streams; socket, mark and lifeline; and the folder that is being listed


def test_a_zygote_is_given_its_socket_and_nothing_else(tmp_path: Path) -> None:
    """The page and the pipes of a worker come later, with each fork."""
    result = launch_zygote(
        LaunchPlan(interpreter(tmp_path, "print(len(sys.argv), len(os.listdir('/proc/self/fd')))"), tmp_path, {})
    )
    result.process.wait(PATIENCE_S)

    assert os.read(result.stdout, 100).split() == [b"5", str(3 + 1 + 1 + 1).encode()]

    close(result)


@pytest.mark.parametrize(
    ("launch", "role", "count"),
    [(launch_fresh, "child", 6), (launch_zygote, "zygote", 5), (launch_anchor, "anchor", 5)],
)
def test_a_process_is_told_what_it_is_to_be(
    tmp_path: Path, launch: Callable[[LaunchPlan], Launched], role: str, count: int
) -> None:
    """`bootstrap.py ROLE LIFELINE FILE...`: the role is the module whose main() takes the descriptors."""
    result = launch(LaunchPlan(interpreter(tmp_path, "print(*sys.argv[1:3], len(sys.argv))"), tmp_path, {}))
    result.process.wait(PATIENCE_S)
    bootstrap, *told = os.read(result.stdout, 1000).decode().split()
    close(result)

    assert Path(bootstrap).name == "bootstrap.py"
    assert told == [role, str(count)]


def test_lines_that_nobody_has_taken_are_closed() -> None:
    """The process could not be started or forked."""
    before = descriptors()

    with pytest.raises(ZeroDivisionError), open_lines():
        raise ZeroDivisionError

    assert descriptors() == before


def test_our_ends_of_the_pipes_do_not_block(tmp_path: Path) -> None:
    """One silent worker must not stop the loop."""
    with launched(tmp_path, "sys.stdin = open(0); import signal; signal.pause()") as result:
        assert not os.get_blocking(result.stdout)
        assert not os.get_blocking(result.stderr)
        assert result.endpoint.gettimeout() == 0


def test_killing_the_group_ends_what_the_worker_has_started(tmp_path: Path) -> None:
    """A script's child processes do not outlive it."""
    body = "if os.fork() == 0: print(os.getpid(), flush=True)\nimport signal\nsignal.pause()"
    with launched(tmp_path, body) as result:
        os.set_blocking(result.stdout, True)
        grandchild = int(os.read(result.stdout, 100))
        watch = os.pidfd_open(grandchild)
        result.kill_group()

        import select

        assert select.select([watch], [], [], PATIENCE_S)[0] == [watch]

        os.close(watch)


def test_signals_to_a_worker_that_is_gone_are_no_errors(tmp_path: Path) -> None:
    """It may end between our look and our signal."""
    with launched(tmp_path, "pass") as result:
        result.process.wait(PATIENCE_S)

        result.kill(signal.SIGTERM)
        result.kill_group()


def test_a_missing_folder_is_not_blamed_on_the_interpreter(tmp_path: Path) -> None:
    """The user moved the deployment while it was served; the message must name what is missing."""
    gone = tmp_path / "gone"

    with pytest.raises(UsageError) as caught:
        launch_fresh(LaunchPlan(Path(sys.executable), gone, {}))

    assert str(gone) in str(caught.value)

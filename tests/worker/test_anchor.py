"""The process that editors attach to, without its host: what it opens, what it refuses, and that nothing of it is left."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
from amlemu.worker import protocol
from amlemu.worker.anchor import _children, _end, _told

from ..free_port import free_port
from .bare_child import PATIENCE_S, bare_anchor


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_gone(pid: int) -> bool:
    """Ended, whether or not somebody has asked for its end."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def until_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not all(map(is_gone, pids)):
        assert time.monotonic() < deadline, f"still there: {pids}"


def test_it_says_where_editors_come_in_and_how_workers_join() -> None:
    """Two ports: the editor's, and the one where workers come; they are let in by a token, as its children."""
    with bare_anchor() as anchor:
        opened = anchor.boots()
        host, port = opened.head["address"]
        socket.create_connection((host, port), PATIENCE_S).close()

        assert opened.kind == protocol.SESSION
        assert host == "127.0.0.1"
        server_host, server_port, token, _, pid = opened.head["session"]
        assert (server_host, pid) == ("127.0.0.1", anchor.launched.process.pid)
        assert server_port not in (0, port)
        assert len(token) > 20


def test_it_ends_with_its_host_and_so_does_the_adapter() -> None:
    """The adapter detaches itself when it starts; it is our child all the same."""
    with bare_anchor() as anchor:
        anchor.boots()
        pid = anchor.launched.process.pid
        adapters = children(pid)
        anchor.hangs_up()

        assert anchor.ends() == 0
        assert len(adapters) >= 1
        until_gone(adapters)


def test_an_editor_that_stays_does_not_keep_the_adapter() -> None:
    """A connection that says nothing more would keep it for ever."""
    with bare_anchor() as anchor:
        opened = anchor.boots()
        adapters = children(anchor.launched.process.pid)
        with socket.create_connection(opened.head["address"], PATIENCE_S):
            anchor.hangs_up()
            anchor.ends()
            until_gone(adapters)


def test_a_port_that_is_taken_is_refused() -> None:
    """In the adapter's words, without its own report around them."""
    with socket.create_server(("127.0.0.1", 0)) as taken, bare_anchor(port=taken.getsockname()[1]) as anchor:
        failed = anchor.boots()

        assert failed.kind == protocol.FAILED
        assert "\n" not in failed.head["what"]
        assert "Address already in use" in failed.head["what"]
        assert anchor.ends() == 1


def test_an_editor_that_does_not_listen_is_not_waited_for() -> None:
    """What pydevd prints about it is nobody's business: the host is told."""
    port = free_port()
    with bare_anchor(connect=port) as anchor:
        failed = anchor.boots()

        assert (failed.kind, failed.head["kind"]) == (protocol.FAILED, "ConnectionRefusedError")
        assert anchor.ends() == 1


def test_a_kill_leaves_the_adapter_to_its_own_end() -> None:
    """Nobody is attached: it goes when the process that it was made for is gone."""
    with bare_anchor() as anchor:
        anchor.boots()
        adapters = children(anchor.launched.process.pid)
        os.kill(anchor.launched.process.pid, signal.SIGKILL)
        anchor.ends()
        until_gone(adapters)


def test_it_does_not_outlive_its_adapter() -> None:
    """There is nothing to attach to any more."""
    with bare_anchor() as anchor:
        anchor.boots()
        os.kill(children(anchor.launched.process.pid)[-1], signal.SIGKILL)

        assert anchor.ends() == 1


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (RuntimeError("Can't listen:\n\n[Errno 98] Address already in use\n"), "[Errno 98] Address already in use"),
        (RuntimeError("  \n"), "RuntimeError"),
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_what_has_failed_is_told_in_one_line(error: Exception, told: str) -> None:
    """The adapter's report ends with the cause."""
    assert _told(error) == told


def test_what_it_has_started_is_gone_when_it_ends() -> None:
    """Waited for, and not only killed: its port is free then, which an editor's next session wants."""
    others = set(_children())
    with subprocess.Popen(["sleep", "60"]) as child:
        _end(others)
        is_there = Path(f"/proc/{child.pid}").exists()

    assert not is_there

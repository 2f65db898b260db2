"""Scenarios of more than one connection, process or port: what a table of single answers cannot hold."""

from __future__ import annotations

import itertools
import json
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from amlemu_harness.parity.wire import Sent, begin, exchange, finish

from ..free_port import free_port
from .alive import Alive
from .answers import HEALTHY
from .case import Deployment, get, post
from .cases.limits import UNLIMITED
from .command import ServerProcess, is_healthy
from .editor import ListeningEditor
from .normalise import normal_answer
from .targets import Target, lay_out

TWO = Deployment("meets_another.py", {"MEETING_PLACE": "{root}/meeting"}, workers=2)
TWO_OF_ONE_MASTER = Deployment(
    "meets_another.py", {"MEETING_PLACE": "{root}/meeting", "WORKER_PRELOAD": "true"}, workers=2
)

ONE_MASTER = Deployment(
    env={"WORKER_PRELOAD": "true"},
    files={
        "score.py": (
            "import faulthandler, os, signal\n"
            "state = {'runs': 0, 'master': 0}\n"
            "def init():\n    state['master'] = os.getpid()\n"
            "def run(data):\n    state['runs'] += 1\n    return eval(data)\n"
        )
    },
    entry="score.py",
)
WHO = post(b"[os.getpid(), state['master'], state['runs']]")


def _results(port: int, *requests: Sent) -> list[Any]:
    """Send all requests before the first answer is read, in this order, and return the decoded answers."""
    connections = [begin(port, sent) for sent in requests]
    return [_read_and_close(connection, sent) for connection, sent in zip(connections, requests, strict=True)]


def _read_and_close(connection: socket.socket, sent: Sent) -> Any:
    with connection:  # gunicorn waits up to 2 s for the client's end before it takes the next connection
        return json.loads(finish(connection, sent).body)


@pytest.mark.rows("4.8 one at a time")
def test_one_process_runs_one_request_at_a_time(target: Target, alive: Alive) -> None:
    """Three requests at once run one after another, in the order in which they came."""
    port = alive.get(target, UNLIMITED).port

    times = _results(port, *[post(b'["sleep", 0.2]')] * 3)

    assert times == sorted(times)
    assert all(ended <= begun for (_, ended), (begun, _) in itertools.pairwise(times)), times


@pytest.mark.rows("3.6 queues behind run")
def test_probe_waits_for_a_running_call(target: Target, alive: Alive) -> None:
    """With one worker the health route answers after the call that is in hand."""
    port = alive.get(target, UNLIMITED).port
    request = post(b'["sleep", 0.5]')

    connection = begin(port, request)
    with ThreadPoolExecutor() as threads:
        answer = threads.submit(_read_and_close, connection, request)
        assert is_healthy(port)
        answered = time.monotonic()

    _, ended = answer.result()
    assert answered >= ended


@pytest.mark.rows("4.8 two workers", "3.7 WORKER_COUNT")
@pytest.mark.needs("process")
def test_two_processes_share_nothing(target: Target, alive: Alive) -> None:
    """Two requests are in run() at once, in processes that share no state and each ran init()."""
    port = alive.get(target, TWO).port

    (one, *first), (other, *second) = _results(port, post(b"a"), post(b"b"))

    assert one != other
    assert first == second == [1, 2, 2]


@pytest.mark.rows("3.7 WORKER_PRELOAD")
@pytest.mark.needs("process")
def test_preloaded_processes_share_one_init(target: Target, alive: Alive) -> None:
    """With WORKER_PRELOAD init() runs once, before the workers are made."""
    port = alive.get(target, TWO_OF_ONE_MASTER).port

    (one, *first), (other, *second) = _results(port, post(b"a"), post(b"b"))

    assert one != other
    assert first == second == [1, 2, 1]


@pytest.mark.rows("3.7 WORKER_PRELOAD")
@pytest.mark.needs("process")
def test_preloaded_process_that_dies_is_replaced_without_another_init(target: Target, alive: Alive) -> None:
    """A crash costs one request; the next process begins with what init() has left, not with what run() has changed."""
    port = alive.get(target, ONE_MASTER).port

    for death in (b"os.kill(os.getpid(), signal.SIGKILL)", b"os._exit(5)", b"faulthandler._sigsegv()"):
        pid, master, _ = json.loads(exchange(port, WHO).body)
        crashed = exchange(port, post(death))
        next_pid, next_master, runs = json.loads(exchange(port, WHO).body)

        assert crashed.status == ""
        assert (next_master, runs) == (master, 1)
        assert len({pid, next_pid, master}) == 3


@pytest.mark.rows("3.6 queues behind init")
@pytest.mark.needs("output")
def test_probe_waits_for_init(target: Target, tmp_path: Path) -> None:
    """The port is open before init() has ended: a probe is not refused, it waits."""
    deployment = Deployment("slow_init.py", {"INIT_S": "1"})
    folder = lay_out(deployment, tmp_path / "deployment")
    assert target.command
    process = ServerProcess(target.command(deployment, folder, ()))
    try:
        process.until((folder / "init_has_begun").exists, "in init()")

        answer = normal_answer(exchange(process.port, get("/")))

        assert (folder / "init_has_ended").exists()
        assert answer == HEALTHY
    finally:
        process.stop()


@pytest.mark.rows("3.7 --health_port")
@pytest.mark.needs("azmlinfsrv-command")
def test_second_port_serves_every_route(target: Target, tmp_path: Path) -> None:
    """SEPERATE_HEALTH_ENDPOINT=true opens the health port too, for all routes."""
    deployment = Deployment("echo.py", {"SEPERATE_HEALTH_ENDPOINT": "true"})
    folder = lay_out(deployment, tmp_path / "deployment")
    second = free_port()
    words = ("--entry_script", "echo.py", "--port", "{port}", "--health_port", str(second))
    assert target.command
    process = ServerProcess(target.command(deployment, folder, words))
    try:
        process.until_healthy()

        assert is_healthy(second)
        assert exchange(second, post(b"x")).body == b'["str", "x"]'
    finally:
        process.stop()


@pytest.mark.rows("3.7 AZUREML_DEBUG_PORT")
@pytest.mark.needs("azmlinfsrv-command")
def test_process_dials_an_editor_that_listens(target: Target, tmp_path: Path) -> None:
    """It waits for the breakpoints, stops in init() and in run(), and answers when it goes on."""
    with ListeningEditor() as editor:
        deployment = Deployment("echo.py", {"AZUREML_DEBUG_PORT": str(editor.port)})
        folder = lay_out(deployment, tmp_path / "deployment")
        assert target.command
        process = ServerProcess(target.command(deployment, folder, ()))
        try:
            editor.set_breakpoints(folder / "echo.py", 5, 9)
            in_init = editor.pass_breakpoint()
            process.until_healthy()
            request = post(b"x")
            connection = begin(process.port, request)
            in_run = editor.pass_breakpoint()

            assert (in_init, in_run) == (("init", 5), ("run", 9))
            assert _read_and_close(connection, request) == ["str", "x"]
        finally:
            process.stop()


@pytest.mark.rows("4.13 buffered")
@pytest.mark.needs("gunicorn")
def test_buffered_banner_comes_twice(target: Target, tmp_path: Path) -> None:
    """Without PYTHONUNBUFFERED the banner waits for the first record of the forked process, and comes again at the end."""
    deployment = Deployment("echo.py", {"PYTHONUNBUFFERED": ""})
    folder = lay_out(deployment, tmp_path / "deployment")
    assert target.command
    process = ServerProcess(target.command(deployment, folder, ()))
    try:
        process.until_healthy().send(signal.SIGTERM)
        process.until_ended()

        assert process.out().count("Azure ML Inferencing HTTP server v1.5.1") == 2
    finally:
        process.stop()

"""
A server in the foreground, as a process of its own: what it says while it waits, and how it ends.

Signals as a terminal or a supervisor sends them; after each end nothing is left.
"""

from __future__ import annotations

import asyncio
import http.client
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from amlemu import cli, foreground
from amlemu import profile_file as profiles
from amlemu.backends import Capabilities
from amlemu.console import JsonConsole
from amlemu.debugging import DebugRules
from amlemu.deployment import Deployment
from amlemu.stand import Plan

from .free_port import free_port

WAITS = """
    def init():
        pass

    def run(data):
        print("run begins")
        with open("gate") as gate:
            return gate.read()
"""


class Asking(threading.Thread):
    """One POST in the background; `answer` is what came, or the exception."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self._port = port
        self.start()

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            connection.request("POST", "/score", b"{}", {"Content-Type": "application/json"})
            response = connection.getresponse()
            self.answer = response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            self.answer = error
        finally:
            connection.close()


# starting


def test_an_init_that_is_killed_is_tried_again_and_told(write, start):
    """As under the real server workers are started for ever; each death is named, and Ctrl-C ends it."""
    write("score.py", "import os, signal\ndef init(): os.kill(os.getpid(), signal.SIGKILL)\ndef run(data): ...")
    command = start("serve", "score.py", "--profile", "bare", "--port", "0")

    command.until_said("A new one starts in 0.5 s.")
    command.send(signal.SIGINT)
    ended = command.finish()

    assert ended.code == 130
    line = r"amlemu: worker \d+ ended while the script was loading with SIGKILL; it may have run out of memory\. A new one starts in 0\.25 s\."
    assert re.match(line, ended.err)
    assert command.left_behind() == []


@pytest.mark.parametrize(
    ("words", "whom"),
    [
        pytest.param(["score.py"], "init()", id="init"),
        pytest.param(["score.py", "--upstream", "http://127.0.0.1:9"], "http://127.0.0.1:9 to answer", id="upstream"),
    ],
)
def test_a_start_that_takes_long_says_what_is_waited_for(write, tmp_path, words, whom, monkeypatch, capfd):
    """In this process, with less patience than a person has; SIGINT ends it as Ctrl-C would."""
    write("score.py", "def init():\n    open('gate').read()\ndef run(data): ...")
    os.mkfifo(tmp_path / "gate")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(foreground, "_QUIET_BOOT_S", 0.05)
    for name in ("amlemu", "uvicorn"):
        monkeypatch.setattr(logging.getLogger(name), "handlers", [])  # the command adds its own
    said = JsonConsole.say
    monkeypatch.setattr(JsonConsole, "say", lambda *words: (said(*words), os.kill(os.getpid(), signal.SIGINT)))

    with pytest.raises(SystemExit) as ended:
        cli.main(["serve", "--profile", "bare", *words, "--port", "0", "--json"])

    assert ended.value.code == 130
    assert f"still waiting for {whom}, and so do requests." in capfd.readouterr().out


def test_a_slow_init_can_be_interrupted_although_a_probe_waits(write, start, tmp_path):
    """Ctrl-C does not wait for the grace time when nothing has been served yet."""
    write("score.py", "def init():\n    print('loading')\n    open('gate').read()\ndef run(data): ...")
    os.mkfifo(tmp_path / "gate")
    port = free_port()
    command = start("serve", "score.py", "--profile", "bare", "--port", str(port), "--grace", "60")
    command.until_said("loading")
    asking = Asking(port)
    command.until(lambda: is_connected(port), "asked by the probe")

    command.send(signal.SIGINT)
    ended = command.finish()
    asking.join()

    assert ended.code == 130
    assert isinstance(asking.answer, http.client.RemoteDisconnected), asking.answer
    assert command.left_behind() == []


def is_connected(port):
    """Tell whether a client's end of a connection to `port` is established."""
    wanted = f"0100007F:{port:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(row[2] == wanted and row[3] == "01" for row in rows)


# ending


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP], ids=lambda number: number.name
)
def test_a_signal_lets_the_request_in_hand_finish_and_leaves_nothing(write, start, tmp_path, number):
    """The client gets its answer; no process, no socket and no temporary file stays."""
    write("score.py", WAITS)
    os.mkfifo(tmp_path / "gate")
    command = start("serve", "score.py", "--profile", "bare", "--port", "0")
    port = command.port
    asking = Asking(port)
    command.until_said("run begins")

    command.send(number)
    command.until_said("requests in hand may take 10 s more; Ctrl-C again ends them now.")
    (tmp_path / "gate").write_text("open")
    ended = command.finish()
    asking.join()

    assert asking.answer == (200, b'"open"')
    assert ended.code == 0
    assert command.left_behind() == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_a_second_signal_ends_at_once(write, start, tmp_path):
    """Whoever presses Ctrl-C twice does not want to wait; the request that is lost is shown."""
    write("score.py", WAITS)
    os.mkfifo(tmp_path / "gate")
    command = start("serve", "score.py", "--profile", "bare", "--port", "0", "--grace", "60")
    asking = Asking(command.port)
    command.until_said("run begins")

    command.send(signal.SIGINT)
    command.until_said("Ctrl-C again")
    command.send(signal.SIGINT)
    ended = command.finish()
    asking.join()

    assert ended.code == 130
    assert isinstance(asking.answer, http.client.RemoteDisconnected), asking.answer
    assert "POST /score closed " in ended.err
    assert command.left_behind() == []


def test_the_log_names_the_first_signal_as_gunicorn_does(write, start, tmp_path):
    """`Handling signal: term`; a second one is not heard by gunicorn's master either."""
    write("score.py", WAITS)
    os.mkfifo(tmp_path / "gate")
    port = free_port()
    command = start(
        "serve", "score.py", "--profile", "bare", "--port", str(port), "--grace", "60", "--log-format", "azmlinfsrv"
    )
    command.until_said("ready for serving traffic")
    asking = Asking(port)
    command.until_said("run begins")

    command.send(signal.SIGTERM)
    command.until_said("Ctrl-C again")
    command.send(signal.SIGINT)
    ended = command.finish()
    asking.join()

    assert ended.code == 130
    assert re.findall(r"gunicorn\.error - Handling signal: (\w+)\n", ended.err) == ["term"]


@pytest.mark.parametrize(
    ("code", "seen"),
    [
        pytest.param(0, 0, id="fine"),
        pytest.param(3, 3, id="boot-failure"),
        pytest.param(-signal.SIGTERM, -signal.SIGTERM, id="a-signal-that-has-a-handler"),
        pytest.param(-signal.SIGKILL, -signal.SIGKILL, id="a-signal-that-cannot-have-one"),
    ],
)
def test_a_process_leaves_by_code_or_by_signal(code, seen):
    """A master that was killed while it preloaded the script ends by that signal (contract 3.4)."""
    program = (
        "import signal, sys; from amlemu.foreground import leave; signal.signal(15, print); leave(int(sys.argv[1]))"
    )
    ended = subprocess.run([sys.executable, "-c", program, str(code)], capture_output=True, timeout=10, check=False)

    assert (ended.returncode, ended.stderr) == (seen, b"")


# whose Ctrl-C it is


async def arrived(numbers, divert):
    """Send signals to ourselves; returns how many asked for the end, and the name of the first."""
    signals = foreground.Signals(divert)
    loop, hear = asyncio.get_running_loop(), signals._arrived
    try:
        for number in numbers:
            heard = asyncio.Event()
            loop.add_signal_handler(number, lambda number=number, heard=heard: (hear(number), heard.set()))
            os.kill(os.getpid(), number)
            await asyncio.wait_for(heard.wait(), 5)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP):
            loop.remove_signal_handler(number)
    return signals.first.is_set() + signals.second.is_set(), signals.name


def test_ctrl_c_is_for_whoever_asks_in_the_terminal():
    """pdb's prompt has it, as often as it is there; then it is an end again."""
    prompts = iter([True, True, False])

    assert asyncio.run(arrived([signal.SIGINT] * 3, lambda: next(prompts))) == (1, "int")


def test_a_supervisor_s_signal_is_never_meant_for_somebody_else():
    """SIGTERM comes from no keyboard."""
    assert asyncio.run(arrived([signal.SIGTERM], lambda: True)) == (1, "term")


def test_a_terminal_that_goes_takes_the_server_with_it():
    """Whatever prompt was there."""
    assert asyncio.run(arrived([signal.SIGINT, signal.SIGHUP, signal.SIGQUIT], lambda: True)) == (2, "hup")


@pytest.mark.parametrize(
    ("debug", "told"),
    [
        pytest.param(DebugRules(), [], id="no-debugger"),
        pytest.param(DebugRules(port=5678), [], id="loopback"),
        pytest.param(DebugRules(connect=5678, host="0.0.0.0"), [], id="dialled"),
        pytest.param(
            DebugRules(port=5678, host="0.0.0.0"),
            ["--debug-host 0.0.0.0: whoever reaches it can run any code on this machine."],
            id="every-address",
        ),
    ],
)
def test_a_debug_port_that_others_can_reach_is_warned_of(tmp_path, debug, told):
    deployment = Deployment(tmp_path / "score.py", Path(sys.executable), code=tmp_path)
    plan = Plan(deployment=deployment, profile=profiles.load("bare"), debug=debug)
    can_all = Capabilities(survives_crashes=True, keeps_scoring_timeout=True, streams=True)

    assert foreground.warnings(plan, can_all) == told


@pytest.mark.parametrize(("stops_clocks", "is_told"), [(True, True), (False, False)])
def test_who_debugs_a_container_is_told_that_no_clock_runs(tmp_path, stops_clocks, is_told):
    """With --no-pause they do, as in the cloud."""
    deployment = Deployment(tmp_path / "score.py", Path(sys.executable), code=tmp_path)
    debug = DebugRules(port=5678, stops_clocks=stops_clocks)
    plan = Plan(deployment=deployment, profile=profiles.load("bare"), backend="container", debug=debug, quarters="some")
    can_all = Capabilities(survives_crashes=True, keeps_scoring_timeout=True, streams=True)

    told = [warning for warning in foreground.warnings(plan, can_all) if "time limits are off" in warning]
    assert bool(told) == is_told


@pytest.mark.parametrize(
    ("tells_faults", "told"),
    [
        (True, "--dev-errors: answers carry tracebacks. No cloud does that; clients must not rely on it."),
        (False, "--dev-errors: answers carry no tracebacks here, for this backend does not tell them."),
    ],
)
def test_who_wants_tracebacks_is_told_one_thing(tmp_path, tells_faults, told):
    """The container and a server elsewhere keep them to themselves."""
    deployment = Deployment(tmp_path / "score.py", Path(sys.executable), code=tmp_path)
    plan = Plan(deployment=deployment, profile=profiles.load("bare"), dev_errors=True)
    can = Capabilities(survives_crashes=True, keeps_scoring_timeout=True, streams=True, tells_faults=tells_faults)

    assert foreground.warnings(plan, can) == [told]

"""The commands that ask a running server: what a person sees, what a program reads, and with which code they end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import threading

import pytest
from amlemu.control.models import GenerationStatus, ReloadOutcome, Status, WorkerStatus
from amlemu.control.note import Note, prepare
from amlemu.control.note import write as write_note
from amlemu.control.port import ControlPort
from amlemu.exchange import Exchange, Request, Response
from amlemu.transcript import Transcript

PATIENCE_S = 10.0
FAULT = {"what": "init() raised ValueError: no model", "where": "score.py:3", "hint": "Give one.", "traceback": "..."}


class FakeServer:
    """What the control port asks; the tests say what it answers."""

    def __init__(self, told):
        self.told = told
        self.transcript = Transcript()
        self.done = []
        self.outcome = None
        self.is_ready = True

    def status(self):
        return self.told

    def exchanges(self):
        return self.done

    async def reload(self):
        return self.outcome

    async def wait_ready(self, wait_s):
        return self.is_ready


class Loop:
    """An event loop in a thread."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()

    def run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE_S)

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(PATIENCE_S)
        self.loop.close()


@pytest.fixture
def loop():
    loop = Loop()
    yield loop
    loop.close()


@pytest.fixture
def server(tmp_path):
    """As if it ran here and served score.py of the test's folder."""
    return FakeServer(
        Status(
            state="ready",
            script=str(tmp_path / "score.py"),
            profile="managed",
            url="http://127.0.0.1:5001",
            pid=4700,
            version="0.1.0",
            started_at=1000.0,
            uptime_s=192.5,
            generation=3,
            reloads=2,
            requests=1,
            watching="score.py and what it imports",
            reload_mode="beside",
            generations=[
                GenerationStatus(
                    number=2, state="draining", workers=[WorkerStatus(pid=4710, state="busy", busy_s=1.25)]
                ),
                GenerationStatus(
                    number=3,
                    state="ready",
                    workers=[
                        WorkerStatus(pid=4711, state="idle", memory_bytes=54630810),
                        WorkerStatus(pid=4712, state="idle", memory_bytes=54630810),
                    ],
                ),
            ],
            launcher="forked from a process with 312 modules",
        )
    )


@pytest.fixture
def port(loop, server, tmp_path):
    port = ControlPort(server, tmp_path / ".amlemu" / "5001")
    port.open()
    loop.run(port.start())
    yield port
    loop.run(port.stop())


def exchange(number, status, model_status=None, **more):
    model = Response(model_status or status, "", [], b"", more.pop("account", {}))
    answer = model if model_status is None else Response(status, "", [], b"")
    request = Request("POST", "/score", [], number=number)
    return Exchange(request, started_at=46800.0 + number, elapsed_ms=12.44, model=model, response=answer, **more)


# status


def test_status_is_a_few_aligned_lines(port, server, finish, tmp_path):
    ended = finish("status")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (
        "ready     generation 3\n"
        f"script    {tmp_path}/score.py, profile managed\n"
        "score     http://127.0.0.1:5001\n"
        "workers   generation 2 (draining): pid 4710 busy for 1.2 s\n"
        "workers   pid 4711 idle 52.1 MB, pid 4712 idle 52.1 MB\n"
        "watching  score.py and what it imports; reload beside\n"
        "server    pid 4700 for 3 min 12 s; 1 request, 2 reloads; amlemu 0.1.0\n"
        "launcher  forked from a process with 312 modules\n"
    )


def test_status_of_a_server_that_is_not_ready_fails_and_says_why(port, server, finish):
    server.told.state, server.told.why = "unhealthy", "score.py:1: not valid Python: expected ':'."
    server.told.watching, server.told.launcher, server.told.generations = "", "", []
    ended = finish("status", "score.py")

    assert ended.code == 1
    first, *_, watching, last = ended.out.splitlines()
    assert first == "unhealthy  score.py:1: not valid Python: expected ':'."
    assert watching == "watching   nothing; amlemu reload does"
    assert last == "server     pid 4700 for 3 min 12 s; 1 request, 2 reloads; amlemu 0.1.0"


def test_status_for_programs_is_what_the_server_says(port, server, finish):
    ended = finish("status", "--json")

    assert ended.code == 0
    assert json.loads(ended.out) == server.told.model_dump()


def test_colours_are_for_terminals(port, finish):
    """Or for who asks for them."""
    coloured = finish("status", FORCE_COLOR="1").out

    assert coloured.startswith("\x1b[32mready   \x1b[0m  generation 3\n")
    assert "\x1b" not in finish("status", FORCE_COLOR="1", NO_COLOR="1").out


# reload


def test_a_reload_says_how_long_it_took(port, server, finish):
    server.outcome = ReloadOutcome(generation=4, ok=True, took_ms=182.4, boot_ms=150.2, serving=4)
    ended = finish("reload")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "generation 4 serves after 182 ms, 150 ms of it for loading the script and init()\n"


@pytest.mark.parametrize(
    ("serving", "meanwhile"),
    [
        pytest.param(3, "Generation 3 goes on.", id="last-good"),
        pytest.param(None, "Requests get what an unhealthy deployment answers until the next save.", id="unhealthy"),
    ],
)
def test_a_reload_that_fails_says_cause_place_and_what_is_served(port, server, finish, serving, meanwhile):
    server.outcome = ReloadOutcome(generation=4, ok=False, took_ms=20, boot_ms=18, fault=FAULT, serving=serving)
    ended = finish("reload", "score.py")

    assert (ended.code, ended.out) == (3, "")
    assert ended.err == (
        "amlemu: generation 4 does not start: score.py:3: init() raised ValueError: no model.\n"
        f"        Give one.\n        {meanwhile}\n"
    )


def test_a_reload_that_fails_is_told_to_programs(port, server, finish):
    server.outcome = ReloadOutcome(generation=4, ok=False, took_ms=20, boot_ms=18, fault=FAULT)
    ended = finish("reload", "--json")

    assert (ended.code, ended.err) == (3, "")
    assert json.loads(ended.out) == {
        "generation": 4,
        "ok": False,
        "took_ms": 20.0,
        "boot_ms": 18.0,
        "fault": FAULT,
        "serving": None,
    }


# requests


def test_requests_are_a_table(port, server, finish):
    """With why it was not what it should be, below."""
    fault = {"what": "run() raised KeyError: 'data'", "where": "score.py:7"}
    server.done = [
        exchange(9, 200, account={"run_ms": 11.94, "generation": 2}),
        exchange(10, 424, 500, account={"run_ms": 1.0, "generation": 3, "fault": fault}),
        exchange(11, 429, why="more than 500 requests a second", client_left=True),
        Exchange(Request("GET", "/", [], number=12), started_at=46812.0, elapsed_ms=1200.0),
    ]
    ended = finish("requests", TZ="UTC")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (
        " 9  13:00:09  POST /score  200                     12.4 ms  run 11.9 ms  gen 2\n"
        "10  13:00:10  POST /score  424 (model said 500)    12.4 ms  run 1.0 ms   gen 3\n"
        "    run() raised KeyError: 'data' (score.py:7)\n"
        "11  13:00:11  POST /score  429                     12.4 ms\n"
        "    more than 500 requests a second\n"
        "    the client had left\n"
        "12  13:00:12  GET /        closed                1200.0 ms\n"
    )


def test_requests_for_programs_are_an_object_a_line(port, server, finish):
    server.done = [exchange(number, 200) for number in (1, 2, 3)]
    ended = finish("requests", "-l", "2", "--json")

    assert [json.loads(line)["number"] for line in ended.out.splitlines()] == [2, 3]


def test_requests_are_exported_whole(port, server, finish, tmp_path):
    """All of them, unless fewer are wanted."""
    server.done = [exchange(number, 200) for number in range(1, 31)]
    ended = finish("requests", "--export", "j.jsonl")
    numbers = [json.loads(line)["number"] for line in (tmp_path / "j.jsonl").read_text(encoding="ascii").splitlines()]

    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "30 requests in j.jsonl, with bodies and answers; keys and cookies are left out\n"
    assert numbers == list(range(1, 31))
    assert json.loads(finish("requests", "--export", "j.jsonl", "-l", "1", "--json").out) == {
        "file": "j.jsonl",
        "requests": 1,
    }


def test_requests_are_exported_to_standard_output(port, server, finish, tmp_path):
    server.done = [exchange(number, 200) for number in (1, 2, 3)]
    ended = finish("requests", "--export", "-", "-l", "2")

    assert (ended.code, ended.err) == (0, "")
    assert [json.loads(line)["number"] for line in ended.out.splitlines()] == [2, 3]
    assert not (tmp_path / "-").exists()


@pytest.mark.parametrize(
    ("target", "said"),
    [("j.jsonl", "no requests yet; j.jsonl is not written\n"), ("-", "no requests yet\n")],
)
def test_an_export_of_nothing_fails(port, finish, tmp_path, target, said):
    """Whoever wants to play them again should know."""
    ended = finish("requests", "--export", target)

    assert (ended.code, ended.out, ended.err) == (1, "", said)
    assert not (tmp_path / "j.jsonl").exists()


def test_an_export_overwrites_nobodys_file(port, server, finish, write):
    script = write("score.py", "import os\n")
    server.done = [exchange(1, 200)]
    ended = finish("requests", "--export", "score.py")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("amlemu: score.py: is there already, and holds no exported requests.")
    assert script.read_text(encoding="utf-8") == "import os\n"


def test_no_requests_are_told_beside_the_output(port, finish):
    ended = finish("requests")

    assert (ended.code, ended.out, ended.err) == (0, "", "no requests yet\n")


# logs


def test_logs_are_what_the_console_wrote(port, server, finish):
    server.transcript.add("stdout", "score | one\n\x1b[32mtwo\x1b[0m\n")
    server.transcript.add("stderr", "three\n")
    ended = finish("logs")

    assert (ended.code, ended.out, ended.err) == (0, "score | one\ntwo\nthree\n", "")
    assert finish("logs", "--lines", "1").out == "three\n"


def test_logs_for_programs_are_an_object_a_line(port, server, finish):
    server.transcript.add("stderr", "one\n")
    line = json.loads(finish("logs", "--json").out)

    assert (line["number"], line["stream"], line["text"]) == (1, "stderr", "one")


def test_logs_are_followed_until_the_server_ends(port, server, start, loop):
    server.transcript.add("stdout", "before\n")
    command = start("logs", "-f")
    command.until_said("before")
    loop.loop.call_soon_threadsafe(server.transcript.add, "stdout", "after\n")
    command.until_said("after")
    loop.run(port.stop())
    ended = command.finish()

    assert (ended.code, ended.out, ended.err) == (0, "before\nafter\n", "")


def test_following_ends_quietly_when_it_is_interrupted(port, server, start):
    server.transcript.add("stdout", "before\n")
    command = start("logs", "--follow")
    command.until_said("before")
    command.send(signal.SIGINT)
    ended = command.finish()

    assert (ended.code, ended.err) == (130, "")


@pytest.mark.parametrize("words", [("logs", "--lines", "5000"), ("requests", "--lines", "5000")])
def test_a_reader_that_leaves_is_no_error(port, server, start, words):
    """As `| head` does."""
    server.transcript.add("stdout", "a line of some length\n" * 5000)
    server.done = [exchange(number, 200) for number in range(5000)]
    ended = start(*words, shell='"$@" | head -n 1').finish()

    assert (ended.out.count("\n"), ended.err) == (1, "")


# ready


def test_ready_says_where(port, finish, tmp_path):
    ended = finish("ready")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out == f"ready: {tmp_path}/score.py on http://127.0.0.1:5001\n"


def test_ready_says_what_is_in_the_way(port, server, finish):
    server.is_ready, server.told.state, server.told.why = False, "unhealthy", "score.py:1: not valid Python."
    ended = finish("ready", "--wait", "0.5")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "amlemu: not ready within 0.5 s, but unhealthy: score.py:1: not valid Python.\n"


def test_ready_for_programs(port, server, finish):
    server.is_ready, server.told.state = False, "booting"
    ended = finish("ready", "--wait", "0", "--json")

    assert (ended.code, json.loads(ended.out)) == (1, {"ready": False, "state": "booting", "why": ""})


def test_ready_waits_for_the_server_to_appear(loop, server, start, tmp_path):
    """It is started first, as in a pipeline; a note whose port has another tenant by now does not mislead it."""
    with socket.create_server(("127.0.0.1", 0)) as tenant:
        tenant.settimeout(PATIENCE_S)
        url = f"http://127.0.0.1:{tenant.getsockname()[1]}"
        stale = Note(os.getpid(), url, "token", server.told.script, "http://127.0.0.1:5002", 1.0)
        write_note(stale, prepare(tmp_path / ".amlemu" / "5002"))
        command = start("ready", "score.py", "--wait", "20")
        tenant.accept()[0].close()  # it has looked
    port = ControlPort(server, tmp_path / ".amlemu" / "5001")
    port.open()
    loop.run(port.start())
    ended = command.finish()
    loop.run(port.stop())

    assert (ended.code, ended.out) == (0, f"ready: {tmp_path}/score.py on http://127.0.0.1:5001\n")


# nobody


@pytest.mark.parametrize("command", ["reload", "status", "logs", "requests"])
def test_where_nobody_serves_it_is_a_usage_error(write, finish, command):
    write("score.py", "")
    ended = finish(command, "score.py")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "amlemu: no amlemu is serving score.py. Start one with amlemu serve score.py.\n"


def test_ready_gives_up_when_nobody_appears(write, finish):
    write("score.py", "")
    ended = finish("ready", "score.py", "--wait", "0.3")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "amlemu: no amlemu is serving score.py. Start one with amlemu serve score.py.\n"


def test_the_port_of_serve_says_which_one(port, finish):
    """Its variable, too; 0 there means any."""
    assert finish("status", "-p", "5001").code == 0
    assert finish("status", "score.py", "-p", "5002").code == 2
    assert finish("status", "score.py", AMLEMU_PORT="5002").code == 2
    assert finish("status", "score.py", AMLEMU_PORT="0").code == 0


def test_proxies_are_not_asked(port, finish):
    """It is our own loopback."""
    assert finish("status", http_proxy="http://127.0.0.1:1", ALL_PROXY="http://127.0.0.1:1").code == 0


def test_numbers_out_of_range_are_usage_errors(port, finish):
    ended = finish("logs", "--lines", "-1")

    assert (ended.code, ended.err) == (2, "amlemu: lines: Input should be greater than or equal to 0\n")


def test_nothing_is_left_of_a_command(port, start):
    command = start("status")
    command.finish()

    assert command.left_behind() == []
    assert os.path.exists(command.folder / ".amlemu" / "5001" / "control.json")

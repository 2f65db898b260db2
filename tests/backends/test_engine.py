"""
The real server as a backend: what it says and how it ends become events and failures of ours; nobody else reaches it.

Needs an environment with azmlinfsrv, as the contract suite does: AMLEMU_TEST_REAL, else `.environments/azmlinfsrv`.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from amlemu.backends import MISSING, Capabilities
from amlemu.backends.engine import Engine
from amlemu.backends.upstream import Upstream
from amlemu.errors import BackendFailure, BootFailed, NotReady, UsageError, WorkerCrashed
from amlemu.events import Event, Spoke, WorkerEnded, WorkerFailedToBoot, WorkerReady, WorkerStarted
from amlemu.exchange import Request, Response
from amlemu.worker.launch import LaunchPlan

from .conftest import LOOPS

PATIENCE_S = 10.0
REPOSITORY = Path(__file__).resolve().parents[2]
ZOO = REPOSITORY / "tests" / "scripts"


@pytest.fixture
def anyio_backend() -> Any:
    """A boot takes the better part of a second: one loop will do, but for the first test."""
    return LOOPS[1].values[0]


@pytest.fixture(scope="session")
def python() -> Path:
    folder = Path(os.environ.get("AMLEMU_TEST_REAL") or REPOSITORY / ".environments" / "azmlinfsrv")
    if not (folder / "bin" / "python").exists():
        pytest.fail(f"{folder} has no azmlinfsrv. `make test` creates it, or set AMLEMU_TEST_REAL to one that has it.")
    return folder.absolute() / "bin" / "python"


class Stage:
    """A folder, an interpreter, and an engine for one script at a time."""

    def __init__(self, python: Path, home: Path) -> None:
        self.python = python
        self.home = home
        self.mark = uuid.uuid4().hex
        self.events: list[Event] = []
        self._news = asyncio.Event()

    def engine(self, script: Path, port: int = 0, **variables: str) -> Engine:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "MARK": self.mark,
            "AML_APP_ROOT": str(script.parent),
            "AZUREML_ENTRY_SCRIPT": str(script),
            **variables,
        }
        return Engine(LaunchPlan(self.python, script.parent, environment), self._listen, port)

    @contextlib.asynccontextmanager
    async def serving(self, script: Path, port: int = 0, **variables: str) -> AsyncIterator[Engine]:
        engine = self.engine(script, port, **variables)
        await engine.start()
        try:
            await asyncio.wait_for(engine.ready(), PATIENCE_S)
            yield engine
        finally:
            await asyncio.wait_for(engine.stop(5), PATIENCE_S)

    async def failing(self, script: Path, **variables: str) -> BootFailed:
        with pytest.raises(BootFailed) as caught:
            async with self.serving(script, **variables):
                pass
        return caught.value

    def told(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def said(self, stream: str = "log") -> list[str]:
        """What a person is shown of one stream."""
        return [event.text for event in self.told(Spoke) if event.stream == stream and not event.own]

    async def until_said(self, words: str) -> None:
        """Wait for a print."""
        while words not in self.said():
            self._news.clear()
            await asyncio.wait_for(self._news.wait(), PATIENCE_S)

    def _listen(self, event: Event) -> None:
        self.events.append(event)
        self._news.set()

    def left_behind(self) -> list[str]:
        """Processes with our mark, files in the home folder; what has been killed takes a moment to be gone."""
        deadline = time.monotonic() + PATIENCE_S
        while (found := self._left()) and time.monotonic() < deadline:
            time.sleep(0.01)
        return found

    def _left(self) -> list[str]:
        mark = f"MARK={self.mark}".encode()
        processes = [path.name for path in Path("/proc").glob("[0-9]*") if mark in _variables(path)]
        return processes + [str(path) for path in self.home.rglob("*")]


def _variables(process: Path) -> bytes:
    try:
        return (process / "environ").read_bytes()
    except OSError:
        return b""  # it has just ended, or is another user's


@pytest.fixture
def stage(python: Path, tmp_path: Path) -> Stage:
    home = tmp_path / "home"
    home.mkdir()
    return Stage(python, home)


async def ask(engine: Engine, body: str, target: str = "/score") -> Response:
    headers = [("Host", "here"), ("Content-Length", str(len(body)))]
    return await asyncio.wait_for(engine.handle(Request("POST", target, headers, body.encode())), PATIENCE_S)


def is_gone(pid: int) -> bool:
    """Wait for the end of a process that is nobody's child here."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([watched], [], [], PATIENCE_S)[0])
    finally:
        os.close(watched)


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", LOOPS)
async def test_a_request_is_answered_by_the_real_server(stage: Stage) -> None:
    """Its version is known before it serves, for the start block; pid and run()'s time are in the account."""
    async with stage.serving(ZOO / "echo.py") as engine:
        response = await ask(engine, "x")

    worker = stage.told(WorkerStarted)[0].pid
    ready = stage.told(WorkerReady)[0]
    assert (response.status, response.body) == (200, b'["str", "x"]')
    assert response.header("x-ms-server-version") == f"azmlinfsrv/{engine.version}"
    assert (response.account["pid"], response.account["run_ms"] < 1000) == (worker, True)
    assert (ready.pid, ready.facts) == (worker, {"engine": "azmlinfsrv", "version": engine.version})
    assert 0 < ready.boot_ms < PATIENCE_S * 1000


@pytest.mark.anyio
async def test_what_the_script_says_arrives(stage: Stage) -> None:
    """print(), raw writes, children, loggers: on the stream it was said, and without the server's own words."""
    async with stage.serving(ZOO / "talks.py") as engine:
        for word in ("print", "print_lines", "write", "write_stderr", "child", "server_info", "server_child"):
            assert (await ask(engine, word)).status == 200

    words = ["said at import", "said in init", "printed 1 [2]", "first\nsecond", "server info", "server child"]
    assert stage.said() == words
    assert stage.said("stdout") == ["written\n", "from a child process\n"]
    assert stage.said("stderr") == ["written to stderr\n"]
    assert {event.pid for event in stage.told(Spoke)} == {stage.told(WorkerStarted)[0].pid}


@pytest.mark.anyio
async def test_the_server_s_own_lines_are_told_once(stage: Stage) -> None:
    """
    Consoles write access lines and the print at the start themselves; the line with the duration is the server's. A
    traceback is not hidden as its own, for the exchange does not have it.
    """
    async with stage.serving(ZOO / "talks.py") as engine:
        response = await ask(engine, "raise")

    own = [event for event in stage.told(Spoke) if event.own]
    assert {event.stream for event in stage.told(Spoke)} == {"log"}
    assert not [event for event in own if event.logger.startswith("gunicorn")]
    assert (response.status, own[-1].text.startswith("POST /score 500 ")) == (500, True)
    assert "ValueError: the secret text" in stage.said()[-1]


@pytest.mark.anyio
async def test_a_failure_to_boot_is_told(stage: Stage) -> None:
    """With the script's place and traceback, without the server's frames, and gunicorn's exit code."""
    failure = await stage.failing(ZOO / "fail_init_raises.py")

    fault = failure.fault
    assert (fault["phase"], fault["kind"], failure.exit_code) == ("init", "FileNotFoundError", 3)
    assert fault["what"] == "init() raised FileNotFoundError: model.pkl is not there"
    assert fault["where"] == "fail_init_raises.py:5"
    assert fault["traceback"].startswith("Traceback (most recent call last):\n")
    assert fault["traceback"].count("  File ") == 1
    assert stage.told(WorkerFailedToBoot)[0].fault == fault
    assert stage.said() == stage.said("stdout") == stage.said("stderr") == []
    assert stage.left_behind() == []


@pytest.mark.anyio
async def test_an_interpreter_without_the_package_is_refused_at_once(stage: Stage, empty_environment: Path) -> None:
    """With the command that mends it, before anything is served."""
    stage.python = python = empty_environment / "bin" / "python"
    with pytest.raises(UsageError) as caught:
        await stage.engine(ZOO / "echo.py").start()

    package = "azureml-inference-server-http"
    assert str(caught.value) == f"{package} is not installed for {python}: {python} -m pip install {package}"
    assert stage.events == stage.left_behind() == []


@pytest.mark.anyio
@pytest.mark.parametrize("program", ["#!/bin/sh\necho no >&2; exit 7\n", "no program\n"], ids=["ends", "no-program"])
async def test_what_is_no_interpreter_is_refused(stage: Stage, write: Any, program: str) -> None:
    """Its last words are passed on."""
    stage.python = write("python", program)
    stage.python.chmod(0o755)
    with pytest.raises(UsageError, match=r"ended with exit code 7: no|cannot be started"):
        await stage.engine(ZOO / "echo.py").start()


@pytest.mark.anyio
async def test_a_worker_that_dies_costs_its_request(stage: Stage) -> None:
    """gunicorn's own words say how it ended; the next request finds another worker."""
    failures = []
    async with stage.serving(ZOO / "kills_itself.py") as engine:
        for death in ("kill", "exit_0"):
            with pytest.raises(WorkerCrashed) as caught:
                await ask(engine, death)
            failures.append(caught.value)
        last = await ask(engine, "last")

    ends, pids = stage.told(WorkerEnded), [event.pid for event in stage.told(WorkerStarted)]
    assert [(failure.pid, failure.exit_code) for failure in failures] == [(pids[0], -9), (pids[1], 0)]
    assert [(end.pid, end.exit_code, end.restart_in_s) for end in ends[:2]] == [(pids[0], -9, 0.0), (pids[1], 0, 0.0)]
    assert ends[0].busy_s is not None
    assert last.body == b"{}"


@pytest.mark.anyio
async def test_gunicorn_gives_up_for_an_exit_code_of_its_own(stage: Stage, write: Any) -> None:
    """It takes 3 for a failure to boot, also when run() has chosen it; then serving ends."""
    script = write("score.py", "import os\ndef init(): pass\ndef run(data): os._exit(3)\n")
    async with stage.serving(script) as engine:
        with pytest.raises(BackendFailure):
            await ask(engine, "x")
        reason = await asyncio.wait_for(engine.failed(), PATIENCE_S)

    assert isinstance(reason, BootFailed)
    assert (reason.exit_code, reason.fault["what"]) == (3, "azmlinfsrv ended with exit code 3")
    assert "whoever chose it" in reason.fault["hint"]


@pytest.mark.anyio
async def test_a_server_that_is_killed_ends_the_serving(stage: Stage, write: Any) -> None:
    """The request in hand fails, its worker is not left alone, and whoever serves learns why."""
    script = write("score.py", "import time\ndef init(): pass\ndef run(data):\n    print('in')\n    time.sleep(60)\n")
    async with stage.serving(script) as engine:
        asking = asyncio.ensure_future(ask(engine, "x"))
        await stage.until_said("in")
        master = engine._process.pid
        os.kill(master, signal.SIGKILL)
        reason = await asyncio.wait_for(engine.failed(), PATIENCE_S)
        with pytest.raises(WorkerCrashed, match="SIGKILL"):
            await asking
        with pytest.raises(NotReady):
            await ask(engine, "too late")

    assert (type(reason), reason.exit_code) == (WorkerCrashed, -9)  # type: ignore[attr-defined]
    assert (stage.told(WorkerEnded)[-1].pid, stage.told(WorkerEnded)[-1].planned) == (master, False)
    assert stage.left_behind() == []


@pytest.mark.anyio
async def test_stop_lets_the_request_in_hand_finish_and_leaves_nothing(stage: Stage, write: Any) -> None:
    """No process, no file in the home folder, where gunicorn would put a socket; each worker's end is told."""
    release = stage.home.parent / "release"
    os.mkfifo(release)
    script = write(
        "score.py", f"def init(): pass\ndef run(data):\n    print('in')\n    return open({str(release)!r}).read()\n"
    )
    async with stage.serving(script, WORKER_COUNT="2") as engine:
        asking = asyncio.ensure_future(ask(engine, "x"))
        await stage.until_said("in")
        stopping = asyncio.ensure_future(engine.stop(5))
        await asyncio.to_thread(release.write_text, "done")
        response = await asking
        await stopping

    assert (response.status, response.body) == (200, b'"done"')
    assert {end.pid for end in stage.told(WorkerEnded)} == {start.pid for start in stage.told(WorkerStarted)}
    assert all(end.planned for end in stage.told(WorkerEnded))
    assert stage.left_behind() == []


@pytest.mark.anyio
async def test_stop_does_not_wait_for_init(stage: Stage, write: Any) -> None:
    """There is nothing in it to lose; who waits for its end is told that we are stopping."""
    script = write("score.py", "import time\nprint('in')\ntime.sleep(60)\n")
    engine = stage.engine(script)
    await engine.start()
    asking = asyncio.ensure_future(ask(engine, "x"))
    await stage.until_said("in")
    await asyncio.wait_for(engine.stop(60), PATIENCE_S)

    with pytest.raises(NotReady):
        await asking
    assert stage.left_behind() == []


@pytest.mark.anyio
async def test_only_this_machine_reaches_it(stage: Stage, write: Any) -> None:
    """On a private port of 127.0.0.1; the port that the script sees is our gateway's, and the server is not there."""
    script = write("score.py", "import os\ndef init(): pass\ndef run(data): return dict(os.environ)\n")
    with socket.create_server(("127.0.0.1", 0)) as gateway:
        public = gateway.getsockname()[1]
        async with stage.serving(script, public) as engine:
            seen = json.loads((await ask(engine, "x")).body)  # type: ignore[arg-type]
            private = int(engine._upstream._url.rpartition(":")[2])
            for port in (private, public):
                with pytest.raises(ConnectionRefusedError):
                    socket.create_connection(("127.0.0.2", port), PATIENCE_S)

    assert private != public
    assert (seen["SERVER_PORT"], seen["HEALTH_PORT"]) == (str(public), str(public))
    assert not {"LISTEN_PID", "LISTEN_FDS", "PYTHONUNBUFFERED", "GUNICORN_FD"} & seen.keys()


@pytest.mark.anyio
async def test_a_script_that_is_loaded_before_the_workers_is_served(stage: Stage) -> None:
    """With WORKER_PRELOAD the master runs init()."""
    async with stage.serving(ZOO / "echo.py", WORKER_PRELOAD="true") as engine:
        response = await ask(engine, "x")

    assert response.status == 200
    assert [event.pid for event in stage.told(WorkerReady)] == [engine._process.pid, stage.told(WorkerStarted)[0].pid]


@pytest.mark.anyio
async def test_a_log_in_another_form_does_not_hide_the_server(stage: Stage, write: Any) -> None:
    """logging.json in the app root replaces the set-up: lines are shown as they come, and readiness is told all the same."""
    handler = {"class": "logging.StreamHandler", "stream": "ext://sys.stdout"}
    loggers = {"azmlinfsrv": {"level": "INFO", "handlers": ["h"], "propagate": False}}
    write("logging.json", json.dumps({"version": 1, "handlers": {"h": handler}, "loggers": loggers}))
    script = write("score.py", "def init(): pass\ndef run(data): print('shown')\n")
    async with stage.serving(script) as engine:
        await ask(engine, "x")

    assert "shown\n" in "".join(stage.said("stdout"))
    assert len(stage.told(WorkerReady)) == 1


HOST = """
import asyncio, sys
from pathlib import Path
from amlemu.backends.engine import Engine
from amlemu.worker.launch import LaunchPlan

async def main(python, script):
    plan = LaunchPlan(Path(python), Path(script).parent, {"AZUREML_ENTRY_SCRIPT": script, "AML_APP_ROOT": "/", "HOME": "/"})
    engine = Engine(plan, lambda event: None)
    await engine.start()
    await engine.ready()
    print(engine._process.pid, *engine._story.workers, flush=True)
    await engine.failed()

asyncio.run(main(*sys.argv[1:]))
"""


def test_the_server_does_not_outlive_us(python: Path) -> None:
    """Killed without a chance to clean up, we leave neither gunicorn nor its workers."""
    words = [sys.executable, "-c", HOST, str(python), str(ZOO / "echo.py")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as host:
        assert host.stdout is not None
        pids = [int(word) for word in host.stdout.readline().split()]
        host.kill()

    assert len(pids) == 2
    assert all(is_gone(pid) for pid in pids)


def test_every_capability_has_its_words() -> None:
    """For the start block; what a backend of ours can do is not mentioned."""
    names = [field.name for field in dataclasses.fields(Capabilities)]

    assert names == list(MISSING)
    assert Capabilities(survives_crashes=True, keeps_scoring_timeout=True, streams=True).missing() == []
    assert MISSING["tells_faults"] in Engine.capabilities.missing()
    assert set(Engine.capabilities.missing()) < set(Upstream.capabilities.missing())

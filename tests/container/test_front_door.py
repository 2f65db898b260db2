"""
`amlemu serve --container` as a process of its own, before a real container: answers, both lanes, deaths, saves, the end.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from amlemu_harness.containers import Container, Order
from amlemu_harness.engine import Engine

from ..conftest import Command
from ..debug.dap import Editor
from .serving import PATIENCE_S, building, code_folder, ended, endpoint, forget, port, said

pytestmark = pytest.mark.docker

_LOOK_AGAIN_S = 0.02
SCRIPT = """
    import os

    VERSION = "{version}"


    def init():
        print("in init of", VERSION)


    def run(data):
        print("asked for", data[:20])
        if data == "crash":
            os._exit(9)
        if data == "raise":
            raise ValueError("no")
        if data == "leave":
            os._exit(3)
        return VERSION
"""


class Desk:
    """A server before a container, the script in it, and whoever asks."""

    def __init__(self, engine: Engine, folder: Path, name: str, *words: str) -> None:
        self.engine, self.name = engine, endpoint(name)
        self.script = folder / "code" / "score.py"
        named = ("serve", "code/score.py", "--container", "--endpoint-name", self.name, "-p", "0", "--reload", *words)
        self.command = Command(folder, named, building(), "")
        self.port = 0

    def start(self) -> Desk:
        self.port = port(self.command)
        return self

    def write(self, text: str) -> None:
        self.script.write_text(_dedented(text), encoding="utf-8")

    def score(self, data: str, patience_s: float = PATIENCE_S) -> tuple[int, str, str]:
        """Return status, phrase and body; 0 where the connection was closed without an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=patience_s)
        try:
            connection.request("POST", "/score", data.encode(), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.reason, answer.read().decode()
        except (http.client.RemoteDisconnected, ConnectionResetError):
            return 0, "", ""
        finally:
            connection.close()

    def until_scored(self, body: str) -> tuple[int, str, str]:
        """Ask until the answer is this one."""
        deadline = time.monotonic() + PATIENCE_S
        while (answer := self.score("x"))[2] != body:
            time.sleep(_LOOK_AGAIN_S)
            assert time.monotonic() < deadline, (answer, self.command.out, self.command.err)
        return answer

    def until_served(self) -> None:
        """Ask until there is an answer of the script's."""
        deadline = time.monotonic() + PATIENCE_S
        while self.score("x")[0] != 200:
            time.sleep(_LOOK_AGAIN_S)
            assert time.monotonic() < deadline, (self.command.out, self.command.err)

    def until_said(self, pattern: str) -> re.Match[str]:
        return said(self.command, pattern)

    def requests(self) -> str:
        """What `amlemu requests` prints."""
        folder = self.command.folder
        asked = Command(folder, ("requests", "code/score.py", "--port", str(self.port)), {}, "").finish()
        assert asked.code == 0, asked.said
        return asked.out

    @property
    def container(self) -> Container:
        return Container.find(self.engine, f"{self.name}.blue")

    @property
    def is_left(self) -> bool:
        """Whether the container is there, in whatever state."""
        return any(one.name == f"{self.name}.blue" for one in Container.all(self.engine))


def _dedented(text: str) -> str:
    import textwrap

    return textwrap.dedent(text).lstrip("\n")


def script(version: str = "one") -> str:
    return SCRIPT.replace("{version}", version)


@pytest.fixture(scope="module")
def serve(
    engine: Engine, reference_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Desk]]:
    """Serves a script under a name; what a failing test leaves is removed."""
    desks: list[Desk] = []

    def serve(name: str, *words: str, text: str = "") -> Desk:
        folder = code_folder(tmp_path_factory.mktemp(name), text or script())
        desks.append(Desk(engine, folder, name, *words))
        return desks[-1]

    yield serve
    for desk in desks:
        desk.command.kill()
        if desk.is_left:
            desk.container.remove()
        forget(engine, desk.name)


@pytest.fixture(scope="module")
def managed(serve: Callable[..., Desk]) -> Desk:
    return serve("managed", "--profile", "managed-2021", "--set", "limits.request_timeout_ms=90000").start()


def test_the_start_block_says_what_serves(managed: Desk) -> None:
    """Image, container, version; what a save does; the script's words, and none of those around it."""
    managed.until_said("control  ")
    err = managed.command.err

    assert re.search(
        rf"  container {managed.name}\.blue of {managed.name}:blue \(the reference image\),"
        r" azmlinfsrv 1\.5\.1, ready in \d+ ms\n",
        err,
    )
    assert "it restarts the container, and requests wait" in err
    assert "score | in init of one" in managed.command.out
    assert not re.search("gunicorn/run|Flask==|Server Settings|nginx/run", managed.command.out + err)


def test_a_script_is_scored_and_both_lanes_are_told(managed: Desk) -> None:
    """Contract 1.2: the caller of a managed endpoint gets 424; the exchange has what the container said."""
    answers = [managed.score(data)[:2] for data in ("x", "raise", "crash", "x")]

    assert answers == [
        (200, "OK"),
        (424, "Model Error; original-code=500"),
        (424, "Model Error; original-code=502"),
        (200, "OK"),
    ]
    told = managed.requests()
    assert re.search(r"POST /score  424 \(model said 500\)", told)
    assert re.search(r"POST /score  424 \(model said 502\)", told)
    assert re.search(r"pid \d+: the worker ended with exit code 9 before it had answered", told)


def test_a_body_that_is_too_large_for_the_gateway_never_reaches_the_container(managed: Desk) -> None:
    """Contract 1.2: 1.5 MB, the limit of 2021."""
    assert managed.score("x" * 1_572_865)[:2] == (413, "Payload too large")
    assert managed.score("x" * 1_572_864)[:2] == (200, "OK")


def test_a_save_is_answered_by_the_new_script_and_a_broken_one_is_told(managed: Desk) -> None:
    """The container is the same; what comes while it starts waits. The traceback has the host's file."""
    before = managed.container.id
    managed.write(script("two"))
    assert managed.until_scored('"two"')[0] == 200
    managed.write("import nothing_of_this_name\n" + _dedented(script("three")))
    managed.until_said(r"generation \d+ does not start: score\.py:1: importing the script raised ModuleNotFoundError")
    refused = managed.score("x")
    managed.write(script("four"))
    mended = managed.until_scored('"four"')

    assert f'File "{managed.script}", line 1' in managed.command.err
    assert refused[:2] == (424, "Model Error; original-code=")
    assert (mended[0], managed.container.id) == (200, before)


def test_a_container_that_is_killed_is_started_again(managed: Desk) -> None:
    """Told with what its exit code means; meanwhile nobody is served."""
    managed.engine.client.api.kill(managed.container.id)
    managed.until_said(r"has ended while it served, with exit code 137: ")
    refused = managed.score("x")

    assert refused[:2] == (424, "Model Error; original-code=")
    managed.until_served()


def test_a_server_that_gives_up_is_started_again(managed: Desk) -> None:
    """gunicorn takes exit code 3 for a failure to boot, whoever chose it, and the container ends with 111 (contract 3.4)."""
    managed.score("leave")
    managed.until_said(r"has ended while it served, with exit code 111: the server inside ended with 3\.")

    managed.until_served()


def test_under_the_profile_image_its_callers_meet_nginx(serve: Callable[..., Desk]) -> None:
    """Contract 3.5: 502 for a crash, 413 above 100 MiB, sent in chunks; the lanes still tell that the server was silent."""
    desk = serve("image", "--profile", "image").start()
    crash = desk.score("crash")
    size = 100 * 1024 * 1024 + 1
    connection = http.client.HTTPConnection("127.0.0.1", desk.port, timeout=PATIENCE_S)
    connection.request("POST", "/score", iter([b"x" * size]), encode_chunked=True)
    large = connection.getresponse()
    connection.close()

    assert (crash[0], crash[1], len(crash[2])) == (502, "Bad Gateway", 157)
    assert (large.status, large.getheader("Server"), large.getheader("Connection")) == (413, "nginx/1.22.1", "close")
    assert "the worker ended with exit code 9 before it had answered" in desk.requests()

    desk.command.send(signal.SIGTERM)
    assert ended(desk.command).code == 0
    assert not desk.is_left


def test_a_start_can_be_interrupted(serve: Callable[..., Desk]) -> None:
    desk = serve("slow", text="import time\nprint('loading', flush=True)\ntime.sleep(60)\n")
    desk.until_said("loading")
    desk.command.send(signal.SIGINT)

    assert ended(desk.command).code == 130
    assert not desk.is_left


def test_a_script_that_does_not_start_ends_a_server_that_does_not_reload(serve: Callable[..., Desk]) -> None:
    """Exit code 3, as with a worker; nothing is left."""
    desk = serve("broken", "--no-reload", text="def init():\n    open('/nowhere')\ndef run(data): pass\n")
    finished = ended(desk.command)

    assert finished.code == 3
    assert "the script does not start: score.py:2: init() raised FileNotFoundError" in finished.err
    assert not desk.is_left


def test_what_a_killed_server_has_left_is_replaced(serve: Callable[..., Desk], engine: Engine) -> None:
    """By the next server of the same deployment; that one is stopped by Ctrl-C, and leaves nothing."""
    desk = serve("killed").start()
    first = desk.container.id
    os.kill(desk.command.process.pid, signal.SIGKILL)
    desk.command.process.wait(PATIENCE_S)
    was_left = desk.is_left
    again = Desk(engine, desk.command.folder, "killed").start()
    second = again.container.id
    again.command.send(signal.SIGINT)

    assert was_left
    assert first != second
    finished = ended(again.command)
    assert (finished.code, finished.err.splitlines()[-1]) == (0, "amlemu has stopped; nothing is left running.")
    assert not again.is_left


def test_an_editor_attaches_to_the_container(serve: Callable[..., Desk]) -> None:
    """By the launch entry that is told; the profile's time limits are off meanwhile. A save ends the session with the container."""
    limit = ("--set", "limits.request_timeout_ms=1")
    desk = serve("debug", "--debug", "0", "--wait-for-client", *limit)
    told = desk.until_said(r"the script waits for a debugger at 127\.0\.0\.1:(\d+): attach with (\{.+\})\n")
    entry = json.loads(told[2])
    line = 1 + _dedented(script()).splitlines().index('    print("asked for", data[:20])')
    with Editor() as editor, ThreadPoolExecutor() as pool:
        editor.set_breakpoints(desk.script, line)
        session = editor.attach(entry["connect"]["port"], **entry)
        desk.start()
        asking = pool.submit(desk.score, "x")
        stop = editor.stopped(PATIENCE_S)
        seen = (stop.path, stop.line, stop.function, stop.variables()["data"])
        stop.go_on()
        answer = asking.result()
        desk.write(script("two"))
        editor.until(session.is_over.is_set, "the end of the session")
        desk.until_said(r"(?s)(?:the script waits for a debugger.*){2}")
        editor.attach(entry["connect"]["port"], **entry)
        asking = pool.submit(desk.until_scored, '"two"')
        editor.stopped(PATIENCE_S)
        editor.disconnect()
        asking.result()

    assert seen == (str(desk.script), line, "run", "'x'")
    assert answer == (200, "OK", '"one"')
    assert "this profile's time limits are off" in desk.command.err
    desk.command.send(signal.SIGINT)
    assert ended(desk.command).code == 0


def test_a_save_costs_little_more_than_a_bare_restart(serve: Callable[..., Desk], engine: Engine) -> None:
    """Edit of `score.py` to first answer in the container at most 1.5 times a bare `docker restart`."""
    desk = serve("ratio", "--profile", "image").start()
    found = engine.client.api.inspect_container(desk.container.id)
    variables = dict(word.split("=", 1) for word in found["Config"]["Env"])
    saves, restarts = [], []
    with _bare(engine, found["Config"]["Image"], variables, desk.script.parent) as container:
        for number in range(3):  # in turns, so that both have the same machine
            restarts.append(_restarted(container))
            began = time.monotonic()
            desk.write(script(f"saved {number}"))
            desk.until_scored(f'"saved {number}"')
            saves.append(time.monotonic() - began)
    desk.command.send(signal.SIGINT)
    ended(desk.command)

    save, restart = min(saves), min(restarts)
    print(f"edit to first answer: {save:.2f} s; docker restart to first answer: {restart:.2f} s; {save / restart:.2f}")
    assert save <= 1.5 * restart


@contextlib.contextmanager
def _bare(engine: Engine, image: str, variables: dict[str, str], code: Path) -> Iterator[Container]:
    """The same container without a front door, answering."""
    from amlemu_harness.containers import Mount

    mounts = (Mount(code, "/var/azureml-app/code"),)
    order = Order(image, endpoint("bare"), {}, variables, mounts, {5001: ("127.0.0.1", 0)})
    container = Container.create(engine, order)
    try:
        container.start()
        _until_answered(container)
        yield container
    finally:
        container.remove()


def _restarted(container: Container) -> float:
    """Restart as a person would, and return the seconds to the first answer."""
    began = time.monotonic()
    subprocess.run(["docker", "restart", container.id], check=True, capture_output=True, timeout=PATIENCE_S)
    _until_answered(container)
    return time.monotonic() - began


def _until_answered(container: Container) -> None:
    deadline, status = time.monotonic() + PATIENCE_S, 0
    while status != 200:
        assert time.monotonic() < deadline
        address = container.address()
        assert address is not None
        connection = http.client.HTTPConnection(*address, timeout=PATIENCE_S)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("POST", "/score", b'"x"', {"Content-Type": "application/json"})
            status = connection.getresponse().status
        time.sleep(_LOOK_AGAIN_S)  # else we take a processor that the container needs

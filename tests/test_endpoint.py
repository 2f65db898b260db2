"""`amlemu.serve`: the Python face, over the worker backend unless a test says otherwise."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import amlemu
import httpx
import pytest
from amlemu.deployment import from_script
from amlemu.emulator import Emulator
from amlemu.endpoint import Endpoint, plan_of
from amlemu.errors import EngineMissing
from amlemu.events import Spoke, WorkerEnded, WorkerReady, WorkerStarted
from amlemu.profile_file import load
from amlemu.stand import Plan
from amlemu.worker import lifeline

from .free_port import free_port

GOOD = """
    import json

    def init():
        print("init done")

    def run(data):
        return {"sum": sum(json.loads(data)["data"])}
"""
WAITS = """
    def init(): ...

    def run(data):
        with open("gate") as gate:
            return gate.read()
"""
TELLS = """
    import os

    def init(): ...

    def run(data):
        return {"pid": os.getpid(), "model": os.environ.get("AZUREML_MODEL_DIR"), "a": os.environ.get("A"), "here": os.getcwd()}
"""


def children():
    """Return the ids of this process's child processes."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError):  # the thread has just ended
            found |= set((task / "children").read_text(encoding="ascii").split())
    return found


def is_listening(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True


def test_an_endpoint_scores(write):
    """The answer comes decoded; the exchange is on record."""
    with amlemu.serve(write("score.py", GOOD), profile="bare") as endpoint:
        assert endpoint.score({"data": [1, 2]}) == {"sum": 3}
        assert endpoint.score(data=b'{"data": [4]}', content_type="text/plain") == {"sum": 4}

    first, second = endpoint.exchanges
    assert (first.number, first.response.status, first.request.body) == (1, 200, b'{"data": [1, 2]}')
    assert second.request.header("content-type") == "text/plain"
    assert first.elapsed_ms > 0


def test_text_that_is_no_json_comes_as_text(write):
    """NaN and the like are JSON for Python; a page is not."""
    script = """
        from flask import Response

        def init(): ...

        def run(data):
            return Response("<p>")
    """
    with amlemu.serve(write("score.py", script), profile="bare") as endpoint:
        assert endpoint.score(1) == "<p>"


def test_a_failure_is_raised_with_status_and_body(write):
    with amlemu.serve(write("score.py", GOOD), profile="bare") as endpoint:
        with pytest.raises(amlemu.ScoringFailed, match=r"^the endpoint answered 500 INTERNAL SERVER ERROR: ") as caught:
            endpoint.score({})

        assert endpoint.score({"data": [5]}) == {"sum": 5}

    assert caught.value.status == 500
    assert b"unexpected error occurred in scoring script" in caught.value.body
    assert endpoint.exchanges[0].response.account["fault"]["where"] == "score.py:7"


def test_what_happened_is_on_record(write):
    """Workers come and go, the script speaks: in order."""
    with amlemu.serve(write("score.py", GOOD), profile="bare") as endpoint:
        endpoint.score({"data": []})

    kinds = [type(event) for event in endpoint.events if not isinstance(event, Spoke)]
    assert kinds == [WorkerStarted, WorkerReady, WorkerEnded]
    assert endpoint.events[-1].planned
    assert "init done" in [event.text for event in endpoint.events if isinstance(event, Spoke) and not event.own]


def test_the_script_is_heard_while_the_front_door_is_made(write, monkeypatch):
    """Making it imports FastAPI, some 0.3 s; a script that speaks meanwhile must not wait for that."""
    heard = []
    make_front_door = Emulator._make_front_door

    def make_late(emulator):
        deadline = time.monotonic() + 10
        while not heard and time.monotonic() < deadline:
            heard.extend(event for event in list(endpoint.events) if "init done" in str(event))
            time.sleep(0.001)
        return make_front_door(emulator)

    monkeypatch.setattr(Emulator, "_make_front_door", make_late)
    endpoint = Endpoint(Plan(from_script(write("score.py", GOOD)), load("bare"), port=0), 1.0)

    endpoint.start().stop()

    assert heard


@pytest.mark.parametrize(
    ("script", "message"),
    [
        pytest.param(
            "def init(): ...",
            r"score\.py:1: the module was imported, but it has no run\(\)\. Azure ML calls run",
            id="no-run",
        ),
        pytest.param(
            "def init(): 1 / 0\ndef run(data): ...",
            r"score\.py:1: init\(\) raised ZeroDivisionError: division by zero$",
            id="raises",
        ),
    ],
)
@pytest.mark.parametrize("backend", ["worker", "inprocess"])
def test_a_script_that_does_not_boot_is_raised(write, script, message, backend):
    """And nothing stays behind."""
    before = children(), set(threading.enumerate())
    port = free_port()
    with pytest.raises(amlemu.BootFailed, match=message) as caught:
        amlemu.serve(write("score.py", script), profile="bare", backend=backend, port=port)

    assert caught.value.exit_code == 3
    assert not is_listening(port)
    assert children() == before[0]
    assert [t.name for t in threading.enumerate() if t not in before[1] and t.name.startswith("amlemu")] == []


def test_memory_and_processors_of_a_replica(write):
    """The limit and its giver are named; what a request needed stands on its exchange; the script counts its processors."""
    script = write(
        "score.py",
        """
        import os

        def init(): ...

        def run(data):
            eaten = bytearray(int(data) << 20)
            return len(os.sched_getaffinity(0))
        """,
    )
    with amlemu.serve(script, memory_gb=0.3, cpu=1, layout="none", profile="bare") as endpoint:
        assert endpoint.score("100") == 1
        assert endpoint.exchanges[0].peak_bytes > 100 << 20
        with pytest.raises((amlemu.ScoringFailed, httpx.RemoteProtocolError)):
            endpoint.score("400")
        assert "memory_gb allows 0.3 GB" in str(endpoint.exchanges[1].failure)

    with pytest.raises(amlemu.UsageError, match="memory_gb: 0 is no memory to run in"):
        amlemu.serve(script, memory_gb=0)
    with pytest.raises(amlemu.UsageError, match="cpu: -1 is no number of processors"):
        amlemu.serve(script, cpu=-1)


def test_a_deployments_own_platform_counts_from_python_too(write):
    """contract 1.7: its probes; 2.3: its resources."""
    write("score.py", GOOD)
    file = write(
        "deployment.yml",
        """
        type: kubernetes
        name: blue
        endpoint_name: an-endpoint
        code_configuration: {code: ., scoring_script: score.py}
        environment: {image: x}
        liveness_probe: {initial_delay: 30, period: 5, failure_threshold: 4}
        resources: {limits: {memory: 512Mi}}
        """,
    )
    plan = plan_of(file)

    assert (plan.memory.limit_bytes, plan.memory.giver.rpartition("/")[2]) == (536_870_912, "deployment.yml:7")
    assert plan.profile.probes.liveness.allows_s == 50


def test_a_traceback_of_a_boot_failure_is_the_scripts_alone(write):
    with pytest.raises(amlemu.BootFailed) as caught:
        amlemu.serve(write("score.py", "def init(): 1 / 0\ndef run(data): ..."))

    trace = caught.value.fault["traceback"]
    assert trace.startswith("Traceback (most recent call last):\n")
    assert trace.count('  File "') == 1


def test_bad_usage_is_raised_before_anything_starts(write):
    before = children()
    with pytest.raises(amlemu.UsageError, match="no such file"):
        amlemu.serve("no.py")
    with pytest.raises(amlemu.UsageError, match="no profile 'mars'"):
        amlemu.serve(write("score.py", GOOD), profile="mars")

    assert children() == before


def test_a_taken_port_is_raised(write):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(amlemu.UsageError, match=rf"^port {port}: taken by pid {os.getpid()} "):
            amlemu.serve(write("score.py", GOOD), profile="bare", port=port)


def test_stopping_leaves_nothing(write, tmp_path, monkeypatch):
    """No process, no socket, no thread, no temporary file."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    before, threads, files = children(), set(threading.enumerate()), open_files()
    with amlemu.serve(write("score.py", GOOD), profile="bare") as endpoint:
        endpoint.score({"data": []})
        port = endpoint.port
        assert len(children() - before) == 1

    assert not is_listening(port)
    assert children() == before
    assert [thread.name for thread in threading.enumerate() if thread not in threads] == []
    assert open_files() - files == set()
    assert list((tmp_path / "temporary").iterdir()) == []


def open_files():
    """Return what the open descriptors of this process lead to, but for what a library keeps for the next time."""
    lifeline.rope(os.getpid())  # opened with the first worker, and for good
    found = set()
    for entry in os.listdir("/proc/self/fd"):
        try:
            found.add(os.readlink(f"/proc/self/fd/{entry}"))
        except OSError:
            pass  # the descriptor of this very listing
    return {name for name in found if name.startswith(("socket:", "pipe:", "/tmp"))}


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_stopping_is_quiet_on_both_loops(write, loop):
    """Who has no uvloop has asyncio's own, which does not forgive a descriptor that was closed behind its back."""
    script = write("score.py", "def init(): ...\ndef run(data): return 1\n")
    program = (
        f"import sys\nif {loop!r} == 'asyncio': sys.modules['uvloop'] = None\n"
        f"import amlemu\nwith amlemu.serve({str(script)!r}, reload=True) as endpoint: endpoint.score({{}})\n"
        "print(endpoint._error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)

    assert (done.stdout, done.stderr) == ("None\n", "")


def test_stopping_twice_is_harmless(write):
    endpoint = amlemu.serve(write("score.py", GOOD), profile="bare")
    endpoint.stop()
    endpoint.stop()


def test_two_endpoints_stand_side_by_side(write):
    """Each with its own script, variables and records."""
    script = write("score.py", TELLS)
    with ExitStack() as stack:
        one, two = (
            stack.enter_context(amlemu.serve(script, profile="bare", env={"A": name})) for name in ("one", "two")
        )
        told = [endpoint.score(0) for endpoint in (one, two, one)]

    assert [answer["a"] for answer in told] == ["one", "two", "one"]
    assert told[0]["pid"] == told[2]["pid"] != told[1]["pid"]
    assert (len(one.exchanges), len(two.exchanges)) == (2, 1)
    assert one.port != two.port


def test_the_port_can_be_used_again_at_once(write):
    """A test suite that restarts its endpoint does not wait for the system."""
    script = write("score.py", GOOD)
    with amlemu.serve(script, profile="bare") as endpoint:
        port = endpoint.port
        endpoint.score({"data": [1]})
    for _ in range(3):
        with amlemu.serve(script, profile="bare", port=port) as endpoint:
            assert endpoint.port == port
            assert endpoint.score({"data": [1]}) == {"sum": 1}


def test_code_and_models_reach_the_script(write, tmp_path):
    """The script finds them at places of the cloud's names, whatever stands for those here."""
    write("models/m/3/weights.txt", "")
    script = write("src/score.py", TELLS)
    with amlemu.serve(
        script, profile="bare", model_dir=tmp_path / "models/m/3", models={"n:2": tmp_path / "models"}
    ) as endpoint:
        several = endpoint.score(0)
    with amlemu.serve(script, profile="bare", model_dir=tmp_path / "models/m/3", code=tmp_path) as endpoint:
        one = endpoint.score(0)

    assert several["model"].endswith("/var/azureml-app/azureml-models")
    assert one["model"].endswith("/var/azureml-app/azureml-models/m/3")
    assert several["here"].endswith("/src")
    assert one["here"].endswith(f"/{tmp_path.name}/src")


def test_without_a_layout_the_script_is_where_it_is(write, tmp_path):
    write("model/weights.txt", "")
    script = write("src/score.py", TELLS)
    with amlemu.serve(script, profile="bare", model_dir=tmp_path / "model", layout="none") as endpoint:
        told = endpoint.score(0)

    assert (told["model"], told["here"]) == (str(tmp_path / "model"), str(tmp_path / "src"))


def test_the_profile_can_be_changed(write):
    """`settings` is what --set is on the command line."""
    with amlemu.serve(write("score.py", GOOD), profile="bare", settings={"wire.body_bytes": "20"}) as endpoint:
        assert endpoint.score({"data": [1]}) == {"sum": 1}
        with pytest.raises(amlemu.ScoringFailed, match="413 Request Entity Too Large"):
            endpoint.score({"data": list(range(100))})


def test_a_body_over_the_cap_never_reaches_the_script(write):
    """Nor a part of it: what was refused is no request, and no exchange."""
    with (
        amlemu.serve(
            write("score.py", "def init(): ...\ndef run(data): print('called')"), settings={"wire.body_bytes": "20"}
        ) as endpoint,
        socket.create_connection(("127.0.0.1", endpoint.port), timeout=20) as client,
    ):
        client.sendall(b"POST /score HTTP/1.1\r\nHost: h\r\nContent-Length: 40\r\nExpect: 100-continue\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 100 ")
        client.sendall(b"x" * 10)
        client.sendall(b"x" * 30)
        assert client.recv(100).startswith(b"HTTP/1.1 413 Request Entity Too Large\r\n")

    assert endpoint.exchanges == []
    assert "called" not in [event.text for event in endpoint.events if isinstance(event, Spoke)]


def test_a_request_that_outlasts_the_grace_is_on_record(write, tmp_path):
    """Its connection is closed and its exchange says why: every request ends exactly once."""
    os.mkfifo(tmp_path / "gate")
    endpoint = amlemu.serve(write("score.py", WAITS), profile="bare", grace_s=0.1)
    answers = []

    def ask():
        try:
            answers.append(endpoint.score(1))
        except httpx.RemoteProtocolError as error:
            answers.append(error)

    asking, stopping = threading.Thread(target=ask, daemon=True), threading.Thread(target=endpoint.stop, daemon=True)
    asking.start()
    with open(tmp_path / "gate", "wb"):  # returns when run() has opened the other end
        stopping.start()
        stopping.join(20)
    asking.join(20)

    assert not stopping.is_alive()

    assert [type(answer) for answer in answers] == [httpx.RemoteProtocolError]
    assert [str(exchange.failure).partition(": ")[2] for exchange in endpoint.exchanges] == [
        "the worker was killed by SIGKILL before it had answered"
    ]


def test_requests_from_many_threads_are_all_answered(write):
    """One endpoint may be shared by the threads of a test; the script gets one request at a time."""
    answers = {}
    with amlemu.serve(write("score.py", GOOD), profile="bare") as endpoint:

        def ask(number):
            answers[number] = endpoint.score({"data": [number]})

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert answers == {number: {"sum": number} for number in range(16)}


def test_the_in_process_backend_answers_the_same(write):
    """The same scoring app in a thread: no process is started."""
    before = children()
    with amlemu.serve(write("score.py", GOOD), profile="bare", backend="inprocess") as endpoint:
        assert endpoint.score({"data": [1, 2]}) == {"sum": 3}
        assert children() == before


def test_an_endpoint_can_be_the_upstream_of_another(write):
    """`upstream` reaches any server by its URL."""
    script = write("score.py", GOOD)
    with (
        amlemu.serve(script, profile="bare") as first,
        amlemu.serve(script, backend="upstream", upstream=first.url) as second,
    ):
        assert second.score({"data": [1, 2]}) == {"sum": 3}

    assert [exchange.request.target for exchange in first.exchanges] == ["/", "/score"]


def test_proxy_variables_are_not_asked(write, monkeypatch):
    """Our own loopback HTTP goes straight."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with amlemu.serve(write("score.py", GOOD), profile="bare") as endpoint:
        assert endpoint.score({"data": [1]}) == {"sum": 1}


def test_a_deployment_file_is_served(write, tmp_path):
    """Azure's own: its model, its variables, its limits, its cloud."""
    write("words/a.txt", "x")
    write(
        "src/score.py",
        "import os\ndef init(): ...\ndef run(data):\n    return [os.environ['LEVEL'], os.environ['AZUREML_MODEL_DIR']]\n",
    )
    file = write(
        "deployment.yml",
        """
        type: kubernetes
        name: green
        endpoint_name: words
        model: {name: words, version: 2, path: words}
        code_configuration: {code: src, scoring_script: score.py}
        environment_variables: {LEVEL: low}
        request_settings: {request_timeout_ms: 7000}
        """,
    )

    with amlemu.serve(file, env={"LEVEL": "high"}, layout="links") as endpoint:
        level, model_dir = endpoint.score({})
        plan = endpoint._plan

    assert level == "high"
    assert model_dir.endswith("/var/azureml-app/azureml-models/words/2")
    assert (plan.profile.name, plan.profile.limits.request_timeout_ms) == ("kubernetes", 7000)
    assert (plan.deployment.name, plan.deployment.endpoint) == ("green", "words")


def test_a_payload_of_text_is_the_body_itself(write):
    """As the fixtures for tests have it: who has JSON already need not take it apart first."""
    with amlemu.serve(write("score.py", GOOD)) as endpoint:
        assert endpoint.score('{"data": [1, 2]}') == {"sum": 3}
        assert endpoint.score(b'{"data": [3]}') == {"sum": 3}


def test_the_container_wants_an_engine(write, monkeypatch):
    """The error names where it was looked for; nothing is started."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")

    with pytest.raises(EngineMissing, match=r"no Docker engine answers\. Tried unix:///nowhere/docker\.sock"):
        amlemu.serve(write("score.py", GOOD), backend="container")


def test_a_backend_that_is_none_is_told(write):
    """It does not become another one."""
    with pytest.raises(amlemu.UsageError, match="'wroker' is no backend; did you mean worker"):
        amlemu.serve(write("score.py", GOOD), backend="wroker")

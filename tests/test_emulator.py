"""`amlemu.serve`: the Python face, over the worker backend unless a test says otherwise."""

from __future__ import annotations

import os
import socket
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import amlemu
import httpx
import pytest
from amlemu.credentials import KeyFile, make_token
from amlemu.deployment import from_script
from amlemu.emulator import Emulator, Endpoint
from amlemu.events import Spoke, WorkerEnded, WorkerReady, WorkerStarted
from amlemu.journal import Journal
from amlemu.profile_file import load
from amlemu.stand import Plan

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
    has_spoken = threading.Event()
    heard = []
    make_server = Emulator._make_server

    def make_late(emulator):
        heard.append(has_spoken.wait(10))
        return make_server(emulator)

    monkeypatch.setattr(Emulator, "_make_server", make_late)
    deployment = from_script(write("score.py", GOOD))
    plan = Plan(deployment, load("bare"), port=0, on_event=lambda event: "init done" in str(event) and has_spoken.set())

    Endpoint(plan, 1.0, []).start().stop()

    assert heard == [True]


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
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(amlemu.BootFailed, match=message) as caught:
        amlemu.serve(write("score.py", script), profile="bare", backend=backend, port=port)

    assert caught.value.exit_code == 3
    assert not is_listening(port)
    assert children() == before[0]
    assert [t.name for t in threading.enumerate() if t not in before[1] and t.name.startswith("amlemu")] == []


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
    found = set()
    for entry in os.listdir("/proc/self/fd"):
        try:
            found.add(os.readlink(f"/proc/self/fd/{entry}"))
        except OSError:
            pass  # the descriptor of this very listing
    return {name for name in found if name.startswith(("socket:", "pipe:", "/tmp"))}


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


# the front door


def test_the_default_is_a_managed_endpoint(write):
    """Contract 1.2: a failing run() is 424, with the model's status and reason; both lanes are on record."""
    with amlemu.serve(write("score.py", GOOD)) as endpoint:
        answer = httpx.post(f"{endpoint.url}/score", content=b"{}", trust_env=False)

    assert (answer.status_code, answer.reason_phrase) == (424, "Failed Dependency")
    assert answer.headers["ms-azureml-model-error-statuscode"] == "500"
    assert answer.headers["ms-azureml-model-error-reason"] == "model_error"
    exchange = endpoint.exchanges[0]
    assert (exchange.model.status, exchange.response.status) == (500, 424)


def test_every_stage_is_on_record(write):
    """In order, what each decided and how long it took; those that only let it pass have nothing to say."""
    with amlemu.serve(write("score.py", GOOD)) as endpoint:
        endpoint.score({"data": [1]})
        steps = endpoint.exchanges[0].steps

    names = [step.stage for step in steps]
    assert names.index("identify") < names.index("route") < names.index("size") < names.index("rate")
    assert names.index("rate") < names.index("deadline") < names.index("admit") < names.index("forward")
    assert names.index("forward") < names.index("map status") < names.index("response size")
    assert names[-1] == "finish headers"
    assert [step.decision for step in steps if step.stage == "forward"] == ["the model said 200"]
    assert all(step.ms >= 0 for step in steps)


SLEEPS = """
    import time

    def init(): ...

    def run(data):
        time.sleep(float(data))
        return "done"
"""


def test_a_deployments_own_settings_hold(write):
    """Contract 1.7: request_timeout_ms; 408 at that moment."""
    with amlemu.serve(write("score.py", SLEEPS), request_settings={"request_timeout_ms": 300}) as endpoint:
        answer = httpx.post(f"{endpoint.url}/score", content=b"1", trust_env=False)

    assert (answer.status_code, answer.text) == (408, "upstream request timeout")
    exchange = endpoint.exchanges[0]
    assert 299 <= exchange.elapsed_ms < 1000  # the loop counts in milliseconds
    assert (exchange.response.status, exchange.where) == (408, "score.py:6 run")


def test_an_illegal_setting_of_a_deployment_is_refused_with_the_maximum_and_its_source(write):
    """Contract 1.5: at most 180 s today."""
    with pytest.raises(amlemu.UsageError) as caught:
        amlemu.serve(write("score.py", GOOD), request_settings={"request_timeout_ms": 180_001})

    assert str(caught.value) == (
        "the deployment: limits.request_timeout_ms: 180001 is more than the maximum, 180000"
        " (180 s: contract 1.5, how-to-manage-quotas, 2026-01-27)"
    )


def test_a_request_that_waits_at_its_deadline_says_so(write):
    """The worker has another one in hand; the second one was never begun."""
    with amlemu.serve(write("score.py", SLEEPS), request_settings={"request_timeout_ms": 300}) as endpoint:
        ask = [threading.Thread(target=httpx.post, args=(f"{endpoint.url}/score",), kwargs=BODY_1) for _ in range(2)]
        for thread in ask:
            thread.start()
        for thread in ask:
            thread.join(20)

    found = [(exchange.response.status, exchange.where) for exchange in endpoint.exchanges]
    assert sorted(found) == [(408, "score.py:6 run"), (408, "waiting for a worker")]


BODY_1 = {"content": b"1", "trust_env": False}


def test_the_shadow_lets_callers_have_what_the_model_said(write):
    with amlemu.serve(write("score.py", SLEEPS), request_settings={"request_timeout_ms": 200}, shadow=True) as endpoint:
        assert endpoint.score(data=b"0.5") == "done"

    exchange = endpoint.exchanges[0]
    assert (exchange.response.status, exchange.cloud.status) == (200, 408)
    assert 200 <= exchange.cloud_ms < 500


def test_dev_errors_show_the_traceback_to_the_caller(write):
    with amlemu.serve(write("score.py", GOOD), dev_errors=True) as endpoint:
        answer = httpx.post(f"{endpoint.url}/score", content=b"{}", trust_env=False)

    assert answer.status_code == 424
    assert answer.text.endswith("KeyError: 'data'\n")


def test_the_journal_is_bounded(write, monkeypatch):
    """The oldest are forgotten."""
    monkeypatch.setattr("amlemu.emulator.Journal", lambda: Journal(exchanges=3))
    with amlemu.serve(write("score.py", GOOD)) as endpoint:
        for _ in range(5):
            endpoint.score({"data": [1]})

    assert [exchange.number for exchange in endpoint.exchanges] == [3, 4, 5]


# who may come in


@pytest.fixture
def ask():
    """Post to an endpoint with an Authorization header, or without."""
    with httpx.Client(trust_env=False) as client:

        def ask(endpoint, authorization=None, content=b'{"data": [1]}', **headers):
            if authorization is not None:
                headers["Authorization"] = authorization
            return client.post(f"{endpoint.url}/score", content=content, headers=headers)

        yield ask


def test_nobody_is_asked_for_a_key_on_loopback(write, tmp_path, ask):
    """Nor is one made."""
    with amlemu.serve(write("score.py", GOOD), layout="none") as endpoint:
        assert ask(endpoint).status_code == 200

    assert not (tmp_path / ".amlemu").exists()


def test_either_key_opens_and_one_that_is_replaced_does_not(write, tmp_path, ask):
    """Contract 1.4; while the server is running."""
    file = KeyFile(tmp_path / ".amlemu")
    with amlemu.serve(write("score.py", GOOD), auth="key") as endpoint:
        old = file.keys()
        before = [ask(endpoint, f"Bearer {key}").status_code for key in (old.primary, old.secondary)]
        new = file.regenerate("primary")
        after = [ask(endpoint, f"Bearer {key}").status_code for key in (old.primary, new.primary, old.secondary)]

    assert (before, after) == ([200, 200], [401, 200, 200])


def test_a_token_opens_until_it_expires(write, tmp_path, ask):
    """Contract 1.4: tokens do; nobody has to tell the server."""
    with amlemu.serve(write("score.py", GOOD), profile="bare", auth="aml_token") as endpoint:
        token = make_token(KeyFile(tmp_path / ".amlemu").keys(), 0.03)["accessToken"]
        seen = [ask(endpoint, f"Bearer {token}").status_code]
        deadline = time.monotonic() + 8
        while seen[-1] == 200:
            assert time.monotonic() < deadline
            seen.append(ask(endpoint, f"Bearer {token}").status_code)

    assert (seen[0], seen[-1]) == (200, 401)
    assert endpoint.exchanges[-1].why == "the token has expired (amlemu token makes a new one)"


def test_a_refusal_never_tells_why(write, tmp_path, ask):
    """Contract 1.2, 8 #1: 401 and one text for every cause, before sizes are looked at; the script hears nothing."""
    with amlemu.serve(write("score.py", GOOD), auth="key") as endpoint:
        key = KeyFile(tmp_path / ".amlemu").keys().primary
        answers = [
            ask(endpoint),
            ask(endpoint, "Bearer"),
            ask(endpoint, "Bearer x"),
            ask(endpoint, f"Basic {key}"),
            ask(endpoint, "Bearer x", bytes(1_600_000)),
            ask(endpoint, "Bearer x", **{"azureml-model-deployment": "no-such"}),
        ]

    assert {(a.status_code, a.reason_phrase, a.text) for a in answers} == {
        (401, "Unauthorized", "key_auth_access_denied")
    }
    assert [a for a in answers if "www-authenticate" in a.headers] == []
    assert len({exchange.why for exchange in endpoint.exchanges}) == 3
    assert [exchange for exchange in endpoint.exchanges if exchange.model is not None] == []


def test_secrets_are_in_no_record(write, tmp_path, ask):
    """Neither those that opened nor those that did not; the rest of the request is."""
    with amlemu.serve(write("score.py", GOOD), auth="key") as endpoint:
        keys = KeyFile(tmp_path / ".amlemu").keys()
        ask(endpoint, f"Bearer {keys.primary}")
        ask(endpoint, f"Bearer {keys.secondary}x", Cookie="session=sesame")
        ask(endpoint, None, Cookie="session=sesame")

    told = repr(endpoint.exchanges) + repr(endpoint.events)
    assert [secret for secret in (*vars(keys).values(), "sesame") if secret in told] == []
    assert [exchange.request.header("authorization") for exchange in endpoint.exchanges] == [
        "(not kept)",
        "(not kept)",
        None,
    ]
    assert endpoint.exchanges[0].request.body == b'{"data": [1]}'


def test_an_address_for_all_needs_a_guard_or_a_word(write):
    script = write("score.py", GOOD)
    with pytest.raises(amlemu.UsageError) as caught:
        amlemu.serve(script, host="0.0.0.0")
    for wish in ({"auth": "key"}, {"insecure": True}):
        amlemu.serve(script, host="0.0.0.0", **wish).stop()

    assert str(caught.value) == (
        "--host 0.0.0.0: others can reach this address, and nobody is asked for a key."
        " Add --auth key, or --insecure if that is what you want."
    )


@pytest.mark.parametrize(
    ("profile", "auth", "message"),
    [
        ("aci", "aml_token", r"^--auth aml_token: profile aci has no such way\. It has key \(contract 2\.1"),
        ("kubernetes", "aad_token", r"profile kubernetes has no such way\. It has key, aml_token \(contract 1\.4"),
        ("managed", "password", r"^--auth password: profile managed has no such way"),
    ],
)
def test_a_way_that_this_cloud_does_not_have_is_refused(write, profile, auth, message):
    with pytest.raises(amlemu.UsageError, match=message):
        amlemu.serve(write("score.py", GOOD), profile=profile, auth=auth)


def test_keys_that_are_none_stop_the_start(write, tmp_path):
    """Rather than every request."""
    (tmp_path / ".amlemu").mkdir()
    (tmp_path / ".amlemu" / "keys.json").write_text("{", encoding="ascii")

    with pytest.raises(amlemu.UsageError, match=r"keys\.json: not the keys of an endpoint"):
        amlemu.serve(write("score.py", GOOD), auth="key")


# where the script was


SINS = """
    import faulthandler, itertools, time

    def init(): ...

    def run(data):
        return globals()[data.strip('"')]()

    def stuck():
        while True: pass

    def stuck_in_c():
        return all(itertools.repeat(1))

    def crash():
        faulthandler._sigsegv()
"""


@pytest.mark.parametrize("preload", ["false", "true"])
@pytest.mark.parametrize(
    ("sin", "where"),
    [
        pytest.param("stuck", "score.py:6 run -> score.py:9 stuck", id="aborted"),
        pytest.param("stuck_in_c", "score.py:6 run -> score.py:12 stuck_in_c", id="killed"),
        pytest.param("crash", "score.py:6 run -> score.py:15 crash", id="segmentation-fault"),
    ],
)
def test_a_worker_that_ends_in_run_leaves_its_stack(write, sin, where, preload):
    """WORKER_TIMEOUT aborts it, or kills it where that does not help; a crash is written by the interpreter."""
    variables = {"WORKER_TIMEOUT": "0.5", "WORKER_PRELOAD": preload}
    with amlemu.serve(write("score.py", SINS), env=variables) as endpoint:
        with pytest.raises(amlemu.ScoringFailed, match="424 Failed Dependency"):
            endpoint.score(sin)
        exchange = endpoint.exchanges[0]

    assert exchange.where == where
    assert [frame.function for frame in exchange.stack] == ["run", sin]

"""The whole: front door, keys, journal and record around a real worker, asked through the Python face."""

from __future__ import annotations

import threading
import time

import amlemu
import httpx
import pytest
from amlemu.credentials import KeyFile, make_token
from amlemu.journal import Journal

GOOD = """
    import json

    def init():
        print("init done")

    def run(data):
        return {"sum": sum(json.loads(data)["data"])}
"""


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
    assert 199 <= exchange.cloud_ms < 500  # timers count whole milliseconds, and may be one early


def test_dev_errors_show_the_traceback_to_the_caller(write):
    with amlemu.serve(write("score.py", GOOD), dev_errors=True) as endpoint:
        answer = httpx.post(f"{endpoint.url}/score", content=b"{}", trust_env=False)

    assert answer.status_code == 424
    assert answer.text.endswith("KeyError: 'data'\n")


def test_the_journal_is_bounded(write, monkeypatch):
    """The oldest are forgotten."""
    monkeypatch.setattr("amlemu.resident.Journal", lambda: Journal(exchanges=3))
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

"""What became of an exchange, in a person's words."""

from __future__ import annotations

import pytest
from amlemu.console import lanes
from amlemu.errors import BackendTimeout, Unreachable, WorkerCrashed
from amlemu.events import AnsweredLate
from amlemu.exchange import Frame, Response

from .told import FAULT, exchange

STACK = [Frame("/app/score.py", 31, "predict")]
FAILED = Response(500, "INTERNAL SERVER ERROR", [], account={"fault": FAULT})
PAGE = Response(502, "Bad Gateway", [], b"<html>", {"silence": "pid 7: the worker was killed by SIGSEGV"})


# the status


@pytest.mark.parametrize(
    ("seen", "status"),
    [
        pytest.param(exchange(Response(200, "OK", [])), "200", id="one-lane"),
        pytest.param(exchange(Response(424, "", []), model=FAILED), "424", id="what-the-caller-got"),
        pytest.param(exchange(failure=WorkerCrashed("x")), "closed", id="nothing"),
        pytest.param(
            exchange(Response(408, "", []), model=None, failure=BackendTimeout("x")), "408", id="answered-all-the-same"
        ),
        pytest.param(
            exchange(Response(200, "OK", [], iter([])), failure=WorkerCrashed("x")), "closed", id="cut-stream"
        ),
    ],
)
def test_the_status_is_what_the_caller_got(seen, status):
    assert lanes.status(seen) == status


# the lanes


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        pytest.param(exchange(Response(200, "OK", [])), "", id="one-lane"),
        pytest.param(exchange(FAILED), "", id="one-lane-of-a-failure"),
        pytest.param(
            exchange(Response(424, "", []), model=FAILED), " (model said 500, KeyError in score.py:7)", id="failed-run"
        ),
        pytest.param(
            exchange(Response(424, "", []), model=Response(404, "NOT FOUND", [])), " (model said 404)", id="its-own-404"
        ),
        pytest.param(
            exchange(Response(424, "", []), model=Response(500, "", [], account={"fault": {**FAULT, "where": ""}})),
            " (model said 500, KeyError)",
            id="place-unknown",
        ),
        pytest.param(exchange(Response(424, "", []), model=PAGE), " (the container said 502)", id="nginx-spoke"),
        pytest.param(
            exchange(Response(424, "", []), model=Response(200, "OK", [])), " (model said 200)", id="too-large"
        ),
        pytest.param(exchange(Response(413, "", []), model=None), "", id="refused"),
        pytest.param(exchange(failure=WorkerCrashed("x")), "", id="closed"),
    ],
)
def test_two_lanes_are_told_where_they_differ(seen, told):
    assert lanes.lanes(seen) == told


@pytest.mark.parametrize(
    ("cloud", "told"),
    [
        pytest.param(Response(408, "", []), " (cloud: 408 at 5.0 s)", id="another-status"),
        pytest.param(Response(200, "", []), "", id="the-same"),
    ],
)
def test_what_the_cloud_would_have_said_is_told_where_it_differs(cloud, told):
    """With --shadow."""
    assert lanes.lanes(exchange(Response(200, "OK", []), cloud=cloud, cloud_ms=5001.2)) == told


# the reason


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        pytest.param(exchange(Response(200, "OK", [])), "", id="none"),
        pytest.param(exchange(Response(429, "", []), model=None, why="too many"), "too many", id="refused"),
        pytest.param(
            exchange(failure=Unreachable("no answer", where="http://far")), "http://far: no answer", id="unreachable"
        ),
        pytest.param(
            exchange(failure=WorkerCrashed("it died", where="pid 7"), stack=STACK, where="score.py:31 predict"),
            "pid 7: it died; the connection was closed without an answer; was in run(): score.py:31 predict",
            id="crash-that-closed",
        ),
        pytest.param(
            exchange(Response(424, "", []), model=None, failure=WorkerCrashed("it died", where="pid 7")),
            "pid 7: it died",
            id="crash-that-was-answered",
        ),
        pytest.param(
            exchange(Response(424, "", []), model=PAGE, stack=STACK, where="score.py:31 predict"),
            "pid 7: the worker was killed by SIGSEGV; was in run(): score.py:31 predict",
            id="crash-behind-nginx",
        ),
        pytest.param(
            exchange(
                Response(504, "", []),
                model=Response(504, "", [], b"<html>", {"silence": "silent for 7 s", "timed_out": True}),
                stack=STACK,
                where="score.py:31 predict",
            ),
            "silent for 7 s; still in run(): score.py:31 predict",
            id="nginx-has-waited-too-long",
        ),
        pytest.param(
            exchange(
                Response(408, "", []),
                model=None,
                failure=BackendTimeout("no answer within 5.0 s"),
                where="waiting for a worker",
            ),
            "no answer within 5.0 s; it was waiting for a worker",
            id="deadline-in-the-queue",
        ),
        pytest.param(
            exchange(Response(408, "", []), model=None, failure=BackendTimeout("no answer within 5.0 s")),
            "no answer within 5.0 s",
            id="deadline-nobody-can-look",
        ),
        pytest.param(
            exchange(
                Response(200, "OK", []),
                cloud=Response(408, "", []),
                cloud_ms=5001.0,
                stack=STACK,
                where="score.py:31 predict",
            ),
            "at 5.0 s still in run(): score.py:31 predict",
            id="deadline-in-the-shadow",
        ),
    ],
)
def test_the_reason_is_told_in_one_line(seen, told):
    assert lanes.reason(seen) == told


def test_a_failed_run_is_told_with_its_traceback_and_its_hint():
    fault = {**FAULT, "hint": "Did you mean 'date'?"}

    assert lanes.reason(exchange(Response(500, "", [], account={"fault": fault}))).splitlines() == [
        "run() raised KeyError: 'data' (score.py:7)",
        "  Traceback (most recent call last):",
        '    File "/app/score.py", line 7, in run',
        "  KeyError: 'data'",
        "  Did you mean 'date'?",
    ]


def test_a_refusal_of_a_failed_runs_answer_has_both_reasons():
    """The front door's own first."""
    seen = exchange(Response(424, "", []), model=FAILED, why="an answer of 9 bytes, 8 are allowed")

    assert lanes.reason(seen).splitlines()[:2] == [
        "an answer of 9 bytes, 8 are allowed",
        "  run() raised KeyError: 'data' (score.py:7)",
    ]


# late answers


@pytest.mark.parametrize(("status", "said"), [(200, "said 200"), (None, "said nothing")])
def test_an_answer_that_nobody_waited_for_is_told(status, said):
    assert lanes.late(AnsweredLate(3, "POST", "/score?a", status, 8210.0, 5003.0)) == (
        f"POST /score?a (request 3): the model {said} after 8.2 s, 3.2 s after its caller was answered"
    )


# time in a debugger


@pytest.mark.parametrize(
    ("paused_ms", "told"),
    [
        (0.0, ""),
        (40.0, "  paused 0.0 s"),
        (6230.0, "  paused 6.2 s"),
        (9999.0, "  paused 10.0 s"),
        (41_300.0, "  paused 41 s"),
    ],
)
def test_how_long_a_request_stood_still_is_told(paused_ms, told):
    """Tenths of a second are of no interest where somebody has thought."""
    assert lanes.paused(exchange(Response(200, "OK", []), paused_ms=paused_ms)) == told


def test_what_the_cloud_would_have_said_meanwhile_is_told():
    """The caller got the model's answer, for its clock stood still."""
    cloud = Response(408, "Request Timeout", [])
    seen = exchange(Response(200, "OK", []), cloud=cloud, cloud_ms=5003.0, paused_ms=41_000.0)

    assert lanes.lanes(seen) == " (cloud: 408 at 5.0 s)"

"""An exchange in one line: what its caller got, and why."""

from __future__ import annotations

import pytest
from amlemu.control.models import RequestLine
from amlemu.errors import BackendTimeout, WorkerCrashed
from amlemu.exchange import Exchange, Frame, Request, Response

FAULT = {"what": "run() raised KeyError: 'data'", "where": "score.py:7", "traceback": "Traceback ...", "hint": ""}
REQUEST = Request("POST", "/score?a=1", [], b"{}", number=17)


def answer(status, **account):
    return Response(status, "", [], b"", account)


def test_a_good_request_in_one_line():
    said = answer(200, run_ms=11.9, peak_bytes=7_000_000, generation=5)
    line = RequestLine.of(Exchange(REQUEST, started_at=1000.5, elapsed_ms=12.34567, model=said, response=said))

    assert line.model_dump() == {
        "number": 17,
        "at": 1000.5,
        "method": "POST",
        "target": "/score?a=1",
        "status": 200,
        "model_status": 200,
        "paused_ms": 0.0,
        "elapsed_ms": 12.346,
        "run_ms": 11.9,
        "peak_bytes": 7_000_000,
        "generation": 5,
        "why": "",
        "reason": "",
        "client_left": False,
    }


@pytest.mark.parametrize(
    ("what", "status", "model_status", "reason"),
    [
        pytest.param(
            {"model": answer(500, fault=FAULT), "response": answer(424)},
            424,
            500,
            "run() raised KeyError: 'data' (score.py:7)",
            id="run-raised",
        ),
        pytest.param(
            {"failure": WorkerCrashed("worker 2 ended with SIGKILL")},
            None,
            None,
            "worker 2 ended with SIGKILL",
            id="closed",
        ),
        pytest.param(
            {
                "failure": BackendTimeout("no answer within 5 s"),
                "response": answer(408),
                "stack": [Frame("score.py", 7, "wait")],
                "where": "score.py:7 wait",
            },
            408,
            None,
            "no answer within 5 s; in run(): score.py:7 wait",
            id="deadline",
        ),
        pytest.param(
            {
                "failure": BackendTimeout("no answer within 5 s"),
                "response": answer(408),
                "where": "waiting for a worker",
            },
            408,
            None,
            "no answer within 5 s; it was waiting for a worker",
            id="deadline-in-the-queue",
        ),
        pytest.param(
            {"failure": WorkerCrashed("worker 2 ended"), "response": Response(200, "OK", [], iter([b"1"]))},
            None,
            None,
            "worker 2 ended",
            id="stream-broke-off",
        ),
        pytest.param(
            {"model": answer(502, silence="the container said nothing"), "response": answer(424)},
            424,
            502,
            "the container said nothing",
            id="silence",
        ),
    ],
)
def test_what_went_wrong_is_told(what, status, model_status, reason):
    line = RequestLine.of(Exchange(REQUEST, **what))

    assert (line.status, line.model_status, line.reason) == (status, model_status, reason)


def test_what_the_front_door_decided_is_told():
    line = RequestLine.of(
        Exchange(REQUEST, response=answer(429), why="more than 500 requests a second", client_left=True)
    )

    assert (line.status, line.why, line.client_left) == (429, "more than 500 requests a second", True)

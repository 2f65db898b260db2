"""What can be asked: status, requests, logs, readiness, a reload; over real sockets."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager

import httpx
import pytest
from amlemu.control.models import ReloadOutcome
from amlemu.exchange import Exchange, Request, Response


def exchange(number):
    request = Request("POST", "/score", [], number=number)
    answer = Response(200, "OK", [], b"[]", {"run_ms": 11.9, "generation": 5})
    return Exchange(request, started_at=1000.0 + number, elapsed_ms=12.4, model=answer, response=answer)


@contextmanager
def asking(work):
    """Ask in a thread; yields a list that will have the answer."""
    answers = []
    thread = threading.Thread(target=lambda: answers.append(work()))
    thread.start()
    yield answers
    thread.join(10)


def following(lines):
    """Parse lines as they come."""
    return (json.loads(line) for line in lines)


def test_status_is_what_the_server_says(server, ask):
    server.told.state, server.told.why = "unhealthy", "score.py:1: not valid Python"
    told = ask.get("/status").json()

    assert told == {
        "state": "unhealthy",
        "why": "score.py:1: not valid Python",
        "script": server.told.script,
        "profile": "managed",
        "url": "http://127.0.0.1:5001",
        "pid": 4711,
        "version": "0.1.0",
        "started_at": 1000.0,
        "uptime_s": 65.0,
        "generation": 1,
        "reloads": 0,
        "requests": 0,
        "watching": "",
        "reload_mode": "auto",
        "generations": [],
        "replicas": None,
        "replicas_before": [],
        "launcher": "",
        "debugger": "",
        "deployment": "blue",
    }


def test_a_reload_is_answered_when_it_is_over(running, server, ask):
    """Not before."""
    with asking(lambda: ask.post("/reload").json()) as answers:
        with running.client() as other:
            other.get("/status")

        assert answers == []
        running.call(server.may_reload.set)

    assert answers == [
        {"generation": 2, "ok": True, "took_ms": 180.5, "boot_ms": 150.25, "fault": None, "serving": None}
    ]


def test_a_reload_that_fails_is_an_answer_too(running, server, ask):
    """With the fault as data, and with the generation that goes on."""
    fault = {"what": "init() raised ValueError: no", "where": "score.py:3"}
    server.outcome = ReloadOutcome(generation=2, ok=False, took_ms=20, boot_ms=18, fault=fault, serving=1)
    running.call(server.may_reload.set)
    answer = ask.post("/reload")

    assert answer.status_code == 200
    assert (answer.json()["ok"], answer.json()["fault"], answer.json()["serving"]) == (False, fault, 1)


def test_the_last_requests_are_told_oldest_first(server, ask):
    server.done = [exchange(number) for number in range(1, 31)]

    assert [line["number"] for line in ask.get("/requests").json()] == list(range(11, 31))
    assert [line["number"] for line in ask.get("/requests", params={"lines": 2}).json()] == [29, 30]
    assert ask.get("/requests", params={"lines": 0}).json() == []


def test_requests_can_be_had_whole_an_object_a_line(server, ask):
    server.done = [exchange(number) for number in range(1, 31)]
    answer = ask.get("/exchanges")
    lines = [json.loads(line) for line in answer.text.splitlines()]

    assert answer.headers["content-type"] == "application/x-ndjson"
    assert [line["number"] for line in lines] == list(range(1, 31))
    assert lines[0]["amlemu"] == "exchange"
    assert [json.loads(line)["number"] for line in ask.get("/exchanges?lines=2").text.splitlines()] == [29, 30]
    assert ask.get("/exchanges?lines=0").text == ""


def test_more_lines_than_a_machine_can_count_are_refused(ask):
    assert ask.get("/exchanges", params={"lines": 1 << 63}).status_code == 422


def test_requests_that_are_cut_off_by_the_end_are_not_taken_for_all(running, server):
    """An answer that ended early as if it were whole would be a file with a part of them."""
    large = Exchange(Request("POST", "/score", [], b"x" * (1 << 20), number=1))
    server.done = [large] * 40
    with running.client() as client, client.stream("GET", "/exchanges") as answer:
        pieces = answer.iter_bytes()
        next(pieces)
        running.stop()

        with pytest.raises(httpx.RemoteProtocolError):
            list(pieces)


def test_logs_are_lines_of_json(server, ask):
    """The last ones, with stream and time."""
    server.transcript.add("stdout", "score | one\nscore | two\n")
    server.transcript.add("stderr", "POST /score 200\n")
    answer = ask.get("/logs", params={"lines": 2})
    lines = [json.loads(line) for line in answer.text.splitlines()]

    assert answer.headers["content-type"] == "application/x-ndjson"
    assert [(line["number"], line["stream"], line["text"]) for line in lines] == [
        (2, "stdout", "score | two"),
        (3, "stderr", "POST /score 200"),
    ]
    assert lines[0]["at"] > 1_600_000_000


def test_logs_can_tell_what_is_no_text(server, ask):
    """A script may print half a character."""
    server.transcript.add("stdout", "half \udce2\n")

    assert json.loads(ask.get("/logs").text)["text"] == "half \\udce2"


def test_a_follower_sees_what_comes(running, server, ask):
    server.transcript.add("stdout", "before\n")
    with ask.stream("GET", "/logs", params={"lines": 1, "follow": True}) as answer:
        lines = following(answer.iter_lines())
        first = next(lines)["text"]
        running.call(lambda: server.transcript.add("stdout", "after\nand after\n"))
        then = [next(lines)["text"], next(lines)["text"]]

    assert (first, then) == ("before", ["after", "and after"])


def test_a_follower_may_want_nothing_of_the_past(running, server, ask):
    server.transcript.add("stdout", "before\n")
    with ask.stream("GET", "/logs", params={"lines": 0, "follow": True}) as answer:
        running.call(lambda: server.transcript.add("stdout", "after\n"))

        assert next(following(answer.iter_lines()))["text"] == "after"


def test_a_follower_is_let_go_when_the_server_stops(running, server, ask):
    """The answer ends as it should: no error, all that was said before."""
    with ask.stream("GET", "/logs", params={"follow": True}) as answer:
        lines = following(answer.iter_lines())
        running.call(lambda: server.transcript.add("stdout", "last\n"))
        last = next(lines)["text"]
        running.stop()

        assert (last, list(lines)) == ("last", [])


def test_ready_is_answered_as_soon_as_it_is_so(running, server, ask):
    with asking(lambda: ask.get("/ready", params={"wait_s": 60}).json()) as answers:
        with running.client() as other:
            other.get("/status")
        running.call(server.is_ready.set)

    assert answers == [{"ready": True, "state": "ready", "why": ""}]


def test_ready_says_after_the_time_what_is_in_the_way(server, ask):
    server.told.state, server.told.why = "unhealthy", "score.py:1: not valid Python"

    assert ask.get("/ready", params={"wait_s": 0.01}).json() == {
        "ready": False,
        "state": "unhealthy",
        "why": "score.py:1: not valid Python",
    }


def test_who_waits_is_told_when_the_server_stops(running, ask):
    with asking(lambda: ask.post("/reload")) as answers:
        with running.client() as other:
            other.get("/status")
        running.stop()

    assert (answers[0].status_code, answers[0].json()) == (503, {"error": "the server is stopping", "hint": ""})

"""What a person, a log reader and a program see of the same events and exchanges."""

from __future__ import annotations

import io
import json
import logging
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from amlemu import console, profile
from amlemu.console import JsonConsole, Paint, PersonConsole, ServerConsole, choose
from amlemu.deployment import Deployment
from amlemu.emulator import Plan
from amlemu.errors import Unreachable, WorkerCrashed
from amlemu.events import RequestRefused, Spoke, WorkerEnded, WorkerReady, WorkerStarted, WorkerTimedOut
from amlemu.exchange import Exchange, Request, Response

AT = 1795190400.25  # 2026-11-20 16:00:00.250 UTC
FAULT = {
    "what": "run() raised KeyError: 'data'",
    "where": "score.py:7",
    "traceback": "Traceback (most recent call last):\n  File \"/app/score.py\", line 7, in run\nKeyError: 'data'\n",
}


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    """No wishes about colour in the environment."""
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def plan(tmp_path):
    deployment = Deployment(script=tmp_path / "score.py", app_root=tmp_path, python=Path("/env/bin/python"))
    return Plan(deployment=deployment, profile=profile.load("bare"))


def shown(kind, *happened, **options):
    """Return what a console writes to (stdout, stderr) when it is told these things."""
    out, err = io.StringIO(), io.StringIO()
    seen = kind(out, err, **options)
    for thing in happened:
        seen.exchange(thing) if isinstance(thing, Exchange) else seen.event(thing)
    seen.flush()
    return out.getvalue(), err.getvalue()


def exchange(response=None, **rest):
    fields = {"method": "POST", "target": "/score", "headers": [], "body": b"{}", **rest.pop("request", {})}
    return Exchange(Request(**fields), AT, 12.34, response, **rest)


def ended(**fields):
    return WorkerEnded(**{"pid": 7, "exit_code": -9, "planned": False, "restart_in_s": 0.0, **fields})


# colour


@pytest.mark.parametrize(
    ("stream", "variables", "is_coloured"),
    [
        pytest.param(Terminal, {}, True, id="terminal"),
        pytest.param(io.StringIO, {}, False, id="not-a-terminal"),
        pytest.param(Terminal, {"NO_COLOR": "1"}, False, id="NO_COLOR"),
        pytest.param(Terminal, {"NO_COLOR": ""}, True, id="empty-NO_COLOR"),
        pytest.param(io.StringIO, {"FORCE_COLOR": "1"}, True, id="FORCE_COLOR"),
        pytest.param(Terminal, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False, id="both"),
    ],
)
def test_colour_is_for_terminals_and_for_those_who_insist(monkeypatch, stream, variables, is_coloured):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert Paint(stream())("red", "text") == ("\x1b[31mtext\x1b[0m" if is_coloured else "text")


def test_each_stream_has_its_own_colour():
    """`amlemu serve ... > log` keeps escape codes out of the file, though stderr is a terminal."""
    out, err = io.StringIO(), Terminal()
    person = PersonConsole(out, err)
    person.event(Spoke("stdout", "one\n", 7))
    person.event(Spoke("stderr", "two\n", 7))
    person.flush()

    assert out.getvalue() == "score | one\n"
    assert err.getvalue() == "\x1b[2mscore |\x1b[0m two\n"


def test_colour_changes_no_word(plan, monkeypatch):
    """One message, painted or not."""
    story = (
        WorkerReady(7, 5.0),
        Spoke("stdout", "hello\n", 7),
        exchange(Response(500, "", [], account={"fault": FAULT})),
        ended(),
    )
    plain_text = "".join(shown(PersonConsole, *story))
    monkeypatch.setenv("FORCE_COLOR", "1")
    painted = "".join(shown(PersonConsole, *story))

    assert painted != plain_text
    assert re.sub(r"\x1b\[\d+m", "", painted) == plain_text


# the start block


def block(plan, port=5001):
    err = io.StringIO()
    person = PersonConsole(io.StringIO(), err)
    person.event(WorkerReady(7, 212.4))
    person.started(plan, port)
    person.flush()
    return err.getvalue().splitlines()


def test_the_start_block_tells_what_where_and_what_not(plan, tmp_path):
    lines = block(plan)

    assert len(lines) <= 8
    assert re.fullmatch(rf"amlemu [\d.]+ serves {tmp_path}/score\.py  \(profile bare: .+\)", lines[0])
    assert lines[1] == "  python   /env/bin/python, 1 worker process, ready in 212 ms"
    assert "http://127.0.0.1:5001/score" in lines[2]
    assert lines[3].startswith("  try      curl -s http://127.0.0.1:5001/score -H 'Content-Type: application/json'")
    assert lines[-1].startswith("  not emulated yet: ")


def test_the_start_block_stays_short_with_everything_in_it(plan, tmp_path, monkeypatch):
    """A model, several workers, and a sample request beside the script."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sample-request.json").write_text("{}")
    full = Deployment(
        tmp_path / "score.py", tmp_path, Path("/p"), model_dir=tmp_path, environment={"A": "1"}, workers=3
    )
    lines = block(Plan(deployment=full, profile=plan.profile))

    assert len(lines) <= 8
    assert "  python   /p, 3 worker processes, ready in 212 ms" in lines
    assert f"  model    AZUREML_MODEL_DIR={tmp_path}" in lines
    assert any(line.endswith("--data-binary @sample-request.json") for line in lines)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:5001/score"),
        ("::1", "http://[::1]:5001/score"),
        ("", "http://127.0.0.1:5001/score"),
    ],
)
def test_the_url_can_be_opened(plan, host, url):
    """An address that means "all" is no address to call."""
    assert any(f" {url} " in line for line in block(replace(plan, host=host)))


def test_other_backends_say_so(plan):
    assert "  upstream http://far:80" in block(replace(plan, backend="upstream", upstream="http://far:80"))
    assert any("in a thread of this process" in line for line in block(replace(plan, backend="inprocess")))


# the script's words


def test_the_two_streams_are_labelled_and_kept_apart():
    out, err = shown(
        PersonConsole, Spoke("stdout", "one\ntwo\n", 7), Spoke("stderr", "three\n", 7), Spoke("log", "printed", 7)
    )

    assert out == "score | one\nscore | two\nscore | printed\n"
    assert err == "score | three\n"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        pytest.param("no end", "score | no end\n", id="no-line-end"),
        pytest.param("a\n\nb\n", "score | a\nscore | \nscore | b\n", id="empty-line"),
        pytest.param("10%\r20%\r\n", "score | 10%\rscore | 20%\r\n", id="progress-bar"),
        pytest.param("a\u2028b\x0bc\x85d\n", "score | a\u2028b\x0bc\x85d\n", id="separators-that-end-no-line"),
    ],
)
def test_words_are_marked_and_unchanged(text, label):
    assert shown(PersonConsole, Spoke("stdout", text, 7)) == (label, "")


def test_an_empty_print_is_a_line():
    assert shown(PersonConsole, Spoke("log", "", 7)) == ("score | \n", "")


def test_the_servers_own_records_are_shown_only_as_warnings():
    records = [Spoke("log", "Scoring timeout is set to 3600000", 7, "azmlinfsrv", own=True)]
    records += [Spoke("log", "x-ms-request-id header has been deprecated", 7, "azmlinfsrv", "WARNING", own=True)]
    records += [Spoke("log", "Encountered Exception: ...", 7, "azmlinfsrv", "ERROR", own=True)]  # told by the exchange

    assert shown(PersonConsole, *records) == ("", "amlemu: x-ms-request-id header has been deprecated\n")


def test_what_a_stream_cannot_encode_is_escaped():
    """Nothing that was written before or after it is lost."""
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    person = PersonConsole(out, io.StringIO())
    person.event(Spoke("stdout", "before\n", 7))
    person.event(Spoke("log", "caf\u00e9 \ud800", 7))
    person.event(Spoke("stdout", "after\n", 7))
    person.flush()

    assert raw.getvalue() == b"score | before\nscore | caf\\xe9 \\ud800\nscore | after\n"


def test_a_reader_that_has_gone_stops_nobody():
    read, write = os.pipe()
    os.close(read)
    with open(write, "w", buffering=1, encoding="utf-8") as out:
        person = PersonConsole(out, err := io.StringIO())
        person.event(Spoke("stdout", "lost\n", 7))
        person.event(Spoke("stderr", "kept\n", 7))
        person.flush()
        os.dup2(os.open(os.devnull, os.O_WRONLY), write)  # so that closing it has somewhere to write

    assert err.getvalue() == "score | kept\n"


# requests


@pytest.mark.parametrize(
    ("seen", "line"),
    [
        pytest.param(
            exchange(Response(200, "OK", [], account={"run_ms": 11.91})),
            "POST /score 200 12.3 ms  run 11.9 ms\n",
            id="fine",
        ),
        pytest.param(exchange(Response(404, "NOT FOUND", [])), "POST /score 404 12.3 ms\n", id="refused"),
        pytest.param(
            exchange(Response(200, "OK", []), client_left=True),
            "POST /score 200 12.3 ms  the client had left\n",
            id="client-left",
        ),
        pytest.param(
            exchange(failure=WorkerCrashed("the worker was killed by SIGKILL before it had answered", where="pid 7")),
            "POST /score closed 12.3 ms\n"
            "  pid 7: the worker was killed by SIGKILL before it had answered; the connection was closed without an answer\n",
            id="crashed",
        ),
        pytest.param(
            exchange(failure=Unreachable("no answer", where="http://far")),
            "POST /score closed 12.3 ms\n  http://far: no answer\n",
            id="unreachable",
        ),
        pytest.param(
            exchange(Response(500, "INTERNAL SERVER ERROR", [], account={"fault": FAULT})),
            "POST /score 500 12.3 ms\n"
            "  run() raised KeyError: 'data' (score.py:7)\n"
            "  Traceback (most recent call last):\n"
            '    File "/app/score.py", line 7, in run\n'
            "  KeyError: 'data'\n",
            id="failed",
        ),
        pytest.param(
            exchange(Response(200, "OK", []), request={"method": "GET", "target": "/", "body": b""}), "", id="probe"
        ),
        pytest.param(
            exchange(Response(200, "OK", []), request={"method": "GET", "target": "/?a", "body": b""}),
            "GET /?a 200 12.3 ms\n",
            id="not-quite-a-probe",
        ),
    ],
)
def test_a_request_is_a_line_and_a_failure_has_its_reason_below(seen, line):
    assert shown(PersonConsole, seen) == ("", line)


@pytest.mark.parametrize(
    ("content_type", "body", "is_explained"),
    [
        ("application/x-www-form-urlencoded", b"{}", True),
        ("multipart/form-data; boundary=x", b"{}", True),
        ("application/json", b"{}", False),
        ("application/x-www-form-urlencoded", b"", False),
    ],
)
def test_a_form_that_made_the_script_fail_is_explained(content_type, body, is_explained):
    request = {"headers": [("Content-Type", content_type)], "body": body}
    text = shown(PersonConsole, exchange(Response(500, "", [], account={"fault": FAULT}), request=request))[1]

    assert ("the body came as a form, as curl -d sends it" in text) == is_explained
    assert "form" not in shown(PersonConsole, exchange(Response(200, "", []), request=request))[1]


# workers


@pytest.mark.parametrize(
    ("event", "line"),
    [
        pytest.param(
            ended(),
            "amlemu: worker 7 ended while idle with SIGKILL; it may have run out of memory. A new one starts.\n",
            id="killed",
        ),
        pytest.param(
            ended(exit_code=1, busy_s=8.2, last_line="Out of cheese"),
            'amlemu: worker 7 ended while run() had been busy for 8.2 s with exit code 1. Last line of its stderr: "Out of cheese". A new one starts.\n',
            id="exited-in-run",
        ),
        pytest.param(
            ended(exit_code=-11, was_booting=True, restart_in_s=0.25),
            "amlemu: worker 7 ended while the script was loading with SIGSEGV; C code in a library crashed. A new one starts in 0.25 s.\n",
            id="crashed-at-start",
        ),
        pytest.param(
            ended(exit_code=-12),
            "amlemu: worker 7 ended while idle with signal 12. A new one starts.\n",
            id="another-signal",
        ),
        pytest.param(ended(planned=True, restart_in_s=None), "", id="as-planned"),
        pytest.param(ended(was_booting=True, restart_in_s=None), "", id="told-as-boot-failure"),
        pytest.param(
            WorkerTimedOut(7, 2),
            "amlemu: worker 7 is stopped: run() took longer than WORKER_TIMEOUT = 2 s\n",
            id="timed-out",
        ),
        pytest.param(WorkerStarted(7), "", id="started"),
        pytest.param(
            RequestRefused("127.0.0.1", "Invalid HTTP Header: 'x'"),
            "amlemu: refused what 127.0.0.1 sent, which is no request: Invalid HTTP Header: 'x'\n",
            id="no-request",
        ),
    ],
)
def test_the_end_of_a_worker_is_told_in_a_sentence(event, line):
    """What, when, why as far as known, and what happens next."""
    assert shown(PersonConsole, event) == ("", line)


def test_no_replacement_is_promised_when_there_is_none():
    """`amlemu invoke` has one request only."""
    assert "A new one" not in shown(PersonConsole, ended(), restarts=False)[1]


def test_workers_that_die_at_every_start_are_explained_once():
    deaths = [ended(was_booting=True, restart_in_s=1.0)] * 5

    assert shown(PersonConsole, *deaths)[1].count("Azure's server, too, would start workers for ever") == 1


def test_frames_of_ours_are_cut_from_a_dump():
    """faulthandler writes them when C code crashes."""
    ours = Path(console.__file__).parent / "worker" / "child.py"
    dump = f'Fatal Python error: Segmentation fault\n\nCurrent thread (most recent call first):\n  File "/app/score.py", line 3 in run\n  File "{ours}", line 90 in _answer\n'

    assert (
        shown(PersonConsole, Spoke("stderr", dump, 7))[1].splitlines()[-1]
        == 'score |   File "/app/score.py", line 3 in run'
    )


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        pytest.param(
            {**FAULT, "where": "score.py:3", "what": "init() raised ValueError: no", "hint": ""},
            FAULT["traceback"] + "amlemu: the script does not start: score.py:3: init() raised ValueError: no.\n",
            id="raised",
        ),
        pytest.param(
            {"what": "it has no run()", "where": "score.py:1", "hint": "Add one.", "traceback": ""},
            "amlemu: the script does not start: score.py:1: it has no run().\n        Add one.\n",
            id="hint",
        ),
        pytest.param({"what": "it ended"}, "amlemu: the script does not start: it ended.\n", id="place-unknown"),
    ],
)
def test_a_boot_failure_shows_the_traceback_then_one_sentence(fault, text):
    person = PersonConsole(out := io.StringIO(), err := io.StringIO())
    person.boot_failed(fault)
    person.flush()

    assert (out.getvalue(), err.getvalue()) == ("", text)


# warnings of the library


@pytest.mark.parametrize("logger", ["amlemu.gateway.wire", "uvicorn.error"])
def test_warnings_of_the_library_are_lines_of_ours(logger):
    """Not its chatter."""
    person = PersonConsole(io.StringIO(), err := io.StringIO())
    before = {name: list(logging.getLogger(name).handlers) for name in ("amlemu", "uvicorn")}
    person.show_warnings()
    try:
        logging.getLogger(logger).warning("closed %s", "a connection")
        logging.getLogger(logger).info("opened")
    finally:
        for name, handlers in before.items():
            logging.getLogger(name).handlers[:] = handlers
    person.flush()

    assert err.getvalue() == "amlemu: closed a connection\n"


# the real server's format


def test_the_servers_format_is_the_real_ones():
    """Literal lines from contract 4.13, with our times."""
    out, err = shown(
        ServerConsole,
        Spoke("log", "init done", 7, "azmlinfsrv.print", at=AT),
        Spoke("stdout", "raw\n", 7),
        Spoke("stderr", "WARNING:root:careful\n", 7),
        Spoke("log", "Error handling request", 7, "gunicorn.error", "ERROR", AT),
        exchange(
            Response(
                200,
                "OK",
                [("Server", "gunicorn")],
                b"123",
                {"api_name": "/score", "duration_ms": 1000.8934, "length": 3, "pid": 7},
            ),
            sent_bytes=3,
        ),
    )

    stamp = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}"
    lines = out.splitlines()
    assert lines[:2] == ["2026-11-20 16:00:00,250 I [7] azmlinfsrv.print - init done", "raw"]
    assert re.fullmatch(rf"{stamp} I \[7\] azmlinfsrv - POST /score 200 1000\.893ms 3", lines[2])
    access = r'gunicorn\.access - 127\.0\.0\.1 - - \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d \+0000\] "POST /score HTTP/1\.1" 200 3 "-" "-"'
    assert re.fullmatch(rf"{stamp} I \[7\] {access}", lines[3])
    assert err == "WARNING:root:careful\n2026-11-20 16:00:00,250 E [7] gunicorn.error - Error handling request\n"


def test_the_servers_format_has_no_line_for_a_probe():
    """Only the exact line `GET / HTTP/1.1` is filtered (contract 3.6)."""
    probe = {"method": "GET", "target": "/", "body": b""}

    assert shown(ServerConsole, exchange(Response(200, "OK", []), request=probe)) == ("", "")
    assert (
        '"HEAD / HTTP/1.1" 200'
        in shown(ServerConsole, exchange(Response(200, "OK", []), request={**probe, "method": "HEAD"}))[0]
    )


# for programs


def test_json_lines_parse_and_name_their_kind():
    story = (
        WorkerStarted(7),
        Spoke("log", "caf\u00e9 \ud800\n", 7),
        exchange(Response(200, "OK", [], account={"run_ms": 1.0})),
        ended(),
    )
    out, err = shown(JsonConsole, *story)

    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["event"] for line in lines] == ["WorkerStarted", "Spoke", "Exchange", "WorkerEnded"]
    assert lines[1]["text"] == "caf\u00e9 \ud800\n"
    assert (lines[2]["status"], lines[2]["account"]) == (200, {"run_ms": 1.0})
    assert (lines[3]["exit_code"], err) == (-9, "")


def test_json_has_no_status_where_nobody_answered():
    out, _ = shown(JsonConsole, exchange(failure=WorkerCrashed("it died", where="pid 7")))

    assert json.loads(out)["status"] is None
    assert json.loads(out)["failure"] == "pid 7: it died"


def test_json_tells_start_stop_and_everything_said(plan):
    seen = JsonConsole(out := io.StringIO(), io.StringIO())
    seen.started(plan, 5001)
    seen.say("yellow", "careful")
    seen.boot_failed(FAULT)
    seen.stopped()
    seen.flush()

    assert [json.loads(line) for line in out.getvalue().splitlines()] == [
        {"event": "Started", "url": "http://127.0.0.1:5001", "profile": "bare"},
        {"event": "Said", "text": "careful"},
        {"event": "BootFailed", **FAULT},
        {"event": "Stopped"},
    ]


@pytest.mark.parametrize(
    ("log_format", "as_json", "kind"),
    [("amlemu", False, PersonConsole), ("azmlinfsrv", False, ServerConsole), ("azmlinfsrv", True, JsonConsole)],
)
def test_the_flags_choose_the_rendering(log_format, as_json, kind):
    assert type(choose(log_format, as_json)) is kind

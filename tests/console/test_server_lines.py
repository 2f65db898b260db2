"""The real server's lines, literally."""

from __future__ import annotations

import re

import pytest
from amlemu.console import ServerConsole
from amlemu.errors import WorkerCrashed
from amlemu.events import LeftBehind, Noticed, ReloadBegan, Reloaded, ReloadFailed, Spoke
from amlemu.exchange import Response

from .told import AT, FAULT, ended, exchange, shown


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


def test_what_the_server_prints_bare_is_a_bare_line():
    """Before `print` becomes a record; gunicorn's word about a worker that does not start, on stderr."""
    out, err = shown(
        ServerConsole,
        Spoke("log", "Initializing logger", 7, "amlemu.plain", at=AT, own=True),
        Spoke("log", "5 is not a callable object", 7, "amlemu.plain", "ERROR", AT, own=True),
    )

    assert (out, err) == ("Initializing logger\n", "5 is not a callable object\n")


def test_what_the_worker_has_said_itself_is_not_said_again():
    """A script with a logging.json: its lines have come as the script wants them, or not at all."""
    account = {"api_name": "/score", "duration_ms": 1.0, "length": 3, "logged": True}

    assert shown(ServerConsole, exchange(Response(200, "OK", [], b"123", account), sent_bytes=3)) == ("", "")


def test_the_servers_format_has_no_line_for_a_probe():
    """Only the exact line `GET / HTTP/1.1` is filtered (contract 3.6)."""
    probe = {"method": "GET", "target": "/", "body": b""}

    assert shown(ServerConsole, exchange(Response(200, "OK", []), request=probe)) == ("", "")
    assert (
        '"HEAD / HTTP/1.1" 200'
        in shown(ServerConsole, exchange(Response(200, "OK", []), request={**probe, "method": "HEAD"}))[0]
    )


def test_the_servers_lines_are_about_what_the_model_said():
    """Whatever became of it in front: this is what the container's log has."""
    account = {"api_name": "/score", "duration_ms": 1.0, "length": 5}
    said = Response(500, "INTERNAL SERVER ERROR", [("Server", "gunicorn")], b"12345", account)
    out, _ = shown(ServerConsole, exchange(Response(424, "Failed Dependency", [], b""), model=said, sent_bytes=0))

    server, access = out.splitlines()
    assert " azmlinfsrv - POST /score 500 1.000ms 5" in server
    assert '"POST /score HTTP/1.1" 500 5 "-" "-"' in access


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(exchange(Response(413, "Payload Too Large", []), model=None), id="refused-in-front"),
        pytest.param(
            exchange(Response(424, "", []), model=Response(502, "Bad Gateway", [], account={"silence": "it died"})),
            id="the-containers-own-page",
        ),
        pytest.param(exchange(failure=WorkerCrashed("it died")), id="closed"),
    ],
)
def test_the_server_has_no_line_for_what_it_has_not_answered(seen):
    assert shown(ServerConsole, seen) == ("", "")


def test_a_worker_that_died_of_a_signal_without_a_name_has_its_line():
    """gunicorn 27.0.1, arbiter.py: the number stands for the name."""
    assert shown(ServerConsole, ended(exit_code=-45))[1].endswith(" Worker (pid:7) was sent signal 45!\n")


def test_of_reloads_only_what_needs_a_person_is_said():
    """The real server has no word for them; its own lines have told why a script does not start."""
    out, err = shown(
        ServerConsole,
        ReloadBegan(3, ("/src/score.py",), "beside"),
        ReloadFailed(3, ("/src/score.py",), FAULT, 2),
        Reloaded(4, ("/src/score.py",), 41.0, 84.0),
        Noticed("the folder is gone"),
        LeftBehind("a container is still there"),
    )

    told = "generation 3 does not start. Generation 2 goes on serving (--keep-last-good)."
    assert (out, err) == (
        "",
        f"amlemu: {told}\namlemu: the folder is gone\namlemu: a container is still there\n",
    )

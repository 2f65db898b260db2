"""What is told of a request beside a failing test: values in, text out."""

from __future__ import annotations

import textwrap

import pytest
from amlemu.errors import BackendTimeout, WorkerCrashed
from amlemu.events import Spoke
from amlemu.exchange import Exchange, Frame, Request, Response
from amlemu.testing.story import shown, story, value_shown

JSON = [("Content-Type", "application/json")]
ASKED = Request("POST", "/score", [*JSON, ("Host", "localhost"), ("Authorization", "Bearer secret")], b'{"by": 0}')
OK = Response(200, "OK", [*JSON, ("Date", "today")], b"[1]")
FAULT = {
    "what": "run() raised ZeroDivisionError: division by zero",
    "where": "score.py:5",
    "traceback": 'Traceback (most recent call last):\n  File "score.py", line 5, in run\nZeroDivisionError: division by zero\n',
}


def failed(**fault):
    """An exchange whose run() has raised, as callers of a managed endpoint see it."""
    model = Response(500, "INTERNAL SERVER ERROR", JSON, b"look", {"fault": {**FAULT, **fault}})
    told = [("ms-azureml-model-error-statuscode", "500"), ("x-ms-request-id", "1"), *JSON]
    return Exchange(ASKED, model=model, response=Response(424, "Failed Dependency", told, b"look"))


def said(text, stream="log", level="INFO", **rest):
    return Spoke(stream, text, 7, "azmlinfsrv", level, **rest)


def log_of(*spoken, exchange=None):
    """Return the lines below the headline of the log."""
    _, headline, log = story(exchange or Exchange(ASKED, model=OK, response=OK), "here", spoken).partition(
        "log of this request:\n"
    )
    return [line[8:] for line in log.splitlines()] if headline else None


def test_a_failure_is_told_as_a_whole():
    """What was asked, what the caller got, what the model said, why, and the script's words; headers that say something only."""
    text = story(
        failed(hint="Do not divide."), "worker, profile managed", [said("by 0\n"), said("odd", level="WARNING")]
    )

    assert text == textwrap.dedent("""\
        asked:  POST /score
                Content-Type: application/json
                Authorization: (not kept)
                {"by": 0}
        caller: got 424 Failed Dependency (worker, profile managed)
                ms-azureml-model-error-statuscode: 500
                Content-Type: application/json
                look
        model:  said 500 INTERNAL SERVER ERROR
        why:    run() raised ZeroDivisionError: division by zero (score.py:5)
                  Traceback (most recent call last):
                    File "score.py", line 5, in run
                  ZeroDivisionError: division by zero
                  Do not divide.
        log of this request:
                by 0
                WARNING odd""")


def test_an_answer_that_went_through_is_told_once():
    """The model's is the caller's."""
    lines = story(Exchange(ASKED, model=OK, response=OK), "here").splitlines()

    assert lines[4:] == [
        "caller: got 200 OK (here)",
        "        Content-Type: application/json",
        "        [1]",
        "model:  said 200 OK, the same",
    ]


def test_another_body_of_the_model_is_told():
    """A front door that puts its own in the place of it."""
    model = Response(500, "", JSON, b"the model's own")
    lines = story(Exchange(ASKED, model=model, response=Response(502, "Bad Gateway", [], b"<p>")), "here").splitlines()

    assert lines[4:] == [
        "caller: got 502 Bad Gateway (here)",
        "        <p>",
        "model:  said 500",
        "        Content-Type: application/json",
        "        the model's own",
    ]


@pytest.mark.parametrize(
    ("rest", "why"),
    [
        pytest.param({"why": "the body is too large"}, ["why:    the body is too large"], id="refused"),
        pytest.param(
            {"failure": WorkerCrashed("the worker was killed by SIGKILL")},
            ["why:    the worker was killed by SIGKILL"],
            id="failed",
        ),
        pytest.param(
            {
                "failure": BackendTimeout("no answer within 5 s"),
                "where": "score.py:9, in run",
                "stack": [Frame("score.py", 9, "run")],
            },
            ["why:    no answer within 5 s; still in run(): score.py:9, in run"],
            id="late-in-run",
        ),
        pytest.param(
            {"failure": BackendTimeout("no answer within 5 s"), "where": "waiting for a worker"},
            ["why:    no answer within 5 s; it was waiting for a worker"],
            id="late-before-run",
        ),
    ],
)
def test_the_front_door_says_why(rest, why):
    """The model said nothing then."""
    text = story(Exchange(ASKED, response=Response(408, "Request Timeout", []), **rest), "here")

    assert text.splitlines()[4:] == ["caller: got 408 Request Timeout (here)", "model:  said nothing", *why]


def test_a_closed_connection_is_told():
    """Also where the model had answered."""
    text = story(Exchange(ASKED, model=OK), "worker")

    assert text.splitlines()[4:] == [
        "caller: the connection was closed without an answer (worker)",
        "model:  said 200 OK",
        "        Content-Type: application/json",
        "        [1]",
    ]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        pytest.param(13, [*range(13)], id="just-fits"),
        pytest.param(14, [*range(14)], id="dots-would-stand-for-nothing"),
        pytest.param(40, ["...", *range(26, 40)], id="too-long"),
    ],
)
def test_of_a_long_traceback_the_end_is_told(lines, told):
    """Its first lines are far from what went wrong."""
    text = story(failed(traceback="\n".join(map(str, range(lines)))), "here")

    _, _, trace = text.partition("why:    run() raised ZeroDivisionError: division by zero (score.py:5)\n")
    assert trace.split() == [str(one) for one in told]


def test_a_fault_that_only_a_log_tells_of_is_told():
    """The real server's: its record is not repeated below."""
    record = """\
        Encountered Exception: Traceback (most recent call last):
          File "/azureml-server/lib/python3.11/site-packages/azureml_inference_server_http/server/user_script.py", line 132, in invoke_run
            run_output = self._wrapped_user_run(**run_parameters)
          File "/var/azureml-app/src/score.py", line 5, in run
            return 1 / by
        ZeroDivisionError: division by zero
        """
    exchange = failed()
    exchange.model.account.clear()
    lines = story(exchange, "container", [said("by 0"), said(textwrap.dedent(record), level="ERROR")]).splitlines()

    assert lines[lines.index("model:  said 500 INTERNAL SERVER ERROR") + 1 :] == [
        "why:    the script raised ZeroDivisionError: division by zero (score.py:5)",
        "          Traceback (most recent call last):",
        '            File "/var/azureml-app/src/score.py", line 5, in run',
        "              return 1 / by",
        "          ZeroDivisionError: division by zero",
        "log of this request:",
        "        by 0",
    ]


# the log


def test_the_scripts_words_are_told():
    """Raw ones too; of the server's own doings what is wrong only."""
    assert log_of(
        said("one\ntwo\n"),
        said("raw\n", stream="stderr"),
        said("odd", level="ERROR"),
        said("POST /score 200", own=True),
        said("something is wrong", level="ERROR", own=True),
    ) == ["one", "two", "raw", "ERROR odd", "ERROR something is wrong"]


def test_without_words_there_is_no_log():
    assert log_of() is None
    assert log_of(said("POST /score 200", own=True)) is None


def test_of_a_long_log_the_end_is_told():
    assert log_of(said("\n".join(map(str, range(50))))) == ["... 30 lines more", *map(str, range(30, 50))]


def test_a_traceback_that_the_script_has_printed_stays_in_the_log():
    """It caught that one, and raised another."""
    printed = "row 3 failed\nTraceback (most recent call last):\n  File \"score.py\", line 3, in run\nKeyError: 'a'\n"
    spoken = Spoke("log", printed, 7, "azmlinfsrv.print")

    assert log_of(spoken, exchange=failed()) == printed.splitlines()


# bodies and values


@pytest.mark.parametrize(
    ("body", "text"),
    [
        pytest.param(b"", "", id="empty"),
        pytest.param("é\n2".encode(), "é\n2", id="text"),
        pytest.param(b"\xff\xfe", "(2 bytes that are no text)", id="bytes"),
        pytest.param(b"x" * 1000, "x" * 1000, id="just-fits"),
        pytest.param(b"x" * 1001, "x" * 1000 + " ... (1001 bytes)", id="long"),
        pytest.param(iter([b"x"]), "(a stream)", id="stream"),
    ],
)
def test_a_body_is_shown_as_a_person_reads_it(body, text):
    assert shown(body) == text


def test_a_body_that_was_not_kept_is_not_told_to_be_empty():
    """The journal drops those that are too large."""
    exchange = Exchange(ASKED, model=OK, response=Response(200, "OK", [], b""), bodies_kept=False)
    exchange.request = Request("POST", "/score", [])

    assert "too large" in story(exchange, "here")


def test_a_value_is_shown_on_one_line():
    """What is no JSON, too."""
    assert value_shown({"a": [1, None, "x\ny"]}) == '{"a": [1, null, "x\\ny"]}'
    assert value_shown(1j) == '"1j"'

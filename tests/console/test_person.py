"""What a person sees of events and exchanges."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

import amlemu
import pytest
from amlemu import profile_file as profiles
from amlemu.backends import Capabilities
from amlemu.backends.quarters import Quarters
from amlemu.console import Paint, PersonConsole
from amlemu.debugging import DebugRules
from amlemu.deployment import Deployment
from amlemu.errors import BackendTimeout, Unreachable, WorkerCrashed
from amlemu.events import (
    AnsweredLate,
    LeftBehind,
    Noticed,
    Reloaded,
    ReloadFailed,
    RequestRefused,
    Spoke,
    WorkerPaused,
    WorkerReady,
    WorkerResumed,
    WorkerStarted,
    WorkerTimedOut,
)
from amlemu.exchange import Frame, Response
from amlemu.layout import Layout, Place
from amlemu.models import Model
from amlemu.reload import ReloadRules
from amlemu.stand import Plan

from .told import FAULT, ended, exchange, shown


class Terminal(io.StringIO):
    def isatty(self):
        return True


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


ALL = Capabilities(survives_crashes=True, keeps_scoring_timeout=True, streams=True)


def block(plan, opening, capabilities=ALL):
    err = io.StringIO()
    person = PersonConsole(io.StringIO(), err)
    person.opened(plan, opening)
    person.event(WorkerReady(7, 212.4, {"version": "1.5.1"}))
    person.started(plan, opening, capabilities)
    person.flush()
    return err.getvalue().splitlines()


def test_the_start_block_tells_what_where_and_what_not(plan, opening_of, tmp_path):
    lines = block(plan, opening_of(plan))

    assert len(lines) <= 8
    assert re.fullmatch(rf"amlemu [\d.]+ serves {tmp_path}/score\.py  \(profile bare: .+\)", lines[0])
    assert lines[1] == "  python   /env/bin/python, 1 worker process, ready in 212 ms"
    assert lines[2] == f"  tree     none; AML_APP_ROOT={tmp_path}"
    assert "http://127.0.0.1:5001/score" in lines[3]
    assert lines[4].startswith("  try      curl -s http://127.0.0.1:5001/score -H 'Content-Type: application/json'")
    assert lines[-1] == "  limits: none; no key asked for; reload off (--reload)"


def test_a_container_is_told_in_the_place_of_an_interpreter(plan, opening_of, tmp_path):
    """With what a save does to it, and where its code lies for an editor, which nobody else maps."""
    place = Layout("var", "/var/azureml-app", "/var/azureml-app/src", "/var/azureml-app/src/score.py")
    quarters = Quarters(
        make_pool=None,
        close=None,
        capabilities=ALL,
        layout=place,
        told="a.blue of a:blue (the reference image)",
        on_save="it restarts the container",
        mappings={"/here/src": "/var/azureml-app/src"},
    )
    contained = replace(plan, backend="container", quarters=quarters, reload=ReloadRules(is_on=True))
    opening = replace(opening_of(contained), layout=place, watching="src (events)", debugger="127.0.0.1:5678")
    lines = block(contained, opening)

    assert lines[1] == "  container a.blue of a:blue (the reference image), azmlinfsrv 1.5.1, ready in 212 ms"
    assert "  reload   on save in src (events): it restarts the container" in lines
    assert '"pathMappings": [{"localRoot": "/here/src", "remoteRoot": "/var/azureml-app/src"}]' in "".join(lines)


def test_what_a_save_does_is_a_line_and_the_control_port_is_in_it(plan, opening_of, tmp_path):
    """Where nothing is watched the control port has a line of its own."""
    watched = replace(plan, reload=ReloadRules(is_on=True))
    opening = replace(opening_of(plan), control="http://127.0.0.1:5050")
    control = "control  http://127.0.0.1:5050"

    told = "  reload   on save in src (events)"
    assert f"{told}   {control}" in block(watched, replace(opening, watching="src (events)"))
    assert f"  {control}" in block(plan, opening)
    assert "reload off" not in "".join(block(watched, opening))


def test_a_script_that_has_not_started_is_not_said_to_be_ready(plan, opening_of):
    """With reload the server is there, and waits for the next save."""
    out, err = io.StringIO(), io.StringIO()
    console = PersonConsole(out, err)
    console.started(replace(plan, reload=ReloadRules(is_on=True)), opening_of(plan), ALL)
    console.flush()

    assert "  python   /env/bin/python, 1 worker process, not ready\n" in err.getvalue()


@pytest.mark.parametrize(
    ("name", "limits"),
    [
        pytest.param(
            "managed", "  limits: 5 s a request, 1572864 bytes, 100 requests a second, 2 at once; ", id="managed"
        ),
        pytest.param(
            "managed-current", "  limits: 5 s a request, 500 requests a second, 2 at once; ", id="managed-current"
        ),
        pytest.param("kubernetes", "  limits: 5 s a request, 1 at once, others wait 0.5 s; ", id="kubernetes"),
        pytest.param("aks", "  limits: 60 s a request, 104857600 bytes, 1 at once, others wait 0.5 s; ", id="aks"),
        pytest.param("local", "  limits: none; ", id="local"),
    ],
)
def test_the_start_block_names_the_limits_that_a_caller_meets_first(plan, opening_of, name, limits):
    lines = block(replace(plan, profile=profiles.load(name)), opening_of(plan))

    assert lines[-1].startswith(limits)


def test_the_start_block_says_that_nobody_is_asked_for_a_key(plan, opening_of):
    """On loopback, where that is the default."""
    assert "; no key asked for; " in block(plan, opening_of(plan))[-1]


def test_the_start_block_has_the_path_of_the_cloud(plan, opening_of):
    """Contract 2.1: http://<host>:80/api/v1/service/<name>/score."""
    deployment = replace(plan.deployment, endpoint="iris")
    lines = block(replace(plan, profile=profiles.load("aks"), deployment=deployment), opening_of(plan))

    assert any(" http://127.0.0.1:5001/api/v1/service/iris/score " in line for line in lines)
    assert any(line.startswith("  try      curl -s http://127.0.0.1:5001/api/v1/service/iris/score ") for line in lines)


def test_the_line_to_try_knows_the_sample_beside_the_deployment(plan, opening_of, tmp_path, monkeypatch):
    """The script may lie in a folder below it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sample-request.json").write_text("{}")
    deployment = replace(plan.deployment, script=tmp_path / "src" / "score.py", files=(tmp_path / "deployment.yml",))

    lines = block(replace(plan, deployment=deployment), opening_of(plan))

    assert any(line.endswith("--data-binary @sample-request.json") for line in lines)


@pytest.mark.parametrize(
    ("auth", "told"),
    [
        ("key", "; key asked for (amlemu keys score.py prints it); "),
        ("aml_token", "; aml_token asked for (amlemu token score.py prints it); "),
    ],
)
def test_the_start_block_says_where_a_key_is_found(plan, opening_of, tmp_path, monkeypatch, auth, told):
    """And the line to try leaves a place for it: the key itself is not for screens."""
    monkeypatch.chdir(tmp_path)
    lines = block(replace(plan, auth=auth), opening_of(plan))

    assert told in lines[-1]
    assert any('/score -H "Authorization: Bearer $KEY" -H ' in line for line in lines)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        pytest.param(
            {"kind": "var"},
            "  tree     /var/azureml-app is real for the script, and for nobody else; AML_APP_ROOT=/var/azureml-app/src",
            id="var",
        ),
        pytest.param(
            {"kind": "links", "base": "/links"},
            "  tree     /var/azureml-app is not real here; links in /links stand for it",
            id="links-by-wish",
        ),
        pytest.param(
            {"kind": "links", "base": "/links", "why": "only root may mount"},
            "  tree     /var/azureml-app is not real here (only root may mount); links in /links stand for it",
            id="links-of-need",
        ),
    ],
)
def test_the_start_block_tells_what_the_tree_is(plan, opening_of, options, line):
    """And why it is not the real one."""
    plan = replace(plan, deployment=Deployment(Path("/src/score.py"), Path("/p"), code=Path("/src")))

    assert line in block(plan, opening_of(plan, **options))


def test_the_start_block_stays_short_with_everything_in_it(plan, opening_of, tmp_path, monkeypatch):
    """Two models, several workers, all limits, a key, a backend that lacks something, a sample request beside the script."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sample-request.json").write_text("{}")
    models = (Model("m", "1", Path("/models/m.pkl")), Model("n", "2", Path("/models/n")))
    full = Deployment(tmp_path / "score.py", Path("/p"), tmp_path, models=models, environment={"A": "1"}, workers=3)
    plan = Plan(deployment=full, profile=profiles.load("managed"), auth="key", dev_errors=True, is_shadow=True)
    plan = replace(plan, reload=ReloadRules(is_on=True))
    opening = replace(opening_of(plan, "var"), control="http://127.0.0.1:5050")
    lines = block(plan, opening, replace(ALL, survives_crashes=False))

    assert len(lines) <= 9  # one more than usual, for what the backend cannot
    assert "  python   /p, 3 worker processes, ready in 212 ms" in lines
    assert "  model    AZUREML_MODEL_DIR=/var/azureml-app/azureml-models = /models/m.pkl and 1 more" in lines
    assert any(line.endswith("--data-binary @sample-request.json") for line in lines)


def test_the_model_is_named_with_what_stands_for_it(plan, opening_of, tmp_path):
    """Without a tree nothing stands for it."""
    deployment = replace(plan.deployment, models=(Model("m", "1", Path("/models/m.pkl")),))
    plan = replace(plan, deployment=deployment)

    real = "  model    AZUREML_MODEL_DIR=/var/azureml-app/azureml-models/m/1 = /models/m.pkl"
    assert real in block(plan, opening_of(plan, "var"))
    assert "  model    AZUREML_MODEL_DIR=/models" in block(plan, opening_of(plan, "none"))


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:5001/score"),
        ("::1", "http://[::1]:5001/score"),
        ("", "http://127.0.0.1:5001/score"),
    ],
)
def test_the_url_can_be_opened(plan, opening_of, host, url):
    """An address that means "all" is no address to call."""
    assert any(f" {url} " in line for line in block(replace(plan, host=host), opening_of(plan)))


def test_other_backends_say_so(plan, opening_of):
    """A server elsewhere has its own interpreter, tree and model."""
    far = block(replace(plan, backend="upstream", upstream="http://far:80"), opening_of(plan))

    assert "  upstream http://far:80" in far
    assert [line for line in far if line.startswith(("  python", "  tree", "  model"))] == []
    assert any(
        "in a thread of this process" in line for line in block(replace(plan, backend="inprocess"), opening_of(plan))
    )


def test_the_real_server_as_engine_is_named_with_its_version(plan, opening_of):
    lines = block(replace(plan, backend="engine"), opening_of(plan))

    assert lines[1] == "  python   /env/bin/python, the real azmlinfsrv 1.5.1, ready in 212 ms"


def test_what_a_backend_cannot_do_is_one_line(plan, opening_of):
    """Nothing is said of what it can."""
    lacking = replace(ALL, survives_crashes=False, tells_output=False)

    assert "  it cannot outlive a script that ends its process; show what the script says" in block(
        plan, opening_of(plan), lacking
    )
    assert [line for line in block(plan, opening_of(plan)) if line.startswith("  it cannot")] == []


def test_the_port_is_the_one_that_was_opened(plan, opening_of):
    """Also when port 0 was asked for."""
    assert any(" http://127.0.0.1:8080/score " in line for line in block(plan, opening_of(plan, port=8080)))


def test_the_last_line_is_for_what_had_started(plan, opening_of):
    """After a script that does not start there is nothing to add."""
    person = PersonConsole(io.StringIO(), err := io.StringIO())
    person.stopped()
    person.flush()
    assert err.getvalue() == ""

    person.started(plan, opening_of(plan), ALL)
    person.stopped()
    person.flush()
    assert err.getvalue().endswith("\namlemu has stopped; nothing is left running.\n")


def test_the_last_line_does_not_deny_what_is_left(plan, opening_of):
    person = PersonConsole(io.StringIO(), err := io.StringIO())
    person.started(plan, opening_of(plan), ALL)
    person.event(LeftBehind("the container a.blue may be there still"))
    person.stopped()
    person.flush()

    assert err.getvalue().endswith("\namlemu: the container a.blue may be there still\namlemu has stopped.\n")


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


# requests


RAISED = {
    "kind": "ValueError",
    "what": "run() raised ValueError: no",
    "where": "score.py:14",
    "traceback": "Traceback ...\n",
}
TOO_LARGE = (
    "a body of 1600000 bytes, 1572864 are allowed; limit of 2021, not in today's documentation;"
    " --profile managed-current has none"
)


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
            exchange(
                Response(424, "Failed Dependency", []),
                model=Response(500, "INTERNAL SERVER ERROR", [], account={"fault": RAISED, "run_ms": 3.0}),
            ),
            "POST /score 424 (model said 500, ValueError in score.py:14) 12.3 ms  run 3.0 ms\n"
            "  run() raised ValueError: no (score.py:14)\n"
            "  Traceback ...\n",
            id="mapped",
        ),
        pytest.param(
            exchange(
                Response(408, "Request Timeout", []),
                model=None,
                failure=BackendTimeout("no answer within 5.0 s"),
                stack=[Frame("/app/score.py", 31, "predict")],
                where="score.py:31 predict",
            ),
            "POST /score 408 12.3 ms\n  no answer within 5.0 s; still in run(): score.py:31 predict\n",
            id="deadline",
        ),
        pytest.param(
            exchange(Response(413, "Payload Too Large", []), model=None, why=TOO_LARGE),
            f"POST /score 413 12.3 ms\n  {TOO_LARGE}\n",
            id="limit-of-2021",
        ),
        pytest.param(
            exchange(Response(200, "OK", [], account={"run_ms": 8000.0}), cloud=Response(408, "", []), cloud_ms=5001.0),
            "POST /score 200 (cloud: 408 at 5.0 s) 12.3 ms  run 8000.0 ms\n",
            id="shadow",
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
            WorkerTimedOut(7, 2),
            "amlemu: worker 7 is stopped: run() took longer than WORKER_TIMEOUT = 2 s\n",
            id="timed-out",
        ),
        pytest.param(
            AnsweredLate(3, "POST", "/score", 200, 8210.0, 5003.0),
            "amlemu: POST /score (request 3): the model said 200 after 8.2 s, 3.2 s after its caller was answered\n",
            id="late",
        ),
        pytest.param(WorkerStarted(7), "", id="started"),
        pytest.param(Noticed("the folder is gone"), "amlemu: the folder is gone\n", id="noticed"),
        pytest.param(Spoke("stderr", "nginx: hello\n", 7, own=True), "", id="around-the-server"),
        pytest.param(
            Reloaded(3, ("/src/score.py",), 41.2, 84.0),
            "amlemu: /src/score.py changed: generation 3 serves, 84 ms after the save (init() and imports 41 ms)\n",
            id="reloaded",
        ),
        pytest.param(
            RequestRefused("127.0.0.1", "Invalid HTTP Header: 'x'"),
            "amlemu: refused what 127.0.0.1 sent, which is no request: Invalid HTTP Header: 'x'\n",
            id="no-request",
        ),
    ],
)
def test_what_concerns_nobodys_request_is_a_sentence(event, line):
    """Workers that end, requests that are none, answers that come late; more of ends and reloads is in their own tests."""
    assert shown(PersonConsole, event) == ("", line)


def test_no_replacement_is_promised_when_there_is_none():
    """`amlemu invoke` has one request only."""
    assert "A new one" not in shown(PersonConsole, ended(), restarts=False)[1]


def test_frames_of_ours_are_cut_from_a_dump():
    """faulthandler writes them when C code crashes."""
    ours = Path(amlemu.__file__).parent / "worker" / "child.py"
    dump = f'Fatal Python error: Segmentation fault\n\nCurrent thread (most recent call first):\n  File "/app/score.py", line 3 in run\n  File "{ours}", line 90 in _answer\n'

    assert (
        shown(PersonConsole, Spoke("stderr", dump, 7))[1].splitlines()[-1]
        == 'score |   File "/app/score.py", line 3 in run'
    )


def test_of_a_frame_of_ours_that_comes_alone_nothing_is_left():
    """A dump comes in pieces."""
    ours = Path(amlemu.__file__).parent / "worker" / "child.py"

    assert shown(PersonConsole, Spoke("stderr", f'  File "{ours}", line 90 in _answer\n', 7)) == ("", "")


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


NAME_ERROR = {**FAULT, "what": "init() raised NameError: x", "where": "score.py:4", "hint": "Did you mean 'y'?"}


@pytest.mark.parametrize(
    ("serving", "who"),
    [
        pytest.param(None, "Requests get what an unhealthy deployment answers until the next save.", id="nobody"),
        pytest.param(2, "Generation 2 goes on serving (--keep-last-good).", id="the-last-good-one"),
    ],
)
def test_a_reload_that_failed_shows_the_traceback_then_the_cause_and_who_serves(serving, who):
    """What to do comes last."""
    out, err = shown(PersonConsole, ReloadFailed(3, ("/src/score.py",), NAME_ERROR, serving))

    sentence = f"generation 3 does not start: score.py:4: init() raised NameError: x. {who}"
    assert (out, err) == ("", f"{FAULT['traceback']}amlemu: {sentence}\n        Did you mean 'y'?\n")


# files of the script's own tree


REAL = Layout(
    "var",
    "/var/azureml-app",
    "/var/azureml-app/src",
    "/var/azureml-app/src/score.py",
    places=(Place("src", Path("/home/me/src")),),
)
IN_TREE = {**FAULT, "traceback": FAULT["traceback"].replace("/app/", "/var/azureml-app/src/")}


def test_a_traceback_names_files_as_an_editor_finds_them():
    """The tree at /var/azureml-app is the script's alone; what a person can open is the host's file."""
    person = PersonConsole(io.StringIO(), err := io.StringIO())
    person.surroundings(REAL)
    person.exchange(exchange(Response(500, "", [], account={"fault": IN_TREE})))
    person.boot_failed(IN_TREE)
    person.scoring_failed(IN_TREE)
    person.event(ReloadFailed(2, (), IN_TREE, None))
    person.flush()

    assert err.getvalue().count('File "/home/me/src/score.py", line 7, in run') == 4
    assert "/var/azureml-app" not in err.getvalue()


def test_places_and_changes_are_told_from_the_folder_of_the_script():
    """The dump of a crash has the script's own names of files, a change has the host's."""
    dump = "Fatal Python error: Bus error\n\nCurrent thread 0x1 (most recent call first):\n"
    person = PersonConsole(io.StringIO(), err := io.StringIO())
    person.surroundings(REAL)
    person.event(Spoke("stderr", f'{dump}  File "/var/azureml-app/src/score.py", line 3 in run\n', 7))
    person.event(ended(exit_code=-7))
    person.event(Reloaded(2, ("/home/me/src/lib/a.py",), 1.0, 2.0))
    person.flush()

    assert "has become shorter; it was at score.py:3 run. A new one starts." in err.getvalue()
    assert "amlemu: lib/a.py changed: generation 2 serves" in err.getvalue()


def test_a_failed_run_is_told_once_more_where_there_is_no_line_of_a_request():
    """`amlemu invoke`: what, where, the traceback, what to do."""
    person = PersonConsole(io.StringIO(), err := io.StringIO())
    person.scoring_failed({**FAULT, "hint": "Did you mean 'date'?"})
    person.flush()

    assert err.getvalue() == (
        "amlemu: run() raised KeyError: 'data' (score.py:7)\n" + FAULT["traceback"] + "Did you mean 'date'?\n"
    )


# debugging


def test_the_start_block_says_where_to_attach(plan, opening_of):
    """And that there is one worker, however many were asked for."""
    debugged = replace(plan, deployment=replace(plan.deployment, workers=4), debug=DebugRules(port=5678))
    lines = block(debugged, replace(opening_of(debugged), debugger="127.0.0.1:5678"))

    assert len(lines) <= 8
    assert "1 worker process," in lines[1]
    assert (
        '  debug    127.0.0.1:5678, one worker at a time; launch entry {"name": "amlemu: attach", "type": "debugpy",'
        ' "request": "attach", "connect": {"host": "127.0.0.1", "port": 5678}}'
    ) in lines


def test_a_request_that_stood_still_says_for_how_long():
    """Behind the time that it took."""
    seen = exchange(
        Response(200, "OK", [], b"", {"run_ms": 7.0}),
        cloud=Response(408, "Request Timeout", []),
        cloud_ms=5003.0,
        paused_ms=41_000.0,
    )
    _, err = shown(PersonConsole, seen)

    assert err == "POST /score 200 (cloud: 408 at 5.0 s) 12.3 ms  run 7.0 ms  paused 41 s\n"


@pytest.mark.parametrize(
    ("stops_clocks", "clocks"),
    [(True, "; timeouts stand still until it goes on"), (False, "")],
    ids=["pause", "no-pause"],
)
def test_a_stop_names_the_file_as_an_editor_finds_it(plan, opening_of, stops_clocks, clocks):
    """Not where the script believes it is."""
    told = replace(plan, debug=DebugRules(port=5678, stops_clocks=stops_clocks))
    opening = opening_of(told, "var")
    person = PersonConsole(io.StringIO(), err := io.StringIO())
    person.opened(told, opening)
    person.event(WorkerPaused(7, "breakpoint", f"{opening.layout.app_root}/lib/help.py", 3, "look", 4))
    person.flush()

    assert err.getvalue() == f"amlemu: stopped at lib/help.py:3 in look with request 4 (breakpoint){clocks}\n"


def test_what_is_said_while_somebody_types_comes_later():
    """pdb has the terminal: lines in between would be taken for its own."""
    out = io.StringIO()
    person = PersonConsole(out, io.StringIO())
    person.event(Spoke("stdout", "before\n", 7))
    person.event(WorkerPaused(7, "pdb", "/app/score.py", 3, "run", 4))
    at_once = out.getvalue()
    person.event(Spoke("stdout", "meanwhile\n", 7))
    is_held = person._is_held
    person.event(WorkerResumed(7, "pdb", 1.0))
    person.flush()

    assert (at_once, is_held, person._is_held) == ("score | before\n", True, False)
    assert out.getvalue() == "score | before\nscore | meanwhile\n"


def test_what_is_said_while_an_editor_holds_the_script_comes_at_once():
    """Nobody types here."""
    person = PersonConsole(io.StringIO(), io.StringIO())
    person.event(WorkerPaused(7, "breakpoint", "/app/score.py", 3, "run", 4))

    assert not person._is_held

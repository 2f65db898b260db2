"""The scoring app: its boot, its answers, and what it survives. What goes on the wire is the contract suite's business."""

from __future__ import annotations

import os
import sys

import pytest
from amlemu.exchange import Request
from amlemu.scoring.app import BootFault, ScoringApp

GOOD = "def init(): ...\ndef run(data): return data"


def fault_of(server, script, **environment):
    with pytest.raises(BootFault) as caught:
        server.boot(script, **environment)
    return caught.value.fault


# boot


def test_a_boot_says_the_servers_lines_in_its_order(server):
    """Literals from contract 4.12."""
    server.boot("def init(): print('mine')\ndef run(data): ...")

    assert server.texts()[1:] == [
        "Initializing logger",
        "Starting up app insights client",
        "Model directory is not set or does not exist: ",
        f"Found user script at {server.folder}/score.py",
        "run() is not decorated. Server will invoke it with the input in JSON string.",
        "Invoking user's init function",
        "mine",
        "Users's init has completed successfully",
        "Swaggers are prepared for the following versions: [2, 3, 3.1].",
        "Scoring timeout is set to 3600000",
        f"Worker with pid {os.getpid()} ready for serving traffic",
    ]


@pytest.mark.parametrize(
    ("script", "phase", "what", "where"),
    [
        pytest.param(
            "1 / 0",
            "import",
            "importing the script raised ZeroDivisionError: division by zero",
            "score.py:1",
            id="import",
        ),
        pytest.param(
            "def run(data): ...", "check", "the module was imported, but it has no init()", "score.py:1", id="no-init"
        ),
        pytest.param(
            "def init(): ...\n\ndef run(): ...",
            "check",
            "run() needs to accept an argument for input data",
            "score.py:3",
            id="signature",
        ),
        pytest.param(
            "def init(): ...\nrun = 5",
            "check",
            "run is no function: 5 is not a callable object",
            "score.py:1",
            id="no-function",
        ),
        pytest.param(
            "def init(): 1 / 0\ndef run(data): ...",
            "init",
            "init() raised ZeroDivisionError: division by zero",
            "score.py:1",
            id="init",
        ),
        pytest.param(
            "def init(a): ...\ndef run(data): ...",
            "init",
            "init() raised TypeError: init() missing 1 required positional argument: 'a'",
            "",
            id="init-wants-more",
        ),
    ],
)
def test_a_boot_that_fails_says_what_and_where(server, script, phase, what, where):
    fault = fault_of(server, script)

    assert (fault.phase, fault.what, fault.where) == (phase, what, where)


def test_settings_that_cannot_be_read_stop_the_boot_before_the_script(server):
    fault = fault_of(server, "print('loaded')", SCORING_TIMEOUT_MS="soon")

    assert fault.phase == "config"
    assert fault.what.startswith("SCORING_TIMEOUT_MS='soon': ")
    assert "loaded" not in server.texts()


def test_a_user_document_that_is_no_json_stops_the_boot_after_init(server):
    (server.folder / "swagger.json").write_text("{")

    fault = fault_of(server, "def init(): print('initialised')\ndef run(data): ...")

    assert fault.phase == "swagger"
    assert fault.what.startswith(f"{server.folder}/swagger.json is not JSON: ")
    assert "initialised" in server.texts()


def test_without_an_entry_script_main_is_looked_for(server):
    (server.folder / "main.py").write_text(GOOD)
    app = ScoringApp({"AML_APP_ROOT": str(server.folder)})
    app.boot()
    app.close()
    del sys.modules["main"]

    assert f"Found user script at {server.folder}/main.py" in server.texts()


def test_a_failing_init_shows_the_model_folder(server):
    """As the real server logs it (contract 4.12): folders first with a slash, sorted, at most 200 lines."""
    model = server.folder / "model"
    (model / "b").mkdir(parents=True)
    (model / "b" / "weights").write_text("")
    (model / "a.json").write_text("")

    fault_of(server, "def init(): 1 / 0\ndef run(data): ...", AZUREML_MODEL_DIR=str(model))
    texts = server.texts()
    assert texts[texts.index("Model Directory Contents:") + 1 :] == [
        "model/",
        "    a.json",
        "    b/",
        "        weights",
    ]


def test_a_large_model_folder_is_cut(server):
    for number in range(250):
        (server.folder / f"{number:03}").write_text("")

    fault_of(server, "def init(): 1 / 0\ndef run(data): ...", AZUREML_MODEL_DIR=str(server.folder))
    texts = server.texts()
    assert texts[-1] == "Output Truncated. First 200 lines shown."
    assert len(texts) - texts.index("Model Directory Contents:") - 2 == 200


def test_the_app_root_is_importable_and_the_source_folder_too(server):
    """Only those: not a script's own subfolder (contract 4.12)."""
    (server.folder / "src").mkdir()
    (server.folder / "src" / "in_source_folder.py").write_text("")
    (server.folder / "in_app_root.py").write_text("")

    server.boot(f"import in_app_root, in_source_folder\n{GOOD}", AZUREML_SOURCE_DIRECTORY="src")


def test_closing_takes_our_finder_away(server):
    before = list(sys.meta_path)
    server.boot(GOOD).close()

    assert [type(finder) for finder in sys.meta_path] == [type(finder) for finder in before]


# answers


def test_an_account_tells_what_the_wire_does_not(server, post):
    app = server.boot("def init(): ...\ndef run(data): return data")
    account = post(app, "abc").account

    assert account["api_name"] == "/score"
    assert account["length"] == 5
    assert 0 <= account["run_ms"] <= account["duration_ms"]
    assert "fault" not in account


def test_a_failing_run_is_accounted_for_with_its_place(server, post):
    response = post(server.boot("def init(): ...\ndef run(data):\n    raise KeyError('x')"))

    assert response.status == 500
    assert "run_ms" not in response.account
    fault = response.account["fault"]
    assert (fault["what"], fault["where"]) == ("run() raised KeyError: 'x'", "score.py:3")
    [error] = [text for _, level, text in server.said if level == "ERROR"]
    assert error.startswith("Encountered Exception: Traceback (most recent call last):\n")


@pytest.mark.parametrize("statement", ["raise SystemExit(1)", "raise KeyboardInterrupt", "raise GeneratorExit"])
def test_the_app_survives_what_is_no_exception(server, post, statement):
    """gunicorn's page, and the next request is answered (contract 4.7)."""
    app = server.boot(f"def init(): ...\ndef run(data):\n    if data: {statement}\n    return 1")
    response = post(app, "x")

    assert (response.status, response.phrase, response.header("content-length")) == (
        500,
        "Internal Server Error",
        "141",
    )
    [error] = [text for logger, level, text in server.said if (logger, level) == ("gunicorn.error", "ERROR")]
    assert error.startswith("Error handling request POST /score\nTraceback (most recent call last):\n")
    assert post(app).body == b"1"


@pytest.mark.parametrize(
    ("returns", "why"),
    [("{1, 2}", "TypeError"), ("object()", "TypeError"), ("{(1, 2): 3}", "TypeError"), ("b'x'", "TypeError")],
)
def test_a_result_that_json_refuses_is_an_internal_error_and_told_as_the_results(server, post, returns, why):
    response = post(server.boot(f"def init(): ...\ndef run(data): return {returns}"))

    assert (response.status, response.header("x-ms-run-function-failed")) == (500, "False")
    assert response.account["fault"]["kind"] == why
    assert response.account["run_ms"] >= 0


STREAMS = """
    from flask import Response

    def init(): ...

    def run(data):
        def pieces():
            for letter in data:
                if letter == "!":
                    raise ValueError("broken")
                yield letter
        return Response(pieces())
"""


def test_a_stream_is_an_iterator_of_the_scripts_pieces(server, post):
    response = post(server.boot(STREAMS), "abc")

    assert response.header("transfer-encoding") == "chunked"
    assert response.account["length"] == "N/A"
    assert list(response.body) == [b"a", b"b", b"c"]


def test_a_stream_that_breaks_at_once_is_a_plain_500(server, post):
    """gunicorn sends no head before the first piece."""
    response = post(server.boot(STREAMS), "!")

    assert (response.status, response.header("content-length")) == (500, "141")


def test_a_stream_that_breaks_later_raises_to_its_reader(server, post):
    pieces = iter(post(server.boot(STREAMS), "a!").body)

    assert next(pieces) == b"a"
    with pytest.raises(ValueError, match="broken"):
        next(pieces)


def test_two_apps_do_not_share_their_scripts(server, post):
    one = server.boot("state = []\ndef init(): ...\ndef run(data): state.append(data); return state")
    two = server.boot(None)

    assert post(one, "a").body == b'["a"]'
    assert post(two, "b").body == b'["b"]'


def test_flask_is_loaded_for_scripts_that_name_it(server):
    """Also where the import stands inside run()."""
    app = server.boot("def init(): ...\ndef run(data):\n    import flask\n    return flask.request.path")

    response = app.handle(Request("GET", "/score", []))
    assert response.body == b'"/score"'

"""A logging.json replaces the set-up of the worker; facts from the real server with the same files."""

from __future__ import annotations

import json
import logging

import pytest
from amlemu.exchange import Request
from amlemu.scoring.app import BootFault

SCRIPT = """
    import logging

    def init():
        print("printed")

    def run(data):
        logging.getLogger("own").info("own info")
        if data == "leave":
            raise SystemExit
        return data
"""
ALL = {
    "version": 1,
    "formatters": {"own": {"format": "OWN %(name)s %(message)s"}},
    "handlers": {"own": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "own"}},
    "loggers": {
        "azmlinfsrv": {"level": "INFO", "handlers": ["own"], "propagate": False},
        "gunicorn.access": {"handlers": ["own"]},
        "gunicorn.error": {"handlers": ["own"]},
    },
}
ROOT = {
    "version": 1,
    "formatters": {"own": {"format": "ROOT %(name)s %(message)s"}},
    "handlers": {"own": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "own"}},
    "root": {"level": "INFO", "handlers": ["own"]},
}
PACKAGES_OWN = {
    "version": 1,
    "handlers": {
        "azmlinfsrv": {
            "class": "logging.StreamHandler",
            "level": "INFO",
            "stream": "ext://sys.stdout",
            "formatter": "azmlinfsrv",
        }
    },
    "formatters": {
        "azmlinfsrv": {
            "class": "azureml_inference_server_http.log_config.AMLLogFormatter",
            "format": "EDITED %(name)s - %(message)s",
            "style": "%",
        }
    },
    "loggers": {
        "azmlinfsrv": {"level": "INFO", "handlers": ["azmlinfsrv"], "propagate": False},
        "gunicorn.access": {"level": "INFO", "handlers": ["azmlinfsrv"], "filters": ["RootAccessFilter"]},
    },
    "filters": {"RootAccessFilter": {"()": "azureml_inference_server_http.log_config.RootAccessFilter"}},
}


@pytest.fixture
def booted(server, capsys):
    """Boot the script with this logging.json; `said` gives the records and the lines on stdout since it was last asked."""

    def boot(content, place="logging.json", script=SCRIPT, **environment):
        text = content if isinstance(content, str) else json.dumps(content)
        (server.folder / place).parent.mkdir(exist_ok=True)
        (server.folder / place).write_text(text)
        return server.boot(script, **environment)

    def said():
        records, server.said[:] = list(server.said), []
        return [text for _, _, text in records], capsys.readouterr().out.splitlines()

    boot.said = said
    return boot


def test_everything_is_said_as_the_file_wants_it_from_then_on(booted, server, post):
    app = booted(ALL)

    records, lines = booted.said()
    assert records[1:] == ["Initializing logger"]
    assert lines[0] == f"OWN azmlinfsrv Loaded logging config from {server.folder}/logging.json"
    assert lines[1] == "OWN azmlinfsrv Starting up app insights client"
    assert "OWN azmlinfsrv.print printed" in lines

    response = post(app, "hi")
    records, lines = booted.said()
    assert response.account["logged"]
    assert records == []
    assert lines[0].startswith("OWN azmlinfsrv POST /score 200 ")
    assert lines[1].startswith("OWN gunicorn.access 127.0.0.1 - - [")
    assert lines[1].endswith('] "POST /score HTTP/1.1" 200 4 "-" "-"')


def test_routing_errors_and_gunicorns_page_have_the_access_line_alone(booted, post):
    app = booted(ALL)
    booted.said()

    app.handle(Request("GET", "/nope", []))
    assert [line.split()[1] for line in booted.said()[1]] == ["gunicorn.access"]

    assert post(app, "leave").account["logged"]
    lines = booted.said()[1]
    assert lines[0] == "OWN gunicorn.error Error handling request POST /score"
    assert lines[-1].endswith('"POST /score HTTP/1.1" 500 0 "-" "-"')


@pytest.mark.parametrize("has_filter", [True, False])
def test_a_copy_of_the_packages_own_file_works_and_drops_probes(booted, post, has_filter):
    """Also without the filter: logging.config takes handlers off a logger, but not filters."""
    content = json.loads(json.dumps(PACKAGES_OWN))
    if not has_filter:
        del content["loggers"]["gunicorn.access"]["filters"]
    app = booted(content)
    booted.said()

    app.handle(Request("GET", "/", []))
    app.handle(Request("HEAD", "/", []))
    [line] = booted.said()[1]
    assert line.startswith("EDITED gunicorn.access - 127.0.0.1 - - [")
    assert '"HEAD / HTTP/1.1" 200 0' in line


def test_loggers_that_the_file_does_not_name_are_disabled(booted, post):
    """Not those that the real server makes later: `azmlinfsrv.print` and its like go on as before."""
    app = booted(ROOT)

    records, lines = booted.said()
    assert records[1:] == [
        "Initializing logger",
        "Model directory is not set or does not exist: ",
        f"Found user script at {app.script.run.__globals__['__file__']}",
        "run() is not decorated. Server will invoke it with the input in JSON string.",
        "Invoking user's init function",
        "printed",
        "Users's init has completed successfully",
        "Swaggers are prepared for the following versions: [2, 3, 3.1].",
    ]
    assert lines == []

    assert post(app, "hi").account["logged"]
    assert booted.said() == ([], ["ROOT own own info"])


def test_unless_it_says_so_and_then_gunicorns_bare_lines_are_there_too(booted, post):
    """The real server's second reading of its own file takes that handler away; a file of the script's does not."""
    app = booted({**ROOT, "disable_existing_loggers": False})
    booted.said()

    post(app, "hi")
    records, lines = booted.said()
    assert records[0].startswith("POST /score 200 ")
    assert lines[0] == "ROOT own own info"
    assert lines[1] == records[1]
    assert lines[1].startswith("127.0.0.1 - - [")


def test_details_are_said_to_who_asks_for_them(booted, server, post):
    """Literals: the server's own records at level DEBUG, and gunicorn's."""
    content = json.loads(json.dumps(ALL))
    for name in ("azmlinfsrv", "gunicorn.error"):
        content["loggers"][name]["level"] = "DEBUG"
    app = booted(content, script="def init(): ...\ndef run(data): return {1} if data else 1 / 0")
    booted.said()

    post(app)
    assert booted.said()[1][:2] == ["OWN gunicorn.error POST /score", "OWN azmlinfsrv Run function exception caught"]
    post(app, "set")
    assert booted.said()[1][:2] == ["OWN gunicorn.error POST /score", "OWN azmlinfsrv Unhandled exception generated"]


def test_a_file_that_changes_nothing_leaves_gunicorns_bare_lines(booted, post):
    app = booted({"version": 1, "disable_existing_loggers": False})

    assert post(app).account["logged"]
    assert booted.said()[1][-1].startswith("127.0.0.1 - - [")


@pytest.mark.parametrize("root", ["", "/nowhere"])
def test_a_file_beside_the_script_counts_where_the_root_has_none(booted, server, root):
    (server.folder / "sub").mkdir()
    (server.folder / "sub" / "score.py").write_text("def init(): ...\ndef run(data): ...")
    script = str(server.folder / "sub" / "score.py")
    booted(ALL, "sub/logging.json", None, AZUREML_ENTRY_SCRIPT=script, **({"AML_APP_ROOT": root} if root else {}))

    assert f"OWN azmlinfsrv Loaded logging config from {server.folder}/sub/logging.json" in booted.said()[1]


def test_a_folder_under_the_name_is_no_file(server):
    (server.folder / "logging.json").mkdir()
    server.boot(SCRIPT)

    assert "Initializing logger" in server.texts()


def test_a_relative_file_of_a_handler_lies_in_the_working_folder(booted, server):
    content = json.loads(json.dumps(ALL))
    content["handlers"]["own"] = {"class": "logging.FileHandler", "filename": "my.log", "formatter": "own"}
    booted(content)
    for handler in logging.getLogger("azmlinfsrv").handlers:
        handler.close()

    assert "OWN azmlinfsrv.print printed\n" in (server.folder / "my.log").read_text()


def test_a_class_of_the_scripts_folder_is_found(booted, server):
    """The app root is on the path already."""
    (server.folder / "logging_of_test.py").write_text(
        "import logging\nclass F(logging.Formatter):\n    def format(self, record): return 'MINE ' + record.getMessage()"
    )
    content = json.loads(json.dumps(ALL))
    content["formatters"]["own"] = {"class": "logging_of_test.F"}
    booted(content)

    assert "MINE Starting up app insights client" in booted.said()[1]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param("", "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)", id="empty"),
        pytest.param("{nonsense", "json.decoder.JSONDecodeError: Expecting property name enclosed in", id="not-json"),
        pytest.param("\ufeff{}", "json.decoder.JSONDecodeError: Unexpected UTF-8 BOM", id="mark"),
        pytest.param("[]", "ValueError: dictionary doesn't specify a version", id="list"),
        pytest.param("{}", "ValueError: dictionary doesn't specify a version", id="no-version"),
        pytest.param("[" * 100_000, "RecursionError: maximum recursion depth exceeded", id="deep"),
        pytest.param(
            {**ALL, "formatters": {"own": {"class": "nowhere.Formatter"}}},
            "ValueError: Unable to configure formatter 'own'",
            id="class-that-is-nowhere",
        ),
        pytest.param(
            {**ALL, "handlers": {"own": {"class": "logging.Nope"}}},
            "ValueError: Unable to configure handler 'own'",
            id="handler-that-is-nowhere",
        ),
    ],
)
def test_a_file_that_cannot_be_used_stops_the_start(booted, server, content, said):
    """In the set-up that was there before, before the script."""
    with pytest.raises(BootFault) as caught:
        booted(content, script="print('loaded')")

    logger, level, text = server.said[-1]
    assert (logger, level) == ("azmlinfsrv", "CRITICAL")
    assert text.startswith("Invalid config file!: Traceback (most recent call last):\n")
    assert f"\n{said}" in text
    fault = caught.value.fault
    assert fault.phase == "config"
    assert fault.what.startswith(f"{server.folder}/logging.json: the server reads this file as its own logging set-up ")


def test_handlers_of_others_in_this_process_stay_open(booted, tmp_path):
    """logging.config closes all that it finds; in a test some of them are the test's."""
    handler = logging.FileHandler(tmp_path / "others.log", "w")
    handler.name = "of another"
    logging.getLogger("of.another").addHandler(handler)
    try:
        booted(ALL)
        assert handler in [reference() for reference in logging._handlerList]
        assert logging._handlers["of another"] is handler
        assert not handler.stream.closed
    finally:
        logging.getLogger("of.another").removeHandler(handler)
        handler.close()

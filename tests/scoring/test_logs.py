"""How a script speaks: print and loggers become records, raw writes stay raw, traps included (contract 4.13)."""

from __future__ import annotations

import builtins
import io
import logging
import sys
import threading
from contextlib import contextmanager, redirect_stdout
from logging.config import dictConfig

import pytest
from amlemu.scoring.logs import OWN, Capture, SinkHandler, access_log, is_as_set_up, server_log


@pytest.fixture
def said():
    """Capture, and put everything back."""
    heard = []
    capture = Capture(lambda record, text: heard.append((record.name, record.levelname, text)))
    capture.start()
    capture.redirect_print(threading.get_ident())
    yield heard
    capture.stop()


@pytest.mark.parametrize(
    ("call", "text"),
    [
        pytest.param(lambda: print("a", 1), "a 1", id="plain"),
        pytest.param(lambda: print("a", "b", sep="-"), "a-b", id="sep"),
        pytest.param(lambda: print("a", end=""), "a", id="end-is-dropped"),
        pytest.param(lambda: print(), "", id="nothing"),  # noqa: PLW0108  # looked up when it is called
        pytest.param(lambda: print("a\nb"), "a\nb", id="inner-newline"),
        pytest.param(lambda: print("%s %d"), "%s %d", id="no-formatting"),
        pytest.param(lambda: print("a", file=sys.stdout, flush=True), "a", id="stdout-by-name"),
    ],
)
def test_print_is_a_record(said, call, text):
    """One a call."""
    call()

    assert said == [("azmlinfsrv.print", "INFO", text)]


def test_print_to_another_file_is_raw(said):
    print("a", "b", sep="-", end="!", file=(file := io.StringIO()))

    assert (file.getvalue(), said) == ("a-b!", [])


def test_redirect_stdout_moves_writes_but_not_print(said):
    """As under the real server: print looks whether the file is sys.stdout, whoever that is."""
    with redirect_stdout(io.StringIO()) as file:
        print("printed")
        sys.stdout.write("written")

    assert (file.getvalue(), said) == ("written", [("azmlinfsrv.print", "INFO", "printed")])


def test_other_threads_keep_their_own_print(said, capsys):
    """Where the script is one thread of a test."""
    thread = threading.Thread(target=print, args=("elsewhere",))
    thread.start()
    thread.join()

    assert (capsys.readouterr().out, said) == ("elsewhere\n", [])


def test_the_servers_loggers_are_records_from_info_up(said):
    """Children of `azmlinfsrv` and gunicorn's error log; they do not reach the root logger."""
    logging.getLogger("azmlinfsrv").info("one %s", 1)
    logging.getLogger("azmlinfsrv.mine").warning("two")
    logging.getLogger("gunicorn.error").error("three")
    logging.getLogger("azmlinfsrv").debug("four")
    logging.getLogger("mine").info("five")

    assert said == [
        ("azmlinfsrv", "INFO", "one 1"),
        ("azmlinfsrv.mine", "WARNING", "two"),
        ("gunicorn.error", "ERROR", "three"),
    ]


def test_a_record_has_its_traceback(said):
    try:
        raise ValueError("no")
    except ValueError:
        server_log.exception("failed", extra=OWN)

    assert said[0][2].startswith("failed\nTraceback (most recent call last):\n")
    assert said[0][2].endswith("ValueError: no")


def test_a_record_that_cannot_be_formatted_stops_nobody(capsys):
    """As with logging itself: told on stderr, and on it goes."""
    heard = []
    handler = SinkHandler(lambda record, text: heard.append(text), sys.stdout)
    for text, arguments in (("%d", ("no number",)), ("%d", (1,))):
        handler.handle(logging.LogRecord("azmlinfsrv", logging.INFO, "", 0, text, arguments, None))

    assert heard == ["1"]
    assert "--- Logging error ---" in capsys.readouterr().err


def test_stopping_puts_everything_back():
    before = (
        builtins.print,
        [(log.level, log.propagate, list(log.handlers)) for log in (server_log, logging.getLogger("gunicorn.error"))],
    )
    capture = Capture(lambda record, text: None)
    capture.start()
    capture.redirect_print()
    capture.stop()

    assert before == (
        builtins.print,
        [(log.level, log.propagate, list(log.handlers)) for log in (server_log, logging.getLogger("gunicorn.error"))],
    )


def snapshot():
    return [(log.level, log.propagate, log.disabled, list(log.handlers), list(log.filters)) for log in loggers()]


def loggers():
    known = list(logging.root.manager.loggerDict.values())
    return [logging.root, *(log for log in known if isinstance(log, logging.Logger))]


@pytest.fixture
def captured():
    """Capture within the test: pytest adds handlers of its own to the loggers that a fixture has taken from the root."""
    heard = []
    capture = Capture(lambda record, text: heard.append(text))

    @contextmanager
    def entered():
        capture.start()
        try:
            yield heard
        finally:
            logging.disable(logging.NOTSET)
            capture.stop()

    return entered


@pytest.mark.parametrize(
    "arrange",
    [
        pytest.param(lambda: server_log.setLevel("WARNING"), id="level"),
        pytest.param(lambda: setattr(access_log, "disabled", True), id="disabled"),
        pytest.param(lambda: setattr(server_log, "propagate", True), id="propagate"),
        pytest.param(access_log.filters.clear, id="filter"),
        pytest.param(lambda: server_log.addHandler(logging.NullHandler()), id="one-handler-more"),
        pytest.param(server_log.handlers.clear, id="no-handler"),
        pytest.param(lambda: server_log.handlers[0].setFormatter(logging.Formatter("MY %(message)s")), id="format"),
        pytest.param(lambda: access_log.handlers[0].setStream(io.StringIO()), id="stream"),
        pytest.param(lambda: server_log.handlers[0].setLevel("ERROR"), id="level-of-the-handler"),
        pytest.param(lambda: logging.disable(logging.INFO), id="disable"),
        pytest.param(lambda: dictConfig({"version": 1}), id="dict-config"),
    ],
)
def test_a_script_that_arranges_its_logging_is_noticed(captured, arrange):
    """In the next call it is still so; the rest of the process sees nothing of it."""
    before = snapshot()
    with captured():
        assert is_as_set_up()
        server_log.setLevel("DEBUG")
        assert is_as_set_up()
        arrange()
        assert not is_as_set_up()

    assert snapshot() == before


def test_a_handler_that_is_given_a_format_writes_like_any_other(captured, capsys):
    """Records of it are then lines on the stream, no longer ours to format."""
    capture = []
    handler = SinkHandler(lambda record, text: capture.append(text), sys.stdout)
    handler.setFormatter(logging.Formatter("MY %(message)s"))
    handler.handle(logging.LogRecord("azmlinfsrv", logging.INFO, "", 0, "said", (), None))

    assert (capture, capsys.readouterr().out) == ([], "MY said\n")


def test_no_probe_is_in_the_access_log(captured):
    """The exact first line (contract 3.6)."""
    with captured() as heard:
        access_log.info('"%s" 200', "GET / HTTP/1.1")
        access_log.info('"%s" 200', "HEAD / HTTP/1.1")

    assert heard == ['"HEAD / HTTP/1.1" 200']

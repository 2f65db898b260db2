"""What a logging.json names, beside the real one (contract 3.7)."""

from __future__ import annotations

import importlib
import logging

import pytest

REAL = "%(asctime)s %(levelname).1s [%(process)d] %(name)s - %(message)s"


@pytest.fixture
def served(installed):
    """Import it as logging.config does."""
    return importlib.import_module("azureml_inference_server_http.log_config")


def record(text, *arguments):
    made = logging.LogRecord("azmlinfsrv", logging.WARNING, "score.py", 1, text, arguments, None)
    made.created, made.msecs, made.process = 1795190400.25, 250.0, 7
    return made


def test_the_formatter_writes_the_servers_line_in_utc(served, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")

    line = served.AMLLogFormatter().format(record("said %s", "this"))
    assert line == "2026-11-20 16:00:00,250 W [7] azmlinfsrv - said this"


def test_a_format_that_is_left_out_of_a_file_is_the_message_alone(served):
    """logging.config passes None then, and so does not get the default."""
    assert served.AMLLogFormatter(None, None, "%").format(record("said")) == "said"


def test_other_styles_and_dates_are_taken(served):
    formatter = served.AMLLogFormatter("{asctime} {message}", "%Y", "{")

    assert formatter.format(record("said")) == "2026 said"


def test_the_key_validate_is_refused(served):
    """The real one takes three arguments; logging.config would pass a fourth."""
    with pytest.raises(TypeError):
        served.AMLLogFormatter(REAL, None, "%", False)


@pytest.mark.parametrize(
    ("line", "passes"), [("GET / HTTP/1.1", False), ("HEAD / HTTP/1.1", True), ("GET /?a=1 HTTP/1.1", True)]
)
def test_the_filter_drops_probes(served, line, passes):
    assert served.RootAccessFilter().filter(record('"%s" 200 7', line)) is passes

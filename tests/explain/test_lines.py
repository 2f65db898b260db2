"""Lines of any log: decoded, cut, freed of what other programs have put before them."""

from __future__ import annotations

import io
import json

import pytest
from amlemu.explain.lines import LONGEST, read_lines


def texts(raw):
    return [line.text for line in read_lines(io.BytesIO(raw))]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        pytest.param("2026-11-22 06:25:34,841 E [6681] azmlinfsrv - Traceback", "Traceback", id="azmlinfsrv"),
        pytest.param("2023-02-01T03:56:56,269279153+00:00 | gunicorn/run | Starting", "Starting", id="gunicorn-run"),
        pytest.param(
            "2020-01-22T22:36:53,349083546+00:00 - iot-server/finish 1 0", "iot-server/finish 1 0", id="runit-2020"
        ),
        pytest.param("2022-09-21 13:13:48,238 | root | INFO | Starting up", "Starting up", id="server-of-2022"),
        pytest.param(
            "[2021-01-01 10:00:00 +0000] [12] [ERROR] Exception in worker", "Exception in worker", id="gunicorn"
        ),
        pytest.param('2024-01-01T00:00:00.123456789Z   File "x"', '  File "x"', id="docker-logs-t"),
        pytest.param('2024-01-01T00:00:00.123Z stderr F   File "x"', '  File "x"', id="cri"),
        pytest.param("2023-08-25T09:18:38.4Z [2023-08-25 09:18:38 +0000] [68] [INFO] Hello", "Hello", id="two-heads"),
        pytest.param('#12 34.56   File "x"', '  File "x"', id="buildkit"),
        pytest.param("score-1  | hello", "hello", id="compose"),
        pytest.param("[pod/blue-7d/inference-server] hello", "hello", id="kubectl-prefix"),
        pytest.param("\x1b[91mERROR: x\x1b[0m", "ERROR: x", id="colours"),
        pytest.param("[91m  ERROR: x[0m", "  ERROR: x", id="colours-that-lost-their-escape"),
        pytest.param("array[0] and [12] x[1]", "array[0] and [12] x[1]", id="brackets-stay"),
        pytest.param("  indented", "  indented", id="indentation-stays"),
    ],
)
def test_a_line_comes_without_what_was_put_before_it(raw, text):
    assert texts(raw.encode()) == [text]


def test_a_record_of_the_server_says_its_logger():
    [line] = read_lines(io.BytesIO(b"2026-11-22 06:25:34,841 E [6681] azmlinfsrv.trace - x"))

    assert (line.logger, line.is_record) == ("azmlinfsrv.trace", True)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(b"a\r\nb\r\n", [(1, "a"), (2, "b")], id="crlf"),
        pytest.param(b" 10%\r 20%\rdone\nb", [(1, " 10%"), (1, " 20%"), (1, "done"), (2, "b")], id="progress-bar"),
        pytest.param(b"a\n\n\nb", [(1, "a"), (2, ""), (3, ""), (4, "b")], id="blank-lines"),
        pytest.param(b"", [], id="empty"),
        pytest.param("žlutý\nb".encode("utf-16"), [(1, "žlutý"), (2, "b")], id="utf-16-of-powershell"),
        pytest.param("abcd\nb".encode("utf-16-le"), [(1, "abcd"), (2, "b")], id="utf-16-without-its-mark"),
        pytest.param(b"\xef\xbb\xbfa", [(1, "a")], id="utf-8-with-its-mark"),
        pytest.param(b"gr\xfcn\nb", [(1, "gr\ufffdn"), (2, "b")], id="latin-1"),
        pytest.param(b"a\0b\x01\n", [(1, "ab\x01")], id="binary"),
    ],
)
def test_any_encoding_and_any_line_end_is_read(raw, expected):
    assert [(line.number, line.text) for line in read_lines(io.BytesIO(raw))] == expected


def test_json_lines_of_docker_are_unwrapped():
    raw = json.dumps({"log": '  File "x", line 3\n', "stream": "stderr", "time": "2024"})

    assert texts(raw.encode()) == ['  File "x", line 3']


def test_json_records_of_the_server_of_2019_are_unwrapped():
    """JSON inside JSON, and a traceback below the message."""
    inner = json.dumps({"requestId": "0", "message": "Starting up app insights client"})
    raw = json.dumps({"message": inner, "level": "INFO", "host": "wk", "exc_info": "Traceback:\n  File"})

    assert texts(raw.encode()) == ["Starting up app insights client", "Traceback:", "  File"]


def test_json_that_is_no_record_stays():
    raw = b'{"code": "AciDeploymentFailed", "statusCode": 400}'

    assert texts(raw) == [raw.decode()]


def test_a_log_that_a_notebook_printed_as_one_string_is_taken_apart():
    """service.get_logs() without print: one line with escaped line ends."""
    log = "Booting worker\nTraceback (most recent call last):\n  File \"score.py\"\nKeyError: 'a'\n"

    assert texts(repr(log).encode())[1:4] == [
        "Traceback (most recent call last):",
        '  File "score.py"',
        "KeyError: 'a'",
    ]


def test_a_windows_path_is_not_taken_apart():
    assert texts(rb"C:\new\notes\nothing") == [r"C:\new\notes\nothing"]


def test_a_line_without_end_is_cut():
    """50 MB without a line end cost no more than what is looked at."""
    [line, after] = read_lines(io.BytesIO(b"x" * 50_000_000 + b"\nafter"))

    assert (len(line.text), after.number, after.text) == (LONGEST, 2, "after")


def test_a_quoted_log_without_end_is_read_as_it_comes():
    numbers = {line.number for line in read_lines(io.BytesIO(b"abc def\\n" * 100_000))}

    assert numbers == {1}

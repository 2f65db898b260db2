"""What an exported exchange holds, and how a file of them is written: whole, and over nothing that is somebody else's."""

from __future__ import annotations

import json
import os

import pytest
from amlemu.control.export import as_line, write
from amlemu.errors import UsageError
from amlemu.exchange import Exchange, Request, Response
from amlemu.journal import Journal

CHUNKED = [("Transfer-Encoding", "chunked")]
LINES = [{"amlemu": "exchange", "number": 1}, {"amlemu": "exchange", "number": 2}]
TEXT = '{"amlemu": "exchange", "number": 1}\n{"amlemu": "exchange", "number": 2}\n'


def told(exchange):
    return json.loads(as_line(exchange))


def asked(body=b"", headers=(), **more):
    """The request of an exchange in which the server answered, unless it says otherwise."""
    answer = Response(200, "OK", [], b"[]")
    lanes = {"model": answer, "response": answer, **more}
    return told(Exchange(Request("POST", "/score", list(headers), body, number=1), **lanes))["request"]


# a line


def test_a_line_has_all_that_it_takes_to_ask_again_and_to_compare():
    answer = Response(200, "OK", [("Content-Type", "application/json")], b'"\xc3\xa4"', {"run_ms": 1.0})
    request = Request("POST", "/score?a=%20", [("Host", "h"), ("X-A", "1"), ("x-a", "2")], b'{"data": "\xc3\xa4"}')
    request.number = 12
    line = as_line(Exchange(request, started_at=1000.5, elapsed_ms=12.34567, model=answer, response=answer))

    assert line.endswith("}\n")
    assert line.isascii()
    assert json.loads(line) == {
        "amlemu": "exchange",
        "version": 1,
        "number": 12,
        "at": 1000.5,
        "request": {
            "method": "POST",
            "target": "/score?a=%20",
            "headers": [["Host", "h"], ["X-A", "1"], ["x-a", "2"]],
            "version": "1.1",
            "body": '{"data": "ä"}',
        },
        "response": {
            "status": 200,
            "phrase": "OK",
            "headers": [["Content-Type", "application/json"]],
            "body": '"ä"',
        },
        "request_id": "",
        "why": "",
        "elapsed_ms": 12.346,
    }


def test_what_the_model_said_is_told_where_the_caller_got_something_else():
    model, answer = Response(500, "ERROR", [], b"no"), Response(424, "Failed Dependency", [], b"no")
    line = told(Exchange(Request("GET", "/", []), model=model, response=answer, request_id="u", why="w"))

    assert (line["response"]["status"], line["model"]["status"]) == (424, 500)
    assert (line["request_id"], line["why"]) == ("u", "w")


def test_a_connection_that_was_closed_has_no_answer():
    line = told(Exchange(Request("GET", "/", [])))

    assert line["response"] is None
    assert "model" not in line


def test_a_model_that_was_not_asked_has_said_nothing():
    line = told(Exchange(Request("GET", "/", []), response=Response(429, "Too Many Requests", [], b"")))

    assert line["model"] is None


def test_a_body_that_is_no_text_is_base64():
    assert asked(b"\xff\x00")["body_base64"] == "/wA="
    assert "body" not in asked(b"\xff\x00")


def test_secrets_are_not_told():
    """Also where nobody has taken them out before."""
    answer = Response(200, "OK", [("Set-Cookie", "secret")], b"")
    line = as_line(Exchange(Request("GET", "/", [("Authorization", "Bearer secret")]), model=answer, response=answer))

    assert "secret" not in line
    assert json.loads(line)["request"]["headers"] == [["Authorization", "(not kept)"]]


def test_bodies_that_were_too_large_to_be_kept_are_not_empty_ones():
    journal = Journal(bytes_=4096)
    answer = Response(200, "OK", [], b"x")
    journal.add(Exchange(Request("POST", "/score", [], bytes(5000)), model=answer, response=answer))
    (line,) = map(told, journal)

    for message in (line["request"], line["response"]):
        assert message["body_kept"] is False
        assert "body" not in message


def test_a_stream_is_over_and_was_not_kept():
    answer = Response(200, "OK", [], iter([b"piece"]))

    assert told(Exchange(Request("GET", "/", []), model=answer, response=answer))["response"]["body_kept"] is False


@pytest.mark.parametrize("headers", [[("Content-Length", "7")], CHUNKED])
def test_a_request_that_is_refused_before_its_body_came_was_not_empty(headers):
    """As without a key, where the front door does not wait."""
    refused = asked(headers=headers, model=None, response=Response(401, "Unauthorized", [], b""))

    assert refused["body_kept"] is False


@pytest.mark.parametrize("headers", [[], [("Content-Length", "0")], CHUNKED])
def test_a_body_that_was_empty_is_empty(headers):
    assert asked(headers=headers)["body"] == ""


@pytest.mark.parametrize("headers", [[], [("Content-Length", "00")]])
def test_so_it_is_where_the_door_refused(headers):
    assert asked(headers=headers, model=None)["body"] == ""


def test_chunks_that_cannot_be_read_were_not_kept():
    """What has come of them is not what was sent."""
    request = Request("POST", "/score", CHUNKED, b"part", broken="Invalid chunk size: b'x'")

    assert told(Exchange(request))["request"]["body_kept"] is False


# a file


def test_a_file_has_a_line_each(tmp_path):
    assert write(LINES, tmp_path / "j.jsonl") == 2
    assert (tmp_path / "j.jsonl").read_text(encoding="ascii") == TEXT
    assert os.listdir(tmp_path) == ["j.jsonl"]


@pytest.mark.parametrize("before", ["", '{"version": 1, "amlemu": "exchange", "number": 7}\nand more\n'])
def test_an_older_export_is_replaced(tmp_path, before):
    """And an empty file, as mktemp makes one; who may read it stays."""
    path = tmp_path / "j.jsonl"
    path.write_text(before)
    path.chmod(0o640)
    write(LINES, path)

    assert path.read_text(encoding="ascii") == TEXT
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(b"import os\n", id="a-script"),
        pytest.param(b'{"data": [1]}\n', id="a-request"),
        pytest.param(b'["amlemu"]', id="a-list"),
        pytest.param(b"null\n", id="nothing-in-json"),
        pytest.param(b"\n", id="an-empty-line"),
        pytest.param(b"\xff\xfe\x00", id="no-text"),
    ],
)
def test_what_is_no_export_is_not_overwritten(tmp_path, before):
    path = tmp_path / "score.py"
    path.write_bytes(before)
    with pytest.raises(UsageError) as refused:
        write(LINES, path)

    assert str(refused.value) == (
        f"{path}: is there already, and holds no exported requests. Name another file, or - for standard output."
    )
    assert path.read_bytes() == before


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(UsageError, match="is a folder"):
        write(LINES, tmp_path)


def test_a_file_in_no_folder_says_so(tmp_path):
    with pytest.raises(UsageError, match=r"away/j\.jsonl: cannot be written: No such file or directory\."):
        write(LINES, tmp_path / "away" / "j.jsonl")


def test_a_pipe_is_left_alone(tmp_path):
    """To read it would take for ever."""
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(UsageError, match="is there already"):
        write(LINES, tmp_path / "pipe")


def test_lines_that_break_off_leave_what_was_there(tmp_path):
    path = tmp_path / "j.jsonl"
    write(LINES, path)

    def breaking():
        yield LINES[1]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(breaking(), path)
    assert path.read_text(encoding="ascii") == TEXT
    assert os.listdir(tmp_path) == ["j.jsonl"]


def test_no_exchanges_do_not_replace_some(tmp_path):
    """As after the server was started anew."""
    path = tmp_path / "j.jsonl"
    write(LINES, path)

    assert write([], path) == 0
    assert path.read_text(encoding="ascii") == TEXT


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "there" / "j.jsonl")
    write(LINES, tmp_path / "link.jsonl")

    assert (tmp_path / "link.jsonl").is_symlink()
    assert (tmp_path / "there" / "j.jsonl").read_text(encoding="ascii") == TEXT

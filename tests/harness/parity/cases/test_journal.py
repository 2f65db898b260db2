"""Cases from exported requests, and from the server that runs."""

from __future__ import annotations

import json

import pytest
from amlemu.errors import UsageError
from amlemu_harness.parity.case import request
from amlemu_harness.parity.cases.journal import is_journal, of_server, read
from amlemu_harness.parity.wire import exchange


def line(number=1, **asked):
    """Return a line as `amlemu requests --export` writes it."""
    whole = {"method": "POST", "target": "/score", "headers": [], "version": "1.1", "body": "", **asked}
    answer = {"status": 200, "phrase": "OK", "headers": [], "body": "[]"}
    return {"amlemu": "exchange", "version": 1, "number": number, "at": 1.0, "request": whole, "response": answer}


@pytest.fixture
def put(tmp_path, monkeypatch):
    """Write lines into j.jsonl of the current folder."""
    monkeypatch.chdir(tmp_path)

    def put(*lines, encoding="utf-8"):
        texts = [one if isinstance(one, str) else json.dumps(one) for one in lines]
        path = tmp_path / "j.jsonl"
        path.write_text("".join(f"{text}\n" for text in texts), encoding=encoding)
        return path

    return put


def raw(path):
    (case,) = read(path)
    return case.requests[0].raw


def test_a_journal_is_known_by_its_first_line():
    assert is_journal(line())
    assert not is_journal({"data": [1]})
    assert not is_journal({"amlemu": "0.1.0"})


def test_requests_are_cases_in_their_order(put):
    cases = read(put(line(12), "", line(13, method="GET", target="/")))

    assert [(case.name, case.source) for case in cases] == [
        ("request 12: POST /score", "j.jsonl:1"),
        ("request 13: GET /", "j.jsonl:3"),
    ]
    assert cases[1].requests[0].raw == b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def test_a_request_is_written_again_without_what_belongs_to_its_connection(put):
    """And without what nobody has kept; the rest has its order and its spelling."""
    headers = [
        ["Host", "here:5001"],
        ["x-B", "2"],
        ["Authorization", "(not kept)"],
        ["Connection", "close"],
        ["Content-Type", "text/plain"],
        ["Content-Length", "999"],
        ["Cookie", "(not kept)"],
        ["X-a", ""],
    ]

    assert raw(put(line(target="/score?a=%20", headers=headers, body="ä", version="1.0"))) == (
        b"POST /score?a=%20 HTTP/1.0\r\nHost: localhost\r\nx-B: 2\r\nContent-Type: text/plain\r\nX-a: \r\n"
        b"Content-Length: 2\r\n\r\n\xc3\xa4"
    )


def test_bytes_are_bytes_again(put):
    assert raw(put(line(body_base64="/wA="))).endswith(b"\r\n\r\n\xff\x00")


def test_chunks_are_chunks_again(put):
    """In one: how many there were nobody knows any more."""
    headers = [["transfer-encoding", "chunked"]]

    assert raw(put(line(headers=headers, body="hello"))).endswith(
        b"Host: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    )
    assert raw(put(line(headers=headers))).endswith(b"\r\n\r\n0\r\n\r\n")


def test_the_service_before_a_path_is_left_out(put):
    """Contract 2.1; whoever is asked has its own, or none."""
    assert raw(put(line(target="/api/v1/service/diabetes/score"))).startswith(b"POST /score HTTP/1.1\r\n")


def test_what_was_not_kept_is_left_out_and_told(put):
    """It was no empty request."""
    gone = line(2)
    gone["request"] |= {"body_kept": False}
    del gone["request"]["body"]
    remarks = []
    cases = read(put(line(1), gone), remarks.append)

    assert [case.name for case in cases] == ["request 1: POST /score"]
    assert remarks == [
        "1 request is left out of j.jsonl: nobody has kept the body, which was too large or had not come yet"
    ]


def test_nothing_is_told_of_a_file_that_is_whole(put):
    remarks = []
    read(put(line()), remarks.append)

    assert remarks == []


def test_names_are_of_one_case_each(put):
    """Two exports may stand in one file; a long target makes no long name."""
    names = [case.name for case in read(put(line(1), line(1), line(2, target=f"/{'x' * 100}")))]

    assert names == ["request 1: POST /score", "request 1: POST /score (2)", f"request 2: POST /{'x' * 56}..."]


def test_what_may_hurt_a_server_is_marked(put):
    """A large one, and one that nobody answered: it may have ended the worker."""
    closed = {**line(3), "response": None}

    assert [case.is_hard for case in read(put(line(1), line(2, body="x" * (1 << 20) + "x"), closed))] == [
        False,
        True,
        True,
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_windows_may_have_written_it(put, encoding):
    """PowerShell's `>` does."""
    assert len(read(put(line(1), line(2), encoding=encoding))) == 2


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        pytest.param('{"amlemu": "exch', "is not JSON: Unterminated string starting at: line 1 column 12", id="cut"),
        pytest.param("[]", "is no JSON object", id="a-list"),
        pytest.param({"data": [1]}, "is no exported request", id="another-object"),
        pytest.param({**line(), "version": 2}, "is of version 2, and this amlemu reads 1", id="newer"),
        pytest.param({"amlemu": "exchange", "version": 1}, "is no whole request: 'request' is missing", id="no-request"),
        pytest.param(line(body=None), "is no whole request: ", id="no-body"),
        pytest.param(line(body_base64="*"), "is no whole request: ", id="no-base64"),
        pytest.param(line(headers=[["A", "b\r\nC: d"]]), "is no value of a header", id="two-headers-in-one"),
        pytest.param(line(headers=[["A b", "c"]]), "is no method, and no name of a header", id="no-name"),
        pytest.param(line(headers=["A"]), "is no whole request: ", id="no-pair"),
        pytest.param(line(target="/a b"), "'/a b' is no target", id="no-target"),
        pytest.param(line(method=7), "is no whole request: ", id="no-method"),
        pytest.param(line(version="2"), "'2' is no version of HTTP", id="no-version"),
    ],
)  # fmt: skip
def test_a_broken_line_is_named(put, broken, what):
    with pytest.raises(UsageError) as refused:
        read(put(line(1), broken))

    assert refused.value.where == "j.jsonl:2"
    assert what in str(refused.value)


def test_a_file_that_is_not_there_says_so(tmp_path):
    with pytest.raises(UsageError, match="not there"):
        read(tmp_path / "away.jsonl")


def test_the_server_that_runs_is_asked(write, start, tmp_path, monkeypatch):
    """What was sent to it can be sent to others, but for the key."""
    monkeypatch.chdir(tmp_path)
    write("score.py", "def init(): ...\ndef run(data): return data\n")
    sent = request("POST", "/score", [("Authorization", "Bearer secret"), ("X-A", "1")], b"\xc3\xa4 \xe2\x80\xa8")
    command = start("serve", "score.py", "--backend", "inprocess", "--profile", "bare", "--port", "0")
    for one in (sent, request("HEAD", "/")):
        exchange(command.port, one)
    command.until(
        lambda: any((tmp_path / ".amlemu").glob("*/control.json")) and "HEAD /" in command.out + command.err, "ready"
    )
    cases = of_server("score.py")

    assert [case.name for case in cases] == ["request 1: POST /score", "request 2: HEAD /"]
    assert cases[0].source == f"the journal of http://127.0.0.1:{command.port}"
    assert cases[0].requests[0].raw == sent.raw.replace(b"Authorization: Bearer secret\r\n", b"")


def test_where_no_server_runs_it_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "score.py").write_text("")

    with pytest.raises(UsageError, match=r"no amlemu is serving score\.py"):
        of_server("score.py")

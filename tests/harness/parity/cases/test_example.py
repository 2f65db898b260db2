"""A case in a file, as examples have them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from amlemu.errors import UsageError
from amlemu_harness.parity.cases.example import is_example, read

EXAMPLES = Path(__file__).resolve().parents[4] / "examples"


def read_file(path):
    text = path.read_text(encoding="utf-8")
    return read(path, json.loads(text), text)


def written(file, **request):
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({"request": request, "response": {"status": 200}}, indent=1))
    return file


def test_the_cases_of_our_examples_are_read():
    """All of them; a body in a file lies beside the folder `cases`."""
    paths = sorted(EXAMPLES.glob("*/cases/*.json"))
    sent = {path: read_file(path).requests[0].raw for path in paths}

    assert len(paths) > 30
    assert sent[EXAMPLES / "raw" / "cases" / "form_bytes.json"] == (
        b"POST /score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 7\r\n\r\na=1&b=2"
    )
    assert sent[EXAMPLES / "raw" / "cases" / "fingerprint.json"].endswith(
        (EXAMPLES / "raw" / "sample-request.png").read_bytes()
    )
    assert sent[EXAMPLES / "raw" / "cases" / "get.json"] == b"GET /score HTTP/1.1\r\nHost: localhost\r\n\r\n"


def test_a_key_stays_behind_and_a_header_may_come_twice(tmp_path):
    path = written(
        tmp_path / "a.json",
        method="POST",
        path="/score?a=1",
        headers=[["X", "1"], ["Authorization", "k"], ["X", "2"]],
        json={"a": 1},
    )

    case = read_file(path)

    assert (case.name, case.source) == ("a", str(path))
    assert case.requests[0].raw == (
        b'POST /score?a=1 HTTP/1.1\r\nHost: localhost\r\nX: 1\r\nX: 2\r\nContent-Length: 8\r\n\r\n{"a": 1}'
    )


@pytest.mark.parametrize("folder", ["cases", "mine"])
def test_a_body_lies_beside_the_case_too(tmp_path, folder):
    path = written(tmp_path / folder / "a.json", method="POST", path="/score", headers={}, body_file="b.bin")
    (tmp_path / folder / "b.bin").write_bytes(b"\xff")

    assert read_file(path).requests[0].raw.endswith(b"\r\n\r\n\xff")


@pytest.mark.parametrize(
    ("request_", "line", "what"),
    [
        ({"method": "PO ST", "path": "/score"}, 3, "this is no method"),
        ({"method": 1, "path": "/score"}, 3, "this is no method"),
        ({"method": "POST", "path": "score"}, 4, "this is no path"),
        ({"method": "POST", "path": "/score HTTP/1.1\r\nX: 1"}, 4, "this is no path"),
        (
            {"method": "POST", "path": "/score", "headers": "X: 1"},
            5,
            "headers are an object of texts, or a list of pairs",
        ),
        ({"method": "POST", "path": "/score", "headers": {"X": 1}}, 5, "'X' is no header of one line"),
        ({"method": "POST", "path": "/score", "headers": {"X": "1\nY: 2"}}, 5, "'X' is no header of one line"),
        ({"method": "POST", "path": "/score", "body": {"a": 1}}, 5, "a body is a text"),
        ({"method": "POST", "path": "/score", "bodyfile": "x"}, 5, "a request has no 'bodyfile', but 'body_file'"),
        (
            {"method": "POST", "path": "/score", "body_file": "gone.bin"},
            5,
            "its body is in gone.bin, which is not there",
        ),
    ],
)
def test_a_broken_one_names_the_line(tmp_path, monkeypatch, request_, line, what):
    monkeypatch.chdir(tmp_path)
    path = written(tmp_path / "a.json", **request_)

    with pytest.raises(UsageError) as failure:
        read_file(path)

    assert (failure.value.where, failure.value.what) == (f"a.json:{line}", what)


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {"data": [1]},
        {"request": {"method": "POST", "path": "/score"}},
        {"request": {"method": "POST", "url": "/x"}, "response": {}},
        {"request": [1], "response": [2]},
        {"request": {"path": "/x"}, "response": {}},
    ],
)
def test_other_json_is_none(value):
    assert not is_example(value)

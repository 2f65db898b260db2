"""What lies beside a deployment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from amlemu.errors import UsageError
from amlemu_harness.parity.cases.folder import beside, sample

EXAMPLES = Path(__file__).resolve().parents[4] / "examples"
CASE = {"request": {"method": "GET", "path": "/", "headers": {}}, "response": {"status": 200}}


def test_samples_and_cases_of_an_example():
    names = [case.name for case in beside([EXAMPLES / "raw", EXAMPLES / "raw"])]

    assert names == ["sample-request.png", "delete", "fingerprint", "form_bytes", "get", "no_body", "options"]


def test_what_is_no_request_breaks_nothing(tmp_path):
    """Code and notes that are called so, files of another tool in `cases`, a broken or an empty one, a folder that is not there."""
    (tmp_path / "cases").mkdir()
    for name in (
        "request_log.py",
        "requests.har",
        "requests.sh",
        "request.md",
        "requestsed.pkl",
        "sample-request.json",
    ):
        (tmp_path / name).write_text("" if name == "sample-request.json" else "x")
    for name, text in {
        "theirs.json": '{"request": {"method": "GET", "url": "/"}, "response": {}}',
        "broken.json": "{",
        "list.json": "[1]",
        "binary.json": "\udcff",
    }.items():
        (tmp_path / "cases" / name).write_bytes(text.encode("utf-8", "surrogateescape"))

    told: list[str] = []
    assert beside([tmp_path, tmp_path / "gone"], told.append) == []
    assert [line.partition(": ")[2] for line in told] == [
        "no case with request and response is in binary.json, broken.json, list.json, theirs.json;"
        f" to send such files as bodies: --cases {tmp_path}/cases"
    ]
    assert sample([tmp_path, tmp_path / "gone"]) is None


def test_a_case_of_ours_that_is_broken_is_said(tmp_path):
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "a.json").write_text(json.dumps(CASE).replace('"/"', '"nowhere"'))

    with pytest.raises(UsageError):
        beside([tmp_path])


def test_a_folder_by_two_names_is_one(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "sample-request.json").write_text("{")
    (tmp_path / "b").symlink_to("a")

    assert [case.name for case in beside([tmp_path / "a", tmp_path / "b"])] == ["sample-request.json"]


def test_a_sample_may_be_a_case(tmp_path):
    (tmp_path / "request.json").write_text(json.dumps(CASE))

    (case,) = beside([tmp_path])

    assert case.requests[0].raw == b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def test_the_sample_is_the_first_that_is_json(tmp_path):
    (tmp_path / "request.csv").write_text("a,b")
    (tmp_path / "request.json").write_text("{broken")

    first = sample([tmp_path])
    (tmp_path / "sample-request.json").write_text('{"data": 1}')

    assert first == (tmp_path / "request.csv", b"a,b")
    assert sample([tmp_path]) == (tmp_path / "sample-request.json", b'{"data": 1}')

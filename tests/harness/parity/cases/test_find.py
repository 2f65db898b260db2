"""What a person names after --cases is recognised by its content."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from amlemu.errors import UsageError
from amlemu_harness.parity.case import Case
from amlemu_harness.parity.cases.find import named_once, read

EXAMPLES = Path(__file__).resolve().parents[4] / "examples"
CASE = json.dumps({"request": {"method": "GET", "path": "/", "headers": {}}, "response": {"status": 200}})
HAR = json.dumps({"log": {"entries": [{"request": {"method": "GET", "url": "http://h/score", "headers": []}}]}})
ROWS = json.dumps({"specversion": "1.0", "type": "azureml.inference.inputs", "data": [{"a": 1}]})
CURL = "curl localhost:5001/score -d 1\n"


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def named(tmp_path, name, content):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read(name, tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "cases"),
    [
        pytest.param("good.json", CASE, [("good", b"GET / HTTP")], id="case"),
        pytest.param("one.txt", CASE, [("one", b"GET / HTTP")], id="case-by-content"),
        pytest.param("r.har", HAR, [("r.har #1", b"GET /score HTTP")], id="har"),
        pytest.param("r.json", "\ufeff" + HAR, [("r.json #1", b"GET /score HTTP")], id="har-by-content"),
        pytest.param("r.sh", CURL, [("r.sh #1", b"POST /score HTTP")], id="curl"),
        pytest.param("notes", CURL.encode("utf-16"), [("notes #1", b"POST /score HTTP")], id="curl-of-powershell"),
        pytest.param(
            "c.jsonl", "1\n2\n", [("c.jsonl #1", b"POST /score HTTP"), ("c.jsonl #2", b"POST /score HTTP")], id="jsonl"
        ),
        pytest.param(
            "c.log",
            '{"a": 1}\n\n{"a": 2}',
            [("c.log #1", b"POST /score HTTP"), ("c.log #3", b"POST /score HTTP")],
            id="jsonl-by-content",
        ),
        pytest.param("c.json", ROWS, [("c.json #1", b"POST /score HTTP")], id="one-event"),
        pytest.param("a.json", '{"curl x": 1}', [("a.json", b"POST /score HTTP")], id="json"),
        pytest.param("a.csv", "1\n2\n", [("a.csv", b"POST /score HTTP")], id="csv"),
        pytest.param("a.png", b"\x89PNG", [("a.png", b"POST /score HTTP")], id="image"),
        pytest.param("a.json", b"\xff{", [("a.json", b"POST /score HTTP")], id="no-text"),
    ],
)
def test_it_is_recognised(tmp_path, name, content, cases):
    found = named(tmp_path, name, content)

    assert [
        (case.name, case.requests[0].raw[: len(start)]) for case, (_, start) in zip(found, cases, strict=True)
    ] == cases


def test_an_exported_journal_is_recognised(tmp_path):
    line = {
        "amlemu": "exchange",
        "version": 1,
        "number": 7,
        "request": {"method": "GET", "target": "/score", "headers": [], "body": ""},
    }

    (case,) = named(tmp_path, "journal.json", json.dumps(line))

    assert case.requests[0].raw == b"GET /score HTTP/1.1\r\nHost: localhost\r\n\r\n"


def test_rows_are_wrapped_like_the_sample_of_the_deployment(tmp_path):
    (tmp_path / "deployment").mkdir()
    (tmp_path / "deployment" / "sample-request.json").write_text('{"people": [[1]]}')
    (tmp_path / "c.jsonl").write_text(ROWS)

    (case,) = read("c.jsonl", tmp_path / "deployment")

    assert case.requests[0].raw.endswith(b'\r\n\r\n{"people": [[1]]}')


def test_a_folder_has_all_that_is_below_it(tmp_path):
    """In the order of names; code, notes, hidden and empty files and the bodies of cases are none."""
    with_body = CASE.replace('"headers"', '"body_file": "x.bin", "headers"')
    for name, content in {
        "requests/a.json": "{}",
        "requests/b/a.json": with_body,
        "requests/b/x.bin": "x",
        "requests/b/y.bin": "y",
        "requests/c.har": HAR,
        "requests/d.sh": CURL,
        "requests/e.sh": "echo",
        "requests/README.md": "notes",
        "requests/empty.txt": "",
        "requests/.hidden.json": "{}",
        "requests/2026/01/02/i.jsonl": ROWS,
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)

    names = [case.name for case in read("requests", tmp_path)]

    assert names == ["a.json", "c.har #1", "d.sh #1", "2026/01/02/i.jsonl #1", "b/a", "b/y.bin"]


def test_the_folder_of_a_deployment_is_what_lies_beside_it():
    """Its models and settings are JSON as well."""
    found = read(str(EXAMPLES / "raw"), Path())

    assert len(found) == 7


def test_a_folder_of_cases_is_taken_as_one():
    assert [case.name for case in read(str(EXAMPLES / "raw" / "cases"), Path())] == [
        "delete",
        "fingerprint",
        "form_bytes",
        "get",
        "no_body",
        "options",
    ]


@pytest.mark.parametrize(
    ("name", "content", "where", "what"),
    [
        ("a.json", '{"a": 1,\n}', "a.json:2", "no JSON: "),
        ("a.har", "{}", "a.har:1", "this is no HAR file"),
        ("a.har", HAR[:-9], "a.har:1", "no JSON: "),
        ("a.jsonl", "{}\n{", "a.jsonl:2", "no JSON: "),
        ("a.txt", " \n", "a.txt", "it is empty"),
        ("a.sh", "curl 'x", "a.sh:1", "' is never closed"),
    ],
)
def test_a_broken_file_names_file_and_line(tmp_path, name, content, where, what):
    with pytest.raises(UsageError) as failure:
        named(tmp_path, name, content)

    assert failure.value.where == where
    assert failure.value.what.startswith(what)


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("requsts.har", "Did you mean requests.har?"),
        ("", "Name a file or a folder."),
        ("x" * 5000, ""),
        ("a\0b", "In . there is: requests.har."),
    ],
)
def test_what_is_not_there_names_the_nearest(tmp_path, word, hint):
    (tmp_path / "requests.har").write_text(HAR)

    with pytest.raises(UsageError) as failure:
        read(word, tmp_path)

    assert failure.value.hint == hint


def test_a_folder_without_a_request_says_so(tmp_path):
    (tmp_path / "empty").mkdir()

    with pytest.raises(UsageError) as failure:
        read("empty", tmp_path)

    assert (failure.value.where, failure.value.what) == ("empty", "no request is in this folder")


def test_names_are_unique():
    cases = [Case(name, "x", ()) for name in ("a", "a (2)", "a", "a", "b")]

    assert [case.name for case in named_once(cases)] == ["a", "a (2)", "a (3)", "a (4)", "b"]

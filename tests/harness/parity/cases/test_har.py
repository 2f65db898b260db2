"""HAR files as browsers, Fiddler, mitmproxy and HTTP Toolkit write them."""

from __future__ import annotations

import base64
import json

import pytest
from amlemu.errors import UsageError
from amlemu_harness.parity.cases.har import is_har, read


def entry(url="https://ep.inference.ml.azure.com/score", method="POST", headers=(), **more):
    told = [{"name": name, "value": value} for name, value in headers]
    return {
        "startedDateTime": "2026-01-01T00:00:00.000Z",
        "request": {"method": method, "url": url, "headers": told, **more},
        "response": {},
    }


def har(*entries, indent=2):
    return json.dumps(
        {"log": {"version": "1.2", "creator": {"name": "x"}, "pages": [], "entries": entries}}, indent=indent
    )


def raws(tmp_path, *entries):
    return [case.requests[0].raw for case in read(tmp_path / "r.har", har(*entries))]


def test_what_chrome_writes_for_http_2(tmp_path):
    """Pseudo headers, keys and cookies stay behind; the names are in small letters, as recorded."""
    one = entry(
        "https://ep.inference.ml.azure.com/score?verbose=1",
        headers=[
            (":authority", "ep.inference.ml.azure.com"),
            (":method", "POST"),
            ("accept", "*/*"),
            ("accept-encoding", "gzip, deflate, br, zstd"),
            ("authorization", "Bearer abc"),
            ("content-length", "12"),
            ("content-type", "application/json"),
            ("cookie", "a=b"),
            ("user-agent", "Mozilla/5.0"),
        ],
        httpVersion="http/2.0",
        postData={"mimeType": "application/json", "text": '{"data":["é"]}'},
        bodySize=15,
    )

    assert raws(tmp_path, one) == [
        b"POST /score?verbose=1 HTTP/1.1\r\nHost: localhost\r\naccept: */*\r\ncontent-type: application/json\r\n"
        b"user-agent: Mozilla/5.0\r\nContent-Length: 15\r\n\r\n" + '{"data":["é"]}'.encode()
    ]


@pytest.mark.parametrize(
    ("posted", "size", "body"),
    [
        pytest.param(
            {"text": base64.b64encode(b"\x89PNG\0").decode(), "encoding": "base64"}, 5, b"\x89PNG\0", id="base64"
        ),
        pytest.param({"text": "\x89PNG\x00"}, 5, b"\x89PNG\0", id="bytes-as-signs"),
        pytest.param({"text": "\x89"}, 2, b"\xc2\x89", id="text"),
        pytest.param({"text": "é"}, -1, "é".encode(), id="size-not-known"),
        pytest.param({"text": "", "params": []}, 0, b"", id="empty"),
        pytest.param(
            {"mimeType": "application/x-www-form-urlencoded", "text": "", "params": [{"name": "a b", "value": "1&2"}]},
            9,
            b"a+b=1%262",
            id="fields",
        ),
        pytest.param({"text": "a=1", "params": [{"name": "a", "value": "1"}]}, 3, b"a=1", id="fields-and-text"),
    ],
)
def test_bodies(tmp_path, posted, size, body):
    (raw,) = raws(tmp_path, entry(headers=[("Content-Type", "x/y")], postData=posted, bodySize=size))

    assert raw.partition(b"\r\n\r\n")[2] == body


def test_a_body_that_is_kept_elsewhere(tmp_path):
    """HTTP Toolkit: what is no text stands in `_content`."""
    (raw,) = raws(tmp_path, entry(_content={"text": "/w==", "encoding": "base64", "size": 1}))

    assert raw.endswith(b"Content-Length: 1\r\n\r\n\xff")


def test_a_form_with_parts_of_which_only_the_fields_were_kept(tmp_path):
    kind = "multipart/form-data; boundary=----X"
    params = [{"name": "a", "value": "1"}, {"name": "f", "fileName": "x.png", "contentType": "image/png"}]

    (raw,) = raws(tmp_path, entry(postData={"mimeType": kind, "params": params}))

    head, _, body = raw.partition(b"\r\n\r\n")
    assert b"Content-Type: multipart/form-data; boundary=----X\r\n" in head
    assert body == (
        b'------X\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n------X\r\n'
        b'Content-Disposition: form-data; name="f"; filename="x.png"\r\nContent-Type: image/png\r\n\r\n\r\n------X--\r\n'
    )


def test_only_scoring_routes_count_and_the_others_are_told(tmp_path):
    told = []
    text = har(
        entry("https://example.com/app.js", "GET"),
        entry("http://localhost:5001/", "GET"),
        entry("chrome-extension://abc/score"),
        entry("http://20.1.2.3/api/v1/service/storm/score", "OPTIONS"),
        entry("https://ep.inference.ml.azure.com:443", "CONNECT"),
        entry("http://localhost/score?q=a b&é#top", "GET"),
    )

    cases = read(tmp_path / "r.har", text, remark=told.append)

    assert [(case.name, case.requests[0].raw.split(b" HTTP")[0]) for case in cases] == [
        ("r.har #2", b"GET /"),
        ("r.har #4", b"OPTIONS /score"),
        ("r.har #6", b"GET /score?q=a%20b&%C3%A9"),
    ]
    assert told == [f"3 of 6 requests are left out of {tmp_path / 'r.har'}: they go to no scoring route"]
    lines = text.split("\n")
    assert all(lines[int(case.source.rpartition(":")[2]) - 1].strip() == "{" for case in cases)
    assert "api/v1" in "".join(lines[int(cases[1].source.rpartition(":")[2]) :][:6])


@pytest.mark.parametrize(
    ("entries", "what"),
    [
        ([], "it holds no request"),
        (
            [entry("https://example.com/a"), entry("https://example.com/b")],
            "none of its 2 requests goes to a scoring route",
        ),
        ([{"request": {"method": "GET"}}], "this entry has no request"),
        ([entry(postData={"text": "ab", "encoding": "base64"})], "its body is no base64: Incorrect padding"),
    ],
)
def test_what_cannot_be_played(tmp_path, entries, what):
    with pytest.raises(UsageError) as failure:
        read(tmp_path / "r.har", har(*entries))

    assert failure.value.what == what
    assert failure.value.where.startswith(str(tmp_path / "r.har"))


@pytest.mark.parametrize("value", [None, [], {"log": []}, {"log": {"entries": {}}}, {"data": [1]}])
def test_other_json_is_none(value):
    assert not is_har(value)

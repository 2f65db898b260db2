"""The cases that are made for any script: what they send, and that the front door answers each."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path

import amlemu
import pytest
from amlemu_harness.parity.cases.generated import generated, kind_of
from amlemu_harness.parity.wire import exchange

SCRIPTS = Path(__file__).parents[3] / "scripts"
OPENAPI = {"definitions": {"ServiceInput": {"properties": {"data": {"type": "array"}}, "example": {"data": [1, 2]}}}}
COMMON = """
good / twice / empty / BOM / bad JSON / null / a list / a number / a text / an unknown key / not UTF-8 / no content type /
wrong content type / content type with charset / form / multipart form / gzip body / chunked / Expect: 100-continue / HTTP/1.0 /
keep-alive asked for / origin / preflight / ids / request id / old request id / client request id / empty id /
id of 100 characters / id of 101 characters / client id of 101 characters / trace id / GET / GET with a query /
GET with a body / POST with a query / OPTIONS / HEAD / PUT / PATCH / DELETE / unknown method / health / HEAD of health /
POST to health / swagger / swagger 2 / swagger 3 / swagger 3.1 / swagger, unknown version / POST to swagger /
unknown path / trailing slash / two slashes / upper case / encoded path
"""
HARD = ["1.4 MB", "1.6 MB", "slow client", "together", "after a crash"]
ADDED = {
    "plain": [],
    "schema": ["an empty object", "UTF-16", "without data", "data is null", "wrong type of data", "a key twice"],
    "raw": ["OPTIONS with a body", "DELETE with a body", "HEAD with a query", "binary"],
}
# what the real server answers, where that is not 200; observed with azureml-inference-server-http 1.5.1, as contract 4.3 to 4.11
ROUTED = {
    **dict.fromkeys(["POST to health", "POST to swagger", "PUT", "PATCH", "DELETE", "unknown method"], 405),
    **dict.fromkeys(["unknown path", "trailing slash", "upper case", "swagger, unknown version"], 404),
    **dict.fromkeys(["id of 101 characters", "client id of 101 characters"], 431),
}
WITH_PARAMETERS = {
    **dict.fromkeys(["no content type", "wrong content type", "form", "multipart form"], 415),
    **dict.fromkeys(["empty", "bad JSON", "null", "a list", "a number", "a text", "GET", "GET with a body"], 400),
    **dict.fromkeys(["an empty object", "without data", "HEAD"], 400),
    **dict.fromkeys(["not UTF-8", "gzip body", "data is null", "wrong type of data"], 500),
    **dict.fromkeys(["number is null", "wrong type of number"], 500),
    "HEAD": 405,
}
ELSE_THAN_200 = {
    "echo.py": {**ROUTED, "not UTF-8": 400, "gzip body": 400, "HEAD": 405},
    "decorated.py": {**ROUTED, **WITH_PARAMETERS},
    "rawhttp.py": {**ROUTED, "DELETE with a body": 405},
}


def by_name(kind="plain", sample=None, sample_type="", openapi=None):
    return {case.name: case for case in generated(kind, sample, sample_type, openapi)}


def body_of(case):
    return case.requests[0].raw.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("kind", ["plain", "schema", "raw"])
def test_the_names_stay(kind):
    """People write them into files of exemptions."""
    common = COMMON.replace("\n", " ").strip().split(" / ")
    cases = generated(kind, None, "", OPENAPI)

    assert [case.name for case in cases] == [*common, *ADDED[kind], *HARD]


def test_what_may_hurt_a_server_is_marked():
    assert [name for name, case in by_name().items() if case.is_hard] == HARD


def test_good_is_the_sample():
    case = by_name(sample=b"a;b\n", sample_type="text/csv")["good"]

    assert case.requests[0].raw == (
        b"POST /score HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nContent-Length: 4\r\n\r\na;b\n"
    )


@pytest.mark.parametrize(("name", "size"), [("1.4 MB", 1_468_006), ("1.6 MB", 1_677_721)])
def test_large_ones_are_either_side_of_a_megabyte_and_a_half(name, size):
    """Of 2**20 bytes. JSON says the same with blanks behind it; what is no JSON is just so long."""
    padded, other = body_of(by_name()[name]), body_of(by_name(sample=b"\xff", sample_type="image/png")[name])

    assert (len(padded), len(other)) == (size, size)
    assert padded.rstrip(b" ") == b'{"data": [[1, 2, 3]]}'


def test_a_sample_cannot_be_made_smaller():
    cases = by_name(sample=b" " * 1_500_000 + b"1")

    assert "1.4 MB" not in cases
    assert "1.6 MB" in cases


@pytest.mark.parametrize("sample", [b"[1, 2, 3]", b"1", b""])
def test_pieces_come_together_again(sample):
    """Chunks, halves and what waits for 100 Continue are the good request."""
    cases = by_name(sample=sample)
    good, slow = cases["good"].requests[0], cases["slow client"].requests[0]
    asking, chunks = cases["Expect: 100-continue"].requests[0], body_of(cases["chunked"])
    sizes = [part for part in chunks.split(b"\r\n")[::2] if part]

    assert slow.raw + slow.rest == good.raw
    assert asking.raw.endswith(b"\r\n\r\n")
    assert asking.after_continue == sample
    assert sum(int(size, 16) for size in sizes) == len(sample)
    assert chunks.endswith(b"0\r\n\r\n")
    assert gzip.decompress(body_of(cases["gzip body"])) == sample


def test_a_query_has_the_parameters():
    """Unless they are too many for a request line: contract 4.8."""
    cases, large = by_name("schema", openapi=OPENAPI), by_name("schema", json.dumps({"data": [1] * 5000}).encode())

    assert cases["GET with a query"].requests[0].raw.startswith(b"GET /score?data=%5B1%2C+2%5D HTTP/1.1\r\n")
    assert large["GET with a query"].requests[0].raw.startswith(b"GET /score?a=1&b=[1,2]&c=")


def test_a_key_twice_is_first_wrong_and_then_right():
    assert body_of(by_name("schema", openapi=OPENAPI)["a key twice"]) == b'{"data": null, "data": [1, 2]}'


@pytest.mark.parametrize("script", ["echo.py", "decorated.py", "rawhttp.py"])
def test_each_is_answered_at_once_as_the_real_server_does(script):
    """None hangs: what is compared is an answer."""
    kind = kind_of((SCRIPTS / script).read_text(encoding="utf-8"))
    with amlemu.serve(SCRIPTS / script, backend="inprocess", profile="bare") as endpoint:
        openapi = json.loads(exchange(endpoint.port, by_name()["swagger"].requests[0]).body)
        seen, slow = {}, []
        for case in generated(kind, None, "", openapi):
            for sent in case.requests:
                began = time.monotonic()
                answer = exchange(endpoint.port, sent)
                seen[case.name] = answer.status.split(" ")[1] if answer.is_complete and answer.is_closed else answer
                slow += [case.name] if time.monotonic() - began > 5 else []

    assert {name: int(status) for name, status in seen.items() if status != "200"} == ELSE_THAN_200[script]
    assert slow == []

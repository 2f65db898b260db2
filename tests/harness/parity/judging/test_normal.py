"""What of an answer becomes a word, and what stays as it came."""

from __future__ import annotations

import json

import pytest
from amlemu_harness.parity.case import Case, request
from amlemu_harness.parity.judging.normal import hosts_of, normal_answers
from amlemu_harness.parity.wire import Received

from ..answered import GOOD, ID, OTHER_ID, answer, seen


def normal(one: Received, case: Case = GOOD, hosts: tuple[str, ...] = ()) -> Received:
    return normal_answers(case, seen(one), seen(), hosts=hosts)[0][0]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("Date", "Sun, 22 Nov 2026 12:43:27 GMT", "<date>"),
        ("Date", "Sun, 22 Nov 2026 12:43:27 +0100", "Sun, 22 Nov 2026 12:43:27 +0100"),
        ("Last-Modified", "Sun, 22 Nov 2026 12:43:27 GMT", "Sun, 22 Nov 2026 12:43:27 GMT"),
        ("x-ms-run-fn-exec-ms", "0.123", "<ms>"),
        ("x-ms-run-fn-exec-ms", "0,123", "0,123"),
        ("Allow", "POST, OPTIONS", "OPTIONS, POST"),
        ("x-ms-request-id", ID, "<id 1>"),
        ("x-both", f"{OTHER_ID}/{ID}", "<id 1>/<id 2>"),
        ("Location", "http://127.0.0.1:5001/score", "http://<address>/score"),
        ("Location", "http://localhost/score", "http://<address>/score"),
        ("Location", "https://mine.inference.ml.azure.com/score", "https://<address>/score"),
        ("Location", "https://not-mine.example.org/score", "https://not-mine.example.org/score"),
        ("Location", "http://127.0.0.1.example.org/score", "http://127.0.0.1.example.org/score"),
        ("x-served-by", "0.0.0.0:31311", "<address>"),
    ],
)
def test_headers(name: str, value: str, expected: str) -> None:
    one = normal(answer(headers=((name, value),)), hosts=("mine.inference.ml.azure.com",))

    assert one.headers == ((name, expected), ("Content-Length", "<length>"))


def test_the_length_of_an_answer_to_head_is_compared() -> None:
    """There is no body that it could follow from."""
    case = Case("head", "made here", (request("HEAD", "/"),))

    assert normal(Received("HTTP/1.1 200 OK", (("Content-Length", "7"),)), case).headers == (("Content-Length", "7"),)


def test_ids_in_a_body_and_a_header_are_one() -> None:
    """In JSON, in a text, and not in bytes."""
    header = (("x-ms-request-id", ID),)
    bodies = [json.dumps({"a": OTHER_ID, "b": ID}).encode(), f"{ID} failed".encode(), b"\xff" + ID.encode()]

    assert [normal(answer(body, headers=header)).body for body in bodies] == [
        b'{"a": "<id 2>", "b": "<id 1>"}',
        b"<id 1> failed",
        b"\xff" + ID.encode(),
    ]


@pytest.mark.parametrize(
    ("address", "host"),
    [("https://e.ml.azure.com:443/api", "e.ml.azure.com"), ("10.0.0.1:80", "10.0.0.1"), ("http://[::1]:80", "[::1]")],
)
def test_the_host_of_a_side_is_among_its_facts(address: str, host: str) -> None:
    assert (hosts_of({"address": address}), hosts_of({})) == ((host,), ())

"""
The cases that are made for any script: what clients do, by mistake or on purpose, around the one request that is right.

Their names are short and stay, for people write them into files of exemptions. `kinds.py` says what kind of script it is, `good.py`
what is right. Nothing depends on the order, but for what the script itself remembers.

Source of what matters: contract 4.3 to 4.11, 4.14; 1.5 for the sizes, 3.5 for crashes.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from amlemu_harness.parity.case import Case, post, request
from amlemu_harness.parity.cases.good import Good, good, parameters_gone_wrong
from amlemu_harness.parity.cases.kinds import Kind, kind_of
from amlemu_harness.parity.wire import Headers, Sent

__all__ = ["Kind", "generated", "kind_of"]

_SOURCE = "made here"
_SIZES = {"1.4 MB": 1_468_006, "1.6 MB": 1_677_721}  # of 2**20 bytes: either side of a limit of 1.5, contract 1.5
_TOGETHER = 4
_PAUSE_S = 0.2
_QUERY = "a=1&b=[1,2]&c=%22a%22&d=null&e=true&f=q&g=1.5&h=&a=%20x+y"  # contract 4.5
_LONGEST_QUERY = 3000  # a request line of more than 4094 bytes is another case: contract 4.8
_ORIGIN = ("Origin", "https://amlemu.example")
_BOUNDARY = "amlemu-boundary"


def generated(kind: Kind, sample: bytes | None, sample_type: str, openapi: Mapping[str, Any] | None) -> list[Case]:
    """
    Return the cases for a script of that kind.

    Args:
        sample: the body of a request that it is known to answer; None makes one up.
        sample_type: its content type.
        openapi: what its `/swagger.json` says, of any version; None where it says nothing.
    """
    right = good(kind, sample, sample_type, openapi)
    parts = [_bodies(right), _headers(right), _ids(right), _methods(right), _paths(right)]
    if kind == "schema":
        parts.append(_parameters(right, openapi))
    if kind == "raw":
        parts.append(_raw(right))
    return [case for part in (*parts, _hard(right)) for case in part]


def _case(name: str, *requests: Sent) -> Case:
    return Case(name, _SOURCE, requests)


def _type(right: Good) -> Headers:
    return (("Content-Type", right.content_type),)


def _right(right: Good, *headers: tuple[str, str], target: str = "/score") -> Sent:
    return post(right.body, (*_type(right), *headers), target)


def _bodies(right: Good) -> Iterator[Case]:
    yield _case("good", _right(right))
    yield _case("twice", _right(right), _right(right))
    yield _case("empty", post(b"", _type(right)))
    yield _case("BOM", post(b"\xef\xbb\xbf" + right.body, _type(right)))
    unknown = {**right.parameters, "amlemu_unknown": 1}
    texts = {
        "bad JSON": '{"data": [[1, 2, 3]',
        "null": "null",
        "a list": "[1, 2, 3]",
        "a number": "1",
        "a text": '"text"',
        "an unknown key": json.dumps(unknown),
    }
    for name, text in texts.items():
        yield _case(name, post(text.encode()))
    yield _case("not UTF-8", post(b'{"data": "\xff"}'))


def _headers(right: Good) -> Iterator[Case]:
    body, type_ = right.body, _type(right)
    kinds = {
        "wrong content type": "text/plain",
        "content type with charset": "application/json; charset=utf-8",
        "form": "application/x-www-form-urlencoded",
    }
    yield _case("no content type", post(body, ()))
    for name, kind in kinds.items():
        yield _case(name, post(body, (("Content-Type", kind),)))
    yield _case("multipart form", _multipart(body))
    yield _case("gzip body", post(gzip.compress(body, mtime=0), (*type_, ("Content-Encoding", "gzip"))))
    yield _case("chunked", post(_in_chunks(body), (*type_, ("Transfer-Encoding", "chunked"))))
    yield _case("Expect: 100-continue", _asking_first(right))
    yield _case("HTTP/1.0", request("POST", "/score", type_, body, version="1.0"))
    yield _case("keep-alive asked for", _right(right, ("Connection", "keep-alive")))
    yield _case("origin", _right(right, _ORIGIN))
    asked = (("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "content-type"))
    yield _case("preflight", request("OPTIONS", "/score", (_ORIGIN, *asked)))


def _ids(right: Good) -> Iterator[Case]:
    request_id, old, client = "x-request-id", "x-ms-request-id", "x-ms-client-request-id"
    sent: dict[str, Headers] = {
        "ids": ((request_id, "amlemu-a"), (old, "amlemu-b"), (client, "amlemu-c")),
        "request id": ((request_id, "amlemu-a"),),
        "old request id": ((old, "amlemu-b"),),
        "client request id": ((client, "amlemu-c"),),
        "empty id": ((request_id, ""),),
        "id of 100 characters": ((request_id, "a" * 100),),
        "id of 101 characters": ((request_id, "a" * 101),),
        "client id of 101 characters": ((client, "a" * 101),),
        "trace id": (("TraceId", "amlemu-t"),),
    }
    for name, headers in sent.items():
        yield _case(name, _right(right, *headers))


def _methods(right: Good) -> Iterator[Case]:
    yield _case("GET", request("GET", "/score"))
    yield _case("GET with a query", request("GET", f"/score?{_query(right)}"))
    yield _case("GET with a body", request("GET", "/score", _type(right), right.body))
    yield _case("POST with a query", _right(right, target=f"/score?{_QUERY}"))
    yield _case("OPTIONS", request("OPTIONS", "/score"))
    yield _case("HEAD", request("HEAD", "/score"))
    for method in ("PUT", "PATCH"):
        yield _case(method, request(method, "/score", _type(right), right.body))
    yield _case("DELETE", request("DELETE", "/score"))
    yield _case("unknown method", request("AMLEMU", "/score"))


def _paths(right: Good) -> Iterator[Case]:
    yield _case("health", request("GET", "/"))
    yield _case("HEAD of health", request("HEAD", "/"))
    yield _case("POST to health", _right(right, target="/"))
    versions = {
        "swagger": "",
        "swagger 2": "?version=2",
        "swagger 3": "?version=3",
        "swagger 3.1": "?version=3.1",
        "swagger, unknown version": "?version=4",
    }
    for name, query in versions.items():
        yield _case(name, request("GET", f"/swagger.json{query}"))
    yield _case("POST to swagger", _right(right, target="/swagger.json"))
    paths = {
        "unknown path": "/amlemu/unknown",
        "trailing slash": "/score/",
        "two slashes": "//score",
        "upper case": "/SCORE",
        "encoded path": "/%73core",
    }
    for name, path in paths.items():
        yield _case(name, _right(right, target=path))


def _parameters(right: Good, openapi: Mapping[str, Any] | None) -> Iterator[Case]:
    yield _case("an empty object", post(b"{}"))
    if right.is_json:
        yield _case("UTF-16", post(json.dumps(right.value).encode("utf-16")))
    for name, value in parameters_gone_wrong(right, openapi):
        yield _case(name, post(json.dumps(value).encode()))
    for name in list(right.parameters)[:1]:
        again = json.dumps(right.parameters)[1:]
        yield _case("a key twice", post(f"{{{json.dumps(name)}: null, {again}".encode()))


def _raw(right: Good) -> Iterator[Case]:
    for method in ("OPTIONS", "DELETE"):
        yield _case(f"{method} with a body", request(method, "/score", _type(right), right.body))
    yield _case("HEAD with a query", request("HEAD", f"/score?{_QUERY}"))
    yield _case("binary", post(bytes(range(256)), (("Content-Type", "application/octet-stream"),)))


def _hard(right: Good) -> Iterator[Case]:
    """Yield what may hurt a server that others use."""
    sent = _right(right)
    for name, size in _SIZES.items():
        if len(right.body) <= size:
            yield _hurting(_case(name, post(_padded(right, size), _type(right))))
    half = len(sent.raw) - len(right.body) // 2
    yield _hurting(_case("slow client", Sent(sent.raw[:half], rest=sent.raw[half:], pause_s=_PAUSE_S)))
    yield _hurting(replace(_case("together", sent), together=_TOGETHER))
    yield _hurting(replace(_case("after a crash", sent, sent), kills_workers=True))


def _hurting(case: Case) -> Case:
    return replace(case, is_hard=True)


def _padded(right: Good, size: int) -> bytes:
    """Return so many bytes; JSON with blanks behind it, which says the same."""
    return right.body.ljust(size) if right.is_json else b"x" * size


def _in_chunks(body: bytes) -> bytes:
    half = (len(body) + 1) // 2
    pieces = [piece for piece in (body[:half], body[half:]) if piece]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def _asking_first(right: Good) -> Sent:
    head, end, body = _right(right, ("Expect", "100-continue")).raw.partition(b"\r\n\r\n")
    return Sent(head + end, after_continue=body)


def _multipart(body: bytes) -> Sent:
    field = b'Content-Disposition: form-data; name="data"\r\n\r\n' + body
    head = b'Content-Disposition: form-data; name="file"; filename="a.bin"\r\nContent-Type: application/octet-stream'
    line = f"--{_BOUNDARY}".encode()
    whole = b"\r\n".join([line, field, line, head, b"", b"\x00\xff", line + b"--", b""])
    return post(whole, (("Content-Type", f"multipart/form-data; boundary={_BOUNDARY}"),))


def _query(right: Good) -> str:
    """Return the parameters as a query; where there are none, or too many, one with a value of each kind."""
    query = urlencode({name: json.dumps(value) for name, value in right.parameters.items()})
    return query if 0 < len(query) <= _LONGEST_QUERY else _QUERY

"""
The profile `image` against the thing itself: the same bytes to the container's own port, to our front door before that
container, and to a worker of ours under the profile. The answers are equal, byte for byte but for dates, ids and durations.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from amlemu_harness.containers import Container
from amlemu_harness.engine import Engine
from amlemu_harness.parity.wire import Patience, Received, Sent, exchange

from ..conftest import Command
from ..contract.case import Answer
from ..contract.normalise import normal_answer
from .serving import building, code_folder, ended, endpoint, forget, port

pytestmark = pytest.mark.docker

MIB = 1 << 20
BRIEF = Patience(piece_s=10.0, afterwards_s=0.1)
"""A connection that is open a moment after its answer is kept; on loopback that moment is short."""

BOTH = ("front door", "worker")
PLAIN = """
    import os

    def init():
        print("in init")

    def run(data):
        if data == "crash":
            os._exit(9)
        if data == "raise":
            raise ValueError("no")
        if data == "surrogate":
            return "\\ud800"
        return {"got": data[:20], "length": len(data)}
"""
RAW = """
    import os
    import time

    import flask
    from azureml.contrib.services.aml_request import rawhttp
    from azureml.contrib.services.aml_response import AMLResponse

    def init():
        pass

    def pieces(*pieces):
        for piece in pieces:
            time.sleep(0.05)
            if piece == "break":
                raise ValueError("in the middle of the stream")
            if piece == "crash":
                os._exit(9)
            yield piece

    def response(body, *headers):
        made = flask.Response(body)
        for name, value in headers:
            made.headers.add(name, value)
        return made

    TWICE = [
        "Accept-Ranges", "Cache-Control", "Connection", "Content-Disposition", "Content-Encoding", "Content-Range",
        "Content-Type", "Date", "ETag", "Expires", "Last-Modified", "Link", "Location", "Refresh", "Server",
        "Set-Cookie", "Status", "Vary", "WWW-Authenticate", "X-Accel-Charset", "X-Accel-Expires", "X-Own", "X-Pad",
        "X_Own", "x-ms-request-id", "x-ms-run-function-failed",
    ]
    ANSWERS = {
        "own type": lambda: AMLResponse("x", 200, {"content-type": "text/x-own"}),
        "own type of none": lambda: AMLResponse(None, 200, {"Content-Type": "text/x-own"}),
        "own type and json": lambda: AMLResponse("x", 200, {"Content-Type": "text/x-own"}, True),
        "own type with charset": lambda: AMLResponse("x", 200, {"content-type": "text/x-own; charset=latin-1"}),
        "an empty type": lambda: AMLResponse("x", 200, {"content-type": ""}),
        "headers twice": lambda: response("x", *[(name, "1") for name in TWICE], *[(name.lower(), "2") for name in TWICE]),
        "stream breaks": lambda: response(pieces("one", "break")),
        "stream breaks at once": lambda: response(iter([1])),
        "stream crashes": lambda: response(pieces("one", "crash")),
        "stream at once": lambda: response(pieces("one", "two"), ("X-Accel-Buffering", "no")),
        "stream of length": lambda: response(pieces("one", "two"), ("Content-Length", "6")),
        "stream of length breaks": lambda: response(pieces("one", "break"), ("Content-Length", "6")),
        "stream of length ends early": lambda: response(pieces("one"), ("Content-Length", "6")),
        "length too large": lambda: response("abc", ("Content-Length", "10")),
        "length too small": lambda: response("abc", ("Content-Length", "2")),
        "length with a sign": lambda: response("abc", ("Content-Length", "+3")),
        "large head": lambda: response("abc", ("X-Large", "x" * 4096)),
        "large head of a stream": lambda: response(pieces("one", "two"), ("X-Large", "x" * 4096)),
        "204": lambda: AMLResponse("", 204),
        "304": lambda: AMLResponse("", 304),
        "499": lambda: AMLResponse("mine", 499),
        "502": lambda: AMLResponse("mine", 502),
        "headers": lambda: AMLResponse("x", 200, {"X-Own": "1", "x-lower": "2", "Content-Type": "image/x-own"}),
        "stream": lambda: flask.Response(iter(["one", "two"])),
        "own server": lambda: AMLResponse("x", 200, {"Server": "mine", "Connection": "mine", "Date": "then"}),
        "crash": lambda: os._exit(9),
    }

    @rawhttp
    def run(request):
        return ANSWERS[request.args["case"]]()
"""


def request(
    method: str, target: str, *headers: str, body: bytes | None = None, version: str = "1.1", **more: bytes
) -> Sent:
    """Write a request; with a body its length goes with it."""
    lines = [f"{method} {target} HTTP/{version}", "Host: localhost", *headers]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return Sent("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b""), **more)  # type: ignore[arg-type]


def post(body: bytes, *headers: str, version: str = "1.1") -> Sent:
    return request("POST", "/score", *(headers or ("Content-Type: application/json",)), body=body, version=version)


IDS = ("x-request-id: 00000000-0000-4000-8000-000000000001", "x-ms-client-request-id: mine")
CHUNKED = request("POST", "/score", "Transfer-Encoding: chunked").raw
CASES = {
    "good": post(b'{"data": 1}'),
    "empty": post(b""),
    "no length": request("POST", "/score"),
    "bad JSON": post(b'{"data": '),
    "not UTF-8": post(b"\xff\xfe"),
    "another type": post(b"text", "Content-Type: text/plain"),
    "a form": post(b"a=1", "Content-Type: application/x-www-form-urlencoded"),
    "chunked": Sent(CHUNKED + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
    "asks first": dataclasses.replace(
        request("POST", "/score", "Expect: 100-continue", "Content-Length: 3"), after_continue=b"abc"
    ),
    "query": request("GET", "/score?data=x"),
    "health": request("GET", "/"),
    "health, head": request("HEAD", "/"),
    "score, head": request("HEAD", "/score"),
    "options": request("OPTIONS", "/score"),
    "options of health": request("OPTIONS", "/"),
    "swagger": request("GET", "/swagger.json?version=3"),
    "ids": post(b"x", *IDS),
    "a long id": post(b"x", f"x-request-id: {'a' * 101}"),
    "unknown path": request("GET", "/nowhere"),
    "method": request("PUT", "/score", body=b"x"),
    "odd target": request("GET", "/score/../%2e//?a=%20b"),
    "raises": post(b"raise"),
    "cannot be written": post(b"surrogate"),
    "crash": post(b"crash"),
    "goes": post(b"x", "Connection: close"),
    "stays, 1.0": post(b"x", "Connection: keep-alive", version="1.0"),
    "1.0": post(b"x", version="1.0"),
    "health, 1.0": Sent(b"GET / HTTP/1.0\r\n\r\n"),
    "cors": post(b"x", "Origin: http://a.example"),
}
ANSWERED = """
own type|own type of none|own type and json|own type with charset|an empty type|headers twice
204|304|499|502|headers|own server
stream|stream breaks|stream breaks at once|stream crashes|stream at once
stream of length|stream of length breaks|stream of length ends early
length too large|length too small|length with a sign|large head|large head of a stream
"""


def asking(name: str, method: str = "GET", version: str = "1.1") -> Sent:
    """Ask the raw script for one of its answers."""
    return request(method, f"/score?case={name.replace(' ', '%20')}", version=version)


RAW_CASES = {name: asking(name) for name in ANSWERED.strip().replace("\n", "|").split("|")}
RAW_CASES |= {
    f"{name}, 1.0": asking(name, version="1.0") for name in ("stream", "stream breaks", "length too large", "own type")
}
RAW_CASES |= {f"{name}, head": asking(name, "HEAD") for name in ("stream", "length too large", "own type")}
RAW_CASES |= {
    "post, 204": request("POST", "/score?case=204", body=b"x"),
    "unknown": request("GET", "/score?case=unknown"),
    "crash": request("GET", "/score?case=crash"),
    "absolute": request("GET", "http://a.example/score?case=204"),
    "names of no use": request("GET", "/score?case=204", "X_Under: 1", "X.Dot: 1", "X!: 1", "Content_Length: 5"),
}


@dataclasses.dataclass(frozen=True)
class Targets:
    """Three servers of one script, by their ports."""

    container: int
    others: dict[str, int]

    def answers(self, sent: Sent) -> dict[str, tuple[Answer, bool]]:
        """Ask all of them; with each answer, whether the connection was closed behind it."""
        ports = {"container": self.container, **self.others}
        return {name: _normal(exchange(port, sent, BRIEF)) for name, port in ports.items()}


def _normal(received: Received) -> tuple[Answer, bool]:
    return normal_answer(received), received.is_closed


@pytest.fixture(scope="module")
def serve(
    engine: Engine, reference_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str, str], Targets]]:
    """Serves a script three times over, under a name."""
    commands: list[Command] = []
    endpoints: list[str] = []

    def serve(name: str, text: str) -> Targets:
        endpoints.append(endpoint(name))
        folder = code_folder(tmp_path_factory.mktemp(name), text)
        words = ("serve", "code/score.py", "--profile", "image", "--no-control", "--no-reload", "-p", "0")
        contained = ("--container", "--endpoint-name", endpoints[-1])
        started = [Command(folder, (*words, *more), building(), "") for more in (contained, ())]
        commands.extend(started)
        ports = dict(zip(BOTH, (port(command) for command in started), strict=True))
        address = Container.find(engine, f"{endpoints[-1]}.blue").address()
        assert address is not None
        return Targets(address[1], ports)

    yield serve
    for command in commands:
        command.process.terminate()
    for command in commands:
        ended(command)
    for name in endpoints:
        forget(engine, name)


@pytest.fixture(scope="module")
def plain(serve: Callable[[str, str], Targets]) -> Targets:
    return serve("plain", PLAIN)


def test_a_plain_script_answers_as_in_the_container(plain: Targets) -> None:
    """Contract 3.5: a crash is 502, 157 bytes of text/html."""
    answers = {name: plain.answers(sent) for name, sent in CASES.items()}
    crash = answers["crash"]["container"][0]

    assert differing(answers) == {}
    assert (crash.status, len(crash.body)) == ("HTTP/1.1 502 Bad Gateway", 157)
    assert crash.headers[:1] + crash.headers[2:] == (
        "Server: nginx/1.22.1",
        "Content-Type: text/html",
        "Content-Length: <length>",
        "Connection: keep-alive",
    )


def test_a_raw_script_answers_as_in_the_container(serve: Callable[[str, str], Targets]) -> None:
    """Answers without a body, in pieces, with headers that nginx has its own words for."""
    raw = serve("raw", RAW)

    assert differing({name: raw.answers(sent) for name, sent in RAW_CASES.items()}) == {}


def differing(answers: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the cases in which somebody answered otherwise than the container."""
    return {name: found for name, found in answers.items() if any(one != found["container"] for one in found.values())}


@pytest.mark.parametrize("is_chunked", [False, True], ids=["by length", "in chunks"])
def test_a_body_of_more_than_100_mib_is_refused_by_nginx(plain: Targets, is_chunked: bool) -> None:
    """Contract 3.5: 413 above client_max_body_size, 100m in azureml-assets; the connection ends. 100 MiB itself are taken."""
    size = 100 * MIB + 1
    body = b"x" * size
    large = Sent(CHUNKED + b"%X\r\n%b\r\n0\r\n\r\n" % (size, body)) if is_chunked else post(body)
    answers = plain.answers(large)
    fits = plain.answers(post(body[:-1])) if not is_chunked else {}

    status, is_closed = answers["container"][0].status, answers["container"][1]
    assert (status, is_closed) == ("HTTP/1.1 413 Request Entity Too Large", True)
    assert differing({"large": answers}) == {}
    assert {answer.status for answer, _ in fits.values()} <= {"HTTP/1.1 200 OK"}

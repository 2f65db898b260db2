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

from ..conftest import Command
from ..contract import wire_client
from ..contract.case import Answer
from ..contract.normalise import normal_answer
from ..contract.wire_client import Received, Sent, exchange
from .serving import building, code_folder, ended, endpoint, forget, port

pytestmark = pytest.mark.docker

MIB = 1 << 20
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

    import flask
    from azureml.contrib.services.aml_request import rawhttp
    from azureml.contrib.services.aml_response import AMLResponse

    def init():
        pass

    ANSWERS = {
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
RAW_CASES = {name: request("GET", f"/score?case={name.replace(' ', '%20')}") for name in ("204", "304", "499", "502")}
RAW_CASES |= {name: request("GET", f"/score?case={name.replace(' ', '%20')}") for name in ("headers", "own server")}
RAW_CASES |= {
    "stream": request("GET", "/score?case=stream"),
    "stream, 1.0": request("GET", "/score?case=stream", version="1.0"),
    "post, 204": request("POST", "/score?case=204", body=b"x"),
    "unknown": request("GET", "/score?case=unknown"),
    "crash": request("GET", "/score?case=crash"),
}


@dataclasses.dataclass(frozen=True)
class Targets:
    """Three servers of one script, by their ports."""

    container: int
    others: dict[str, int]

    def answers(self, sent: Sent) -> dict[str, tuple[Answer, bool]]:
        """Ask all of them; with each answer, whether the connection was closed behind it."""
        ports = {"container": self.container, **self.others}
        return {name: _normal(exchange(port, sent)) for name, port in ports.items()}


def _normal(received: Received) -> tuple[Answer, bool]:
    return normal_answer(received), received.is_closed


@pytest.fixture(scope="module", autouse=True)
def _brief() -> Iterator[None]:
    """A connection that is open a moment after its answer is kept; on loopback that moment is short."""
    before, wire_client.AFTERWARDS_S = wire_client.AFTERWARDS_S, 0.1
    yield
    wire_client.AFTERWARDS_S = before


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

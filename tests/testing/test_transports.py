"""How clients reach an endpoint: a request arrives as it was sent, an answer as it would on a wire."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from amlemu.testing.choice import Choice
from amlemu.testing.client import ScoringClient
from amlemu.testing.transports import Broken
from amlemu.testing.warm import Warm

SCRIPT = """
    from azureml_inference_server_http.api.aml_request import AMLRequest, rawhttp
    from azureml_inference_server_http.api.aml_response import AMLResponse

    def init(): ...

    @rawhttp
    def run(request):
        body = request.get_data()
        if body == b"cut":
            def pieces():
                yield b"half"
                raise OSError("gone")
            return AMLResponse(pieces(), 200)
        answer = AMLResponse(body, 200)
        answer.headers["X-Asked"] = f"{request.method} {request.full_path} {request.headers.get('X-Name', '')}"
        answer.headers.add("Set-Cookie", "a=1")
        answer.headers.add("Set-Cookie", "b=2")
        return answer
"""


@pytest.fixture(params=["inprocess", "worker"])
def client(request: pytest.FixtureRequest, write: Callable[[str, str], Path]) -> Iterator[ScoringClient]:
    warm = Warm()
    choice = Choice(script=str(write("score.py", SCRIPT)), target=request.param, profile="bare")
    with ScoringClient(warm.host(choice)) as client:
        yield client
    warm.close()


def test_a_request_arrives_as_it_was_sent(client: ScoringClient) -> None:
    """Method, query with its escapes, headers beyond ASCII, bytes of any kind, from any way that httpx has to give a body."""
    body = bytes(range(256))
    response = client.post("/score?a=%20b&c=%C3%A9", content=body, headers={"X-Name": "né".encode("latin-1")})

    assert response.content == body
    assert (b"X-Asked", "POST /score?a=%20b&c=%C3%A9 né".encode("latin-1")) in response.headers.raw
    assert client.post("/score", content=iter([b"in ", b"pieces"])).content == b"in pieces"
    assert b"name.bin" in client.post("/score", files={"file": ("name.bin", b"x")}).content
    assert client.post("/score", data={"a": "1"}).content == b"a=1"


def test_an_answer_has_its_headers_in_order_and_twice(client: ScoringClient) -> None:
    """As on the wire; cookies are kept by the client."""
    response = client.post("/score", content=b"x")

    assert response.headers.get_list("Set-Cookie") == ["a=1", "b=2"]
    assert dict(client.cookies) == {"a": "1", "b": "2"}
    assert (response.http_version, response.reason_phrase) == ("HTTP/1.1", "OK")


def test_an_answer_that_breaks_off_is_an_error(client: ScoringClient) -> None:
    """httpx's own, and the exchange is kept."""
    with pytest.raises(httpx.RemoteProtocolError):
        client.post("/score", content=b"cut")
    with pytest.raises(httpx.RemoteProtocolError):
        asyncio.run(client.asynchronous().post("/score", content=b"cut"))

    assert [one.request.body for one in client.exchanges] == [b"cut", b"cut"]


def test_in_process_the_error_carries_the_exchange(write: Callable[[str, str], Path]) -> None:
    """For there is nobody else to ask."""
    warm = Warm()
    with ScoringClient(
        warm.host(Choice(script=str(write("score.py", SCRIPT)), profile="bare", target="inprocess"))
    ) as client:
        with pytest.raises(Broken) as raised:
            client.post("/score", content=b"cut")
        assert raised.value.exchange is client.last
    warm.close()


def test_an_asynchronous_request_leaves_the_loop_running(write: Callable[[str, str], Path]) -> None:
    """Though the script runs in this process."""
    warm = Warm()
    path = write("score.py", "import time\ndef init(): ...\ndef run(data):\n    time.sleep(0.2)\n    return data")
    with ScoringClient(warm.host(Choice(script=str(path), target="inprocess"))) as client:

        async def turns() -> int:
            asked, count = asyncio.ensure_future(client.asynchronous().score("x")), 0
            while not asked.done():
                await asyncio.sleep(0.001)
                count += 1
            return count

        assert asyncio.run(turns()) > 10
    warm.close()

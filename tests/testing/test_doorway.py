"""The front door without sockets answers as the one on a port does; nothing of a loop is left in the script's way."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from amlemu.errors import UsageError
from amlemu.testing.choice import Choice
from amlemu.testing.client import ScoringClient
from amlemu.testing.warm import Warm

SCRIPT = """
    import json
    import time

    from azureml_inference_server_http.api.aml_response import AMLResponse

    def init(): ...

    def run(data):
        asked = json.loads(data)
        time.sleep(asked.get("seconds", 0))
        if "status" in asked:
            return AMLResponse(asked.get("text", ""), asked["status"])
        if asked.get("raises"):
            raise ValueError("as asked")
        return asked
"""
_VARYING = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\\b\\d+\\.\\d{3}\\b")
_CLOCKS = ("date", "x-ms-run-fn-exec-ms")
Ask = Callable[[httpx.Client], httpx.Response]
REQUESTS: dict[str, Ask] = {
    "scored": lambda client: client.post("/score", json={"a": 1}),
    "raises": lambda client: client.post("/score", json={"raises": True}),
    "late": lambda client: client.post("/score", json={"seconds": 0.3}),
    "large": lambda client: client.post("/score", content=b'{"a": "%s"}' % (b"x" * 2_000_000)),
    "status of its own": lambda client: client.post("/score", json={"status": 207, "text": "x"}),
    "no body": lambda client: client.post("/score", json={"status": 204}),
    "health": lambda client: client.get("/"),
    "nowhere": lambda client: client.get("/nowhere"),
    "head": lambda client: client.head("/score"),
    "options": lambda client: client.options("/score"),
    "documents": lambda client: client.get("/swagger.json"),
    "query": lambda client: client.get("/score?a=1&b=%C3%A9"),
    "header twice": lambda client: client.post("/score", json={}, headers=[("X-A", "1"), ("X-A", "2")]),
    "id too long": lambda client: client.post("/score", json={}, headers={"x-ms-request-id": "a" * 101}),
    "no key": lambda client: client.post("/score", headers={"Authorization": ""}),
}
CLOUDS: dict[str, dict[str, Any]] = {
    "managed": {"profile": "managed", "request_settings": (("request_timeout_ms", 200),), "auth": "key"},
    "kubernetes": {"profile": "kubernetes", "request_settings": (("request_timeout_ms", 200),)},
    "aks": {"profile": "aks"},
    "aci": {"profile": "aci"},
    "bare": {"profile": "bare"},
    "image": {"profile": "image"},
}


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("doorway") / "score.py"
    path.write_text("\n".join(line[4:] for line in SCRIPT.splitlines()))
    return str(path)


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    found = Warm()
    yield found
    found.close()


def seen(response: httpx.Response) -> tuple[Any, ...]:
    """All that a client gets, but for ids and clocks."""
    heads = [(name, _VARYING.sub("#", value)) for name, value in response.headers.items() if name not in _CLOCKS]
    return response.status_code, response.reason_phrase, heads, _VARYING.sub("#", response.text)


@pytest.mark.parametrize("cloud", CLOUDS)
def test_it_answers_as_the_front_door_on_a_port(warm: Warm, script: str, cloud: str) -> None:
    """Status, phrase, headers in their order and spelling, body: what is refused, late, failed or fine."""
    hosts = [warm.host(Choice(script=script, target=target, **CLOUDS[cloud])) for target in ("inprocess", "worker")]

    with ScoringClient(hosts[0]) as here, ScoringClient(hosts[1]) as there:
        found = {what: (seen(ask(here)), seen(ask(there))) for what, ask in REQUESTS.items()}

    assert {what: one for what, (one, _) in found.items()} == {what: other for what, (_, other) in found.items()}
    assert len({one[0] for one, _ in found.values()}) >= 3, "they are not all alike"


def test_the_exchange_has_both_lanes(warm: Warm, script: str) -> None:
    """As the journal of a server has."""
    client = ScoringClient(warm.host(Choice(script=script, target="inprocess", profile="managed")))

    response = client.post("/score", json={"raises": True})

    exchange = client.last
    assert exchange.model is not None
    assert exchange.response is not None
    assert (response.status_code, exchange.response.status, exchange.model.status) == (424, 424, 500)
    assert exchange.account["fault"]["what"] == "run() raised ValueError: as asked"
    assert [step.stage for step in exchange.steps]


def test_a_connection_that_is_closed_is_an_error_of_httpx(warm: Warm, write: Callable[[str, str], Path]) -> None:
    """The same as on a socket, and the exchange is kept."""
    text = "def init(): ...\ndef run(data):\n    from flask import Response\n    def pieces():\n        yield b'a'\n        raise OSError('gone')\n    return Response(pieces())"
    client = ScoringClient(warm.host(Choice(script=str(write("score.py", text)), target="inprocess", profile="bare")))

    with pytest.raises(httpx.RemoteProtocolError, match="peer closed connection"):
        client.post("/score", json={})

    assert client.last.response is not None


def test_threads_are_answered_one_after_the_other(warm: Warm, script: str) -> None:
    """Each with its own answer."""
    host = warm.host(Choice(script=script, target="inprocess"))
    found: dict[int, Any] = {}

    def ask(number: int) -> None:
        with ScoringClient(host) as client:
            found[number] = client.score({"number": number})

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == {number: {"number": number} for number in range(8)}


def test_a_client_works_under_a_loop_of_the_test(warm: Warm, script: str) -> None:
    """A test that is a coroutine may use the ordinary client, too."""
    client = ScoringClient(warm.host(Choice(script=script, target="inprocess")))

    async def test() -> Any:
        return client.score({"a": 1})

    assert asyncio.run(test()) == {"a": 1}


def test_there_is_no_port(warm: Warm, script: str) -> None:
    """Who asks for the address is told how to have one."""
    client = ScoringClient(warm.host(Choice(script=script, target="inprocess")))

    with pytest.raises(UsageError, match="or run it with --amlemu-target=worker"):
        _ = client.url


def test_an_answer_to_head_has_no_body(warm: Warm, script: str) -> None:
    """Also one of the front door's own."""
    seen = []
    for target in ("inprocess", "worker"):
        with ScoringClient(warm.host(Choice(script=script, target=target, auth="key"))) as client:
            seen.append(client.head("/score", headers={"Authorization": ""}))

    assert [(one.status_code, one.content) for one in seen] == [(401, b"")] * 2

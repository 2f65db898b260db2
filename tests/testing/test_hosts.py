"""Who answers, and how a response leads back to what became of its request."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from amlemu.events import Spoke
from amlemu.exchange import Exchange, Request, Response
from amlemu.testing.choice import Choice
from amlemu.testing.client import ScoringClient
from amlemu.testing.hosts import InProcess, Served, exchange_seen
from amlemu.testing.warm import Warm

ECHO = "def init(): ...\ndef run(data):\n    print('asked', data)\n    return data"


@pytest.fixture
def warm() -> Iterator[Warm]:
    found = Warm()
    yield found
    found.close()


@pytest.fixture
def script(write: Callable[[str, str], Path]) -> str:
    return str(write("score.py", ECHO))


def test_a_connection_that_is_used_again_leads_to_each_exchange(warm: Warm, script: str) -> None:
    """In whatever order they are asked for: the kubernetes front door keeps connections."""
    with ScoringClient(warm.host(Choice(script=script, target="worker", profile="kubernetes"))) as client:
        responses = [client.post("/score", content=str(number)) for number in range(4)]
        found = [client.memory.exchange(response) for response in reversed(responses)]

    ports = {response.extensions["amlemu.address"] for response in responses}
    assert len(ports) == 1, "one connection"
    assert [one.request.body for one in found if one] == [b"3", b"2", b"1", b"0"]


def test_two_clients_of_one_endpoint_do_not_take_each_others(warm: Warm, script: str) -> None:
    """Each remembers its own."""
    host = warm.host(Choice(script=script, target="worker"))
    with ScoringClient(host) as one, ScoringClient(host) as other:
        one.score("1")
        other.score("2")
        one.score("3")

        assert [exchange.request.body for exchange in one.exchanges] == [b"1", b"3"]
        assert [exchange.request.body for exchange in other.exchanges] == [b"2"]


def test_what_was_said_is_told_apart_though_front_doors_share_the_script(warm: Warm, script: str) -> None:
    """Each of them counts its requests from one."""
    hosts = [warm.host(Choice(script=script, target="inprocess", profile=name)) for name in ("managed", "bare")]
    clients = [ScoringClient(host) for host in hosts]
    for number, client in enumerate(clients):
        client.score(str(number))

    for number, (host, client) in enumerate(zip(hosts, clients, strict=True)):
        assert isinstance(host, InProcess)
        said = [one.text for one in host.said(client.last) if one.logger == "azmlinfsrv.print"]
        assert said == [f"asked {number}"]


@pytest.mark.parametrize(
    ("status", "headers", "model"),
    [
        (200, {}, 200),
        (424, {"ms-azureml-model-error-statuscode": "500"}, 500),
        (500, {"x-ms-run-function-failed": "True"}, 500),
        (429, {}, None),
        (424, {"ms-azureml-model-error-statuscode": "many"}, None),
    ],
)
def test_of_the_model_is_known_what_the_answer_tells(status: int, headers: dict[str, str], model: int | None) -> None:
    """A front door that answers by itself has none of the server's headers (contract 1.2, 4.1)."""
    request = httpx.Request("POST", "https://there.example/score", json={})

    exchange = exchange_seen(httpx.Response(status, headers=headers, content=b"x", request=request))

    assert (exchange.model.status if exchange.model else None) == model
    assert exchange.response is not None
    assert (exchange.response.status, exchange.request.body) == (status, b"{}")


def test_a_url_is_reached_by_the_proxy_that_variables_name(
    warm: Warm, script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for any program: many networks have no other way to the cloud."""
    proxy = warm.host(Choice(script=script, target="worker", profile="bare"))
    assert isinstance(proxy, Served)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", proxy.url)

    with ScoringClient(warm.host(Choice(target="http://score.invalid"))) as client:
        client.get("/")

    assert [one.request.header("Host") for one in proxy.endpoint.exchanges][-1] == "score.invalid"


def test_a_key_that_is_missing_is_told_with_every_answer(script: str) -> None:
    """A 401 explains itself then."""
    warm = Warm(keys={}.get)
    there = warm.host(Choice(script=script, target="worker"))

    assert warm.host(Choice(target=there.url)).told == f"{there.url}, without a key: AMLEMU_KEY is not set"
    warm.close()


class Late:
    """An endpoint whose log comes in pieces, when its answer has long gone out: a container's."""

    capabilities = SimpleNamespace(attributes_output=False)

    def __init__(self, *pieces: Spoke) -> None:
        self.events: list[Spoke] = []
        self._pieces = pieces

    def write(self) -> None:
        for piece in self._pieces:
            time.sleep(0.05)
            self.events.append(piece)


def test_a_failures_exception_is_waited_for() -> None:
    """What the script has printed is there before it."""
    at = time.time()
    printed = Spoke("log", "scoring", 7, "azmlinfsrv.print", "INFO", at)
    raised = Spoke(
        "log", "Encountered Exception: Traceback (most recent call last):\n  ...", 7, "azmlinfsrv", "ERROR", at
    )
    endpoint = Late(printed, raised)
    host = Served(endpoint, "container", {})  # type: ignore[arg-type]
    exchange = Exchange(Request("POST", "/score", [], b""), started_at=at, model=Response(500, "", []))
    writing = threading.Thread(target=endpoint.write)
    writing.start()

    assert host.said(exchange) == [printed, raised]
    exchange.model = Response(200, "", [])
    assert host.said(exchange) == [printed, raised]
    writing.join()

"""httpx's clients with a memory: what became of each request, whoever answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from amlemu.errors import ScoringFailed
from amlemu.testing.choice import Choice
from amlemu.testing.client import ScoringClient
from amlemu.testing.warm import Warm

SCRIPT = """
    import json
    import os

    def init(): ...

    def run(data):
        asked = json.loads(data)
        print("asked for", asked)
        if asked == "raise":
            raise ValueError("as asked")
        if asked == "die":
            os._exit(5)
        return {"asked": asked}
"""
Clients = Callable[..., ScoringClient]


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    found = Warm()
    yield found
    found.close()


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("client") / "score.py"
    path.write_text("\n".join(line[4:] for line in SCRIPT.splitlines()))
    return str(path)


@pytest.fixture(params=["inprocess", "worker", "remote"])
def client(request: pytest.FixtureRequest, warm: Warm, script: str) -> Iterator[ScoringClient]:
    """A client, whoever answers."""
    target = "worker" if request.param == "remote" else request.param
    host = warm.host(Choice(script=script, target=target, profile="managed"))
    if request.param == "remote":
        host = warm.host(Choice(target=host.url))
    with ScoringClient(host) as client:
        yield client


def test_score_returns_the_decoded_answer(client: ScoringClient) -> None:
    """A value goes as JSON; text and bytes are the body itself."""
    assert client.score({"a": [1]}) == {"asked": {"a": [1]}}
    assert client.score('{"a": 2}') == {"asked": {"a": 2}}
    assert client.score(b'"b"') == {"asked": "b"}
    assert client.score(data=b"3", content_type="text/plain") == {"asked": 3}


def test_a_failure_tells_both_lanes(client: ScoringClient) -> None:
    """What the caller got, and what the model said; the response is there, too."""
    with pytest.raises(ScoringFailed) as raised:
        client.score('"raise"')

    lines = str(raised.value).splitlines()
    assert lines[0] == "the endpoint answered 424 Failed Dependency"
    assert lines[1].startswith("asked:  POST ")
    assert lines[3] == '        "raise"'
    assert any(line.startswith("caller: got 424 Failed Dependency") for line in lines)
    assert any(line.startswith("model:  said 500") for line in lines)
    assert (raised.value.status, raised.value.response.status_code) == (424, 424)


def test_exchanges_are_those_of_this_client_in_order(client: ScoringClient) -> None:
    """Also where several came by one connection, or each by its own; failures are among them."""
    for number in range(3):
        client.post("/score", json=number)
    client.post("/score", json="raise")
    client.get("/")

    found = [(one.request.body, None if one.response is None else one.response.status) for one in client.exchanges]

    assert found == [(b"0", 200), (b"1", 200), (b"2", 200), (b'"raise"', 424), (b"", 200)]
    assert client.last.request.method == "GET"


def test_the_model_lane_is_what_the_server_said(client: ScoringClient) -> None:
    """At a URL as far as the answer tells."""
    client.post("/score", json="raise")

    assert client.last.model is not None
    assert client.last.model.status == 500


def test_the_asynchronous_client_shares_the_memory(client: ScoringClient) -> None:
    """Both ask the same endpoint."""
    both = client.asynchronous()

    async def ask() -> list[Any]:
        return list(await asyncio.gather(*(both.score(number) for number in range(2))))

    assert asyncio.run(ask()) == [{"asked": number} for number in range(2)]
    assert sorted(one.request.body for one in client.exchanges) == [b"0", b"1"]
    assert both.last in client.exchanges
    assert str(both.base_url) == str(client.base_url)


def test_an_asynchronous_failure_is_told_likewise(client: ScoringClient) -> None:
    """In the same words."""
    with pytest.raises(ScoringFailed, match="model:  said 500"):
        asyncio.run(client.asynchronous().score('"raise"'))


def test_what_the_script_said_in_a_request_is_told_with_it(warm: Warm, script: str) -> None:
    """And nothing of the others'."""
    for target in ("inprocess", "worker"):
        with ScoringClient(warm.host(Choice(script=script, target=target))) as client:
            client.score("1")
            with pytest.raises(ScoringFailed) as raised:
                client.score('"raise"')
        text = str(raised.value)
        assert "asked for raise" in text
        assert "asked for 1" not in text
        assert "ValueError: as asked" in text


def test_a_worker_that_dies_is_a_failure_with_its_reason(warm: Warm, script: str) -> None:
    """The managed front door answers for it."""
    with ScoringClient(warm.host(Choice(script=script, target="worker", profile="managed"))) as client:
        with pytest.raises(ScoringFailed) as raised:
            client.score('"die"')
        assert client.score("1") == {"asked": 1}

    assert "exit code 5" in str(raised.value)


def test_a_connection_that_is_closed_is_a_failure_without_a_status(warm: Warm, script: str) -> None:
    """The bare server's manner when its worker dies; the exchange is found all the same."""
    with ScoringClient(warm.host(Choice(script=script, target="worker", profile="bare"))) as client:
        with pytest.raises(ScoringFailed, match="the connection was closed") as raised:
            client.score('"die"')
        with pytest.raises(httpx.RemoteProtocolError):
            client.post("/score", json="die")

        assert raised.value.status == 0
        assert raised.value.response is client.exchanges[0]
        assert "exit code 5" in str(raised.value)
        assert [one.response for one in client.exchanges] == [None, None]


def test_nothing_asked_is_no_exchange(client: ScoringClient) -> None:
    """`last` has nothing to give."""
    with pytest.raises(IndexError):
        _ = client.last


def test_nothing_is_timed_out_by_the_client(client: ScoringClient) -> None:
    """The front door has limits, and a debugger may stop the script."""
    assert client.timeout == client.asynchronous().timeout == httpx.Timeout(None)

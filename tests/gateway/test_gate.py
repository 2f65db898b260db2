"""The scoring port: bound before anything runs, served by whoever answers now, and let go in order."""

from __future__ import annotations

import asyncio
import socket

import httpx
import pytest
from amlemu.errors import UsageError
from amlemu.exchange import Response
from amlemu.gateway.gate import Gate

from .front_door import profile_of

pytestmark = pytest.mark.anyio


class Says:
    """Answers with a word; may be held."""

    def __init__(self, word: str, held: asyncio.Event | None = None) -> None:
        self._word, self._held = word, held
        self.asked = asyncio.Event()

    async def answer(self, turn):
        await turn.read()
        self.asked.set()
        if self._held is not None:
            await self._held.wait()
        await turn.respond(Response(200, "OK", [("Content-Type", "text/plain")], self._word.encode()))


def unheard(event):
    """Nobody is told of refusals."""


@pytest.fixture
async def gate():
    """With a port; whatever is left of it is closed."""
    gate = Gate("127.0.0.1")
    gate.open(0)
    yield gate
    gate.shut()
    await gate.drain(0)
    gate.close()


@pytest.fixture
async def http():
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
        yield client


async def test_who_comes_before_anybody_serves_waits(gate, http):
    """The port is bound by then; as in the cloud, where requests wait for init()."""
    early = asyncio.ensure_future(http.get(f"{gate.addresses[0]}/score"))
    await asyncio.sleep(0)
    await gate.serve(lambda: Says("hello"), profile_of("bare"), unheard)

    assert (await early).text == "hello"


async def test_every_port_answers_and_the_last_one_is_the_scoring_port(http):
    gate = Gate("127.0.0.1")
    gate.open(0, 0)
    await gate.serve(lambda: Says("hello"), profile_of("bare"), unheard)
    try:
        assert gate.addresses[1] == f"http://127.0.0.1:{gate.port}"
        assert [(await http.get(address)).text for address in gate.addresses] == ["hello", "hello"]
    finally:
        gate.shut()
        await gate.drain(0)


async def test_of_ports_of_which_one_is_taken_none_is_bound():
    """A second try may have them."""
    with socket.create_server(("127.0.0.1", 0)) as other, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
        probe.close()
        with pytest.raises(UsageError, match=f"port {other.getsockname()[1]}"):
            Gate("127.0.0.1").open(free, other.getsockname()[1])

    gate = Gate("127.0.0.1")
    gate.open(free)
    gate.close()


async def test_an_address_that_is_none_is_refused():
    with pytest.raises(UsageError):
        Gate("not an address").open(0)


async def test_another_cloud_may_take_over_without_a_pause(gate, http):
    """Connections that are open end as they would have; nobody is turned away."""
    held = asyncio.Event()
    before = Says("before", held)
    await gate.serve(lambda: before, profile_of("bare"), unheard)
    asking = asyncio.ensure_future(http.get(f"{gate.addresses[0]}/score"))
    await asyncio.wait_for(before.asked.wait(), 10)
    await gate.serve(lambda: Says("after"), profile_of("managed"), unheard)

    async with httpx.AsyncClient(trust_env=False, timeout=10) as other:
        assert [(await other.get(f"{gate.addresses[0]}/score")).text for _ in range(5)] == ["after"] * 5
    held.set()
    assert (await asking).text == "before"


async def test_requests_in_hand_may_finish_and_nobody_new_comes_in(gate, http):
    held = asyncio.Event()
    says = Says("done", held)
    await gate.serve(lambda: says, profile_of("bare"), unheard)
    asking = asyncio.ensure_future(http.get(f"{gate.addresses[0]}/score"))
    await asyncio.wait_for(says.asked.wait(), 10)
    gate.shut()

    with pytest.raises(OSError, match=r"refused|failed"):
        await asyncio.open_connection("127.0.0.1", gate.port)
    assert not await gate.drain(0.01)
    held.set()
    assert (await asking).text == "done"
    await asyncio.wait_for(gate.drained(), 10)


async def test_what_nobody_serves_is_drained_at_once():
    """An endpoint that has only been opened."""
    gate = Gate("127.0.0.1")
    gate.open(0)
    gate.shut()

    await asyncio.wait_for(gate.drained(), 10)


async def test_who_cannot_be_made_leaves_the_port_as_it_was(gate, http):
    """The one before it answers on."""
    await gate.serve(lambda: Says("before"), profile_of("bare"), unheard)

    def broken():
        raise UsageError("there is nobody")

    with pytest.raises(UsageError):
        await gate.serve(broken, profile_of("bare"), unheard)
    assert (await http.get(gate.addresses[0])).text == "before"

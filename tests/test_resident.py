"""A deployment behind somebody else's port: what it is, what is on record of it, what it leaves."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from amlemu import profile_file
from amlemu.credentials import KeyFile, Keyring
from amlemu.deployment import from_script
from amlemu.errors import BootFailed
from amlemu.gateway.gate import Gate
from amlemu.resident import Resident
from amlemu.stand import Plan

pytestmark = pytest.mark.anyio
ADDS = """
    import json

    def init(): ...

    def run(data):
        return {"sum": sum(json.loads(data)["data"])}
"""


@pytest.fixture
def anyio_backend():
    """One loop is enough."""
    return "asyncio"


def unheard(told):
    """Nobody looks."""


class Lodging:
    """A resident, and the port that it lives behind."""

    def __init__(self, plan, name=""):
        self.gate = Gate("127.0.0.1")
        self.gate.open(0)
        self.resident = Resident(plan, name=name)

    async def enter(self, doorkeeper=None):
        self.resident.open(self.gate.port)
        await self.resident.start()
        await asyncio.wait_for(self.resident.ready(), 20)
        door = self.resident.make_front_door(doorkeeper)
        await self.gate.serve(lambda: door, profile_file.load("managed"), unheard)

    async def ask(self, body=b'{"data": [1, 2]}', **headers):
        async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
            return await http.post(f"{self.gate.addresses[0]}/score", content=body, headers=headers)

    async def leave(self):
        self.gate.shut()
        await self.resident.leave_aids()
        await self.gate.drain(5)
        await self.resident.stop(0)
        await self.resident.close()


def plan_of(script: Path, **more) -> Plan:
    return Plan(
        deployment=from_script(script),
        profile=profile_file.load("managed"),
        on_event=unheard,
        on_exchange=unheard,
        **more,
    )


async def test_it_answers_and_its_exchanges_are_its_own(write):
    """Two of them in one process have two journals."""
    one, other = Lodging(plan_of(write("one/score.py", ADDS))), Lodging(plan_of(write("other/score.py", ADDS)))
    try:
        await one.enter()
        await other.enter()
        assert (await one.ask()).text == '{"sum": 3}'
        assert (await one.ask(b"{}")).status_code == 424

        statuses = [exchange.response.status for exchange in one.resident.journal]
        assert (statuses, list(other.resident.journal)) == ([200, 424], [])
    finally:
        await one.leave()
        await other.leave()


async def test_it_leaves_nothing_beside_the_script(write, tmp_path):
    """Its folder is called as its household says, so that two generations of one deployment can be there at once."""
    lodging = Lodging(plan_of(write("score.py", ADDS), control_port=0), "iris-blue-7-1")
    await lodging.enter()
    await lodging.resident.aided()
    assert (tmp_path / ".amlemu" / "iris-blue-7-1" / "control.json").exists()
    await lodging.leave()

    assert not (tmp_path / ".amlemu" / "iris-blue-7-1").exists()


async def test_who_has_no_key_does_not_come_in(write, tmp_path):
    """Contract 1.4, 1.2; and keys are not on record."""
    keyring = Keyring("key", KeyFile(tmp_path / "keys"))
    (tmp_path / "keys").mkdir()
    keyring.prepare()
    key = KeyFile(tmp_path / "keys").keys().primary
    lodging = Lodging(plan_of(write("score.py", ADDS)))
    try:
        await lodging.enter(keyring)
        assert (await lodging.ask()).status_code == 401
        assert (await lodging.ask(Authorization=f"Bearer {key}")).text == '{"sum": 3}'
        assert key not in repr([exchange.request.headers for exchange in lodging.resident.journal])
    finally:
        await lodging.leave()


async def test_another_generation_may_serve(write):
    script = write("score.py", "def init(): ...\n\ndef run(data):\n    return 'before'\n")
    lodging = Lodging(plan_of(script, control_port=0))
    try:
        await lodging.enter()
        assert (await lodging.ask()).text == '"before"'
        script.write_text("def init(): ...\n\ndef run(data):\n    return 'after'\n", encoding="utf-8")
        outcome = await lodging.resident.reload()

        assert outcome.fault is None
        assert (await lodging.ask()).text == '"after"'
    finally:
        await lodging.leave()


async def test_a_script_that_does_not_start_is_told_and_cleared_away(write, tmp_path):
    resident = Resident(
        plan_of(write("score.py", "def init():\n    raise ValueError('no model')\n\ndef run(d): ...\n"))
    )
    resident.open(5999)
    await resident.start()
    with pytest.raises(BootFailed, match="no model"):
        await asyncio.wait_for(resident.ready(), 20)
    await resident.leave_aids()
    await resident.stop(0)
    await resident.close()

    assert [path for path in tmp_path.rglob("*") if path.name == "5999"] == []


async def test_one_that_was_only_opened_is_let_go(write, tmp_path):
    """A step after that has failed."""
    resident = Resident(plan_of(write("score.py", ADDS)), name="iris-blue-7-1")
    resident.abandon()
    resident.open(5999)
    assert resident.layout.script.endswith("score.py")
    resident.abandon()

    assert not (tmp_path / ".amlemu" / "iris-blue-7-1").exists()

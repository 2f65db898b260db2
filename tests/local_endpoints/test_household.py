"""Deployments behind one port, for real: who moves in, who takes whose place, who leaves."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from amlemu import ports
from amlemu.errors import UsageError
from amlemu.local_endpoints.bring_up import StepFailed
from amlemu.local_endpoints.household import Household
from amlemu.local_endpoints.record import Asked, DeploymentRecord, Record
from amlemu.local_endpoints.shelf import Shelf
from amlemu.local_endpoints.story import Story

from .desk import BREAKS, says, until

pytestmark = pytest.mark.anyio
SLOW = """
    import time

    def init(): ...

    def run(data):
        with open("begun", "w"):
            pass
        time.sleep(0.6)
        return "slow"
"""


class House:
    """A household, its folder, and a client."""

    def __init__(self, folder, write):
        self.folder, self._write = folder, write
        self.listener = ports.listen("127.0.0.1", 0)
        self.record = Record("iris", self.listener.getsockname()[1])
        self.changes = 0
        self.household = Household(Shelf(folder / "endpoints" / "iris"), self.record, self._changed)
        self.http = httpx.AsyncClient(trust_env=False, timeout=10)

    def _changed(self):
        self.changes += 1

    async def move_in(self, name, text, **options):
        """Bring a deployment, and seat it."""
        self.write(f"{name}/score.py", text)
        asked = Asked(str(self.folder / name / "score.py"), {"reload": False, **options})
        self.record.deployments.setdefault(name, DeploymentRecord(asked))
        tenant = await self.household.bring(name, asked, Story())
        self.record.deployments[name].state = "Succeeded"
        await self.household.seat(name, tenant)

    def write(self, name, text):
        self._write(name, text)

    async def ask(self, name=None):
        headers = {} if name is None else {"azureml-model-deployment": name}
        return await self.http.post(f"http://127.0.0.1:{self.record.port}/score", content=b"{}", headers=headers)


@pytest.fixture
async def house(tmp_path, write):
    house = House(tmp_path, write)
    await house.household.open(house.listener)
    yield house
    await house.http.aclose()
    await asyncio.wait_for(house.household.close(0), 20)
    assert list(tmp_path.rglob(".amlemu/iris-*")) == []


async def test_a_house_is_entered_and_left(house):
    """404 before, its answer then, 404 after; contract 1.2."""
    assert (await house.ask()).status_code == 404
    await house.move_in("blue", says("blue"))
    assert (await house.ask()).text == '"blue"'
    assert house.household.has("blue")
    assert house.household.is_inhabited
    await house.household.move_out("blue")

    assert (await house.ask()).text == "Specified traffic group could not be found"
    assert not house.household.is_inhabited


async def test_who_is_replaced_answers_what_is_in_its_hand(house):
    """And the new one has the next request."""
    await house.move_in("blue", SLOW)
    asking = asyncio.ensure_future(house.ask())
    await asyncio.to_thread(until, (house.folder / "blue" / "begun").exists, "begun")
    await house.move_in("blue", says("new"))

    assert (await asking).text == '"slow"'
    assert (await house.ask()).text == '"new"'


async def test_who_does_not_come_up_changes_nothing(house):
    """Its worker is gone, and the old one answers."""
    await house.move_in("blue", says("old"))
    house.write("broken/score.py", BREAKS)
    with pytest.raises(StepFailed):
        await house.household.bring(
            "blue", Asked(str(house.folder / "broken" / "score.py"), {"reload": False}), Story()
        )

    assert (await house.ask()).text == '"old"'
    assert list(house.folder.glob("broken/.amlemu/iris-*")) == []


async def test_all_live_behind_one_port(house):
    """Contract 1.1: by header, by traffic."""
    await house.move_in("blue", says("blue"))
    await house.move_in("green", says("green"))
    assert (await house.ask("green")).text == '"green"'
    assert (await house.ask()).status_code == 404  # nobody has traffic yet
    house.record.traffic = {"blue": 100}
    house.household.take_traffic()

    assert (await house.ask()).text == '"blue"'
    assert (await house.ask("red")).status_code == 404


async def test_the_kinds_do_not_mix(house):
    """The first one says what the endpoint is; managed ones of all years are alike."""
    await house.move_in("blue", says("blue"), profile="managed-2021")
    assert house.record.kind == "managed"
    with pytest.raises(UsageError, match="the endpoint is a managed one"):
        await house.move_in("green", says("green"), profile="kubernetes")

    await house.move_in("red", says("red"), profile="managed")
    assert (await house.ask("red")).text == '"red"'


async def test_a_script_is_loaded_anew_on_demand(house):
    """The v1 SDK's `service.reload()`; contract 5.2."""
    await house.move_in("blue", says("before"))
    house.write("blue/score.py", says("after"))
    outcome = await house.household.reload("blue")

    assert outcome["ok"], outcome
    assert (await house.ask()).text == '"after"'
    house.write("blue/score.py", BREAKS)
    assert not (await house.household.reload("blue"))["ok"]
    one = house.record.deployments["blue"]
    assert (one.state, one.why) == ("Failed", "score.py:2: init() raised ValueError: no model in here")
    house.write("blue/score.py", says("mended"))
    assert (await house.household.reload("blue"))["ok"]
    assert (one.state, one.why) == ("Succeeded", "")
    with pytest.raises(UsageError, match="the deployment green is not served"):
        await house.household.reload("green")


async def test_one_that_gives_up_for_good_is_failed(house):
    await house.move_in("blue", says("blue"))

    class GivesUp:
        async def wait(self, stop):
            return RuntimeError("no worker starts")

    await house.household._watch("blue", GivesUp())
    one = house.record.deployments["blue"]

    assert (one.state, one.why) == ("Failed", "no worker starts")

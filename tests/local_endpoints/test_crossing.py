"""Which deployment a request is for, and who answers where there is none."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from amlemu.exchange import Request
from amlemu.local_endpoints.crossing import Crossing, Lane
from hypothesis import given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.anyio


class FakeTurn:
    """All that a crossing looks at."""

    def __init__(self, **headers):
        named = [(name.replace("_", "-"), value) for name, value in headers.items()]
        self.request = Request("POST", "/score", named, b"")
        self.answered_by = ""


class Door:
    """Says who it is; waits if it is told to."""

    def __init__(self, name, gate=None):
        self._name, self._gate = name, gate

    async def answer(self, turn):
        if self._gate is not None:
            await self._gate.wait()
        turn.answered_by = self._name


@pytest.fixture
def crossing():
    """With two lanes and no traffic."""
    crossing = Crossing("azureml-model-deployment", Door)
    crossing.lanes = {"blue": Lane(Door("blue")), "green": Lane(Door("green"))}
    return crossing


async def asked(crossing, **headers):
    turn = FakeTurn(**headers)
    await crossing.answer(turn)
    return turn.answered_by


async def test_the_header_beats_the_weights(crossing):
    """Contract 1.1: sends the request straight to that deployment; weights are ignored, also for 0 %."""
    crossing.traffic = {"blue": 100, "green": 0}

    assert await asked(crossing, azureml_model_deployment="green") == "green"
    assert await asked(crossing, AzureML_Model_Deployment="green") == "green"
    assert {await asked(crossing) for _ in range(50)} == {"blue"}


async def test_the_weights_are_shares(crossing):
    """Contract 1.1: integer percentages."""
    crossing.traffic = {"blue": 90, "green": 10}

    counted = Counter([await asked(crossing) for _ in range(2000)])
    assert 120 <= counted["green"] <= 280, counted  # 200 expected; six standard deviations are 80
    assert counted["blue"] + counted["green"] == 2000


async def test_without_positive_weight_nobody_answers(crossing):
    """Contract 1.2: 404."""
    crossing.traffic = {"blue": 0, "green": 0}
    assert await asked(crossing) == "no deployment has traffic; there is blue, green"

    crossing.traffic = {}
    assert await asked(crossing) == "no deployment has traffic; there is blue, green"


async def test_the_only_one_has_all_the_traffic_where_nobody_has_set_it(crossing):
    """Contract 5.1: local endpoints have `traffic: {}`."""
    del crossing.lanes["green"]

    assert await asked(crossing) == "blue"
    crossing.traffic = {"blue": 0}
    assert await asked(crossing) == "no deployment has traffic; there is blue"


@pytest.mark.parametrize("name", ["red", "", "Blue", "blue,green"])
async def test_a_deployment_that_is_not_there_is_nobody(crossing, name):
    """Contract 8, number 12; one that nobody serves, too."""
    crossing.traffic = {"blue": 100}

    answer = await asked(crossing, azureml_model_deployment=name)
    assert answer == f"no deployment {name!r} is served here; there is blue, green"


async def test_traffic_to_one_that_is_down_is_nobodys(crossing):
    """It does not go to another one, which nobody has asked for."""
    crossing.traffic = {"red": 100}

    assert await asked(crossing) == "the deployment red has traffic, and is not served"


async def test_a_cloud_without_the_header_does_not_look_at_it():
    """Contract 2.1: a web service of v1 has no deployments."""
    crossing = Crossing("", Door)
    crossing.lanes = {"blue": Lane(Door("blue"))}

    assert await asked(crossing, azureml_model_deployment="green") == "blue"


@settings(deadline=None)  # the machine has more to do
@given(st.dictionaries(st.sampled_from("abcd"), st.integers(0, 100)), st.sets(st.sampled_from("abcd")))
def test_a_request_goes_only_where_it_may(traffic, there):
    """Whatever traffic and lanes there are: to one that is served and has weight, or to nobody."""
    crossing = Crossing("azureml-model-deployment", Door)
    crossing.lanes = {name: Lane(Door(name)) for name in sorted(there)}
    crossing.traffic = traffic
    answer = asyncio.run(asked(crossing))

    if answer in there:
        assert traffic.get(answer, 0) > 0 or (not traffic and len(there) == 1)
    else:
        assert "traffic" in answer
        assert not (there and all(traffic.get(name, 0) > 0 for name in "abcd") and there == set("abcd"))


async def test_a_lane_is_drained_when_its_last_request_is_answered():
    """And not before; one that takes too long is not waited for."""
    gate = asyncio.Event()
    lane = Lane(Door("blue", gate))
    assert await lane.drained(0)

    work = [asyncio.ensure_future(lane.answer(FakeTurn())) for _ in range(3)]
    await asyncio.sleep(0)
    assert not await lane.drained(0.01)
    waiting = asyncio.ensure_future(lane.drained(20))
    gate.set()
    assert await waiting
    await asyncio.gather(*work)


async def test_a_request_that_fails_leaves_its_lane():
    """Otherwise an update would wait for it for ever."""

    class Broken:
        async def answer(self, turn):
            raise RuntimeError("broken")

    lane = Lane(Broken())
    with pytest.raises(RuntimeError):
        await lane.answer(FakeTurn())

    assert await lane.drained(0)

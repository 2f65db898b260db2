"""What an operation does, and what is on record of it; the deployments themselves are nobody's here."""

from __future__ import annotations

import pytest
from amlemu.local_endpoints.record import Asked, DeploymentRecord, Operation

from .keeping import Keeping, create

pytestmark = pytest.mark.anyio


@pytest.fixture
async def kept(tmp_path):
    return Keeping(tmp_path)


async def test_a_failing_update_leaves_the_old_one(kept):
    """Served as before, and on record as before."""
    await kept.do(create())
    outcome = await kept.do(Operation("2", "update", "blue", {"blue": Asked("breaks.py")}))

    assert not outcome["ok"]
    assert kept.household.served == {"blue": "score.py"}
    one = kept.shelf.read().deployments["blue"]
    assert (one.state, one.asked.file, one.why) == ("Succeeded", "score.py", "")


async def test_traffic_is_changed_alone(kept):
    """Contract 1.1; nothing is started anew."""
    await kept.do(create())
    assert (await kept.do(Operation("2", "update", traffic={"blue": 0})))["ok"]

    assert kept.shelf.read().traffic == {"blue": 0}
    assert kept.household.traffic_taken == 2


async def test_what_was_up_before_is_brought_up_again(tmp_path):
    """Its process was killed, and another deployment is asked for; one that never came up is left alone, one that fails is no reason to stop."""
    before = {
        "blue": DeploymentRecord(Asked("score.py"), "Succeeded", was_up=True),
        "green": DeploymentRecord(Asked("score.py"), "Failed"),
        "red": DeploymentRecord(Asked("breaks.py"), "Succeeded", was_up=True),
    }
    kept = Keeping(tmp_path, deployments=before)

    assert (await kept.do(create("white")))["ok"]

    assert sorted(kept.household.served) == ["blue", "white"]
    assert kept.states == {"blue": "Succeeded", "green": "Failed", "red": "Failed", "white": "Succeeded"}


async def test_an_update_of_the_endpoint_tries_all_that_is_down(tmp_path):
    """One that does not come up does not keep the others from it, and is told."""
    before = {
        "red": DeploymentRecord(Asked("breaks.py"), "Failed"),
        "blue": DeploymentRecord(Asked("score.py"), "Failed"),
    }
    kept = Keeping(tmp_path, deployments=before)

    outcome = await kept.do(Operation("1", "update"))

    assert (outcome["ok"], outcome["cause"]["step"]) == (False, "UserContainerStart")
    assert list(kept.household.served) == ["blue"]
    assert kept.states == {"red": "Failed", "blue": "Succeeded"}


async def test_a_debuggers_port_is_had_by_one_at_a_time(kept):
    """The old one makes room before the new one comes; when that fails, it comes back."""
    asked = [Asked(file, {"debug": 5678}) for file in ("score.py", "other.py", "breaks.py")]
    await kept.do(Operation("1", "create", "blue", {"blue": asked[0]}))
    kept.operations.forget("1")
    assert (await kept.do(Operation("2", "update", "blue", {"blue": asked[1]})))["ok"]
    outcome = await kept.do(Operation("3", "update", "blue", {"blue": asked[2]}))

    assert not outcome["ok"]
    assert kept.household.moves == ["in score.py", "out blue", "in other.py", "out blue", "in other.py"]
    assert kept.shelf.read().deployments["blue"].asked == asked[1]
    assert kept.states == {"blue": "Succeeded"}


async def test_one_that_never_came_up_is_healed_with_what_was_asked_for_last(kept):
    """A slip in one file, then another in the next one: `update` reads the next one."""
    await kept.do(create(file="breaks.py"))
    await kept.do(create(file="explodes.py", id_="2"))

    assert kept.shelf.read().deployments["blue"].asked.file == "explodes.py"


async def test_one_that_gave_up_is_made_again(kept):
    """It is served, and answers nobody."""
    await kept.do(create())
    kept.operations.forget("1")
    kept.record.deployments["blue"].state = "Failed"
    await kept.do(Operation("2", "update"))

    assert kept.household.moves == ["in score.py", "in score.py"]
    assert kept.states == {"blue": "Succeeded"}


async def test_one_that_gave_up_is_still_down_after_an_update_that_fails(kept):
    """It goes on as it was, and that was Failed."""
    await kept.do(create())
    kept.operations.forget("1")
    one = kept.record.deployments["blue"]
    one.state, one.why = "Failed", "no worker starts"
    await kept.do(Operation("2", "update", "blue", {"blue": Asked("breaks.py")}))

    assert (one.state, one.why, one.asked.file) == ("Failed", "no worker starts", "score.py")


async def test_why_is_over_when_it_is_up(kept):
    await kept.do(create(file="breaks.py"))
    await kept.do(create(id_="2"))

    assert kept.shelf.read().deployments["blue"].why == ""


async def test_an_endpoint_of_which_one_deployment_is_up_is_there(tmp_path):
    kept = Keeping(tmp_path, state="Creating")
    outcome = await kept.do(Operation("1", "create", asked={"red": Asked("breaks.py"), "blue": Asked("score.py")}))

    assert (outcome["ok"], kept.shelf.read().state) == (False, "Succeeded")


async def test_a_delete_takes_the_traffic_away(kept):
    await kept.do(create(traffic={"blue": 100}))
    kept.operations.forget("1")
    before = kept.household.traffic_taken
    await kept.do(Operation("2", "delete", "blue"))

    assert kept.household.traffic_taken == before + 1


async def test_traffic_does_not_start_what_has_failed(tmp_path):
    """Who sends all requests to blue because green is broken wants just that."""
    kept = Keeping(tmp_path, deployments={"green": DeploymentRecord(Asked("hangs.py"), "Failed")})
    await kept.do(create())

    assert (await kept.do(Operation("2", "update", traffic={"blue": 100})))["ok"]
    assert kept.states == {"green": "Failed", "blue": "Succeeded"}


async def test_traffic_brings_back_what_ended_with_the_process(tmp_path):
    """As every operation does; one that does not come up is no reason to refuse it."""
    before = {
        "blue": DeploymentRecord(Asked("score.py"), "Succeeded", was_up=True),
        "red": DeploymentRecord(Asked("breaks.py"), "Succeeded", was_up=True),
    }
    kept = Keeping(tmp_path, deployments=before)

    assert (await kept.do(Operation("1", "update", traffic={"blue": 100})))["ok"]
    assert list(kept.household.served) == ["blue"]


async def test_which_of_several_has_failed_is_told(tmp_path):
    before = {name: DeploymentRecord(Asked("breaks.py"), "Failed") for name in ("red", "green")}
    kept = Keeping(tmp_path, deployments=before)

    story = kept.operations.begin(Operation("1", "update"))
    outcome = await kept.outcome(story)

    assert outcome["text"] == "update of the endpoint: deployment red failed"
    assert "red, green are not up; this is why the first of them is not:" in [line.get("text") for line in story.lines]

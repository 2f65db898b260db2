"""One thing after the other, and what is told of it; the deployments themselves are nobody's here."""

from __future__ import annotations

import asyncio

import pytest
from amlemu.errors import UsageError
from amlemu.local_endpoints.record import Asked, DeploymentRecord, Operation

from .keeping import Keeping, create

pytestmark = pytest.mark.anyio


@pytest.fixture
async def kept(tmp_path):
    return Keeping(tmp_path)


async def test_a_create_is_written_down_and_told(kept):
    """State, traffic, outcome; until somebody has been told of it."""
    outcome = await kept.do(create(traffic={"blue": 100}))

    assert (outcome["ok"], outcome["text"]) == (
        True, "deployment blue of iris is created: http://127.0.0.1:5001/score",
    )  # fmt: skip
    assert kept.household.served == {"blue": "score.py"}
    known = kept.shelf.read()
    assert (known.traffic, kept.states) == ({"blue": 100}, {"blue": "Succeeded"})
    assert known.operation.outcome["ok"]
    kept.operations.forget("1")
    assert kept.shelf.read().operation is None


async def test_who_asks_for_the_same_again_hears_the_same(kept):
    """Somebody was killed between the end and the telling; afterwards it exists."""
    await kept.do(create(id_="1"))
    assert (await kept.do(create(id_="2")))["ok"]

    kept.operations.forget("1")
    with pytest.raises(UsageError, match="exists"):
        kept.operations.begin(create(id_="3"))


async def test_who_comes_while_it_goes_on_hears_its_story(kept):
    """Two commands at once, one deployment."""
    first = kept.operations.begin(create(file="hangs.py", id_="1"))
    await kept.household.hanging.wait()

    assert kept.operations.begin(create(file="hangs.py", id_="1")) is first
    assert kept.operations.begin(create(file="hangs.py", id_="2")) is first


async def test_a_story_that_goes_on_outlives_who_does_not_wait(kept):
    """`--no-wait` says that it was told; the next one who asks hears the rest."""
    story = kept.operations.begin(create(file="hangs.py", id_="1"))
    await kept.household.hanging.wait()
    kept.operations.forget("1")

    assert kept.operations.begin(create(file="hangs.py", id_="2")) is story


async def test_a_failure_is_told_with_its_cause_and_may_be_tried_again(kept):
    """Nobody has to delete it first."""
    outcome = await kept.do(create(file="breaks.py"))

    assert not outcome["ok"]
    assert (outcome["cause"]["step"], outcome["cause"]["told"]) == ("UserContainerStart", "init() raised")
    assert kept.states == {"blue": "Failed"}
    assert (await kept.do(create(id_="2")))["ok"]


async def test_a_mistake_of_ours_ends_the_story_too(kept):
    """Who waits must not wait for ever; what comes next is done."""
    outcome = await kept.do(create(file="explodes.py"))

    assert not outcome["ok"]
    assert "a mistake of ours" in outcome["text"]
    assert (await kept.do(create("green", id_="2")))["ok"]


async def test_a_delete_cancels_what_is_done_to_the_same(kept):
    """Contract 6.2: OperationCanceled, by an operation of higher priority."""
    story = kept.operations.begin(create(file="hangs.py"))
    await kept.household.hanging.wait()

    assert (await kept.do(Operation("2", "delete", "blue")))["ok"]
    outcome = await kept.outcome(story)
    assert (outcome["ok"], outcome["text"]) == (False, "OperationCanceled: a delete has taken its place")
    assert kept.states == {}


async def test_deleting_the_endpoint_cancels_what_waits_too(kept):
    """Everything that was to be done to it is needless."""
    stories = [kept.operations.begin(create(name, "hangs.py", name)) for name in ("blue", "green")]
    await kept.household.hanging.wait()

    assert (await kept.do(Operation("3", "delete")))["ok"]
    assert [(await kept.outcome(story))["ok"] for story in stories] == [False, False]
    assert kept.has_ended.is_set()


async def test_a_deployment_that_is_deleted_while_several_are_started_keeps_nobody_waiting(tmp_path):
    """The others come up all the same, whichever is at its turn; and it may be made anew."""
    before = {name: DeploymentRecord(Asked("hangs.py"), "Failed") for name in ("red", "green")}
    before["blue"] = DeploymentRecord(Asked("score.py"), "Failed")
    kept = Keeping(tmp_path, deployments=before)
    healing = kept.operations.begin(Operation("1", "update"))
    await kept.household.hanging.wait()

    for number, name in enumerate(("green", "red")):
        kept.operations.begin(Operation(f"delete {number}", "delete", name))

    assert (await kept.outcome(healing))["ok"]
    assert (await kept.do(create("red", id_="2")))["ok"]
    assert kept.states == {"blue": "Succeeded", "red": "Succeeded"}


async def test_all_of_several_are_given_up_with_the_endpoint(tmp_path):
    before = {name: DeploymentRecord(Asked("hangs.py"), "Failed") for name in ("red", "green")}
    kept = Keeping(tmp_path, deployments=before)
    healing = kept.operations.begin(Operation("1", "update"))
    await kept.household.hanging.wait()

    assert (await kept.do(Operation("2", "delete")))["ok"]
    assert not (await kept.outcome(healing))["ok"]


async def test_what_comes_meanwhile_waits_and_says_for_what(kept):
    kept.operations.begin(create(file="hangs.py"))
    await kept.household.hanging.wait()
    story = kept.operations.begin(create("green", id_="2"))
    last = kept.operations.begin(create("red", id_="4"))
    await asyncio.sleep(0)

    assert story.lines[0]["text"] == "waiting for the create of deployment blue"
    assert last.lines[0]["text"] == "waiting for the create of deployment blue, and for 1 more before this"
    await kept.do(Operation("3", "delete", "blue"))
    assert (await kept.outcome(story))["ok"]


async def test_what_is_not_possible_is_refused_and_changes_nothing(kept):
    before = kept.shelf.read()
    for impossible in (
        Operation("1", "update", "blue", {"blue": Asked("score.py")}),
        Operation("1", "delete", "blue"),
        Operation("1", "create"),
        Operation("1", "update", traffic={"blue": 100}),
    ):
        with pytest.raises(UsageError):
            kept.operations.begin(impossible)

    assert kept.shelf.read() == before


async def test_who_was_killed_in_the_middle_is_gone_on_with(tmp_path):
    """What was to be done, after what was up before; that one's failure is no reason to stop."""
    pending = create("green", id_="7")
    deployments = {
        "blue": DeploymentRecord(Asked("score.py"), "Succeeded", was_up=True),
        "red": DeploymentRecord(Asked("breaks.py"), "Succeeded", was_up=True),
        "never": DeploymentRecord(Asked("score.py"), "Failed"),
    }
    kept = Keeping(tmp_path, deployments=deployments, operation=pending)
    kept.operations.resume()

    assert (await kept.do(pending))["ok"]
    assert kept.household.served == {"blue": "score.py", "green": "score.py"}
    assert kept.states == {"blue": "Succeeded", "red": "Failed", "never": "Failed", "green": "Succeeded"}


async def test_what_is_over_is_not_done_again(tmp_path):
    """Its outcome is told."""
    over = Operation("7", "create", "blue", {"blue": Asked("score.py")}, outcome={"ok": True, "text": "done"})
    kept = Keeping(tmp_path, operation=over)
    kept.operations.resume()

    assert (await kept.do(create(id_="8")))["text"] == "done"
    assert kept.household.served == {}


async def test_an_endpoint_that_failed_and_is_empty_is_kept_no_longer(tmp_path):
    """There is nothing to keep, as soon as somebody has been told; its record stays."""
    kept = Keeping(tmp_path, state="Creating")
    outcome = await kept.do(Operation("1", "create", asked={"blue": Asked("breaks.py")}, traffic={"blue": 100}))

    assert not outcome["ok"]
    assert not kept.has_ended.is_set()
    kept.operations.forget("1")
    assert kept.has_ended.is_set()
    assert (kept.shelf.read().state, kept.shelf.read().why) == ("Failed", "init() raised")


async def test_the_same_verb_with_another_file_is_another_operation(kept):
    first = kept.operations.begin(create(file="hangs.py"))
    await kept.household.hanging.wait()

    assert kept.operations.begin(create(file="score.py", id_="2")) is not first
    await kept.operations.close()

"""What a Python program asks for: create, update, delete, follow, with real keepers."""

from __future__ import annotations

import os
import signal
import socket

import pytest
from amlemu.errors import UsageError
from amlemu.local_endpoints import shelf as shelves
from amlemu.local_endpoints import verbs, views
from amlemu.local_endpoints.caller import is_kept
from amlemu.local_endpoints.record import Asked
from amlemu.local_endpoints.rules import NotThere
from amlemu.local_endpoints.shelf import Shelf
from amlemu.local_endpoints.verbs import NewEndpoint

from .desk import BREAKS, says, until

UNREAD = {"reload": False}
BLUE = says("blue")


@pytest.fixture
def told():
    """All lines of stories."""
    return []


@pytest.fixture
def create(kept, write, told):
    """Create the endpoint iris with a script, and say that one was told of it."""

    def create(text=BLUE, *, waits=True):
        asked = Asked(str(write("code/score.py", text)), UNREAD)
        done = verbs.create_endpoint(
            NewEndpoint("iris", asked={"blue": asked}, traffic={"blue": 100}), told.append, waits=waits
        )
        done.acknowledge()
        return done

    return create


def texts(told, kind="step"):
    return [line["step"] for line in told if line["kind"] == kind and line["state"] == "Succeeded"]


def answer(name=None):
    return views.invoke("iris", name, b"{}", "application/json").body


def test_the_life_of_an_endpoint(create, kept, write, told):
    """Create, a second deployment, traffic, an update, deletes; each says how it goes, and what has become of it."""
    assert create().outcome["ok"]
    assert texts(told) == [
        "SystemSetup", "ImageBuild", "UserContainerImagePull", "ModelDownload", "UserContainerStart", "Probes",
    ]  # fmt: skip
    green = Asked(str(write("green/score.py", says("green"))), UNREAD)
    verbs.create_deployment("iris", "green", green, told.append).acknowledge()
    assert (answer(), answer("green")) == (b'"blue"', b'"green"')

    verbs.update_endpoint("iris", told.append, {"blue": 0, "green": 100}).acknowledge()
    assert answer() == b'"green"'
    new = Asked(str(write("new/score.py", says("new"))), UNREAD)
    verbs.update_deployment("iris", "blue", new, told.append, all_traffic=True).acknowledge()
    assert answer() == b'"new"'
    verbs.delete_deployment("iris", "green", told.append).acknowledge()
    assert views.endpoint("iris")["deployments"] == {"blue": "Succeeded"}

    verbs.delete_endpoint("iris", told.append).acknowledge()
    assert not (kept / "iris").exists()
    with pytest.raises(NotThere):
        verbs.delete_endpoint("iris", told.append)


def test_who_does_not_wait_may_follow_later(create, told):
    """`wait_for_deployment` of the v1 SDK: the rest is told, from the beginning."""
    done = create(
        says("blue").replace("def init(): ...", "import time\n\ndef init():\n    time.sleep(0.5)"), waits=False
    )
    assert (done.outcome["ok"], told) == (True, [])

    followed = verbs.follow("iris", told.append)
    assert followed.outcome["ok"]
    assert texts(told)[-1] == "Probes"
    followed.acknowledge()
    assert verbs.follow("iris", told.append) is None


def test_a_failure_that_nobody_heard_of_is_told_later(create, told):
    """With its cause; its process is gone by then."""
    create(BREAKS, waits=False)
    until(lambda: views.endpoint("iris")["provisioning_state"] == "Failed", "failed")

    outcome = verbs.follow("iris", told.append).outcome
    assert not outcome["ok"]
    assert outcome["cause"]["step"] == "UserContainerStart"


def test_the_outcome_of_a_quick_failure_is_told_too(kept, write, told):
    """One that is over before anybody could ask how it goes: again and again, for that is a race."""
    asked = Asked(str(write("code/score.py", says("blue"))), UNREAD, "ERR_1300")
    for _ in range(3):
        outcome = verbs.create_endpoint(NewEndpoint("iris", asked={"blue": asked}), told.append).outcome

        assert outcome["cause"]["step"] == "ModelDownload"


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (NewEndpoint("ab"), "has 2 characters"),
        (NewEndpoint("iris", asked={"a_b": Asked("score.py")}), "cannot be a name"),
        (NewEndpoint("iris", traffic={"blue": 100}), "there is no deployment blue"),
        (NewEndpoint("iris", port=65536), "Ports are 0 to 65535"),
    ],
    ids=["name", "deployment", "traffic", "port"],
)
def test_what_cannot_be_is_refused_and_leaves_nothing_to_see(kept, wanted, says):
    with pytest.raises(UsageError, match=says):
        verbs.create_endpoint(wanted, lambda line: None)
    assert views.endpoints() == []


def test_another_port_is_for_one_whose_process_is_gone(create):
    """Its clients know the one that it has."""
    create()

    with pytest.raises(UsageError, match="listens on"):
        verbs.update_endpoint("iris", lambda line: None, port=views.endpoint("iris")["port"] + 1)


@pytest.mark.parametrize("what", ["endpoint", "deployment"])
def test_a_process_that_ends_while_a_delete_looks_for_it_is_not_started_again(create, monkeypatch, what):
    """Its port may be somebody else's by then, and nothing of that is needed."""
    create()
    port = views.endpoint("iris")["port"]
    os.kill(views.pid("iris"), signal.SIGKILL)
    until(lambda: not is_kept(shelves.shelf_of("iris")), "gone")
    locks, lock = [None], Shelf.lock
    monkeypatch.setattr(Shelf, "lock", lambda shelf: locks.pop() if locks else lock(shelf))

    with socket.create_server(("127.0.0.1", port)):
        done = (
            verbs.delete_endpoint("iris", lambda _: None)
            if what == "endpoint"
            else verbs.delete_deployment("iris", "blue", lambda _: None)
        )

    assert (done.outcome["ok"], locks) == (True, [])
    done.acknowledge()
    assert [one["deployments"] for one in views.endpoints()] == ([] if what == "endpoint" else [{}])


def test_a_deployment_that_nobody_keeps_leaves_neither_traffic_nor_log(shelve):
    shelf = shelve(blue="Succeeded", green="Succeeded")
    record = shelf.read()
    record.traffic = {"blue": 100}
    shelf.write(record)
    log = shelf.deployment("blue") / "inference-server.log"
    log.parent.mkdir(parents=True)
    log.write_text("old\n")

    assert verbs.delete_deployment("iris", "blue", lambda _: None).outcome["ok"]
    assert shelf.read().traffic == {}
    assert not log.exists()


def test_an_update_may_name_the_port_that_it_has(shelve, monkeypatch):
    """Another one is refused while it runs."""
    monkeypatch.setattr(verbs, "have_done", lambda *_, **__: "done")
    shelf = shelve(port=5001)
    with shelf.lock():
        assert verbs.update_endpoint("iris", lambda _: None, port=5001) == "done"
        with pytest.raises(UsageError, match="5002"):
            verbs.update_endpoint("iris", lambda _: None, port=5002)


def test_a_name_that_azure_refuses_does_not_come_by_an_endpoints_file(shelve):
    shelf = shelve(blue="Succeeded")

    with pytest.raises(UsageError, match="'a_b' cannot be a name"):
        verbs.update_endpoint("iris", lambda _: None, asked={"a_b": Asked("score.py")})
    assert shelf.read().state == "Succeeded"

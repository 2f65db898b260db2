"""What one sees of endpoints and deployments that lie on their shelves; those that live are in test_cli_endpoint.py."""

from __future__ import annotations

import httpx
import pytest
from amlemu.errors import Unreachable, UsageError
from amlemu.local_endpoints import logs, views
from amlemu.local_endpoints.record import OtherVersion
from amlemu.local_endpoints.rules import NotThere

from tests.free_port import free_port

GONE = "its process is gone; amlemu endpoint update -n iris starts it again"


def test_an_endpoint_has_the_words_of_az(shelve):
    """Contract 5.1: location, provisioning_state, traffic, scoring_uri."""
    shelf = shelve(blue="Succeeded")
    with shelf.lock():  # as its keeper would hold it
        shown = views.endpoint("iris")

    assert shown == {
        "name": "iris",
        "location": "local",
        "kind": "managed",
        "provisioning_state": "Succeeded",
        "why": None,
        "auth_mode": None,
        "traffic": {},
        "mirror_traffic": {},
        "scoring_uri": "http://127.0.0.1:5001/score",
        "openapi_uri": "http://127.0.0.1:5001/swagger.json",
        "port": 5001,
        "deployments": {"blue": "Succeeded"},
    }


def test_one_whose_process_is_gone_is_failed_and_says_what_to_do(shelve):
    """Whatever its record says: after a restart of the machine nobody has written that down."""
    shelve(blue="Succeeded", green="Failed")

    shown = views.endpoint("iris")
    assert (shown["provisioning_state"], shown["why"]) == ("Failed", GONE)
    assert shown["deployments"] == {"blue": "Failed", "green": "Failed"}
    assert views.deployment("iris", "blue")["why"] == GONE


def test_a_list_has_them_all(home, shelve):
    """One that cannot be read is Failed, and says why; one that is being deleted is gone."""
    shelve("wine", 5002)
    (home / "old").mkdir()
    (home / "old" / "record.json").write_text('{"version": 0}', encoding="utf-8")
    going = shelve("zoo", 5003)
    record = going.read()
    record.state = "Deleting"
    going.write(record)

    found = views.endpoints()
    assert [(one["name"], one["provisioning_state"]) for one in found] == [("old", "Failed"), ("wine", "Failed")]
    assert "version 0" in found[0]["why"]
    with pytest.raises(OtherVersion):
        views.endpoint("old")
    with pytest.raises(NotThere):
        views.endpoint("zoo")


def test_several_deployments_and_no_name_is_azures_error(shelve):
    """Contract 5.1: `Multiple deployments found for local endpoint (<e>), please specify deployment name.`"""
    shelve(blue="Succeeded", green="Succeeded")

    with pytest.raises(UsageError) as caught:
        views.deployment("iris", None)
    assert str(caught.value).startswith(
        "Multiple deployments found for local endpoint (iris), please specify deployment name."
    )
    assert views.deployment("iris", "green")["name"] == "green"


def test_what_is_not_there_is_azures_error(shelve):
    """Contract 5.1."""
    shelve(blue="Succeeded")

    with pytest.raises(NotThere, match=r"Local deployment \(iris / red\) does not exist"):
        views.deployment("iris", "red")
    with pytest.raises(NotThere, match=r"Local endpoint \(wine\) does not exist"):
        views.endpoint("wine")


def test_an_endpoint_without_deployments_says_how_to_make_one(shelve):
    shelve()

    with pytest.raises(UsageError, match="amlemu deployment create -n blue -e iris"):
        views.deployment("iris", None)


def test_a_log_begins_with_the_status_block(shelve):
    """Contract 6.2."""
    shelf = shelve(blue="Succeeded")
    record = shelf.read()
    record.deployments["blue"].steps = {
        "SystemSetup": "Succeeded", "ImageBuild": "Succeeded", "UserContainerImagePull": "Succeeded",
        "ModelDownload": "Succeeded", "UserContainerStart": "InProgress",
    }  # fmt: skip
    shelf.write(record)
    logs.cut(logs.log_of(shelf.deployment("blue"), "inference-server"), "a\nb\nc\n")

    assert views.log("iris", "blue", "inference-server", 2) == (
        "Instance status:\nSystemSetup: Succeeded\nUserContainerImagePull: Succeeded\nModelDownload: Succeeded\n"
        "UserContainerStart: InProgress\n\nb\nc\n"
    )


@pytest.mark.parametrize("state", ["Creating", "Updating"])
def test_one_that_is_not_up_yet_is_answered_with_try_again_later(shelve, state):
    """Page 003: a container that is not up yet; contract 9."""
    shelve(blue=state)

    said = views.log("iris", None, "inference-server", 100)
    assert "The container inference-server of blue is not up yet" in said
    assert "Try again later." in said


def test_a_log_of_a_container_that_has_none_is_refused(shelve):
    """Contract 5.1: inference-server or storage-initializer."""
    shelve(blue="Succeeded")

    with pytest.raises(UsageError, match="Expected inference-server or storage-initializer"):
        views.log("iris", "blue", "nginx", 10)


def test_no_lines_of_a_log_that_has_some_is_not_called_silence(shelve):
    """`-l 0` shows the status alone."""
    shelf = shelve(blue="Succeeded")
    logs.cut(logs.log_of(shelf.deployment("blue"), "inference-server"), "a\nb\nc\n")

    assert "has said nothing" not in views.log("iris", "blue", "inference-server", 0)


def test_nobody_answers_for_an_endpoint_whose_process_is_gone(shelve):
    """Somebody else may listen there by now; nothing is sent."""
    shelve(blue="Succeeded")

    with pytest.raises(Unreachable, match="its process is gone"):
        views.invoke("iris", None, b"{}", "application/json")


def test_an_endpoint_without_keys_has_no_credentials(shelve):
    shelve()

    with pytest.raises(UsageError, match="asks nobody for a key"):
        views.credentials("iris")


def test_an_answer_may_take_its_time(shelve, monkeypatch):
    """The cloud says when it is over, and not who asks."""
    seen, client = [], httpx.Client
    monkeypatch.setattr(httpx, "Client", lambda **more: seen.append(more["timeout"]) or client(**more))
    with shelve(port=free_port(), blue="Succeeded").lock(), pytest.raises(Unreachable):
        views.invoke("iris", None, b"{}", "application/json")

    assert seen == [None]

"""What may be asked for, given what there is."""

from __future__ import annotations

import re

import pytest
from amlemu.errors import UsageError
from amlemu.local_endpoints import rules
from amlemu.local_endpoints.record import Asked, DeploymentRecord, Operation, Record
from hypothesis import given, settings
from hypothesis import strategies as st

ASKED = Asked("/project/score.py")


def record(state="Succeeded", **deployments):
    known = {name: DeploymentRecord(ASKED, one, was_up=one == "Succeeded") for name, one in deployments.items()}
    return Record("iris", 5001, state=state, deployments=known)


@pytest.mark.parametrize("name", ["abc", "a1b", "my-endpoint", "Iris", "a" * 32])
def test_names_that_azure_takes(name):
    """Contract 1.5, 5.1: 3 to 32 characters, a letter first, letters, digits, single dashes, no dash at the end."""
    assert rules.check_name(name, "--name") == name


@pytest.mark.parametrize(
    "name",
    ["", "ab", "a" * 33, "1abc", "-abc", "abc-", "a--b", "a_b", "a.b", "a b", "ab\n", "caf\u00e9", "ab\u0661", "../x"],
)
def test_names_that_azure_refuses(name):
    """Contract 1.5; and no name of ours leads out of a folder."""
    with pytest.raises(UsageError) as caught:
        rules.check_name(name, "--name")

    assert "Azure refuses it, too." in str(caught.value)


@settings(deadline=None)  # the machine has more to do
@given(st.text(alphabet="abZ09-_ .\u00e9\n", max_size=40))
def test_a_name_is_taken_exactly_when_azures_rule_takes_it(name):
    """Contract 5.1, the expression; 1.5, single dashes and the length."""
    is_legal = re.fullmatch(r"[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?", name) and "--" not in name and 3 <= len(name) <= 32
    try:
        rules.check_name(name, "--name")
    except UsageError:
        assert not is_legal
    else:
        assert is_legal


@pytest.mark.parametrize("shares", [{}, {"blue": 100}, {"blue": 90, "green": 10}, {"blue": 0}, {"blue": 0, "green": 0}])
def test_traffic_that_azure_takes(shares):
    """Contract 1.1: the sum is 0 or 100."""
    rules.check_traffic(shares, ["blue", "green"])


@pytest.mark.parametrize(
    ("shares", "says"),
    [
        ({"blue": 99}, "the traffic adds up to 99. Azure takes 0 or 100."),
        ({"blue": 100, "green": 100}, "the traffic adds up to 200"),
        ({"blue": 50, "red": 50}, "there is no deployment red. There is blue, green."),
        ({"blue": 101, "green": -1}, "101 is no percentage"),
    ],
    ids=["99", "200", "red", "101"],
)
def test_traffic_that_azure_refuses(shares, says):
    """Contract 1.1."""
    with pytest.raises(UsageError) as caught:
        rules.check_traffic(shares, ["blue", "green"])

    assert says in str(caught.value)


@pytest.mark.parametrize("state", ["Succeeded", "Updating", "Deleting"])
def test_an_endpoint_that_is_there_is_not_created_again(state):
    """The message names what there is to do instead."""
    with pytest.raises(UsageError) as caught:
        rules.check(record(state), Operation("1", "create"))

    assert str(caught.value) == (
        "--name: the endpoint iris exists. amlemu endpoint update -n iris changes it, and amlemu endpoint delete -n iris removes it."
    )


@pytest.mark.parametrize("state", ["Creating", "Failed"])
def test_an_endpoint_that_was_never_finished_may_be_created_again(state):
    rules.check(record(state), Operation("1", "create"))


def test_a_deployment_that_is_there_is_not_created_again():
    """One that never came up may be."""
    rules.check(record(blue="Failed"), Operation("1", "create", "blue", {"blue": ASKED}))
    rules.check(record(blue="Succeeded"), Operation("1", "create", "green", {"green": ASKED}))
    with pytest.raises(UsageError) as caught:
        rules.check(record(blue="Succeeded"), Operation("1", "create", "blue", {"blue": ASKED}))

    assert "amlemu deployment update -n blue -e iris changes it." in str(caught.value)


@pytest.mark.parametrize("verb", ["update", "delete"])
def test_a_deployment_that_is_not_there_is_neither_updated_nor_deleted(verb):
    """Contract 5.1: `Local deployment (<e> / <d>) does not exist.`"""
    with pytest.raises(rules.NotThere) as caught:
        rules.check(record(blue="Succeeded"), Operation("1", verb, "green"))

    assert str(caught.value) == "Local deployment (iris / green) does not exist. There is blue."


def test_traffic_may_go_to_a_deployment_that_is_only_being_made():
    """`--all-traffic` of a create."""
    rules.check(record(), Operation("1", "create", "blue", {"blue": ASKED}, {"blue": 100}))


def test_an_endpoint_that_is_not_there_is_told_in_azures_words():
    """Contract 5.1: `Local endpoint (<e>) does not exist.`"""
    assert str(rules.no_endpoint("iris", ["wine", "zoo"])).startswith(
        "Local endpoint (iris) does not exist. There is wine, zoo."
    )
    assert "There is none in this folder or above it." in str(rules.no_endpoint("iris", []))


def test_a_delete_makes_needless_what_is_being_done_to_the_same():
    """The endpoint's: everything; a deployment's: what is done to that one."""
    endpoint, blue = Operation("1", "delete"), Operation("2", "delete", "blue")

    assert rules.is_within(Operation("3", "create", "blue"), endpoint)
    assert rules.is_within(Operation("3", "update"), endpoint)
    assert rules.is_within(Operation("3", "create", "blue"), blue)
    assert not rules.is_within(Operation("3", "create", "green"), blue)
    assert not rules.is_within(Operation("3", "delete", "blue"), blue)

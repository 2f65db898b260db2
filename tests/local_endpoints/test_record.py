"""What lies on the shelf, as values and as JSON."""

from __future__ import annotations

import json

import pytest
from amlemu.local_endpoints.record import (
    Asked,
    DeploymentRecord,
    Operation,
    OtherVersion,
    Record,
    from_data,
    operation_from,
)
from hypothesis import given, settings
from hypothesis import strategies as st

WORDS = st.text(max_size=8)
SHARES = st.dictionaries(WORDS, st.integers(0, 100), max_size=3)
ASKED = st.builds(Asked, WORDS, st.dictionaries(WORDS, WORDS | st.integers() | st.booleans() | st.lists(WORDS)), WORDS)
DEPLOYMENTS = st.builds(
    DeploymentRecord, ASKED, WORDS, st.dictionaries(WORDS, WORDS), WORDS, st.booleans(), st.floats(0, 2e9)
)
OUTCOMES = st.none() | st.fixed_dictionaries({"ok": st.booleans(), "text": WORDS})
OPERATIONS = st.builds(
    Operation, WORDS, st.sampled_from(["create", "update", "delete"]), WORDS, st.dictionaries(WORDS, ASKED),
    st.none() | SHARES, OUTCOMES,
)  # fmt: skip
RECORDS = st.builds(
    Record, WORDS, st.integers(0, 65535), WORDS, WORDS, st.none() | WORDS, SHARES, WORDS, WORDS,
    st.dictionaries(WORDS, DEPLOYMENTS, max_size=3), st.none() | OPERATIONS, st.floats(0, 2e9),
)  # fmt: skip


@settings(deadline=None)  # the machine has more to do
@given(RECORDS)
def test_what_is_written_is_read(record):
    """All of it, through JSON."""
    assert from_data(json.loads(json.dumps(record.as_data())), "record.json") == record


@pytest.mark.parametrize(
    ("version", "advice"),
    [
        pytest.param(0, "amlemu endpoint delete removes it; then create it again.", id="older"),
        pytest.param(2, "Take a newer amlemu.", id="newer"),
        pytest.param(None, "amlemu endpoint delete removes it; then create it again.", id="none"),
        pytest.param("1", "amlemu endpoint delete removes it; then create it again.", id="text"),
    ],
)
def test_another_version_is_refused_with_what_to_do(version, advice):
    """The file is named."""
    with pytest.raises(OtherVersion) as caught:
        from_data({**Record("iris", 5001).as_data(), "version": version}, "/project/record.json")

    assert str(caught.value).startswith(f"/project/record.json: its state is of version {version}, and this amlemu")
    assert caught.value.hint == advice


@pytest.mark.parametrize("data", [None, [], "text", 7, {}], ids=str)
def test_what_is_no_record_is_refused(data):
    """Whatever JSON there is."""
    with pytest.raises(OtherVersion):
        from_data(data, "record.json")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"deployments": []}, id="no-deployments"),
        pytest.param({"deployments": {"blue": {"state": "Succeeded"}}}, id="of-nothing"),
        pytest.param({"deployments": {"blue": None}}, id="none"),
        pytest.param({"operation": {"id": "1"}}, id="half-an-operation"),
        pytest.param({"operation": "create"}, id="a-word"),
        pytest.param({"colour": "blue"}, id="more-than-there-is"),
    ],
)
def test_a_record_that_somebody_has_edited_is_refused_and_can_be_deleted(change):
    with pytest.raises(OtherVersion) as caught:
        from_data({**Record("iris", 5001).as_data(), **change}, "record.json")

    assert "this is no state of an endpoint" in str(caught.value)
    assert "amlemu endpoint delete" in caught.value.hint


def test_a_record_without_its_name_or_port_is_refused():
    data = Record("iris", 5001).as_data()

    for missing in ("name", "port", "deployments", "operation"):
        with pytest.raises(OtherVersion):
            from_data({name: value for name, value in data.items() if name != missing}, "record.json")


def test_an_operation_is_like_another_of_the_same_verb_and_deployment():
    """Whatever its number is."""
    one = Operation("1", "create", "blue")

    assert one.is_like(Operation("2", "create", "blue"))
    assert not one.is_like(Operation("1", "update", "blue"))
    assert not one.is_like(Operation("1", "create", "green"))
    assert not one.is_like(Operation("1", "create"))


def test_an_operation_says_what_it_is_about():
    assert Operation("1", "create", "blue").subject == "deployment blue"
    assert Operation("1", "create").subject == "the endpoint"


def test_an_operation_of_an_unknown_shape_is_none():
    with pytest.raises(KeyError):
        operation_from({"id": "1", "verb": "create"})
    with pytest.raises(TypeError):
        operation_from({"id": "1", "verb": "create", "asked": {}, "when": "now"})

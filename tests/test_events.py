"""Events are values that any reader can keep, compare and write as JSON."""

from __future__ import annotations

import dataclasses
import json
from typing import get_args, get_type_hints

import pytest
from amlemu import events

KINDS = get_args(events.Event)
SAMPLES = {
    "str": "text",
    "int": 7,
    "float": 0.5,
    "bool": True,
    "int | None": None,
    "float | None": None,
    "dict[str, Any]": {"what": "it"},
    "tuple[str, ...]": ["one", "two"],  # a list, when it has been JSON
    "tuple[Frame, ...]": [["score.py", 3, "init"]],  # likewise
    "OutOfMemory | None": None,
}


def sample(kind):
    return kind(**{field.name: SAMPLES[str(field.type)] for field in dataclasses.fields(kind)})


def test_the_union_names_every_event():
    """A console that handles `Event` handles them all."""
    declared = {
        kind for kind in vars(events).values() if dataclasses.is_dataclass(kind) and kind.__module__ == events.__name__
    }

    assert set(KINDS) == declared


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_events_are_frozen_values_of_plain_json(kind):
    event = sample(kind)

    assert event == sample(kind)
    assert json.loads(json.dumps(vars(event))) == vars(event)
    assert get_type_hints(kind).keys() == vars(event).keys()
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(event, next((field.name for field in dataclasses.fields(kind)), "pid"), 8)

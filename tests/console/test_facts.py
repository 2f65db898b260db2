"""A profile as a person and as a program read it."""

from __future__ import annotations

import itertools
import json

import pytest
from amlemu import profile_file as profiles
from amlemu.console import facts

NAMES = ("aci", "aks", "bare", "image", "kubernetes", "local", "managed", "managed-2021", "managed-current")


def lines_of(name, **overrides):
    settings = {key.replace("__", "."): word for key, word in overrides.items()}
    return facts.as_text(profiles.load(name, settings)).splitlines()


def entry(lines, key):
    """Return a value's line and those about it."""
    start = next(number for number, line in enumerate(lines) if line.startswith(f"{key} = "))
    return [lines[start], *itertools.takewhile(lambda line: line.startswith("    "), lines[start + 1 :])]


def test_a_value_stands_with_its_source_and_its_bound():
    """Contract 1.5: 5000, at most 180000."""
    assert entry(lines_of("managed"), "request_timeout_ms") == [
        "request_timeout_ms = 5000",
        "    source: contract 1.5, 1.7 (YAML reference of managed deployments, 2023-10-19)",
        "    at most 180000: 180 s: contract 1.5, how-to-manage-quotas, 2026-01-27",
    ]


def test_a_note_is_shown():
    assert entry(lines_of("managed"), "response_bytes")[-1] == (
        "    note: limit of 2021, not in today's documentation; --profile managed-current has none"
    )


def test_a_value_that_was_set_says_so():
    assert entry(lines_of("managed", limits__request_bytes="8"), "request_bytes") == [
        "request_bytes = 8",
        "    source: --set",
    ]


@pytest.mark.parametrize(
    ("name", "key", "line"),
    [
        pytest.param("bare", "worker_crashed", 'worker_crashed = "close"', id="close"),
        pytest.param(
            "managed", "too_many_pending", 'too_many_pending = 429 Too Many Requests (text/plain) ""', id="no-body"
        ),
        pytest.param(
            "managed",
            "backend_timeout",
            'backend_timeout = 408 Request Timeout (text/plain) "upstream request timeout"',
            id="body",
        ),
        pytest.param(
            "managed",
            "not_ready",
            "not_ready = 424 Failed Dependency (text/plain; ms-azureml-model-error-statuscode: ;"
            ' -reason: model_not_ready) ""',
            id="model-headers",
        ),
        pytest.param("aci", "modes", 'modes = ["key"]', id="list"),
        pytest.param("bare", "keep_alive", "keep_alive = false", id="switch"),
    ],
)
def test_a_value_is_shown_as_its_kind(name, key, line):
    assert entry(lines_of(name), key)[0] == line


def test_the_last_line_counts_what_is_assumed():
    """What the contract does not know is searchable, and counted."""
    lines = lines_of("bare")
    sources = [line for line in lines if line.startswith("    source: ")]

    assert lines[0] == "bare: azmlinfsrv with nothing before it"
    assert (
        lines[-1]
        == f"{len(sources)} values, {sum('assumed' in line for line in sources)} of them assumed in whole or in part"
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_profile_can_be_shown_both_ways(name):
    """The same values, each with its source."""
    profile = profiles.load(name)
    text, data = facts.as_text(profile), json.loads(facts.as_json(profile))

    assert data["values"].keys() == profile.facts.keys()
    assert text.count("\n    source: ") == len(data["values"])
    assert all(value["source"] for value in data["values"].values())


def test_json_has_value_source_note_and_bounds():
    data = json.loads(facts.as_json(profiles.load("managed")))

    assert (data["name"], data["summary"][:31]) == ("managed", "a managed online endpoint of to")
    assert data["values"]["limits.request_timeout_ms"] == {
        "value": 5000,
        "source": "contract 1.5, 1.7 (YAML reference of managed deployments, 2023-10-19)",
        "note": "",
        "minimum": 1,
        "maximum": 180000,
        "bound_source": "180 s: contract 1.5, how-to-manage-quotas, 2026-01-27",
    }
    assert data["values"]["answers.backend_timeout"]["value"] == {
        "status": 408,
        "phrase": "Request Timeout",
        "body": "upstream request timeout",
        "content_type": "text/plain",
        "model_status": None,
        "model_reason": "",
        "server": "",
        "request_id": "",
    }
    assert json.loads(facts.as_json(profiles.load("bare")))["values"]["answers.worker_crashed"]["value"] == "close"

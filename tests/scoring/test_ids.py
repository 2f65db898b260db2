"""Request ids: the table of contract 4.9, every combination of it, and what must hold for any."""

from __future__ import annotations

import itertools
import uuid

import pytest
from amlemu.scoring import ids
from amlemu.scoring.answer import HeaderList

NAMES = ("x-request-id", "x-ms-request-id", "x-ms-client-request-id")
LONG_REQUEST = "x-request-id must not exceed 100 characters"
LONG_CLIENT = "x-ms-request-id and x-ms-client-request-id must not exceed 100 characters"
U = object()  # one fresh UUID


def read(*values, trace=None):
    warnings = []
    sent = dict(zip(NAMES, values, strict=True), TraceId=trace)
    return ids.read(sent.get, warnings.append), warnings


@pytest.mark.parametrize(
    ("sent", "got"),
    [
        pytest.param((None, None, None), (U, U, ""), id="none"),
        pytest.param(("A", None, None), ("A", "A", ""), id="A"),
        pytest.param((None, "B", None), (U, "B", "B"), id="B"),
        pytest.param((None, None, "C"), (U, "C", "C"), id="C"),
        pytest.param(("A", "B", None), ("A", "B", "B"), id="A-B"),
        pytest.param(("A", None, "C"), ("A", "C", "C"), id="A-C"),
        pytest.param((None, "B", "C"), (U, "B", "C"), id="B-C"),
        pytest.param(("A", "B", "C"), ("A", "B", "C"), id="A-B-C"),
        pytest.param(("", None, None), ("", "", ""), id="empty-request-id"),
        pytest.param((None, None, ""), (U, U, ""), id="empty-client-id"),
        pytest.param((None, "", None), (U, U, ""), id="empty-legacy-id"),
        pytest.param(("A" * 100, "B" * 100, "C" * 100), ("A" * 100, "B" * 100, "C" * 100), id="just-fits"),
    ],
)
def test_the_table_of_the_contract(sent, got):
    """x-request-id, x-ms-request-id, x-ms-client-request-id."""
    chosen, warnings = read(*sent)

    fresh = {value for value, wanted in zip(chosen, got, strict=False) if wanted is U}
    assert len(fresh) <= 1
    assert all(uuid.UUID(value).version == 4 for value in fresh)
    assert chosen[:3] == tuple(chosen.request if wanted is U else wanted for wanted in got)
    assert bool(warnings) == bool(sent[1])


@pytest.mark.parametrize(
    "sent",
    list(itertools.product([None, "", "x", "y" * 100, "z" * 101], repeat=3)),
    ids=lambda sent: "-".join("none" if s is None else str(len(s)) for s in sent),
)
def test_every_combination_keeps_the_rules(sent):
    """What was sent is echoed, too long is refused with what is known by then, nothing is invented but the first id."""
    request, legacy, client = sent
    too_long = [value is not None and len(value) > 100 for value in sent]
    if any(too_long):
        with pytest.raises(ids.TooLong) as caught:
            read(*sent, trace="t")
        assert str(caught.value) == (LONG_REQUEST if too_long[0] else LONG_CLIENT)
        known = caught.value.ids
        assert known.request == ("" if too_long[0] else known.request if request is None else request)
        assert (known.legacy, known.client, known.trace) == ("", "", "t")
        return
    chosen, _ = read(*sent)
    assert chosen.request == request if request is not None else uuid.UUID(chosen.request)
    assert chosen.legacy == (legacy or client or chosen.request)
    assert chosen.client == (client or legacy or "")


def test_the_old_name_is_warned_of():
    """Contract 4.9, literally."""
    assert read(None, "B", None)[1] == [
        "x-ms-request-id header has been deprecated and will be removed from future versions of the server."
        " Please use x-ms-client-request-id."
    ]


def test_fresh_ids_are_uuids_of_version_4():
    """Made by hand for speed, so looked at closely: version, variant, no repeats."""
    made = [uuid.UUID(read(None, None, None)[0].request) for _ in range(500)]

    assert {one.version for one in made} == {4}
    assert {one.variant for one in made} == {uuid.RFC_4122}
    assert len(set(made)) == 500


@pytest.mark.parametrize(
    ("chosen", "version", "headers"),
    [
        pytest.param(
            ids.RequestIds("A", "B", "C", "T"),
            "azmlinfsrv/1.5.1",
            [
                ("x-ms-server-version", "azmlinfsrv/1.5.1"),
                ("x-request-id", "A"),
                ("x-ms-request-id", "B"),
                ("x-ms-client-request-id", "C"),
                ("TraceId", "T"),
            ],
            id="all",
        ),
        pytest.param(ids.RequestIds("A", "A"), "", [("x-request-id", "A"), ("x-ms-request-id", "A")], id="no-version"),
        pytest.param(ids.RequestIds(), "v", [("x-ms-server-version", "v")], id="none"),
        pytest.param(ids.RequestIds(trace=""), "", [("TraceId", "")], id="empty-trace"),
    ],
)
def test_ids_are_written_in_the_servers_order(monkeypatch, chosen, version, headers):
    monkeypatch.setenv("HTTP_X_MS_SERVER_VERSION", version)
    written = HeaderList([])
    ids.write(chosen, written)

    assert list(written) == headers


def test_the_servers_ids_replace_the_scripts(monkeypatch):
    """A script's own x-request-id is overwritten (contract 4.7)."""
    monkeypatch.delenv("HTTP_X_MS_SERVER_VERSION", raising=False)
    written = HeaderList([("X-Request-Id", "mine"), ("B", "2")])
    ids.write(ids.RequestIds("A", "A"), written)

    assert list(written) == [("x-request-id", "A"), ("B", "2"), ("x-ms-request-id", "A")]

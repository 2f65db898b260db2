"""Collected rows in the place of the sample's own."""

from __future__ import annotations

import json

import pytest
from amlemu_harness.parity.cases.rows import wrapped

ROWS = [{"a": 1, "b": 2}, {"a": 3, "b": 4}]


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        pytest.param({"data": [{"a": 0, "b": 0}]}, {"data": ROWS}, id="records"),
        pytest.param({"data": [[0, 0]]}, {"data": [[1, 2], [3, 4]]}, id="lists"),
        pytest.param({"parcels": [{"a": 0}], "tariff": "x"}, {"parcels": ROWS, "tariff": "x"}, id="another-key"),
        pytest.param(
            {"Inputs": {"data": [{"a": 0}]}, "GlobalParameters": 1.0},
            {"Inputs": {"data": ROWS}, "GlobalParameters": 1.0},
            id="inputs",
        ),
        pytest.param(
            {"input_data": {"columns": ["x"], "index": [0], "data": [[0]]}},
            {"input_data": {"columns": ["a", "b"], "index": [0, 1], "data": [[1, 2], [3, 4]]}},
            id="split",
        ),
        pytest.param([{"a": 0}], ROWS, id="list"),
        pytest.param([[0]], [[1, 2], [3, 4]], id="list-of-lists"),
        pytest.param({"a": [1], "b": [2]}, {"data": ROWS}, id="two-lists"),
        pytest.param({"text": "x"}, {"data": ROWS}, id="no-list"),
        pytest.param("text", {"data": ROWS}, id="no-object"),
    ],
)
def test_rows_are_asked_as_clients_ask(sample, expected):
    assert wrapped(ROWS, json.dumps(sample).encode()) == expected


@pytest.mark.parametrize("sample", [None, b"\xff", b"1,2"])
def test_without_a_sample_they_are_data(sample):
    assert wrapped(ROWS, sample) == {"data": ROWS}

"""What of an answer is kept, and what counts as the same."""

from __future__ import annotations

import json
import uuid

import flask
import numpy as np
import pandas as pd
import pytest
from amlemu.testing.normal import differences, normal
from hypothesis import given
from hypothesis import strategies as st

ID = "0b9a77de-3f8e-4c43-9a3c-6f0c1d1f2a3b"
OTHER_ID = "7c1f2c9e-6b1a-4f7e-8a53-0d9be1a5d6f1"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
numbers = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False)


@given(json_values)
def test_an_answer_is_what_was_kept_of_it(value):
    """Whatever JSON may hold, to the last digit: writing and reading lose nothing that is compared."""
    kept = json.loads(json.dumps(normal(value)))

    assert list(differences(kept, normal(value), rel=0, abs_=0)) == []


@given(numbers, numbers, st.floats(0, 1), st.floats(0, 100))
def test_a_tolerance_goes_both_ways(one, other, rel, abs_):
    """It does not matter which of two numbers was kept."""
    assert [*differences(one, other, rel=rel, abs_=abs_)] == [] or [*differences(other, one, rel=rel, abs_=abs_)] != []
    assert [*differences(other, one, rel=rel, abs_=abs_)] == [] or [*differences(one, other, rel=rel, abs_=abs_)] != []


def test_ids_and_times_are_words():
    """So that each request may have its own; the rest of a text counts."""
    answer = {"id": ID, "said": f"model {OTHER_ID.upper()} at 2026-01-05T10:20:30.123456Z", "at": "2026-01-05 10:20"}

    assert normal(answer) == {"id": "<id 1>", "said": "model <id 2> at <time>", "at": "<time>"}


@pytest.mark.parametrize(
    "text", ["2026-01-05", "10:20:30", "1f0e", f"x{ID}", "4.0", "12026-01-05"], ids=lambda text: text[:12]
)
def test_what_is_neither_id_nor_time_stays(text):
    """A day is an answer of its own: a forecast's, say."""
    assert normal(text) == text


def test_a_log_like_time_is_a_time_as_a_whole():
    """Loggers put a comma before the milliseconds."""
    assert normal("2026-01-05 10:20:30,123 scored") == "<time> scored"


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        pytest.param(np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]], id="array"),
        pytest.param(np.array([0.5, np.nan]), [0.5, "<nan>"], id="array-with-nan"),
        pytest.param({"n": np.int64(3), "ok": np.bool_(True)}, {"n": 3, "ok": True}, id="scalars"),
        pytest.param(pd.Series([1.5, 2.5]), [1.5, 2.5], id="series"),
        pytest.param(pd.DataFrame({"a": [1, 2]}), {"a": {"0": 1, "1": 2}}, id="frame"),
        pytest.param((1, (2,)), [1, [2]], id="tuple"),
        pytest.param({1: "a"}, {"1": "a"}, id="number-as-key"),
        pytest.param(b'{"a": 1}', {"a": 1}, id="json-bytes"),
        pytest.param("é".encode(), "é", id="text-bytes"),
        pytest.param(
            b"\xff\x00",
            "<2 bytes, sha256 ea5dbf9596d187e9500f23e9a680109475341cf4e81f7e043f7d97152c10772f>",
            id="other-bytes",
        ),
        pytest.param(uuid.UUID(ID), "UUID('<id 1>')", id="uuid"),
        pytest.param({"d", "a", "c", "f", "b", "e"}, ["a", "b", "c", "d", "e", "f"], id="set-has-an-order"),
        pytest.param(complex(1, 2), "(1+2j)", id="anything"),
    ],
)
def test_what_a_script_returns_is_kept_as_json(value, plain):
    """`scoring_script.run` returns what run() returned, which need not be JSON."""
    assert normal(value) == plain


@pytest.mark.parametrize("value", [np.float64(0.5), np.str_("a")], ids=["float64", "str_"])
def test_what_is_kept_has_python_s_own_types(value):
    """numpy's own are subclasses of them, which other processes do not take."""
    assert type(normal(value)) in (float, str)


def test_a_response_of_the_script_itself_is_one():
    """run() may return flask's, or azureml's, which is one of them."""
    answer = flask.Response('{"y": 1}', 201, content_type="application/json")

    assert normal(answer) == {"status": 201, "headers": {"content-type": "application/json"}, "body": {"y": 1}}

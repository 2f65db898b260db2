"""Answers that were kept, and today's: what counts as the same, and what a difference reads like."""

from __future__ import annotations

import datetime as dt
import json
import stat
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pytest
from amlemu.testing import Snapshot
from amlemu.testing.normal import differences, normal
from amlemu.testing.snapshots import SnapshotFile
from hypothesis import given
from hypothesis import strategies as st

ID = "0b9a77de-3f8e-4c43-9a3c-6f0c1d1f2a3b"
OTHER_ID = "7c1f2c9e-6b1a-4f7e-8a53-0d9be1a5d6f1"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture
def file(tmp_path):
    return SnapshotFile(tmp_path / "test_x.py")


@pytest.fixture
def kept(file):
    """Keep an answer, and return what a comparison of another one says: nothing where it is the same."""

    def kept(before, now, **options):
        first = Snapshot(file, "test_one", updates=True)
        first(before, **options)
        file.write({"test_one": first.taken})
        try:
            Snapshot(file, "test_one", updates=False)(now, **options)
        except AssertionError as error:
            return str(error)
        return ""

    return kept


def places(text):
    """Return the lines of a failure that name a place."""
    return [line.strip() for line in text.splitlines() if line.startswith("  ")]


# ids and times


def test_equal_ids_have_the_same_word(kept):
    """A reference from one place of an answer to another is compared, though no id is."""
    assert normal([ID, OTHER_ID, ID.upper()]) == ["<id 1>", "<id 2>", "<id 1>"]
    assert kept({"id": ID, "of": ID}, {"id": OTHER_ID, "of": OTHER_ID}) == ""
    assert places(kept({"id": ID, "of": ID}, {"id": ID, "of": OTHER_ID})) == ['of: kept "<id 1>", now "<id 2>"']


def test_no_row_is_lost_because_its_name_is_a_time(kept):
    """A forecast has a row for each hour."""
    forecast = pd.DataFrame({"y": [1.0, 2.0]}, index=pd.date_range("2026-01-01", periods=2, freq="h"))
    other = forecast.assign(y=[7.0, 2.0])

    assert kept(forecast, other) != ""


def test_ids_in_places_that_do_not_count_are_not_counted(kept):
    """A trace has now one step, now two."""
    now = {"trace": [ID], "user": OTHER_ID}
    later = {"trace": [ID, "11111111-3f8e-4c43-9a3c-6f0c1d1f2a3b"], "user": OTHER_ID}

    assert kept(now, later, ignore=["trace"]) == ""


# numbers


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        pytest.param(0.1 + 0.2, 0.3, "", id="rounding"),
        pytest.param(1_000_000.0, 1_000_000.5, "", id="relative"),
        pytest.param(0.0, 1e-10, "", id="absolute"),
        pytest.param(1, 1.0, "", id="whole-or-not"),
        pytest.param(1.0, 1.001, "the value: kept 1.0, now 1.001", id="too-far"),
        pytest.param(1_000_000, 1_000_001, "the value: kept 1000000, now 1000001", id="whole-numbers-are-exact"),
        pytest.param(1, True, "the value: kept 1, now true", id="true-is-no-number"),
        pytest.param("1", 1, 'the value: kept "1", now 1', id="text-is-no-number"),
        pytest.param(None, 0, "the value: kept null, now 0", id="none-is-no-number"),
        pytest.param(float("nan"), float("nan"), "", id="nan"),
        pytest.param(float("nan"), 1.0, 'the value: kept "<nan>", now 1.0', id="nan-no-more"),
        pytest.param(float("inf"), float("-inf"), 'the value: kept "<inf>", now "<-inf>"', id="infinite"),
    ],
)
def test_numbers_may_differ_a_little(kept, before, now, told):
    assert places(kept(before, now)) == ([told] if told else [])


def test_a_test_may_allow_more_or_less(kept):
    assert kept({"score": 1.0}, {"score": 1.05}, rel=0.1) == ""
    assert kept({"score": 0.0}, {"score": 0.4}, abs=0.5) == ""
    assert places(kept([1.0], [1.0 + 1e-12], rel=0, abs=0)) == ["[0]: kept 1.0, now 1.000000000001"]


# shapes


def test_a_difference_names_its_place(kept):
    """All of them, what is missing first; nothing that is the same."""
    before = {"rows": [{"y": 1, "n": "a"}, {"y": 2, "n": "b"}], "gone": 1, "same": 0}
    now = {"rows": [{"y": 1, "n": "x"}], "new": None, "same": 0}

    assert places(kept(before, now)) == [
        "gone: kept 1, now (missing)",
        "new: kept (missing), now null",
        "length of rows: kept 2, now 1",
        'rows[0].n: kept "a", now "x"',
    ]


def test_a_failure_names_test_answer_and_what_to_do(file):
    """A test may keep several answers, in the order of its calls."""
    first = Snapshot(file, "TestBoth::test_two[a]", updates=True)
    first(1)
    first([2])
    file.write({"TestBoth::test_two[a]": first.taken})
    again = Snapshot(file, "TestBoth::test_two[a]", updates=False)
    again(1)
    with pytest.raises(AssertionError) as caught:
        again([])

    assert str(caught.value) == (
        "this is not the answer that was kept (test_x.snapshots.json, 'TestBoth::test_two[a]', answer 2):\n"
        "  length of the list: kept 1, now 0\n"
        "If it is right now: pytest --amlemu-update keeps it."
    )


def test_of_many_differences_the_first_are_told(kept):
    text = kept(list(range(100)), list(range(1, 101)))

    assert places(text)[0] == "[0]: kept 0, now 1"
    assert places(text)[9:] == ["[9]: kept 9, now 10", "... and 90 places more"]


# places that do not count


def test_places_can_be_left_out(kept):
    """As a failure names them; `[*]` is any row."""
    before = {"took_ms": 3, "rows": [{"id": 1, "y": 5}, {"id": 2, "y": 6}]}
    now = {"took_ms": [4], "rows": [{"id": 8, "y": 5}, {"id": 9, "y": 6}]}

    assert kept(before, now, ignore=["took_ms", "rows[*].id"]) == ""
    assert places(kept(before, now, ignore=["took_ms", "rows[0].id"])) == ["rows[1].id: kept 2, now 9"]
    assert kept([{"a": 1}, {"a": 2}], [{"a": 3}, {"a": 4}], ignore=["[*].a"]) == ""


def test_a_place_that_is_left_out_is_no_pattern(kept):
    """Dots and stars of a name are what they are."""
    assert places(kept({"axb": 1}, {"axb": 2}, ignore=["a.b", "a*", ".*"])) == ["axb: kept 1, now 2"]


def test_a_place_that_is_left_out_may_be_missing(kept):
    """A warning comes now and then."""
    assert kept({"y": 1, "warning": "old"}, {"y": 1}, ignore=["warning"]) == ""


@given(json_values, json_values, json_values)
def test_whatever_stands_at_a_place_that_is_left_out_is_the_same(same, before, now):
    snapshot = Snapshot(SnapshotFile(Path("there/is/none.py")), "", updates=True)
    ignore = ["rows[*].id", "took"]
    snapshot({"rows": [{"id": before}], "took": now, "y": same}, ignore=ignore)
    snapshot({"rows": [{"id": now}], "took": before, "y": same}, ignore=ignore)

    first, second = snapshot.taken
    assert list(differences(first, second, rel=0, abs_=0)) == []


# values that are no JSON


def test_a_moment_is_a_time(kept):
    """Whatever class it has."""
    now = dt.datetime(2026, 1, 5, 10, 20, 30, 500, tzinfo=dt.timezone.utc)

    assert kept({"at": now}, {"at": now + dt.timedelta(seconds=1.5)}) == ""


# responses


def test_of_a_response_status_body_and_kind_count(kept):
    """Dates, ids and other headers do not; JSON is compared as a value."""
    headers = {"content-type": "application/json", "date": "Mon, 05 Jan 2026 10:00:00 GMT", "x-ms-request-id": ID}
    before = httpx.Response(200, headers=headers, content=b'{"y": [1.0, NaN]}')

    assert normal(before) == {
        "status": 200,
        "headers": {"content-type": "application/json"},
        "body": {"y": [1.0, "<nan>"]},
    }
    assert (
        kept(before, httpx.Response(200, headers={"Content-Type": "application/json"}, content=b'{"y":[1,NaN]}')) == ""
    )
    assert places(kept(before, httpx.Response(424, headers={"content-type": "text/plain"}, content=b"no"))) == [
        "status: kept 200, now 424",
        'headers.content-type: kept "application/json", now "text/plain"',
        'body: kept {"y": [1.0, "<nan>"]}, now "no"',
    ]


# the file


def test_the_file_is_readable(file, tmp_path):
    """Sorted, indented, in its own letters; beside the tests."""
    file.write({"test_b": [{"name": "Jürgen", "y": [1]}], "test_a": ["x"]})

    assert (tmp_path / "test_x.snapshots.json").read_text(encoding="utf-8") == (
        '{\n  "test_a": [\n    "x"\n  ],\n'
        '  "test_b": [\n    {\n      "name": "Jürgen",\n      "y": [\n        1\n      ]\n    }\n  ]\n}\n'
    )
    assert [path.name for path in tmp_path.iterdir()] == ["test_x.snapshots.json"]


def test_other_tests_answers_stay(file):
    """A test without answers goes, and the file with the last of them."""
    file.write({"test_a": [1], "test_b": [2]})
    file.write({"test_b": [3]})

    assert file.read() == {"test_a": [1], "test_b": [3]}

    file.write({"test_a": []})
    assert file.read() == {"test_b": [3]}

    file.write({"test_b": []})
    assert not file.path.exists()


def test_half_a_character_can_be_kept(file):
    """JSON may hold one, and a model of language answers it."""
    file.write({"test_a": [json.loads('"\\ud83d"')]})

    assert file.read() == {"test_a": ["\ud83d"]}


def test_nothing_kept_says_how_to_keep(file):
    """With what would be kept."""
    with pytest.raises(AssertionError) as caught:
        Snapshot(file, "test_one", updates=False)({"y": np.array([1])})

    assert str(caught.value) == (
        "nothing is kept for this answer (test_x.snapshots.json, 'test_one', answer 1).\n"
        'pytest --amlemu-update keeps it: {"y": [1]}'
    )
    assert not file.path.exists()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param(b'{"test_one": [', "Expecting value: line 1 column 15 (char 14)", id="cut"),
        pytest.param(b'<<<<<<< HEAD\n{"test_one": [1]}', "Expecting value: line 1 column 1 (char 0)", id="merge"),
        pytest.param(b"[1]", "it is no object of lists", id="list"),
        pytest.param(b'{"test_one": 1}', "it is no object of lists", id="no-lists"),
        pytest.param(b"\xff", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte", id="no-text"),
    ],
)
def test_a_broken_file_is_named(file, content, why):
    file.path.write_bytes(content)
    with pytest.raises(AssertionError) as caught:
        Snapshot(file, "test_one", updates=False)(1)

    assert str(caught.value) == (
        f"{file.path} cannot be read: {why}. Mend it, or delete it and keep anew with pytest --amlemu-update."
    )


def test_ids_and_times_may_count(kept):
    """An answer that is about moments has to be held at them."""
    assert kept({"at": "2026-01-05T10:00"}, {"at": "2026-01-06T10:00"}) == ""
    assert places(kept({"at": "2026-01-05T10:00"}, {"at": "2026-01-06T10:00"}, exact=True)) == [
        'at: kept "2026-01-05T10:00", now "2026-01-06T10:00"'
    ]


def test_one_place_may_be_given_alone(kept):
    """As a text, which is a sequence, too."""
    assert kept({"took": 1, "t": 1}, {"took": 2, "t": 1}, ignore="took") == ""
    assert kept({"took": 1, "t": 1}, {"took": 1, "t": 2}, ignore="took") != ""


def test_others_may_read_the_file(file):
    """It belongs to the repository."""
    file.write({"test_one": [1]})

    assert stat.S_IMODE(file.path.stat().st_mode) == 0o644


def test_of_long_texts_the_place_is_told(kept):
    """And not two pages that look alike."""
    before, now = "x" * 2000 + "a" + "y" * 2000, "x" * 2000 + "b" + "y" * 2000

    [told] = places(kept({"page": before}, {"page": now}))

    assert told == f'page: from character 2001 kept ..."{"x" * 60}a{"y" * 59}"..., now ..."{"x" * 60}b{"y" * 59}"...'

"""A finding is a value: where, why, and how bad."""

from __future__ import annotations

from pathlib import Path

import pytest
from amlemu.finding import Finding, Place, shown, worst_first


def test_findings_come_worst_first_each_once():
    """Those of one severity stay in the order in which they were found."""
    note, slip, first, second = (
        Finding("information", "d", "d"),
        Finding("warning", "c", "c"),
        Finding("error", "b", "b", Place(Path("x"), 9)),
        Finding("error", "a", "a", Place(Path("x"), 1)),
    )

    assert worst_first([note, slip, first, second, Finding("warning", "c", "c")]) == [first, second, slip, note]


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (Place(Path("deployment.yml"), 3), "{here}/deployment.yml:3"),
        (Place(Path("deployment.yml")), "{here}/deployment.yml"),
    ],
)
def test_a_place_is_shown_as_it_is_found_from_here(tmp_path, monkeypatch, place, text):
    """Relative where that is shorter."""
    absolute = Place(tmp_path / place.file, place.line)
    monkeypatch.chdir("/")
    assert shown(absolute) == text.format(here=tmp_path).lstrip("/")

    monkeypatch.chdir(tmp_path)
    assert shown(absolute) == text.format(here="").lstrip("/")
    assert shown(str(absolute.file)) == "deployment.yml"


def test_a_place_far_away_stays_absolute(tmp_path, monkeypatch):
    deep = tmp_path / "a" / "b" / "c" / "d"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)

    assert shown(Place(Path("/etc/x.yml"), 1)) == "/etc/x.yml:1"

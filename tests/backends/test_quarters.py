"""Quarters are found by the entry-point group, and told of in words where nobody brings them."""

from __future__ import annotations

import importlib.metadata

import pytest
from amlemu.backends import quarters
from amlemu.errors import UsageError


def brings(monkeypatch: pytest.MonkeyPatch, *points: importlib.metadata.EntryPoint) -> None:
    """Have these entry points and no others."""
    found = importlib.metadata.EntryPoints(points)
    monkeypatch.setattr(importlib.metadata, "entry_points", found.select)


def test_who_brings_quarters_is_found_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    brings(monkeypatch, importlib.metadata.EntryPoint("container", "json:dumps", "amlemu.backends"))

    assert quarters.find("container").__name__ == "dumps"


def test_where_nobody_brings_them_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another group's entry of the same name is not meant."""
    brings(monkeypatch, importlib.metadata.EntryPoint("container", "json:dumps", "amlemu.commands"))

    with pytest.raises(UsageError, match="--container: no package that is installed brings this"):
        quarters.find("container")


def test_what_cannot_be_loaded_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package is there, and something that it needs is not."""
    brings(monkeypatch, importlib.metadata.EntryPoint("container", "nothing_such:prepare", "amlemu.backends"))

    with pytest.raises(UsageError) as caught:
        quarters.find("container")

    told = "--container (nothing_such:prepare): it cannot be loaded: No module named 'nothing_such'."
    assert str(caught.value).startswith(told)


def test_without_a_debugger_there_is_no_address() -> None:
    assert quarters.nowhere() == ""

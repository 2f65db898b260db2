"""How far a run is."""

from __future__ import annotations

import pytest
from amlemu_harness.parity import headway
from amlemu_harness.parity.headway import Headway


def test_a_terminal_has_one_line_that_stays_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is gone when the report comes."""
    monkeypatch.setattr(headway, "_AT_A_TERMINAL_S", 0.0)
    written: list[str] = []
    told = Headway(written.append, 12, is_terminal=True)

    told.starts("azmlinfsrv")
    told.asked("azmlinfsrv", 3)
    told.starts("amlemu")
    told.clear()

    assert written == [
        "\r\x1b[2Kazmlinfsrv starts",
        "\r\x1b[2Kazmlinfsrv 3/12",
        "\r\x1b[2Kazmlinfsrv 3/12, amlemu starts",
        "\r\x1b[2K",
    ]


def test_a_log_has_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of a run that is soon over, and nothing is erased."""
    written: list[str] = []
    told = Headway(written.append, 12, is_terminal=False)
    told.asked("azmlinfsrv", 3)
    told.clear()
    assert written == []

    monkeypatch.setattr(headway, "_ELSEWHERE_S", 0.0)
    told.asked("azmlinfsrv", 4)
    told.clear()
    assert written == ["azmlinfsrv 4/12\n"]

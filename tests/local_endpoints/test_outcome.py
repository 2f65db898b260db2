"""What the last line of a story says."""

from __future__ import annotations

from amlemu.local_endpoints.outcome import failed, succeeded


def test_one_that_went_well_has_a_sentence() -> None:
    assert succeeded("endpoint iris is created") == {"ok": True, "text": "endpoint iris is created"}


def test_one_that_failed_says_whose_fault_it_is() -> None:
    """The command's, where nothing was changed; else there may be a cause with the cloud's words."""
    assert failed("no such file", is_usage=True) == {
        "ok": False,
        "text": "no such file",
        "is_usage": True,
        "cause": None,
    }
    assert failed("it failed", cause={"step": "Probes"})["cause"] == {"step": "Probes"}

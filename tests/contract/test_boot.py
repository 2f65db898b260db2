"""Every start of the table as a command: its exit code and what it says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .case import Boot
from .compare import log_differences, log_report
from .starts import Outcome
from .targets import Target


def test_boot(target: Target, boot: Boot, outcome: Callable[[Target, Boot], Outcome]) -> None:
    """The command ends with the exit code of the contract and says its sentences."""
    result = outcome(target, boot)

    found = log_differences(boot, result.out, result.err)
    if result.exit_code != boot.exit_code:
        found.insert(0, f"ended with {result.exit_code}, expected {boot.exit_code}")
    if found:
        pytest.fail(log_report(found, result.out, result.err), pytrace=False)

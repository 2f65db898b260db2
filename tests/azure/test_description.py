"""A description as a value: what of its findings leaves nothing to serve."""

from __future__ import annotations

from pathlib import Path

import pytest
from amlemu.azure.description import HINDERING, Description
from amlemu.finding import Finding


def said(*findings, script=Path("/p/score.py")):
    return Description(Path("/p/deployment.yml"), "v2", "managed", "managed", script=script, findings=findings)


@pytest.mark.parametrize(
    ("severity", "rule", "script", "hinders"),
    [
        ("error", "script-missing", None, True),
        ("error", "model-missing", Path("/p/score.py"), True),
        ("error", "v1-configuration", Path("/p/score.py"), True),
        ("error", "out-of-bounds", Path("/p/score.py"), False),
        ("error", "template-unfilled", Path("/p/score.py"), False),
        ("error", "template-unfilled", None, True),
        ("warning", "script-missing", None, False),
    ],
)
def test_what_hinders_is_what_leaves_nothing_to_serve(severity, rule, script, hinders):
    """Others fail in Azure only; a placeholder hinders where it stands for the script."""
    finding = Finding(severity, rule, "cause")

    assert said(finding, script=script).hindrances == ((finding,) if hinders else ())


def test_a_description_says_nothing_of_its_own():
    found = said()

    assert (found.models, found.environment, found.variables, found.settings, found.traffic) == ((), None, {}, {}, {})
    assert (found.port, found.auth_mode, found.hindrances) == (None, "", ())


def test_rules_that_hinder_are_spelled_as_findings_are():
    assert all(rule == rule.lower() and " " not in rule and "_" not in rule for rule in HINDERING)

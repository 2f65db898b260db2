"""The list of checks, and what becomes of their findings."""

from __future__ import annotations

from pathlib import Path

from amlemu.doctor import examine

FOLDER = Path(examine.__file__).parent


def test_every_check_is_in_the_list():
    """A check that is written and not listed would look at nothing."""
    written = {
        line.partition("(")[0].removeprefix("def ")
        for path in FOLDER.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith("def check_")
    }

    assert {check.__name__ for check in examine.CHECKS} == written


def test_the_worst_comes_first_and_each_once(subject_of):
    """An async run() fails each call, a lost log line is a warning; both are there."""
    findings = examine.examine(
        subject_of("import logging\ndef init(): ...\nasync def run(data):\n    logging.info('x')\n    return 1\n")
    )

    severities = [finding.severity for finding in findings]
    assert severities == sorted(severities, key=["error", "warning", "information"].index)
    assert len(findings) == len(set(findings))
    assert findings[0].rule == "async-run"

"""The doctor's report: first line first, machine apart, the same for programs."""

from __future__ import annotations

import io
import json
from pathlib import Path

from amlemu.console import Paint
from amlemu.console.findings import as_json, as_text
from amlemu.finding import CANNOT_START, Finding, Place

HERE = Path.cwd()
ERROR = Finding("error", "no-run", "the script has no run()", Place(HERE / "score.py", 7), CANNOT_START, "Write one.")
WARNING = Finding("warning", "tuple", "run() returns a tuple", Place(HERE / "score.py"))
OF_MACHINE = Finding("information", "no-docker", "no engine", None, None, "Start one.")
PLAIN = Paint(io.StringIO())


def test_the_first_line_has_severity_place_and_cause():
    text = as_text([ERROR, WARNING, OF_MACHINE], [HERE / "deployment.yml"], PLAIN)

    assert text.splitlines() == [
        "error: score.py:7: the script has no run()  [no-run]",
        "  cloud  ResourceNotReady (ERR_2200 in 2021)",
        "  fix    Write one.",
        "warning: score.py: run() returns a tuple  [tuple]",
        "1 error and 1 warning in deployment.yml",
        "for your information:",
        "  no engine. Start one.",
    ]


def test_a_good_deployment_is_told_so_first():
    assert as_text([OF_MACHINE], [HERE / "a.yml", HERE / "score.py"], PLAIN).splitlines() == [
        "nothing wrong with a.yml, score.py",
        "for your information:",
        "  no engine. Start one.",
    ]


def test_a_program_gets_findings_and_machine_apart():
    told = json.loads(as_json([ERROR, OF_MACHINE], [HERE / "a.yml"], 1))

    assert told["findings"] == [
        {
            "severity": "error",
            "rule": "no-run",
            "file": str(HERE / "score.py"),
            "line": 7,
            "cause": "the script has no run()",
            "cloud": {
                "today": "ResourceNotReady",
                "in_2021": "ERR_2200",
                "source": "contract 6.1, 6.4: the container crashed at start",
            },
            "fix": "Write one.",
        }
    ]
    assert [one["rule"] for one in told["information"]] == ["no-docker"]
    assert (told["counts"], told["exit_code"], told["files"]) == ({"error": 1, "warning": 0}, 1, [str(HERE / "a.yml")])


def test_a_long_fix_is_folded():
    text = as_text([Finding("error", "x", "cause", fix="word " * 40)], [], PLAIN)

    assert max(map(len, text.splitlines())) <= 118

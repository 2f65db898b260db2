"""
The report of a run as JUnit XML, the dialect that GitLab, Azure Pipelines, Jenkins and GitHub's actions all read.

There is no standard: one suite below `testsuites`, counts on both, one `failure`, `error` or `skipped` below a case, its text in it.
Source: assumed, from what these products' own documentation shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from amlemu_harness.parity.case import Case
from amlemu_harness.parity.record import Record
from amlemu_harness.parity.report.blocks import Look
from amlemu_harness.parity.report.summary import facts_of, groups, headline, listed, name_of, values_of
from amlemu_harness.parity.report.text import case_lines
from amlemu_harness.parity.report.visible import head, visible
from amlemu_harness.parity.verdict import Result, Verdict

_LOOK = Look(width=160, colours=False)
_CLASS = "amlemu.parity"
_MESSAGE = 300  # characters


def as_junit(result: Result, cases: Sequence[Case], theirs: Record, ours: Record) -> str:
    """Return one document: a test case for each verdict, and one for each trouble and each exemption that is not needed."""
    tests = [_tested(verdict, cases, theirs, ours) for verdict in result.verdicts]
    tests += [_failed("exemption no longer needed", line, "failure") for line in result.unneeded]
    tests += [_failed("trouble", line, "error") for line in result.troubles]
    counts = {
        "tests": str(len(tests)),
        "failures": _count(tests, "failure"),
        "errors": _count(tests, "error"),
        "skipped": _count(tests, "skipped"),
        "time": "0",
    }
    root = ET.Element("testsuites", {"name": "amlemu parity", **counts})
    names = f"{name_of('ours', result)} against {name_of('theirs', result)}"
    suite = ET.SubElement(root, "testsuite", {"name": f"amlemu parity: {names}", **counts})
    suite.extend(tests)
    ET.SubElement(suite, "system-out").text = _about(result)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _count(tests: Sequence[ET.Element], kind: str) -> str:
    return str(sum(test.find(kind) is not None for test in tests))


def _about(result: Result) -> str:
    lines = [headline(result), f"theirs: {facts_of('theirs', result)}", f"ours: {facts_of('ours', result)}"]
    return "\n".join([*lines, *(visible(line) for line in (*result.remarks, *result.stale))])


def _case(name: str, source: str = "") -> ET.Element:
    where = {"file": visible(source)} if source else {}
    return ET.Element("testcase", {"classname": _CLASS, "name": visible(name), "time": "0", **where})


def _failed(name: str, line: str, kind: str) -> ET.Element:
    test = _case(f"{name}: {head(line, _MESSAGE)}")
    ET.SubElement(test, kind, {"message": head(line, _MESSAGE), "type": name}).text = visible(line)
    return test


def _tested(verdict: Verdict, cases: Sequence[Case], theirs: Record, ours: Record) -> ET.Element:
    test = _case(verdict.case, verdict.source)
    if verdict.kind == "different":
        told = ET.SubElement(test, "failure", {"message": _difference(verdict), "type": "different"})
        told.text = "\n".join(["", *case_lines(verdict, cases, theirs, ours, _LOOK), ""])
    elif verdict.kind == "unsteady":
        ET.SubElement(test, "error", {"message": head(verdict.why, _MESSAGE), "type": "unsteady"}).text = visible(
            verdict.why
        )
    elif verdict.kind == "unasked":
        ET.SubElement(test, "skipped", {"message": f"not asked: {head(verdict.why, _MESSAGE)}"})
    elif verdict.kind == "exempt":
        ET.SubElement(test, "skipped", {"message": f"exempt: {_reasons(verdict)}"})
    return test


def _difference(verdict: Verdict) -> str:
    found = groups([verdict])
    if not found:
        return "different"
    one = found[0].difference
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    theirs, ours = values_of(one)
    return f"{head(one.path, 100)}: {head(theirs, 100)} there, {head(ours, 100)} here{more}"


def _reasons(verdict: Verdict) -> str:
    reasons = list(dict.fromkeys(one.reason for one in verdict.differences if one.reason))
    return head(listed(reasons), _MESSAGE)

"""The report as JUnit XML."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from amlemu_harness.parity.record import Record
from amlemu_harness.parity.report.junit import as_junit
from amlemu_harness.parity.verdict import Difference, Verdict

from ..told import HOSTILE, OURS, THEIRS, answer, case, different, hostile, record, result


def parse(*told):
    return ET.fromstring(as_junit(*told).encode())


def test_a_test_case_for_each_verdict():
    told = result(
        Verdict("fine", "same"),
        different("bad", Difference("body", "1", "2", 1), Difference("status", "200 OK", "500", 6)),
        Verdict("known", "exempt", (Difference("body", "1", "2", 1, "a proxy, 2026-11-01"),)),
        Verdict("odd", "unsteady", why="200, then 500"),
        Verdict("late", "unasked", why="it died"),
        unneeded=("parity.toml:3: body of z",),
        troubles=("it died",),
        stale=("it is old",),
    )
    root = parse(told, [case("bad")], record(bad=answer(b"1")), record(OURS, bad=answer(b"2")))
    counts = {"tests": "7", "failures": "2", "errors": "2", "skipped": "2"}
    found = {test.get("name"): [(child.tag, child.get("message")) for child in test] for test in root.iter("testcase")}

    assert root.tag == "testsuites"
    assert counts.items() <= root.attrib.items()
    assert counts.items() <= root[0].attrib.items()
    assert root[0].get("name") == "amlemu parity: amlemu, profile bare against azmlinfsrv 1.5.1"
    assert found == {
        "fine": [],
        "bad": [("failure", "body: 1 there, 2 here (and 1 more)")],
        "known": [("skipped", "exempt: a proxy, 2026-11-01")],
        "odd": [("error", "200, then 500")],
        "late": [("skipped", "not asked: it died")],
        "exemption no longer needed: parity.toml:3: body of z": [("failure", "parity.toml:3: body of z")],
        "trouble: it died": [("error", "it died")],
    }
    assert root.findtext(".//system-out").splitlines()[-1] == "it is old"


def test_a_failure_has_the_answers_and_the_request():
    told = result(different("bad", Difference("body", "1", "2", 1)))
    root = parse(told, [case("bad")], record(bad=answer(b"1")), record(OURS, bad=answer(b"2")))
    test = root.find(".//testcase")

    assert test.get("file") == "cases/bad.json"
    assert "- HTTP" not in test[0].text
    assert "    HTTP/1.1 200 OK" in test[0].text
    assert "curl -i http://localhost:5001/score" in test[0].text


def test_it_is_xml_whatever_came():
    """No control character, no end of a section, no tag of a stranger."""
    text = as_junit(*hostile())
    root = ET.fromstring(text.encode())

    assert {element.tag for element in root.iter()} == {
        "testsuites",
        "testsuite",
        "testcase",
        "failure",
        "error",
        "skipped",
        "system-out",
    }
    assert "<script" not in text
    assert any(HOSTILE.partition("\x1b")[0] in (test.get("name") or "") for test in root.iter("testcase"))


def test_nothing_compared():
    root = parse(result(), [], Record(THEIRS, ()), Record(OURS, ()))

    assert root.get("tests") == "0"
    assert root.find(".//system-out").text.startswith("no case was compared")

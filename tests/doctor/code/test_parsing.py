"""Whether the script is Python, and of the version that is asked for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from amlemu.azure.requirements import Requirements
from amlemu.doctor.code.parsing import check_parses
from amlemu.finding import Place


def asking_for(python):
    return Requirements(Place(Path("conda.yml")), python=python)


@pytest.mark.parametrize(
    ("script", "rule", "line"),
    [
        pytest.param("def run(data:\n    return 1\n", "syntax-error", 1, id="open-bracket"),
        pytest.param("x = 1\nprint 'ready'\n", "syntax-error", 2, id="python-2-print"),
        pytest.param("def init():\n    x = 1\n  y = 2\n", "indentation-error", 3, id="indentation"),
        pytest.param("if x:\n        a = 1\n\tb = 2\n", "indentation-error", 3, id="tabs-and-spaces"),
        pytest.param("return 1\n", "syntax-error", 1, id="return-outside-a-function"),
        pytest.param("def init():\n    model = 1\n    global model\n", "syntax-error", 3, id="global-after-its-use"),
        pytest.param(b"x = 1\ny = '\0'\n", "script-null-bytes", 2, id="null-byte"),
        pytest.param("def init(): ...".encode("utf-16"), "script-null-bytes", 1, id="utf-16"),
        pytest.param(b"# ok\nname = 'Jos\xe9'\n", "script-not-utf8", 2, id="latin-1"),
        pytest.param(b"# -*- coding: nonsense -*-\n", "script-not-utf8", 1, id="unknown-encoding"),
    ],
)
def test_what_python_cannot_read_is_told_with_its_line(told, script, rule, line):
    assert told(check_parses, script) == [(rule, line)]


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(b"# -*- coding: latin-1 -*-\nname = 'Jos\xe9'\n", id="declared-latin-1"),
        pytest.param("\ufeffdef init(): ...\n".encode(), id="byte-order-mark"),
        pytest.param('x = "\\d"\n', id="invalid-escape"),
        pytest.param("", id="empty"),
    ],
)
def test_what_python_reads_is_fine(told, script):
    assert told(check_parses, script) == []


def test_the_cause_stands_in_python_s_words(subject_of):
    [finding] = check_parses(subject_of("def run(data)\n    return data\n"))

    assert finding.cause == "score.py does not parse: SyntaxError in line 1, expected ':'"
    assert (finding.cloud.today, finding.cloud.in_2021) == ("ResourceNotReady, UserScriptImportError", "ERR_2200")


def test_a_sibling_is_looked_at_too(told):
    assert told(check_parses, "import words", {"words": "def f(:\n"}) == [("syntax-error", 1)]


@pytest.mark.parametrize(
    ("python", "rules"),
    [
        pytest.param("==3.7.*", [("syntax-too-new", 2)], id="pinned-before"),
        pytest.param(">=3.6,<3.8", [("syntax-too-new", 2)], id="below"),
        pytest.param("==3.8.*", [], id="pinned-at-it"),
        pytest.param(">=3.6", [], id="open-above"),
        pytest.param(None, [], id="not-said"),
    ],
)
def test_syntax_newer_than_the_python_that_is_asked_for_is_told(told, python, rules):
    assert told(check_parses, "def init(): ...\nif (n := 10) > 5: pass\n", requirements=asking_for(python)) == rules


def test_a_newer_python_than_this_one_is_not_judged(subject_of):
    """What does not parse here may parse there."""
    script = "def run(data) -> new syntax: ...\n"

    [finding] = check_parses(subject_of(script, requirements=asking_for(f"==3.{sys.version_info[1] + 1}.*")))

    assert (finding.severity, finding.rule, finding.cloud) == ("information", "syntax-newer-than-here", None)


def test_a_script_that_the_parser_gives_up_on_is_no_fault(subject_of):
    [finding] = check_parses(subject_of("x = " + "+".join(["1"] * 20000) + "\n"))

    assert (finding.severity, finding.rule) == ("information", "script-too-deep")

"""`amlemu parity` as a person runs it: what it prints, what it writes, with which code it ends, and that nothing is left of it."""

from __future__ import annotations

import re
import signal
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest

from .compared import (
    ECHO,
    PATIENCE_S,
    QUICK,
    Start,
    cases,
    ended,
    environment,
    kinds,
    parity,
    places,
    python,
    told,
    until_gone,
)

Write = Callable[[str, str], Path]

VARIES = """
import os, random, time, uuid

def init():
    pass

def run(data):
    return {"time": time.time(), "random": random.random(), "pid": os.getpid(), "id": str(uuid.uuid4()), "steady": 1}
"""
PLANTED = """
import os, sys, time
import flask

IS_OURS = "amlemu" in sys.modules


def init():
    pass


def one(theirs, ours):
    return ours if IS_OURS else theirs


def answer(body="as ever", headers=(), **more):
    response = flask.Response(body, **more)
    for name, value in headers:
        response.headers.add(name, value)
    return response


def pieces(pause_s=0.0, sizes=(3, 3)):
    for at, size in enumerate(sizes):
        time.sleep(pause_s if at else 0)
        yield "x" * size


def cut():
    yield "one"
    if IS_OURS:
        os._exit(1)
    yield "two"


A, B = ("X-A", "1"), ("X-B", "2")
PLANTED = {
    "same": lambda: answer(),
    "status": lambda: answer(status=one(200, 201)),
    "phrase": lambda: answer(status=one("200 OK", "200 Very Well")),
    "header missing": lambda: answer(headers=one([A], [])),
    "header added": lambda: answer(headers=one([], [A])),
    "header value": lambda: answer(headers=[("X-A", one("1", "2"))]),
    "header order": lambda: answer(headers=one([A, B], [B, A])),
    "bytes": lambda: answer(one(b"\\xff\\x00", b"\\xff\\x01")),
    "text": lambda: answer(one("one\\ntwo\\n", "one\\ntoo\\n")),
    "json": lambda: {"predictions": [1, one(2, 3)], "model": "a"},
    "near": lambda: [one(1.0, 1.0000001)],
    "far": lambda: [one(1.0, 1.1)],
    "pieces": lambda: answer(pieces(sizes=one((3, 3), (4, 2)))),
    "arrival": lambda: answer(pieces(one(0.3, 0.0)), one([A], [])),
    "cut": lambda: answer(cut()),
    "no answer": lambda: os._exit(1) if IS_OURS else "x",
}


def run(data):
    return PLANTED[data]()
"""
FOUND = {
    "status": [("status", "HTTP/1.1 200 OK", "HTTP/1.1 201 CREATED")],
    "phrase": [("status", "HTTP/1.1 200 OK", "HTTP/1.1 200 Very Well")],
    "header missing": [("headers", "X-A", "(none)")],
    "header added": [("headers", "(none)", "X-A")],
    "header value": [("headers.X-A", "1", "2")],
    "header order": [("headers", "X-A, X-B", "X-B, X-A")],
    "bytes": [("body", "byte 1 of 2: ff 00", "byte 1 of 2: ff 01")],
    "text": [("body", "line 2: two\n", "line 2: too\n")],
    "json": [("body.predictions[1]", "2", "3")],
    "far": [("body[0]", "1.0", "1.1")],
    "pieces": [("pieces", "3 + 3 bytes", "4 + 2 bytes")],
    "arrival": [("arrival", "pieces 1 | 2 end", "pieces 1 2 end"), ("headers", "X-A", "(none)")],
    "cut": [("body", "onetwo", "one"), ("pieces", "3 + 3 bytes", "3 bytes"), ("complete", "to its end", "cut off")],
    "no answer": [("status", "HTTP/1.1 200 OK", "(closed without an answer)")],
}


def test_a_script_that_behaves_is_the_same_in_all_cases(write: Write, start: Start, tmp_path: Path) -> None:
    """A sample request and all that is made for any script; what varies by itself is passed by, and named."""
    write("score.py", VARIES)
    write("sample-request.json", '{"data": [1, 2]}')

    done = parity(start, "score.py", python(), "--junit=parity.xml", "--html=parity.html")

    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    found = re.fullmatch(r"all (\d+) cases the same: amlemu, profile bare = azmlinfsrv 1\.5\.1", lines[0])
    assert found, done.out
    assert int(found[1]) > 60
    assert [line for line in lines if line.startswith("varies by itself: ")], done.out
    assert all(f"body.{name} (" in done.out for name in ("time", "random", "pid"))
    assert "body.steady" not in done.out
    suite = ET.parse(tmp_path / "parity.xml").getroot()  # ours
    names = {one.get("name") for one in suite.iter("testcase")}
    assert {"sample-request.json", "good", "GET", "1.6 MB", "after a crash", "surroundings", "packages"} <= names
    assert (len(names), [*suite.iter("failure"), *suite.iter("error")]) == (int(found[1]), [])
    assert (tmp_path / "parity.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_each_kind_of_planted_difference_is_found(write: Write, start: Start, tmp_path: Path) -> None:
    """By its path; a number inside the tolerance, and what is the same, are not."""
    write("score.py", PLANTED)
    cases(tmp_path, "same", "near", *FOUND)

    done = parity(start, "score.py", python(), *QUICK, "--cases=cases", "--tolerance=1e-6", "--json")

    assert (done.code, done.err) == (1, "")
    report = told(done)
    assert places(report) == FOUND
    assert kinds(report) == {"same": "same", "near": "same", **dict.fromkeys(FOUND, "different")}
    assert (report["headline"], report["exit_code"]) == ("16 cases: 2 same, 14 different", 1)


ENDS = """
import os, sys

def init():
    print("said before the end")
    if {guilty!r} in ("both", "amlemu" if "amlemu" in sys.modules else "azmlinfsrv"):
        raise ValueError("no model here")
    if {guilty!r} == "each":
        os._exit(4) if "amlemu" in sys.modules else os._exit(3)

def run(data):
    return data
"""


@pytest.mark.parametrize(
    ("guilty", "code", "words"),
    [
        pytest.param("amlemu", 1, ["start in start", "- (started)", "+ ended with exit code 3"], id="ours-alone"),
        pytest.param("azmlinfsrv", 2, ["azmlinfsrv 1.5.1 did not start: it ended with exit code 3"], id="theirs-alone"),
        pytest.param("each", 1, ["start.exit code in start", "- 3 ", "+ 4", "Reason: App failed to load."], id="each-otherwise"),
    ],
)  # fmt: skip
def test_how_a_script_fails_to_start_is_compared(
    write: Write, start: Start, tmp_path: Path, guilty: str, code: int, words: list[str]
) -> None:
    """Exit code and last log lines; a reference that does not start is no reference."""
    write("score.py", ENDS.format(guilty=guilty))
    cases(tmp_path, "a")

    done = parity(start, "score.py", python(), *QUICK, "--cases=cases")

    assert done.code == code, done.said
    assert [word for word in words if word not in done.out] == []


def test_two_that_fail_to_start_in_the_same_way_are_the_same(write: Write, start: Start, tmp_path: Path) -> None:
    """The surroundings are looked at all the same; that nothing was asked is said, and there is nothing to walk."""
    write("score.py", ENDS.format(guilty="both"))
    cases(tmp_path, "a")

    done = parity(start, "score.py", python(), "--no-generated", "--cases=cases", "--walk=1000", "--json")

    report = told(done)
    assert (done.code, done.err) == (0, "")
    assert kinds(report) == {"start": "same", "surroundings": "same", "packages": "same"}
    remark = "1 case was not asked: azmlinfsrv 1.5.1 and amlemu, profile bare did not start: ValueError: no model here"
    assert remark in report["remarks"]


STRANGE = """#!{python}
import os, runpy, sys
os.environ["PLANTED_VARIABLE"] = "1"
sys.path[0] = os.path.dirname({command!r})
sys.path.append({folder!r})
sys.argv[0] = {command!r}
runpy.run_path({command!r}, run_name="__main__")
"""


def test_what_a_script_finds_around_itself_is_compared(write: Write, start: Start, tmp_path: Path) -> None:
    """A variable, a folder on the import path and a package that only the real server's environment has."""
    write("app/score.py", ECHO)
    extra = tmp_path / "extra"
    command = write("strange/bin/azmlinfsrv", STRANGE.format(python=environment() / "bin" / "python", folder=str(extra), command=str(environment() / "bin" / "azmlinfsrv")))  # fmt: skip
    command.chmod(0o755)
    (command.parent / "python").symlink_to(environment() / "bin" / "python")
    write("extra/planted_package-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: planted-package\nVersion: 1.0\n")  # fmt: skip
    write("app/conda.yml", "dependencies: [python=3.11, {pip: [planted-package==1.0]}]\n")

    done = parity(start, "app/score.py", python(), "--server=strange", "--only=good", "--json")

    assert done.code == 1
    report = told(done)
    found = places(report)
    around = [(re.sub(r"\d+", "N", place), *values) for place, *values in found.pop("surroundings")]
    assert around == [("variables.PLANTED_VARIABLE", "1", "(none)"), ("sys.path[N]", str(extra), "(none)")]
    assert found == {"packages": [("packages.planted-package", "1.0", "(none)")]}
    hint = "amlemu env create app/conda.yml makes an environment of what is asked for; a run without --python takes it"
    assert report["remarks"][-1] == f"packages: {hint}"


FICKLE = """
import os, random, signal, sys
import flask

IS_OURS = "amlemu" in sys.modules

def init():
    pass

def run(data):
    if data == "dies" and not IS_OURS:
        os.kill(os.getppid(), signal.SIGKILL)
        os._exit(1)
    if data == "contradicts" and not IS_OURS:
        return flask.Response("x", os.getpid() % 300 + 200)
    return "other" if data == "differs" and IS_OURS else "fine"
"""


def test_a_reference_that_dies_or_contradicts_itself_is_told(write: Write, start: Start, tmp_path: Path) -> None:
    """The rest is compared, and the code says that this was not all."""
    write("score.py", FICKLE)
    cases(tmp_path, "fine", "contradicts", "dies", "differs", "same after all")

    done = parity(start, "score.py", python(), *QUICK, "--cases=cases", "--json")

    report = told(done)
    assert (done.code, report["exit_code"]) == (2, 2)
    assert kinds(report) == {"fine": "same", "same after all": "same", "differs": "different", "contradicts": "unsteady", "dies": "different"}  # fmt: skip
    assert places(report)["differs"] == [("body", '"fine"', '"other"')]
    (dies,) = report["troubles"]
    (contradicts,) = (one["why"] for one in report["cases"] if one["case"] == "contradicts")
    assert contradicts.startswith("status: HTTP/1.1 ")
    assert dies == "azmlinfsrv 1.5.1 ended with exit code -9 in the case 'dies'; amlemu, profile bare did not"


LENIENT = """
import sys
import flask

IS_OURS = "amlemu" in sys.modules

def init():
    pass

def run(data):
    return flask.Response(str([1.0, 2.001 if IS_OURS else 2.0]), headers={"X-Side": "ours" if IS_OURS else "theirs"})
"""
RULES = """
[[exempt]]
path = "headers.X-Side"
reason = "each has its own name"
since = 2026-11-22

[[tolerance]]
path = "body*"
relative = 1e-2
"""


def test_exemptions_and_recordings(write: Write, start: Start, tmp_path: Path) -> None:
    """What is exempt is shown with its reason; a recording stands for the server, until the script is another one or it was edited."""
    write("app/score.py", LENIENT)
    write("app/parity.toml", RULES)
    cases(tmp_path, "a", "b")

    live = parity(start, "app/score.py", python(), *QUICK, "--cases=cases", "--record=said.json")
    again = parity(start, "app/score.py", python(), "--against=said.json", "--json")
    write("more.toml", RULES.replace("1e-2", "1e-6") + '\n[[exempt]]\ncase = "a"\npath = "status"\nreason = "it was once"\nsince = 2026-11-22\n')  # fmt: skip
    strict = parity(start, "app/score.py", python(), "--against=said.json", "--rules=more.toml")
    write("app/score.py", LENIENT + "# changed\n")
    stale = parity(start, "app/score.py", python(), "--against=said.json", "--only=a")
    edited = (tmp_path / "said.json").read_text(encoding="utf-8").replace("theirs", "others")
    (tmp_path / "said.json").write_text(edited, encoding="utf-8")
    broken = parity(start, "app/score.py", python(), "--against=said.json")

    assert (live.code, live.err) == (0, "recorded of azmlinfsrv 1.5.1: 2 cases, in said.json\n")
    assert live.out.startswith("2 cases: 2 exempt\n")
    assert "each has its own name" in live.out
    report = told(again)
    assert (again.code, report["theirs"]["name"], report["ours"]["name"]) == (0, "azmlinfsrv 1.5.1", "amlemu, profile bare")  # fmt: skip
    assert kinds(report) == {"a": "exempt", "b": "exempt"}
    assert report["remarks"] == []
    assert strict.code == 1
    assert "more.toml:10: case 'a', path 'status', since 2026-11-22: covers nothing any more" in strict.out
    assert "body[1] in a and b" in strict.out
    headline, *_, last = stale.out.splitlines()
    assert (stale.code, headline) == (0, "1 case: 1 exempt; the recording is stale, see below")
    assert last == "stale: the recording was made of other files: score.py has changed"
    assert broken.code == 2
    assert broken.err == "amlemu: said.json: it has been edited, or was not copied whole: its seal is broken. Recordings are made again, not edited: amlemu parity FILE --record said.json\n"  # fmt: skip


STUMBLES = """
import sys

def init():
    pass

def run(data):
    if "amlemu" in sys.modules and data != "a":
        raise ValueError("not that")
    return len(data) > 0
"""


def test_a_walk_finds_what_the_cases_do_not(write: Write, start: Start, tmp_path: Path) -> None:
    """It tells its seed, by which it is the same walk again."""
    write("score.py", STUMBLES)
    cases(tmp_path, "a")
    words = ("score.py", python(), *QUICK, "--cases=cases", "--walk=40")

    first = parity(start, *words)
    seed = re.search(r"^walk: (\d+) sequences, (\d+) requests, --seed (\d+)$", first.err, re.MULTILINE)
    assert seed, first.said
    second = parity(start, *words, f"--seed={seed[3]}")

    assert (first.code, second.code) == (1, 1)
    assert first.out.startswith("2 cases: 1 same, 1 different")
    assert f"walk {seed[3]}" in first.out
    assert "status in walk" in first.out
    assert second.err.splitlines()[-1] == seed[0]


SLEEPS = """
import os, pathlib, sys, time

def init():
    pass

def run(data):
    pathlib.Path(os.environ["NOTES"], str(os.getpid())).touch()
    time.sleep(60)
"""


@pytest.mark.parametrize(
    ("number", "more"),
    [pytest.param(signal.SIGINT, (), id="ctrl-c"), pytest.param(signal.SIGTERM, QUICK[:1], id="terminated")],
)
def test_an_interrupted_run_leaves_nothing(
    write: Write, start: Start, tmp_path: Path, number: signal.Signals, more: tuple[str, ...]
) -> None:
    """In the middle of an answer that takes a minute, with three servers at it: no process, no file, and soon."""
    write("score.py", SLEEPS)
    notes = tmp_path / "notes"
    notes.mkdir()
    command = start("parity", "score.py", python(), "--only=good", *more, NOTES=str(notes))
    deadline = time.monotonic() + PATIENCE_S
    while len(list(notes.iterdir())) < 3:
        assert command.process.poll() is None, command.err
        assert time.monotonic() < deadline, "not all are asked"
        time.sleep(0.05)
    pids = [int(path.name) for path in notes.iterdir()]

    begun = time.monotonic()
    command.send(number)
    done = ended(command)

    assert time.monotonic() - begun < 10
    assert done.code == 130
    assert "Traceback" not in done.said
    until_gone(pids)
    assert command.left_behind() == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("--tolerance=2",), "--tolerance: 2 is no tolerance.", id="tolerance"),
        pytest.param(("--patience=0",), "--patience: 0 is no time to wait.", id="patience"),
        pytest.param(("--wait=nan",), "--wait: nan is no time to wait.", id="wait"),
        pytest.param(("--walk=-1",), "--walk: -1 is no number for that.", id="walk"),
        pytest.param(("--seed=-1",), "--seed: -1 is no number for that.", id="seed"),
        pytest.param(("--junit=nowhere/x.xml",), "--junit nowhere/x.xml: there is no such folder", id="no-such-folder"),
        pytest.param(("--html=.",), "--html .: this is a folder", id="a-folder"),
        pytest.param(("--record=score.py",), "score.py: it is there already, and no recording.", id="another-file"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_before_anything_starts(
    write: Write, start: Start, words: tuple[str, ...], said: str
) -> None:
    """With the option's name, and nothing changed."""
    path = write("score.py", ECHO)

    done = parity(start, "score.py", python(), *words)

    assert done.code == 2
    assert said in done.err
    assert path.read_text(encoding="utf-8") == ECHO.lstrip("\n")

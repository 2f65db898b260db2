"""Every start of the table twice, by the real command and by ours: the same exit code, the same lines in the same order."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from itertools import groupby, takewhile

import pytest

from .case import Boot
from .starts import Outcome
from .targets import REAL, WORKER, Target

BY_NATURE = (
    # gunicorn 27 lets other programs ask it things at a socket, and says where
    (re.compile(r"^.* gunicorn\.error - Control socket listening at .*\n", re.MULTILINE), ""),
    # each package has its own file
    (re.compile(r"(- Loaded logging config from )(?!<root>).*"), r"\1<its own>"),
    # frames that are not the script's: each server has its own code around it
    (re.compile(r"""^  File "(?!<root>).*\n(?:    .*\n)*""", re.MULTILINE), ""),
    # argparse describes the options in our words, and there are two more
    (re.compile(r"^(usage: azmlinfsrv) .*\n(?: .*\n)*", re.MULTILINE), r"\1 <words>\n"),
    (re.compile(r"^options:\n(?: .*\n)*", re.MULTILINE), "options: <words>\n"),
    (re.compile(r"^\namlemu's own: .*\n(?:.+\n)*", re.MULTILINE), ""),
    # a variable that is no number: we say the exception without our frames
    (re.compile(r"^Traceback \(most recent call last\):\n(?=ValueError: invalid literal)", re.MULTILINE), ""),
    # where in a line the signal has found the script
    (re.compile(r"^ +[~^]+\n", re.MULTILINE), ""),
    # folders of an installation, and the folder of the control socket
    (re.compile(r"(Expected script to be found in PYTHONPATH: ).*"), r"\1<paths>"),
    (re.compile(r"'\.gunicorn', |, '\.gunicorn'"), ""),
    # ours tells who waits for its end that it has heard
    (re.compile(r"^amlemu: requests in hand may take .*\n", re.MULTILINE), ""),
    # how long the debugger had been there when it said something
    (re.compile(r"^\d+\.\d\ds - ", re.MULTILINE), "<s> - "),
    # what Python says of a crash: an address, and the C extensions that the server has imported
    (re.compile(r"^Current thread 0x[0-9a-f]+ ", re.MULTILINE), "Current thread <address> "),
    (re.compile(r"^\nExtension modules: .*\n", re.MULTILINE), ""),
)
"""The one list of what may differ: patterns, and what stands for them on both sides."""

_PID = re.compile(r",\d{3} [A-Z] \[(\d+)\]")


def test_beside_each_other(twin: Boot, outcome: Callable[[Target, Boot], Outcome]) -> None:
    """Ours ends as the real command does, and writes its lines."""
    theirs, ours = (_lines(outcome(target, twin), twin) for target in (REAL, WORKER))

    if theirs != ours:
        found = difflib.unified_diff(theirs, ours, "the real command", "ours", lineterm="", n=3)
        pytest.fail("\n".join(found), pytrace=False)


def _lines(outcome: Outcome, boot: Boot) -> list[str]:
    """Return the exit code and both streams as they are compared."""
    out, err = (_comparable(text, outcome).splitlines() for text in (outcome.raw_out, outcome.raw_err))
    if boot.deployment.workers > 1:
        out, err = _sorted_from_first_worker(out), _sorted_among_workers(err)
    return [f"exit {outcome.exit_code}", "--- stdout", *out, "--- stderr", *err]


def _comparable(text: str, outcome: Outcome) -> str:
    workers = list(dict.fromkeys(pid for pid in _PID.findall(text) if pid != str(outcome.pid)))
    if outcome.exit_code is None and workers[1:]:  # cut off at some time, but the first worker's lines are complete
        text = _before(text, workers[1])
    for pid in (str(outcome.pid), *workers):
        text = re.sub(rf"(\[|\(|\bpid:? ?){pid}\b", rf"\1<{'worker' if pid in workers else 'master'}>", text)
    text = outcome.normal(text)
    for pattern, word in BY_NATURE:
        text = pattern.sub(word, text)
    return text


def _before(text: str, pid: str) -> str:
    """Return the lines before the first one of a process."""
    return "".join(takewhile(lambda line: _PID.findall(line)[:1] != [pid], text.splitlines(keepends=True)))


def _sorted_from_first_worker(lines: list[str]) -> list[str]:
    """Sort what several workers wrote at the same time, after what the master had written."""
    first = next((place for place, line in enumerate(lines) if _is_of_worker(line)), len(lines))
    return lines[:first] + sorted(lines[first:])


def _sorted_among_workers(lines: list[str]) -> list[str]:
    """Sort what workers wrote between two lines of the master."""
    runs = ((is_of_worker, list(run)) for is_of_worker, run in groupby(lines, _is_of_worker))
    return [line for is_of_worker, run in runs for line in (sorted(run) if is_of_worker else run)]


def _is_of_worker(line: str) -> bool:
    return "[<worker>] " in line

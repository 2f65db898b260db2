"""The options of curl: all of this machine's curl are known, and found in any way in which they are written."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from amlemu_harness.parity.cases.curl_options import RefusedError, scan


@pytest.mark.parametrize(
    ("words", "pairs"),
    [
        (["-sSXPOST", "u"], [("silent", ""), ("show-error", ""), ("request", "POST"), ("url", "u")]),
        (["-sX", "POST"], [("silent", ""), ("request", "POST")]),
        (["-d@a", "-d", "-1"], [("data", "@a"), ("data", "-1")]),
        (["--data=a=b", "--no-buffer", "-N"], [("data", "a=b"), ("no-buffer", ""), ("no-buffer", "")]),
        (["--", "-u"], [("url", "-u")]),
        (["-", "u"], [("url", "-"), ("url", "u")]),
    ],
)
def test_options_are_found(words, pairs):
    assert scan(words) == [pairs]


def test_next_begins_anew():
    assert scan(["a", "--next", "b"]) == [[("url", "a")], [("url", "b")]]


@pytest.mark.parametrize(
    ("words", "what", "expected"),
    [
        (["--datta", "x"], "curl has no option --datta", "Did you mean --data?"),
        (["-d"], "-d has no value", ""),
        (["--data"], "--data has no value", ""),
        (["-s!"], "curl has no option -!, as in -s!", ""),
    ],
)
def test_others_are_refused(words, what, expected):
    with pytest.raises(RefusedError) as failure:
        scan(words)

    assert (str(failure.value), failure.value.expected) == (what, expected)


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not there")
def test_each_option_of_the_real_one_is_known():
    """With a value where `--help all` shows one; the letters, too."""
    told = subprocess.run(["curl", "--help", "all"], capture_output=True, text=True, check=True).stdout
    listed = re.findall(r"(?m)^ *(?:-(.), |    )?--([\w.-]+)( [<\[])?", told)

    wrong = []
    for letter, name, value in listed:
        rest = ["v", "u"] if value else ["u"]
        expected = [[(name, "v" if value else ""), ("url", "u")]]
        for option in [f"--{name}", *([f"-{letter}"] if letter else [])]:
            try:
                found = scan([option, *rest])
            except RefusedError as error:
                found = error
            if found != expected and name != "next":
                wrong.append((option, found))

    assert len(listed) > 200
    assert wrong == []

"""Where curl commands begin in a text, and what they read."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from amlemu.errors import UsageError
from amlemu_harness.parity.cases.command_lines import commands, has_curl
from hypothesis import given
from hypothesis import strategies as st

FILE = Path("requests.sh")


@pytest.mark.parametrize(
    "text",
    [
        "curl x",
        "  $ curl x",
        "user@host:~/work$ curl x",
        "(base) user@host:~$ curl x",
        "PS C:\\work> curl.exe x",
        "C:\\work>curl x",
        "!curl x",
        "RUN curl x",
        "- run: curl x",
        "- curl x",
        "/usr/bin/curl x",
        "sudo curl x",
        "time curl x",
        "NO_PROXY=* curl x",
        "set -e; curl x",
        "true && curl x",
        "for i in 1 2; do curl x; done",
        "A=$(curl x)",
        'A="$(curl x)"',
        "A=`curl x`",
        "(curl x)",
        "while ! curl x; do :; done",
    ],
)
def test_a_command_begins_here(text):
    assert [command.words for command in commands(FILE, text)] == [("x",)]


@pytest.mark.parametrize(
    "text",
    [
        "# curl x",
        "// curl x",
        "REM curl x",
        "echo curl x",
        "pip install curl x",
        "curly x",
        "libcurl x",
        "the command curl x",
        "curl",
        "apt-get install -y curl \\\n  jq",
        '{"prompt": "use curl x"}',
        "a,b\n1,2\n",
    ],
)
def test_no_command_begins_here(text):
    assert not has_curl(text)
    assert list(commands(FILE, text)) == []


def test_lines_are_counted_and_what_is_in_a_command_is_no_command():
    text = "#!/bin/sh\ncurl a -d '\ncurl b\n'\n\ncurl c <<E\ncurl d\nE\ncurl e"

    found = [(command.line, command.words[0], command.stdin) for command in commands(FILE, text)]

    assert found == [(2, "a", None), (6, "c", b"curl d\n"), (9, "e", None)]


@pytest.mark.parametrize(
    ("text", "stdin", "file"),
    [
        ("echo '{\"a\": 1}' | curl x", b'{"a": 1}\n', ""),
        ("echo -n a b | curl x", b"a b", ""),
        ("printf '[1]' | curl x", b"[1]", ""),
        ("printf '%s' 1 | curl x", None, ""),
        ("$ cat a.json | curl x", None, "a.json"),
        ("cat a b | curl x", None, ""),
        ("jq -c . a.json | curl x", None, ""),
    ],
)
def test_what_is_piped_into_it(text, stdin, file):
    (command,) = commands(FILE, text)

    assert (command.stdin, command.stdin_file) == (stdin, file)


@given(st.text(alphabet="curl \n\\'\"$`|;&()<>^#~-=ax", max_size=60))
def test_any_text_is_read_or_refused_with_its_line(text):
    with contextlib.suppress(UsageError):
        lines = [command.line for command in commands(FILE, "curl " + text)]

        assert lines == sorted(lines)

"""
The curl commands of a text: shell scripts, notes, READMEs (there in blocks of code only), what a browser has copied.

All else is passed by: comments, other commands, prose. `posix_shell.py` and `windows_shell.py` cut a command into words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from amlemu.errors import UsageError

from amlemu_harness.parity.cases import posix_shell, windows_shell
from amlemu_harness.parity.cases.files import place

# Where a command may begin: a line, after its prompt or a key of YAML; after what joins commands; in $(...) or backticks.
_CURL = re.compile(
    r"""(?:^[ \t]*(?:-[ \t]+)?(?:[\w-]{1,40}:[ \t]+)?(?:(?:(?:PS[ \t]+|\([\w.-]{1,40}\)[ \t]+)?[\w.@:~\\/()-]{0,200}[$>%]|RUN|CMD|!)[ \t]*)?
        |[|;&({`!][ \t]*)
        (?:(?:time|sudo|then|do|else|if|while|until|exec|command|env|!)[ \t]+){0,3}
        (?:\w{1,100}=[^ \t\n]{0,200}[ \t]+){0,9}
        (?:[\w./~:\\-]{0,200}[/\\])?
        (?P<curl>curl(?:\.exe)?)(?=[ \t]+\S)""",
    re.VERBOSE | re.MULTILINE,
)
_COMMENT = re.compile(r"[ \t]*(?:#|//|::|rem\b)", re.IGNORECASE)
_FENCE = re.compile(r"[ \t]*(?:[-*][ \t]+|>[ \t]*)?(`{3,}|~{3,})")
_PIPED = re.compile(r"\|[ \t]*(?:sudo[ \t]+)?$")


@dataclass(frozen=True)
class Command:
    """
    One command.

    Attributes:
        line: where it begins, counted from 1.
        words: what follows `curl`.
        stdin: what it reads; None where that is not in the text.
        stdin_file: the file that it reads instead.
    """

    line: int
    words: tuple[str, ...]
    stdin: bytes | None = None
    stdin_file: str = ""


def has_curl(text: str) -> bool:
    """Say whether there is such a command."""
    return next(_starts(text), None) is not None


def commands(path: Path, text: str) -> Iterator[Command]:
    """Yield them in their order. Raises UsageError where a quote is not closed, with its line."""
    text = code_of(text)
    done = 0
    for found in _starts(text):
        start = found.start("curl")
        if start < done:
            continue  # within the words of the one before
        line = text.count("\n", 0, start) + 1
        try:
            lexed = _lexed(text, found)
            stdin, stdin_file = _piped(text, found)
        except posix_shell.UnclosedError as error:
            where = place(path, text.count("\n", 0, error.at) + 1)
            expected = "A quote ends in the same command; within '...' no ' can be written."
            raise UsageError(str(error), where=where, expected=expected) from error
        done = max(lexed.end, start + 1)
        yield Command(line, lexed.words[1:], lexed.stdin if stdin is None else stdin, lexed.stdin_file or stdin_file)


def code_of(text: str) -> str:
    """Return a text of Markdown with all lines emptied that are no code; one without fences as it is."""
    lines = text.split("\n")
    if not any(_FENCE.match(line) for line in lines) or _begins_with_curl(lines):
        return text
    kept, fence = [], ""
    for line in lines:
        found = _FENCE.match(line)
        if found and (not fence or found[1].startswith(fence)):
            fence = "" if fence else found[1]
            kept.append("")
        else:
            kept.append(line if fence else "")
    return "\n".join(kept)


def _begins_with_curl(lines: list[str]) -> bool:
    """Say whether the text is no Markdown, but has a fence in a body."""
    first = next((line for line in lines if line.strip()), "")
    return first.startswith(("curl ", "#!"))


def _starts(text: str) -> Iterator[re.Match[str]]:
    text = code_of(text)
    for found in _CURL.finditer(text):
        line_start = text.rfind("\n", 0, found.start("curl")) + 1
        if not _COMMENT.match(text, line_start):
            yield found


def _lexed(text: str, found: re.Match[str]) -> posix_shell.Lexed:
    start = found.start("curl")
    end = text.find("\n", start)
    line = text[start : end if end >= 0 else len(text)].rstrip()
    if line.endswith("^") or ' ^"' in line:
        return windows_shell.lex(text, start)
    return posix_shell.lex(text, start, "`" if "`" in found[0] else "")


def _piped(text: str, found: re.Match[str]) -> tuple[bytes | None, str]:
    """Return what `echo ... |` or `cat FILE |` before the command gives it; of others nobody knows."""
    start = text.rfind("\n", 0, found.start("curl")) + 1
    before = _PIPED.search(text[start : found.start("curl")])
    if before is None:
        return None, ""
    words = posix_shell.lex(text[: start + before.start()], start).words
    while words and words[0] in ("$", ">", "%", "PS"):
        words = words[1:]
    if words[:1] == ("cat",) and len(words) == 2:
        return None, words[1]
    if words[:1] in (("echo",), ("printf",)) and len(words) > 1:
        return _echoed(words), ""
    return None, ""


def _echoed(words: tuple[str, ...]) -> bytes | None:
    if words[0] == "printf":
        return (
            words[1].encode("utf-8", "surrogateescape") if len(words) == 2 and not set("%\\") & set(words[1]) else None
        )
    ends, rest = ("", words[2:]) if words[1] == "-n" else ("\n", words[1:])
    return (" ".join(rest) + ends).encode("utf-8", "surrogateescape")

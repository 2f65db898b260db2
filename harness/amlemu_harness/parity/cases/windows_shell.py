"""
One command as Windows cuts it into words: first cmd.exe with its carets, then the C runtime with its quotes. `%NAME%` stays as written.
"""

from __future__ import annotations

from amlemu_harness.parity.cases.posix_shell import Lexed, UnclosedError

_OF_BROWSERS = '^\\^"'  # how Chrome and Edge write a quote within a word in "Copy as cURL (cmd)"


def lex(text: str, start: int = 0) -> Lexed:
    """
    Read the command that begins at `start`, up to `&`, `|` or the end of its last line.

    Raises:
        UnclosedError: a quote is not closed.
    """
    line, end = _without_carets(text, start)
    words = _words(line)
    if words is None:
        raise UnclosedError(start, '"')
    return Lexed(tuple(words), end)


def _without_carets(text: str, start: int) -> tuple[str, int]:
    """Do what cmd.exe does: a caret takes the next sign as it is, a line end included, but not within quotes."""
    is_copied = _OF_BROWSERS in text  # older browsers wrote carets within quotes, too, and meant them all the same
    out, at, is_quoted = [], start, False
    while at < len(text):
        sign = text[at]
        if sign == "\r":
            at += 1
        elif sign == "^" and (is_copied or not is_quoted):
            at += 2 if text.startswith("\r", at + 1) else 1
            if text.startswith("\n", at):  # and after it, a line end is one
                at += 2 if text.startswith("\r", at + 1) else 1
            out.append(text[at : at + 1])
            at += 1
        elif sign == "\n" or (sign in "&|<>" and not is_quoted):
            break
        else:
            is_quoted ^= sign == '"'
            out.append(sign)
            at += 1
    return "".join(out), min(at, len(text))


def _words(line: str) -> list[str] | None:
    """Do what the C runtime does: backslashes count before a quote only. None where a quote is not closed."""
    words: list[str] = []
    word: str | None = None
    is_quoted, at = False, 0
    while at < len(line):
        sign = line[at]
        if sign in " \t\n" and not is_quoted:
            words += [] if word is None else [word]
            word, at = None, at + 1
            continue
        slashes = len(line) - at - len(line[at:].lstrip("\\")) if sign == "\\" else 0
        at += slashes
        if not line.startswith('"', at):
            word = (word or "") + ("\\" * slashes or sign)
            at += 0 if slashes else 1
            continue
        word = (word or "") + "\\" * (slashes // 2)
        if slashes % 2:
            word += '"'
        elif is_quoted and line.startswith('""', at):
            word, at = word + '"', at + 1
        else:
            is_quoted = not is_quoted
        at += 1
    words += [] if word is None else [word]
    return None if is_quoted else words

"""
The command that explains: a word, a message, a log file, or a log on stdin. `cli.py` declares it.

What things mean is in `explain`, how it looks in `console/explained.py`.
"""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import click

from amlemu.console import explained
from amlemu.errors import UsageError
from amlemu.explain import find
from amlemu.explain.entries import entries
from amlemu.explain.log import Account, read_log

EXIT_NOTHING = 1
_STDIN = "-"


def explain(words: tuple[str, ...], profile: str | None, as_json: bool) -> int:
    """
    Explain the words, or the log that they name; without words the log on stdin, or list what can be explained.

    Args:
        profile: tell what is true for this one only; a name or a file, as for `serve`.

    Returns:
        The exit code: 1 when nothing in a log was recognised.

    Raises:
        UsageError: a word means nothing that is known, a log is empty or cannot be read.
    """
    cloud = find.cloud_of(profile) if profile else ""
    if not words and _is_terminal():
        return _show((explained.list_as_json if as_json else explained.list_as_text)(entries()))
    if words in ((), (_STDIN,)):
        return _log(_read_stdin(), cloud, as_json)
    phrase = " ".join(words)
    is_file = len(words) == 1 and os.path.lexists(words[0])
    if is_file and (os.sep in words[0] or not find.named(phrase)):  # ./424 is a file, 424 a status
        return _log(_read_file(Path(words[0])), cloud, as_json)
    return _words(words, phrase, cloud, as_json)


def _words(words: tuple[str, ...], phrase: str, cloud: str, as_json: bool) -> int:
    """Explain names; a message that is quoted by the entry that has it, else as a log of one line."""
    try:
        found = find.find(words, cloud)
    except UsageError:
        if entry := find.text_of(phrase):
            found = [entry]
        else:
            account = read_log(io.BytesIO(phrase.encode("utf-8", "surrogateescape")))
            if account.cause is None:
                raise
            return _log(account, cloud, as_json)
    return _show((explained.words_as_json if as_json else explained.words_as_text)(found))


def _log(account: Account, cloud: str, as_json: bool) -> int:
    _show((explained.log_as_json if as_json else explained.log_as_text)(account, cloud))
    return 0 if account.cause else EXIT_NOTHING


def _is_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _read_stdin() -> Account:
    account = read_log(sys.stdin.buffer)
    if not account.lines:
        raise UsageError(
            "there is no log on stdin",
            hint="az ml online-deployment get-logs ... | amlemu explain; or give a word: amlemu explain 424.",
        )
    return account


def _read_file(path: Path) -> Account:
    try:
        with path.open("rb") as file:
            account = read_log(file)
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path)) from error
    if not account.lines:
        raise UsageError("the file is empty", where=str(path), expected="Expected a log.")
    return account


def _show(text: str) -> int:
    """Print; a reader that has left (`| head`) is no failure."""
    try:
        click.echo(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that Python's own last flush finds a reader
    return 0

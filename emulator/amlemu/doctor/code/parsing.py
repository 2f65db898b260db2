"""
Whether the script and its siblings are Python at all, and Python of the version that the deployment asks for.

The first of all checks: what does not parse has no functions to look at. Nothing is compiled or run.
"""

from __future__ import annotations

import ast
import re
import sys
import warnings
from collections.abc import Iterator

from amlemu.doctor.clouds import failing_start
from amlemu.doctor.subject import Source, Subject
from amlemu.finding import CANNOT_IMPORT, Finding, Severity

_PINNED = re.compile(r"(?:==|~=|<=)\s*3\.(\d+)")
_BELOW = re.compile(r"<\s*3\.(\d+)")
_PYTHON_2 = (
    "Missing parentheses in call to",
    "multiple exception types must be parenthesized",
    "invalid token",
    "leading zeros",
)


def check_parses(subject: Subject) -> Iterator[Finding]:
    """Yield why the script, or a sibling of it, is no Python that the deployment's interpreter can read."""
    for source in (subject.script, *subject.siblings):
        if source is not None:
            found = list(_unreadable(source, subject) if source.tree is None else _uncompilable(source, subject))
            yield from found or _too_new(source, subject)


def _unreadable(source: Source, subject: Subject) -> Iterator[Finding]:
    cloud = failing_start(subject, CANNOT_IMPORT)
    try:
        content = source.path.read_bytes()
    except OSError as error:
        cause = f"{source.path.name} cannot be read ({error.strerror})"
        yield Finding("error", "script-unreadable", cause, source.at(0), cloud, "Make it a readable file.")
        return
    if b"\0" in content:
        line = content[: content.index(b"\0")].count(b"\n") + 1
        cause = f"{source.path.name} has null bytes in it, so Python cannot import it"
        fix = "Save it as UTF-8; PowerShell's `>` and some editors write UTF-16."
        yield Finding("error", "script-null-bytes", cause, source.at(line), cloud, fix)
        return
    yield from _said_by_python(source, content, subject)


def _said_by_python(source: Source, content: bytes, subject: Subject) -> Iterator[Finding]:
    name = source.path.name
    try:
        _parse(content, None)
    except SyntaxError as error:
        line = error.lineno or 0
        if _is_about_encoding(content, error):
            yield _not_utf8(source, content, subject)
            return
        wanted = minor_version(subject)
        if wanted is not None and wanted > sys.version_info[1]:
            yield _cannot_judge(source, line, error, wanted)
            return
        yield _syntax_error(source, error, subject)
    except UnicodeDecodeError:
        yield _not_utf8(source, content, subject)
    except (ValueError, RecursionError, MemoryError) as error:
        cause = f"{name} is too deeply nested to be looked at ({type(error).__name__})"
        yield Finding("information", "script-too-deep", cause, source.at(0), None, "Check it by serving it.")


def _uncompilable(source: Source, subject: Subject) -> Iterator[Finding]:
    """Yield what only the compiler refuses: `return` outside a function, `global x` after its use. Compiling runs nothing."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source.path.read_bytes(), str(source.path), "exec", dont_inherit=True)
    except SyntaxError as error:
        yield _syntax_error(source, error, subject)
    except (OSError, ValueError, RecursionError, MemoryError):
        return


def _syntax_error(source: Source, error: SyntaxError, subject: Subject) -> Finding:
    line = error.lineno or 0
    cause = f"{source.path.name} does not parse: {type(error).__name__} in line {line}, {_message(error)}"
    cloud = failing_start(subject, CANNOT_IMPORT)
    return Finding("error", _rule_of(error), cause, source.at(line), cloud, _fix(error))


def _too_new(source: Source, subject: Subject) -> Iterator[Finding]:
    minor = minor_version(subject)
    if minor is None or minor >= sys.version_info[1] or not source.text:
        return
    try:
        _parse(source.text, minor)
    except SyntaxError as error:
        asked = subject.requirements.place if subject.requirements else source.at(0)
        cause = (
            f"{source.path.name} does not parse in Python 3.{minor}, which {asked.file.name} asks for: line {error.lineno}, "
            f"{_message(error)}"
        )
        fix = f"Write it for Python 3.{minor}, or ask for a newer Python in {asked.file.name}."
        place = source.at(error.lineno or 0)
        yield Finding("error", "syntax-too-new", cause, place, failing_start(subject, CANNOT_IMPORT), fix)
    except (ValueError, RecursionError, MemoryError):
        return  # it has parsed before


def _parse(text: str | bytes, minor: int | None) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "\d" in a string and the like: no concern of a deployment
        ast.parse(text, feature_version=(3, minor) if minor is not None else None)


def minor_version(subject: Subject) -> int | None:
    """Return the newest minor version of Python 3 that the requirements allow; None where they allow any newer one."""
    asked = (subject.requirements.python if subject.requirements else None) or ""
    pinned = _PINNED.search(asked)
    if pinned:
        return int(pinned[1])
    below = _BELOW.search(asked)
    return int(below[1]) - 1 if below else None


def _is_about_encoding(content: bytes, error: SyntaxError) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "codec" in str(error) or "encoding" in str(error) or "utf-8" in str(error).lower()
    return "encoding problem" in str(error) or "unknown encoding" in str(error)


def _not_utf8(source: Source, content: bytes, subject: Subject) -> Finding:
    line, what = 1, "declares an encoding that Python does not know"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        what = f"is not UTF-8 (byte 0x{content[error.start]:02x} in line {line})"
    cause = f"{source.path.name} {what}, so Python cannot import it"
    fix = "Save it as UTF-8, or declare its encoding in the first line: # -*- coding: latin-1 -*-."
    return Finding("error", "script-not-utf8", cause, source.at(line), failing_start(subject, CANNOT_IMPORT), fix)


def _cannot_judge(source: Source, line: int, error: SyntaxError, wanted: int) -> Finding:
    severity: Severity = "information"
    here = f"3.{sys.version_info[1]}"
    cause = (
        f"{source.path.name} does not parse in Python {here}, which runs this check, but the deployment asks for Python 3.{wanted}: "
        f"line {line}, {_message(error)}"
    )
    return Finding(
        severity, "syntax-newer-than-here", cause, source.at(line), None, f"Check it with Python 3.{wanted}."
    )


def _rule_of(error: SyntaxError) -> str:
    return "indentation-error" if isinstance(error, IndentationError) else "syntax-error"


def _message(error: SyntaxError) -> str:
    return error.msg.rstrip(".")


def _fix(error: SyntaxError) -> str:
    if isinstance(error, TabError):
        return "Indent with spaces only: this block mixes tabs and spaces."
    if isinstance(error, IndentationError):
        return "Correct the indentation of that line, or of the block it belongs to."
    if any(part in error.msg for part in _PYTHON_2):
        return "This is Python 2; the inference server runs Python 3 only. Write it for Python 3."
    return "Correct that line; the fault may stand a line or two above it."

"""
Why pip or venv has failed, in one sentence, from what they wrote.

Source: pip 23.2.1, whose own texts these are (a missing version, a conflict and a failed build observed, others read); `make.py` asks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_INDEX = "See that pip reaches its index: pip config list, PIP_INDEX_URL, HTTPS_PROXY."
_OTHER_PYTHON = "Name a Python for which it has wheels with --python."
_MOST_VERSIONS = 5
_MOST_SIDES = 3


@dataclass(frozen=True)
class Cause:
    """One sentence without its full stop, and what to do."""

    what: str
    hint: str = ""


@dataclass(frozen=True)
class _Sign:
    """Words by which a cause is known; `what` and `hint` take the groups that have matched."""

    pattern: str
    what: str
    hint: str = ""

    def look(self, text: str) -> Cause | None:
        found = re.search(self.pattern, text, re.MULTILINE)
        if found is None:
            return None
        words = [word.strip(" '\"") for word in found.groups() if word] or [_last_begun(text)]
        return Cause(self.what.format(*words), self.hint.format(*words))


# Between pip and its index; they make every package look absent, so they are looked for first.
_INDEX_SIGNS = (
    _Sign(
        r"CERTIFICATE_VERIFY_FAILED|SSLError",
        "pip does not trust the certificate of the index",
        "Behind a proxy that reads along: PIP_CERT=/path/to/its/certificate.pem.",
    ),
    _Sign(r"ProxyError|Cannot connect to proxy", "pip cannot reach its proxy", _INDEX),
    _Sign(
        r"name resolution|Name or service not known|NameResolutionError|nodename nor servname|NewConnectionError"
        r"|ConnectTimeoutError|Network is unreachable",
        "pip cannot reach its index: no network",
        _INDEX,
    ),
    _Sign(r"ReadTimeoutError|Read timed out", "the index does not answer in time", "Try again, or set PIP_TIMEOUT=60."),
    _Sign(r"40[13] Client Error|40[13] Error, Credentials", "the index wants other credentials", _INDEX),
)
_DISK = _Sign(r"No space left on device", "the disk is full", "Make room; pip needs it in the temporary folder, too.")
# Of several that match the first is the cause: a build that fails for want of a compiler has no compiler.
_SIGNS = (
    _Sign(r"Cannot find command '(\w+)'", "pip needs {0}, which is not on this machine", "Install {0}."),
    _Sign(r"git clone .*?(\S+) \S+ did not run successfully", "git cannot fetch {0}", "See that it is there for you."),
    _Sign(
        r"DO NOT MATCH THE HASHES",
        "a package does not have the hash that the file says",
        "Write the hashes anew, for example with pip-compile.",
    ),
    _Sign(
        r"In --require-hashes mode, all requirements must have",
        "some requirements have a hash and others have none, and pip wants one of all or of none",
    ),
    _Sign(
        r"Package '?(.+?)'? requires a different Python: (\S+) not in '([^']+)'",
        "{0} wants Python {2}, and this is {1}",
        "Name another one with --python.",
    ),
    _Sign(r"ERROR: (\S+) is not a supported wheel on this platform", "{0} is a wheel for another Python or machine"),
    _Sign(r"Invalid requirement: (.+)", "pip cannot read the requirement {0}"),
    _Sign(r"Could not open requirements file: (.+)", "pip cannot open a file that is named: {0}"),
    _Sign(r"error: no such option: (\S+)", "pip knows no option {0} in a list of requirements"),
    _Sign(
        r"(?:command '[^'\n]*(?:cc|clang|[cg]\+\+)[^'\n]*' failed|unable to execute '[^'\n]*').*No such file"
        r"|No such file or directory: '[^'\n]*(?:cc|clang|[cg]\+\+)[^'\n]*'$|[Uu]nable to find a compiler",
        "a package has to be compiled here, and there is no compiler",
        f"Install gcc, or another Python: {_OTHER_PYTHON}",
    ),
    _Sign(
        r"(pg_config|mysql_config|CMake|[Rr]ust|Cargo)\b.{0,40}?(?:not found|must be installed|not installed|can't find)"
        r"|can't find (Rust) compiler",
        "a package has to be built here, and {0} is missing",
        f"Install it, or another Python: {_OTHER_PYTHON}",
    ),
    _Sign(
        r"Could not build wheels for (.+?), which|Failed building wheel for (\S+)"
        r"|Failed to build (?:installable wheels for some pyproject\.toml based projects \()?('[^']+'|[^\s)]+)"
        r"|metadata-generation-failed|subprocess-exited-with-error",
        "{0} has no wheel that fits, and building it here failed",
        f"{_OTHER_PYTHON} What the build said is above.",
    ),
    _Sign(
        r"ensurepip is not available|No module named ensurepip|No module named venv",
        "this Python cannot make virtual environments",
        "On Debian and Ubuntu: apt install python3-venv.",
    ),
    _Sign(r"Permission denied: (.+)", "{0} cannot be written"),
    _Sign(r"MemoryError", "it ran out of memory"),
)
_CONFLICT = re.compile(r"Cannot install (.+?) because these package versions have conflicting dependencies", re.DOTALL)
_SIDE = re.compile(r"^ {4}(\S.* depends on .*|The user requested .*)$", re.MULTILINE)
_NO_MATCH = re.compile(r"No matching distribution found for (.+)")
_VERSIONS = re.compile(r"satisfies the requirement .*?\(from versions: (.*?)\)\s*$", re.MULTILINE)
_FOR_OTHERS = re.compile(r"versions that require a different python version: (.+)")
_BEGUN = re.compile(r"^(?:Collecting|Processing) (\S+)", re.MULTILINE)


def why(said: list[str], code: int) -> Cause:
    """
    Return the cause.

    Args:
        said: all lines of both streams.
        code: how the process ended, negative for a signal.
    """
    text = "\n".join(said)
    found = _DISK.look(text) or _conflict(text) or _no_match(text)
    found = found or next((cause for sign in (*_SIGNS, *_INDEX_SIGNS) if (cause := sign.look(text))), None)
    return found or _unknown(said, code)


def _unknown(said: list[str], code: int) -> Cause:
    if code < 0:
        return Cause(f"it was ended by signal {-code}", "It may have run out of memory." if code == -9 else "")
    errors = [line for line in said if line.lower().startswith("error")]
    told = errors or [line for line in said if line.strip()] or [f"it ended with exit code {code}"]
    return Cause(told[-1].strip().removeprefix("ERROR: ").rstrip("."))


def _conflict(text: str) -> Cause | None:
    """Name both sides, by the lines that pip lists below its error."""
    found = _CONFLICT.search(text)
    if found is None:
        return None
    sides = list(dict.fromkeys(line.strip() for line in _SIDE.findall(text)))
    told = "; ".join(sides[:_MOST_SIDES]) if sides else " ".join(found[1].split())
    hint = "Loosen one of the versions; pip in the cloud refuses them, too."
    return Cause(f"these requirements exclude each other: {told}", hint)


def _no_match(text: str) -> Cause | None:
    found = _NO_MATCH.search(text)
    if found is None:
        return None
    wanted = found[1].strip()
    versions = _VERSIONS.search(text)
    there = [] if versions is None or versions[1] == "none" else versions[1].split(", ")
    if there:
        newest = ", ".join(there[-_MOST_VERSIONS:])
        hint = "Name another version, or with --python another Python that has this one."
        return Cause(f"there is no {wanted} for this Python; the newest that there are: {newest}", hint)
    if _FOR_OTHERS.search(text):
        return Cause(f"{wanted} is there for other versions of Python only", "Name one of them with --python.")
    fault = next((cause for sign in _INDEX_SIGNS if (cause := sign.look(text))), None)
    return fault or Cause(f"the index has no {wanted}, or cannot be reached", f"See that the name is right. {_INDEX}")


def _last_begun(text: str) -> str:
    found = _BEGUN.findall(text)
    return found[-1] if found else "a package"

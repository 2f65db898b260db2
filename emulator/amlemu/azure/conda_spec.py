"""
One entry of a conda file's own list, `numpy=1.21.*`, `conda-forge::pytorch>=1.8,<2`, taken apart as conda does it.

`conda_file.py` reads the file around it. Nothing is asked of conda, and no channel is looked at.

Source: conda 26.7.1, models/match_spec.py `_parse_spec_str` and models/version.py; 4.12, 23.1 and 24.9 read the same but for
some faults, which they meet later.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_COMMENT = re.compile(r"#.*$")
_BRACKETS = re.compile(r"\[([^\[\]]*)\]")
_BRACKET_ENTRY = re.compile(r"([a-zA-Z0-9_-]+?)=([\"']?)([^'\"]*?)\2(?:[, ]|$)")
_NAME_AND_REST = re.compile(r"([^ =<>!~]+)?([><!=~ ].*)?$")
_NAME = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.\-]*")
_ONLY_NUMBERS = re.compile(r"[\d.]+")
_SPACE_AFTER_SIGN = re.compile(r"\s*([=<>!~,|]+)\s*")
_OPERATOR = re.compile(r"(===|==|=>|=<|<=|>=|!=|~=|=|<|>)?(.*)", re.DOTALL)
_BUILD = re.compile(r"(?:(?<=[^=<>!~,| ])=| )([^=<>~,| ]+)$")
_VERSION = re.compile(r"[A-Za-z0-9_.+!\-*]+")
_FILES = (".conda", ".tar.bz2")


@dataclass(frozen=True)
class CondaSpec:
    """
    One entry.

    Attributes:
        name: conda's, in lower case; empty where there is none.
        specifier: the versions as PEP 440 writes them; empty for any, and for what PEP 440 cannot say.
        version: as conda has it, `1.2.*`, `>=1,<2`; empty for any.
        channel: empty where none is named.
        is_file: a package file or the address of one.
        fault: why conda refuses it, a clause; empty where it does not.
        doubt: what conda takes, and not as it is meant; empty where there is nothing of the kind.
        advice: what to write instead.
    """

    name: str = ""
    specifier: str = ""
    version: str = ""
    channel: str = ""
    is_file: bool = False
    fault: str = ""
    doubt: str = ""
    advice: str = ""


def parse(text: str) -> CondaSpec:
    """Take one entry apart; never raises."""
    rest = _COMMENT.sub("", text).strip()
    if rest.endswith(_FILES):
        return CondaSpec(name=_name_of_file(rest), is_file=True)
    fault, advice = _foreign(rest)
    if fault:
        return CondaSpec(fault=fault, advice=advice)
    rest, entries, extras = _without_brackets(rest)
    *channel, rest = rest.rsplit(":", 2)  # channel:namespace:name, and namespaces have never come to mean anything
    found = _NAME_AND_REST.fullmatch(rest.strip())
    name, versions = ((found[1] or ""), (found[2] or "")) if found else ("", "")
    if not _NAME.fullmatch(name) or _ONLY_NUMBERS.fullmatch(name):
        said = f"{name!r} is no name of a package" if name else "it names no package"
        return CondaSpec(fault=said, advice="Write it as name=version.")
    version, fault, doubt = _version(entries.get("version") or versions)
    if extras and not doubt:
        doubt = f"conda knows no extras and drops [{extras}]"
    advice = _advice(text, name, extras, bool(fault or doubt))
    return CondaSpec(
        name.lower(), _as_pep440(version), version, channel[0] if channel else "", False, fault, doubt, advice
    )


def _foreign(text: str) -> tuple[str, str]:
    """Say why pip's syntax is none of conda's; empty where it is conda's."""
    below_pip = "Put it into the list below `- pip:`."
    if text.startswith("-"):
        return "conda takes no options of pip here", below_pip
    if "://" in text or " @ " in text or text.startswith("git+"):
        return "conda takes no address here, but for a .conda or .tar.bz2 file", below_pip
    if ";" in text:
        return "conda knows no markers such as `; python_version < ...`", below_pip
    if "/" in text.rpartition("::")[2]:
        return "conda takes no path here, but for a .conda or .tar.bz2 file", below_pip
    return "", ""


def _without_brackets(text: str) -> tuple[str, dict[str, str], str]:
    """Take `[version='>=1', build=x]` off; what is no such pair are extras, which only pip knows."""
    found = _BRACKETS.search(text)
    if found is None:
        return text, {}, ""
    entries = {match[1]: match[3] for match in _BRACKET_ENTRY.finditer(found[1])}
    return text.replace(found[0], ""), entries, "" if entries else found[1]


def _version(text: str) -> tuple[str, str, str]:
    """Return conda's own reading of what follows the name, why it is refused, and what it does not mean."""
    text = _SPACE_AFTER_SIGN.sub(r"\1", text.strip())
    if not text:
        return "", "", ""
    version, build = _split_build(text)
    if not version or version in ("=", "<", ">"):  # conda takes a bare sign for no version at all
        return "", "", ""
    fault = _fault(version)
    if fault:
        return version, fault, ""
    if version.startswith(("=>", "=<")):
        right = version[1] + "=" + version[2:]
        return version[1:], "", f"conda reads {version} as {version[1:]}*, which is not {right}"
    if not any(sign.isdigit() or sign == "*" for sign in version):
        return version, "", f"conda reads {version.lstrip('=')!r} as the version, and no version is called so"
    if "," not in version and "|" not in version:
        version = _single(version, build)
    return version, "", ""


def _single(version: str, build: str) -> str:
    """Of one version: `=1.2` is 1.2.*, `=1.2=build` and `1.2` are that very one."""
    if version.startswith("==="):
        return version[3:]
    if version.startswith("=="):
        return version[2:]
    if not version.startswith("="):
        return version
    bare = version[1:]
    return bare if build or bare.endswith("*") else bare.rstrip(".") + ".*"


def _split_build(text: str) -> tuple[str, str]:
    """Cut off the build, which stands after a blank or after a second `=`."""
    sign, bare = _OPERATOR.fullmatch(text).groups()  # type: ignore[union-attr]
    found = _BUILD.search(bare)
    if found:
        return (sign or "") + bare[: found.start()], found[1]
    return text.replace(" ", ""), ""


def _fault(version: str) -> str:
    parts = re.split(r"[,|]", version)
    if "" in parts:
        return f"a version is missing beside a comma in {version!r}"
    for part in parts:
        operator, bare = _OPERATOR.fullmatch(part.strip("() ")).groups()  # type: ignore[union-attr]
        if not bare:
            return f"a version is missing after {operator!r}"
        if bare.startswith("^") and bare.endswith("$"):
            continue  # a regular expression
        if any(sign in bare for sign in "<>=!~"):
            return f"{part!r} is no version; between two conditions stands a comma"
        if not _VERSION.fullmatch(bare) or ".." in bare or bare == ".":
            return f"{bare!r} is no version"
    return ""


def _advice(text: str, name: str, extras: str, is_wrong: bool) -> str:
    if extras:
        return f"Put {_COMMENT.sub('', text).strip()} into the list below `- pip:`."
    return f"Write it as {name}=1.2, {name}>=1.2,<2 or {name}." if is_wrong else ""


def _as_pep440(version: str) -> str:
    """Write conda's versions as PEP 440 does; empty where it cannot."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    if "|" in version or "^" in version:
        return ""
    parts = [_clause(part) for part in version.split(",")]
    try:
        return ",".join(part for part in parts if part and SpecifierSet(part))
    except InvalidSpecifier:
        return ""


def _clause(part: str) -> str:
    operator, bare = _OPERATOR.fullmatch(part.strip("() ")).groups()  # type: ignore[union-attr]
    if bare in ("", "*"):
        return ""
    is_open = bare.endswith("*")
    bare = bare.rstrip("*").rstrip(".")
    if operator in (None, "=", "==", "===", "!="):
        sign = "!=" if operator == "!=" else "=="
        is_open = is_open or operator == "="
        has_wildcard = is_open and re.fullmatch(
            r"v?(\d+!)?\d+(\.\d+)*", bare
        )  # PEP 440 has it after plain numbers only
        return f"{sign}{bare}.*" if has_wildcard else f"{sign}{bare}"
    return f"{operator}{bare}"


def _name_of_file(text: str) -> str:
    """`numpy` of `https://host/linux-64/numpy-1.2-py38_0.tar.bz2`."""
    stem = re.split(r"[/\\]", text)[-1]
    for ending in _FILES:
        stem = stem.removesuffix(ending)
    parts = stem.rsplit("-", 2)
    return parts[0].lower() if len(parts) == 3 else ""

"""
Reads a conda file: which Python, which packages, which channels, what pip gets; and what conda or pip would refuse.

`conda_spec.py` reads an entry of conda's own, `pip_line.py` one of pip's. No channel is looked at, nothing is installed.

Source: conda 26.7.1, env/env.py `validate_keys`, `dependencies_validation` and `Dependencies`; env/installers/pip.py.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from pathlib import Path

from amlemu.azure import conda_spec, marked
from amlemu.azure.conda_names import conda_has
from amlemu.azure.marked import Value
from amlemu.azure.pip_file import Gathered, contradictions
from amlemu.azure.requirements import Requirement, Requirements
from amlemu.finding import CANNOT_BUILD, Finding, Place, Severity

_KEYS = ("name", "channels", "dependencies", "prefix", "variables")
# Keys of conda-lock, mamba and MLflow, which conda prints a line about; nobody means another key by them.
_OTHERS_KEYS = ("platforms", "category", "platform")
_PUBLIC = ("anaconda", "conda-forge", "defaults", "intel", "main", "msys2", "nodefaults", "nvidia", "pytorch", "r")
_BELOW = "Write a list below `- pip:`, indented further than it."


def read(path: Path) -> Requirements:
    """
    Read a conda file.

    Raises:
        Unreadable: it is not there, or no YAML; what is wrong inside is among the findings.
    """
    text = marked.read_text(path)
    return _requirements(marked.parse(text, path), Place(path), text)


def from_value(value: Value, path: Path) -> Requirements:
    """Read a conda specification that stands inside another file; its place is that of the mapping."""
    return _requirements(value, Place(path, value.line), "")


def _requirements(value: Value, place: Place, text: str) -> Requirements:
    reading = _Reading(place.file)
    if isinstance(value.content, dict) and value.get("build_dependencies") is not None:
        cause = "this is the python_env file of an MLflow model, which conda does not read"
        reading.say("error", "conda-no-conda-file", cause, 0, "The conda.yaml beside it says the same for conda.")
    elif isinstance(value.content, dict):
        reading.take(value)
    else:
        what = "a list" if isinstance(value.content, list) else "a text"
        cause = f"this is {what}, and a conda file is a mapping with `dependencies`"
        reading.say("error", "conda-no-mapping", cause, value.line, "Begin with `dependencies:`.")
    gathered = reading.pip
    return Requirements(
        place=place,
        entries=(*reading.conda, *gathered.entries),
        name=value.text("name"),
        channels=tuple(str(channel.content) for channel in (value.get("channels") or Value([], 0)).values()),
        python=reading.python,
        pip_options=tuple(gathered.options),
        findings=(*reading.findings, *gathered.findings, *contradictions(gathered)),
        text=text or _as_text(value),
    )


@dataclass
class _Reading:
    """What has been read of one file so far."""

    path: Path
    python: str | None = None
    conda: list[Requirement] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    pip: Gathered = field(init=False)
    is_public: bool = True
    pip_line: int = 0

    def __post_init__(self) -> None:
        self.pip = Gathered((self.path.parent,))

    def take(self, value: Value) -> None:
        self._keys(value)
        self._channels(value.content.get("channels"))
        dependencies = value.content.get("dependencies")
        if dependencies is None:
            cause = "this conda file has no `dependencies`, so nothing would be installed"
            self.say("error", "conda-no-dependencies", cause, value.line, "Add `dependencies:` with a list.")
        elif not isinstance(dependencies.content, list):
            cause = "`dependencies` has to be a list, each entry after a dash"
            self.say("error", "conda-no-list", cause, dependencies.line, "Write `- python=3.10` and so on below it.")
        else:
            for entry in dependencies.values():
                self._entry(entry)

    def say(self, severity: Severity, rule: str, cause: str, line: int, fix: str = "") -> None:
        self.findings.append(Finding(severity, rule, cause, Place(self.path, line), CANNOT_BUILD, fix))

    def _keys(self, value: Value) -> None:
        for key, entry in value.items():
            if key in _KEYS or key in _OTHERS_KEYS:
                continue
            if key == "pip":
                fix = "Make it an entry of `dependencies`: `- pip:`, with its list below."
                self.say(
                    "error", "conda-pip-outside", "conda does not see a `pip` outside `dependencies`", entry.line, fix
                )
                continue
            near = difflib.get_close_matches(key.lower(), _KEYS, 1, 0.6)
            meant = f"; did you mean {near[0]}" if near else ""
            self.say("warning", "conda-unknown-key", f"conda ignores {key}{meant}", entry.line)

    def _channels(self, channels: Value | None) -> None:
        if channels is None or channels.content is None:
            return
        if not isinstance(channels.content, list):
            cause = "`channels` has to be a list, each entry after a dash"
            self.say("error", "conda-no-list", cause, channels.line, "Write `- conda-forge` below it.")
            return
        for channel in channels.values():
            if not isinstance(channel.content, str):
                cause = f"a channel has to be a text, and this is {channel.plain!r}"
                self.say("error", "conda-entry", cause, channel.line, "Write its name or address.")
        self.is_public = all(str(channel.plain).partition("/")[0] in _PUBLIC for channel in channels.values())

    def _entry(self, entry: Value) -> None:
        if isinstance(entry.content, str):
            self._conda_entry(entry.content, entry.line)
        elif isinstance(entry.content, dict):
            for key, below in entry.items():
                if key == "pip":
                    self._pip_list(below)
                else:
                    self._no_installer(key, below)
        else:
            said = "nothing" if entry.content is None else repr(entry.plain)
            self.say(
                "error",
                "conda-entry",
                f"conda wants a text here, and there is {said}",
                entry.line,
                "Write name=version.",
            )

    def _no_installer(self, key: str, below: Value) -> None:
        """`- numpy: 1.2`, which YAML reads as a mapping."""
        if isinstance(below.content, (dict, list)):
            cause, fix = f"conda knows no installer {key}, only pip", "Indent conda's own packages like the others."
        else:
            version = "" if below.content is None else f"={below.plain}"
            cause, fix = f"`{key}:` makes a mapping of this entry", f"Write {key}{version}."
        self.say("error", "conda-entry", cause, below.line, fix)

    def _conda_entry(self, text: str, line: int) -> None:
        spec = conda_spec.parse(text)
        if spec.fault:
            self.say("error", "conda-spec", f"conda cannot read {text}: {spec.fault}", line, spec.advice)
            return
        if spec.doubt:
            self.say("warning", "conda-spec", f"{text} is not what it looks like: {spec.doubt}", line, spec.advice)
        if spec.name == "python":
            self.python = spec.specifier
        elif spec.name != "pip":
            self._named_so(spec, line)
            place = Place(self.path, line)
            self.conda.append(Requirement(spec.name, spec.specifier, text, "conda", place, is_elsewhere=spec.is_file))

    def _named_so(self, spec: conda_spec.CondaSpec, line: int) -> None:
        called = conda_has(spec.name)
        if called is None or spec.is_file or not self.is_public or spec.channel not in ("", *_PUBLIC):
            return
        cause = f"conda has no package {spec.name}" + (
            f"; there it is called {called}" if called else ", only pip has it"
        )
        fix = (
            f"Write {called}, or put {spec.name} below `- pip:`." if called else "Put it into the list below `- pip:`."
        )
        self.say("error", "conda-no-package", cause, line, fix)

    def _pip_list(self, below: Value) -> None:
        if self.pip_line:
            cause = f"conda takes one `pip` list, and this one replaces that of line {self.pip_line}"
            self.say("error", "conda-pip-twice", cause, below.line, "Make one list of them.")
        self.pip_line = below.line
        if below.content is None:
            cause = "there is no list below `- pip:`, so that pip installs nothing"
            self.say("warning", "conda-pip-empty", cause, below.line, _BELOW)
            return
        if not isinstance(below.content, list):
            self.say("error", "conda-no-list", "`pip` has to be a list, each entry after a dash", below.line, _BELOW)
            return
        self.pip.take(self._pip_lines(below), self.path)
        for place, text in self.pip.local:
            cause = f"Azure gets this file alone, so pip will not find what {text} names"
            fix = "List the requirements here, or build the environment from a folder with a Dockerfile."
            if not any(found.place == place for found in self.pip.findings):
                self.findings.append(Finding("warning", "conda-file-alone", cause, place, CANNOT_BUILD, fix))

    def _pip_lines(self, below: Value) -> list[tuple[int, str]]:
        lines = []
        for entry in below.values():
            if isinstance(entry.content, str):
                lines += [(entry.line, line) for line in entry.content.splitlines()]
            else:
                cause = f"pip wants a text here, and there is {entry.plain!r}"
                self.say("error", "conda-entry", cause, entry.line, "Write name==version, without a colon.")
        return lines


def _as_text(value: Value) -> str:
    import yaml

    return str(yaml.safe_dump(value.plain, sort_keys=False))

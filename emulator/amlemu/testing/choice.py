"""
What a test asks for: its marker, then pytest's ini, then the project's `[tool.amlemu]`; and what the command line says to all of them.

Values only; `warm.py` makes hosts of them.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from amlemu import profile_file, project_file
from amlemu.errors import UsageError

TARGETS = ("inprocess", "worker", "container")
"""The ladder that tests climb: each is nearer to the cloud, and slower. Above them all is a URL."""
_PATHS = ("script", "deployment", "model_dir", "code")
_KINDS = {"workers": int, "auth": str, "fresh": bool}
_EXAMPLES = {"workers": "2", "auth": '"key"', "fresh": "True"}
_MAPPINGS = ("models", "env", "settings", "request_settings")
_CANDIDATES = ("score.py", "*/score.py", "*/*/score.py", "deployment.y*ml", "*/deployment.y*ml")
# A test is no load: what counts requests a second is off unless a test is about it.
_UNLIMITED = {
    f"limits.{name}": "0" for name in ("requests_per_second", "new_connections_per_second", "open_connections")
}


@dataclass(frozen=True)
class Choice:
    """
    One deployment and who is to answer for it. Mappings are tuples of pairs, so that equal choices are one host.

    Attributes:
        script: of the scoring script; or
        deployment: one of Azure's files.
        code, model_dir, models, env, python, workers: as `amlemu.serve` takes them.
        profile: which cloud; empty is the deployment's own, else managed.
        settings: values of the profile to override; rates are off unless they are here.
        request_settings: the deployment's own limits.
        auth: who must show a key; None nobody.
        target: one of TARGETS, or a URL.
        fresh: not shared with other tests.
    """

    script: str = ""
    deployment: str = ""
    code: str = ""
    model_dir: str = ""
    models: tuple[tuple[str, str], ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    python: str = ""
    workers: int | None = None
    profile: str = ""
    settings: tuple[tuple[str, str], ...] = ()
    request_settings: tuple[tuple[str, int], ...] = ()
    auth: str | None = None
    target: str = ""
    fresh: bool = False

    @property
    def file(self) -> str:
        """What is served. Raises UsageError where nothing is named, or two things are."""
        if self.script and self.deployment:
            raise UsageError("a test has a script or a deployment, not both", where=f"{self.script}, {self.deployment}")
        return self.script or self.deployment

    @property
    def is_remote(self) -> bool:
        """Whether somebody at a URL answers."""
        return "://" in self.target

    def wishes(self) -> dict[str, Any]:
        """Return it as `amlemu.serve` takes it, without script and target."""
        return {
            "code": self.code or None,
            "model_dir": self.model_dir or None,
            "models": dict(self.models) or None,
            "env": dict(self.env),
            "python": self.python or None,
            "workers": self.workers,
            "profile": self.profile or None,
            "settings": {**_UNLIMITED, **dict(self.settings)},
            "request_settings": dict(self.request_settings),
            "auth": self.auth,
        }


@dataclass(frozen=True)
class Layer:
    """
    What one place says of a test.

    Attributes:
        where: it stands, for messages.
        values: by the names of ARGUMENTS.
        places: folders that its relative paths may be relative to; the first in which there is such a path counts.
    """

    where: str
    values: Mapping[str, Any]
    places: Sequence[Path] = ()


ARGUMENTS = tuple(field.name for field in fields(Choice))
"""What a marker and `make_endpoint` take."""


def merged(layers: Iterable[Layer]) -> Choice:
    """
    Put layers on each other, the first one lowest; of a mapping the entries add up.

    Raises:
        UsageError: there is no such argument, or no such path.
    """
    choice = Choice()
    for layer in layers:
        values = layer.values
        for name, value in values.items():
            choice = replace(choice, **{name: _value(choice, layer, name, value)})
        if values.get("script") and not values.get("deployment"):  # who names the one does not mean the other any more
            choice = replace(choice, deployment="")
        elif values.get("deployment") and not values.get("script"):
            choice = replace(choice, script="")
    return choice


def of_project(file: str) -> Layer:
    """Return what `[tool.amlemu]` says to a test: what it says to `amlemu serve` of script and profile. Raises UsageError."""
    options = project_file.load(Path(file).parent).options
    names = ("profile", "model_dir", "code", "python")
    found: dict[str, Any] = {name: options[name] for name in names if options.get(name)}
    for name, ours in (("env", "env"), ("set", "settings")):
        found[ours] = dict(word.partition("=")[::2] for word in options.get(name, ()))
    return Layer("[tool.amlemu]", found)


def climbed(asked: str, commanded: str) -> str:
    """
    Return where a test runs: what the command line says, but never lower than the test itself asks for.

    A test that is marked with `worker` needs one: it ends its process, say. The command line moves it up to the container.
    """
    if not asked or not commanded or "://" in commanded or commanded not in TARGETS or asked not in TARGETS:
        return commanded or asked or TARGETS[0]
    return max(asked, commanded, key=TARGETS.index)


def commanded(choice: Choice, target: str, profile: str) -> Choice:
    """
    Return a choice with what the command line says to all tests: who answers, and which cloud, whatever a test says.

    A URL is a cloud already: only a profile of the command line puts a front door of ours before it.
    """
    found = replace(choice, target=climbed(choice.target, target))
    if profile or found.is_remote:
        return replace(found, profile=profile)
    return found


def nothing_named(root: Path) -> UsageError:
    """Say that a test has no script, and which there are."""
    found = sorted(str(path.relative_to(root)) for pattern in _CANDIDATES for path in root.glob(pattern))[:5]
    there = f" Found: {', '.join(found)}." if found else ""
    hint = (
        'Mark the test with @pytest.mark.amlemu(script="score.py"), or say it for all of them in pytest\'s configuration: '
        f"amlemu_script = score.py; amlemu_deployment takes a deployment.yml.{there}"
    )
    return UsageError("this test names no scoring script", hint=hint)


def check_target(word: str, where: str) -> str:
    """Return a target. Raises UsageError for what is none."""
    if word and word not in TARGETS and not word.startswith(("http://", "https://")):
        expected = f"Expected one of {', '.join(TARGETS)}, or a URL."
        raise UsageError(f"{word!r} is no target{_meant(word, TARGETS)}", where=where, expected=expected)
    return word


def check_profile(word: str, where: str) -> None:
    """Raise UsageError for what is no profile."""
    if word:
        try:
            profile_file.load(word)
        except UsageError as error:
            raise UsageError(error.what, where=where, expected=error.expected, hint=error.hint) from None


def _value(choice: Choice, layer: Layer, name: str, value: Any) -> Any:
    """Return a value as a choice has it. Raises UsageError."""
    if name not in ARGUMENTS:
        what = f"there is no argument {name!r}{_meant(name, ARGUMENTS)}"
        raise UsageError(what, where=layer.where, expected=f"It takes {', '.join(ARGUMENTS)}.")
    if value is None or value == "":
        return getattr(Choice(), name)
    if name == "target":
        return check_target(str(value), layer.where)
    if name in _MAPPINGS:
        return tuple(sorted({**dict(getattr(choice, name)), **_entries(layer, name, value)}.items()))
    if name in _KINDS:
        return _checked(layer, name, value)
    is_path = name in _PATHS or (name == "profile" and str(value).endswith(".toml"))
    return _found(str(value), layer, name) if is_path else str(value)


def _entries(layer: Layer, name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise UsageError(f"{name} is no mapping", where=layer.where, expected=f'Expected {name}={{"name": "value"}}.')
    wrong = next((key for key, one in value.items() if not isinstance(key, str) or one is None), "")
    if wrong:
        what = f"{name} has {wrong!r}: {value[wrong]!r}, and wants texts"
        raise UsageError(what, where=layer.where, expected=f'Expected {name}={{"name": "value"}}.')
    if name == "request_settings":
        return dict(value)
    if name == "models":
        return {key: _found(str(one), layer, name) for key, one in value.items()}
    return {
        key: str(one).lower() if isinstance(one, bool) and name == "settings" else str(one)
        for key, one in value.items()
    }


def _checked(layer: Layer, name: str, value: Any) -> Any:
    kind = _KINDS[name]
    if type(value) is not kind:
        what = f"{name}={value!r} is no {kind.__name__}"
        raise UsageError(what, where=layer.where, expected=f"Expected {name}={_EXAMPLES[name]}.")
    return value


def _found(word: str, layer: Layer, name: str) -> str:
    """Return the absolute path that a relative one means."""
    tried = list(dict.fromkeys(Path(os.path.abspath(place / word)) for place in layer.places or (Path(),)))
    for path in tried:
        if path.exists():
            return str(path)
    folder = tried[0].parent
    near = difflib.get_close_matches(tried[0].name, os.listdir(folder), 1) if folder.is_dir() else []
    hint = f"Did you mean {near[0]}?" if near else f"Looked for {' and '.join(map(str, tried))}."
    raise UsageError(f"no such file or folder: {word}", where=f"{layer.where}, {name}", hint=hint)


def _meant(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, known, 1)
    return f"; did you mean {near[0]}?" if near else ""

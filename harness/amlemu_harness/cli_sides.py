"""
The two sides of `amlemu parity`, made of what was typed: which server stands for which word of `--against`.

`cli_parity.py` is the command.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amlemu import choices as choosing
from amlemu import cli_plan, profile_file
from amlemu.choices import MADE, Choices
from amlemu.deployment import Deployment
from amlemu.errors import UsageError
from amlemu.finding import shown

from amlemu_harness.parity.judging import rules
from amlemu_harness.parity.judging.rules import Rules
from amlemu_harness.parity.recordings import recording
from amlemu_harness.parity.sides import azmlinfsrv
from amlemu_harness.parity.sides.lives import Lives
from amlemu_harness.parity.sides.ours import Ours
from amlemu_harness.parity.sides.remote import KEY_VARIABLE, Remote
from amlemu_harness.parity.sides.served import Served
from amlemu_harness.settings import PARITY_SETTINGS

if TYPE_CHECKING:
    from amlemu.azure.requirements import Requirements

    from amlemu_harness.parity.recordings.recording import Recording
    from amlemu_harness.parity.run import Look
    from amlemu_harness.parity.sides.side import Side
    from amlemu_harness.parity.verdict import Verdict

_OF_SERVE = ("deployment_name", "endpoint_name", "model_dir", "model", "model_layout", "with", "code", "env")
_RULES_FILE = "parity.toml"
_WRITTEN = ("record", "junit", "html")


@dataclass(frozen=True)
class Task:
    """What was asked for, read and checked. `against` is `azmlinfsrv`, `image`, `url` or `recording`."""

    given: Mapping[str, Any]
    against: str
    choices: Choices
    served: Served
    rules: Rules
    lives: Lives

    @property
    def secrets(self) -> tuple[str, ...]:
        """What stands in no file and no report."""
        return (_key(),) if _key() else ()


def task(file: str, given: dict[str, Any]) -> Task:
    """Read what was typed, and the files that it names. Raises UsageError."""
    against = _kind(given)
    if against == "recording" and given["record"]:
        raise UsageError("a recording is made of a server, not of a recording", where="--record beside --against FILE")
    choices = cli_plan.choices_of(file, given)
    served = _served(choices, given)
    return Task(given, against, choices, served, _rules(served, given), Lives())


def _kind(given: Mapping[str, Any]) -> str:
    word = given["against"]
    if given["image"] and word in ("azmlinfsrv", "image"):
        return "image"
    if word in ("azmlinfsrv", "image"):
        return str(word)
    if "://" in word:
        return "url"
    if recording.is_recording(Path(word)):
        return "recording"
    what = "it is no recording" if Path(word).exists() else "there is no such file"
    expected = "Expected azmlinfsrv, image, a URL, or a file that --record has written."
    raise UsageError(what, where=f"--against {word}", expected=expected)


def _served(choices: Choices, given: Mapping[str, Any]) -> Served:
    """Return what both sides serve; the probe's copy of it is read in threads, where click knows no command."""
    deployment = cli_plan.deployment_of(choices)
    sources = {**cli_plan.sources(), "python": "flag"}
    fixed = {**given, "python": str(deployment.python)}

    def read(file: Path, words: tuple[str, ...]) -> Deployment:
        code = next((word.partition("=")[2] for word in words if word.startswith("--code=")), None)
        return cli_plan.deployment_of(choosing.choose(str(file), {**fixed, "code": code}, sources))

    words = (*_words(given, sources), f"--python={deployment.python}")
    project = choices.project.file
    return Served(
        file=Path(os.path.abspath(choices.file)),
        words=words,
        read=read,
        deployment=deployment,
        layout=str(choices.options["layout"]),
        beside=() if project is None else (project,),
    )


def _words(given: Mapping[str, Any], sources: Mapping[str, str]) -> Iterator[str]:
    """Yield the options of a deployment as `amlemu serve` takes them, those that somebody gave."""
    for setting in PARITY_SETTINGS:
        if setting.name in _OF_SERVE and sources.get(setting.name):
            values = given[setting.name] if setting.repeats else (given[setting.name],)
            yield from (f"{setting.flag}={value}" for value in values)


def _rules(served: Served, given: Mapping[str, Any]) -> Rules:
    path = Path(given["rules"]) if given["rules"] else served.file.parent / _RULES_FILE
    found = rules.load(path) if given["rules"] or path.is_file() else Rules()
    if not given["tolerance"]:
        return found
    return replace(found, tolerances=(*found.tolerances, rules.Tolerance("*", relative=given["tolerance"])))


def ours(task: Task, recorded: Recording | None) -> Side:
    """Return the emulator, with the profile that fits the other side. Raises UsageError for a profile that is none."""
    kind = recorded.record.facts.get("against", "azmlinfsrv") if recorded is not None else task.against
    by_default = {"image": "image", "url": task.choices.options["profile"]}.get(kind, "bare")
    key = _key() if kind == "url" else ""
    profile = str(task.given["profile"] or by_default)
    profile_file.load(profile)  # looked at before a server that cannot have it would be a difference
    return Ours(
        task.served,
        profile,
        task.given["wait"],
        task.lives,
        key=key,
        headers=_headers(task.given, key),
        variables=azmlinfsrv.VARIABLES if kind == "azmlinfsrv" else {},
    )


def theirs(task: Task) -> Side:
    """Return the reference. Raises AmlemuError where it cannot be had."""
    given = task.given
    if task.against == "url":
        return Remote(given["against"], _headers(given, _key()))
    if task.against == "image":
        return _contained(task)
    server = Path(given["server"]) if given["server"] else None
    return azmlinfsrv.Azmlinfsrv(task.served, server, given["wait"], task.lives)


def _contained(task: Task) -> Side:
    """Return the container; its image is built where something of it has changed."""
    from amlemu_harness import cli_container
    from amlemu_harness.engine import connect
    from amlemu_harness.parity.sides.contained import Contained, Inside

    engine, given, choices = connect(), task.given, task.choices
    image = given["image"] or cli_container.built(engine, choices, task.served.deployment, given)
    inside = Inside(engine, image, choices.said, mounts=not cli_container.has_code(engine, image))
    return Contained(task.served, inside, given["wait"], task.lives)


def look(task: Task) -> Look:
    """Return how the surroundings, and installed packages, are compared."""
    from amlemu_harness import cli_image
    from amlemu_harness.parity.judging import drift, surroundings
    from amlemu_harness.parity.run import Look

    asked = cli_image.requirements_of(task.choices)
    nature: surroundings.Nature = "container" if task.against == "image" else "same machine"
    own = tuple(task.served.deployment.environment)
    is_made = task.choices.origins["python"] == MADE

    def judge(
        theirs: Mapping[str, Any] | None, ours: Mapping[str, Any] | None
    ) -> tuple[Sequence[Verdict], Sequence[str]]:
        around, remarks = surroundings.judge_surroundings(theirs, None, ours, nature=nature, own=own)
        there, here = (None if one is None else one.get("packages") for one in (theirs, ours))
        installed, more = drift.judge_packages(there, here, asked)
        hint = [_made_alike(asked)] if asked and installed.differences and not is_made else []
        return (around, installed), (*remarks, *more, *hint)

    return Look(surroundings.PROBE, judge)


def _made_alike(asked: Requirements) -> str:
    file = shown(str(asked.place.file))
    return (
        f"packages: amlemu env create {file} makes an environment of what is asked for; a run without --python takes it"
    )


def fingerprints(task: Task) -> Mapping[str, str]:
    """Return what a recording is made of: SHA-256 by path, of code, models and Azure's files; not of what this command writes there."""
    from amlemu_harness.uploaded import Upload

    deployment, root = task.served.deployment, task.served.file.parent
    files = {os.path.relpath(path, root): path for path in Upload(deployment.code).files().values()}
    files |= {os.path.relpath(path, root): path for path in deployment.files}
    for model in deployment.models:
        inside = Upload(model.path).files() if model.path.is_dir() else {"": model.path}
        files |= {f"models/{model.name}/{model.version}/{name}".rstrip("/"): path for name, path in inside.items()}
    written = {os.path.realpath(task.given[name]) for name in _WRITTEN if task.given[name]}
    kept = {
        name: path
        for name, path in files.items()
        if os.path.realpath(path) not in written and not recording.is_recording(path)
    }
    return recording.fingerprints(kept)


def _key() -> str:
    return os.environ.get(KEY_VARIABLE, "")


def _headers(given: Mapping[str, Any], key: str) -> tuple[tuple[str, str], ...]:
    """Return what every request has besides. Raises UsageError for what is no header."""
    found = [] if not key else [("Authorization", f"Bearer {key}")]
    for word in given["header"]:
        name, colon, value = word.partition(":")
        if not colon or not name.strip() or "\n" in word or "\r" in word:
            raise UsageError(f"{word!r} is no header", where="--header", expected="Expected NAME: VALUE.")
        found.append((name.strip(), value.strip()))
    return tuple(found)

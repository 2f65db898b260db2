"""
`Model.package()` of `amlemu.v1`: an image with script and models baked in, or the files that Docker builds it of.

Found by the emulator through the entry-point group `amlemu.packages`, which names this module: `image` and `files` are what it calls.
`packages.py` says what is baked in, `images.py` builds it.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amlemu import choices
from amlemu.azure import served
from amlemu.azure.description import EnvironmentSaid
from amlemu.azure.requirements import Requirements
from amlemu.deployment import Deployment
from amlemu.errors import UsageError

from amlemu_harness import images
from amlemu_harness.engine import connect
from amlemu_harness.images import Wishes
from amlemu_harness.progress import Lines

_DEBUGGERS = ("ptvsd", "debugpy")
_NAME = "package"


@dataclass(frozen=True)
class Parts:
    """What an image is made of."""

    deployment: Deployment
    requirements: Requirements | None
    environment: EnvironmentSaid | None
    wishes: Wishes


def image(file: str, options: Mapping[str, Any], tag: str, say: Callable[[str], None]) -> tuple[str, str]:
    """
    Build the image.

    Args:
        file: an inferenceconfig.json.
        options: of `serve`, those that were chosen: `model`, a list of NAME:VERSION=PATH.
        tag: its name.
        say: hears of the steps.

    Returns:
        Its name, and its id, `sha256:...`.

    Raises:
        EngineMissing: no Docker engine answers.
        AmlemuError: it is not usable as given, or a step of the build has failed.
    """
    parts = read(file, options, tag)
    engine = connect()
    try:
        made = images.make(
            engine,
            parts.deployment,
            parts.requirements,
            parts.environment,
            parts.wishes,
            progress=Lines(say, verbose=True),
        )
    finally:
        engine.close()
    return made.name, made.id


def files(file: str, options: Mapping[str, Any], folder: Path) -> None:
    """
    Write the Dockerfile and all that it copies into a folder; no engine is asked.

    Raises:
        UsageError: it is not usable as given.
        OSError: the folder cannot be written.
    """
    parts = read(file, options, "")
    base = images.chosen(parts.requirements, parts.environment, parts.wishes)
    plan = images.planned(base, parts.deployment, parts.requirements, parts.wishes)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Dockerfile").write_text(plan.dockerfile, encoding="utf-8")
    for inside, content in plan.files.items():
        target = folder / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            target.write_bytes(content)
        elif content.is_dir():
            shutil.copytree(content, target, dirs_exist_ok=True)
        else:
            shutil.copy2(content, target)
    if plan.arguments:  # values of several lines, which no Dockerfile can hold: docker build --build-arg
        (folder / "build-arguments.json").write_text(json.dumps(dict(plan.arguments), indent=2), encoding="utf-8")


def read(file: str, options: Mapping[str, Any], tag: str) -> Parts:
    """
    Return what an image is made of.

    Raises:
        UsageError: the files leave nothing to serve, or a model cannot be found.
    """
    from amlemu_harness.cli_image import environment_of, requirements_of, wishes_of
    from amlemu_harness.served import wished

    given = {name: tuple(one) if isinstance(one, list) else one for name, one in options.items()}
    chosen = choices.choose(file, given, dict.fromkeys(given, "flag"))
    if chosen.said is None:
        raise UsageError("a package is made of an inferenceconfig.json", where=file)
    named = dict(word.partition("=")[::2] for word in given.get("model", ()))
    deployment = served.to_deployment(chosen.said, models=named, known=chosen.project.models, endpoint=_NAME)
    asked = requirements_of(chosen)
    debugs = asked is not None and any(asked.find(name) is not None for name in _DEBUGGERS)
    said = {**wished(os.environ), "tag": tag, "package": True, "debug": debugs}
    return Parts(deployment, asked, environment_of(chosen), wishes_of(said))

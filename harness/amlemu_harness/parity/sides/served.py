"""
What both sides serve: a deployment as it was named on the command line, and the same with a probe in the script's place.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from amlemu.deployment import Deployment

from amlemu_harness.parity.sides.mirrored import Mirror

_SCRIPTS_FOLDER = "--code"


@dataclass(frozen=True)
class Served:
    """
    A script or one of Azure's files, and the options that say more of it.

    Attributes:
        file: absolute.
        words: options of `amlemu serve`, flag and value in one, `--env=A=1`.
        read: reads a file with these options again.
        deployment: what `file` comes to.
        layout: where the script believes to be, as `--layout` has it.
        beside: other files that say something of it, and have to be found from `file`.
    """

    file: Path
    words: tuple[str, ...]
    read: Callable[[Path, tuple[str, ...]], Deployment]
    deployment: Deployment
    layout: str = "auto"
    beside: tuple[Path, ...] = ()

    def with_probe(self, probe: Path) -> tuple[Served, Path]:
        """Return the same with another script at the script's place, and the folder that is to be removed afterwards."""
        one = self.deployment
        named = [self.file, one.code, *(model.path for model in one.models), *one.files, *self.beside]
        mirror = Mirror(one.script, probe, named)
        words = tuple(_moved(word, mirror) for word in self.words)
        file = mirror.of(self.file)
        return replace(self, file=file, words=words, deployment=self.read(file, words)), mirror.folder


def _moved(word: str, mirror: Mirror) -> str:
    flag, _, value = word.partition("=")
    return f"{flag}={mirror.of(Path(os.path.abspath(value)))}" if flag == _SCRIPTS_FOLDER else word

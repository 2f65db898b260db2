"""
The examples as deployments whose answers are compared: what their READMEs serve, asked what lies beside them and what is made for any.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from amlemu import deployment, project_file
from amlemu.azure import files
from amlemu.azure import served as azure_served
from amlemu.azure.description import Description
from amlemu.azure.paths import is_azure_file
from amlemu.deployment import Deployment
from amlemu_harness.parity.case import Case
from amlemu_harness.parity.cases import folder as beside
from amlemu_harness.parity.cases.bodies import content_type
from amlemu_harness.parity.cases.find import named_once
from amlemu_harness.parity.cases.generated import generated, kind_of
from amlemu_harness.parity.judging.rules import Exemption, Rules
from amlemu_harness.parity.sides.served import Served

from ..contract.targets import REPOSITORY

EXAMPLES = REPOSITORY / "examples"
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/cases"))
EXEMPT = {
    "registered": Rules(
        (
            Exemption(
                "start",
                "*",
                "azureml-core looks for models below its working folder, which in a v2 deployment is the code's; amlemu finds them, and says so",
                date(2026, 11, 22),
            ),
        )
    )
}
_SERVED = ("deployment.yml", "endpoint.yml", "inferenceconfig.json", "score.py")
_TRAINING_S = 120


@dataclass(frozen=True)
class Example:
    """One of them. `said` is what Azure's files say; None where a script is served."""

    served: Served
    said: Description | None

    def cases(self) -> list[Case]:
        """Return what it is asked."""
        script, file = self.served.deployment.script, self.served.file
        folders = [file.parent, script.parent]
        found = beside.sample(folders)
        path, body = found if found is not None else (file, b"")
        kind = kind_of(script.read_text(encoding="utf-8"))
        return named_once([*beside.beside(folders), *generated(kind, body, content_type(path, body), None)])


def rules(name: str) -> Rules:
    """Return what is exempt for an example, with reasons."""
    return EXEMPT.get(name, Rules())


def example(name: str, python: Path, folder: Path) -> Example:
    """Return an example, copied below a folder, as both sides serve it by the same interpreter."""
    copy = _copied(name, folder)
    file = next(copy / one for one in _SERVED if (copy / one).exists())
    is_azures = is_azure_file(file)
    model = None if is_azures else _model(copy)

    def read(file: Path, words: tuple[str, ...]) -> Deployment:
        if is_azures:
            known = project_file.load(file.parent).models
            return azure_served.to_deployment(files.describe(file), known=known, python=python)
        return deployment.from_script(file, python=python, model_dir=model)

    words = (f"--python={python}", *([f"--model-dir={model}"] if model is not None else []))
    beside = tuple(copy.glob("pyproject.toml"))
    served = Served(file, words, read, read(file, ()), beside=beside)
    return Example(served, files.describe(file) if is_azures else None)


def _copied(name: str, folder: Path) -> Path:
    """Copy an example for everybody to read: a container's user has to."""
    ignored = shutil.ignore_patterns(
        ".amlemu", "__pycache__", "model" if (EXAMPLES / name / "train.py").exists() else ""
    )
    copy = shutil.copytree(EXAMPLES / name, folder / name, ignore=ignored)
    if (copy / "train.py").exists():
        subprocess.run([sys.executable, str(copy / "train.py")], check=True, timeout=_TRAINING_S)
    for one in (folder.parent, folder, copy, *copy.rglob("*")):
        one.chmod(0o755)
    return copy


def _model(copy: Path) -> Path | None:
    return copy / "model" if (copy / "train.py").exists() else next(copy.glob("models/*/*"), None)

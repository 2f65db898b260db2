"""
What the doctor looks at: the script and its siblings as text and tree, what their environment asks for, the models. Never run.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from amlemu.azure.requirements import Requirements
from amlemu.finding import Place
from amlemu.models import Model

if TYPE_CHECKING:
    from amlemu.azure.description import Description


@dataclass(frozen=True)
class Source:
    """
    One Python file.

    Attributes:
        path: absolute.
        text: decoded; empty where it cannot be.
        tree: None where it does not parse.
        module: its name from the app root, `helpers.words`; empty for the scoring script.
    """

    path: Path
    text: str
    tree: ast.Module | None
    module: str = ""

    def at(self, node: ast.AST | int) -> Place:
        """Return the place of a node, or of a line."""
        return Place(self.path, node if isinstance(node, int) else getattr(node, "lineno", 0))


@dataclass(frozen=True)
class Subject:
    """
    A deployment as it lies on the disk.

    Attributes:
        script: None where there is none to look at (that is a finding of its own).
        siblings: modules that the script imports, directly or through each other, and that the app root can import.
        code: the folder that is deployed.
        app_root: the folder that is the working folder and import root: the script's own, unless it is said otherwise.
        models: what will lie below azureml-models, as far as it was found.
        requirements: what its environment is made of; None where that is unknown (an image, a registered environment).
        variables: what the deployment sets.
        python: the interpreter that would run the script on this machine.
        description: what Azure's files say; None for a script alone.
        folder: where the person's files are: the deployment file's folder, or the script's.
        kind: `managed`, `kubernetes`, `aks`, `aci`, `local`; `managed` where nothing says so.
    """

    script: Source | None
    code: Path
    app_root: Path
    python: Path
    folder: Path
    siblings: tuple[Source, ...] = ()
    models: tuple[Model, ...] = ()
    requirements: Requirements | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    description: Description | None = None
    kind: str = "managed"

    @property
    def sources(self) -> tuple[Source, ...]:
        """The script and its siblings, those that parse."""
        every = (self.script, *self.siblings)
        return tuple(source for source in every if source is not None and source.tree is not None)

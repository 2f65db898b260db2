"""
`azureml.core.experiment.Experiment`: a name for runs on this machine. Nothing is submitted to a cluster.

Source: azureml-core 1.61, azureml/core/experiment.py.
"""

from __future__ import annotations

import re
from typing import Any, NoReturn

from amlemu.v1 import place
from amlemu.v1.exceptions import UserErrorException
from amlemu.v1.run import Run
from amlemu.v1.workspace import Workspace

_NAME = re.compile(r"[a-zA-Z0-9][\w\-]{0,254}")


class Experiment:
    """Runs of one name."""

    def __init__(self, workspace: Workspace, name: str, **_: Any) -> None:
        """Raises UserErrorException for a name that Azure would refuse."""
        if not _NAME.fullmatch(name):
            what = f"{name!r} is no name of an experiment"
            raise UserErrorException(
                what, hint="Expected letters, digits, dashes and underscores, a letter or digit first."
            )
        self.workspace, self.name = workspace, name

    def start_logging(self, *args: Any, **_: Any) -> Run:
        """Begin a run of this program."""
        return Run.begin(self)

    def submit(self, config: Any, tags: Any = None, **_: Any) -> NoReturn:
        """Raise NotImplementedError: nothing trains here but what you run yourself."""
        what = "amlemu.v1 submits nothing: run the training script yourself, within experiment.start_logging()"
        raise NotImplementedError(what)

    def get_runs(self, **_: Any) -> list[Run]:
        """Return its runs, the latest first."""
        home = place.kept("runs", self.name)
        files = sorted(home.glob("*/run.json"), key=lambda path: path.stat().st_mtime, reverse=True)
        return [Run(self, path.parent.name) for path in files]

    @staticmethod
    def list(workspace: Workspace, experiment_name: str | None = None, **_: Any) -> list[Experiment]:
        """Return the experiments that have runs, by name."""
        home = place.kept("runs")
        names = sorted(path.name for path in home.iterdir()) if home.is_dir() else []
        return [Experiment(workspace, name) for name in names if experiment_name in (None, name)]

    def __repr__(self) -> str:
        return f"Experiment(Name: {self.name},\nWorkspace: {self.workspace.name})"

"""
`azureml.core.run.Run`: a run on this machine. Its files lie in a folder of its own, what it logs in a file there.

Source: azureml-core 1.61, azureml/core/run.py.
"""
# ruff: noqa: ARG003  # arguments of the SDK that have no meaning here

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amlemu.v1 import place
from amlemu.v1.exceptions import UserErrorException, WebserviceException
from amlemu.v1.workspace import Workspace

if TYPE_CHECKING:
    from amlemu.v1.experiment import Experiment
    from amlemu.v1.model import Model

_FILE = "run.json"
_OFFLINE = "local"


class Run:
    """A run of an experiment; `with experiment.start_logging() as run` ends it."""

    def __init__(self, experiment: Experiment, run_id: str, **_: Any) -> None:
        """Find a run, or begin one of this id."""
        self.experiment, self.id = experiment, run_id
        self._folder = place.kept("runs", experiment.name, run_id)
        said = place.read_json(self._folder / _FILE)
        self._said: dict[str, Any] = (
            said if isinstance(said, dict) else {"status": "Running", "metrics": {}, "tags": {}}
        )

    @classmethod
    def begin(cls, experiment: Experiment) -> Run:
        """Begin a run with an id of its own."""
        made = cls(experiment, str(uuid.uuid4()))
        made._keep(started_at=time.time())
        return made

    @classmethod
    def get_context(cls, allow_offline: bool = True, **_: Any) -> Run:
        """Return the run of a training script: outside of Azure always one on this machine."""
        from amlemu.v1.experiment import Experiment

        return cls.begin(Experiment(Workspace(), _OFFLINE))

    @staticmethod
    def get(workspace: Workspace, run_id: str) -> Run:
        """Return a run of this project. Raises UserErrorException where there is none."""
        from amlemu.v1.experiment import Experiment

        found = next((run for one in Experiment.list(workspace) for run in one.get_runs() if run.id == run_id), None)
        if found is None:
            raise UserErrorException(f"there is no run {run_id} in this project")
        return found

    @property
    def folder(self) -> Path:
        """Where its files lie; ours."""
        return self._folder

    @property
    def status(self) -> str:
        """`Running`, `Completed` or `Failed`."""
        return str(self._said["status"])

    def get_status(self) -> str:
        """Return `status`."""
        return self.status

    @property
    def tags(self) -> dict[str, Any]:
        """Its tags."""
        return dict(self._said["tags"])

    def tag(self, key: str, value: Any = None) -> None:
        """Add a tag."""
        self._keep(tags={**self._said["tags"], key: value})

    def set_tags(self, tags: dict[str, Any]) -> None:
        """Add tags."""
        self._keep(tags={**self._said["tags"], **tags})

    def log(self, name: str, value: Any, description: str = "", step: int | None = None) -> None:
        """Keep a value; several of one name become a list."""
        metrics = dict(self._said["metrics"])
        before = metrics.get(name)
        value = value.item() if hasattr(value, "item") else value
        metrics[name] = value if before is None else [*(before if isinstance(before, list) else [before]), value]
        self._keep(metrics=metrics)

    def log_list(self, name: str, value: list[Any], description: str = "") -> None:
        """Keep a list of values."""
        self._keep(metrics={**self._said["metrics"], name: list(value)})

    def log_row(self, name: str, description: str | None = None, **columns: Any) -> None:
        """Keep a row of values."""
        self.log(name, columns)

    def log_table(self, name: str, value: dict[str, Any], description: str = "") -> None:
        """Keep a table: a list of values for each column."""
        self._keep(metrics={**self._said["metrics"], name: value})

    def log_image(
        self, name: str, path: str | os.PathLike[str] | None = None, plot: Any = None, description: str = ""
    ) -> None:
        """Keep an image, a file or a figure of matplotlib, as `NAME.png` in the run's folder. Raises UserErrorException for neither."""
        if path is not None:
            self.upload_file(f"{name}{Path(path).suffix or '.png'}", path)
        elif plot is not None:
            target = self._inside(f"{name}.png")
            place.make(target.parent)
            plot.savefig(target)
        else:
            raise UserErrorException("log_image needs a path or a plot")

    def get_metrics(self, name: str | None = None, **_: Any) -> dict[str, Any]:
        """Return what was logged, or what of it has this name."""
        return {key: value for key, value in self._said["metrics"].items() if name in (None, key)}

    def upload_file(self, name: str, path_or_stream: Any, **_: Any) -> None:
        """Copy a file into the run's folder. Raises UserErrorException where it cannot be read, or would lie outside."""
        target = self._inside(name)
        place.make(target.parent)
        if hasattr(path_or_stream, "read"):
            content = path_or_stream.read()
            target.write_bytes(content.encode() if isinstance(content, str) else content)
            return
        try:
            shutil.copy2(path_or_stream, target)
        except OSError as error:
            raise UserErrorException(f"{path_or_stream} cannot be copied: {error}") from error

    def upload_files(self, names: Sequence[str], paths: Sequence[str | os.PathLike[str]], **_: Any) -> None:
        """Copy files into the run's folder, each under its name. Raises UserErrorException where one cannot be."""
        if len(names) != len(paths):
            raise UserErrorException(f"{len(names)} names for {len(paths)} files")
        for name, path in zip(names, paths, strict=True):
            self.upload_file(name, path)

    def upload_folder(self, name: str, path: str | os.PathLike[str], **_: Any) -> None:
        """Copy a folder into the run's folder. Raises UserErrorException where that cannot be."""
        try:
            shutil.copytree(path, self._inside(name), dirs_exist_ok=True)
        except OSError as error:
            raise UserErrorException(f"{path} cannot be copied: {error}") from error

    def get_file_names(self) -> list[str]:
        """Return the paths of the run's files, in its folder."""
        found = (path for path in self._folder.rglob("*") if path.is_file() and path.name != _FILE)
        return sorted(path.relative_to(self._folder).as_posix() for path in found)

    def download_file(self, name: str, output_file_path: str | None = None, **_: Any) -> None:
        """Copy a file of the run to a path, or into the current folder. Raises UserErrorException where there is none."""
        source = self._inside(name)
        if not source.is_file():
            there = ", ".join(self.get_file_names()) or "none"
            raise UserErrorException(f"File with path {name} was not found", hint=f"Files of this run: {there}.")
        target = Path(output_file_path or source.name)
        target = target / source.name if target.is_dir() else target
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)

    def register_model(self, model_name: str, model_path: str | None = None, **said: Any) -> Model:
        """
        Register a file or folder of this run: one of its own folder, else of the current one, where a script that runs here has put it.

        Args:
            model_path: such as outputs/model.pkl; None is the model's name.
            said: as `Model.register` takes it.

        Raises:
            WebserviceException: it is neither here nor there.
        """
        from amlemu.v1.model import Model

        wanted = model_path or model_name
        is_inside = not os.path.isabs(wanted)
        looked = [*([self._inside(wanted)] if is_inside else []), Path(wanted).absolute()]
        found = next((path for path in looked if path.exists()), None)
        if found is None:
            there = ", ".join(self.get_file_names()) or "none"
            what = f"Could not locate the provided model_path {wanted} in the set of files uploaded to the run: {there}"
            raise WebserviceException(what, hint=f"Nor is it in the current folder, {Path.cwd()}.")
        ours: dict[str, Any] = {"run_id": self.id, "experiment_name": self.experiment.name}
        return Model.register(self.experiment.workspace, found, model_name, **said, **ours)

    def start(self) -> None:
        """It runs from its beginning on."""

    def complete(self) -> None:
        """End it."""
        self._keep(status="Completed", ended_at=time.time())

    def fail(self, error_details: Any = None, error_code: Any = None) -> None:
        """End it: it has failed."""
        self._keep(status="Failed", ended_at=time.time(), error=None if error_details is None else str(error_details))

    def cancel(self) -> None:
        """End it: it was cancelled."""
        self._keep(status="Canceled", ended_at=time.time())

    def wait_for_completion(self, show_output: bool = False, **_: Any) -> dict[str, Any]:
        """Return what there is to say of it; a run here is this program's own."""
        return self.get_details()

    def get_details(self) -> dict[str, Any]:
        """Return what there is to say of it."""
        return {"runId": self.id, "target": "local", "status": self.status, "properties": {}}

    def _inside(self, name: str) -> Path:
        path = Path(os.path.normpath(self._folder / name))
        if not path.is_relative_to(self._folder) or path.name == _FILE:
            raise UserErrorException(
                f"{name} is no path in a run", hint="Give one below it, such as outputs/model.pkl."
            )
        return path

    def _keep(self, **said: Any) -> None:
        self._said |= said
        place.write_json(self._folder / _FILE, self._said)

    def __enter__(self) -> Run:  # noqa: PYI034  # no subclasses
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        if self.status == "Running":
            self.complete() if error is None else self.fail(error)

    def __repr__(self) -> str:
        return f"Run(Experiment: {self.experiment.name},\nId: {self.id},\nType: None,\nStatus: {self.status})"

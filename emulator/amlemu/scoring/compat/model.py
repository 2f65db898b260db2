"""
`azureml.core.model` as far as it is served: `Model.get_model_path`, which finds a model on this disk.

Scripts import it under the real name, through `doors.py`, and only where azureml-core is not installed. Order of the
places, words of the errors and lines of the log are the real ones, as they are outside of a run.

Source: azureml-core 1.61.0, azureml/core/model.py and azureml/core/run.py (observed side by side); contract 5.2.
"""

from __future__ import annotations

import importlib
import logging
import os
from typing import Any, List, NoReturn, Optional

from amlemu.scoring.compat.doors import not_served

__all__ = ["MODELS_DIR", "Model"]

_errors = importlib.import_module("azureml.exceptions")
_log = logging.getLogger(__name__)
_run_log = logging.getLogger("azureml.core.run")

MODELS_DIR = os.path.join(os.environ.get("AML_APP_ROOT", ""), "azureml-models")


class _FewNames(type):
    """Explains what is not there."""

    def __getattr__(cls, name: str) -> NoReturn:
        raise AttributeError(not_served(f"{cls.__name__}.{name}"))


class Model(metaclass=_FewNames):
    """A registered model; here, only the way to its files."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError(not_served("A Model of a workspace"))

    @staticmethod
    def get_model_path(model_name: str, version: Optional[int] = None, _workspace: Any = None) -> str:
        """
        Return the path of a model's file or folder, as the real one spells it: relative where AML_APP_ROOT is not set.

        Args:
            model_name: looked for below MODELS_DIR, then as a path of its own.
            version: an int; None is the latest that is there.

        Raises:
            ModelNotFoundException: there is none; of that version, it is a WebserviceException.
            WebserviceException: a wrong argument, no version at all, or not exactly one file or folder.
            ValueError: the folder of a version is not named by a number.
            NotImplementedError: it would have to be downloaded from `_workspace`.
        """
        if version is not None and not isinstance(version, int):
            raise _failed("version should be an int")
        _log_that_there_is_no_run()
        if version is None and _workspace is not None:
            raise NotImplementedError(not_served("Downloading a model from a workspace"))
        try:
            return _find(model_name, version)
        except _errors.ModelNotFoundException as error:
            if version is None:
                raise
            _log.debug("Model not find in local")
            if _workspace is not None:
                raise NotImplementedError(not_served("Downloading a model from a workspace")) from error
            raise _failed(error.message)  # noqa: B904  # as the real one: the first stays visible as its context


def _find(name: Optional[str], version: Optional[int]) -> str:
    if name is None:
        raise _failed("model_name is None")
    folder = os.path.join(MODELS_DIR, name)
    if not os.path.exists(folder):
        return _find_beside(name)
    if version is None:
        version = _latest(os.listdir(folder))
        _log.debug("version is None. Latest version is %s", version)
    else:
        _log.debug("Using passed in version %s", version)
    folder = os.path.join(folder, str(version))
    if not os.path.exists(folder):
        return _find_beside(name)
    entries = os.listdir(folder)
    if len(entries) != 1:
        raise _failed(f"Dir {folder} can contain only 1 file or folder. Found {entries}")
    path = os.path.join(folder, entries[0])
    _log.debug("Found model path at %s", path)
    return path


def _find_beside(name: str) -> str:
    files = [os.path.join(folder, file) for folder, _, files in os.walk(MODELS_DIR) for file in files]
    _log.debug(
        "Checking root for %s because candidate dir %s had %s nodes: %s", name, MODELS_DIR, len(files), "\n".join(files)
    )
    if os.path.exists(name):
        return name
    raise _errors.ModelNotFoundException(
        f"Model {name} not found in cache at {MODELS_DIR} or in current working directory {os.getcwd()}. "
        "For more info, set logging level to DEBUG."
    )


def _latest(versions: List[str]) -> int:
    if not versions:
        raise _failed("versions is empty")
    return max(map(int, versions))


def _failed(text: str) -> Exception:
    return _errors.WebserviceException(text, logger=_log)  # type: ignore[no-any-return]


def _log_that_there_is_no_run() -> None:
    error = _errors.RunEnvironmentException()
    _run_log.debug("Could not load run context %s, switching offline: %s", error, False)
    _run_log.debug("Could not load the run context and allow_offline set to False")
    if "SERVICE_NAME" not in os.environ:
        _log.debug("RunEnvironmentException: %s", _errors.RunEnvironmentException(inner_exception=error))

"""
Modules that scoring scripts import and that the real server brings along, served when they are not installed.

`azureml_inference_server_http.api.*` and, as the real server does, the same two modules under their old names
`azureml.contrib.services.aml_request` / `aml_response`. Of azureml-core, which scripts of v1 import, there is
`Model.get_model_path` (`doors.py`). The real package, where installed, always wins.

Source: azureml-inference-server-http 1.5.1, server/__init__.py; contract 4.11, 7.2.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import os
import sys
from types import ModuleType
from typing import Any, Dict, Mapping, Optional

from amlemu.scoring.compat import doors
from amlemu.scoring.compat.models_folder import ModelsFolder

_FOLDER = os.path.dirname(os.path.abspath(__file__))
_SERVER = "azureml_inference_server_http"
_PACKAGES = (_SERVER, f"{_SERVER}.api")
_MODULES = {f"{_SERVER}.api.{name}": os.path.join(_FOLDER, f"{name}.py") for name in ("aml_request", "aml_response")}
_MODULES[f"{_SERVER}.log_config"] = os.path.join(_FOLDER, "log_config.py")  # what a logging.json names
_OLD_NAMES = {f"azureml.contrib.services.{name}": f"{_SERVER}.api.{name}" for name in ("aml_request", "aml_response")}


def install(models_folder: Optional[str] = None, served: Optional[Mapping[str, ModuleType]] = None) -> None:
    """
    Make the modules importable in this process; nothing is imported yet.

    Args:
        models_folder: the deployment's folder azureml-models, where Model.get_model_path looks when there is none below
            AML_APP_ROOT.
        served: what `uninstall` returned, for a script that has imported some of the modules before.
    """
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())  # last: what is installed wins
        doors.put_back(served or {})
        doors.put_up()
        ModelsFolder(models_folder).install()
    for old, new in _OLD_NAMES.items():
        # As in the real server: the full name is known, its parents are not, so the short import still fails.
        sys.modules[old] = sys.modules.get(new) or _Deferred(old, new)


def uninstall() -> Dict[str, ModuleType]:
    """Undo `install`, so that a test can leave the world as it was; returns the modules that were served."""
    for folder in [finder for finder in sys.meta_path if isinstance(finder, ModelsFolder)]:
        folder.uninstall()
    away = doors.take_down()
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _Finder)]
    ours = [name for name in (*_MODULES, *_OLD_NAMES, *_PACKAGES) if _is_served(sys.modules.get(name))]
    return {**away, **{name: sys.modules.pop(name) for name in ours}}


def _is_served(module: Optional[ModuleType]) -> bool:
    loader = getattr(getattr(module, "__spec__", None), "loader", None)
    return (
        isinstance(module, _Deferred) or isinstance(loader, _Empty) or _FOLDER in str(getattr(module, "__file__", ""))
    )


class _Finder:
    """Finds the package, its `api`, and the modules below them."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Optional[importlib.machinery.ModuleSpec]:
        if name in _PACKAGES:
            return importlib.machinery.ModuleSpec(name, _Empty(), is_package=True)  # type: ignore[arg-type]
        if name in _MODULES:
            return importlib.util.spec_from_file_location(name, _MODULES[name])
        return None


class _Empty:
    """Loads a package with nothing in it."""

    def create_module(self, spec: Any) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        return None


class _Deferred(ModuleType):
    """Stands under an old name until something is asked of it: most scripts never do, and flask is slow to import."""

    def __init__(self, name: str, target: str) -> None:
        super().__init__(name)
        self.__dict__["_target"] = target

    def __getattr__(self, name: str) -> Any:
        if name in ("__path__", "__file__", "__spec__"):
            raise AttributeError(name)
        module = importlib.import_module(self._target)
        sys.modules[self.__name__] = module
        self.__dict__.update({key: value for key, value in vars(module).items() if not key.startswith("__")})
        return getattr(module, name)

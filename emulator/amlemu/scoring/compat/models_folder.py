"""
Where `Model.get_model_path` looks: below AML_APP_ROOT as azureml-core does, or in the deployment's own models folder.

In a v2 deployment AML_APP_ROOT is the code's folder and the models lie beside it, so the SDK of v1 finds none there.
amlemu helps out, and says so. The same for the installed azureml-core and for `model.py`, which stands for it.

Source: azureml-core 1.61.0, azureml/core/model.py `MODELS_DIR` (observed); contract 3.1, 3.3.
"""

from __future__ import annotations

import functools
import importlib.machinery
import importlib.util
import os
import sys
from types import ModuleType
from typing import Any, Callable, List, Optional

from amlemu.scoring.compat import doors
from amlemu.scoring.logs import OWN, server_log

_MODEL = "azureml.core.model"


class ModelsFolder:
    """A finder, the first in line, that looks after MODELS_DIR when `azureml.core.model` is imported."""

    def __init__(self, folder: Optional[str]) -> None:
        """Remember the deployment's models folder, absolute; None where it has none."""
        self._folder = folder
        self._is_looking = False
        self._undo: List[Callable[[], None]] = []

    def install(self) -> None:
        """Wait for the import; an azureml-core that another script has imported in this process is told at once."""
        sys.meta_path.insert(0, self)
        module = sys.modules.get(_MODEL)
        if "MODELS_DIR" in vars(module or sys) and not doors.is_served():
            self._set(module, self._elsewhere() or _usual())

    def uninstall(self) -> None:
        """Leave azureml-core as it was."""
        sys.meta_path.remove(self)
        for undo in reversed(self._undo):
            undo()

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Optional[importlib.machinery.ModuleSpec]:
        """Find the module through the other finders, and wrap what executes it."""
        if name != _MODEL or self._is_looking:
            return None
        self._is_looking = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._is_looking = False
        if spec is not None and spec.loader is not None:
            self._wrap(spec.loader)
        return spec

    def _wrap(self, loader: Any) -> None:
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            folder = self._elsewhere()
            if folder is not None:
                self._set(module, folder)
                self._keep(_tell_once(module, folder))

        loader.exec_module = exec_module

    def _elsewhere(self) -> Optional[str]:
        """Return the deployment's folder where it is needed: it is there, and the one that azureml-core looks in is not."""
        is_needed = self._folder is not None and not os.path.exists(_usual()) and os.path.exists(self._folder)
        return self._folder if is_needed else None

    def _set(self, module: Any, folder: str) -> None:
        before, module.MODELS_DIR = module.MODELS_DIR, folder
        self._keep(lambda: setattr(module, "MODELS_DIR", before))

    def _keep(self, undo: Callable[[], None]) -> None:
        if not doors.is_served():  # what we serve is taken away as a whole, and comes back as it was
            self._undo.append(undo)


def _usual() -> str:
    return os.path.join(os.environ.get("AML_APP_ROOT", ""), "azureml-models")


def _tell_once(module: Any, folder: str) -> Callable[[], None]:
    """Warn at the first use of get_model_path; returns what undoes this."""
    original = vars(module.Model)["get_model_path"]

    @functools.wraps(original.__func__)
    def get_model_path(*args: Any, **kwargs: Any) -> Any:
        if vars(module.Model)["get_model_path"] is not original:
            undo()
            root = os.environ.get("AML_APP_ROOT")
            server_log.warning(_WARNING, root, folder, extra=OWN)
        return original.__func__(*args, **kwargs)

    def undo() -> None:
        module.Model.get_model_path = original

    module.Model.get_model_path = staticmethod(get_model_path)
    return undo


_WARNING = (
    "Model.get_model_path looks below AML_APP_ROOT=%s; in a managed (v2) deployment the models lie beside it, at %s. "
    "amlemu helps out; there, use os.environ['AZUREML_MODEL_DIR']."
)

"""
The words of the v1 SDK: what a notebook of 2020 imports from `azureml.core` is here, and all of it is local.

Modules are called as there: `amlemu.v1.model`, `amlemu.v1.webservice`, `amlemu.v1.environment` ... A service is an endpoint of
`local_endpoints/` with one deployment; `place.py` says where models, environments and runs are kept. Names are imported when they are first used.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "ComputeTarget": "amlemu.v1.compute",
    "ContainerRegistry": "amlemu.v1.container_registry",
    "Environment": "amlemu.v1.environment",
    "Experiment": "amlemu.v1.experiment",
    "Model": "amlemu.v1.model",
    "Run": "amlemu.v1.run",
    "Webservice": "amlemu.v1.webservice",
    "Workspace": "amlemu.v1.workspace",
}

_VERSIONS = ("VERSION", "__version__")

__all__ = sorted(_HOMES)  # noqa: PLE0605  # one list of names, not two


def __getattr__(name: str) -> Any:
    if name in _VERSIONS:  # notebooks print it
        return importlib.import_module("amlemu").__version__
    if name not in _HOMES:
        raise AttributeError(
            f"amlemu.v1 has no {name}: of azureml.core it has what deploys models, {', '.join(_HOMES)}"
        )
    return getattr(importlib.import_module(_HOMES[name]), name)

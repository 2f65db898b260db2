"""
`azureml.core` as far as it is served: `Model`, from `model.py`.

Source: azureml-core 1.61.0, azureml/core/__init__.py (observed).
"""

from __future__ import annotations

import importlib
from typing import NoReturn

from amlemu.scoring.compat.doors import not_served

__all__ = ["Model"]

Model = importlib.import_module("azureml.core.model").Model


def __getattr__(name: str) -> NoReturn:
    raise AttributeError(not_served(f"{__name__}.{name}"))

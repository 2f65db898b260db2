"""
The exceptions of `azureml.exceptions`, as far as deploying raises them: each begins with the SDK's own words, and goes on with what to do.

Source: azureml-core 1.61, azureml/_common/exceptions.py and azureml/exceptions.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from amlemu import ports
from amlemu.errors import AmlemuError

_PORT_TAKEN = "Docker container start has failed, the port you are attempting to use is already in use:"


class AzureMLException(AmlemuError):
    """What all of them are."""

    def __init__(self, exception_message: str, *, hint: str = "", **_: Any) -> None:
        """`hint` is ours: what to do now."""
        super().__init__(exception_message, hint=hint)

    @property
    def message(self) -> str:
        """All of it, as text."""
        return str(self)


class UserErrorException(AzureMLException):
    """What was given cannot be taken."""


class WebserviceException(AzureMLException):
    """Something about a model or a web service."""

    def __init__(self, exception_message: str, status_code: int | None = None, *, hint: str = "", **_: Any) -> None:
        """`status_code` is that of an answer, if there was one."""
        super().__init__(exception_message, hint=hint)
        self.status_code = status_code


class ModelNotFoundException(AzureMLException):
    """No such model on this machine."""


class ComputeTargetException(AzureMLException):
    """Something about a cluster; never raised, for any name is one here."""


class RunEnvironmentException(AzureMLException):
    """Not within a run."""


@contextlib.contextmanager
def in_words() -> Iterator[None]:
    """Raise what `local_endpoints/` raises as the SDK would: a WebserviceException."""
    try:
        yield
    except AzureMLException:
        raise
    except AmlemuError as error:
        is_port = isinstance(error, ports.PortTaken) or error.where.startswith("port ")
        raise WebserviceException(f"{_PORT_TAKEN}\n{error}" if is_port else str(error)) from error

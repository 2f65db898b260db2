"""
`azureml.exceptions` as far as `Model.get_model_path` raises: the four classes, with the words and the looks of the real ones.

Scripts import this module under the real name, through `doors.py`, and only where azureml-core is not installed.

Source: azureml-core 1.61.0, azureml/exceptions and azureml/_common/exceptions.py (observed).
"""

from __future__ import annotations

import json
from typing import Any, Optional

__all__ = ["AzureMLException", "ModelNotFoundException", "RunEnvironmentException", "WebserviceException"]


class AzureMLException(Exception):
    """What all of them are; its text is the same as its `repr`."""

    __module__ = "azureml._common.exceptions"

    def __init__(
        self,
        exception_message: str,
        inner_exception: Any = None,
        target: Any = None,
        details: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(exception_message)
        self.message = exception_message
        self.inner_exception = inner_exception
        self._target = target
        self._details = details

    def __str__(self) -> str:
        error = {"message": self.message, "target": self._target, "details": self._details}
        told = json.dumps({"error": {key: value for key, value in error.items() if value is not None}}, indent=4)
        return (
            f"{type(self).__name__}:\n\tMessage: {self.message}\n"
            f"\tInnerException {self.inner_exception}\n\tErrorResponse \n{told}"
        )

    __repr__ = __str__


class _Logged(AzureMLException):
    """Tells its message to a logger, too, where it is given one."""

    def __init__(self, exception_message: str, logger: Any = None, **kwargs: Any) -> None:
        super().__init__(exception_message, **kwargs)
        if logger:
            logger.error(f"{exception_message}\n")


class ModelNotFoundException(_Logged):
    """There is no such model, in no place that was looked at."""

    __module__ = "azureml.exceptions._azureml_exception"


class WebserviceException(_Logged):
    """Everything else about models, and a version that is not there."""

    __module__ = "azureml.exceptions._azureml_exception"

    def __init__(
        self, exception_message: str, status_code: Optional[str] = None, logger: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(exception_message, logger, **kwargs)
        self.status_code = status_code


class RunEnvironmentException(AzureMLException):
    """No submitted run is under way; under the inference server there never is one."""

    __module__ = "azureml.exceptions._azureml_exception"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            "Could not load a submitted run, if outside of an execution context, use experiment.start_logging to "
            "initialize an azureml.core.Run.",
            **kwargs,
        )

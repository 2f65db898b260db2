"""
What a `logging.json` names: the formatter and the filter of the package's own one, which people copy and edit.

Served as `azureml_inference_server_http.log_config` where that package is not installed.

Source: azureml-inference-server-http 1.5.1, log_config.py, logging.json (read 2026-11).
"""

from __future__ import annotations

import logging
import time
from typing import Any

_FORMAT = "%(asctime)s %(levelname).1s [%(process)d] %(name)s - %(message)s"


class AMLLogFormatter(logging.Formatter):
    """The server's line, in UTC. A `format` that is absent from a logging.json arrives as None: the message alone."""

    def __init__(self, fmt: Any = _FORMAT, datefmt: Any = None, style: Any = "%") -> None:
        """Take what logging.config hands over, in its order; anything more is refused, as by the real one."""
        super().__init__(fmt, datefmt, style)
        self.converter = time.gmtime


class RootAccessFilter(logging.Filter):
    """Drops the access lines of probes."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the record is none of `GET /`."""
        return "GET / HTTP/1.1" not in record.getMessage()

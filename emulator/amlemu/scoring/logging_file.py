"""
A script's own `logging.json`: found in the app root, else beside the script, and given to logging.config.

It meets what it meets under the real server, leftovers of gunicorn's included: whatever a file does not mention stays as
it was there. What is said of requests then goes through the loggers of the worker (`request_lines.py`).

Source: azureml-inference-server-http 1.5.1, server/config.py, log_config.py; gunicorn 27.0.1, glogging.py (observed
2026-11: which loggers, handlers and filters a logging.json finds).
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import os
import sys
from typing import Any, Iterator, Optional

from amlemu.scoring import config
from amlemu.scoring.logs import OWN, access_log, all_loggers, server_log

_NAME = "logging.json"
# What is there under the real server when it reads the file, so that `disable_existing_loggers` reaches it and no other.
_THERE = (
    *("asyncio", "azmlinfsrv", "concurrent.futures", "dotenv.main", "flask_cors", "flask_cors.core"),
    *("flask_cors.decorator", "flask_cors.extension", "gunicorn", "gunicorn.access", "gunicorn.error"),
    *("gunicorn.http", "gunicorn.http.wsgi", "pydantic_settings"),
)


def load(app_root: str, entry_script: Optional[str]) -> None:
    """
    Let the file, if there is one, replace the logging set-up of this process.

    Raises:
        ConfigFault: it cannot be read, or logging.config refuses it.
    """
    path = _find(app_root, entry_script)
    if path is None:
        return
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
        with _others_left_alone():
            _replace(content)
    except Exception as error:  # whatever logging.config and the classes that the file names may raise
        raise config.refused_file(path, "logging set-up", error) from error
    server_log.info(f"Loaded logging config from {path}", extra=OWN)


def _find(app_root: str, entry_script: Optional[str]) -> Optional[str]:
    folders = [app_root, os.path.dirname(os.path.realpath(entry_script)) if entry_script else ""]
    paths = [os.path.join(folder, _NAME) for folder in folders if folder]
    return next((path for path in paths if os.path.isfile(path)), None)


def _replace(content: object) -> None:
    there = [logging.getLogger(name) for name in _THERE]
    others = [logger for logger in all_loggers() if logger not in there and not logger.disabled]
    bare = logging.StreamHandler(sys.stdout)  # gunicorn's own, which only a set-up that names the logger takes away
    bare.setFormatter(logging.Formatter("%(message)s"))
    access_log.addHandler(bare)
    # Only now: it takes a start several milliseconds, and few scripts have such a file.
    importlib.import_module("logging.config").dictConfig(content)  # the real server, too, lets it refuse a list
    for logger in others:
        logger.disabled = False


@contextlib.contextmanager
def _others_left_alone() -> Iterator[None]:
    """Keep logging.config from closing the handlers of a process that is not the script's alone: a test's."""
    named: Any = logging._handlers  # type: ignore[attr-defined]  # noqa: SLF001  # both are emptied, after a close()
    listed: Any = logging._handlerList  # type: ignore[attr-defined]  # noqa: SLF001
    before = (dict(named), list(listed))
    del listed[:]
    try:
        yield
    finally:
        named.update({**before[0], **named})
        listed[:0] = before[1]

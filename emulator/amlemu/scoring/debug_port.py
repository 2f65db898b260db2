"""
AZUREML_DEBUG_PORT as the real server takes it: each worker dials an editor that listens at that port, and waits for it.

Only where the host says so, under `amlemu azmlinfsrv`; `amlemu serve` has a debugger of its own. debugpy is the script's
environment's and is imported late.

Source: azureml-inference-server-http 1.5.1, server/entry.py; debugpy 1.8.22 (read and observed 2026-11).
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any, List

from amlemu.scoring.logs import OWN, plain_log

_LOOK_S = 0.5


def connect(port: int) -> None:
    """
    Dial 127.0.0.1 and wait, for as long as it takes, until the editor there has set its breakpoints.

    Raises:
        SystemExit: debugpy is not installed. The code is none that gunicorn takes for a failure to boot: its master starts
            workers for ever.
        OSError: nobody listens at `port`.
        ValueError: there is no such port; the setting may be any integer.
    """
    _say("!! Starting the inference server in DEBUGGING mode because AZUREML_DEBUG_PORT is set.")
    _say("!! This environment variable should not be set in a production environment.")
    try:
        import debugpy  # noqa: T100  # no forgotten one: it is what the variable asks for
    except ModuleNotFoundError:
        _say("** Cannot connect to a debugger because debugpy is not installed.")
        sys.exit(-1)
    _say(f"** Connecting to debugger at port {port}...")
    _dial(debugpy, port)
    debugpy.trace_this_thread(True)


def _dial(debugpy: Any, port: int) -> None:
    """
    Let another thread dial and wait, while this one stays where a signal is heard and the host is missed.

    Inside debugpy a signal's SystemExit may end in a bare `except` (observed), and nobody reads what the host sends.
    """
    raised: List[BaseException] = []

    def dial() -> None:
        try:
            debugpy.connect(port)
            debugpy.wait_for_client()
        except BaseException as error:  # whatever it is, it is the caller's
            raised.append(error)

    host = os.getppid()
    dialling = threading.Thread(target=dial, daemon=True)
    dialling.start()
    while dialling.is_alive():
        dialling.join(_LOOK_S)
        if os.getppid() != host:
            sys.exit(1)
    if raised:
        raise raised[0]


def _say(text: str) -> None:
    """Print as the real server does, which has not made records of `print` yet."""
    plain_log.info(text, extra=OWN)

"""
AZUREML_DEBUG_PORT as the real server takes it: each worker dials an editor that listens at that port, and waits for it.

Only where the host says so, under `amlemu azmlinfsrv`; `amlemu serve` has a debugger of its own. debugpy is the script's
environment's and is imported late.

Source: azureml-inference-server-http 1.5.1, server/entry.py; debugpy 1.8.22 (read and observed 2026-11).
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from typing import Iterator

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
    debugpy.connect(port)
    with _ending_with_the_host():
        debugpy.wait_for_client()  # noqa: T100


@contextlib.contextmanager
def _ending_with_the_host() -> Iterator[None]:
    """Nobody reads what the host sends while debugpy waits: a host that was killed would leave us waiting for ever."""
    host, is_over = os.getppid(), threading.Event()

    def look() -> None:
        while not is_over.wait(_LOOK_S):
            if os.getppid() != host:
                os._exit(1)

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        yield
    finally:
        is_over.set()


def _say(text: str) -> None:
    """Print as the real server does, which has not made records of `print` yet."""
    plain_log.info(text, extra=OWN)

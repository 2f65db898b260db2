"""
What the real server's client of Application Insights says when it starts; nothing is ever sent from here.

It looks for the model's name and version even when it is switched off, so nearly every start has a line of it.

Source: azureml-inference-server-http 1.5.1, server/appinsights_client.py (observed 2026-11).
"""

from __future__ import annotations

import os

from amlemu.scoring.logs import OWN, server_log, trace_log


def start(model_dir: str) -> None:
    """Say it; `model_dir` is AZUREML_MODEL_DIR."""
    server_log.info("Starting up app insights client", extra=OWN)
    if not model_dir or not os.path.exists(model_dir):
        trace_log.warning("Model directory is not set or does not exist: %s", model_dir, extra=OWN)
        return
    try:
        _look_for_versions(model_dir)
    except (OSError, ValueError):
        trace_log.exception("Error while fetching model IDs", extra=OWN)


def _look_for_versions(model_dir: str) -> None:
    """Fail where the real one fails: in any folder but `<name>/<version>` and one of `<name>/<version>` folders."""
    if os.path.basename(model_dir).isdigit():
        return
    for name in os.listdir(model_dir):
        for version in os.listdir(os.path.join(model_dir, name)):
            int(version)

"""
What a scoring script finds around itself in a deployment: its environment variables.

Names and values are those of the real server (contract 3.3); the folder tree at /var/azureml-app is not made here yet.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from amlemu.deployment import Deployment

SERVER_VERSION = "azmlinfsrv/1.5.1"


def script_environment(deployment: Deployment, port: int, shell: Mapping[str, str] | None = None) -> dict[str, str]:
    """
    Return the whole environment of the script's process.

    Args:
        deployment: what is served; its own variables win over all others.
        port: the scoring port, shown to the script as SERVER_PORT.
        shell: the variables to start from; ours (AMLEMU_...) never reach the script. Default: this process's.

    Source: azureml-inference-server-http 1.5.1, amlserver.py `merge_configuration`; observed env_seen (contract 3.3).
    """
    inherited = os.environ if shell is None else shell
    variables = {name: value for name, value in inherited.items() if not name.startswith("AMLEMU_")}
    variables.setdefault("AML_APP_INSIGHTS_ENABLED", "false")
    variables.update(
        AML_APP_ROOT=str(deployment.app_root),
        AZUREML_ENTRY_SCRIPT=str(deployment.script),
        SERVER_PORT=str(port),
        HEALTH_PORT=str(port),
        SERVER_SOFTWARE="gunicorn/27.0.1",
        TRANSPORT_PROTOCOL="grpc",
    )
    if deployment.model_dir is not None:
        variables["AZUREML_MODEL_DIR"] = str(deployment.model_dir)
    variables.update(deployment.environment)
    variables["WORKER_COUNT"] = str(deployment.workers)
    if variables.get("SERVER_VERSION_LOG_RESPONSE_ENABLED", "true").lower() == "true":
        variables["HTTP_X_MS_SERVER_VERSION"] = SERVER_VERSION
    return variables

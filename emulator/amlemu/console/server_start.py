"""
What the real command prints before it serves: notices about its variables, its settings, its routes.

Source: azureml-inference-server-http 1.5.1, amlserver.py (observed with and without each variable).
"""

from __future__ import annotations

from collections.abc import Mapping

from amlemu.environment import SERVER_VERSION

_SETTINGS = {
    "AZUREML_ENTRY_SCRIPT": "Entry Script Name",
    "AZUREML_MODEL_DIR": "Model Directory",
    "AZUREML_CONFIG_FILE": "Config File",
    "WORKER_COUNT": "Worker Count",
    "WORKER_TIMEOUT": "Worker Timeout (seconds)",
    "SERVER_PORT": "Server Port",
    "HEALTH_PORT": "Health Port",
    "AML_APP_INSIGHTS_ENABLED": "Application Insights Enabled",
    "AML_APP_INSIGHTS_KEY": "Application Insights Key",
    "HTTP_X_MS_SERVER_VERSION": "Inferencing HTTP server version",
    "AML_CORS_ORIGINS": "CORS for the specified origins",
    "SEPERATE_HEALTH_ENDPOINT": "Create dedicated endpoint for health",
}
_SAID_OTHERWISE = {
    "AML_APP_INSIGHTS_KEY": "AppInsights key provided",  # a key is not for logs
    "AML_CORS_ORIGINS": "Enabling CORS for {}",
}


def start_print(environment: Mapping[str, str], notices: tuple[str, ...] = ()) -> str:
    """
    Return the whole print, with its blank lines.

    Args:
        environment: all that the script is going to see.
        notices: what the command says about Application Insights.
    """
    lines = [*_about_model(environment), *notices]
    lines += ["", f"Azure ML Inferencing HTTP server v{SERVER_VERSION.partition('/')[2]}", "", ""]
    lines += ["Server Settings", "---------------", *(_setting(name, environment) for name in _SETTINGS), "", ""]
    lines += [
        "Server Routes",
        "---------------",
        f"Liveness Probe: GET   127.0.0.1:{environment['HEALTH_PORT']}/",
        f"Score:          POST  127.0.0.1:{environment['SERVER_PORT']}/score",
        "",
    ]
    return "\n".join(lines) + "\n"


def _about_model(environment: Mapping[str, str]) -> list[str]:
    if "AZUREML_MODEL_DIR" in environment:
        return []
    return [
        "The environment variable 'AZUREML_MODEL_DIR' has not been set.",
        "Use the --model_dir command line argument to set it.",
    ]


def _setting(name: str, environment: Mapping[str, str]) -> str:
    words = _SAID_OTHERWISE.get(name, "{}") if name in environment else "{}"
    return f"{_SETTINGS[name]}: {words.format(environment.get(name))}"

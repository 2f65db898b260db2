"""
The server's own settings: variables first, then a `config.json` that lies in the app root or is named.

Beware, as in the cloud: *any* `config.json` in the app root is read, also a model's own (contract 4.15).

Source: azureml-inference-server-http 1.5.1, server/config.py (read 2026-11).
"""

from __future__ import annotations

import json
import os
import re
import traceback
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional

ONE_HOUR_MS = 3600 * 1000


class ConfigFault(Exception):
    """The server would refuse to start; `text` is what it logs."""

    def __init__(self, text: str, what: str) -> None:
        self.text = text
        self.what = what
        super().__init__(what)


@dataclass(frozen=True)
class ServerConfig:
    """The settings that change an answer. Times in milliseconds."""

    service_name: str = "ML service"
    service_version: str = "1.0"
    service_path_prefix: str = ""
    scoring_timeout_ms: int = ONE_HOUR_MS
    source_dir: Optional[str] = None
    model_dir: str = ""
    cors_origins: Optional[str] = None
    debug_port: Optional[int] = None


# field, variable, kind, may it come from config.json? (the real server's file source knows only aliased fields)
_FIELDS = (
    ("service_name", "SERVICE_NAME", str, True),
    ("service_version", "SERVICE_VERSION", str, True),
    ("service_path_prefix", "SERVICE_PATH_PREFIX", str, True),
    ("scoring_timeout_ms", "SCORING_TIMEOUT_MS", int, True),
    ("source_dir", "AZUREML_SOURCE_DIRECTORY", str, True),
    ("model_dir", "AZUREML_MODEL_DIR", str, True),
    ("cors_origins", "AML_CORS_ORIGINS", str, False),
    ("debug_port", "AZUREML_DEBUG_PORT", int, True),
)
# The variables that the real server complains about at every start when they are set, in its order.
_EXTRA_KEYS = (
    "AZUREML_SOURCE_DIRECTORY",
    "AZUREML_ENTRY_SCRIPT",
    "SERVICE_NAME",
    "WORKSPACE_NAME",
    "SERVICE_PATH_PREFIX",
    "SERVICE_VERSION",
    "SCORING_TIMEOUT_MS",
    "AZUREML_LOG_LEVEL",
    "APP_INSIGHTS_LOG_RESPONSE_ENABLED",
    "AZUREML_MODEL_DIR",
    "HOSTNAME",
    "AZUREML_DEBUG_PORT",
)


def read(environment: Mapping[str, str]) -> ServerConfig:
    """
    Read the settings.

    Raises:
        ConfigFault: a value is not of its kind, or the file is not a JSON object.
    """
    path = config_file(environment)
    from_file = {} if path is None else _load(path)
    names = {name.lower(): value for name, value in environment.items()}
    values: Dict[str, Any] = {}
    for field, variable, kind, in_file in _FIELDS:
        value = names.get(variable.lower(), from_file.get(variable) if in_file else None)
        if value is not None:
            values[field] = _as_integer(value, variable) if kind is int else _as_text(value, variable)
    return ServerConfig(**values)


def extra_keys(environment: Mapping[str, str]) -> List[str]:
    """Return what the real server's harmless warning about extra keys names (contract 3.7)."""
    names = {name.lower() for name in environment}
    return [variable for variable in _EXTRA_KEYS if variable.lower() in names]


def config_file(environment: Mapping[str, str]) -> Optional[str]:
    """Return the path of the settings file: the named one, the app root's, or the one beside the script; else None."""
    named = environment.get("AZUREML_CONFIG_FILE")
    folders = [environment.get("AML_APP_ROOT", "/var/azureml-app")]
    if "AZUREML_ENTRY_SCRIPT" in environment:
        folders.append(os.path.dirname(os.path.abspath(environment["AZUREML_ENTRY_SCRIPT"])))
    candidates = [named] + [os.path.join(folder, "config.json") for folder in folders if folder]
    return next((path for path in candidates if path and _is_filled(path)), None)


def _is_filled(path: str) -> bool:
    return os.path.exists(path) and os.stat(path).st_size != 0


def _load(path: str) -> Mapping[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            content: Mapping[str, Any] = json.load(file)
        content.get("AZUREML_ENTRY_SCRIPT")  # the real server asks a list, too, and says Python's words
    except (OSError, ValueError, AttributeError) as error:
        told = "it is no JSON object" if isinstance(error, AttributeError) else str(error)
        what = f"{path}: the server reads this file as its own settings and cannot: {told}"
        raise ConfigFault(f"Invalid config file!: {traceback.format_exc()}", what) from error
    return content


def _as_integer(value: Any, variable: str) -> int:
    text = str(value).strip() if isinstance(value, (str, int, float)) else ""
    if re.fullmatch(r"[+-]?\d+(_\d+)*(\.0*)?", text):
        return int(text.partition(".")[0])
    raise _refused(variable, "Input should be a valid integer, unable to parse string as an integer", value)


def _as_text(value: Any, variable: str) -> str:
    if isinstance(value, str):
        return value
    raise _refused(variable, "Input should be a valid string", value)


def _refused(variable: str, problem: str, value: Any) -> ConfigFault:
    bar = "==================================================="
    text = f"\n===============Configuration Error=================\n{variable}: {problem} (environment variable: {variable})\n{bar}"
    return ConfigFault(text, f"{variable}={value!r}: {problem[0].lower()}{problem[1:]}")

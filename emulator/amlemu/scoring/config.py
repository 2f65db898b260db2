"""
The server's own settings: variables first, then a `config.json` that lies in the app root or is named.

Beware, as in the cloud: *any* `config.json` in the app root is read, also a model's own (contract 4.15).

Source: azureml-inference-server-http 1.5.1, server/config.py, on pydantic 2.12 (read and observed 2026-11).
"""

from __future__ import annotations

import json
import math
import os
import re
import traceback
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional

from amlemu.scoring.logs import OWN, server_log

ONE_HOUR_MS = 3600 * 1000
_LARGEST_BYTES = 16 << 20  # assumed: nobody writes settings of this size, and a tokenizer's would take seconds
_LONGEST_NUMBER = 4300  # characters; pydantic's limit, and Python's
_SPACE = b" \t\r\n"
_WORDS = frozenset(["0", "off", "f", "false", "n", "no", "1", "on", "t", "true", "y", "yes"])


class ConfigFault(Exception):
    """The server would refuse to start; `texts` are what it logs, `what` is what we say."""

    def __init__(self, texts: List[str], what: str) -> None:
        self.texts = texts
        self.what = what
        super().__init__(what)


class Refused(Exception):
    """A value is not of its kind; the message is pydantic's."""


@dataclass(frozen=True)
class ServerConfig:
    """The settings that change an answer or a line of the log. Times in milliseconds."""

    service_name: str = "ML service"
    service_version: str = "1.0"
    service_path_prefix: str = ""
    scoring_timeout_ms: int = ONE_HOUR_MS
    source_dir: Optional[str] = None
    entry_script: Optional[str] = None
    model_dir: str = ""
    cors_origins: Optional[str] = None
    debug_port: Optional[int] = None


def read(environment: Mapping[str, str]) -> ServerConfig:
    """
    Read the settings; warns of extra keys, as the real server does at every start.

    Raises:
        ConfigFault: values are not of their kinds, or the file is not a JSON object.
    """
    path = config_file(environment)
    from_file = {} if path is None else _load(path)
    names = {name.lower(): value for name, value in environment.items()}
    _warn_of_extra_keys(names)
    values: Dict[str, Any] = {}
    problems: List[str] = []
    told: List[str] = []
    for setting in _SETTINGS:
        value = names.get(setting.variable.lower(), from_file.get(setting.variable) if setting.in_file else None)
        if value is None:
            continue
        try:
            values[setting.field] = setting.kind(value)
        except Refused as error:
            problems.append(_banner(setting.shown, str(error)))
            told.append(f"{setting.variable}={_shortened(value)}: {str(error)[0].lower()}{str(error)[1:]}")
    if problems:
        raise ConfigFault(problems, "; ".join(told))
    return ServerConfig(**{field: value for field, value in values.items() if field})


def config_file(environment: Mapping[str, str]) -> Optional[str]:
    """Return the path of the settings file: the named one, the app root's, or the one beside the script; else None."""
    named = environment.get("AZUREML_CONFIG_FILE")
    folders = [environment.get("AML_APP_ROOT", "/var/azureml-app")]
    if "AZUREML_ENTRY_SCRIPT" in environment:
        folders.append(os.path.dirname(os.path.abspath(environment["AZUREML_ENTRY_SCRIPT"])))
    candidates = [named] + [os.path.join(folder, "config.json") for folder in folders if folder]
    return next((path for path in candidates if path and _is_filled(path)), None)


def refused_file(path: str, purpose: str, error: BaseException) -> ConfigFault:
    """Return the fault of a file that cannot be used; call it while the error is handled."""
    text = f"Invalid config file!: {traceback.format_exc()}"
    return ConfigFault([text], f"{path}: the server reads this file as its own {purpose} and cannot: {error}")


def _is_filled(path: str) -> bool:
    return os.path.exists(path) and os.stat(path).st_size != 0


def _load(path: str) -> Mapping[str, Any]:
    try:
        if os.path.isfile(path) and os.path.getsize(path) > _LARGEST_BYTES:
            return _skip(path)
        with open(path, encoding="utf-8") as file:
            content: Mapping[str, Any] = json.load(file)
        content.get("AZUREML_ENTRY_SCRIPT")  # the real server asks a list, too, and says Python's words
    except AttributeError:
        raise refused_file(path, "settings", ValueError("it is no JSON object")) from None
    except (OSError, ValueError, RecursionError) as error:
        raise refused_file(path, "settings", error) from error
    return content


def _skip(path: str) -> Mapping[str, Any]:
    """Take a huge file for what it is, a model's, by its first bytes alone; the real server would read it all."""
    with open(path, "rb") as file:
        start = file.read(1 << 10).lstrip(_SPACE)
    if start[:1] == b"[":
        raise AttributeError("'list' object has no attribute 'get'")
    if start[:1] not in (b"{", b""):
        raise ValueError("Expecting value: line 1 column 1 (char 0)")
    server_log.warning(
        f"{path} has {os.path.getsize(path) >> 20} MiB and is not read for settings; the real server would.", extra=OWN
    )
    return {}


def _warn_of_extra_keys(names: Mapping[str, str]) -> None:
    """The real server takes variables of these settings for keys that it does not know, and says so at every start."""
    keys = [setting.shown for setting in _SETTINGS if setting.is_extra and setting.variable.lower() in names]
    if keys:
        text = "Found extra keys in the config file that are not supported by the server.\nExtra keys = %s"
        server_log.warning(text, keys, extra=OWN)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise Refused("Input should be a valid string")


def _integer(value: Any) -> int:
    if isinstance(value, float) and not math.isfinite(value):
        raise Refused("Input should be a finite number")
    if isinstance(value, float) and value != int(value):
        raise Refused("Input should be a valid integer, got a number with a fractional part")
    if isinstance(value, (int, float)):
        return int(value)
    if not isinstance(value, str):
        raise Refused("Input should be a valid integer")
    text = value.strip()
    if len(text) > _LONGEST_NUMBER:
        raise Refused("Unable to parse input string as an integer, exceeded maximum size")
    if not re.fullmatch(r"[+-]?[0-9]+(_[0-9]+)*(\.0+)?", text):
        raise Refused("Input should be a valid integer, unable to parse string as an integer")
    return int(text.partition(".")[0])


def _flag(value: Any) -> None:
    """Check what no answer depends on."""
    if isinstance(value, (str, int)):
        if str(value).lower() not in _WORDS:
            raise Refused("Input should be a valid boolean, unable to interpret input")
    elif value not in (0.0, 1.0):
        raise Refused("Input should be a valid boolean")


class _Setting(NamedTuple):
    """One setting. `in_file`: the real server's file source knows only fields with an alias."""

    variable: str
    kind: Callable[[Any], Any]
    field: str = ""  # of ServerConfig; empty when it changes nothing here
    in_file: bool = True
    is_extra: bool = True  # the real server complains at every start about the variable
    alias: str = ""

    @property
    def shown(self) -> str:
        """Its name in the log."""
        return self.alias or self.variable


_SETTINGS = (
    # in the order of the real server's fields, which is that of its complaints
    _Setting("AZUREML_SOURCE_DIRECTORY", _text, "source_dir"),
    _Setting("AZUREML_ENTRY_SCRIPT", _text, "entry_script"),
    _Setting("SERVICE_NAME", _text, "service_name"),
    _Setting("WORKSPACE_NAME", _text),
    _Setting("SERVICE_PATH_PREFIX", _text, "service_path_prefix"),
    _Setting("SERVICE_VERSION", _text, "service_version"),
    _Setting("SCORING_TIMEOUT_MS", _integer, "scoring_timeout_ms"),
    _Setting("AZUREML_LOG_LEVEL", _text),
    _Setting("AML_APP_INSIGHTS_ENABLED", _flag, in_file=False, is_extra=False),
    _Setting("AML_MDC_STORAGE_ENABLED", _flag, in_file=False, alias="mdc_storage_enabled"),
    _Setting("APP_INSIGHTS_LOG_RESPONSE_ENABLED", _flag),
    _Setting("AML_CORS_ORIGINS", _text, "cors_origins", in_file=False, is_extra=False),
    _Setting("AZUREML_MODEL_DIR", _text, "model_dir"),
    _Setting("HOSTNAME", _text),
    _Setting("AZUREML_DEBUG_PORT", _integer, "debug_port"),
)


def _banner(name: str, problem: str) -> str:
    bar = "==================================================="
    return f"\n===============Configuration Error=================\n{name}: {problem} (environment variable: {name})\n{bar}"


def _shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}..."

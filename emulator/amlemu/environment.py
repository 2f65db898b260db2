"""
The variables that a scoring script sees, each with its origin.

They begin as the caller's, as they would be with the script's environment activated; the server's own come on top, the
deployment's `--env` wins over all.

Source: azureml-inference-server-http 1.5.1, amlserver.py `merge_configuration`; observed env_seen (contract 3.3).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from amlemu.deployment import Deployment
from amlemu.layout import Layout

SERVER_VERSION = "azmlinfsrv/1.5.1"
SERVER_SOFTWARE = "gunicorn/27.0.1"


@dataclass(frozen=True)
class Variable:
    """One variable and who says so: `shell`, `tree`, `server`, `interpreter` or `--env`."""

    name: str
    value: str
    origin: str


def script_variables(
    deployment: Deployment, layout: Layout, port: int, shell: Mapping[str, str] | None = None
) -> list[Variable]:
    """
    Return the whole environment of the script's process, sorted by name.

    Args:
        deployment: what is served.
        layout: where it lies for the script.
        port: the scoring port, shown to the script as SERVER_PORT.
        shell: the variables to start from; ours (AMLEMU_...) never reach the script. Default: this process's.
    """
    shell = os.environ if shell is None else shell
    found: dict[str, Variable] = {}

    def add(origin: str, values: Mapping[str, str]) -> None:
        found.update({name: Variable(name, value, origin) for name, value in values.items()})

    add("shell", {name: value for name, value in shell.items() if not name.startswith("AMLEMU_")})
    activation = activated(shell, deployment.python)
    for name in _ACTIVATION - activation.keys():
        found.pop(name, None)
    add("interpreter", {name: value for name, value in activation.items() if shell.get(name) != value})
    add("server", {} if "AML_APP_INSIGHTS_ENABLED" in found else {"AML_APP_INSIGHTS_ENABLED": "false"})
    add("server", {"SERVER_PORT": str(port), "HEALTH_PORT": str(port), "SERVER_SOFTWARE": SERVER_SOFTWARE})
    add("server", {"TRANSPORT_PROTOCOL": "grpc"})
    add("tree", _pointers(layout))
    add(
        "interpreter", {} if layout.kind == "none" else {"AZUREML_INFERENCE_PYTHON_PATH": str(deployment.python.parent)}
    )
    add("--env", deployment.environment)
    add("tree", {"AML_APP_ROOT": layout.app_root})  # what was asked for, as it is called here
    add("server", {"WORKER_COUNT": str(deployment.workers)})
    if found.get("SERVER_VERSION_LOG_RESPONSE_ENABLED", Variable("", "true", "")).value.lower() == "true":
        add("server", {"HTTP_X_MS_SERVER_VERSION": SERVER_VERSION})
    return sorted(found.values(), key=lambda variable: variable.name)


def script_environment(
    deployment: Deployment, layout: Layout, port: int, shell: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return `script_variables` as a process takes them."""
    return {variable.name: variable.value for variable in script_variables(deployment, layout, port, shell)}


def _pointers(layout: Layout) -> dict[str, str]:
    pointers = {"AML_APP_ROOT": layout.app_root, "AZUREML_ENTRY_SCRIPT": layout.script}
    if (
        layout.source_folder
    ):  # azureml-core 1.61, core/model.py, `_handle_assets`; the server puts it on the import path
        pointers["AZUREML_SOURCE_DIRECTORY"] = layout.source_folder
    if layout.model_dir is not None:
        pointers["AZUREML_MODEL_DIR"] = layout.model_dir
    return pointers


_ACTIVATION = {"PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "PYTHONHOME", "__PYVENV_LAUNCHER__"}


def activated(shell: Mapping[str, str], python: Path) -> dict[str, str]:
    """
    Return the variables of `_ACTIVATION` as if the script's environment, not another one, were active in the shell.

    A script that starts `python` or `pip` shall meet its own environment, as in the cloud, and not the tool's.
    """
    root, programs = python.parent.parent, str(python.parent)
    kept = {name: shell[name] for name in _ACTIVATION & shell.keys()}
    active = [shell[name] for name in ("VIRTUAL_ENV", "CONDA_PREFIX") if shell.get(name)]
    if any(_is_same(folder, root) for folder in active):
        return kept
    if sys.prefix != sys.base_prefix and not _is_same(sys.prefix, root):
        active.append(sys.prefix)
    others = {os.path.join(folder, "bin") for folder in active}
    folders = [folder for folder in kept.get("PATH", os.defpath).split(os.pathsep) if folder not in others]
    own = _environment_of(root)
    if own or programs not in folders:
        folders.insert(0, programs)
    return {"PATH": os.pathsep.join(folders), **own}


def _environment_of(root: Path) -> dict[str, str]:
    if (root / "conda-meta").is_dir():
        return {"CONDA_PREFIX": str(root), "CONDA_DEFAULT_ENV": root.name}
    return {"VIRTUAL_ENV": str(root)} if (root / "pyvenv.cfg").exists() else {}


def _is_same(folder: str, root: Path) -> bool:
    return os.path.realpath(folder) == os.path.realpath(root)

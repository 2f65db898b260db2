"""Azure's files as people write them, one of each kind, and how a test has one written and read."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from amlemu.azure import files
from amlemu.azure.description import Description

MODEL = {"path": "model.pkl"}
ENVIRONMENT = {"image": "mcr.microsoft.com/azureml/inference:latest", "conda_file": "conda.yml"}
CODE = {"code": "src", "scoring_script": "score.py"}
MANAGED: dict[str, Any] = {
    "name": "blue",
    "endpoint_name": "credit-ep",
    "model": MODEL,
    "code_configuration": CODE,
    "environment": ENVIRONMENT,
    "instance_type": "Standard_DS3_v2",
    "instance_count": 1,
}
KUBERNETES: dict[str, Any] = {**MANAGED, "type": "kubernetes"}
ENDPOINT: dict[str, Any] = {"name": "credit-ep", "auth_mode": "key"}
KUBERNETES_ENDPOINT: dict[str, Any] = {**ENDPOINT, "compute": "azureml:k8s"}
OF_2021: dict[str, Any] = {
    "name": "credit-ep",
    "type": "online",
    "deployments": [
        {
            "name": "blue",
            "model": {"name": "credit", "version": 1, "local_path": "./model.pkl"},
            "code_configuration": {"code": {"local_path": "./src"}, "scoring_script": "score.py"},
            "environment": {
                "name": "env",
                "version": 1,
                "path": ".",
                "conda_file": "file:conda.yml",
                "docker": {"image": "mcr.microsoft.com/azureml/inference:latest"},
            },
            "instance_type": "Standard_F2s_v2",
            "scale_settings": {"scale_type": "Manual", "instance_count": 1},
        }
    ],
}
INFERENCE: dict[str, Any] = {"entryScript": "score.py", "sourceDirectory": "src"}
LOCAL: dict[str, Any] = {"computeType": "local"}
ACI: dict[str, Any] = {"computeType": "ACI"}
AKS: dict[str, Any] = {"computeType": "AKS"}


def fill(folder: Path) -> Path:
    """Put what those files name into a folder."""
    for name, text in {
        "src/score.py": "def init(): pass\ndef run(data): return data\n",
        "src/api/score.py": "def init(): pass\ndef run(data): return data\n",
        "model.pkl": "pickled",
        "weights/a.bin": "weights",
        "conda.yml": "name: env\ndependencies:\n- python=3.10\n- pip:\n  - azureml-inference-server-http\n",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def put(folder: Path, name: str, content: object) -> Path:
    """Write a file: a text as it is, anything else as JSON or YAML by the name's ending."""
    path = folder / name
    text = content if isinstance(content, str) else None
    if text is None:
        text = json.dumps(content, indent=1) if name.endswith(".json") else yaml.safe_dump(content, sort_keys=False)
    path.write_text(text, encoding="utf-8")
    return path


def changed(base: Mapping[str, Any], path: str, value: object) -> dict[str, Any]:
    """Return a copy of a file's content with one more value; a dot in a name is written as `|`."""
    made = copy.deepcopy(dict(base))
    *above, last = (part.replace("|", ".") for part in path.split("."))
    place: Any = made
    for name in above:
        if isinstance(place, list):
            place = place[int(name)]
        elif isinstance(place.get(name), (dict, list)):
            place = place[name]
        else:
            place[name] = {}
            place = place[name]
    place[last] = value
    return made


def without(base: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the content of a file without one of its values."""
    return {key: value for key, value in base.items() if key != name}


def describe(folder: Path, content: object, name: str = "deployment.yml", wanted: str = "") -> Description:
    """Write a file and return what it says, with what lies beside it."""
    return files.describe(put(folder, name, content), (), wanted)


def told(said: Description) -> list[tuple[str, str, int]]:
    """Return severity, rule and line of each finding."""
    return [(one.severity, one.rule, one.place.line if one.place else 0) for one in said.findings]


def causes(said: Description) -> list[str]:
    return [one.cause for one in said.findings]


def not_emulated(said: Description) -> dict[str, str]:
    return {one.field: one.reason for one in said.not_emulated}

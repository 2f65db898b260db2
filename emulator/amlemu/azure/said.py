"""
What all generations of files say in the same words: a script in a folder, a model with a path, an environment, probes, names.

Each function takes a part of a file and returns a value of `description.py`; what is wrong goes to the `Check`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from amlemu.azure import conda_file, marked, pip_file
from amlemu.azure.description import EnvironmentSaid, ModelSaid, Probe, Route
from amlemu.azure.marked import Unreadable, Value
from amlemu.azure.names import illegal_name
from amlemu.azure.paths import meant, resolve
from amlemu.azure.requirements import Requirements
from amlemu.azure.schema import Check
from amlemu.azure.tables import ENVIRONMENT, MODEL
from amlemu.azure.templates import is_secret, placeholder
from amlemu.finding import BAD_ARGUMENT, CANNOT_START, LACKS_MODEL, REFUSED_EARLY, CloudError, Place, shown

_REGISTERED = re.compile(r"azureml:(?!/)(?P<name>[^:@/]+)(?:[:@](?P<version>[^:@/]+))?$")
_REGISTRY = re.compile(r"/(?:models|environments)/(?P<name>[^/]+)(?:/(?:versions|labels)/(?P<version>[^/]+))?/?$")
_MODEL_STRING = "A registered one is azureml:NAME:VERSION; a file or folder is model: with path: below it."


def name(check: Check, value: Value | None, what: str) -> str:
    """Return the name of an endpoint or deployment, checked as Azure does (contract 1.5)."""
    word = "" if value is None or not isinstance(value.content, str) else value.content
    if value is None or not isinstance(value.content, str) or placeholder(word):
        return ""
    if cause := illegal_name(word, what):
        check.refuse("illegal-name", value, cause, cloud=BAD_ARGUMENT)
    return word


def code(check: Check, folder: Value | None, script: Value | None, base: Path) -> tuple[Path | None, Path | None]:
    """Return the code folder and the script in it, as far as they are there."""
    root = base
    if folder is not None and (not isinstance(folder.content, str) or placeholder(folder.content)):
        return None, None
    if folder is not None:
        if marked.is_reference(folder.content):
            cause = f"the code {folder.content} lies in a workspace, and amlemu asks none"
            check.refuse("code-unresolved", folder, cause, "Name a folder of this machine.", cloud=None)
            return None, None
        root = _located(check, folder, base)
    if folder is not None and not os.path.isdir(root):
        what = "is a file, not a folder" if os.path.exists(root) else "is no folder"
        fix = (
            f"Name {root.parent}, and {root.name} as the script."
            if os.path.isfile(root)
            else meant(root, check.path.parent)
        )
        check.refuse("code-folder-missing", folder, f"the code folder {folder.content} {what}", fix)
        return None, None
    if script is None or not isinstance(script.content, str) or placeholder(script.content):
        return root, None
    return root, _script(check, script, root)


def _script(check: Check, value: Value, root: Path) -> Path | None:
    path = resolve(root, value.content)
    if not path.is_relative_to(root):
        cause = f"the script {value.content} lies outside of the code folder {shown(str(root))}, so it is not deployed"
        check.refuse("script-outside", value, cause, "Name a folder above it as code.", cloud=CANNOT_START)
        return None
    if not os.path.isfile(path):
        what = "is a folder" if os.path.isdir(path) else f"is not in {shown(str(root))}"
        check.refuse(
            "script-missing", value, f"the scoring script {value.content} {what}", meant(path, root), cloud=CANNOT_START
        )
        return None
    if path.suffix != ".py":
        check.refuse("script-not-python", value, f"the scoring script {value.content} is no Python file (.py)", "")
        return None
    return path


def model(check: Check, value: Value | None, base: Path, keys: tuple[str, ...] = ("path",)) -> ModelSaid | None:
    """Return the model; `keys` are the names that its path may have."""
    if value is None:
        return None
    place = Place(check.path, value.line)
    if isinstance(value.content, str):
        return _model_string(check, value, place)
    if not isinstance(value.content, dict):
        return None
    path_value = next((found for key in keys if (found := value.get(key)) is not None), None)
    written = value.text("name"), value.text("version"), value.text("type").lower() or "custom_model"
    version = value.get("version")
    if version is not None and not written[0] and not check.takes_file_prefix:
        cause = f"the model has a version, {written[1]}, and no name"
        check.refuse("model-version-without-name", version, cause, "Give it a name, or leave version: out.")
    if path_value is None:
        check.refuse("model-without-path", value, "the model has no path", _MODEL_STRING)
        return None
    if not isinstance(path_value.content, str) or placeholder(path_value.content):
        return None
    if marked.is_reference(path_value.content):
        text = path_value.content
        if not written[0] and not check.takes_file_prefix:
            cause = f"the model {text} lies in the cloud and has no name here, so az ml looks for a file of that name"
            check.refuse(
                "model-missing-name", path_value, cause, "Give it a name, or register it: model: azureml:NAME:VERSION"
            )
        return ModelSaid(*written[:2], None, Place(check.path, path_value.line), text, written[2])
    path = _located(check, path_value, base)
    if not os.path.exists(path):
        cause = f"the model {path_value.content} is not there"
        check.refuse("model-missing", path_value, cause, meant(path, check.path.parent), cloud=LACKS_MODEL)
    return ModelSaid(*written[:2], path, Place(check.path, path_value.line), "", written[2])


def _model_string(check: Check, value: Value, place: Place) -> ModelSaid | None:
    text = value.content
    if text.startswith("file:"):
        return _model_file(check, value)
    if placeholder(text):
        return None
    found = reference(text)
    if found is None:
        cause = f"the model {text!r} is neither a reference nor a mapping"
        check.refuse("model-not-a-reference", value, cause, _MODEL_STRING, cloud=_cloud_of(text))
        return None
    return ModelSaid(*found, None, place, text)


def _located(check: Check, value: Value, base: Path) -> Path:
    """Return a path; `file:` before it was understood in 2021, and is a part of the name today (azure-ai-ml 1.35.2)."""
    text = str(value.content)
    if text.startswith("file:") and not check.takes_file_prefix:
        cause = f"{text} begins with file:, as files of 2021 did; az ml takes it for a part of the name"
        check.refuse("file-prefix", value, cause, f"Write {text.removeprefix('file:')}")
    return resolve(base, text)


def _cloud_of(text: str) -> CloudError:
    """Tell who finds out: azure-ai-ml looks at what is before the first colon, the service at the rest."""
    return BAD_ARGUMENT if text.startswith("azureml:") else REFUSED_EARLY


def _model_file(check: Check, value: Value) -> ModelSaid | None:
    """Follow `model: file:model.yml`, as older command lines did."""
    path = resolve(check.path.parent, value.content)
    inner = _part(check, path, value)
    if inner is None:
        return None
    if not check.takes_file_prefix:
        cause = f"az ml takes no file here ({value.content}); it takes a reference, or path, name and version"
        check.refuse("model-by-file", value, cause, f"Write what {path.name} says below model:", severity="warning")
    below = Check(path)
    below.table(inner, MODEL)
    said = model(below, inner, path.parent)
    check.findings += below.findings
    return said


def reference(text: str) -> tuple[str, str] | None:
    """
    Return name and version of what is registered: `azureml:credit:3`, `azureml:credit@latest` (no version), a registry's or an ARM id.

    Source: azure-ai-ml 1.35.2, _schema/core/fields.py, ArmVersionedStr and RegistryStr.
    """
    found = _REGISTERED.fullmatch(text) or (_REGISTRY.search(text) if text.startswith("azureml:") else None)
    if found is None or (text.startswith("azureml:/subscriptions/") and "/versions/" not in text):
        return None
    version = found["version"] or ""
    return found["name"], "" if version == "latest" or f"@{version}" in text or "/labels/" in text else version


def environment(check: Check, value: Value | None, base: Path) -> EnvironmentSaid | None:
    """Return the environment: described here, in a file, or registered somewhere."""
    if value is None:
        return None
    place = Place(check.path, value.line)
    if isinstance(value.content, dict):
        return environment_table(check, value, base)
    if not isinstance(value.content, str) or placeholder(value.content):
        return None
    text = value.content
    path = resolve(base, text)
    if reference(text) is None and (text.startswith("file:") or path.suffix in (".yml", ".yaml")):
        return _environment_file(check, value, path)
    if reference(text) is None:
        fix = "A registered one is azureml:NAME:VERSION or azureml:NAME@latest; else give image and conda_file."
        cause = f"the environment {text!r} is no reference"
        check.refuse("environment-not-a-reference", value, cause, fix, cloud=_cloud_of(text))
    return EnvironmentSaid(place, reference=text)


def _environment_file(check: Check, value: Value, path: Path) -> EnvironmentSaid | None:
    inner = _part(check, path, value)
    if inner is None:
        return None
    cause = f"az ml takes no file here ({value.content}); it takes a reference, or image and conda_file"
    fix = f"Write what {path.name} says below environment:, or register it."
    check.refuse("environment-by-file", value, cause, fix, severity="warning")  # azure-ai-ml 1.35.2 refuses it
    if inner.get("dependencies") is not None:
        return EnvironmentSaid(Place(check.path, value.line), requirements=conda_file.from_value(inner, path))
    below = Check(path)
    below.table(inner, ENVIRONMENT)
    said = environment_table(below, inner, path.parent)
    check.findings += below.findings
    check.not_emulated += below.not_emulated
    return said


def environment_table(check: Check, value: Value, base: Path) -> EnvironmentSaid:
    """Return an environment that is described by a mapping, of v2 or 2021."""
    place = Place(check.path, value.line)
    image = value.text("image") or value.text("docker", "image")
    for key in ("channels", "dependencies"):
        if value.get(key) is not None:
            cause = f"{key} belongs into a conda file; an environment names that as conda_file"
            check.refuse("environment-is-conda", value, cause)
            return EnvironmentSaid(place, image=image, requirements=conda_file.from_value(value, check.path))
    builds = value.get("build") is not None or value.get("docker", "build") is not None
    folder = _build_folder(check, value.get("build", "path"), base)
    asked = requirements(check, value.get("conda_file"), base)
    if not image and not builds:
        cause = "the environment has neither image nor build, so there is nothing to start"
        fix = "For example image: mcr.microsoft.com/azureml/minimal-ubuntu22.04-py310-cpu-inference:latest"
        wants = asked is not None or not (value.text("name") or value.text("path"))
        if wants:
            check.refuse("environment-without-image", value, cause, fix)
    custom = value.get("inference_config") is not None
    return EnvironmentSaid(
        place,
        image=image,
        requirements=asked,
        is_custom=custom,
        routes=dict(_routes(check, value.get("inference_config"))),
        builds=builds,
        build_folder=folder,
        dockerfile=(value.text("build", "dockerfile_path") or "Dockerfile") if folder else "",
    )


def _routes(check: Check, config: Value | None) -> Iterator[tuple[str, Route]]:
    """Yield those that have a port and a path; what else is written there the table has told."""
    for name in ("liveness_route", "readiness_route", "scoring_route"):
        route = config.get(name) if config is not None else None
        port = whole(route.get("port")) if route is not None else None
        if route is not None and port is not None and route.text("path"):
            yield name, Route(Place(check.path, route.line), port, route.text("path"))


def _build_folder(check: Check, value: Value | None, base: Path) -> Path | None:
    if value is None or not isinstance(value.content, str) or placeholder(value.content):
        return None
    path = _located(check, value, base)
    if not marked.is_reference(value.content) and not os.path.exists(path):
        check.refuse(
            "build-folder-missing",
            value,
            f"the build folder {value.content} is not there",
            meant(path, check.path.parent),
        )
    return path if os.path.isdir(path) else None


def requirements(check: Check, value: Value | None, base: Path) -> Requirements | None:
    """Return what a conda file asks for; it may stand in place."""
    if value is None:
        return None
    if isinstance(value.content, dict):
        return _noted(check, conda_file.from_value(value, check.path))
    if not isinstance(value.content, str) or placeholder(value.content):
        return None
    path = _located(check, value, base)
    if not os.path.isfile(path):
        check.refuse(
            "conda-file-missing", value, f"the conda file {value.content} is not there", meant(path, check.path.parent)
        )
        return None
    try:
        return _noted(check, pip_file.read(path) if path.suffix == ".txt" else conda_file.read(path))
    except Unreadable as error:
        check.findings.append(error.finding)
        return None


def _noted(check: Check, asked: Requirements) -> Requirements:
    check.findings += asked.findings
    return asked


def _part(check: Check, path: Path, value: Value) -> Value | None:
    if not os.path.isfile(path):
        check.refuse("no-such-file", value, f"{value.content} is not there", meant(path, check.path.parent))
        return None
    try:
        return marked.read(path)
    except Unreadable as error:
        check.findings.append(error.finding)
        return None


def variables(check: Check, value: Value | None) -> dict[str, str]:
    """Return a deployment's variables; those that Azure would fill with a secret are left out, and said so."""
    said = {}
    for key, one in value.items() if value is not None else ():
        if isinstance(one.content, (dict, list)):
            continue
        text = _as_variable(one.content)
        if is_secret(text):
            cause = f"{key} is a secret that Azure would put in ({text}); amlemu asks no key vault, so {key} is not set"
            check.refuse(
                "secret",
                one,
                cause,
                f"Give it with --env {key}=..., or set it in the shell.",
                cloud=None,
                severity="information",
            )
            continue
        if expression := _expression(text):
            cause = f"environment_variables.{key}: {expression} was never filled in"
            fix = "A pipeline was to put a value in its place."
            check.refuse("template-unfilled", one, cause, fix, cloud=None, severity="warning")
        said[key] = text
    return said


def _expression(text: str) -> str:
    """Return `${{ secrets.X }}` and the like; other braces may be the variable's own business."""
    left = placeholder(text)
    return left if (left.startswith(("${{", "{{")) and left == text.strip()) or left.startswith("${{") else ""


def _as_variable(content: Any) -> str:
    """A bool or None as azure-ai-ml's REST layer writes it: `assumed`, str() of Python's value."""
    return "" if content is None else str(content)


def probe(check: Check, value: Value | None, names: Mapping[str, str], defaults: Probe) -> Probe | None:
    """Return a probe; `names` are its fields by the names of `Probe`."""
    if value is None or not isinstance(value.content, dict):
        return None
    numbers = {field: whole(value.get(said)) for field, said in names.items()}
    known = {field: one for field, one in numbers.items() if one is not None}
    given = {field: one if field.endswith("threshold") else float(one) for field, one in known.items()}
    return Probe(**{**_fields(defaults), **given, "place": Place(check.path, value.line)})


def _fields(one: Probe) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__dataclass_fields__}


def instance_type(value: Value) -> str:
    """Return the machine that a deployment names; empty where that is no text, or was never filled in."""
    word = value.get("instance_type")
    return word.content if word is not None and isinstance(word.content, str) and not placeholder(word.content) else ""


def number(value: Value | None) -> float | None:
    """Return a number, also one in quotes; None for anything else."""
    if value is None or value.content is None or isinstance(value.content, (bool, list, dict)):
        return None
    try:
        return float(value.content)
    except (ValueError, OverflowError):
        return None


def whole(value: Value | None) -> int | None:
    """Return a whole number, also one in quotes, and of a fraction what marshmallow's Integer makes of it; else None."""
    found = number(value)
    if value is None or found is None or not abs(found) < 1e15:
        return None
    return int(found) if isinstance(value.content, float) or found == int(found) else None


def is_on(value: Value | None) -> bool:
    """Tell whether a switch is on, in any of the words that stand for it."""
    return value is not None and str(value.content).lower() in ("true", "yes", "on", "1", "t", "y")


def traffic(check: Check, value: Value | None, what: str = "traffic") -> dict[str, int]:
    """Return percent by deployment, checked: 0 or 100 in all (contract 1.1)."""
    shares: dict[str, int] = {}
    for key, one in value.items() if value is not None else ():
        share = whole(one)
        if share is None or not 0 <= share <= 100:
            check.refuse("illegal-traffic", one, f"{what}.{key}: {one.plain!r} is no percentage (0 to 100)")
        else:
            shares[key] = share
    if value is not None and what == "traffic" and sum(shares.values()) not in (0, 100):
        together = sum(shares.values())
        fix = "Make it 100, or 0 while nothing is deployed yet."
        cloud = REFUSED_EARLY if together > 100 else BAD_ARGUMENT
        check.refuse("traffic-sum", value, f"traffic is {together} % in all; it has to be 0 or 100", fix, cloud=cloud)
    return shares


def plain_word(text: str) -> str:
    """Return one of Azure's words as YAML spells it: `AMLToken` and `AmlToken` are `aml_token`."""
    known = {"amltoken": "aml_token", "aadtoken": "aad_token", "targetutilization": "target_utilization"}
    word = text.lower().replace("_", "")
    return known.get(word, word)

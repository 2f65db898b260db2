"""
Turns what Azure's files say into a `Deployment`: the script where it lies, the model found or put in its place.

Source of the paths: contract 3.1, 3.3 (azure-ai-ml 1.35.2, _local_endpoints; azureml-core 1.61, core/webservice/local.py).
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from amlemu import models as on_disk
from amlemu.azure.description import Description, ModelSaid
from amlemu.deployment import Deployment, endpoint_name, from_script
from amlemu.errors import UsageError
from amlemu.finding import Finding, shown
from amlemu.models import Model


def to_deployment(
    said: Description,
    *,
    model_dir: str | None = None,
    models: Mapping[str, str] | None = None,
    known: Mapping[str, Path] | None = None,
    python: str | None = None,
    environment: Mapping[str, str] | None = None,
    workers: int | None = None,
    endpoint: str | None = None,
    name: str | None = None,
    model_layout: str = "cloud",
) -> Deployment:
    """
    Return what is served.

    Args:
        said: what the files say.
        model_dir: a folder in place of the deployment's model, as AZUREML_MODEL_DIR would name it.
        models: files or folders by `NAME` or `NAME:VERSION`, in place of what is registered.
        known: likewise, of the project's own file; one that the deployment does not name is no mistake.
        environment: variables on top of the deployment's.
        model_layout: `cloud`, or `local` as `az ml ... --local` and LocalWebservice put models.

    Raises:
        UsageError: the files leave nothing to serve, or a model cannot be found.
    """
    is_replaced = model_dir is not None or bool(models) or any(_lookup(model, known or {}) for model in said.models)
    refuse(said, frozenset({"model-missing"}) if is_replaced else frozenset())
    if said.script is None:
        raise _no_script(said)
    variables = {**said.variables, **(environment or {})}
    found = resolve_models(said, model_dir, models or {}, known or {})
    made = from_script(
        said.script,
        code=said.code,
        python=python,
        environment=variables,
        workers=workers,
        endpoint=endpoint or said.endpoint or endpoint_name(said.file.parent),
        name=name or said.name or None,
        request_settings=said.settings,
    )
    is_v1 = said.generation == "v1" and "sourceDirectory" in said.said_at and "AML_APP_ROOT" not in variables
    return replace(made, models=found, files=said.files, has_local_models=model_layout == "local", is_v1=is_v1)


def refuse(said: Description, mended: frozenset[str] = frozenset()) -> None:
    """Raise UsageError for all that leaves nothing to serve, together, but for the rules of what the command line mends."""
    hindrances = [one for one in said.hindrances if one.rule not in mended]
    if not hindrances:
        return
    first, *others = [_sentence(one) for one in hindrances]
    raise UsageError("\n".join([first, *(f"amlemu: {other}" for other in others)]))


def _sentence(finding: Finding) -> str:
    place = finding.place
    where = "" if place is None else f"{shown(place)}: "
    end = "" if finding.cause.endswith(("?", ".")) else "."
    return f"{where}{finding.cause}{end} {finding.fix}".rstrip()


def _no_script(said: Description) -> UsageError:
    where = shown(str(said.file))
    environment = said.environment
    if environment is not None and environment.is_custom:
        what = f"this deployment brings a server of its own, the image {environment.image or 'of its environment'}"
        hint = "amlemu serves scoring scripts. With that image running: amlemu serve --upstream http://HOST:PORT"
        return UsageError(what, where=where, hint=hint)
    if any(model.type == "mlflow_model" for model in said.models) or said.models:
        what = "this deployment has no code_configuration: Azure would write the script for an MLflow or Triton model itself"
        return UsageError(what, where=where, hint="Add code_configuration with a scoring script to serve it here.")
    return UsageError("this deployment names no scoring script", where=where, hint="Add code_configuration.")


def resolve_models(
    said: Description, model_dir: str | None, models: Mapping[str, str], known: Mapping[str, Path]
) -> tuple[Model, ...]:
    """
    Return the models as they lie on this machine.

    Raises:
        UsageError: one is registered, and nobody says where its files are; or a path leads nowhere.
    """
    if model_dir is not None:
        return _in_place(said, Path(model_dir))
    given = {key.removeprefix("azureml:"): Path(value) for key, value in models.items()}
    if not said.models:  # v1: the command line names models, no file does
        return on_disk.named_models({**{key: str(path) for key, path in known.items()}, **models})
    if len(given) == len(said.models) == 1 and not said.models[0].name:
        return tuple(_model(said.models[0], path) for path in given.values())
    found = []
    for model in said.models:
        path = _lookup(model, given) or _lookup(model, known) or model.path
        if path is None:
            raise unresolved(model, given)
        found.append(_model(model, path))
    unused = [key for key in given if not any(_answers(key, model) for model in said.models)]
    if unused:
        names = ", ".join(model.reference or model.name or str(model.path) for model in said.models)
        raise UsageError(f"the deployment names no model {unused[0]}", where="--model", expected=f"It names {names}.")
    return tuple(found)


def _lookup(model: ModelSaid, paths: Mapping[str, Path]) -> Path | None:
    exact = [path for key, path in paths.items() if key == f"{model.name}:{model.version}"]
    return next(iter(exact), None) or next((path for key, path in paths.items() if _answers(key, model)), None)


def _answers(key: str, model: ModelSaid) -> bool:
    name, _, version = key.partition(":")
    return bool(model.name) and name == model.name and (not version or not model.version or version == model.version)


def unresolved(model: ModelSaid, given: Mapping[str, Path]) -> UsageError:
    """Return the error for a model that is not on this machine; `given` are those that the user has named."""
    what = f"the model {model.reference} is registered in a workspace, and amlemu asks none"
    if given:
        what += f"; --model names {', '.join(given)}"
    key = model.name or "NAME"
    hint = (
        f"Say where its files are: --model {key}=PATH, or in pyproject.toml: [tool.amlemu.models] "
        f'"{key}{":" + model.version if model.version else ""}" = "PATH"'
    )
    return UsageError(what, where=shown(model.place), hint=hint)


def _model(model: ModelSaid, path: Path) -> Model:
    existing = on_disk.existing_path(path, f"{model.reference or model.name or 'model'} = {shown(str(path))}")
    name = model.name or str(uuid.uuid5(uuid.NAMESPACE_URL, str(existing)))  # Azure makes one, too (contract 3.1)
    # None, in letters, is what azure-ai-ml writes for a version that is not said: _local_deployment_helper.py
    local = f"{model.name}/{model.version or 'None'}" if model.name else ""
    return Model(name, model.version or "1", existing, local_folder=local)


def _in_place(said: Description, folder: Path) -> tuple[Model, ...]:
    existing = on_disk.existing_folder(folder, f"--model-dir {folder}")
    first = next(iter(said.models), None)
    if first is None or not first.name:
        return on_disk.from_model_dir(existing)
    return (Model(first.name, first.version or "1", existing, is_whole=True),)


def model_difference(deployment: Deployment) -> str:
    """
    Say where the model would lie otherwise, locally or in Azure; empty where nobody would notice.

    Source: contract 3.1.
    """
    if not deployment.models or all(model.is_whole for model in deployment.models):
        return ""
    if deployment.is_v1:
        here, there = "begins with a slash", "is relative, to the app root"
        if deployment.has_local_models:
            return f"AZUREML_MODEL_DIR {there} as in a LocalWebservice; in Azure it {here} (--model-layout cloud)"
        return f"AZUREML_MODEL_DIR {here} as in Azure; in a LocalWebservice it {there} (--model-layout local)"
    model = deployment.models[0]
    place = model.path.resolve()
    beside = sorted(set(os.listdir(place.parent)) - {place.name})
    names = ", ".join(beside[:3]) + (f" and {len(beside) - 3} more" if len(beside) > 3 else "")
    lies = "lies" if len(beside) == 1 else "lie"
    if not beside and model.local_folder != "":
        return ""
    if deployment.has_local_models:
        said = ["AZUREML_MODEL_DIR ends in an id, for the model has no name"] if model.local_folder == "" else []
        said += [f"{names} {'is' if len(beside) == 1 else 'are'} not there"] if beside else []
        return f"the model lies as under az ml ... --local; in Azure {' and '.join(said)} (--model-layout cloud)"
    said = (
        ["AZUREML_MODEL_DIR is azureml-models/ itself, for the model has no name"] if model.local_folder == "" else []
    )
    said += [f"{names} {lies} beside it"] if beside else []
    return f"the model lies as in Azure; under az ml ... --local {' and '.join(said)} (--model-layout local)"

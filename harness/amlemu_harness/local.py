"""
A deployment as `az ml online-deployment create --local` would run it: names, labels, what is mounted where, variables.

Values only; `containers.py` makes a container of the `Order`. Source, but where it is said otherwise: contract 3.1, 3.3, 5.1
(azure-ai-ml 1.35.2, _local_endpoints/azureml_image_context.py, docker_client.py, operations/_local_deployment_helper.py).

What az does not need is not written: its stub of an endpoint, ~/.azureml/inferencing/NAME/NAME.json, is made by `az ml online-endpoint
create --local` alone, and not by a deployment's; without it az lists, shows, invokes and deletes the deployment all the same, and
`az ml online-endpoint delete --local` alone finds nothing.
"""

from __future__ import annotations

import json
import os
import posixpath
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from amlemu.azure import marked
from amlemu.azure.description import Description, Resources
from amlemu.azure.marked import Unreadable
from amlemu.deployment import Deployment
from amlemu.finding import Place
from amlemu.layout import BASE, Layout, lay_out
from amlemu.models import MODELS_FOLDER

from amlemu_harness.containers import AZ_LOCAL, DEPLOYMENT, ENDPOINT, SCORING_PORT, Mount, Order

ENDPOINT_DATA, DEPLOYMENT_DATA, PORT_LABEL = "endpoint-data", "deployment-data", "azureml-port"
ANY_PORT = {SCORING_PORT: ("127.0.0.1", 0)}
"""Where the scoring port is reached if nobody says otherwise: by this machine alone, at any free port."""
_PYTHON_PATH = "/opt/miniconda/envs/inf-conda-env/bin"  # constants/_endpoint.py, CONDA_ENV_BIN_PATH
# Fields of a deployment that az shows as they were written; what it mounts and builds is written anew.
_KEPT = (
    "type",
    "description",
    "tags",
    "properties",
    "app_insights_enabled",
    "environment_variables",
    "request_settings",
    "liveness_probe",
    "readiness_probe",
    "scale_settings",
    "instance_count",
    "instance_type",
    "model_mount_path",
    "egress_public_network_access",
    "data_collector",
    "resources",
)


def order_for(
    deployment: Deployment,
    said: Description | None,
    image: str,
    *,
    ports: Mapping[int, tuple[str, int]] | None = None,
    variables: Mapping[str, str] | None = None,
    resources: Resources | None = None,
    gpus: str = "",
    platform: str = "",
    mounts: bool = True,
) -> Order:
    """
    Return how the container of a deployment is made.

    Args:
        said: what Azure's files say of it; None for a script.
        image: name of an image that is there.
        ports: container port -> host address and port (0: any free one); the scoring port is published in any case.
        variables: on top of the deployment's own.
        resources: what it may use; None leaves it to the files.
        gpus: as `docker run --gpus` has it. What the files say of them is left alone: most machines here have none to give.
        mounts: code and models come from this machine; not those of an image that has them in it.

    Raises:
        UsageError: code or models have a name, or AML_APP_ROOT a value, that the tree has no place for.
    """
    layout = laid_out(deployment)
    given = resources or (said.resources if said is not None else None)
    return Order(
        image=image,
        name=f"{deployment.endpoint}.{deployment.name}",
        labels=labels(deployment, said, image),
        variables={**_variables(deployment, layout), **(variables or {})},
        mounts=_mounts(layout) if mounts else (),
        ports={**ANY_PORT, **(ports or {})},
        memory_bytes=given.memory_bytes if given is not None else 0,
        cpus=given.cpus if given is not None else 0,
        gpus=gpus,
        platform=platform,
        reads=(deployment.script, *(model.path for model in deployment.models)) if mounts else (),
    )


def limits(said: Description | None, memory_bytes: int, cpus: float | None) -> Resources:
    """Return what the container may use: what was asked for (0 and None: nothing was), else what the files say of it."""
    told = (said.resources if said is not None else None) or Resources(Place(Path("--memory")))
    return replace(told, memory_bytes=memory_bytes or told.memory_bytes, cpus=cpus or told.cpus)


def laid_out(deployment: Deployment) -> Layout:
    """Return where everything lies in the container; a chosen AML_APP_ROOT that is no part of the tree is the image's business."""
    chosen = posixpath.normpath(deployment.app_root or BASE)
    is_ours = chosen == BASE or chosen.startswith(BASE + "/")
    return lay_out(deployment if is_ours else replace(deployment, app_root=None), "var")


def labels(deployment: Deployment, said: Description | None, image: str) -> dict[str, str]:
    """Return the labels by which azure-ai-ml finds the container and knows what it is, texts all of them."""
    return {
        AZ_LOCAL: "",
        ENDPOINT: deployment.endpoint,
        DEPLOYMENT: deployment.name,
        ENDPOINT_DATA: json.dumps({"name": deployment.endpoint}),
        DEPLOYMENT_DATA: json.dumps(_data(deployment, said, image)),
        PORT_LABEL: str(SCORING_PORT),
    }


def _variables(deployment: Deployment, layout: Layout) -> dict[str, str]:
    """Return the variables, az's own first; the deployment's override them."""
    found = {
        "AML_APP_ROOT": _app_root(deployment, layout),
        "AZUREML_ENTRY_SCRIPT": posixpath.basename(layout.script),
        "AZUREML_INFERENCE_PYTHON_PATH": _PYTHON_PATH,
    }
    if layout.model_dir is not None:
        found["AZUREML_MODEL_DIR"] = layout.model_dir
    if deployment.is_v1:  # as `environment.py` has it: azureml-core 1.61, core/model.py, `_handle_assets`
        found["AZUREML_ENTRY_SCRIPT"] = posixpath.relpath(layout.script, layout.app_root)
        found["AZUREML_SOURCE_DIRECTORY"] = layout.source_folder
    if deployment.workers != 1 or "WORKER_COUNT" in deployment.environment:
        found["WORKER_COUNT"] = str(deployment.workers)
    return {**found, **{name: value for name, value in deployment.environment.items() if name != "WORKER_COUNT"}}


def _app_root(deployment: Deployment, layout: Layout) -> str:
    """Return the script's folder; az's own has a slash behind it where that is the code folder itself, the cloud's has none."""
    is_code_itself = deployment.script.parent == deployment.code and not deployment.is_v1
    return layout.app_root + ("/" if is_code_itself and deployment.has_local_models else "")


def _mounts(layout: Layout) -> tuple[Mount, ...]:
    """Return code and models at their places; a model's mount is shared with SELinux, the code's is not, as az has them."""
    return tuple(
        Mount(place.source, posixpath.join(BASE, place.inside), "z" if place.inside.startswith(MODELS_FOLDER) else "")
        for place in layout.places
    )


def _data(deployment: Deployment, said: Description | None, image: str) -> dict[str, Any]:
    """
    Return the deployment as azure-ai-ml can load it again: it does so for every container that it lists, and fails as a whole.

    Hence what it would not take, or not find again from another folder, is left out: a file that az refuses, a registered model or
    environment by its name.
    """
    data: dict[str, Any] = {**_kept(said), "name": deployment.name, "endpoint_name": deployment.endpoint}
    data.setdefault("instance_count", 1)
    data["code_configuration"] = {
        "code": str(deployment.code),
        "scoring_script": deployment.script.relative_to(deployment.code).as_posix(),
    }
    model = next(iter(deployment.models), None)
    if model is not None:
        named = {"name": model.name, "version": model.version} if model.local_folder != "" else {}
        data["model"] = {**named, "path": str(model.path)}
    environment = said.environment if said is not None else None
    data["environment"] = {"image": (environment.image if environment is not None else "") or image}
    conda = (
        _conda(environment.requirements.place.file) if environment is not None and environment.requirements else None
    )
    if conda is not None:
        data["environment"]["conda_file"] = conda
    return data


def _kept(said: Description | None) -> dict[str, Any]:
    """Return what a v2 file says besides, unless something is wrong with it."""
    if said is None or said.generation != "v2" or any(one.severity == "error" for one in said.findings):
        return {}
    written = marked.read(said.file).plain
    kept = {name: written[name] for name in _KEPT if written.get(name) is not None}
    if "type" in kept:
        kept["type"] = str(kept["type"]).lower()
    return kept


def _conda(file: Path) -> dict[str, Any] | None:
    """Return a conda file's content, as az writes it down; None for a file of another kind."""
    if os.path.splitext(file)[1] not in (".yml", ".yaml", ".json"):
        return None
    try:
        found = marked.read(file).plain
    except Unreadable:
        return None
    return found if isinstance(found, dict) and "dependencies" in found else None

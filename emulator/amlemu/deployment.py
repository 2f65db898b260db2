"""
A deployment is what is served: script, code, models, interpreter, variables. Values only, checked once.

`layout.py` says where its parts lie for the script, `environment.py` which variables the script sees; profiles say how the
front door before it behaves.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from amlemu.errors import UsageError
from amlemu.interpreter import find_python
from amlemu.models import Model, existing_folder, from_model_dir, may, named_models, unique


@dataclass(frozen=True)
class Deployment:
    """
    One scoring script with everything it needs. Paths are absolute and the host's own.

    Attributes:
        script: lies in `code`.
        code: the folder that is deployed.
        app_root: None is the script's folder; else the AML_APP_ROOT that the user chose, as typed.
        models: what lies below azureml-models.
        environment: what the user asked for by `--env`, on top of the variables of the calling shell.
        endpoint: name of the endpoint; front doors of some clouds say it, or have it in their paths.
        name: of the deployment itself; clients name it in `azureml-model-deployment`.
        request_settings: limits of its own by their Azure names, `request_timeout_ms` ...; they beat the profile's.
        files: Azure's files that describe it.
        has_local_models: models lie as `az ml ... --local` and LocalWebservice put them, not as in Azure.
        is_v1: it is a web service of the v1 SDK with a source directory, `code`: the app root is the folder above it.
    """

    script: Path
    python: Path
    code: Path
    app_root: str | None = None
    models: tuple[Model, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    workers: int = 1
    endpoint: str = "endpoint"
    name: str = "blue"
    request_settings: Mapping[str, int] = field(default_factory=dict)
    files: tuple[Path, ...] = ()
    has_local_models: bool = False
    is_v1: bool = False


def from_script(
    script: str | os.PathLike[str],
    *,
    code: str | os.PathLike[str] | None = None,
    model_dir: str | os.PathLike[str] | None = None,
    models: Mapping[str, str | os.PathLike[str]] | None = None,
    python: str | os.PathLike[str] | None = None,
    environment: Mapping[str, str] | None = None,
    workers: int | None = None,
    endpoint: str | None = None,
    name: str | None = None,
    request_settings: Mapping[str, int] | None = None,
) -> Deployment:
    """
    Describe a deployment of one script; its folder becomes the app root, as in `az ml ... --local`, unless the script's
    variables name another AML_APP_ROOT.

    Args:
        code: the folder that is deployed with the script; None is the script's own.
        model_dir: the folder that AZUREML_MODEL_DIR names. A path that ends in `<name>/<version>` gives both, another
            folder is version 1 of a model of its name; a folder `azureml-models` holds `<name>/<version>` itself.
        models: files or folders by `NAME:VERSION` or `NAME`.
        workers: None leaves it to WORKER_COUNT, in `environment` or this process's own; else 1.
        endpoint: None is the name of the script's folder, as far as an endpoint may be called so.
        name: None is `blue`.
        request_settings: see `Deployment`.

    Raises:
        UsageError: the script, a folder or the interpreter is not there or not usable.
    """
    path = _script_path(Path(script))
    return Deployment(
        script=path,
        python=find_python(python),
        code=path.parent if code is None else _code_folder(Path(code), path),
        app_root=dict(environment or {}).get("AML_APP_ROOT") or None,
        models=_models(model_dir, models or {}),
        environment=dict(environment or {}),
        workers=_worker_count(workers, environment or {}),
        endpoint=endpoint or endpoint_name(path.parent),
        name=name or "blue",
        request_settings=dict(request_settings or {}),
    )


def endpoint_name(folder: Path) -> str:
    """Call an endpoint by a folder: letters, digits and single dashes, 3 to 32 of them, a letter first (contract 1.5)."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", folder.name).strip("-")[:32].rstrip("-")
    return name if len(name) >= 3 and name[0].isalpha() else "endpoint"


def _script_path(path: Path) -> Path:
    where = str(path)
    if not path.exists():
        raise UsageError("no such file", where=where, hint=_near_miss(path))
    if path.is_dir():
        usual = (path / name for name in ("deployment.yml", "deployment.yaml", "score.py"))
        inside = next((one for one in usual if one.exists()), None)
        hint = (
            f"Did you mean {inside}?" if inside else "Name the scoring script, for example score.py, or a deployment."
        )
        raise UsageError("this is a folder, not a scoring script", where=where, hint=hint)
    if path.suffix != ".py":
        raise UsageError("not a Python file", where=where, expected="A scoring script is a .py file.")
    if not may(path, os.R_OK):
        raise UsageError("not readable by this user", where=where, hint=f"chmod u+r {path}")
    return path.resolve()


def _code_folder(path: Path, script: Path) -> Path:
    folder = existing_folder(path, f"--code {path}").resolve()
    if not script.is_relative_to(folder):
        raise UsageError(
            "the script does not lie in it",
            where=f"--code {path}",
            hint=f"The script is {script}; name a folder above.",
        )
    return folder


def _models(model_dir: str | os.PathLike[str] | None, named: Mapping[str, str | os.PathLike[str]]) -> tuple[Model, ...]:
    in_folder = (
        () if model_dir is None else from_model_dir(existing_folder(Path(model_dir), f"--model-dir {model_dir}"))
    )
    return unique((*in_folder, *named_models(named)))


def _worker_count(choice: int | None, environment: Mapping[str, str]) -> int:
    """Source: azureml-inference-server-http 1.5.1, amlserver.py `merge_configuration`: option, then variable, then 1."""
    word = environment.get("WORKER_COUNT", os.environ.get("WORKER_COUNT", "1")) if choice is None else str(choice)
    where = "WORKER_COUNT" if choice is None else "--workers"
    if not word.strip().isascii() or not word.strip().isdigit() or int(word) < 1:
        raise UsageError(f"{word!r} is no number of processes", where=where, expected="At least one is needed.")
    return int(word)


def _near_miss(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"The folder {folder} does not exist either."
    near = difflib.get_close_matches(path.name, [entry.name for entry in folder.glob("*.py")], n=1, cutoff=0.5)
    return f"Did you mean {folder / near[0]}?" if near else f"Looked in {folder.resolve()}."

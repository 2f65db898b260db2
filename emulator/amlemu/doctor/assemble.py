"""
Puts together what the doctor looks at: finds the files that are meant, reads the script and the modules that it imports. Runs none.
"""

from __future__ import annotations

import ast
import difflib
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from amlemu.azure import files, served
from amlemu.azure.description import Description
from amlemu.azure.marked import Unreadable
from amlemu.azure.paths import is_azure_file
from amlemu.azure.requirements import Requirements
from amlemu.doctor.subject import Source, Subject
from amlemu.errors import UsageError
from amlemu.finding import Finding, Place, shown
from amlemu.models import Model

_MOST_SIBLINGS = 200
_MOST_BYTES = 2_000_000  # of one module: the longest that people write are generated, and have some 100 kB
SCRIPTS = ("score.py", "main.py", "scoring.py", "inference.py")


def targets(path: Path) -> list[Path]:
    """
    Return the files that are meant: the one that is named, or all deployments of a folder, or else its script.

    Raises:
        UsageError: there is nothing to look at.
    """
    if not path.is_dir():
        return [path]
    found = [one for one in sorted(path.iterdir()) if one.is_file() and is_azure_file(one)]
    kinds = {one: _kind(one) for one in found}
    deployments = [one for one in found if kinds[one] in ("deployment", "2021", "inference", "?")]
    if deployments:
        deployments += [one for one in found if kinds[one] == "endpoint" and not _has_deployment(one)]
    else:
        deployments = [one for one in found if kinds[one] in ("endpoint", "webservice")]
    if deployments:
        return deployments
    named = [path / name for name in SCRIPTS if (path / name).is_file()]
    scripts = named or [one for one in sorted(path.glob("*.py")) if _looks_like_one(one)]
    if not scripts:
        hint = "Name a deployment file, or a scoring script."
        raise UsageError("no deployment and no scoring script in this folder", where=str(path), hint=hint)
    return scripts[:1] if named else scripts


def _has_deployment(endpoint: Path) -> bool:
    """Tell whether a deployment beside an endpoint is for it."""
    try:
        files.describe(endpoint)
    except Unreadable:
        return False
    return True


def _kind(path: Path) -> str:
    """Return what a file is; `?` for one that is broken and called as a deployment would be."""
    from amlemu.azure import marked

    try:
        return files.recognise(marked.read(path))
    except Unreadable:
        return "?" if any(word in path.name.lower() for word in ("deploy", "endpoint", "inferenceconfig")) else ""


def _looks_like_one(path: Path) -> bool:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return "def run(" in text or "def init(" in text


def subject_of(
    file: Path,
    said: Description | None,
    *,
    python: Path,
    models: tuple[Model, ...] = (),
    requirements: Requirements | None = None,
    variables: Mapping[str, str] | None = None,
    code: Path | None = None,
) -> Subject:
    """
    Return what there is to look at.

    Args:
        file: what was named: a script, or one of Azure's files.
        said: what Azure's files say; None for a script.
        models: as far as they are on this machine.
        requirements: what the environment is made of; None where nobody knows.
        code: for a script, the folder that is deployed; None is its own.
    """
    path = said.script if said is not None else Path(os.path.abspath(file))
    script = None if path is None or not path.is_file() else read(path)
    root = (said.code if said is not None else code) or (path.parent if path is not None else file.parent)
    folder = Path(os.path.abspath(file)).parent
    app_root = _app_root(said, root, path, variables or {})
    return Subject(
        script=script,
        code=Path(os.path.abspath(root)),
        app_root=app_root,
        python=python,
        folder=folder,
        siblings=tuple(_siblings(script, app_root)) if script is not None else (),
        models=models,
        requirements=requirements,
        variables=variables or {},
        description=said,
        kind=said.kind if said is not None else "managed",
    )


def _app_root(said: Description | None, code: Path, script: Path | None, variables: Mapping[str, str]) -> Path:
    """Return the host's folder that AML_APP_ROOT stands for; the script's own where nothing says otherwise (contract 3.3)."""
    wanted = variables.get("AML_APP_ROOT", "")
    base = f"/var/azureml-app/{code.name}"
    if wanted.rstrip("/") == base or wanted.startswith(f"{base}/"):
        return Path(os.path.abspath(code / wanted[len(base) :].strip("/")))
    if said is not None and said.generation == "v1":
        return code
    return script.parent if script is not None else code


def read(path: Path, module: str = "") -> Source:
    """Return a Python file as text and tree, as far as it can be had."""
    try:
        raw = path.read_bytes()[:_MOST_BYTES]
    except OSError:
        return Source(path, "", None, module)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape is the script's own business
            tree = ast.parse(raw, str(path))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tree = None
    return Source(path, raw.decode("utf-8-sig", "replace"), tree, module)


def _siblings(script: Source, app_root: Path) -> Iterator[Source]:
    """Yield the modules of the app root that the script imports, and those that they import."""
    seen: set[Path] = {script.path.resolve()}
    waiting = [script]
    while waiting and len(seen) < _MOST_SIBLINGS:
        source = waiting.pop(0)
        for name in dict.fromkeys(_imported(source)):
            for path, module in _modules(app_root, name):
                if path.resolve() not in seen:
                    seen.add(path.resolve())
                    found = read(path, module)
                    yield found
                    waiting.append(found)


def _imported(source: Source) -> Iterator[str]:
    """Yield the full names of the modules that a file may import, those of `from x import y` included."""
    for node in ast.walk(source.tree) if source.tree is not None else ():
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = _package(source, node.level)
            base = ".".join(part for part in (package, node.module) if part)
            if node.level == 0 or package or source.module:
                yield base
                yield from (f"{base}.{alias.name}".lstrip(".") for alias in node.names)


def _package(source: Source, level: int) -> str:
    """Return the package that a relative import begins at; of the script itself there is none."""
    if level == 0 or not source.module:
        return ""
    parts = source.module.split(".")
    is_package = source.path.name == "__init__.py"
    return ".".join(parts[: len(parts) - level + (1 if is_package else 0)])


def _modules(app_root: Path, name: str) -> Sequence[tuple[Path, str]]:
    """Return the files that an import of this name runs: each package on the way, and the module."""
    found: list[tuple[Path, str]] = []
    parts = name.split(".")
    for count in range(1, len(parts) + 1):
        place = app_root.joinpath(*parts[:count])
        module = ".".join(parts[:count])
        if (place / "__init__.py").is_file():
            found.append((place / "__init__.py", module))
        elif place.with_suffix(".py").is_file():
            found.append((place.with_suffix(".py"), module))
            break
        elif not place.is_dir():
            break
    return found


def models_of(
    said: Description, model_dir: str | None, named: Mapping[str, str], known: Mapping[str, Path]
) -> tuple[tuple[Model, ...], list[Finding]]:
    """Return the models that are on this machine; one that is not is told, for nobody has looked at it."""
    try:
        return served.resolve_models(said, model_dir, named, known), []
    except UsageError as error:
        if any(one.rule == "model-missing" for one in said.findings):
            return (), []
        place = said.models[0].place if said.models else Place(said.file)
        where = "" if error.where == shown(place) else f"{error.where}: "
        cause = f"the model could not be looked at: {where}{error.what}"
        return (), [Finding("information", "model-unseen", cause, place, fix=error.hint)]


def unseen_environment(said: Description, requirements: Requirements | None) -> list[Finding]:
    """Say that imports were held against nothing, because nobody knows what the environment is made of."""
    environment = said.environment
    if requirements is not None or environment is None or not environment.reference:
        return []
    cause = f"imports were held against nothing: the environment {environment.reference} is registered in a workspace"
    fix = "[tool.amlemu.environments] in pyproject.toml can say which conda file it is made of."
    return [Finding("information", "environment-unseen", cause, environment.place, fix=fix)]


def unseen_packages(script: Path) -> list[Finding]:
    """Say the same of a script with no conda or requirements file beside it."""
    cause = "imports were held against nothing: no conda or requirements file lies beside the script"
    fix = "Name the deployment's file instead, if there is one."
    return [Finding("information", "environment-unseen", cause, Place(Path(os.path.abspath(script))), fix=fix)]


def look_at_endpoint(missing: Finding, file: Path) -> list[Finding]:
    """
    Return what is wrong with an endpoint that has no deployment beside it: that is no fault, unless one is for a name so near that
    it was meant.

    Args:
        missing: the finding of the reader that wanted a deployment.
    """
    name, found, others = files.endpoint_alone(file)
    near = difflib.get_close_matches(name, others, 1, 0.8)
    if not near:
        return [*found, replace(missing, severity="information", rule="endpoint-alone", cloud=None)]
    cause = f"this is the endpoint {name}, and the deployment beside it is for {near[0]}"
    return [*found, Finding("warning", "other-endpoint", cause, missing.place, None, "Give both the same name.")]


def specification(file: Path) -> Requirements | None:
    """
    Return what a conda, environment or requirements file asks for; None of any other.

    Raises:
        Unreadable: it cannot be read.
    """
    from amlemu.azure import asked, marked, pip_file, said
    from amlemu.azure.schema import Check
    from amlemu.azure.tables import ENVIRONMENT

    if file.suffix.lower() == ".txt":
        return pip_file.read(file)
    if not is_azure_file(file):
        return None
    value = marked.read(file)
    kind = files.recognise(value)
    if kind == "conda":
        return asked.read(file)
    if kind != "environment":
        return None
    check = Check(Path(os.path.abspath(file)))
    check.table(value, ENVIRONMENT)
    found = said.environment_table(check, value, check.path.parent).requirements or Requirements(Place(check.path))
    return replace(found, findings=tuple(dict.fromkeys((*check.findings, *found.findings))))


def subject_of_environment(asked: Requirements, python: Path) -> Subject:
    """Return what there is to look at where there is an environment and no script."""
    folder = asked.place.file.parent
    return Subject(script=None, code=folder, app_root=folder, python=python, folder=folder, requirements=asked)

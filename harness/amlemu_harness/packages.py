"""
A deployment baked into an image, as `Model.package()` did it: code and models lie where Azure has them, nothing is mounted.

Values only: the lines that end a Dockerfile, and the files that they copy. `uploaded.py` says which files these are,
`blueprint.py` puts the lines in their place, `diff.py` reads what became of them.

Source: contract 3.1, 3.3; the page of 2020, "Advanced debugging" (contract 5.2).
"""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import amlemu
from amlemu.deployment import Deployment
from amlemu.errors import UsageError
from amlemu.finding import shown
from amlemu.layout import BASE, Layout, Place, lay_out

from amlemu_harness.bases import DATA
from amlemu_harness.uploaded import Upload

DEBUG_PORT = 5678
DEBUGGER = "/opt/amlemu"
_OWNER = "dockeruser"
_CONTEXT = "package"  # where our files lie among those of the build


@dataclass(frozen=True)
class Baked:
    """
    What a package adds to an image.

    Attributes:
        instructions: lines of a Dockerfile, for its end. Models come before code: an edit of the script sends no model again.
        files: what they copy: files of the host, by their path in the build's context.
        variables: what the container will have in its environment.
        arguments: of the build: values that no line of a Dockerfile can hold.
    """

    instructions: str
    files: Mapping[str, Path]
    variables: Mapping[str, str]
    arguments: Mapping[str, str]


def bake(deployment: Deployment, *, debugs: bool = False, owner: str = _OWNER) -> Baked:
    """
    Return what a deployment adds to an image.

    Args:
        debugs: the container listens for an editor on port 5678.
        owner: whose the files will be, so that they can be edited inside; empty for root.

    Raises:
        UsageError: a file cannot be read, or the script would not be taken, or AML_APP_ROOT is nowhere in an image.
    """
    code, models = _places(deployment)
    layers = {"models": {inside: file for place in models for inside, file in _files(place).items()}}
    layers["code"] = _files(code)
    _see_that_it_is_there(deployment)
    variables = _variables(deployment, debugs=debugs)
    lines, arguments = _environment(variables)
    chown = f"--chown={owner} " if owner else ""
    copies = [
        line
        for name, files in layers.items()
        if files
        for line in (f"#: the {name}", f"COPY {chown}{_CONTEXT}/{name}/ {BASE}/")
    ]
    ports = [f"EXPOSE {DEBUG_PORT}"] if debugs else []
    found = {f"{_CONTEXT}/{name}/{inside}": file for name, files in layers.items() for inside, file in files.items()}
    return Baked("\n".join([*copies, *lines, *ports]), found, variables, arguments)


def labels(deployment: Deployment) -> dict[str, str]:
    """Return what an image tells of where its files come from, by the last word of the label: JSON, host paths by those inside."""
    code, models = _places(deployment)
    told = {"code": [code], "models": models}
    return {name: json.dumps(_folders(places)) for name, places in told.items() if places}


def folders(deployment: Deployment) -> dict[str, Path]:
    """Return the host's files and folders, by where they lie in the image."""
    code, models = _places(deployment)
    return {inside: Path(outside) for inside, outside in _folders([code, *models]).items()}


def debugger_files() -> dict[str, Path]:
    """Return what makes a container debuggable, by path below /opt/amlemu; the stand-in for ptvsd is the emulator's."""
    folder = DATA / "debug"
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*.py"))}
    stand_in = Path(amlemu.__file__).parent / "scoring" / "compat" / "ptvsd.py"
    return {**files, "amlemu_debug/ptvsd.py": stand_in}


def debugger_variables(
    host: str = "0.0.0.0",  # noqa: S104  # inside the container; where it is published is for `docker run -p` to say
    wait_s: float | None = None,
    python_path: str = "",
) -> dict[str, str]:
    """
    Return the variables that switch the debugger of a container on.

    Args:
        host: the address inside to listen on.
        wait_s: how long to wait for an editor before the script is loaded; None does not.
        python_path: the PYTHONPATH that the container would have otherwise.
    """
    variables = {"AMLEMU_DEBUG": f"{host}:{DEBUG_PORT}", "PYTHONPATH": f"{DEBUGGER}:{python_path}".rstrip(":")}
    return variables | ({} if wait_s is None else {"AMLEMU_DEBUG_WAIT": f"{wait_s:g}"})


def page_lines(tag: str, *, debugs: bool = False) -> list[str]:
    """
    Return the lines of the 2020 page for an image: run it, look inside, keep what was edited, stop it; and ours, which shows the edit.

    Source: "Advanced debugging" of the page of 2020-03, "Debug the service" to "Stop the container".
    """
    port = f" -p {DEBUG_PORT}:{DEBUG_PORT}" if debugs else ""
    after = next_tag(tag)
    return [
        f"docker run --rm --name debug -p 8000:5001{port} {shlex.quote(tag)}",
        "docker exec -it debug /bin/bash",
        f"docker commit debug {shlex.quote(after)}",
        f"amlemu image diff {shlex.quote(after)}",
        "docker stop debug",
    ]


def next_tag(tag: str) -> str:
    """Return the name of an image after an edit: debug:1 becomes debug:2."""
    folder, slash, name = tag.partition("@")[0].rpartition("/")
    name, _, version = name.partition(":")
    number = re.search(r"\d+$", version)
    if number is not None:
        version = version[: number.start()] + str(int(number[0]) + 1)
    else:
        version = f"{version}-2" if version and version != "latest" else "2"
    return f"{folder}{slash}{name}:{version}"


def _cloud(deployment: Deployment) -> Deployment:
    """A package is what Azure runs, wherever models would lie locally."""
    return replace(deployment, has_local_models=False)


def _places(deployment: Deployment) -> tuple[Place, list[Place]]:
    """Return where code and models lie. Of links that lead out of a model we copy what is there, so no model is taken apart."""
    code, *models = lay_out(_cloud(deployment), "links", BASE).places
    return code, models


def _folders(places: list[Place]) -> dict[str, str]:
    return {posixpath.join(BASE, place.inside): str(place.source) for place in places}


def _files(place: Place) -> dict[str, Path]:
    if not place.source.is_dir():
        return {place.inside: place.source}
    return {posixpath.join(place.inside, path): file for path, file in Upload(place.source).files().items()}


def _see_that_it_is_there(deployment: Deployment) -> None:
    script = deployment.script.relative_to(deployment.code).as_posix()
    upload = Upload(deployment.code)
    line = upload.excluded_by(script)
    if line is not None:
        hint = f"Add a line !{script} at its end."
        raise UsageError(f"this line keeps {script} out of the image, as out of Azure", where=shown(line), hint=hint)
    if not upload.takes(script):
        raise UsageError("a script in such a folder is not taken into an image", where=shown(str(deployment.script)))


def _variables(deployment: Deployment, *, debugs: bool) -> dict[str, str]:
    """What Azure sets, then the deployment's own, which win; but AML_APP_ROOT is where it lies in the image."""
    layout = lay_out(_cloud(deployment), "var")
    root = _app_root(deployment, layout)
    variables = {"AZUREML_ENTRY_SCRIPT": posixpath.relpath(layout.script, root)}
    if layout.source_folder:
        variables["AZUREML_SOURCE_DIRECTORY"] = layout.source_folder
    if layout.model_dir is not None:
        variables["AZUREML_MODEL_DIR"] = layout.model_dir
    if deployment.workers > 1:
        variables["WORKER_COUNT"] = str(deployment.workers)
    variables |= {**deployment.environment, "AML_APP_ROOT": root}
    return variables | (debugger_variables(python_path=variables.get("PYTHONPATH", "")) if debugs else {})


def _app_root(deployment: Deployment, layout: Layout) -> str:
    """Return the app root inside; one that was chosen may be a folder of the host."""
    root = layout.app_root
    if root == BASE or root.startswith(f"{BASE}/"):
        return root
    if Path(root).is_relative_to(deployment.code):
        return posixpath.join(BASE, layout.places[0].inside, *Path(root).relative_to(deployment.code).parts)
    expected = f"In an image there is {BASE}/{layout.places[0].inside}, and what is below."
    raise UsageError("this folder is not in the image", where=f"AML_APP_ROOT={deployment.app_root}", expected=expected)


def _environment(variables: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """
    Return the lines that set variables, and the build's arguments that they need.

    No line of a Dockerfile can hold a value of several lines; an argument of the build can.
    """
    arguments: dict[str, str] = {}
    pairs = []
    for name, value in sorted(variables.items()):
        if "\n" in value or "\r" in value:
            argument = f"AMLEMU_VALUE_{len(arguments) + 1}"
            arguments[argument] = value
            pairs.append(f'{name}="${{{argument}:?is the value of {name}}}"')  # a build without it fails
        elif name == "PYTHONPATH" and value == DEBUGGER:
            pairs.append(f'{name}="{value}${{PYTHONPATH:+:$PYTHONPATH}}"')  # the base may have one of its own
        else:
            pairs.append(f"{name}={_quoted(value)}")
    return [*(f"ARG {name}" for name in arguments), "ENV " + " ".join(pairs)], arguments


def _quoted(value: str) -> str:
    """Quote a value for ENV, where `$` and backslashes mean something between double quotes."""
    return '"' + re.sub(r'(["\\$])', r"\\\1", value) + '"'

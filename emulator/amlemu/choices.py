"""
What holds of all that can be set: a flag beats a variable, that beats Azure's file, that beats the project's, and then the default.

`cli_plan.py` makes a plan of it, `amlemu config show` prints it. Each value keeps its origin.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amlemu import project_file
from amlemu.azure.paths import is_azure_file
from amlemu.finding import Place, shown
from amlemu.layout import ENVIRONMENTS, OWN_FOLDER
from amlemu.project_file import ProjectFile
from amlemu.settings import SERVE_SETTINGS

if TYPE_CHECKING:
    from amlemu.azure.description import Description
    from amlemu.azure.requirements import Requirements

DEFAULT = "default"
MADE = "amlemu env create"
_AUTH_FIELDS = ("endpoint.auth_mode", "auth_mode", "authEnabled", "tokenAuthEnabled")


@dataclass(frozen=True)
class Choices:
    """
    All options of `amlemu serve` for one file.

    Attributes:
        file: what is served: a script, or one of Azure's files.
        options: value by the setting's name.
        origins: where it came from, by the same name: `--port`, `AMLEMU_PORT`, `deployment.yml:7`, `default` ...
        said: what Azure's files say; None for a script.
        requirements: what its environment is made of, as far as a file says so.
        variables: the script's own, each with its origin.
    """

    file: str
    options: dict[str, Any]
    origins: dict[str, str]
    project: ProjectFile = field(default_factory=ProjectFile)
    said: Description | None = None
    requirements: Requirements | None = None
    variables: dict[str, tuple[str, str]] = field(default_factory=dict)


def choose(
    file: str,
    given: Mapping[str, Any],
    sources: Mapping[str, str],
    find_environment: Callable[[Requirements], Path | None] = lambda _: None,
) -> Choices:
    """
    Merge what was given with what the files say.

    Args:
        file: the script or one of Azure's files, as typed.
        given: options by name; those that a command does not have are the defaults of `serve`.
        sources: who gave each, `flag` or `variable`; others are defaults.
        find_environment: returns the interpreter that was made of these requirements; None where none was.

    Raises:
        UsageError: a file cannot be read, or says what is no option.
    """
    path = Path(file)
    project = project_file.load(Path(os.path.abspath(path)).parent)
    options = {setting.name: () if setting.repeats else setting.default for setting in SERVE_SETTINGS}
    origins = dict.fromkeys(options, DEFAULT)
    _take(options, origins, project.options, lambda name: shown(project.place(name)))
    wanted = str(given["deployment_name"]) if sources.get("deployment_name") else ""
    said = _describe(path, _beside(given, sources, project), wanted)
    if said is not None:
        from_file = {name: one for name, one in _of_file(said).items() if one[0] not in (None, "")}
        if "profile" in project.options:
            from_file.pop("profile")
        _take(options, origins, {name: one[0] for name, one in from_file.items()}, lambda name: from_file[name][1])
    _take(
        options,
        origins,
        {name: value for name, value in given.items() if name in options and sources.get(name)},
        lambda name: _word(name, sources[name]),
    )
    _take_repeated(options, project, given, sources)
    if said is not None:
        endpoint = str(options["endpoint_name"] or said.endpoint)
        name = str(options["deployment_name"]) if said.generation != "v1" else ""  # a web service has one deployment
        said = replace(said, name=name, endpoint=endpoint)
    if said is not None and options["auth"] == "off":
        said = _without_auth(said)
    requirements = _asked(path, said, project)
    python = find_environment(requirements) if requirements is not None and not options["python"] else None
    if python is not None:
        options["python"], origins["python"] = str(python), MADE
    return Choices(file, options, origins, project, said, requirements, _variables(options, origins, said))


def script_of(file: str) -> str:
    """Return the script that a deployment names; a script is itself. Raises UsageError."""
    if not is_azure_file(Path(file)):
        return file
    from amlemu.azure import files, served

    said = files.describe(Path(file))
    served.refuse(said)
    return str(said.script or file)


def code_of(file: str) -> Path:
    """Return the folder that is deployed; of a script alone its own. Raises UsageError."""
    path = Path(file)
    said = _describe(path, (), "")
    return said.code if said is not None and said.code is not None else path.parent


def _describe(path: Path, beside: Sequence[Path], wanted: str) -> Description | None:
    if not is_azure_file(path):
        return None  # a script starts without all that reads YAML
    from amlemu.azure import files

    return files.describe(path, beside, wanted)


def _beside(given: Mapping[str, Any], sources: Mapping[str, str], project: ProjectFile) -> list[Path]:
    words = given["with"] if sources.get("with") else project.options.get("with", ())
    return [Path(word) for word in words]


def _take(
    options: dict[str, Any], origins: dict[str, str], values: Mapping[str, Any], origin: Callable[[str], str]
) -> None:
    for name, value in values.items():
        options[name], origins[name] = value, origin(name)


def _of_file(said: Description) -> dict[str, tuple[Any, str]]:
    """Return the options that a deployment's file says, each with its place."""

    def at(*names: str) -> str:
        places = [said.said_at[name] for name in names if name in said.said_at]
        return shown(places[0] if places else Place(said.file))

    return {
        "profile": (said.profile, at("type", "$schema", "computeType")),
        "deployment_name": (said.name, at("name")),
        "endpoint_name": (said.endpoint, at("endpoint_name", "name")),
        "port": (said.port, at("port")),
    }


def _word(name: str, source: str) -> str:
    setting = next(one for one in SERVE_SETTINGS if one.name == name)
    return setting.flag if source == "flag" else setting.variable


def _take_repeated(
    options: dict[str, Any], project: ProjectFile, given: Mapping[str, Any], sources: Mapping[str, str]
) -> None:
    """Values by name add up: those of the project come first, so that a flag replaces one of them and keeps the others."""
    for name in ("env", "set"):
        if sources.get(name) and name in project.options:
            options[name] = (*project.options[name], *given[name])


def _without_auth(said: Description) -> Description:
    """Say that nobody is asked for a key, whatever the endpoint says: on this machine that is a wish of its own."""
    from amlemu.azure.description import NotEmulated

    fields = [name for name in _AUTH_FIELDS if name in said.said_at]
    mode = said.auth_mode or "key"
    reason = f"nobody is asked for a key or token on this machine; --auth {mode} asks"
    notes = [NotEmulated(name.removeprefix("endpoint."), said.said_at[name], reason) for name in fields[:1]]
    return replace(said, not_emulated=(*said.not_emulated, *notes))


def _asked(path: Path, said: Description | None, project: ProjectFile) -> Requirements | None:
    """Return what the environment is made of; of a file beside a script only where one has been made of it."""
    folder = Path(os.path.abspath(path)).parent
    if said is None and not (folder / OWN_FOLDER / ENVIRONMENTS).is_dir():
        return None
    from amlemu.azure import asked
    from amlemu.azure.marked import Unreadable

    try:
        return asked.beside(folder) if said is None else asked.asked_for(said, project.environments)
    except Unreadable:
        if said is not None:
            raise
        return None  # nobody has named it


def _variables(
    options: Mapping[str, Any], origins: Mapping[str, str], said: Description | None
) -> dict[str, tuple[str, str]]:
    found = {}
    if said is not None:
        for name, value in said.variables.items():
            place = said.said_at.get(f"environment_variables.{name}") or said.said_at.get(
                f"environment.environmentVariables.{name}"
            )
            found[name] = (value, shown(place or said.said_at.get("data_collector") or Place(said.file)))
    for word in options["env"]:
        name, _, value = word.partition("=")
        found[name] = (value, origins["env"])
    return found

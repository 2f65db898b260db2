"""
What a command line asks for: which endpoint, which deployment, made of which file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amlemu import cli_making
from amlemu.azure.paths import is_azure_file
from amlemu.deployment import endpoint_name
from amlemu.errors import UsageError
from amlemu.local_endpoints import shelf as shelves
from amlemu.local_endpoints.record import DELETING, Asked
from amlemu.local_endpoints.verbs import NewEndpoint, existing

_BY_KEY = ("set", "env")  # options that are KEY=VALUE, as often as one likes
_USUAL = "blue"


@dataclass(frozen=True)
class WantedDeployment:
    """A deployment that shall be made."""

    endpoint: str
    name: str
    asked: Asked


def endpoint(name: str | None, file: str | None, given: Mapping[str, Any]) -> NewEndpoint:
    """Return the endpoint that shall be made. Raises UsageError, Unreadable."""
    auth = None if given["auth_mode"] == "off" else given["auth_mode"]
    if file is None:
        called = cli_making.needed(name, "--name", "the endpoint's name")
        return NewEndpoint(called, given["port"], auth=auth)
    from amlemu.azure import files, marked, v2

    path = Path(file)
    kind = files.recognise(marked.read(path)) if is_azure_file(path) and path.exists() else ""
    if kind == "endpoint":
        said = v2.endpoint(path.absolute(), marked.read(path))
        called = cli_making.needed(name or said.name, "--name", "the endpoint's name")
        return NewEndpoint(called, given["port"], said.kind, auth, remarks=_remarks(called, said.traffic))
    asked = cli_making.asked_of(file, given)
    if kind == "":
        called = name or endpoint_name(path.absolute().parent)
        return NewEndpoint(called, given["port"], "", auth, {_USUAL: asked}, {_USUAL: 100})
    description = files.describe(path)
    called = name or description.endpoint or endpoint_name(path.absolute().parent)
    names = description.names if kind == "2021" else (description.name or _USUAL,)
    each = {one: Asked(asked.file, {**asked.options, "deployment_name": one}, asked.simulate) for one in names}
    traffic = dict(description.traffic) if kind == "2021" and description.traffic else {names[0]: 100}
    return NewEndpoint(called, given["port"], "", auth, each, traffic)


def changed(name: str | None, file: str) -> NewEndpoint:
    """
    Return what an endpoint shall be from now on, as its file says: the traffic, and in one of 2021 its deployments.

    Raises:
        UsageError: there is no such endpoint, or it is no file of one.
        Unreadable: nobody can read the file.
    """
    from amlemu.azure import files, marked, v2

    path = Path(file)
    if not path.exists():
        raise UsageError("no such file", where=f"--file {file}", hint="Name an endpoint.yml, or a file of 2021.")
    kind = files.recognise(marked.read(path)) if is_azure_file(path) else ""
    if kind == "endpoint":
        said = v2.endpoint(path.absolute(), marked.read(path))
        called = cli_making.needed(name or said.name, "--name", "the endpoint's name")
        return NewEndpoint(called, traffic=said.traffic or None)
    if kind != "2021":
        hint = f"amlemu deployment update -f {file} takes it."
        raise UsageError("it says how a deployment is made", where=f"--file {file}", hint=hint)
    description = files.describe(path)
    called = cli_making.needed(name or description.endpoint, "--name", "the endpoint's name")
    before = existing(shelves.shelf_of(called)).deployments
    each = {
        one: Asked(
            str(path.absolute()), {**(before[one].asked.options if one in before else {}), "deployment_name": one}
        )
        for one in description.names
    }
    return NewEndpoint(called, asked=each, traffic=dict(description.traffic) if description.traffic else None)


def _remarks(name: str, traffic: Mapping[str, int] | None) -> tuple[str, ...]:
    shares = " ".join(f"{deployment}={percent}" for deployment, percent in (traffic or {}).items())
    if not shares:
        return ()
    how = f'amlemu endpoint update -n {name} --traffic "{shares}"'
    return (f"traffic is for deployments that are there; when they are: {how}",)


def deployment(verb: str, given: Mapping[str, Any]) -> WantedDeployment:
    """Return the deployment that shall be made, or made anew. Raises UsageError, Unreadable."""
    file, name = given["file"], given["name"]
    if file is None and verb == "create":
        raise UsageError("no file", where="--file", hint="Name a deployment.yml or a scoring script: -f deployment.yml")
    in_file = _named_in(Path(file), name) if file is not None else ("", "")
    endpoint = endpoint_of(given["endpoint_name"] or in_file[1])
    if verb == "create":
        return WantedDeployment(endpoint, name or in_file[0] or _USUAL, cli_making.asked_of(file, given))
    return _again(endpoint, name or in_file[0] or None, file, given)


def _named_in(path: Path, wanted: str | None) -> tuple[str, str]:
    """Return the names of deployment and endpoint that a file has; empty where it has none."""
    from amlemu.azure import files

    if not is_azure_file(path) or not path.exists():
        return "", ""
    said = files.describe(path, wanted=wanted or "")
    return said.name, said.endpoint


def _again(endpoint: str, name: str | None, file: str | None, given: Mapping[str, Any]) -> WantedDeployment:
    """Return what a deployment was made of, with the file and the options that are given now in place of those of before."""
    from amlemu.local_endpoints.views import chosen

    record = existing(shelves.shelf_of(endpoint))
    called = chosen(record, name)
    before = record.deployments[called].asked
    now = cli_making.asked_of(file or before.file, given)
    options = {**before.options, **now.options}
    options |= {name: _joined(before.options, now.options, name) for name in _BY_KEY if name in options}
    return WantedDeployment(endpoint, called, Asked(now.file, options, now.simulate))


def _joined(before: Mapping[str, Any], now: Mapping[str, Any], name: str) -> list[str]:
    """Return what was said of each key last: one that is set today leaves the others as they are, as with `az`."""
    words = [*before.get(name, ()), *now.get(name, ())]
    return list({word.partition("=")[0]: word for word in words}.values())


def endpoint_of(name: str | None) -> str:
    """Return the endpoint that is meant; without a name the only one there is. Raises UsageError."""
    if name:
        return name
    there = [
        shelf.name for shelf in shelves.shelves() if (record := shelf.read()) is not None and record.state != DELETING
    ]
    if len(there) == 1:
        return there[0]
    expected = f"There is {', '.join(there)}." if there else "There is none yet."
    hint = "" if there else "amlemu endpoint create -n NAME makes one."
    raise UsageError("the endpoint's name is missing", where="--endpoint-name", expected=expected, hint=hint)

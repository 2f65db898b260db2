"""
Which of Azure's files one is, and what it says together with those beside it: an endpoint with its deployments, two v1 files.

`describe` is the way in. Readers of one format each: `v2.py`, `v2021.py`, `v1.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from amlemu.azure import marked, platform, v1, v2, v2021
from amlemu.azure.description import Description
from amlemu.azure.marked import Unreadable, Value, unreadable
from amlemu.azure.paths import is_azure_file
from amlemu.finding import BAD_ARGUMENT, Finding, Place

_MOST_NEIGHBOURS = 60  # files in a folder that are looked at
_NEIGHBOUR_BYTES = 100_000
_OF_A_DEPLOYMENT = ("endpoint_name", "code_configuration", "instance_type", "request_settings")
_MARKS = (*_OF_A_DEPLOYMENT, "nlineDeployment", "nlineEndpoint", "auth_mode", "traffic", "entryScript", "computeType")
_KINDS = "a v2 online deployment or endpoint, the endpoint file of 2021, or a v1 inferenceconfig.json or deploymentconfig.json"


def recognise(value: Value) -> str:
    """
    Return which file this is: `deployment`, `endpoint`, `2021`, `inference`, `webservice` (both v1), `environment`, `conda`,
    `batch`; else empty.
    """
    schema = value.text("$schema").rpartition("/")[2].lower()
    if "batch" in schema or value.get("mini_batch_size") is not None or value.get("settings", "mini_batch_size"):
        return "batch"
    if value.get("deployments") is not None:
        return "2021"
    if "onlinedeployment" in schema or any(value.get(key) is not None for key in _OF_A_DEPLOYMENT):
        return "deployment"
    if any(key.lower().replace("_", "") == "entryscript" for key, _ in value.items()):  # also as people misspell it
        return "inference"
    if value.get("computeType") is not None:
        return "webservice"
    if "onlineendpoint" in schema or value.get("auth_mode") is not None or value.get("traffic") is not None:
        return "endpoint"
    if value.get("dependencies") is not None:
        return "conda"
    if "environment" in schema or any(value.get(key) is not None for key in ("conda_file", "image", "build")):
        return "environment"
    return ""


def describe(file: Path, beside: Sequence[Path] = (), wanted: str = "") -> Description:
    """
    Return what a file says, with those that belong to it.

    Args:
        file: a deployment or an endpoint, of any generation.
        beside: files that belong to it; else they are looked for in its folder.
        wanted: which deployment, where there are several; empty is the one with the most traffic.

    Raises:
        Unreadable: it cannot be read, or is no such file.
    """
    return platform.looked_at(_described(Path(os.path.abspath(file)), beside, wanted))


def _described(path: Path, beside: Sequence[Path], wanted: str) -> Description:
    value = marked.read(path)
    kind = recognise(value)
    if kind == "2021":
        return v2021.describe(path, value, wanted)
    if kind == "deployment":
        return _with_endpoint(v2.deployment(path, value), beside)
    if kind == "endpoint":
        return _of_endpoint(path, value, beside, wanted)
    if kind in ("inference", "webservice"):
        return _v1(kind, path, value, beside)
    raise _no_deployment(path, value, kind)


def _no_deployment(path: Path, value: Value, kind: str) -> Unreadable:
    what = {
        "batch": "this is a batch deployment, and amlemu serves online ones",
        "conda": "this is a conda file; it says what a script's environment is made of, not which script",
        "environment": "this is an environment; it does not say which script is served",
    }.get(kind, "")
    if not what:
        schema = value.text("$schema").rpartition("/")[2]
        named = f" ({schema})" if schema else ""
        keys = ", ".join(key for key, _ in list(value.items())[:4])
        what = f"this is no deployment{named}" + (f": it has {keys}" if keys else "")
    return unreadable("not-a-deployment", what, path, value.line, f"Expected {_KINDS}.")


def neighbours(path: Path, beside: Sequence[Path] = ()) -> Iterator[tuple[Path, Value, str]]:
    """Yield the files that belong to one, or else lie beside it, as far as they can be read, with what they are."""
    found = [Path(os.path.abspath(one)) for one in beside]
    is_given = bool(found)
    if not is_given:
        entries = sorted(one for one in path.parent.iterdir() if is_azure_file(one) and one != path)
        found = [one for one in entries if one.is_file() and one.stat().st_size < _NEIGHBOUR_BYTES][:_MOST_NEIGHBOURS]
    for one in found:
        try:
            text = marked.read_text(one)
            if not is_given and not any(mark in text for mark in _MARKS):
                continue  # before it is parsed: folders hold data, too
            value = marked.parse(text, one)
        except Unreadable:
            if is_given:
                raise
            continue  # no business of ours, unless it was named
        yield one, value, recognise(value)


def _with_endpoint(said: Description, beside: Sequence[Path]) -> Description:
    """Add what the endpoint's file says."""
    for path, value, kind in neighbours(said.file, beside):
        if kind != "endpoint" or (value.text("name") != said.endpoint and not beside):
            continue
        return _joined(said, v2.endpoint(path, value))
    return said


def _joined(said: Description, endpoint: v2.EndpointSaid) -> Description:
    findings = [*said.findings, *endpoint.findings]
    place = Place(endpoint.file, 0)
    if endpoint.name and said.endpoint and endpoint.name != said.endpoint:
        cause = f"the deployment is for the endpoint {said.endpoint}, and this file describes {endpoint.name}"
        findings.append(Finding("error", "other-endpoint", cause, place, BAD_ARGUMENT, "Give both the same name."))
    if endpoint.kind != said.kind:
        cause = f"the endpoint is a {endpoint.kind} one, and the deployment a {said.kind} one"
        findings.append(Finding("error", "kinds-differ", cause, place, BAD_ARGUMENT))
    return replace(
        said,
        auth_mode=endpoint.auth_mode,
        traffic=endpoint.traffic,
        not_emulated=(*said.not_emulated, *endpoint.not_emulated),
        findings=tuple(findings),
        files=(*said.files, endpoint.file),
        said_at={**{f"endpoint.{name}": where for name, where in endpoint.said_at.items()}, **said.said_at},
    )


def _of_endpoint(path: Path, value: Value, beside: Sequence[Path], wanted: str) -> Description:
    """Find the deployment of an endpoint."""
    endpoint = v2.endpoint(path, value)
    found = {
        one.text("name") or where.stem: (where, one)
        for where, one, kind in neighbours(path, beside)
        if kind == "deployment" and (beside or one.text("endpoint_name") == endpoint.name)
    }
    if wanted and wanted not in found:
        there = ", ".join(found) or "none"
        raise unreadable(
            "no-such-deployment", f"no deployment {wanted} lies beside this endpoint; there is {there}", path
        )
    if not found:
        others = [f"{where.name} is for {said}" for where, said in _other_endpoints(path, beside)]
        cause = f"this is the endpoint {endpoint.name}, and no deployment of it lies beside it"
        cause += f" ({', '.join(others[:3])})" if others else ""
        raise unreadable("no-deployments", cause, path, fix="Name the deployment's file instead.")
    name = wanted or max(found, key=lambda one: endpoint.traffic.get(one, 0))
    return replace(_joined(v2.deployment(*found[name]), endpoint), names=tuple(found))


def _other_endpoints(path: Path, beside: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    for where, one, kind in neighbours(path, beside):
        if kind == "deployment" and one.text("endpoint_name"):
            yield where, one.text("endpoint_name")


def endpoint_alone(file: Path) -> tuple[str, tuple[Finding, ...], list[str]]:
    """
    Return what is wrong with an endpoint whose deployments lie elsewhere: its name, findings, and the names that deployments beside
    it are for. Raises Unreadable.
    """
    path = Path(os.path.abspath(file))
    said = v2.endpoint(path, marked.read(path))
    return said.name, said.findings, [name for _, name in _other_endpoints(path, ())]


def partners(file: Path) -> list[Path]:
    """Return the files beside a v1 file that could be its other half. Raises Unreadable."""
    path = Path(os.path.abspath(file))
    wanted = {"inference": "webservice", "webservice": "inference"}.get(recognise(marked.read(path)), "")
    return [one for one, _, kind in neighbours(path) if wanted and kind == wanted]


def _v1(kind: str, path: Path, value: Value, beside: Sequence[Path]) -> Description:
    """Find the other half of a v1 deployment."""
    wanted = "webservice" if kind == "inference" else "inference"
    found = [(one, other) for one, other, which in neighbours(path, beside) if which == wanted]
    exact = [pair for pair in found if pair[0].stem.lower() in ("deploymentconfig", "inferenceconfig")]
    if len(found) > 1 and len(exact) != 1:
        names = ", ".join(one.name for one, _ in found)
        cause = f"several files could belong to it: {names}"
        raise unreadable("several-partners", cause, path, fix=f"Name one: --with {found[0][0].name}")
    other = exact[0] if len(found) > 1 else found[0] if found else None
    here = (path, value)
    return v1.describe(here, other) if kind == "inference" else v1.describe(other, here)

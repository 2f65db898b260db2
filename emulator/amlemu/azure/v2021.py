"""
Reads the endpoint file of the 2021 preview, `az ml endpoint create -f`: one file with the endpoint and its deployments.

Source: contract 9; limits of that time: contract 1.5, 1.6.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from amlemu.azure import amounts, said, scaling
from amlemu.azure.description import Description, EnvironmentSaid, Kind, NotEmulated, Probe
from amlemu.azure.marked import Unreadable, Value, unreadable
from amlemu.azure.schema import Check
from amlemu.azure.tables import DEPLOYMENT_2021, ENDPOINT_2021
from amlemu.azure.v2 import check_workers
from amlemu.finding import Place

_LIMITS = ("request_timeout_ms", "max_concurrent_requests_per_instance", "max_queue_wait_ms")
_OLDER = ("code_reference", "sku", "scale", "request")


@dataclass(frozen=True)
class _Endpoint:
    """What is said of the endpoint around the deployments."""

    name: str
    kind: Kind
    auth_mode: str
    traffic: dict[str, int]
    lines: dict[str, int]  # of each deployment by its name


def describe(path: Path, value: Value, wanted: str = "") -> Description:
    """
    Return what the file says of one deployment.

    Args:
        wanted: its name; empty is the one with the most traffic, else the first.

    Raises:
        Unreadable: it has no such deployment, or is of the private preview before.
    """
    _refuse_older(path, value)
    check = Check(path, takes_file_prefix=True)
    check.table(value, ENDPOINT_2021)
    entries = value.get("deployments")
    if entries is None or not entries.values():
        raise unreadable("no-deployments", "this endpoint file has no deployments to serve", path, value.line)
    shares = said.traffic(check, value.get("traffic"))
    endpoint = said.name(check, value.get("name"), "the endpoint's name")
    named = [(entry.text("name"), entry) for entry in entries.values()]
    names = [name for name, _ in named]
    for entry in entries.values():
        if names.count(entry.text("name")) > 1:
            check.refuse("duplicate-deployment", entry, f"two deployments are called {entry.text('name')!r}")
            break
    traffic_value = value.get("traffic")
    for name in shares if traffic_value is not None else ():
        if name not in names:
            cause = f"traffic names {name}, which is no deployment of this file; there are {', '.join(names)}"
            check.refuse("unknown-deployment", traffic_value or value, cause)
    chosen = _choose(path, entries, shares, wanted)
    for entry in entries.values():
        check.table(entry, DEPLOYMENT_2021, f"deployments.{entry.text('name') or '?'}.")
    kind: Kind = "kubernetes" if value.get("target") or value.get("infrastructure") else "managed"
    around = _Endpoint(
        endpoint,
        kind,
        said.plain_word(value.text("auth_mode")),
        shares,
        {name: entry.line for name, entry in named if name},
    )
    return _deployment(check, chosen, around)


def _refuse_older(path: Path, value: Value) -> None:
    entries = value.get("deployments")
    inner = [one for _, one in entries.items()] if entries is not None else []
    inner += entries.values() if entries is not None else []
    older = [key for one in inner for key in _OLDER if one.get(key) is not None]
    if (entries is not None and isinstance(entries.content, dict)) or older:
        sign = f"it has {older[0]}" if older else "its deployments are a mapping"
        cause = f"this is an endpoint file of the private preview before May 2021 ({sign}); it is too old"
        fix = "Write a deployment file of today; az ml reads neither."
        raise unreadable("endpoint-file-too-old", cause, path, entries.line if entries else value.line, fix)


def _choose(path: Path, entries: Value, shares: dict[str, int], wanted: str) -> Value:
    by_name = {entry.text("name"): entry for entry in entries.values()}
    if wanted:
        if wanted not in by_name:
            cause = f"no deployment is called {wanted}; there are {', '.join(by_name)}"
            raise unreadable("no-such-deployment", cause, path, entries.line)
        return by_name[wanted]
    most = max(by_name, key=lambda name: shares.get(name, 0))
    return by_name[most]


def _deployment(check: Check, entry: Value, endpoint: _Endpoint) -> Description:
    path, base = check.path, check.path.parent
    name = said.name(check, entry.get("name"), "the deployment's name")
    model = said.model(check, entry.get("model"), base, ("local_path", "path"))
    folder = entry.get("code_configuration", "code", "local_path") or _text_only(
        entry.get("code_configuration", "code")
    )
    code, script = said.code(check, folder, entry.get("code_configuration", "scoring_script"), base)
    reason = f"one deployment is served, {name}; --deployment-name chooses another"
    for other, line in endpoint.lines.items():
        if other != name:
            check.not_emulated.append(NotEmulated(f"deployment {other}", Place(path, line), reason))
    prefix = f"deployments.{name or '?'}."
    settings = _settings(check, entry)
    return Description(
        file=path,
        generation="2021",
        kind=endpoint.kind,
        profile="managed-2021" if endpoint.kind == "managed" else "kubernetes",
        name=name,
        endpoint=endpoint.name,
        script=script,
        code=code if entry.get("code_configuration") is not None else None,
        models=() if model is None else (model,),
        environment=_environment(check, entry.get("environment"), base),
        variables=said.variables(check, entry.get("environment_variables")),
        settings=settings,
        liveness=_probe(check, entry.get("liveness_probe")),
        readiness=_probe(check, entry.get("readiness_probe")),
        said_at={place.removeprefix(prefix): where for place, where in check.said_at.items()},
        auth_mode=endpoint.auth_mode,
        traffic=endpoint.traffic,
        names=tuple(endpoint.lines),
        not_emulated=tuple(_of(check, prefix)),
        findings=tuple(check.findings),
        files=(path,),
        resources=amounts.of_2021(check, entry.get("resource_requirements")),
        instance_type=said.instance_type(entry),
        scaling=scaling.of_2021(check, entry.get("scale_settings"), settings.get("instance_count")),
    )


def _of(check: Check, prefix: str) -> list[NotEmulated]:
    """Leave out what is said of the other deployments: they are not served anyway."""
    return [
        NotEmulated(one.field.removeprefix(prefix), one.place, one.reason)
        for one in check.not_emulated
        if one.field.startswith(prefix) or not one.field.startswith("deployments.")
    ]


def _text_only(value: Value | None) -> Value | None:
    return value if value is not None and isinstance(value.content, str) else None


def _settings(check: Check, entry: Value) -> dict[str, int]:
    found = {name: said.whole(entry.get("request_settings", name)) for name in _LIMITS}
    scale = entry.get("scale_settings") or Value({}, entry.line)
    least, most = said.whole(scale.get("min_instances")), said.whole(scale.get("max_instances"))
    if least is not None and most is not None and least > most:
        check.refuse(
            "illegal-scaling", scale, f"scale_settings: min_instances {least} is more than max_instances {most}"
        )
    fixed = said.whole(scale.get("instance_count")) or said.whole(entry.get("instance_count"))
    count = least or fixed if scaling.is_by_load(scale) else fixed or least
    check_workers(check, entry.get("environment_variables", "WORKER_COUNT"), entry.get("request_settings", _LIMITS[1]))
    found["instance_count"] = count
    return {name: number for name, number in found.items() if number is not None and number > 0}


def _environment(check: Check, value: Value | None, base: Path) -> EnvironmentSaid | None:
    """`path` is the folder that conda_file is relative to."""
    if value is None or not isinstance(value.content, dict):
        return said.environment(check, value, base)
    folder = value.text("path")
    try:
        return said.environment_table(check, value, base / folder if folder else base)
    except Unreadable as error:
        check.findings.append(error.finding)
        return None


def _probe(check: Check, value: Value | None) -> Probe | None:
    """Source of the defaults: contract 1.7; the names with `_seconds` are the older ones."""
    if value is None:
        return None
    names = {field: field for field in ("initial_delay", "period", "timeout", "success_threshold", "failure_threshold")}
    names |= {
        field: f"{field}_seconds" for field in ("initial_delay", "period", "timeout") if value.get(f"{field}_seconds")
    }
    return said.probe(check, value, names, Probe(Place(check.path), 10.0, 10.0, 2.0, 1, 30))

"""
The page of all fields, docs/fields.md: what each does here, or why it does nothing. Written by `make docs` from `tables.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

from amlemu.azure import tables
from amlemu.azure.schema import Field, Table

_FILES = {
    "v2, managed online deployment": tables.MANAGED_DEPLOYMENT,
    "v2, Kubernetes online deployment": tables.KUBERNETES_DEPLOYMENT,
    "v2, managed online endpoint": tables.MANAGED_ENDPOINT,
    "v2, Kubernetes online endpoint": tables.KUBERNETES_ENDPOINT,
    "2021, endpoint file": tables.ENDPOINT_2021,
    "2021, each of its deployments": tables.DEPLOYMENT_2021,
    "v1, inferenceconfig.json": tables.INFERENCE_V1,
    "v1, deploymentconfig.json, local": tables.LOCAL_V1,
    "v1, deploymentconfig.json, ACI": tables.ACI_V1,
    "v1, deploymentconfig.json, AKS": tables.AKS_V1,
}


def as_markdown() -> str:
    """Return the page."""
    head = (
        "# Fields\n\nWritten by `make docs` from `azure/tables.py`: every field of Azure's files, and what it does under"
        " `amlemu serve`. One that is\nnot in here is told by `amlemu doctor`, with the nearest name."
    )
    parts = [head]
    for title, table in _FILES.items():
        rows = "\n".join(_rows(table, "", ""))
        parts.append(f"## {title}\n\nSource: {table.source}.\n\n| field | here |\n|---|---|\n{rows}")
    return "\n\n".join(parts) + "\n"


def _rows(table: Table, prefix: str, reason: str) -> Iterator[str]:
    for name, field in table.fields.items():
        if name == "$schema":
            continue
        why = reason or field.reason
        below = isinstance(field.kind, Table)
        if not below or why:
            yield f"| `{prefix}{name}` | {f'not emulated: {why}' if why else _bounds(field)} |"
        if isinstance(field.kind, Table) and not why:
            yield from _rows(field.kind, f"{prefix}{name}.", "")


def _bounds(field: Field) -> str:
    least = f"from {field.low:g}" if field.low is not None else ""
    most = f"to {field.high:g}" if field.high is not None else ""
    words = f"one of {', '.join(field.words)}" if field.words else ""
    return "; ".join(part for part in ("honoured", " ".join(part for part in (least, most) if part), words) if part)

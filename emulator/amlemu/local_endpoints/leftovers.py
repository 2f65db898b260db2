"""
The containers of an endpoint: what they are called, and how those of one are removed whose process was killed.

Two places for each deployment, for in an update the new one comes up beside the old one. `az ml ... --local` has one container for a whole
endpoint (contract 5.1), and removes all others of its name; so each place has a name of its own.
"""

from __future__ import annotations

from amlemu.errors import AmlemuError
from amlemu.local_endpoints.record import Record

_GROUP, _NAME = "amlemu.leftovers", "container"


def alias(endpoint: str, deployment: str, place: int) -> str:
    """Return what a container's endpoint is called; `place` is 0 or 1."""
    return f"{endpoint}-{deployment}" + ("-2" if place else "")


def remove(record: Record) -> str:
    """Remove the containers that may be left of an endpoint; returns in words why that is not possible, empty when it was."""
    names = [
        alias(record.name, name, place)
        for name, one in record.deployments.items()
        if one.asked.options.get("container")
        for place in (0, 1)
    ]
    if not names:
        return ""
    from importlib.metadata import entry_points

    found = next(iter(entry_points(group=_GROUP, name=_NAME)), None)
    if found is None:
        return ""
    try:
        found.load()(names)
    except AmlemuError as error:
        return f"containers of {record.name} may be left: {error}"
    return ""

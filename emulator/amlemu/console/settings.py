"""
Every setting for the eye: its value, and who says so. What `amlemu serve` would go by, `amlemu config show` prints.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from amlemu import profile_file
from amlemu.choices import Choices
from amlemu.deployment import Deployment
from amlemu.profile import SECTIONS, Answer, Profile

_SECRET = ("primary_key", "secondary_key")


def as_text(choices: Choices, deployment: Deployment, profile: Profile) -> str:
    """Return three blocks, a line each setting."""
    parts = []
    for title, rows in _blocks(choices, deployment, profile):
        lines = [(name, _shown(value), origin) for name, value, origin in rows]
        widths = [max((len(line[column]) for line in lines), default=0) for column in (0, 1)]
        wide = min(widths[1], 60)
        body = [f"  {name:<{widths[0]}}  {value:<{wide}}  {origin}" for name, value, origin in lines]
        parts.append("\n".join([title, *body]))
    return "\n\n".join(parts)


def as_json(choices: Choices, deployment: Deployment, profile: Profile) -> str:
    """Return one JSON object: each block, and in it value and origin by name."""
    content: dict[str, Any] = {}
    for title, rows in _blocks(choices, deployment, profile):
        content[title] = {name: {"value": value, "origin": origin} for name, value, origin in rows}
    return json.dumps(content, indent=2, default=str)


def _blocks(
    choices: Choices, deployment: Deployment, profile: Profile
) -> Iterator[tuple[str, list[tuple[str, Any, str]]]]:
    yield "settings", [_setting(choices, deployment, name) for name in choices.options]
    yield "profile", list(_profile(profile, choices.options["profile"]))
    variables = [(name, value, origin) for name, (value, origin) in sorted(choices.variables.items())]
    yield "variables", variables


def _setting(choices: Choices, deployment: Deployment, name: str) -> tuple[str, Any, str]:
    value, origin = choices.options[name], choices.origins[name]
    if name in _SECRET and value:
        return name, "(given)", origin
    if origin == "default":  # what the default comes to here
        found = {
            "python": str(deployment.python),
            "workers": deployment.workers,
            "code": str(deployment.code),
            "endpoint_name": deployment.endpoint,
        }
        if name in found:
            count = choices.variables.get("WORKER_COUNT")
            by = f"WORKER_COUNT ({count[1]})" if name == "workers" and count else origin
            return name, found[name], by
    return name, list(value) if isinstance(value, tuple) else value, origin


def _profile(profile: Profile, name: str) -> Iterator[tuple[str, Any, str]]:
    """Yield the values of the profile; one that somebody else has set is theirs."""
    own = profile_file.load(name).facts
    for section in SECTIONS:
        if section == "answers":
            continue  # whole pages; amlemu profiles show has them
        for key, value in vars(getattr(profile, section)).items():
            source = profile.facts[f"{section}.{key}"].source
            is_own = source == own[f"{section}.{key}"].source
            yield f"{section}.{key}", value, f"profile {profile.name}" if is_own else source


def _shown(value: Any) -> str:
    if value is None or value in ((), []):
        return "-"
    if isinstance(value, Answer):
        return f"{value.status} {value.phrase}"
    return json.dumps(value) if isinstance(value, (bool, list, tuple)) else str(value)

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
from amlemu.finding import shown
from amlemu.profile import SECTIONS, Answer, Profile

_SCRIPT_FIELDS = ("code_configuration.scoring_script", "entryScript")
_SECRET = ("primary_key", "secondary_key")


def as_text(choices: Choices, deployment: Deployment, profile: Profile) -> str:
    """Return three blocks, a line each setting."""
    parts = []
    for title, rows in _blocks(choices, deployment, profile):
        lines = [(name, _shown(value), origin) for name, value, origin in rows]
        widths = [max((len(line[column]) for line in lines), default=0) for column in (0, 1)]
        wide = min(widths[1], 60)
        body = [f"  {name:<{widths[0]}}  {value:<{wide}}  {origin}" for name, value, origin in lines]
        parts.append("\n".join([title, *(body or ["  none"])]))
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
    said, asked = choices.said, choices.requirements
    place = said and next((said.said_at[name] for name in _SCRIPT_FIELDS if name in said.said_at), None)
    rows = [("script", str(deployment.script), shown(place) if place else "the command line")]
    if asked is not None:
        by = said.environment.place if said and said.environment else asked.place
        rows.append(("environment", shown(asked.place), shown(by)))
    yield "files", rows
    yield "settings", [_setting(choices, deployment, name) for name in choices.options]
    yield "profile", list(_profile(profile, choices.options["profile"]))
    variables = [(name, value, origin) for name, (value, origin) in sorted(choices.variables.items())]
    yield "variables", variables


def _setting(choices: Choices, deployment: Deployment, name: str) -> tuple[str, Any, str]:
    value, origin = choices.options[name], choices.origins[name]
    if name in _SECRET and value:
        return name, "(given)", origin
    if origin == "default":  # what the default comes to here
        found: dict[str, Any] = {
            "python": str(deployment.python),
            "workers": deployment.workers,
            "code": str(deployment.code),
            "endpoint_name": deployment.endpoint,
            "model": [f"{model.name}:{model.version}={model.path}" for model in deployment.models],
        }
        if name in found:
            return name, found[name], _said_by(choices, name)
    return name, list(value) if isinstance(value, tuple) else value, origin


def _said_by(choices: Choices, name: str) -> str:
    """Return who says what nobody has given: a variable, the deployment's file, the project's; else it is the default."""
    count = choices.variables.get("WORKER_COUNT")
    if name == "workers" and count:
        return f"WORKER_COUNT ({count[1]})"
    said, project = choices.said, choices.project
    if name == "model" and project.models and not (said and any(model.path for model in said.models)):
        return shown(project.place("models"))
    fields = {
        "code": ("code_configuration.code", "code_configuration", "sourceDirectory"),
        "model": ("model.path", "model"),
    }
    places = [said.said_at[field] for field in fields.get(name, ()) if said is not None and field in said.said_at]
    return shown(places[0]) if places else "default"


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

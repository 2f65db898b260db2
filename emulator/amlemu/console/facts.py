"""
A profile for the eye: every value, where it comes from, what it may be.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from amlemu.profile import SECTIONS, Answer, Profile


def as_text(profile: Profile) -> str:
    """Return sections, values and sources, a line each."""
    lines = [f"{profile.name}: {profile.summary}"]
    for section in SECTIONS:
        lines += ["", f"[{section}]"]
        for key, value in vars(getattr(profile, section)).items():
            fact = profile.facts[f"{section}.{key}"]
            lines += [f"{key} = {_shown(value)}", f"    source: {fact.source}"]
            if fact.maximum is not None:
                lines.append(f"    at most {fact.maximum:g}: {fact.bound_source}")
            if fact.note:
                lines.append(f"    note: {fact.note}")
    assumed = sum("assumed" in fact.source for fact in profile.facts.values())
    return "\n".join([*lines, "", f"{len(profile.facts)} values, {assumed} of them assumed in whole or in part"])


def as_json(profile: Profile) -> str:
    """Return one JSON object: name, summary, and each value with its fact by `section.key`."""
    values = {
        f"{section}.{key}": {
            "value": dataclasses.asdict(value) if isinstance(value, Answer) else value,
            **vars(profile.facts[f"{section}.{key}"]),
        }
        for section in SECTIONS
        for key, value in vars(getattr(profile, section)).items()
    }
    return json.dumps({"name": profile.name, "summary": profile.summary, "values": values}, indent=2)


def _shown(value: Any) -> str:
    if not isinstance(value, Answer):
        return json.dumps(value)
    headers = [value.content_type, *_reasons(value)]
    return f"{value.status} {value.phrase} ({'; '.join(headers)}) {json.dumps(value.body)}"


def _reasons(answer: Answer) -> list[str]:
    if answer.model_status is None:
        return []
    return [f"ms-azureml-model-error-statuscode: {answer.model_status}", f"-reason: {answer.model_reason}"]

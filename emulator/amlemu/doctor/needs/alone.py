"""
A v1 inference configuration without `sourceDirectory`: the entry script is uploaded, and nothing that lies beside it.

Source: azureml-core 1.61, core/model.py, `_handle_assets`.
"""

from __future__ import annotations

from collections.abc import Iterator

from amlemu.doctor.subject import Subject
from amlemu.finding import CANNOT_IMPORT, Finding, Place


def check_alone(subject: Subject) -> Iterator[Finding]:
    """Yield a finding where the script imports modules that stay behind."""
    said = subject.description
    if said is None or said.generation != "v1" or "sourceDirectory" in said.said_at or not subject.siblings:
        return
    names = ", ".join(dict.fromkeys(source.module.partition(".")[0] for source in subject.siblings))
    cause = f"without sourceDirectory the entry script alone is uploaded, and it imports {names}, which lies beside it"
    place = said.said_at.get("entryScript", Place(said.file))
    fix = 'Add "sourceDirectory": the folder that holds them; entryScript is relative to it.'
    yield Finding("error", "source-directory-missing", cause, place, CANNOT_IMPORT, fix)

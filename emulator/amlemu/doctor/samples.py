"""
The sample requests beside a deployment: whether the gateway would let them in, and whether they are what they say.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from amlemu.azure.sample_requests import sample_requests
from amlemu.doctor.subject import Subject
from amlemu.finding import CloudError, Finding, Place

_MOST_BYTES = 1_500_000  # architecture: doctor warns from 1 500 000; whether 1.5 MB means this or 1 572 864 is assumed
_TOO_LARGE = CloudError("none documented today; 413 where the limit still holds", "413", "contract 1.2, 1.5: 1.5 MB")


def check_samples(subject: Subject) -> Iterator[Finding]:
    """Yield what is wrong with sample requests in the deployment's folder and the script's."""
    folders = dict.fromkeys([subject.folder, subject.code])
    for path in (path for folder in folders for path in sample_requests(folder)):
        size = path.stat().st_size
        if size > _MOST_BYTES:
            cause = f"this request has {size / 1e6:.1f} MB, and a managed endpoint of 2021 takes 1.5 MB"
            yield Finding("warning", "request-too-large", cause, Place(path), _TOO_LARGE, "Send less at once.")
        elif path.suffix == ".json":
            yield from _not_json(path)


def _not_json(path: Path) -> Iterator[Finding]:
    try:
        json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        cause = f"this sample request is no JSON: {error.msg} in column {error.colno}"
        fix = "az ml ... invoke reads the file as JSON before it is sent."
        yield Finding("warning", "request-not-json", cause, Place(path, error.lineno), None, fix)
    except (OSError, UnicodeDecodeError, RecursionError):
        return

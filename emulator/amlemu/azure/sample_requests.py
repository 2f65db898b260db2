"""
The sample requests that people keep beside a deployment, known by their names. The doctor looks at them, parity sends them.
"""

from __future__ import annotations

from pathlib import Path

_WORDS = ("sample-request", "sample_request", "samplerequest", "sample-input", "sample_input", "request")


def sample_requests(folder: Path) -> list[Path]:
    """Return the files of a folder that are called like one, sorted; none where it cannot be read."""
    try:
        found = sorted(path for path in folder.iterdir() if path.is_file())
    except OSError:
        return []
    return [path for path in found if path.stem.lower().startswith(_WORDS)]

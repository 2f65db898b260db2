"""
What the storage initializer would tell: which file or folder of this machine stands at which place of the script's tree, and how large it is.
"""

from __future__ import annotations

import itertools
import os
import posixpath
import time
from collections.abc import Iterator
from pathlib import Path

from amlemu.deployment import Deployment
from amlemu.layout import OWN_FOLDER, Layout
from amlemu.models import MODELS_FOLDER

_MOST_FILES = 10_000  # that are looked at; a folder with more is not worth the wait
_UNITS = ("bytes", "kB", "MB", "GB", "TB")
_STEP = 1000


def lines_of(layout: Layout, deployment: Deployment) -> list[str]:
    """Return the log's lines, one for each place, and what the variables say of it."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    lines = [
        f"{stamp} {_what(place.inside)} {posixpath.join(layout.base, place.inside)} -> {place.source} ({size_of(place.source)})"
        for place in layout.places
    ]
    if not layout.places:
        lines.append(f"{stamp} code {layout.app_root}, as it lies on this machine ({size_of(deployment.code)})")
    if layout.why:
        lines.append(f"{stamp} the paths are links below {layout.base}, not the cloud's: {layout.why}")
    model_dir = f"AZUREML_MODEL_DIR={layout.model_dir}" if layout.model_dir else "no model, so no AZUREML_MODEL_DIR"
    return [*lines, f"{stamp} {model_dir}", f"{stamp} AML_APP_ROOT={layout.app_root}"]


def _what(inside: str) -> str:
    return "model" if inside.startswith(MODELS_FOLDER) else "code"


def summary(deployment: Deployment) -> str:
    """Say in one line which models there are."""
    models = [f"{one.name}:{one.version} ({size_of(one.path)})" for one in deployment.models]
    return ", ".join(models) or "no model"


def size_of(path: Path) -> str:
    """Say how much a file or folder is: `3 files, 12.1 kB`; what is ours below it does not count."""
    sizes = list(itertools.islice(_sizes(path), _MOST_FILES + 1))
    if len(sizes) > _MOST_FILES:
        return f"more than {_MOST_FILES} files"
    total = bytes_as_text(sum(sizes))
    return total if path.is_file() else f"{len(sizes)} file{'' if len(sizes) == 1 else 's'}, {total}"


def _sizes(path: Path) -> Iterator[int]:
    if path.is_file():
        yield path.stat().st_size
        return
    for folder, folders, files in os.walk(path):
        folders[:] = [name for name in folders if name not in (OWN_FOLDER, ".git", "__pycache__")]
        for name in files:
            try:
                yield os.stat(os.path.join(folder, name)).st_size
            except OSError:
                continue


def bytes_as_text(count: int) -> str:
    """Write a size as people read it: `824 bytes`, `12.1 kB`."""
    size, unit = float(count), _UNITS[0]
    for unit in _UNITS:
        if size < _STEP or unit == _UNITS[-1]:
            break
        size /= _STEP
    return f"{count} bytes" if unit == _UNITS[0] else f"{size:.1f} {unit}"

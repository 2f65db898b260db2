"""
A finding is one thing that is wrong with a deployment, or worth knowing: where, why, what the cloud would say, what to do.

Readers of Azure's files and the doctor make findings; the console shows them. None of them ever runs user code.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Severity = Literal["error", "warning", "information"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "information")
"""Worst first. `error`: it will fail. `warning`: it may, or does not do what it seems to. `information`: of this machine only."""


@dataclass(frozen=True)
class Place:
    """A file and a line in it, counted from 1; 0 is the file as a whole."""

    file: Path
    line: int = 0


@dataclass(frozen=True)
class CloudError:
    """
    What the cloud says when it meets the fault.

    Attributes:
        today: today's word, such as `ResourceNotReady`, or a status such as `424, model 500`.
        in_2021: the code of the 2021 preview, such as `ERR_2200`; empty where it had none.
        source: row of the contract or page that says so; or `assumed`.
    """

    today: str
    in_2021: str = ""
    source: str = "contract 6.1, 6.2"


CANNOT_START = CloudError("ResourceNotReady", "ERR_2200", "contract 6.1, 6.4: the container crashed at start")
CANNOT_IMPORT = CloudError("ResourceNotReady, UserScriptImportError", "ERR_2200", "contract 6.1, 6.3, 6.4")
LACKS_FUNCTION = CloudError("ResourceNotReady, UserScriptFunctionNotFound", "ERR_2200", "contract 6.1, 6.3, 6.4")
CANNOT_INIT = CloudError("ResourceNotReady, UserScriptInitFailed", "ERR_2200", "contract 6.1, 6.3, 6.4")
CANNOT_BUILD = CloudError("ImageBuildFailure", "ERR_1200", "contract 6.1, 6.2: the image cannot be built")
LACKS_MODEL = CloudError("BadArgument", "ERR_1300", "contract 6.1: unable to download user model")
BAD_ARGUMENT = CloudError("BadArgument", "", "contract 6.2: refused before anything is made")
REFUSED_EARLY = CloudError("refused before it is submitted", "", "contract 5.1: azure-ai-ml validates the file")
FAILS_EACH_CALL = CloudError("424, model 500", "424, original-code=500", "contract 1.2, 4.7")


@dataclass(frozen=True)
class Finding:
    """
    One finding.

    Attributes:
        rule: its name in kebab case, such as `async-run`; stable, for people who look it up or filter by it.
        cause: one sentence without its full stop; says what is so, and why that fails.
        place: where to look; None where there is no file.
        cloud: what the cloud would say; None for what concerns this machine only, or does not fail there.
        fix: what to do, a sentence or two.
    """

    severity: Severity
    rule: str
    cause: str
    place: Place | None = None
    cloud: CloudError | None = None
    fix: str = ""


def worst_first(findings: list[Finding]) -> list[Finding]:
    """Return them by severity, then in the order in which they were found; each once."""
    return sorted(dict.fromkeys(findings), key=lambda finding: SEVERITIES.index(finding.severity))


_read_elsewhere: list[bool] = []


def are_read_elsewhere() -> None:
    """Say that whoever reads what this process says is in another folder: paths stay absolute from now on."""
    _read_elsewhere.append(True)


def shown(place: str | Place) -> str:
    """Return a place as a person finds it from here: relative where that is shorter."""
    if isinstance(place, Place):
        return shown(f"{place.file}:{place.line}" if place.line else str(place.file))
    if _read_elsewhere:
        return place
    path, colon, line = place.rpartition(":") if place.rpartition(":")[2].isdigit() else (place, "", "")
    try:
        relative = os.path.relpath(path)
    except OSError:  # the current folder is gone
        relative = path
    return (relative if len(relative) < len(path) else path) + colon + line

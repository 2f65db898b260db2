"""
What a check has found out, as values: the verdict, what the boot has cost, what became of the sample request.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amlemu.finding import CloudError, Finding
from amlemu.memory import MemoryRules


@dataclass(frozen=True)
class Cause:
    """
    Why a deployment would not start, or would not answer.

    Attributes:
        told: a sentence without its full stop, that begins with the place where there is one.
        cloud: what the cloud would say; None where this machine alone is the reason.
        fix: what to do, lines; empty where nobody knows.
        traceback: of the user's own exception.
    """

    told: str
    cloud: CloudError | None = None
    fix: str = ""
    traceback: str = ""


@dataclass(frozen=True)
class ImportTime:
    """One import that the script's own files ask for, without those in it that have a line of their own."""

    name: str
    file: str
    line: int
    seconds: float


@dataclass(frozen=True)
class Costs:
    """
    What a boot has cost, in seconds and bytes; None is unknown.

    Attributes:
        boot_s: of it `import_s` before init() and `init_s` in it; that is None where it was never called.
        imported_bytes: what the process had before init().
        peak_bytes: at most, until init() had returned; `resting_bytes` then.
        imports: the slowest first.
    """

    boot_s: float
    import_s: float
    init_s: float | None
    imported_bytes: int | None = None
    peak_bytes: int | None = None
    resting_bytes: int | None = None
    imports: tuple[ImportTime, ...] = ()


@dataclass(frozen=True)
class Trial:
    """
    One sample request and both of its lanes.

    Attributes:
        status: what the cloud would answer, None where it would close the connection; `model_status`: what the server of the script did.
        elapsed_ms: for the caller; `run_ms` in run(), None where it was not reached.
    """

    file: Path
    status: int | None
    model_status: int | None
    elapsed_ms: float
    run_ms: float | None
    request_bytes: int
    answer_bytes: int
    peak_bytes: int | None = None


@dataclass(frozen=True)
class Report:
    """
    All of it.

    Attributes:
        cause: None where it starts, and answers its sample request, if it has one.
        verdict: of the probes, `ready after 0.4 s; these probes allow 310 s`; empty where it has not come up.
        costs: of the first worker; there are `workers`, and all of them together may use `memory`, None is as much as there is.
        said: the last lines that the script has written, for a failure.
        findings: what the doctor has found, worst first.
        remarks: what else should be known.
    """

    file: str
    script: Path | None
    profile: str
    cause: Cause | None
    verdict: str = ""
    costs: Costs | None = None
    workers: int = 1
    memory: MemoryRules | None = None
    trial: Trial | None = None
    said: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def is_fine(self) -> bool:
        """Whether the deployment would start and answer."""
        return self.cause is None


def costs_of(facts: dict[str, Any], to_host: Callable[[str], str]) -> Costs | None:
    """
    Read what a worker tells of its boot, see `worker.costs.Costs.as_data`; None where it tells nothing.

    Args:
        to_host: names a file of the script's as this machine does.
    """
    if "import_ms" not in facts:
        return None
    return Costs(
        facts["boot_ms"] / 1000,
        facts["import_ms"] / 1000,
        facts["init_ms"] / 1000 if "imported_bytes" in facts else None,  # that is written down just before init()
        facts.get("imported_bytes"),
        facts["peak_bytes"],
        facts["bytes"],
        tuple(ImportTime(**{**entry, "file": to_host(entry["file"])}) for entry in facts.get("imports", ())),
    )

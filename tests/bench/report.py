"""
The report as markdown: where and how it was measured, one line a row, then every round.

Holds names and versions, never a path of the machine, so that it can be committed.
"""

from __future__ import annotations

import math
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path

from . import contenders
from .comparison import Figure, Result

OUR_PACKAGES = ("amlemu", "fastapi", "starlette", "uvicorn", "uvloop", "httptools")
REAL_PACKAGES = ("azureml-inference-server-http", "gunicorn", "flask", "werkzeug")
BOTH_PACKAGES = ("scikit-learn", "pandas", "joblib")
VERSIONS = """\
import platform, sys
from importlib import metadata
print("Python", platform.python_version())
for name in sys.argv[1:]:
    try:
        print(name, metadata.version(name))
    except metadata.PackageNotFoundError:
        print(name, "absent")
"""
SUMMARY_HEAD = [
    "| row | amlemu | azmlinfsrv | unit | ratio | target | |",
    "| --- | --- | --- | --- | --- | --- | --- |",
]
ROUNDS_HEAD = ["| round | amlemu | azmlinfsrv | ratio | amlemu: also | azmlinfsrv: also |"]
ROUNDS_HEAD += ["| --- | --- | --- | --- | --- | --- |"]
HOW_TO_READ = """\
Figures are medians over the rounds. The ratio is amlemu / azmlinfsrv, the median of the ratios of the rounds, and it is
what the target is held against; "ours" in a target is the figure of amlemu alone."""


def report(results: Iterable[Result], setting: Iterable[str]) -> str:
    """Write the whole report; `setting` are the sentences of `setting_of`."""
    results = list(results)
    lines = ["# amlemu beside azmlinfsrv", "", *(f"- {line}" for line in setting), "", *SUMMARY_HEAD]
    lines += [summary_of(result) for result in results]
    lines += ["", HOW_TO_READ]
    for result in results:
        lines += ["", *rounds_of(result)]
    return "\n".join(lines) + "\n"


def summary_of(result: Result) -> str:
    """Return the line of a row in the first table."""
    row, target = result.row, result.row.target.told(result.row.unit)
    if result.failure:
        return f"| {row.name} | | | {row.unit} | | {target} | FAILED |"
    ours, real = (f"{median_of(figures):.{row.digits}f}" for figures in (result.ours, result.real))
    verdict = "ok" if result.is_met else "MISSED"
    return f"| {row.name} | {ours} | {real} | {row.unit} | {as_text(result.ratio)} | {target} | {verdict} |"


def rounds_of(result: Result) -> list[str]:
    """Return the section of a row: every round that was measured, and what ended them if something did."""
    row = result.row
    flags = f" (amlemu with `{' '.join(row.flags)}`)" if row.flags else ""
    lines = [f"## {row.name}", "", f"{row.title}{flags}; {row.unit}.", ""]
    lines += ROUNDS_HEAD
    pairs = zip(result.ours, result.real, result.ratios, strict=False)
    lines += [
        f"| {number} | {ours.value:.{row.digits}f} | {real.value:.{row.digits}f} | {as_text(ratio)} "
        f"| {ours.remark} | {real.remark} |"
        for number, (ours, real, ratio) in enumerate(pairs, start=1)
    ]
    if result.failure:
        lines += ["", f"Failed: {result.failure}"]
    return lines


def as_text(ratio: float) -> str:
    """Write a ratio with three digits that count, so that 0.041 is not 0.04; without an end it says nothing."""
    return f"{ratio:#.3g}" if math.isfinite(ratio) else "-"


def median_of(figures: list[Figure]) -> float:
    """Return the median value, in the unit of the row."""
    return statistics.median(figure.value for figure in figures)


def setting_of(wrk: str | None, *, rounds: int, seconds: int, is_ours_replaced: bool) -> list[str]:
    """Return where and how the figures are taken; call it before the first server starts, for the load it notes."""
    now = datetime.now(timezone.utc)
    cores = len(os.sched_getaffinity(0))
    ours = versions_of(Path(sys.executable), (*OUR_PACKAGES, *BOTH_PACKAGES))
    real = versions_of(contenders.real_environment() / "bin" / "python", (*REAL_PACKAGES, *BOTH_PACKAGES))
    return [
        f"{now:%Y-%m-%d %H:%M} UTC",
        f"{cpu_model()}, {cores} cores, {platform.system()} {platform.release()}",
        f"load average before the start: {os.getloadavg()[0]:.2f}",
        f"amlemu: {'replaced by another command' if is_ours_replaced else ', '.join(ours)}",
        f"azmlinfsrv: {', '.join(real)}",
        f"{rounds} rounds, amlemu and azmlinfsrv in turn, a fresh server each time",
        f"load: wrk {wrk}, 1 thread, {seconds} s" if wrk else "wrk is not installed and was not needed",
        'script: `run(data)` returns `{"n": len(data)}`, where a row does not speak of another one',
    ]


def cpu_model() -> str:
    """Return the processor's name as Linux gives it."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def versions_of(python: Path, packages: Iterable[str]) -> list[str]:
    """Ask an environment's interpreter for its versions; a row that needs what is absent fails by itself."""
    command = [str(python), "-c", VERSIONS, *packages]
    environment = contenders.clean_environment()
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.splitlines()

"""
What the pytest fixtures cost: `suite/` is run with them, and for comparison with httpx on the real server, started once.

pytest runs in a process of its own, as a user's does. How servers are started is the business of `contenders.py`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from . import contenders, measure
from .comparison import Figure
from .contenders import Contender

SUITE = Path(__file__).resolve().parent / "suite"
TIMEOUT_S = 120

Measurement = Callable[[Contender, tuple[str, ...], int], Figure]


def call(name: str) -> Measurement:
    """Return a measurement of the microseconds of one call, `script` or `client`; run() itself is the allowance."""

    def call_us(contender: Contender, flags: tuple[str, ...], _seconds: int) -> Figure:
        found = figures(contender, flags)
        return Figure(found[f"{name}_us"], f"run() itself {found['run_us']:.1f} us", allowance=found["run_us"])

    return call_us


def ready(name: str) -> Measurement:
    """Return a measurement of the milliseconds until a fixture is there; of the real server, until it is healthy."""

    def ready_ms(contender: Contender, flags: tuple[str, ...], _seconds: int) -> Figure:
        if contender.reloads:  # ours
            return Figure(figures(contender, flags)[name])
        with contenders.spawned(contender) as server:
            return Figure(measure.seconds_to_healthy(server) * 1e3, "its start")

    return ready_ms


def thousand(contender: Contender, flags: tuple[str, ...], _seconds: int) -> Figure:
    """Measure the seconds of a whole run of pytest on a thousand tests."""
    began = time.perf_counter()
    with suite(contender, flags) as run:
        started = time.perf_counter()
        run("thousand.py")
        ended = time.perf_counter()
    return Figure(
        ended - started, f"and {(started - began) * 1e3:.0f} ms for its start" if not contender.reloads else ""
    )


def figures(contender: Contender, flags: tuple[str, ...]) -> dict[str, float]:
    """Return what `suite/each.py` has measured."""
    with suite(contender, flags) as run:
        return run("each.py")


@contextmanager
def suite(contender: Contender, flags: tuple[str, ...]) -> Iterator[Callable[[str], dict[str, float]]]:
    """Hand out a function that runs a file of the suite; of the real server, beside one that is healthy."""
    with contenders.deployed() as folder:
        if contender.reloads:
            yield lambda file: _run(folder, file, flags)
            return
        with contenders.running(contender, folder, ()) as server:
            measure.seconds_to_healthy(server)
            yield lambda file: _run(folder, file, ("--server", f"http://{contenders.LOOPBACK}:{server.port}"))


def _run(folder: Path, file: str, words: tuple[str, ...]) -> dict[str, float]:
    written = folder / "figures.json"
    settings = ("-c", "/dev/null", "--rootdir", str(folder), "-p", "no:cacheprovider", "-p", "no:randomly", "-q")
    script = ("-o", f"amlemu_script={folder / 'score.py'}", "--figures", str(written))
    command = [sys.executable, "-m", "pytest", *settings, *script, *words, str(SUITE / file)]
    done = subprocess.run(
        command,
        cwd=folder,
        env=contenders.clean_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    if done.returncode:
        raise measure.MeasurementFailed(f"the tests failed:\n{done.stdout}{done.stderr}")
    found: dict[str, float] = json.loads(written.read_text())
    return found

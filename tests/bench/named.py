"""
What an endpoint with a name costs: from `amlemu endpoint create` to its end, which is `Succeeded`, for examples/diabetes with a worker.

The model is trained beforehand, and every round has a folder of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import contenders, measure
from .comparison import Figure
from .contenders import Contender

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "diabetes"
NAME = "benchmark"
TIMEOUT_S = 60


def created(contender: Contender, flags: tuple[str, ...], _seconds: int) -> Figure:
    """Measure the seconds until the command has ended; of the real server, until it is healthy with a script that does nothing."""
    if not contender.reloads:
        with contenders.spawned(contender) as server:
            return Figure(measure.seconds_to_healthy(server), "its start with a script that does nothing")
    subprocess.run([sys.executable, str(EXAMPLE / "train.py"), "--if-missing"], check=True, capture_output=True)
    with tempfile.TemporaryDirectory(prefix="amlemu-bench-") as folder:
        words = ["-f", str(EXAMPLE / "score.py"), "--model", f"diabetes={EXAMPLE / 'model' / 'model.joblib'}"]
        began = time.perf_counter()
        _run("create", folder, *words)
        took_s = time.perf_counter() - began
        _run("delete", folder)
    return Figure(took_s)


def _run(verb: str, folder: str, *words: str) -> None:
    command = [sys.executable, "-m", "amlemu", "endpoint", verb, "-n", NAME, *words]
    environment = {**os.environ, "AMLEMU_HOME": folder}
    told = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    if told.returncode:
        raise measure.MeasurementFailed(f"amlemu endpoint {verb} failed\n{told.stderr}")

"""
What watching costs while nothing happens: CPU time of a server whose deployment folder holds very many files.

How servers are started is the business of `contenders.py`; CPU time is read by `processes.py`.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from . import contenders, measure, processes
from .comparison import Figure
from .contenders import Contender

FOLDERS, FILES_IN_EACH = 200, 100
KINDS = (".py", ".json", ".yaml")  # all are watched in a folder of code
LEAST_S = 5


def idle_cpu(contender: Contender, flags: tuple[str, ...], seconds: int) -> Figure:
    """
    Measure the CPU time of the server and all its children, nobody asking, in percent of one CPU.

    It idles for `seconds`, at least `LEAST_S`. One that watches has to see a save in the last folder afterwards.
    """
    with contenders.deployed() as folder:
        last = fill(folder / "crowd")
        with contenders.running(contender, folder, flags) as server:
            remark = f"healthy after {measure.seconds_to_healthy(server) * 1e3:.0f} ms"
            if contender.reloads:
                measure.settle(contender, server)
            share = cpu_share(server.process.pid, max(seconds, LEAST_S))
            if contender.reloads:
                last.write_text("changed: true\n")
                measure.wait_for_state(contender, server, lambda state: state["generation"] == 2)
                remark += ", saw a save afterwards"
    return Figure(share * 100, remark)


def fill(crowd: Path) -> Path:
    """Make the files, each with a content of its own kind; return the last one."""
    crowd.mkdir()
    patterns = [crowd / f"pattern{kind}" for kind in KINDS]
    for pattern in patterns:
        pattern.write_text("{}\n")
    for number in range(FOLDERS):
        folder = crowd / f"{number:03}"
        folder.mkdir()
        for file in range(FILES_IN_EACH):
            pattern = patterns[file % len(KINDS)]
            os.link(pattern, folder / f"{file:02}{pattern.suffix}")  # many times as fast as writing
    last = folder / f"last{KINDS[-1]}"
    last.write_text("changed: false\n")
    return last


def cpu_share(pid: int, seconds: float) -> float:
    """Return CPU time by time, of a process and its descendants, while `seconds` pass; 1.0 is one busy CPU."""
    began_s, before_s = time.perf_counter(), processes.cpu_s_of(pid)
    time.sleep(seconds)
    return (processes.cpu_s_of(pid) - before_s) / (time.perf_counter() - began_s)

"""
From a save to the first answer of the new code: of a server that reloads by itself, and of one that is restarted.

`heavy/` is the deployment; its script says which version it is and how long its init() took. How servers are started
and asked is the business of `contenders.py` and `measure.py`.
"""

from __future__ import annotations

import functools
import http.client
import io
import json
import re
import statistics
import time
from pathlib import Path

from . import contenders, measure
from .comparison import Figure
from .contenders import Contender, Server

HEAVY = Path(__file__).resolve().parent / "heavy"
SAVES = 20
BODY = b'{"data": [[5.1, 3.5, 1.4, 0.2]]}'
ASK_EVERY_S = 0.0015
NEXT_SAVE_S = 0.2  # nobody saves twice within it
ANSWER_TIMEOUT_S = 60.0


def first_answer(contender: Contender, flags: tuple[str, ...], _seconds: int) -> Figure:
    """
    Measure the milliseconds from saving another version of the script to the first answer of that version.

    Returns:
        The median of `SAVES` saves, or a single restart; the allowance is what init() took.

    Raises:
        MeasurementFailed: the version never answered, or a server that reloads did not answer meanwhile.
    """
    with contenders.deployed(HEAVY) as folder:
        (folder / "forest.joblib").write_bytes(forest())
        return (saved if contender.reloads else restarted)(contender, folder, flags)


@functools.cache
def forest() -> bytes:
    """Train the model that init() loads: some MB of a random forest, once for all rounds, with this interpreter."""
    import joblib
    from sklearn.datasets import make_classification
    from sklearn.ensemble import RandomForestClassifier

    rows, classes = make_classification(n_samples=2000, n_features=4, n_redundant=0, flip_y=0.2, random_state=0)
    model = RandomForestClassifier(n_estimators=100, random_state=0).fit(rows, classes)
    written = io.BytesIO()
    joblib.dump(model, written)
    return written.getvalue()


def saved(contender: Contender, folder: Path, flags: tuple[str, ...]) -> Figure:
    """Save again and again while the server runs, in turn as one editor does and as another."""
    waits_ms, inits_ms = [], []
    with contenders.running(contender, folder, flags) as server:
        measure.seconds_to_healthy(server)
        measure.settle(contender, server)
        for version in range(2, SAVES + 2):
            time.sleep(NEXT_SAVE_S)
            began_s = time.perf_counter()
            save(folder / "score.py", version, by_renaming=version % 2 == 0)
            inits_ms.append(init_ms_of(server, version))
            waits_ms.append((time.perf_counter() - began_s) * 1e3)
    init_ms = statistics.median(inits_ms)
    p90_ms = statistics.quantiles(waits_ms, n=10)[-1]
    remark = f"p90 {p90_ms:.0f} ms, max {max(waits_ms):.0f} ms, init() p50 {init_ms:.0f} ms"
    return Figure(statistics.median(waits_ms), remark, allowance=init_ms)


def restarted(contender: Contender, folder: Path, flags: tuple[str, ...]) -> Figure:
    """Save once, end the server with SIGTERM, and start it again."""
    script = folder / "score.py"
    with contenders.running(contender, folder, flags) as server:
        init_ms_of(server, 1, may_be_down=True)
        began_s = time.perf_counter()
        save(script, 2, by_renaming=True)
    stopped_s = time.perf_counter()
    with contenders.running(contender, folder, flags) as server:
        init_ms = init_ms_of(server, 2, may_be_down=True)
        ended_s = time.perf_counter()
    remark = f"stopping {(stopped_s - began_s) * 1e3:.0f} ms, init() {init_ms:.0f} ms"
    return Figure((ended_s - began_s) * 1e3, remark, allowance=init_ms)


def save(script: Path, version: int, *, by_renaming: bool) -> None:
    """Write another VERSION into the script: over the old content, or into a new file that takes its place."""
    text = re.sub(r"(?m)^VERSION = \d+$", f"VERSION = {version}", script.read_text())
    if not by_renaming:
        script.write_text(text)
        return
    beside = script.with_name(".score.py.swp")
    beside.write_text(text)
    beside.replace(script)


def init_ms_of(server: Server, version: int, *, may_be_down: bool = False) -> float:
    """
    Ask without end, each time on a connection of its own, until this version answers; return what its init() took.

    Raises:
        MeasurementFailed: it never did; or there was another answer than 200, or, unless it may be down, none.
    """
    deadline_s = time.perf_counter() + ANSWER_TIMEOUT_S
    while time.perf_counter() < deadline_s:
        measure.see_that_it_runs(server)
        try:
            answer = measure.ask(server, BODY)
        except (OSError, http.client.HTTPException) as exc:
            if not may_be_down:
                raise measure.MeasurementFailed(f"{server.name} lost a request: {exc!r}") from exc
        else:
            if answer.status != 200:
                raise measure.MeasurementFailed(f"{server.name} answered {answer}:\n{server.last_words()}")
            said = json.loads(answer.body)
            if said["version"] == version:
                return float(said["init_ms"])
        time.sleep(ASK_EVERY_S)
    raise measure.MeasurementFailed(f"{server.name} does not answer with version {version}:\n{server.last_words()}")

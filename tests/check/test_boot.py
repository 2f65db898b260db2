"""One boot for a look: what is heard of it, in real processes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from amlemu import deployment, profile_file
from amlemu.check import boot
from amlemu.check.boot import Trace
from amlemu.debugging import DebugRules
from amlemu.reload import ReloadRules
from amlemu.stand import Plan

GOOD = """
    import logging

    def init():
        print("hello from init()")

    def run(data):
        return data
"""


@pytest.fixture
def plan(write) -> Callable[..., Plan]:
    """Return the plan of a script for one look."""

    def plan(script: str, profile: str = "managed", workers: int = 1, **settings: str) -> Plan:
        served = deployment.from_script(write("score.py", script), workers=workers)
        probes = {f"probes.liveness_{name}": value for name, value in settings.items()}
        return boot.alone(Plan(served, profile_file.load(profile, probes)))

    return plan


@pytest.fixture
def booted() -> Callable[..., Trace]:
    """Boot it and return what was heard."""
    return lambda plan, use=None, wait_is_long=lambda: None: asyncio.run(boot.boot(plan, use, wait_is_long))


def test_nothing_stands_around_it(write, tmp_path):
    """No reload, no key, no debugger, no other port, one replica: whatever it is to be served with."""
    served = deployment.from_script(write("score.py", GOOD))
    busy = Plan(
        served,
        profile_file.load("managed"),
        port=5001,
        health_port=5002,
        auth="key",
        is_shadow=True,
        reload=ReloadRules(is_on=True),
        control_port=0,
        debug=DebugRules(port=5678),
    )

    alone = boot.alone(busy)

    assert (alone.port, alone.health_port, alone.control_port, alone.auth) == (0, None, None, None)
    assert not alone.reload.is_on
    assert not alone.debug.is_on
    assert not alone.is_shadow
    assert alone.is_single
    assert alone.measures
    assert alone.deployment is served


@pytest.mark.parametrize(("profile", "allows_s"), [("managed", 310), ("aks", 340), ("bare", 310)])
def test_a_wait_has_an_end_also_where_nobody_probes(plan, profile, allows_s):
    """Contract 6.4: 10 + 30 x 10 s; 2.2: 310 + 3 x 10 s."""
    assert plan(GOOD, profile).profile.probes.liveness.allows_s == allows_s


def test_a_good_one_and_its_sample_request(plan, booted):
    """Both lanes are on record when it is over, and what the boot has cost."""
    trace = booted(plan(GOOD), boot.sample(b'"x"', "application/json"))

    assert trace.ready_s is not None
    assert trace.exchange is not None
    assert (trace.exchange.response.status, trace.exchange.model.status) == (200, 200)
    assert trace.exchange.response.body == b'"\\"x\\""'
    assert {"boot_ms", "import_ms", "init_ms", "peak_bytes", "imports"} <= trace.facts.keys()
    assert "hello from init()" in trace.said
    assert (trace.fault, trace.death, trace.killed) == (None, None, None)


def test_all_workers_have_to_come_up(plan, booted, tmp_path):
    """Only the second one fails: the first line would have been "starts" after the first."""
    script = f"""
        import os

        def init():
            try:
                os.mkdir({str(tmp_path / "first")!r})
            except FileExistsError:
                raise ValueError("I am the second one")

        def run(data): ...
    """
    trace = booted(plan(script, workers=2))

    assert trace.ready_s is None
    assert trace.fault is not None
    assert trace.fault["what"] == "init() raised ValueError: I am the second one"


@pytest.mark.parametrize("preload", ["true", "false"])
def test_several_workers_that_come_up(plan, booted, preload):
    """With WORKER_PRELOAD init() runs once for all."""
    made = plan(GOOD, workers=2)
    made = replace(made, deployment=replace(made.deployment, environment={"WORKER_PRELOAD": preload}))

    trace = booted(made)

    assert trace.ready_s is not None
    assert list(trace.said).count("hello from init()") == (1 if preload == "true" else 2)


def test_the_one_that_comes_in_the_place_of_a_dead_one_is_not_heard(plan, booted):
    """Else its words, which are the same, would follow."""
    trace = booted(plan("import os\nprint('once', flush=True)\ndef init():\n    os.abort()\ndef run(data): ...\n"))

    assert trace.death is not None
    assert trace.death.exit_code == -6
    assert list(trace.said).count("once") == 1


def test_a_wait_that_is_long_is_told_once(plan, booted):
    """So that nobody thinks that it hangs; it ends when the probes say so, with the place where the script was."""
    told = []
    script = "import time\n\ndef init():\n    time.sleep(60)\n\ndef run(data): ...\n"

    trace = booted(
        plan(script, initial_delay="1", period="1.5", failure_threshold="1"), None, lambda: told.append("long")
    )

    assert told == ["long"]
    assert trace.killed is not None
    assert trace.killed.after_s == 2.5
    assert any(Path(frame.file).name == "score.py" and frame.line == 4 for frame in trace.killed.stack)


def test_nothing_is_used_that_has_not_come_up(plan, booted):
    async def use(*_: object) -> None:
        raise AssertionError("it did not come up")

    assert booted(plan("def init():\n    raise ValueError\n\ndef run(data): ...\n"), use).ready_s is None

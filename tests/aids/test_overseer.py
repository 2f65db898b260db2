"""What the control port is told, of servers that run."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import amlemu
import httpx
import pytest
from amlemu.aids.overseer import Overseer
from amlemu.backends.generation import Outcome
from amlemu.endpoint import Endpoint
from amlemu.errors import UsageError
from amlemu.journal import Journal
from amlemu.readiness import Readiness
from amlemu.reload import ReloadRules
from amlemu.stand import Plan
from amlemu.transcript import Transcript

Write = Callable[[str, str], Path]
SCRIPT = "def init(): pass\ndef run(data): return 1\n"


def overseer_of(endpoint: Endpoint) -> Overseer:
    """Return an overseer of a server in this process."""
    emulator = endpoint._emulator
    plan: Plan = emulator._plan
    parts = {"readiness": emulator.readiness, "journal": emulator.journal, "transcript": Transcript()}
    overseer = Overseer(plan, endpoint.url, **parts)  # type: ignore[arg-type]
    overseer.oversee(emulator.backend, emulator.reload)
    return overseer


def test_the_status_has_generations_workers_and_counts(write: Write) -> None:
    """Of a server that has answered one request and was reloaded once."""
    with amlemu.serve(write("score.py", SCRIPT), reload=True, profile="managed") as endpoint:
        endpoint.score({})
        endpoint.reload()
        status = overseer_of(endpoint).status()

    assert (status.state, status.why, status.profile, status.pid) == ("ready", "", "managed", os.getpid())
    assert (status.generation, status.reloads, status.requests, status.reload_mode) == (2, 1, 1, "auto")
    newest = status.generations[-1]
    assert (newest.number, newest.state, [worker.state for worker in newest.workers]) == (2, "ready", ["idle"])
    assert (newest.workers[0].memory_bytes or 0) > 1 << 20


def test_a_script_that_does_not_start_is_unhealthy_and_why(write: Write) -> None:
    """The cause in one line."""
    script = write("score.py", SCRIPT)
    patient = ReloadRules(is_on=True, delay_s=60)  # nobody but us reloads
    with amlemu.serve(script, reload=patient, profile="managed") as endpoint:
        script.write_text("import no_such_module\n")
        outcome = asyncio.run_coroutine_threadsafe(overseer_of(endpoint).reload(), endpoint._loop).result(10)
        status = overseer_of(endpoint).status()

    assert (outcome.ok, outcome.generation, outcome.serving) == (False, 2, None)
    assert status.state == "unhealthy"
    assert status.why.startswith("generation 2 does not start: the script needs the module 'no_such_module'")


def test_a_backend_without_generations_is_told_as_one(write: Write) -> None:
    """And cannot be reloaded."""
    with amlemu.serve(write("score.py", SCRIPT), backend="inprocess") as endpoint:
        httpx.post(f"{endpoint.url}/score", trust_env=False)
        status = overseer_of(endpoint).status()

        assert (status.state, status.generation, status.reloads, status.requests) == ("ready", 1, 0, 1)
        assert status.generations == []
        with pytest.raises(UsageError, match="the backend inprocess cannot load a script again"):
            endpoint.reload()


@pytest.mark.parametrize(
    ("change", "state"),
    [
        (lambda overseer, readiness: None, "booting"),
        (lambda overseer, readiness: readiness.serves(), "ready"),
        (lambda overseer, readiness: readiness.fails("why"), "unhealthy"),
        (lambda overseer, readiness: setattr(overseer, "is_stopping", True), "stopping"),
    ],
)
def test_the_state_is_one_of_four(write: Write, change: Callable[[Overseer, Readiness], None], state: str) -> None:
    """As `amlemu status` has them."""

    async def look() -> str:
        from amlemu import deployment, profile_file

        readiness = Readiness()
        plan = Plan(deployment.from_script(write("score.py", SCRIPT)), profile_file.load("managed"))
        overseer = Overseer(plan, "http://here", readiness=readiness, journal=Journal(), transcript=Transcript())

        async def reload() -> Outcome:
            raise AssertionError

        overseer.oversee(object(), reload)  # type: ignore[arg-type]
        change(overseer, readiness)
        return overseer.status().state

    assert asyncio.run(look()) == state

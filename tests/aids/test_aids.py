"""Control port and reloader as a whole: bound early, started late, gone at the end."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from amlemu import deployment, profile_file
from amlemu.aids.aids import Aids
from amlemu.backends.inprocess import InProcess
from amlemu.journal import Journal
from amlemu.layout import lay_out
from amlemu.readiness import Readiness
from amlemu.stand import Plan
from amlemu.transcript import Transcript

SCRIPT = "def init(): pass\ndef run(data): return 1\n"


@pytest.fixture
def taken() -> Any:
    """A port that somebody listens on."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def test_a_control_port_that_is_taken_is_refused_before_the_script_runs(
    finish: Callable[..., Any], tmp_path: Path, taken: int
) -> None:
    """When it was asked for by its number."""
    (tmp_path / "score.py").write_text("print('runs')\n" + SCRIPT)
    done = finish("serve", "score.py", "-p", "0", "--control-port", str(taken))

    assert done.code == 2
    assert f"amlemu: --control-port {taken}: " in done.err
    assert "runs" not in done.said


@pytest.mark.parametrize("flag", ["--reload-include", "--reload-exclude"])
def test_a_pattern_that_is_none_is_refused_before_the_script_runs(
    finish: Callable[..., Any], tmp_path: Path, flag: str
) -> None:
    """With the flag that has it."""
    (tmp_path / "score.py").write_text("print('runs')\n" + SCRIPT)
    done = finish("serve", "score.py", "-p", "0", "--reload", flag, "!")

    assert done.code == 2
    assert flag in done.err
    assert "runs" not in done.said


def test_two_servers_have_two_control_ports(start: Callable[..., Any], tmp_path: Path) -> None:
    """5050, or the next free one."""
    (tmp_path / "score.py").write_text(SCRIPT)
    both = [start("serve", "score.py", "-p", "0") for _ in range(2)]
    for command in both:
        command.until_said("control  http://127.0.0.1:")

    ports = {command.err.partition("control  http://127.0.0.1:")[2].split()[0] for command in both}
    assert len(ports) == 2


def test_a_signal_in_the_middle_of_a_start_leaves_nothing(start: Callable[..., Any], tmp_path: Path) -> None:
    """While the control port is still being made, for instance."""
    import signal

    (tmp_path / "score.py").write_text("import time\ntime.sleep(60)\n" + SCRIPT)
    command = start("serve", "score.py", "-p", "0", "--reload")
    command.until(lambda: len(command.left_behind()) == 2, "booting")
    command.send(signal.SIGTERM)

    assert command.finish().code == 130
    assert command.left_behind() == []


def test_who_asks_while_it_stops_is_told_so(write: Callable[[str, str], Any]) -> None:
    """The state is `stopping`, not what it was before."""
    plan = Plan(deployment.from_script(write("score.py", SCRIPT)), profile_file.load("managed"), control_port=0)
    layout = lay_out(plan.deployment, "none")
    parts = {"journal": Journal(), "readiness": Readiness(), "transcript": Transcript()}
    aids = Aids(plan, 5001, layout, name="5001", **parts)

    async def story() -> str:
        aids.open()
        await aids.start(InProcess(Path.cwd(), {}, print))
        await aids.stop()
        return aids._overseer.status().state

    assert asyncio.run(story()) == "stopping"

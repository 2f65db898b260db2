"""The commands beside a server that runs: reload, status, requests, logs, ready; end to end."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

SCRIPT = "def init(): print('init of {0}')\ndef run(data): return {0}\n"


@pytest.fixture
def server(start: Callable[..., Any], tmp_path: Path) -> Any:
    """`amlemu serve score.py --port 0 --reload`, up."""
    (tmp_path / "score.py").write_text(SCRIPT.format(1))
    command = start("serve", "score.py", "-p", "0", "--reload", "--reload-exclude", "score.py")
    command.until_said("control  http://127.0.0.1:")
    return command


def test_reload_loads_the_script_and_says_how_long_it_took(server: Any, finish: Callable[..., Any]) -> None:
    """As `service.reload()` did."""
    (server.folder / "score.py").write_text(SCRIPT.format(2))
    server.until_said("score.py changed: generation 2 serves")  # the script itself counts, whatever is excluded
    done = finish("reload", "--json")
    told = json.loads(done.out)

    assert done.code == 0
    assert (told["generation"], told["ok"], told["fault"], told["serving"]) == (3, True, None, 3)
    assert httpx.post(f"http://127.0.0.1:{server.port}/score", trust_env=False).json() == 2


def test_a_script_that_does_not_start_is_exit_code_3_and_the_cause(server: Any, finish: Callable[..., Any]) -> None:
    """For a program in a pipeline, and for who reads it."""
    (server.folder / "score.py").write_text("def run(data): return 1")
    server.until_said("generation 2 does not start")
    done = finish("reload")

    assert done.code == 3
    assert "score.py" in done.said
    assert "the module was imported, but it has no init()" in done.said


def test_status_ready_requests_and_logs_tell_of_one_server(server: Any, finish: Callable[..., Any]) -> None:
    """In JSON, all of them."""
    httpx.post(f"http://127.0.0.1:{server.port}/score", trust_env=False)
    status = json.loads(finish("status", "--json").out)
    [request] = [json.loads(line) for line in finish("requests", "--json").out.splitlines()]
    ready = json.loads(finish("ready", "--wait", "5", "--json").out)
    logs = [json.loads(line)["text"] for line in finish("logs", "--json").out.splitlines()]

    assert (status["state"], status["generation"], status["requests"]) == ("ready", 1, 1)
    assert [worker["state"] for one in status["generations"] for worker in one["workers"]] == ["idle"]
    assert (request["method"], request["target"], request["status"], request["generation"]) == (
        "POST",
        "/score",
        200,
        1,
    )
    assert ready["ready"] is True
    assert "score | init of 1" in logs


def test_following_the_logs_ends_with_the_server(server: Any, start: Callable[..., Any]) -> None:
    """And has all that was written until then."""
    follower = start("logs", "--follow")
    follower.until_said("init of 1")
    httpx.post(f"http://127.0.0.1:{server.port}/score", trust_env=False)
    follower.until_said("POST /score")
    server.send(signal.SIGTERM)

    assert server.finish().code == 0
    assert follower.finish().code == 0


def test_without_a_server_nobody_can_be_asked(finish: Callable[..., Any], tmp_path: Path) -> None:
    """Exit code 2, and what to do."""
    (tmp_path / "score.py").write_text(SCRIPT.format(1))
    done = finish("status", "score.py")

    assert done.code == 2
    assert "amlemu serve" in done.err


def test_no_control_is_no_port_and_no_note(start: Callable[..., Any], tmp_path: Path) -> None:
    """Nothing but the scoring port is open."""
    (tmp_path / "score.py").write_text(SCRIPT.format(1))
    command = start("serve", "score.py", "-p", "0", "--no-control")
    command.until_said("limits:")

    assert "control  http" not in command.err
    assert not (tmp_path / ".amlemu").exists()


def test_a_server_that_was_stopped_leaves_no_note(server: Any) -> None:
    """Nor a folder for one."""
    assert list((server.folder / ".amlemu").glob("*/control.json"))
    server.send(signal.SIGINT)
    server.finish()

    assert not (server.folder / ".amlemu").exists()

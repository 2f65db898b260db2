"""When files are watched at all, and what becomes of the old generation while the new one boots."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from amlemu.backends import room
from amlemu.events import ReloadBegan, Reloaded, WorkerEnded, WorkerStarted
from amlemu.reload import ReloadRules

from ..free_port import free_port
from .conftest import Place, returns


@pytest.mark.parametrize(
    ("words", "variables", "is_on"),
    [
        pytest.param((), {"CI": ""}, True, id="by-default"),
        pytest.param((), {"CI": "true"}, False, id="in-CI"),
        pytest.param(("--reload",), {"CI": "true"}, True, id="in-CI-when-asked"),
        pytest.param(("--no-reload",), {"CI": ""}, False, id="not-when-refused"),
        pytest.param(("--profile", "bare"), {"CI": ""}, False, id="not-in-bare"),
        pytest.param(("--profile", "bare", "--reload"), {"CI": ""}, True, id="in-bare-when-asked"),
        pytest.param(("--backend", "inprocess"), {"CI": ""}, False, id="not-in-a-thread"),
        pytest.param((), {"CI": "", "AMLEMU_RELOAD": "0"}, False, id="by-variable"),
    ],
)
def test_files_are_watched(
    start: Callable[..., Any], tmp_path: Path, words: tuple[str, ...], variables: dict[str, str], is_on: bool
) -> None:
    """By default, terminal or not; here there is none."""
    (tmp_path / "score.py").write_text(returns(1))
    command = start("serve", "score.py", "-p", "0", *words, **variables)
    command.until_said("limits:")

    assert ("reload   on save in" in command.err) is is_on


@pytest.mark.parametrize(("words", "value"), [((), 1), (("--reload",), 2)], ids=["not-by-default", "when-asked"])
def test_the_real_command_in_our_place_reloads(
    start: Callable[..., Any], tmp_path: Path, words: tuple[str, ...], value: int
) -> None:
    """Whoever asks for it; nothing else of it changes."""
    script = tmp_path / "score.py"
    script.write_text(returns(1))
    port = free_port()
    command = start("azmlinfsrv", "--entry_script", "score.py", "--host", "127.0.0.1", "--port", str(port), *words)
    command.until_said("ready for serving traffic")
    script.write_text(returns(2))
    if words:
        command.until(lambda: command.out.count("ready for serving traffic") == 2, "ready again")
        command.until(lambda: ask(port) == 2, "answering 2")

    assert ask(port) == value


def ask(port: int) -> Any:
    return httpx.post(f"http://127.0.0.1:{port}/score", content=b"x", trust_env=False).json()


def test_a_thread_cannot_be_asked_to_reload(finish: Callable[..., Any], tmp_path: Path) -> None:
    """Modules of the script would stay what they are."""
    (tmp_path / "score.py").write_text(returns(1))
    done = finish("serve", "score.py", "--backend", "inprocess", "--reload")

    assert (done.code, done.err) == (2, "amlemu: --reload: the backend inprocess cannot load a script again\n")


def test_the_old_one_ends_first_where_two_are_too_many(place: Place) -> None:
    """--reload-mode stop-first; who asks meanwhile waits for the new one."""
    place.save("score.py", returns(1))
    place.serve(ReloadRules(is_on=True, mode="stop-first"))
    place.save("score.py", returns(2))
    place.until_answered(2)
    place.until_told(Reloaded)

    kinds = [type(e) for e in place.endpoint.events if isinstance(e, (WorkerStarted, WorkerEnded, Reloaded))]
    assert kinds == [WorkerStarted, WorkerEnded, WorkerStarted, Reloaded]
    assert [event.mode for event in place.told(ReloadBegan)] == ["stop-first"]


@pytest.mark.parametrize(("mode", "chosen"), [("auto", "stop-first"), ("beside", "beside")])
def test_the_old_one_ends_first_when_memory_would_not_suffice(
    place: Place, monkeypatch: pytest.MonkeyPatch, mode: str, chosen: str
) -> None:
    """That is said, with both figures; who wants it otherwise says so."""
    monkeypatch.setattr(room, "free_memory", lambda: 1 << 20)
    place.save("score.py", returns(1))
    place.serve(ReloadRules(is_on=True, mode=mode))
    place.save("score.py", returns(2))
    place.until_answered(2)

    [began] = place.told(ReloadBegan)
    assert began.mode == chosen
    assert began.why == (
        "another one of its 0.0 GiB does not fit into the 0.0 GiB that are free" if mode == "auto" else ""
    )


def test_the_old_one_ends_first_when_it_holds_an_accelerator(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two models seldom fit into one; a file stands for the device here."""
    device = tmp_path / "accelerator0"
    device.touch()
    monkeypatch.setattr(room, "_ACCELERATORS", (str(device),))
    place.save("score.py", returns(1, top=f"KEPT = open({str(device)!r})"))
    place.serve()
    place.save("score.py", returns(2))
    place.until_answered(2)

    assert [event.why for event in place.told(ReloadBegan)] == [
        f"it holds {device}, and two of them may not fit in there"
    ]


def test_a_script_that_boots_once_for_all_workers_reloads(place: Place) -> None:
    """WORKER_PRELOAD: each generation has a master of its own."""
    place.save("score.py", returns("[PID != os.getpid(), 1]", top="PID = os.getpid()"))
    place.serve(env={"WORKER_PRELOAD": "true", "PYTHONDONTWRITEBYTECODE": ""}, workers=2)
    assert place.ask().json() == [True, 1]
    place.save("score.py", returns("[PID != os.getpid(), 2]", top="PID = os.getpid()"))

    place.until_answered([True, 2])


def test_without_fork_a_fresh_interpreter_does_the_same(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a platform has none; here it is hidden."""
    monkeypatch.delattr(os, "fork")
    place.save("score.py", returns(1))
    place.serve()
    place.save("score.py", returns(2))

    place.until_answered(2)
    assert place.endpoint._emulator.backend.launcher == "fresh interpreter"

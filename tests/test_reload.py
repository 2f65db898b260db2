"""Reload as a Python program asks for it: real processes behind `amlemu.serve(..., reload=...)`. No file is watched here."""

from __future__ import annotations

import dataclasses
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import amlemu
import httpx
import pytest
from amlemu.events import Noticed, Reloaded, ReloadFailed, WorkerEnded, WorkerReady
from amlemu.reload import MODES, ReloadRules, is_wanted

PATIENCE_S = 10.0
BY_HAND = ReloadRules(is_on=True, delay_s=3600)  # no change of a file is ever over

SAYS = """
    def init(): ...

    def run(data):
        return "{}"
"""
WAITS = """
    def init(): ...

    def run(data):
        open("entered", "w").close()
        with open("gate") as gate:
            return gate.read()
"""
BROKEN = "def init(): 1 / 0\ndef run(data): ..."
HANGS = "import signal\ndef init():\n    open('in_init', 'w').close()\n    signal.pause()\ndef run(data): ..."
NO_MORE_FORKS = "a fork of this script does not start, a fresh interpreter does: no more forks, reloads take longer"
LEAVES = "import os\ndef init(): ...\ndef run(data):\n    os._exit(3)"

Write = Callable[[str, str], Path]
Serve = Callable[..., amlemu.Endpoint]


@pytest.fixture
def serve(write: Write) -> Iterator[Serve]:
    """Serve a script, in the folder where it is."""
    with ExitStack() as stack:

        def serve(text: str, profile: str = "bare", rules: ReloadRules = BY_HAND, **more: Any) -> amlemu.Endpoint:
            script = write("score.py", text)
            endpoint = amlemu.serve(script, profile=profile, layout="none", reload=rules, grace_s=1, **more)
            return stack.enter_context(endpoint)

        yield serve


def until(look: Callable[[], Any], what: str) -> None:
    """Wait until a look succeeds."""
    deadline, pause = time.monotonic() + PATIENCE_S, threading.Event()
    while not look():
        assert time.monotonic() < deadline, f"not {what} within {PATIENCE_S:.0f} s"
        pause.wait(0.005)


def in_background(act: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(act()))
    thread.start()
    return thread, found


def of(endpoint: amlemu.Endpoint, kind: type[Any]) -> list[Any]:
    return [event for event in endpoint.events if isinstance(event, kind)]


def post(endpoint: amlemu.Endpoint) -> httpx.Response:
    return httpx.post(f"{endpoint.url}/score", json=1, timeout=PATIENCE_S)


@pytest.mark.parametrize(
    ("choice", "by_default", "variables", "wanted"),
    [
        (None, True, {}, True),
        (None, False, {}, False),
        (None, True, {"CI": "true"}, False),
        (None, True, {"CI": "1"}, False),
        (None, True, {"CI": "false"}, True),
        (None, True, {"CI": "0"}, True),
        (None, True, {"CI": ""}, True),
        (True, False, {"CI": "true"}, True),
        (False, True, {}, False),
    ],
)
def test_whether_files_are_watched(
    choice: bool | None, by_default: bool, variables: dict[str, str], wanted: bool
) -> None:
    """The user's word counts most; where CI is set nobody saves files."""
    assert is_wanted(choice, by_default, variables) is wanted


def test_nobody_watches_unless_asked() -> None:
    """As values: what `amlemu.serve(...)` does in a test suite."""
    rules = ReloadRules()

    assert (rules.is_on, rules.mode, rules.keeps_last_good) == (False, "auto", False)
    assert rules.mode in MODES


def test_new_code_is_served_reload_after_reload(serve: Serve, write: Write) -> None:
    """Saved within one second and of the same length: each save counts."""
    endpoint = serve(SAYS.format(0))
    said = [endpoint.score(1)]
    outcomes = []
    for number in range(1, 6):
        write("score.py", SAYS.format(number))
        outcomes.append(endpoint.reload())
        said.append(endpoint.score(1))

    assert said == ["0", "1", "2", "3", "4", "5"]
    assert [(outcome.generation, outcome.serving, outcome.fault) for outcome in outcomes] == [
        (number, number, None) for number in range(2, 7)
    ]


def test_new_code_of_a_helper_is_served(serve: Serve, write: Write) -> None:
    """The script itself stays as it is."""
    write("helper.py", "word = 'a'")
    endpoint = serve("import helper\ndef init(): ...\ndef run(data):\n    return helper.word")
    said = [endpoint.score(1)]
    for word in "bc":
        write("helper.py", f"word = '{word}'")
        endpoint.reload()
        said.append(endpoint.score(1))

    assert said == ["a", "b", "c"]


def test_the_account_of_a_request_names_its_generation(serve: Serve, write: Write) -> None:
    endpoint = serve(SAYS.format("old"))
    endpoint.score(1)
    write("score.py", SAYS.format("new"))
    endpoint.reload()
    endpoint.score(1)

    assert [exchange.response.account["generation"] for exchange in endpoint.exchanges if exchange.response] == [1, 2]


def test_a_request_in_hand_is_finished_by_the_old_code(serve: Serve, write: Write, tmp_path: Path) -> None:
    """Others are answered by the new code meanwhile."""
    os.mkfifo(tmp_path / "gate")
    endpoint = serve(WAITS)
    thread, old = in_background(lambda: post(endpoint).json())
    until((tmp_path / "entered").exists, "entered")
    write("score.py", SAYS.format("new"))
    endpoint.reload()
    new = endpoint.score(1)
    is_waiting = thread.is_alive()
    (tmp_path / "gate").write_text("old")
    thread.join(PATIENCE_S)

    assert (new, is_waiting, old) == ("new", True, ["old"])
    until(lambda: len(of(endpoint, WorkerEnded)) == 1, "gone")
    assert of(endpoint, WorkerEnded)[0].planned


def test_workers_of_later_generations_are_forks(serve: Serve, write: Write) -> None:
    """Of a process that has imported what the first one needed."""
    endpoint = serve("import sched\nimport os\ndef init(): ...\ndef run(data): return os.getppid()")
    first = endpoint.score(1)
    nursery = endpoint._emulator.backend._nursery  # type: ignore[union-attr]
    until(lambda: nursery.is_settled and nursery.told != "fresh interpreter", "ready to fork")
    endpoint.reload()
    second = endpoint.score(1)

    assert first == os.getpid()
    assert second not in (first, 1)
    assert nursery.told.startswith("fork of a process that has imported ")


@pytest.mark.parametrize(
    ("profile", "status", "headers", "body"),
    [
        pytest.param("managed", 424, {"ms-azureml-model-error-reason": "model_not_ready"}, "", id="managed"),
        pytest.param("kubernetes", 503, {}, "No ready replicas for service", id="kubernetes"),
    ],
)
def test_a_broken_script_gives_the_answers_of_an_unhealthy_deployment(
    serve: Serve, write: Write, profile: str, status: int, headers: dict[str, str], body: str
) -> None:
    """Contract 1.2 and 2.1; at once: nobody waits for a script that does not start."""
    endpoint = serve(SAYS.format("old"), profile)
    write("score.py", BROKEN)
    outcome = endpoint.reload()
    started = time.monotonic()
    answer = post(endpoint)
    took_s = time.monotonic() - started

    assert outcome.fault is not None
    assert outcome.fault["what"] == "init() raised ZeroDivisionError: division by zero"
    assert (answer.status_code, answer.text, outcome.serving) == (status, body, None)
    assert {name: answer.headers[name] for name in headers} == headers
    assert took_s < 2  # boot_wait_ms is 5000


def test_a_broken_script_closes_the_connection_where_there_is_no_cloud(serve: Serve, write: Write) -> None:
    """As the real server, which has ended by now."""
    endpoint = serve(SAYS.format("old"))
    write("score.py", BROKEN)
    endpoint.reload()

    with pytest.raises(httpx.RemoteProtocolError):
        post(endpoint)


@pytest.mark.parametrize("profile", ["bare", "managed", "kubernetes"])
def test_the_next_save_heals(serve: Serve, write: Write, profile: str) -> None:
    """And the failure was told with its traceback."""
    endpoint = serve(SAYS.format("old"), profile)
    write("score.py", BROKEN)
    endpoint.reload()
    write("score.py", SAYS.format("healed"))
    outcome = endpoint.reload()

    assert (endpoint.score(1), outcome.serving) == ("healed", 3)
    [failed] = of(endpoint, ReloadFailed)
    assert (failed.generation, failed.serving) == (2, None)
    assert "ZeroDivisionError" in failed.fault["traceback"]


def test_the_last_good_code_may_go_on(serve: Serve, write: Write) -> None:
    endpoint = serve(SAYS.format("good"), rules=dataclasses.replace(BY_HAND, keeps_last_good=True))
    write("score.py", BROKEN)
    outcome = endpoint.reload()
    meanwhile = endpoint.score(1)
    write("score.py", SAYS.format("better"))
    endpoint.reload()

    assert (outcome.serving, meanwhile, endpoint.score(1)) == (1, "good", "better")


def test_a_script_that_does_not_start_at_first_is_healed_too(serve: Serve, write: Write) -> None:
    """The server comes up with it; without reload that is an error."""
    endpoint = serve(BROKEN, "managed")
    unhealthy = post(endpoint).status_code
    write("score.py", SAYS.format("healed"))
    endpoint.reload()

    assert (unhealthy, endpoint.score(1)) == (424, "healed")


def test_a_script_that_ends_its_process_at_import_is_told_at_once(serve: Serve, write: Write) -> None:
    """It would be started again and again, with growing waits; nobody waits for that."""
    endpoint = serve(SAYS.format("old"), "managed")
    write("score.py", "import os\nos._exit(1)")
    outcome = endpoint.reload()
    unhealthy = post(endpoint).status_code
    write("score.py", SAYS.format("healed"))
    healed = endpoint.reload()

    assert outcome.fault is not None
    assert outcome.fault["what"] == "the worker ended with exit code 1 while the script was loading"
    assert (unhealthy, healed.fault, endpoint.score(1)) == (424, None, "healed")


@pytest.mark.parametrize(
    "act",
    [
        pytest.param("signal.pause()", id="hangs"),
        pytest.param("os._exit(1)", id="ends"),
        pytest.param("os.kill(os.getpid(), signal.SIGSEGV)", id="crashes"),
        pytest.param("raise RuntimeError('Cannot re-initialize CUDA in forked subprocess')", id="cuda"),
    ],
)
def test_a_script_that_does_not_start_in_a_fork_gets_a_fresh_interpreter(
    serve: Serve, write: Write, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    """Nothing is told as a failure, requests are answered; only reloads take longer from then on, and that is said."""
    endpoint = serve(SAYS.format("old"))
    nursery = endpoint._emulator.backend._nursery  # type: ignore[union-attr]
    until(lambda: nursery.is_settled and nursery.told != "fresh interpreter", "ready to fork")
    monkeypatch.setattr(nursery, "patience_s", 0.5)
    is_fork = f"os.getppid() != {os.getpid()}"
    write("score.py", f"import os, signal\ndef init():\n    if {is_fork}: {act}\ndef run(data): return {is_fork}")
    outcome = endpoint.reload()

    assert (outcome.fault, endpoint.score(1)) == (None, False)
    assert [event.text for event in of(endpoint, Noticed)] == [NO_MORE_FORKS]
    assert of(endpoint, ReloadFailed) == []
    assert nursery.told == "fresh interpreter"


def test_a_script_that_ended_its_process_is_no_reason_not_to_fork(serve: Serve, write: Write) -> None:
    """A fresh interpreter did not come up with it either: it was the script's fault."""
    endpoint = serve(SAYS.format("old"))
    nursery = endpoint._emulator.backend._nursery  # type: ignore[union-attr]
    until(lambda: nursery.is_settled and nursery.told != "fresh interpreter", "ready to fork")
    write("score.py", "import os\nos._exit(1)")
    endpoint.reload()
    write("score.py", SAYS.format("healed"))
    endpoint.reload()

    assert endpoint.score(1) == "healed"
    assert of(endpoint, Noticed) == []


def test_an_init_that_hangs_is_overtaken(serve: Serve, write: Write, tmp_path: Path) -> None:
    """Who waits for it hears how the next one went; the old code answers until then."""
    endpoint = serve(SAYS.format("old"))
    write("score.py", HANGS)
    thread, overtaken = in_background(endpoint.reload)
    until((tmp_path / "in_init").exists, "in init()")
    meanwhile = endpoint.score(1)
    write("score.py", SAYS.format("new"))
    outcome = endpoint.reload()
    thread.join(PATIENCE_S)

    assert (meanwhile, endpoint.score(1)) == ("old", "new")
    assert overtaken == [outcome]
    assert [event.generation for event in of(endpoint, Reloaded)] == [3]


@pytest.mark.parametrize(("profile", "told"), [("bare", ReloadFailed), ("managed", Noticed)])
def test_a_script_that_ends_the_server_is_healed_too(serve: Serve, write: Write, profile: str, told: type) -> None:
    """Exit code 3 in run() is the end of the real server (contract 3.4); here the port stays, and a platform starts it again."""
    endpoint = serve(LEAVES, profile)
    with pytest.raises((httpx.HTTPError, amlemu.ScoringFailed)):
        endpoint.score(1)
    until(lambda: of(endpoint, told), "told")
    write("score.py", SAYS.format("healed"))
    endpoint.reload()

    assert endpoint.score(1) == "healed"


def test_stop_first_never_has_two_generations(serve: Serve, write: Write) -> None:
    """The old worker has ended before the new one is started."""
    endpoint = serve(SAYS.format("old"), rules=dataclasses.replace(BY_HAND, mode="stop-first"))
    write("score.py", SAYS.format("new"))
    endpoint.reload()
    kinds = [type(event) for event in endpoint.events if isinstance(event, WorkerReady | WorkerEnded)]

    assert endpoint.score(1) == "new"
    assert kinds == [WorkerReady, WorkerEnded, WorkerReady]


def test_a_worker_that_is_killed_is_replaced_by_the_same_generation(serve: Serve, write: Write) -> None:
    """A crash is no reload: what was not saved meanwhile is not told."""
    endpoint = serve(SAYS.format("new"))
    endpoint.reload()
    endpoint.score(1)
    os.kill(endpoint.exchanges[-1].response.account["pid"], signal.SIGKILL)  # type: ignore[union-attr]

    assert endpoint.score(1) == "new"
    assert endpoint.exchanges[-1].response is not None
    assert endpoint.exchanges[-1].response.account["generation"] == 2
    assert of(endpoint, Noticed) == []


@pytest.mark.parametrize("profile", ["bare", "managed"])
def test_two_workers_are_reloaded_together(serve: Serve, write: Write, profile: str) -> None:
    endpoint = serve(SAYS.format("old"), profile, workers=2)
    write("score.py", SAYS.format("new"))
    endpoint.reload()
    until(lambda: len(of(endpoint, WorkerEnded)) == 2, "gone")

    assert {endpoint.score(1) for _ in range(6)} == {"new"}
    assert all(event.planned for event in of(endpoint, WorkerEnded))


def test_a_deployment_without_reload_says_so(write: Write) -> None:
    with (
        amlemu.serve(write("score.py", SAYS.format("old")), profile="bare", layout="none") as endpoint,
        pytest.raises(amlemu.UsageError, match="cannot load a script again"),
    ):
        endpoint.reload()

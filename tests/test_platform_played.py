"""The platform around real workers: memory that runs out, containers that start again, processors, replicas that come and go."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from amlemu.backends.pool import Pool
from amlemu.endpoint import Endpoint, plan_of
from amlemu.errors import BootFailed, WorkerCrashed
from amlemu.events import Event, WorkerEnded, WorkerFailedToBoot, WorkerReady, WorkerStarted, WouldBeKilled
from amlemu.exchange import Request, Response
from amlemu.memory import MemoryRules
from amlemu.reload import ReloadRules

from .conftest import Command
from .served import Served
from .worker.fake_child import fake_child

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody tells what a process has")

MB = 1 << 20
LIMIT = 150 * MB
ONE_BY_ONE = MemoryRules(LIMIT, "--memory-gb")
WHOLE = MemoryRules(LIMIT, "--memory-gb", is_whole=True, first_s=0.05, longest_s=1.0)
MANAGED, KUBERNETES = {"profile": "managed", "memory": ONE_BY_ONE}, {"profile": "kubernetes", "memory": WHOLE}
PATIENT = {"limits.max_queue_wait_ms": "10000", "limits.request_timeout_ms": "10000"}
TAKES = """
    import os

    def init():
        pass

    def run(data):
        word, _, size = data.partition(" ")
        taken = b"x" * (int(size or 0) << 20)
        if word == "waits":
            open(f"{os.getpid()}.is-there", "w").close()
            open("gate").close()
        return os.getpid()
"""
"""A run() that takes so many megabytes, and, if it is to, waits at the gate."""


class Place(Served):
    """A server of this process."""

    def serves(self, script: str, *, profile: str, memory: MemoryRules | None = None, **more: Any) -> Place:
        """Serve a script; `settings` are the profile's, the rest is the plan's."""
        self.save("score.py", script)
        settings = {**(PATIENT if profile != "bare" else {}), **more.pop("settings", {})}
        wishes = {name: more.pop(name) for name in ("env", "workers") if name in more}
        plan = plan_of(self.script, profile=profile, settings=settings, layout="none", **wishes)
        self.endpoint = Endpoint(replace(plan, memory=memory, **more), 1.0)
        self.endpoint.start()
        return self

    def asks(self, body: str) -> httpx.Response:
        return httpx.post(f"{self.endpoint.url}/score", content=body.encode(), trust_env=False, timeout=10)

    def asks_meanwhile(self, body: str) -> tuple[threading.Thread, list[httpx.Response]]:
        answers: list[httpx.Response] = []
        thread = threading.Thread(target=lambda: answers.append(self.asks(body)))
        thread.start()
        return thread, answers

    def exchanges(self, count: int) -> Any:
        """Return that many of them; the last step of one comes after its answer."""
        self.until(lambda: len(self.endpoint.exchanges) >= count, f"{count} exchanges")
        return self.endpoint.exchanges

    def close(self) -> None:
        if hasattr(self, "endpoint"):
            self.endpoint.stop()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A folder to serve from; what is served is ended."""
    place = Place(tmp_path / "served")
    yield place
    place.close()


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False


# memory that runs out in init()

EATS = "def init():\n    global kept\n    kept = b'x' * (300 << 20)\n    open('gate').close()\n\ndef run(data):\n    return 1\n"
"""It never gets beyond what it eats: nobody opens the gate."""


@pytest.fixture
def eats(write: Callable[..., Path], tmp_path: Path) -> None:
    write("score.py", EATS)
    os.mkfifo(tmp_path / "gate")


def test_a_server_alone_starts_workers_for_ever(eats: None, start: Callable[..., Command]) -> None:
    """Contract 2.3, 6.4: repeated `Booting worker with pid`, and gunicorn's guess; the server does not exit by itself."""
    words = ("serve", "score.py", "--profile", "bare", "--memory-gb", "0.15", "--port", "0", "--layout", "none")
    command = start(*words, "--log-format", "azmlinfsrv")
    command.until(lambda: command.err.count("Booting worker with pid: ") >= 3, "booting a third one")
    pids = re.findall(r"Booting worker with pid: (\d+)", command.err)

    assert len(set(pids)) == len(pids)
    assert (
        re.findall(
            r"E \[\d+\] gunicorn.error - Worker \(pid:(\d+)\) was sent SIGKILL! Perhaps out of memory\?", command.err
        )[:2]
        == pids[:2]
    )
    assert command.process.poll() is None


def test_a_person_reads_peak_and_limit(eats: None, start: Callable[..., Command]) -> None:
    """With who allows it."""
    command = start("serve", "score.py", "--profile", "bare", "--memory-gb", "0.15", "--port", "0", "--layout", "none")
    command.until_said("A new one starts in 0.25 s.")

    assert re.search(
        r"ended while the script was loading with SIGKILL; memory ran out: it had [\d.]+ (GB|bytes), and --memory-gb allows",
        command.out + command.err,
    )


def test_a_container_backs_off_in_growing_steps(eats: None, start: Callable[..., Command]) -> None:
    """Contract 2.3, 6.3: CrashLoopBackOff, PodOutOfMemory; at once, then 10 s and twice that each time, here 300 ms."""
    words = ("serve", "score.py", "--profile", "kubernetes", "--memory-gb", "0.15", "--port", "0", "--layout", "none")
    command = start(*words, "--set", "restarts.first_ms=300")
    command.until_said("starts again in 1.2 s (CrashLoopBackOff, PodOutOfMemory).")
    waits = re.findall(
        r"The container starts again (.*?) \(CrashLoopBackOff, PodOutOfMemory\)", command.out + command.err
    )

    assert waits[:4] == ["at once", "in 0.3 s", "in 0.6 s", "in 1.2 s"]
    assert "would start workers for ever" not in command.out + command.err


def test_what_a_worker_has_started_counts_and_ends_with_it(place: Place) -> None:
    """It has little itself; its child eats, and is not left behind."""
    with pytest.raises(BootFailed):
        place.serves(
            """
            import os

            def init():
                pid = os.fork()
                if not pid:
                    kept = b"x" * (300 << 20)
                    os.read(os.pipe()[0], 1)
                open(f"{pid}.child", "w").close()
                os.waitpid(pid, 0)

            def run(data):
                return 1
            """,
            profile="bare",
            memory=ONE_BY_ONE,
        )
    ends, children = place.told(WorkerEnded), [int(file.stem) for file in place.folder.glob("*.child")]

    assert ends[0].memory is not None
    assert ends[0].memory.peak_bytes > LIMIT
    assert ends[0].exit_code == -9
    assert children
    place.until(lambda: not any(map(alive, children)), "all children gone")


def test_what_init_had_for_a_moment_is_its_end_however_short_it_was(place: Place) -> None:
    """Nobody needs to look at that moment: the worker tells it, and is never ready."""
    with pytest.raises(BootFailed):
        place.serves(
            "def init():\n    b'x' * (200 << 20)\n\ndef run(data):\n    return 1\n", profile="bare", memory=ONE_BY_ONE
        )

    assert place.told(WorkerReady) == []
    assert {end.exit_code for end in place.told(WorkerEnded)} == {-9}
    assert all(end.memory and end.memory.peak_bytes > LIMIT for end in place.told(WorkerEnded))


def test_what_it_raises_after_that_nobody_hears(place: Place) -> None:
    """The kernel would have ended it before."""
    with pytest.raises(BootFailed) as caught:
        place.serves(
            "def init():\n    b'x' * (200 << 20)\n    raise KeyError\n\ndef run(data):\n    return 1\n",
            profile="bare",
            memory=ONE_BY_ONE,
        )

    assert "KeyError" not in str(caught.value)
    assert {end.exit_code for end in place.told(WorkerEnded)} == {-9}


def test_init_that_eats_ahead_of_the_workers_ends_the_server(place: Place) -> None:
    """Contract 3.4: -9 with WORKER_PRELOAD=true, in the container 111; nothing is started again."""
    with pytest.raises(BootFailed) as caught:
        place.serves(
            "def init():\n    b'x' * (200 << 20)\n\ndef run(data):\n    return 1\n",
            profile="image",
            memory=ONE_BY_ONE,
            env={"WORKER_PRELOAD": "true"},
        )

    assert caught.value.exit_code == -9
    assert re.search(r"killed by SIGKILL: it had 0\.\d+ GB, and --memory-gb allows 0\.146 GB", str(caught.value))
    assert len(place.told(WorkerStarted)) <= 1


def test_init_that_goes_on_eating_ahead_of_the_workers_is_ended_while_it_does(place: Place) -> None:
    """It would never come to tell of it."""
    os.mkfifo(place.folder / "gate")
    with pytest.raises(BootFailed) as caught:
        place.serves(EATS, profile="image", memory=ONE_BY_ONE, env={"WORKER_PRELOAD": "true"})

    assert caught.value.exit_code == -9
    assert "--memory-gb allows 0.146 GB" in str(caught.value)
    assert place.told(WorkerStarted) == []


def test_a_body_is_not_the_next_ones(place: Place) -> None:
    """Nor is an answer: both are still there when the peak is taken, and forgotten afterwards."""
    place.serves("def init():\n    pass\n\ndef run(data):\n    return data\n", profile="bare")
    for size in (0, 30, 0):
        place.asks("x" * (size << 20))
    small, large, after = (exchange.peak_bytes for exchange in place.exchanges(3))

    assert large >= small + 30 * MB
    assert after <= small + 15 * MB


def test_after_a_save_it_is_no_fork_in_vain(place: Place) -> None:
    """With reload the worker is a fork; that it ran out of memory is said at once, of the first one."""
    place.serves(TAKES, profile="kubernetes", memory=WHOLE, reload=ReloadRules(is_on=True))
    place.save("score.py", EATS)
    os.mkfifo(place.folder / "gate")
    outcome = place.endpoint.reload()

    assert outcome.fault is not None
    assert "--memory-gb allows 0.146 GB" in outcome.fault["what"]
    place.until_told(WorkerEnded, 3)
    assert next(end.restart_in_s for end in place.told(WorkerEnded) if end.memory) == 0.0


# memory in run()


@pytest.mark.parametrize(("kind", "status"), [(MANAGED, 424), (KUBERNETES, 502)], ids=["managed", "kubernetes"])
def test_a_request_that_took_too_much_fails(place: Place, kind: dict[str, Any], status: int) -> None:
    """Contract 1.2, 2.1; peak and limit are on its exchange, and the next worker answers."""
    place.serves(TAKES, **kind)
    answer = place.asks("takes 200")
    end = place.until_told(WorkerEnded)
    place.until_told(WorkerReady, 2)
    after = place.asks("takes 1")

    assert (answer.status_code, after.status_code) == (status, 200)
    assert end.memory is not None
    assert LIMIT < end.memory.peak_bytes < 300 * MB
    assert end.busy_s is not None
    assert "--memory-gb allows 0.146 GB" in place.exchanges(2)[0].account["silence"]


def test_a_request_that_keeps_too_much_fails_while_it_runs(place: Place) -> None:
    """The watch sees it; run() would have gone on for ever."""
    os.mkfifo(place.folder / "gate")
    place.serves(TAKES, **KUBERNETES)
    answer = place.asks("waits 300")
    end = place.until_told(WorkerEnded)

    assert answer.status_code == 502
    assert end.memory is not None
    assert end.memory.peak_bytes > LIMIT


def test_a_pod_that_ran_out_of_memory_has_no_replica_for_a_while(place: Place) -> None:
    """Contract 2.1: 503, `No ready replicas for service`, until a worker of the next container is ready."""
    slow = TAKES.replace("pass", "os.path.exists('gate') and open('gate').close()")
    place.serves(slow, **KUBERNETES)
    os.mkfifo(place.folder / "gate")
    failed = place.asks("takes 200")
    place.until_told(WorkerStarted, 2)
    meanwhile = place.asks("takes 0")
    with open(place.folder / "gate", "wb"):
        place.until_told(WorkerReady, 2)
    after = place.asks("takes 0")

    assert (failed.status_code, meanwhile.status_code, after.status_code) == (502, 503, 200)
    assert meanwhile.text == "No ready replicas for service"
    assert "CrashLoopBackOff" in str(place.exchanges(3)[1].failure)


def test_every_exchange_has_its_peak(place: Place) -> None:
    """100 MB for a moment; the small one after it has not needed them."""
    place.serves(TAKES, profile="managed")
    for size in (0, 100, 0):
        place.asks(f"takes {size}")
    small, large, after = (exchange.peak_bytes for exchange in place.exchanges(3))

    assert small < 60 * MB
    assert 100 * MB <= large <= small + 110 * MB
    assert after <= small + 10 * MB


def test_what_a_boot_has_cost_is_told_with_it(place: Place) -> None:
    """Time of the imports and of init(), and the most that it had."""
    place.serves("def init():\n    b'x' * (90 << 20)\n\ndef run(data):\n    return 1\n", profile="bare")
    facts = place.told(WorkerReady)[0].facts

    assert 90 * MB <= facts["peak_bytes"] <= 140 * MB
    assert facts["bytes"] < facts["peak_bytes"] - 80 * MB
    assert facts["boot_ms"] >= facts["import_ms"] + facts["init_ms"] - 1


# what a worker tells of itself, having eaten faster than anybody looked

TOO_MUCH = "EATEN = [200, 'OK', [], {'peak_bytes': 200 << 20}]\n"


def lives(
    folder: Path, life: str, requests: int, *, rules: MemoryRules = ONE_BY_ONE
) -> tuple[list[Any], list[Event], BaseException | None]:
    """Let a pool of one such worker have requests, the first of them by itself; returns what came of them, until its end."""
    events: list[Event] = []
    has_ended = asyncio.Event()

    def hear(event: Event) -> None:
        events.append(event)
        if isinstance(event, WorkerEnded):
            has_ended.set()

    async def story() -> tuple[list[Any], BaseException | None]:
        pool = Pool(replace(fake_child(folder, TOO_MUCH + life), memory=rules), 1, hear)
        await pool.start()
        asked = []
        for number in range(1, requests + 1):
            asked.append(asyncio.create_task(pool.handle(Request("POST", "/score", [], b"", number=number))))
            if number == 1:
                await asyncio.wait(asked, timeout=5)
        await has_ended.wait()
        answers = await asyncio.gather(*asked, return_exceptions=True)
        failed = pool._gave_up.result() if pool._gave_up.done() else None
        await pool.stop(0)
        return answers, failed

    answers, failed = asyncio.run(asyncio.wait_for(story(), 8))
    return answers, events, failed


def test_its_answer_is_not_delivered(tmp_path: Path) -> None:
    """The kernel would have ended it before it had one."""
    [answer], events, _ = lives(tmp_path, "boot()\ntake()\nchannel.send(ANSWER, EATEN, b'eaten')\nchannel.receive()", 1)
    end = next(event for event in events if isinstance(event, WorkerEnded))

    assert isinstance(answer, WorkerCrashed)
    assert "it had 0.195 GB, and --memory-gb allows 0.146 GB" in str(answer)
    assert (end.exit_code, end.memory and end.memory.peak_bytes) == (-9, 200 * MB)


def test_what_was_sent_ahead_gets_no_other_ones_answer(tmp_path: Path) -> None:
    """A lone, quick worker finds its next request in its socket, and may have answered it before it is ended."""
    answers, _, _ = lives(
        tmp_path,
        """
boot(); take(); answer('first')
take(); take()
end.sendall(pack(ANSWER, EATEN, b'eaten') + pack(ANSWER, OK, b'third'))
channel.receive()
""",
        3,
    )

    assert isinstance(answers[0], Response)
    assert [type(answer) for answer in answers[1:]] == [WorkerCrashed, WorkerCrashed]


def test_its_stream_does_not_begin(tmp_path: Path) -> None:
    """Nor do its pieces go anywhere."""
    [answer], _, _ = lives(
        tmp_path,
        "boot(); take()\nend.sendall(pack(STREAM, EATEN) + pack(CHUNK, 0, b'x') + pack(END, 0))\nchannel.receive()",
        1,
    )

    assert isinstance(answer, WorkerCrashed)


@pytest.mark.parametrize(
    "said",
    [
        "channel.send(FAILED, {'what': 'KeyError', 'phase': 'init', 'costs': {'peak_bytes': 200 << 20}})",
        "channel.send(READY, {'boot_ms': 1.0, 'peak_bytes': 200 << 20})",
    ],
    ids=["failed", "ready"],
)
def test_its_boot_is_that_of_a_worker_that_was_killed(tmp_path: Path, said: str) -> None:
    """Whatever it says of it, and although it leaves by itself with the exit code of a failed boot: it is started again."""
    _, events, failed = lives(
        tmp_path, f"channel.send(HELLO, {{'version': VERSION}})\nchannel.receive()\n{said}\nos._exit(3)", 0
    )
    end = next(event for event in events if isinstance(event, WorkerEnded))

    assert failed is None
    assert not any(isinstance(event, WorkerFailedToBoot | WorkerReady) for event in events)
    assert (end.exit_code, end.was_booting, end.restart_in_s) == (-9, True, 0.25)


# processors

LOOKS = "import os\n\ndef init():\n    pass\n\ndef run(data):\n    return sorted(os.sched_getaffinity(0))\n"


def test_the_script_sees_as_many_processors_as_it_may_use(place: Place) -> None:
    """A part of one cannot be given, and that is said."""
    place.serves(LOOKS, profile="bare", cpus=0.5, on_event=print)

    assert place.asks("").json() == sorted(os.sched_getaffinity(0))[:1]


def test_more_than_there_are_is_said(write: Callable[..., Path], start: Callable[..., Command]) -> None:
    """And what there is is used."""
    write("score.py", LOOKS)
    command = start("serve", "score.py", "--profile", "bare", "--cpu", "999", "--port", "0", "--layout", "none")
    seen = httpx.post(f"http://127.0.0.1:{command.port}/score", content=b"", trust_env=False, timeout=10).json()

    assert seen == sorted(os.sched_getaffinity(0))
    command.until_said(f"--cpu 999: this machine has {len(seen)}, so workers use")


# replicas

TWO = {"profile": "kubernetes", "settings": {"limits.instance_count": "2"}}


def test_each_instance_has_a_process_and_they_take_turns(place: Place) -> None:
    """Contract 1.7: instance_count; what a script keeps in memory is not there in the next request."""
    place.serves(TAKES, **TWO)
    pids = [place.asks("").json() for _ in range(6)]

    assert len(set(pids)) == 2
    assert [pids.count(pid) for pid in set(pids)] == [3, 3]


def test_when_one_is_killed_the_other_one_goes_on(place: Place) -> None:
    """Nobody waits for the one that boots again."""
    place.serves(TAKES.replace("pass", "os.path.exists('gate') and open('gate').close()"), **TWO)
    pids = {place.asks("").json() for _ in range(2)}
    os.mkfifo(place.folder / "gate")
    victim = pids.pop()
    os.kill(victim, signal.SIGKILL)
    place.until_told(WorkerStarted, 3)
    meanwhile = {place.asks("").json() for _ in range(4)}
    with open(place.folder / "gate", "wb"):
        place.until_told(WorkerReady, 3)
    after = {place.asks("").json() for _ in range(4)}

    assert meanwhile == pids
    assert len(after) == 2
    assert victim not in after


def test_two_at_once_run_at_once(place: Place) -> None:
    """In two processes; the third one waits half a second by default, here for ever."""
    os.mkfifo(place.folder / "gate")
    place.serves(TAKES, **TWO)
    waiting = [place.asks_meanwhile("waits") for _ in range(2)]
    place.until(lambda: len(list(place.folder.glob("*.is-there"))) == 2, "both are in run()")
    with open(place.folder / "gate", "wb"):
        for thread, _ in waiting:
            thread.join()

    assert sorted(answers[0].json() for _, answers in waiting) == sorted(
        int(file.stem) for file in place.folder.glob("*.is-there")
    )


def test_a_peak_is_refused_first_and_answered_when_the_new_replicas_are_there(
    write: Callable[..., Path], start: Callable[..., Command], tmp_path: Path
) -> None:
    """Contract 2.1, 2.2: 503 for who waits longer than 500 ms while a new container takes its time, then 200; status has the story."""
    write("score.py", TAKES)
    os.mkfifo(tmp_path / "gate")
    settings = ("scale.refresh_ms=20", "limits.max_queue_wait_ms=100", "scale.start_ms=1000")
    words = (
        "serve",
        "score.py",
        "--profile",
        "aks",
        "--port",
        "0",
        "--control-port",
        "0",
        "--layout",
        "none",
        "--no-reload",
    )
    command = start(*words, *(word for one in settings for word in ("--set", one)))
    score = command.until(lambda: re.search(r"score    (\S+)", command.out + command.err), "up")[1]

    def ask(body: str) -> httpx.Response:
        return httpx.post(score, content=body.encode(), trust_env=False, timeout=10)

    held: list[int] = []
    thread = threading.Thread(target=lambda: held.append(ask("waits").status_code))
    thread.start()
    command.until(lambda: bool(list(tmp_path.glob("*.is-there"))), "in run()")
    early = ask("")
    command.until_said("replica 2 is ready")
    late = ask("")
    with (tmp_path / "gate").open("wb"):
        thread.join()
    status = start("status", "--port", str(command.port), "--json").finish()
    replicas = json.loads(status.out)

    assert (early.status_code, late.status_code, held) == (503, 200, [200])
    assert "overloaded" in early.text
    assert replicas["replicas"]["wanted"] >= 2
    assert replicas["replicas_before"][0]["why"].startswith("1 replica is busy")
    assert any("is ready" in one["why"] for one in replicas["replicas_before"])


def test_a_deployment_file_says_how_many(write: Callable[..., Path], start: Callable[..., Command]) -> None:
    """Contract 1.7; what the file says of memory counts for each of them."""
    write("score.py", TAKES)
    write(
        "deployment.yml",
        """
        $schema: https://azuremlschemas.azureedge.net/latest/kubernetesOnlineDeployment.schema.json
        name: blue
        type: kubernetes
        endpoint_name: endpoint
        code_configuration: {code: ., scoring_script: score.py}
        environment: {image: x}
        resources:
          requests: {cpu: "0.5", memory: "100Mi"}
          limits: {cpu: "1", memory: "150Mi"}
        instance_count: 2
        """,
    )
    command = start("serve", "deployment.yml", "--port", "0", "--layout", "none", "--no-reload")
    url = f"http://127.0.0.1:{command.port}/score"
    pids = {httpx.post(url, content=b"", trust_env=False, timeout=10).json() for _ in range(4)}
    httpx.post(url, content=b"takes 200", trust_env=False, timeout=10)
    command.until_said("deployment.yml:9 allows 0.146 GB")

    assert len(pids) == 2


def test_who_finds_no_node_does_not_start(write: Callable[..., Path], start: Callable[..., Command]) -> None:
    """Contract 2.3, 6.4: the platform's words, the scheduler's line; exit code 3."""
    write("score.py", TAKES)
    write("nodes.yml", "- {name: a, cpu: 1, memory: 1Gi, count: 3}\n")
    words = ("serve", "score.py", "--profile", "kubernetes", "--cluster", "nodes.yml", "--cpu", "2", "--port", "0")
    done = start(*words, "--layout", "none", "--no-reload").finish()

    assert done.code == 3
    assert (
        "Couldn't Schedule because the kubernetes cluster didn't have available resources after trying for 00:05:00:"
        " 0/3 nodes are available: 3 Insufficient cpu"
    ) in done.said


# probes

QUICK_PROBES = {
    "liveness_initial_delay": "0.3",
    "liveness_period": "0.1",
    "liveness_timeout": "0.1",
    "liveness_failure_threshold": "3",
}
LOADS = """
def load_model():
    open("gate").close()

def init():
    load_model()

def run(data):
    return 1
"""


def test_serve_says_when_a_boot_would_have_been_ended(
    write: Callable[..., Path], tmp_path: Path, start: Callable[..., Command]
) -> None:
    """Contract 6.4, compressed: 0.3 + 3 * 0.1 s; the script goes on all the same, and answers in the end."""
    write("score.py", LOADS)
    os.mkfifo(tmp_path / "gate")
    probes = [word for name, value in QUICK_PROBES.items() for word in ("--set", f"probes.{name}={value}")]
    command = start("serve", "score.py", "--port", "0", "--layout", "none", *probes)
    told = "amlemu: would have been killed at 0.6 s: init() was still in load_model (score.py:2)\n"
    command.until(lambda: told in command.err, "told")
    with open(tmp_path / "gate", "w"):
        pass
    command.until(lambda: "  score    " in command.err, "serving")

    assert command.err.count("would have been killed") == 1


def test_a_busy_worker_misses_the_probes(place: Place) -> None:
    """Contract 3.6: with one worker the probe queues behind a running run(); the request is answered all the same."""
    os.mkfifo(place.folder / "gate")
    settings = {f"probes.{name}": value for name, value in QUICK_PROBES.items()}
    place.serves(TAKES, profile="managed", settings=settings)
    thread, answers = place.asks_meanwhile("waits")
    place.until(lambda: any(isinstance(one, WouldBeKilled) for one in place.endpoint.events), "told")
    with open(place.folder / "gate", "w"):
        thread.join()
    (told,) = [one for one in place.endpoint.events if isinstance(one, WouldBeKilled)]

    assert not told.is_booting
    assert told.stack[-1].function == "run"
    assert [answer.status_code for answer in answers] == [200]

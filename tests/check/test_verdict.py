"""What comes first of all that speaks against a deployment."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from amlemu import deployment, layout, profile_file
from amlemu.check import verdict
from amlemu.check.boot import Trace
from amlemu.check.verdict import Scene
from amlemu.cluster import Node, Pod
from amlemu.errors import BackendTimeout, WorkerCrashed
from amlemu.events import WorkerEnded, WouldBeKilled
from amlemu.exchange import Exchange, Frame, Request, Response
from amlemu.finding import (
    CANNOT_IMPORT,
    CANNOT_INIT,
    CANNOT_START,
    FAILS_EACH_CALL,
    LACKS_MODEL,
    REFUSED_EARLY,
    CloudError,
    Finding,
    Place,
)
from amlemu.memory import MemoryRules, OutOfMemory
from amlemu.stand import Plan

GIB = 1 << 30
LACKING = {
    "phase": "import",
    "kind": "ModuleNotFoundError",
    "what": "the script needs 'x', which is not installed for me",
}


def error(rule: str, cloud: CloudError | None, place: Place | None = None) -> Finding:
    return Finding("error", rule, rule, place, cloud)


@pytest.fixture
def scene(write, tmp_path, monkeypatch):
    """Return the scene of a script's boot; `profile` has the probes."""
    monkeypatch.chdir(tmp_path)
    script = write("score.py", "def init(): ...\n")
    write("library.py", "")

    def scene(
        kind: str = "managed", findings: tuple[Finding, ...] = (), profile: str = "managed", **plan: Any
    ) -> Scene:
        served = deployment.from_script(script)
        laid_out = layout.lay_out(served, "var")
        return Scene(Plan(served, profile_file.load(profile), **plan), kind, findings, laid_out)

    return scene


# findings


def test_what_is_refused_comes_before_what_would_start_in_vain():
    """A file that is no deployment, a model that is absent: nothing of it would ever be started."""
    findings = [error("script", CANNOT_INIT), error("model", LACKS_MODEL), error("file", REFUSED_EARLY)]

    before, start = verdict.before_start(findings), verdict.at_start(findings)

    assert before is not None
    assert start is not None
    assert (before.told, start.told) == ("model", "script")


@pytest.mark.parametrize(
    "finding",
    [
        pytest.param(error("calls", FAILS_EACH_CALL), id="a-call-that-fails"),
        pytest.param(error("here", None), id="of-this-machine"),
        pytest.param(Finding("warning", "perhaps", "perhaps", None, CANNOT_START), id="a-warning"),
    ],
)
def test_what_does_not_keep_it_from_starting(finding):
    assert verdict.before_start([finding]) is None
    assert verdict.at_start([finding]) is None


@pytest.mark.parametrize(
    "words",
    [
        "CrashLoopBackOff, exit code 111",
        "AciDeploymentFailed, CrashLoopBackOff",
        "the container ends with exit code 111",
    ],
)
def test_v1_starts_in_vain_in_its_own_words(words):
    """Contract 2.3, 6.3."""
    findings = [error("no", CloudError(words))]

    assert verdict.before_start(findings) is None
    assert verdict.at_start(findings) is not None


# room


@pytest.mark.parametrize(
    ("disk_gb", "told"),
    [
        (None, None),
        (0.004, None),
        (0.003, "the models take 4 MB, and --disk-gb allows 3 MB"),
        (0.002, "the models take 4 MB, and --disk-gb allows 2 MB"),
        (0.00375, "the models take 4194304 bytes, and --disk-gb allows 4026532 bytes"),
    ],
)
def test_models_on_a_disk(write, tmp_path, disk_gb, told):
    """All files of all models; ERR_1350 of contract 6.4. Sizes are written so that they differ."""
    script = write("src/score.py", "")
    for name in ("a", "b/c"):
        write(f"models/{name}/w.bin", "")
        (tmp_path / "models" / name / "w.bin").write_bytes(bytes(2 << 20))
    models = {"a:1": tmp_path / "models" / "a" / "w.bin", "b:1": tmp_path / "models" / "b"}
    plan = Plan(deployment.from_script(script, models=models), profile_file.load("managed"))

    cause = verdict.of_disk(plan, disk_gb)

    if told is None:
        assert cause is None
    else:
        assert cause is not None
        assert cause.cloud is not None
        assert (cause.cloud.today, cause.cloud.in_2021) == ("OutOfQuota", "ERR_1350")
        assert cause.told == told


@pytest.mark.parametrize(
    ("replicas", "told"),
    [
        (1, None),
        (2, None),
        (3, "0/2 nodes are available: 2 Insufficient memory"),
    ],
)
def test_all_replicas_that_there_are_at_least_need_room(scene, replicas, told):
    """Contract 2.3; what grows later waits for itself."""
    rules = {"limits.instance_count": str(replicas), "scale.maximum": "8"}
    nodes = tuple(Node(name, 4, 3 * GIB, 0) for name in ("a", "b"))
    plan = scene(nodes=nodes, pod=Pod(0.1, 2 * GIB, 0)).plan
    plan = Plan(plan.deployment, profile_file.load("kubernetes", rules), nodes=nodes, pod=plan.pod)

    cause = verdict.of_place(plan, "kubernetes")

    assert (cause and cause.told.rpartition("00:05:00: ")[2]) == told


def test_without_nodes_there_is_room(scene):
    assert verdict.of_place(scene().plan, "kubernetes") is None


# the boot


def test_one_that_has_come_up_may_still_fail_in_the_cloud(scene):
    """A package that this machine has, and conda.yml does not."""
    trace = Trace(ready_s=0.4)
    cause = verdict.of_boot(trace, scene(findings=(error("missing-package", CANNOT_IMPORT),)))

    assert verdict.of_boot(trace, scene()) is None
    assert cause is not None
    assert cause.told == "missing-package"


def test_what_was_raised_names_its_place_from_here(scene, tmp_path):
    """From the current folder, whatever the script's own view of it is."""
    fault = {"phase": "init", "kind": "KeyError", "what": "init() raised KeyError: 'x'.", "where": "library.py:3"}

    cause = verdict.of_boot(Trace(fault=fault), scene())

    assert cause is not None
    assert (cause.told, cause.cloud) == ("library.py:3: init() raised KeyError: 'x'", CANNOT_INIT)
    assert scene().place("/usr/lib/python3/json.py:1") == "/usr/lib/python3/json.py:1"
    assert scene().place("gone.py:1") == "gone.py:1"
    assert scene().place(f"{tmp_path}/library.py:2") == "library.py:2"


def test_a_module_that_is_missing_here_alone_says_nothing_of_the_cloud(scene, tmp_path):
    """The deployment's own files were read, and have it; another cause, if the doctor knows one, comes first then."""
    here = scene()
    served = Scene(Plan(_described(here.plan.deployment, tmp_path), here.plan.profile), "managed", (), here.layout)
    trace = Trace(fault=dict(LACKING))

    alone = verdict.of_boot(trace, served)
    other = verdict.of_boot(trace, _with(served, error("no-inference-server", CANNOT_START)))
    asked = verdict.of_boot(trace, _with(served, error("missing-package", CANNOT_IMPORT)))
    script = verdict.of_boot(trace, here)

    assert alone is not None
    assert (alone.cloud, alone.told) == (None, "score.py: the script needs 'x', which is not installed for me")
    assert other is not None
    assert other.told == "no-inference-server"
    for known in (asked, script):  # it is missing there, too; and of a script alone nothing else is known
        assert known is not None
        assert known.cloud == CANNOT_IMPORT


def _described(served: deployment.Deployment, folder: Path) -> deployment.Deployment:
    return replace(served, files=(folder / "deployment.yml",))


def _with(scene: Scene, finding: Finding) -> Scene:
    return Scene(scene.plan, scene.kind, (finding,), scene.layout)


@pytest.mark.parametrize(
    ("exit_code", "exits", "place"),
    [
        pytest.param(7, [4], "score.py:4", id="the-doctor-has-seen-it"),
        pytest.param(7, [4, 9], "score.py", id="one-of-two"),
        pytest.param(7, [], "score.py", id="nobody-knows"),
        pytest.param(-11, [4], "score.py", id="a-signal"),
    ],
)
def test_a_worker_that_ended_without_a_word(scene, tmp_path, exit_code, exits, place):
    """Its place is where the script calls os._exit(), if that is sure; a signal comes from elsewhere."""
    findings = tuple(error("exits", CANNOT_START, Place(tmp_path / "score.py", line)) for line in exits)
    death = WorkerEnded(pid=1, exit_code=exit_code, planned=False, was_booting=True)

    cause = verdict.of_boot(Trace(death=death), scene(findings=findings))

    assert cause is not None
    assert cause.told.startswith(f"{place}: the worker ")
    assert cause.cloud is not None
    assert cause.cloud.today == "ResourceNotReady, Liveness probe failed"


@pytest.mark.parametrize(
    ("kind", "today"),
    [
        ("aks", "CrashLoopBackOff, Liveness probe failed"),
        ("aci", "AciDeploymentFailed, CrashLoopBackOff"),
        ("local", "no answer, ever"),
        ("kubernetes", "ResourceNotReady, Liveness probe failed"),
    ],
)
def test_a_server_that_starts_workers_for_ever_does_not_end_its_container(scene, kind, today):
    """Contract 3.4: so there is no exit code 111 in any cloud."""
    death = WorkerEnded(pid=1, exit_code=-11, planned=False, was_booting=True)

    cause = verdict.of_boot(Trace(death=death), scene(kind))

    assert cause is not None
    assert cause.cloud is not None
    assert cause.cloud.today == today


@pytest.mark.parametrize(
    ("kind", "today"),
    [
        ("managed", "ResourceNotReady, CrashLoopBackOff"),
        ("kubernetes", "ResourceNotReady, CrashLoopBackOff, PodOutOfMemory"),
        ("aks", "CrashLoopBackOff"),
        ("aci", "AciDeploymentFailed, CrashLoopBackOff"),
        ("local", "Booting worker with pid, again and again"),
    ],
)
def test_memory_that_ran_out(scene, kind, today):
    """Contract 2.3, 6.3: PodOutOfMemory is a word of Kubernetes alone."""
    memory = OutOfMemory(2 * GIB, MemoryRules(GIB, "deployment.yml:12"))
    death = WorkerEnded(pid=1, exit_code=-9, planned=False, was_booting=True, memory=memory)

    cause = verdict.of_boot(Trace(death=death), scene(kind))

    assert cause is not None
    assert cause.told == ("memory ran out while the script was loading: it had 2 GB, and deployment.yml:12 allows 1 GB")
    assert cause.cloud is not None
    assert cause.cloud.today == today


@pytest.mark.parametrize(
    ("kind", "profile", "told", "today", "fix"),
    [
        pytest.param(
            "aks",
            "aks",
            "would have been killed at 340 s: init() was still at score.py:3",
            "CrashLoopBackOff, Liveness probe failed",
            "initialDelaySeconds",
            id="aks",
        ),
        pytest.param(
            "managed",
            "bare",
            "no answer within 340 s: init() was still at score.py:3; nobody probes here, so it would wait on",
            "no answer, ever",
            "Load less.",
            id="nobody-probes",
        ),
    ],
)
def test_an_init_that_takes_too_long(scene, kind, profile, told, today, fix):
    """Contract 2.2: 310 + 3 x 10 s are AKS's; 3.5: without a probe requests wait, and nobody ends it."""
    seen = scene(kind, profile=profile)
    stack = (Frame(seen.layout.script, 3, "init"),)

    cause = verdict.of_boot(Trace(killed=WouldBeKilled(340, is_booting=True, stack=stack)), seen)

    assert cause is not None
    assert cause.cloud is not None
    assert (cause.told, cause.cloud.today) == (told, today)
    assert fix in cause.fix


# the sample request


def answered(status: int, model: int | None = None, **fields: Any) -> Exchange:
    """Return an exchange with both lanes."""
    body, account = fields.pop("body", b""), fields.pop("account", {})
    lane = None if model is None else Response(model, "", [], body, account)
    response = None if status == 0 else Response(status, "", [], body)
    return Exchange(Request("POST", "/score", [], b"{}"), model=lane, response=response, **fields)


FAULT = {
    "what": "run() raised KeyError: 'x'",
    "where": "score.py:3",
    "traceback": "Traceback:\n  File\nKeyError: 'x'\n",
}


@pytest.mark.parametrize(
    ("exchange", "told", "today"),
    [
        pytest.param(
            answered(424, 500, account={"fault": FAULT}),
            "run() raised KeyError: 'x' (score.py:3)",
            "424, model 500",
            id="raised",
        ),
        pytest.param(
            answered(424, 400, body=b"no such id\nmore"), 'the answer is "no such id"', "424, model 400", id="said"
        ),
        pytest.param(answered(424, 404), "the answer is empty", "424, model 404", id="said-nothing"),
        pytest.param(
            answered(413, why="a body of 3 bytes, 2 are allowed"),
            "a body of 3 bytes, 2 are allowed",
            "413",
            id="refused",
        ),
        pytest.param(
            answered(502, failure=WorkerCrashed("the worker ended with exit code 7", where="pid 4711")),
            "the worker ended with exit code 7",
            "502",
            id="crashed",
        ),
        pytest.param(
            answered(0, failure=WorkerCrashed("the worker ended with exit code 7", where="pid 4711")),
            "the worker ended with exit code 7; the connection was closed without an answer",
            "the connection is closed",
            id="closed",
        ),
    ],
)
def test_a_sample_request_that_fails(exchange, told, today):
    """Contract 1.2: what the caller gets, and what the model said; the pid of a process that is gone is not of interest."""
    cause = verdict.of_trial(exchange, Trace(ready_s=1.0), Path("sample-request.json"), "managed")

    assert cause is not None
    assert cause.cloud is not None
    assert (cause.told, cause.cloud.today) == (f"it starts, but sample-request.json fails: {told}", today)


def test_the_users_traceback_is_the_evidence():
    """As it is written, not indented."""
    cause = verdict.of_trial(answered(424, 500, account={"fault": FAULT}), Trace(), Path("r.json"), "managed")

    assert cause is not None
    assert cause.traceback.strip() == "Traceback:\n  File\nKeyError: 'x'"


def test_one_that_was_too_slow_is_told_what_to_set():
    exchange = answered(408, failure=BackendTimeout("no answer within 5.0 s"))
    cause = verdict.of_trial(exchange, Trace(), Path("r.json"), "managed")

    assert cause is not None
    assert cause.fix == "Make run() quicker, or allow it more time: request_timeout_ms (v1: scoring_timeout_ms)."


def test_one_that_took_all_the_memory():
    memory = OutOfMemory(2 * GIB, MemoryRules(GIB, "--memory-gb"))
    death = WorkerEnded(pid=1, exit_code=-9, planned=False, memory=memory)

    cause = verdict.of_trial(answered(424, 502), Trace(ready_s=1.0, death=death), Path("r.json"), "managed")

    assert cause is not None
    assert cause.told.startswith("memory ran out while it answered the sample request: it had 2 GB")


def test_a_sample_request_that_is_answered(tmp_path):
    """In numbers: what was sent is the file, whatever the exchange has kept of it."""
    file = tmp_path / "sample.json"
    file.write_bytes(b"12345")
    exchange = answered(200, 200, account={"run_ms": 3.5, "peak_bytes": 7}, elapsed_ms=5.0, sent_bytes=64)

    trial = verdict.trial(exchange, file)

    assert verdict.of_trial(exchange, Trace(ready_s=1.0), file, "managed") is None
    assert (trial.status, trial.model_status, trial.elapsed_ms, trial.run_ms) == (200, 200, 5.0, 3.5)
    assert (trial.request_bytes, trial.answer_bytes, trial.peak_bytes) == (5, 64, 7)
    assert verdict.trial(answered(0), file).status is None

"""`amlemu parity --against image`: the emulator beside the deployment's real container, as a person compares them."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from amlemu_harness.engine import Engine

from ..conftest import Command, Finished
from ..contract.targets import interpreter_folder
from ..harness.compared import QUICK, cases, ended, kinds, places, told, until_gone
from ..parity import examples
from .conftest import alone
from .serving import building, endpoint, forget

pytestmark = pytest.mark.docker
Start = Callable[..., Command]
Folder = Callable[..., Path]

_SESSIONS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_DIABETES_S = 20.0 * max(
    1.0, _SESSIONS / (os.cpu_count() or 1)
)  # alone 20; other sessions have their part of the machine
_TRIES = 3  # other tests may have the machine
_PATIENCE_S = 120.0
LOOKS = """
    import os, time

    def init():
        pass

    def run(data):
        if data == "sleep":
            with open(os.path.join(os.environ.get("NOTES", "/tmp"), f"asked-{os.getpid()}"), "w"):
                time.sleep(60)
        where = {"kernel": os.uname().sysname, "is boxed": os.path.isdir("/var/runit")}
        return where if data == "where" else data
"""


def of_test(engine: Engine, folder: Path) -> list[Any]:
    """Return the containers, running or not, that have something of a folder mounted."""
    found = engine.client.containers.list(all=True, filters={"label": "dev.amlemu"}, ignore_removed=True)
    return [one for one in found if any(mount["Source"].startswith(f"{folder}/") for mount in one.attrs["Mounts"])]  # fmt: skip


@pytest.fixture
def parity(start: Start, engine: Engine, tmp_path: Path) -> Callable[..., Finished]:
    """Runs `amlemu parity WORDS` to its end, and looks that neither a file nor a container is left."""

    def parity(*words: str, **variables: str) -> Finished:
        command = start("parity", *words, **building(), **variables)
        command.process.wait(_PATIENCE_S)
        done = ended(command)
        assert of_test(engine, tmp_path) == []
        assert command.left_behind() == []
        return done

    tmp_path.chmod(0o755)  # the container's user has to enter it
    return parity


def test_the_diabetes_example_is_the_same(
    start: Start, parity: Callable[..., Finished], engine: Engine, tmp_path: Path
) -> None:
    """In all cases: its own, those made for any script, its surroundings and packages; in time, the image being built."""
    environment = interpreter_folder("AMLEMU_TEST_CORE", "azureml-core", "a virtual environment with scikit-learn")
    examples.example("diabetes", environment, tmp_path)
    name = endpoint("parity")
    words = ("diabetes/score.py", "--model-dir=diabetes/model", f"--endpoint-name={name}")
    python = f"--python={environment}"
    try:
        with alone():
            built = ended(start("image", "build", *words[:1], words[2], **building()))
        for _ in range(_TRIES):
            begun = time.monotonic()
            done = parity(*words, python, "--against=image", "--json")
            took_s = time.monotonic() - begun
            if took_s < _DIABETES_S:
                break
    finally:
        forget(engine, name)
    print(f"parity of examples/diabetes against its image: {took_s:.1f} s")

    assert built.code == 0, built.said
    report = told(done)
    assert {"predict", "ragged_rows", "good", "1.6 MB", "after a crash", "surroundings", "packages"} <= set(kinds(report))  # fmt: skip
    assert {name: kind for name, kind in kinds(report).items() if kind != "same"} == {}, places(report)
    assert (done.code, report["counts"]["same"] > 60) == (0, True)
    assert took_s < _DIABETES_S


def test_what_differs_in_the_container_is_found_and_recorded(
    parity: Callable[..., Finished], reference_image: str, folder: Folder, tmp_path: Path
) -> None:
    """By its path; and found again in the recording, where there is no engine."""
    folder("code", **{"score.py": LOOKS})
    cases(tmp_path, "where", "same")
    image = f"--image={reference_image}"

    live = parity("code/score.py", image, *QUICK, "--cases=cases", "--record=said.json", "--json")
    later = parity("code/score.py", "--against=said.json", "--json", DOCKER_HOST="tcp://127.0.0.1:1")

    for done in (live, later):
        report = told(done)
        assert (done.code, kinds(report)) == (1, {"same": "same", "where": "different"})
        assert places(report)["where"] == [('body["is boxed"]', "true", "false")]
        assert (report["theirs"]["name"], report["ours"]["name"]) == (f"container of {reference_image}", "amlemu, profile image")  # fmt: skip
        assert re.fullmatch(r"sha256:[0-9a-f]{64}", report["theirs"]["facts"]["digest"])
        assert (report["remarks"], report["troubles"]) == ([], [])


@pytest.mark.parametrize(
    ("init", "code"),
    [
        pytest.param("raise ValueError('no model here')", 3, id="raises"),
        pytest.param("import ctypes; ctypes.string_at(0)", None, id="dies-for-ever"),
    ],
)
def test_a_script_that_does_not_start_fails_there_as_it_does_here(
    parity: Callable[..., Finished], reference_image: str, folder: Folder, init: str, code: int | None
) -> None:
    """Exit code and last lines are the same; one whose workers die again and again is given up on both sides."""
    folder("code", **{"score.py": f"def init():\n    {init}\n\ndef run(data):\n    pass\n"})

    done = parity("code/score.py", f"--image={reference_image}", *QUICK[:1], "--only=good", "--record=said.json", "--json")  # fmt: skip

    report = told(done)
    assert (done.code, kinds(report)) == (0, {"start": "same"}), places(report)
    (remark,) = report["remarks"]
    assert remark.startswith(f"1 case was not asked: container of {reference_image} and amlemu, profile image did not start")  # fmt: skip
    (start,) = report["cases"]
    assert [side["exit_code"] for side in start.get("theirs", [])] in ([], [code] * 2)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_no_container(
    start: Start, engine: Engine, reference_image: str, folder: Folder, tmp_path: Path, number: signal.Signals
) -> None:
    """In the middle of an answer that takes a minute; and soon."""
    folder("code", **{"score.py": LOOKS})
    cases(tmp_path, "sleep")
    command = start("parity", "code/score.py", f"--image={reference_image}", *QUICK, "--cases=cases", **building(), NOTES=str(tmp_path))  # fmt: skip
    deadline = time.monotonic() + _PATIENCE_S

    def asked() -> list[int]:
        inside = [one for one in of_test(engine, tmp_path) if one.status == "running" and one.exec_run("sh -c 'ls /tmp/asked-*'").exit_code == 0]  # fmt: skip
        here = [int(path.name.partition("-")[2]) for path in tmp_path.glob("asked-*")]
        return here if len(inside) == 2 else []

    while not (pids := asked()):
        assert command.process.poll() is None, command.err
        assert time.monotonic() < deadline, "not all are asked"
        time.sleep(0.1)
    begun = time.monotonic()
    command.send(number)
    done = ended(command)

    assert time.monotonic() - begun < 20
    assert done.code == 130
    assert "Traceback" not in done.said
    until_gone(pids)
    assert of_test(engine, tmp_path) == []
    assert command.left_behind() == []

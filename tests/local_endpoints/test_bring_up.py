"""The steps of a start, one by one, in this process's own loop; the script is a real worker's."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from amlemu.errors import UsageError
from amlemu.local_endpoints import logs
from amlemu.local_endpoints.bring_up import STEPS, Arrival, Place, StepFailed
from amlemu.local_endpoints.record import Asked
from amlemu.local_endpoints.story import Story

from .desk import BREAKS, GOOD, HANGS, until

pytestmark = pytest.mark.anyio
NAMES = ["SystemSetup", "ImageBuild", "UserContainerImagePull", "ModelDownload", "UserContainerStart", "Probes"]


class Coming:
    """A deployment on its way."""

    def __init__(self, folder, write, text, simulate="", **options):
        self.script = write("code/score.py", text)
        self.folder, self.noted, self.starts, self.story = folder, [], asyncio.Event(), Story()
        place = Place(
            endpoint="iris", name="blue", host="127.0.0.1", port=5999, auth=None, lodging="iris-blue-1",
            logs=folder / "logs", keys=folder, note=self.note,
            **({"alias": ""} if "alias" in Place.__dataclass_fields__ else {}),
        )  # fmt: skip
        self.arrival = Arrival(Asked(str(self.script), {"reload": False, **options}, simulate), place, self.story)

    def note(self, step, state):
        self.noted.append((step, state))
        if step == "UserContainerStart":
            self.starts.set()

    async def come(self):
        return await asyncio.wait_for(self.arrival.come(), 20)

    @property
    def left(self):
        """What is left beside the script."""
        own = self.script.parent / ".amlemu"
        return [path.name for path in own.iterdir() if path.is_dir()] if own.exists() else []


async def leave(resident):
    await resident.leave_aids()
    await resident.stop(0)
    await resident.close()


def test_the_steps_are_the_clouds_in_its_order():
    """Contract 6.2; ImageBuild and Probes are ours."""
    assert [name for name, _ in STEPS] == NAMES


async def test_each_step_is_told_when_it_begins_and_when_it_is_over(tmp_path, write):
    coming = Coming(tmp_path, write, GOOD)
    resident = await coming.come()
    try:
        assert coming.noted == [(name, state) for name in NAMES for state in ("InProgress", "Succeeded")]
        told = [line for line in coming.story.lines if line["kind"] == "step" and line["state"] == "Succeeded"]
        assert [line["step"] for line in told] == NAMES
        assert all(line["took_s"] >= 0 and line["text"] for line in told)
    finally:
        await leave(resident)

    assert coming.left == []
    said = logs.last_lines(logs.log_of(tmp_path / "logs", "inference-server"), 1000)
    assert any("hello from init" in line for line in said)


@pytest.mark.parametrize(
    ("text", "today", "in_2021", "evidence"),
    [
        pytest.param(BREAKS, "ResourceNotReady", "ERR_2200", "no model in here", id="init-raises"),
        pytest.param(
            "import nosuchmodule\n\ndef init(): ...\n\ndef run(data): ...\n",
            "ResourceNotReady",
            "ERR_2200",
            "nosuchmodule",
            id="import",
        ),
        pytest.param("def init(): ...\n", "ResourceNotReady", "ERR_2200", "run", id="no-run"),
        pytest.param("def init(:\n", "ResourceNotReady", "ERR_2200", "score.py", id="syntax"),
        pytest.param("import os\n\ndef init():\n    os._exit(7)\n\ndef run(d): ...\n", "", "", "7", id="exits"),
    ],
)
async def test_a_script_that_does_not_start_is_told_in_the_clouds_words(
    tmp_path, write, text, today, in_2021, evidence
):
    """Contract 6.1, 6.4; nothing of it is left."""
    coming = Coming(tmp_path, write, text)

    with pytest.raises(StepFailed) as caught:
        await coming.come()
    data = caught.value.as_data()
    assert data["step"] == "UserContainerStart"
    assert data["today"].startswith(today)
    assert data["in_2021"].startswith(in_2021)
    assert evidence in data["told"] + data["traceback"]
    assert coming.noted[-1] == ("UserContainerStart", "Failed")
    assert coming.left == []


@pytest.mark.parametrize(
    ("code", "step"), [("ERR_1100", "SystemSetup"), ("ERR_1350", "ModelDownload"), ("ERR_2200", "UserContainerStart")]
)
async def test_a_failure_is_played_when_its_step_begins(tmp_path, write, code, step):
    """Contract 6.1; those before it are done."""
    coming = Coming(tmp_path, write, GOOD, simulate=code)

    with pytest.raises(StepFailed) as caught:
        await coming.come()
    assert (caught.value.as_data()["step"], caught.value.as_data()["in_2021"]) == (step, code)
    assert coming.noted[-1] == (step, "Failed")
    assert [name for name, state in coming.noted if state == "Succeeded"] == NAMES[: NAMES.index(step)]
    assert coming.left == []


async def test_one_that_is_called_off_while_it_hangs_leaves_nothing(tmp_path, write):
    """A delete does that; its worker is ended, too."""
    coming = Coming(tmp_path, write, HANGS)
    work = asyncio.ensure_future(coming.come())
    await asyncio.to_thread(until, lambda: ("UserContainerStart", "InProgress") in coming.noted, "hanging in init()")
    work.cancel()

    with pytest.raises(asyncio.CancelledError):
        await work
    assert coming.left == []


@pytest.mark.parametrize("turns", [0, 1, 2, 4, 8])
async def test_one_that_is_called_off_while_it_is_started_leaves_nothing(tmp_path, write, turns):
    """Not even half a start: a worker that is not yet known to anybody."""
    coming = Coming(tmp_path, write, HANGS, workers=4)
    work = asyncio.ensure_future(coming.come())
    await asyncio.wait_for(coming.starts.wait(), 20)
    for _ in range(turns):
        await asyncio.sleep(0)
    work.cancel()

    with pytest.raises(asyncio.CancelledError):
        await work
    assert coming.left == []
    await asyncio.to_thread(until, lambda: not busy_children(), "ended")


def busy_children():
    """Return the children of this process that a script hangs in."""
    children = Path("/proc/self/task").glob("*/children")
    pids = [pid for file in children for pid in file.read_text(encoding="ascii").split()]
    return [pid for pid in pids if "bootstrap.py" in command_of(pid)]


def command_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):  # ended meanwhile
        return ""


async def test_what_cannot_be_is_a_usage_error(tmp_path, write):
    """Not a failure of the deployment; an option of a value that the cloud refuses."""
    coming = Coming(tmp_path, write, GOOD, workers=-1)

    with pytest.raises(UsageError):
        await coming.come()
    assert coming.left == []

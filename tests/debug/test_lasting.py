"""One attach lasts: a save, a crash, the end of what workers are forked from; what stands still in the old generation stays there."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

import pytest
from amlemu.events import Noticed, Reloaded, ReloadFailed, WorkerEnded, WorkerPaused, WorkerReady

from .conftest import INIT, MODEL, RUN, Desk


def stop_in_run(desk: Desk) -> int:
    """Ask, and be stopped by the breakpoint in run(); returns the value of `model` there."""
    answer = desk.ask(2)
    stop = desk.editor.stopped()
    model = int(stop.evaluate("model"))
    stop.go_on()
    assert answer.result().status_code == 200
    return model


def test_breakpoints_are_hit_in_the_new_generation(desk: Desk):
    """Save, and the next request stops where the one before did; three times, for a fork differs from a fresh interpreter."""
    desk.serve()
    desk.attach(RUN)
    seen = [stop_in_run(desk)]
    for count, model in enumerate((4, 5, 6), 1):
        desk.write(MODEL.replace("model = 3", f"model = {model}"))
        desk.until_told(Reloaded, count)
        desk.followed()
        seen.append(stop_in_run(desk))

    assert seen == [3, 4, 5, 6]
    assert len(desk.editor.sessions[0].told("debugpyAttach")) == 4
    assert not desk.editor.sessions[0].is_over.is_set()


def test_breakpoint_in_init_is_hit_after_a_save(desk: Desk):
    """The new generation waits for the editor to follow before it loads the script."""
    desk.serve()
    desk.attach(INIT)
    desk.write(MODEL + "    # saved\n")
    stop = desk.editor.stopped()

    assert (stop.function, stop.line) == ("init", INIT)
    assert desk.ask(2).result().json() == {"y": 6}, "generation 1 serves meanwhile"
    stop.go_on()
    desk.until_told(Reloaded)


def test_breakpoints_are_hit_after_a_crash(desk: Desk):
    """The worker that takes the place of a dead one has them."""
    desk.serve()
    desk.attach(RUN)
    stop_in_run(desk)
    os.kill(desk.told(WorkerReady)[-1].pid, signal.SIGKILL)
    desk.until_told(WorkerReady, 2)
    desk.followed()

    assert stop_in_run(desk) == 3


def test_worker_that_dies_while_it_is_stopped(desk: Desk):
    """Its request ends as any whose worker has crashed; the next one is served, and stopped."""
    desk.serve()
    desk.attach(RUN)
    answer = desk.ask(2)
    desk.editor.stopped()
    os.kill(desk.told(WorkerPaused)[-1].pid, signal.SIGKILL)

    assert answer.result().status_code == 424, "of the 502 that the container says"
    desk.until_told(WorkerReady, 2)
    desk.followed()
    assert stop_in_run(desk) == 3


def test_end_of_the_process_that_forks_ends_no_session(desk: Desk):
    """Editors are attached to neither workers nor what they are forked from."""
    desk.serve()
    desk.attach(RUN)
    desk.write(MODEL + "    # saved\n")
    desk.until_told(Reloaded)
    desk.write(MODEL + "    # and again\n")
    desk.until_told(Reloaded, 2)
    (zygote,) = {_parent_of(desk.told(WorkerReady)[-1].pid)} - {os.getpid()}
    os.kill(zygote, signal.SIGKILL)
    desk.until_told(WorkerReady, 4)
    desk.followed()

    assert stop_in_run(desk) == 3
    assert "workers end with it" in desk.told(Noticed)[-1].text


def test_fork_that_begins_afresh_is_debugged_again(desk: Desk):
    """It was in the session already when it saw that what is imported there is not for this script."""
    text = """
        {}
        import sqlite3
        def init(): pass
        def run(data):
            x = {}
            return x
    """
    desk.serve(text.format("pass", 0))
    desk.attach(7)
    for x in (1, 2):
        desk.write(text.format("pass", x))
        desk.until_told(Reloaded, x)
    desk.write(text.format("import os; os.environ['SET'] = 'before the import'", 3))
    desk.until_told(Reloaded, 3)
    desk.followed()
    answer = desk.ask()
    desk.editor.stopped().go_on()

    assert answer.result().json() == 3


def test_stopped_request_stays_in_the_old_generation(desk: Desk):
    """It is continued there whenever its owner likes; the new generation serves."""
    desk.serve()
    desk.attach(RUN)
    old = desk.ask(2)
    stop = desk.editor.stopped()
    desk.write(MODEL.replace("model = 3", "model = 30"))
    desk.until_told(Reloaded)
    desk.editor.set_breakpoints(desk.script)

    assert desk.ask(2).result().json() == {"y": 60}
    assert not old.done()
    stop.go_on()
    assert old.result().json() == {"y": 6}
    assert desk.until_told(WorkerEnded).exit_code == 0


def test_attach_late_and_leave_and_come_back(desk: Desk):
    """Without an editor nothing is stopped; whoever comes finds the worker that is there."""
    desk.serve()
    assert desk.ask(1).result().json() == {"y": 3}
    desk.attach(RUN)
    stop_in_run(desk)
    desk.detach()
    assert desk.ask(1).result().json() == {"y": 3}
    desk.attach(RUN)

    assert stop_in_run(desk) == 3


def test_broken_save_while_a_request_is_stopped(desk: Desk):
    """Reading why it stopped, a slip, the next save: that one serves, and does not wait for the stopped one."""
    desk.serve()
    desk.attach(RUN)
    old = desk.ask(2)
    stop = desk.editor.stopped()
    desk.write("def init(:")
    desk.until_told(ReloadFailed)
    desk.write(MODEL.replace("model = 3", "model = 30"))
    desk.until_told(Reloaded)
    desk.editor.set_breakpoints(desk.script)

    assert desk.ask(2).result().json() == {"y": 60}
    stop.go_on()
    assert old.result().json() == {"y": 6}


@pytest.mark.parametrize("is_stopped", [False, True])
def test_adapter_that_ends_is_replaced(desk: Desk, is_stopped):
    """debugpy's own process dies of an editor that leaves in the middle of a word (1.8.22): the port is there again."""
    desk.serve()
    desk.attach(RUN)
    port, answer = desk.port, None
    if is_stopped:
        answer = desk.ask(2)
        desk.editor.stopped()
    os.kill(_adapter_of(port), signal.SIGKILL)
    desk.until_told(Reloaded)
    if answer is not None:
        assert answer.result().json() == {"y": 6}
    desk.editor.vanish()
    desk.editor.sessions.clear()
    desk.attach(RUN)

    assert stop_in_run(desk) == 3
    assert desk.port == port
    assert "has ended; another one listens there, attach again" in desk.told(Noticed)[-1].text


def _adapter_of(port: int) -> int:
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # one that has ended meanwhile
            if b"debugpy" in (folder / "cmdline").read_bytes() and _listens(int(folder.name), port):
                return int(folder.name)
    raise AssertionError(f"nobody listens on port {port}")


def _listens(pid: int, port: int) -> bool:
    table = Path("/proc/net/tcp").read_text().splitlines()[1:]
    inodes = {line.split()[9] for line in table if line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"}
    links = set()
    for one in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            links.add(os.readlink(one))
    return any(f"socket:[{inode}]" in links for inode in inodes)


def _parent_of(pid: int) -> int:
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return int(file.read().rpartition(")")[2].split()[1])

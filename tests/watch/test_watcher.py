"""Saving files and being called back: real files, every kind of eyes."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from amlemu.errors import UsageError
from amlemu.watch.by_events import ByEvents
from amlemu.watch.contents import DIGESTED_BYTES
from amlemu.watch.eyes import Choose
from amlemu.watch.rules import Rules, Watched
from amlemu.watch.watcher import Watcher

from .sight import EYES, Sight, deployment, watching

pytestmark = pytest.mark.anyio


@pytest.fixture(params=EYES)
def eyes(request: pytest.FixtureRequest) -> Choose:
    return EYES[request.param]


def in_place(path: Path, text: str) -> None:
    """Truncate and write, as VS Code and nano do."""
    path.write_text(text)


def by_replacing(path: Path, text: str) -> None:
    """Write beside and rename, as PyCharm and Sublime Text may."""
    beside = path.with_name(path.name + "___jb_tmp___")
    beside.write_text(text)
    os.replace(beside, path)


def as_vim(path: Path, text: str) -> None:
    """Rename the old one to a backup and write a new one, with a trial file before and no backup after."""
    path.with_name("4913").touch()
    path.with_name("4913").unlink()
    backup = path.with_name(path.name + "~")
    os.rename(path, backup)
    path.write_text(text)
    backup.unlink()


SAVING = pytest.mark.parametrize("save", [in_place, by_replacing, as_vim])


@SAVING
@pytest.mark.parametrize("name", ["score.py", "config.json"])
async def test_each_way_of_saving_is_one_change(tmp_path, eyes, save, name):
    """Only of the file that was saved; nothing of what the editor leaves for a moment."""
    async with watching(deployment(tmp_path), eyes) as sight:
        save(tmp_path / name, "[2]")
        await sight.until_seen(tmp_path / name)
        (tmp_path / "last.py").touch()
        await sight.until_seen(tmp_path / "last.py")

    assert sight.seen == {str(tmp_path / name), str(tmp_path / "last.py")}
    assert sight.told == []


@SAVING
async def test_a_save_is_seen_at_once_where_the_kernel_tells(tmp_path, save):
    """The delay and at most 20 ms; the best of ten, for the machine has more to do."""
    took_s = []
    async with watching(deployment(tmp_path), EYES["events"]) as sight:
        for number in range(10):
            calls, began = len(sight.calls), time.monotonic()
            save(tmp_path / "score.py", str(number))
            await sight.until(lambda calls=calls: len(sight.calls) > calls, "call")
            took_s.append(sight.times[-1] - began)

    assert 0.03 <= min(took_s) < 0.05


async def test_a_file_moved_out_of_sight_delays_nobody(tmp_path):
    """watchdog would wait half a second for the other end."""
    watched = deployment(tmp_path / "code")
    async with watching(watched, EYES["events"]) as sight:
        began = time.monotonic()
        os.rename(watched.code / "config.json", tmp_path / "config.json")
        await sight.until_seen(watched.code / "config.json")

    assert sight.times[0] - began < 0.4


async def test_a_hundred_saves_are_few_calls_and_the_last_comes_last(tmp_path, eyes):
    """Saved without a pause, called back when it is over."""
    async with watching(deployment(tmp_path), eyes) as sight:
        for number in range(100):
            (by_replacing if number % 2 else in_place)(tmp_path / "score.py", str(number))
        saved_at = time.monotonic()
        await sight.until(lambda: sight.times and sight.times[-1] >= saved_at, "call after the last save")

    assert len(sight.calls) <= 5
    assert sight.seen == {str(tmp_path / "score.py")}


async def test_a_burst_without_an_end_is_called_on_the_way(tmp_path, eyes):
    """Somebody saves all the time; half a second is enough."""
    async with watching(deployment(tmp_path), eyes) as sight:
        began, number = time.monotonic(), 0
        while not sight.calls and number < 5000:
            (tmp_path / "score.py").write_text(str(number))
            number += 1
            await sight_pause()

    assert sight.times[0] - began < 2.0


async def sight_pause() -> None:
    """Let the loop turn, and other threads; much shorter than the delay."""
    turned = asyncio.Event()
    asyncio.get_running_loop().call_later(0.002, turned.set)
    await turned.wait()


async def test_files_saved_together_come_together(tmp_path, eyes):
    """One set, one reload."""
    async with watching(deployment(tmp_path, delay_s=0.3), eyes) as sight:
        (tmp_path / "score.py").write_text("2")
        (tmp_path / "config.json").write_text("[2]")
        await sight.until_seen(tmp_path / "score.py", tmp_path / "config.json")

    assert sight.calls == [{str(tmp_path / "score.py"), str(tmp_path / "config.json")}]


async def test_a_deleted_script_and_its_return_are_changes(tmp_path, eyes):
    """Each of them."""
    async with watching(deployment(tmp_path), eyes) as sight:
        (tmp_path / "score.py").unlink()
        await sight.until_seen(tmp_path / "score.py")
        calls = len(sight.calls)
        (tmp_path / "score.py").write_text("2")
        await sight.until(lambda: len(sight.calls) > calls, "call for the return")

    assert sight.seen == {str(tmp_path / "score.py")}


async def test_a_new_folder_is_looked_into(tmp_path, eyes):
    """Its files may have been there before we knew of it; those that follow are seen, too."""
    async with watching(deployment(tmp_path), eyes) as sight:
        (tmp_path / "pkg/deep").mkdir(parents=True)
        (tmp_path / "pkg/deep/text.py").write_text("1")
        await sight.until_seen(tmp_path / "pkg/deep/text.py")
        calls = len(sight.calls)
        (tmp_path / "pkg/deep/text.py").write_text("22")
        await sight.until(lambda: len(sight.calls) > calls, "second call")


async def test_a_folder_that_is_moved_in_or_renamed_is_looked_into(tmp_path, eyes):
    """With what it has in it, under its new name."""
    (tmp_path / "elsewhere/deep").mkdir(parents=True)
    (tmp_path / "elsewhere/deep/text.py").write_text("1")
    watched = deployment(tmp_path / "code")
    async with watching(watched, eyes) as sight:
        os.rename(tmp_path / "elsewhere", watched.code / "pkg")
        await sight.until_seen(watched.code / "pkg/deep/text.py")
        os.rename(watched.code / "pkg", watched.code / "new")
        await sight.until_seen(watched.code / "new/deep/text.py")
        calls = len(sight.calls)
        (watched.code / "new/deep/text.py").write_text("22")
        await sight.until(lambda: len(sight.calls) > calls, "call after the renaming")

    assert str(watched.code / "new/deep/text.py") in sight.calls[-1]


async def test_a_folder_that_is_moved_away_is_a_change_and_is_not_seen_any_more(tmp_path, eyes):
    """A package is gone, as if it had been deleted."""
    watched = deployment(tmp_path / "code")
    (watched.code / "pkg").mkdir()
    (watched.code / "pkg/text.py").write_text("1")
    async with watching(watched, eyes) as sight:
        os.rename(watched.code / "pkg", tmp_path / "away")
        await sight.until(lambda: sight.calls, "call")
        (tmp_path / "away/text.py").write_text("22")
        (watched.code / "score.py").write_text("2")
        await sight.until_seen(watched.script)

    assert sight.seen - {str(watched.script)} <= {str(watched.code / "pkg"), str(watched.code / "pkg/text.py")}


async def test_what_does_not_count_is_silence(tmp_path, eyes):
    """Caches, virtual environments, hidden folders, data, editors' files, reading."""
    watched = deployment(tmp_path)
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv/pyvenv.cfg").touch()
    (tmp_path / "environment").mkdir()
    (tmp_path / "environment/pyvenv.cfg").touch()
    async with watching(watched, eyes) as sight:
        for name in (
            ".git/config.json",
            "__pycache__/a.py",
            ".venv/a.py",
            "environment/a.py",
            "a.txt",
            ".score.py.swp",
        ):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text("1")
        watched.script.read_text()
        (tmp_path / "last.py").touch()
        await sight.until_seen(tmp_path / "last.py")

    assert sight.calls == [{str(tmp_path / "last.py")}]


async def test_excluded_folders_have_no_watch(tmp_path):
    """The system allows so many only, and a virtual environment has thousands."""
    watched = deployment(tmp_path)
    (tmp_path / ".venv/lib/deep").mkdir(parents=True)
    (tmp_path / "pkg").mkdir()
    async with watching(watched, EYES["events"]) as sight:
        assert sorted(sight.watcher._eyes._watches) == [str(tmp_path), str(tmp_path / "pkg")]


async def test_a_touch_of_python_is_a_wish_and_of_configuration_nothing(tmp_path, eyes):
    """Only content counts there."""
    async with watching(deployment(tmp_path), eyes) as sight:
        os.utime(tmp_path / "config.json", (1, 1))
        (tmp_path / "config.json").write_text("{}")
        os.utime(tmp_path / "score.py", (1, 1))
        await sight.until_seen(tmp_path / "score.py")

    assert sight.calls == [{str(tmp_path / "score.py")}]


async def test_models_and_single_files_are_watched(tmp_path, eyes):
    """Wherever they are; with all of a folder, and nothing beside a file."""
    (tmp_path / "models/deep").mkdir(parents=True)
    for name in ("model.bin", "deployment.yml"):
        (tmp_path / name).write_text("1")
    (tmp_path / "models/deep/weights").write_bytes(b"1" * (DIGESTED_BYTES + 1))
    models = (tmp_path / "models", tmp_path / "model.bin")
    async with watching(deployment(tmp_path / "code", models, (tmp_path / "deployment.yml",)), eyes) as sight:
        for name in ("other.bin", "other.yml", "model.bin", "deployment.yml"):
            (tmp_path / name).write_text("22")
        (tmp_path / "models/deep/weights").write_bytes(b"2" * (DIGESTED_BYTES + 1))
        await sight.until_seen(tmp_path / "model.bin", tmp_path / "deployment.yml", tmp_path / "models/deep/weights")

    assert len(sight.seen) == 3


async def test_a_change_of_the_ignore_file_is_taken_up(tmp_path, eyes):
    """It is no change of the deployment itself."""
    watched = deployment(tmp_path)
    (tmp_path / "out").mkdir()
    async with watching(watched, eyes) as sight:
        (tmp_path / ".amlignore").write_text("out/\n!\n")
        await sight.until_told("is no pattern")
        (tmp_path / "out/a.py").write_text("1")
        (tmp_path / "score.py").write_text("2")
        await sight.until_seen(watched.script)
        (tmp_path / ".amlignore").unlink()
        saved = tmp_path / "out/b.py"
        await sight.until(lambda: in_place(saved, str(time.monotonic())) or str(saved) in sight.seen, "new rules")

    assert sight.seen == {str(watched.script), str(saved)}


async def test_what_is_no_pattern_is_told_when_the_others_hold(tmp_path):
    """Who reads it may rely on the rest of the file."""
    told_before = []

    class Slow(ByEvents):
        def renew(self, rules: Rules) -> set[str]:
            time.sleep(0.05)  # in the watcher's thread: the event loop has time to tell
            told_before.extend(sight.told)
            return super().renew(rules)

    async with watching(deployment(tmp_path), Slow) as sight:
        by_replacing(tmp_path / ".amlignore", "!\n")
        await sight.until_told("is no pattern")

    assert told_before == []


async def test_what_the_user_includes_and_excludes_is_heeded(tmp_path, eyes):
    """To the end: a hidden folder is opened, another closed."""
    watched = deployment(tmp_path, include=(".config/*.txt",), exclude=("pkg",))
    (tmp_path / ".config").mkdir()
    (tmp_path / "pkg").mkdir()
    async with watching(watched, eyes) as sight:
        (tmp_path / "pkg/a.py").write_text("1")
        (tmp_path / ".config/a.txt").write_text("1")
        await sight.until_seen(tmp_path / ".config/a.txt")

    assert sight.seen == {str(tmp_path / ".config/a.txt")}


async def test_a_code_folder_that_vanishes_and_returns_is_watched_again(tmp_path, eyes):
    """All in it counts as changed; both are told."""
    watched = deployment(tmp_path / "code")
    (watched.code / "pkg").mkdir()
    (watched.code / "pkg/text.py").write_text("1")
    async with watching(watched, eyes) as sight:
        os.rename(watched.code, tmp_path / "away")
        await sight.until_told("code is gone; it is watched as soon as it is back")
        os.rename(tmp_path / "away", watched.code)
        await sight.until_told("code is back and watched")
        await sight.until_seen(watched.script, watched.code / "pkg/text.py")
        calls = len(sight.calls)
        (watched.code / "pkg/text.py").write_text("22")
        await sight.until(lambda: len(sight.calls) > calls, "call after the return")

    assert len(sight.told) == 2


async def test_a_code_folder_that_is_replaced_at_once_is_watched(tmp_path, eyes):
    """The name is the same, the folder is another; git does it."""
    watched = deployment(tmp_path / "code")
    async with watching(watched, eyes) as sight:
        os.rename(watched.code, tmp_path / "away")
        deployment(watched.code)
        await sight.until_seen(watched.script)
        (watched.code / "new.py").write_text("1")
        await sight.until_seen(watched.code / "new.py")


async def test_a_link_that_points_to_another_folder_is_another_folder(tmp_path, eyes):
    """`current` leads from release to release."""
    deployment(tmp_path / "one")
    deployment(tmp_path / "two")
    (tmp_path / "current").symlink_to("one")
    watched = Watched(tmp_path / "current/score.py", tmp_path / "current")
    async with watching(watched, eyes) as sight:
        (tmp_path / "next").symlink_to("two")
        os.replace(tmp_path / "next", tmp_path / "current")
        await sight.until_seen(watched.script)
        (tmp_path / "two/new.py").write_text("1")
        await sight.until_seen(tmp_path / "current/new.py")


async def test_a_folder_that_is_not_there_at_the_start_is_watched_when_it_comes(tmp_path, eyes):
    """A model that is still being made."""
    watched = deployment(tmp_path / "code", (tmp_path / "models",))
    async with watching(watched, eyes) as sight:
        await sight.until_told("models is not there; it is watched as soon as it is there")
        (tmp_path / "models").mkdir()
        await sight.until_told("models is there now and watched")
        (tmp_path / "models/a.bin").write_text("1")
        await sight.until_seen(tmp_path / "models/a.bin")


async def test_nothing_is_left_and_nobody_is_called_after_the_stop(tmp_path, eyes):
    """No thread, no descriptor, however often."""
    watched = deployment(tmp_path)
    async with watching(watched, eyes):
        pass  # what is opened once and for all, is open now
    threads, descriptors = threading.enumerate(), os.listdir("/proc/self/fd")
    for _ in range(5):
        async with watching(watched, eyes) as sight:
            watched.script.write_text("2")

    assert threading.enumerate() == threads
    assert len(os.listdir("/proc/self/fd")) == len(descriptors)
    calls = len(sight.calls)
    await sight_pause()
    assert len(sight.calls) == calls


async def test_a_stop_before_the_start_is_fine(tmp_path):
    """The emulator may have failed in between."""
    sight = Sight()

    await Watcher(deployment(tmp_path), sight.changed, sight.tell).stop()


async def test_a_wrong_pattern_stops_the_start(tmp_path):
    """With words for the command line; nothing is left."""
    sight = Sight()
    watcher = Watcher(deployment(tmp_path, exclude=("[z-a]",)), sight.changed, sight.tell)

    with pytest.raises(UsageError, match="is no pattern"):
        await watcher.start()
    await watcher.stop()


@pytest.mark.parametrize(
    "anyio_backend", [pytest.param(("asyncio", {"use_uvloop": True}), id="uvloop")], indirect=False
)
async def test_it_calls_back_in_the_event_loop(tmp_path, anyio_backend):
    """In its thread, whichever loop it is."""
    threads, called = [], asyncio.Event()

    def note(paths: frozenset[str]) -> None:
        threads.append(threading.current_thread())
        called.set()

    watched = deployment(tmp_path)
    watcher = Watcher(watched, note, pytest.fail)
    await watcher.start()
    watched.script.write_text("2")
    await asyncio.wait_for(called.wait(), 10)
    await watcher.stop()

    assert threads[0] is threading.main_thread()


@pytest.mark.parametrize(
    ("polls", "manner"), [(False, "code, models (events)"), (True, "code, models (looking every 0.5 s: as asked)")]
)
async def test_the_start_block_says_what_is_watched_and_how(tmp_path, monkeypatch, polls, manner):
    """In the words of the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    sight = Sight()
    watcher = Watcher(deployment(tmp_path / "code", (Path("models"),), polls=polls), sight.changed, sight.tell)
    await watcher.start()
    told = watcher.told
    await watcher.stop()

    assert told == manner


class Breaking:
    """Eyes that fail us, at the start or later."""

    manner = "breaking"

    def __init__(self, trouble: Exception, *, later: bool = False) -> None:
        self._trouble, self._later = trouble, later
        self.is_closed = False

    def __call__(self, rules: Rules, say: Callable[[str], None]) -> Breaking:
        return self

    def open(self) -> set[str]:
        if not self._later:
            raise self._trouble
        return set()

    def wait(self, seconds: float) -> set[str]:
        raise self._trouble

    def supervise(self) -> set[str]:
        return set()

    def renew(self, rules: Rules) -> set[str]:
        return set()

    def wake(self) -> None: ...

    def close(self) -> None:
        self.is_closed = True


LIMIT = (
    "the system watches no more folders for us (No space left on device); we look at them again and again instead. "
    "sudo sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512 would help"
)


@pytest.mark.parametrize(
    ("trouble", "told", "why"),
    [
        pytest.param(OSError(28, "No space left on device"), LIMIT, "the system's limit is reached", id="limit"),
        pytest.param(
            KeyError("x"),
            "the system's events failed us (KeyError: 'x'); we look at the folders again and again instead",
            "events failed",
            id="our-own-mistake",
        ),
    ],
)
@pytest.mark.parametrize("later", [False, True])
async def test_where_events_fail_we_look(tmp_path, trouble, told, why, later):
    """One clause, no traceback, and saves are seen."""
    watched, eyes = deployment(tmp_path), Breaking(trouble, later=later)
    async with watching(watched, eyes) as sight:
        await sight.until_told(told)
        if later:  # what happened meanwhile nobody knows
            await sight.until_seen(watched.script)
        calls = len(sight.calls)
        await sight.until(lambda: f": {why})" in sight.watcher.told, "looking")
        (tmp_path / "new.py").write_text("2")
        await sight.until(lambda: len(sight.calls) > calls, "call")

    assert sight.told == [told]
    assert eyes.is_closed


async def test_looking_that_fails_is_told_once_and_tried_again(tmp_path, monkeypatch):
    """The border holds: whatever it is, the server lives."""
    watched, tries = deployment(tmp_path), []

    async with watching(watched, EYES["looking"]) as sight:
        looking = sight.watcher._eyes

        def look() -> set[str]:
            tries.append(1)
            if len(tries) < 4:
                raise RuntimeError("of all things")
            del looking._look
            return looking._look()

        looking._look = look
        watched.script.write_text("22")
        await sight.until_seen(watched.script)

    assert sight.told == ["looking for changes failed and is tried again (RuntimeError: of all things)"]
    assert len(tries) == 4


@pytest.fixture(scope="module")
def large_tree(tmp_path_factory) -> Path:
    """Write a deployment with a model of 20 000 files in 1000 folders."""
    folder = tmp_path_factory.mktemp("large")
    deployment(folder / "code")
    for number in range(1000):
        (folder / f"models/{number % 20}/{number}").mkdir(parents=True)
        for file in range(20):
            (folder / f"models/{number % 20}/{number}/{file}").touch()
    return folder


WATCHES = """
import asyncio, sys, time
from pathlib import Path
from amlemu.watch.rules import Watched
from amlemu.watch.watcher import Watcher

async def main(folder):
    seen = asyncio.Event()
    watched = Watched(folder / "code/score.py", folder / "code", (folder / "models",))
    watcher = Watcher(watched, lambda paths: seen.set(), print)
    began = time.process_time()
    await watcher.start()
    started, idle_from = time.process_time() - began, time.process_time()
    await asyncio.sleep(2)  # to do nothing is what is looked at
    idle = time.process_time() - idle_from
    (folder / "models/7/7/7").write_text("1")
    await asyncio.wait_for(seen.wait(), 10)
    await watcher.stop()
    print(started, idle / 2)

asyncio.run(main(Path(sys.argv[1])))
"""


def test_twenty_thousand_files_start_fast_and_cost_nothing(large_tree):
    """Under a hundredth of one processor when nothing happens; in a process with nothing else to do."""
    command = [sys.executable, "-c", WATCHES, str(large_tree)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    start_s, idle_share = map(float, done.stdout.split())

    assert start_s < 2.0
    assert idle_share < 0.01


async def test_looking_at_twenty_thousand_files_takes_long_pauses(large_tree):
    """A hundred times as long as a look, five seconds at most."""
    watched = deployment(large_tree / "code", (large_tree / "models",))
    async with watching(watched, EYES["looking"]) as sight:
        assert 1.0 < sight.watcher._eyes._pause_s <= 5.0

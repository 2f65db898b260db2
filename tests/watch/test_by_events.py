"""What only Linux's events know: limits, rights, too much at once. The rest is in `test_watcher.py`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from amlemu.watch.by_events import ByEvents
from amlemu.watch.inotify import Happening
from amlemu.watch.rules import Rules

from .sight import deployment

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")

# watches a folder as the command line does, and says what comes of it; the first argument is what to do meanwhile
PROGRAM = """
import asyncio, os, sys
from pathlib import Path
from amlemu.reload import ReloadRules
from amlemu.watch.rules import Watched
from amlemu.watch.watcher import Watcher

code, news = Path.cwd(), asyncio.Queue()

async def main():
    watcher = Watcher(Watched(code / "score.py", code), lambda paths: news.put_nowait(sorted(paths)),
                      lambda event: news.put_nowait(event.text), supervised_every_s=0.05)
    await watcher.start()
    for step in sys.argv[1:]:
        eval(step)
        print(await asyncio.wait_for(news.get(), 10), flush=True)
    print(watcher.told.partition(" (")[2])
    await watcher.stop()

asyncio.run(main())
"""


def watch_in(folder: Path, before: list[str], *steps: str) -> list[str]:
    told = subprocess.run(
        [*before, sys.executable, "-c", PROGRAM, *steps],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert told.stderr == ""
    return told.stdout.splitlines()


def bound_by_rights() -> list[str]:
    """Return what makes a command heed permission bits, as other users than root do anyway."""
    if os.geteuid():
        return []
    without = "-dac_override,-dac_read_search"
    return ["setpriv", f"--bounding-set={without}", f"--inh-caps={without}"]


needs_setpriv = pytest.mark.skipif(
    os.geteuid() == 0 and not shutil.which("setpriv"), reason="permission bits do not bind root"
)


@needs_setpriv
def test_a_folder_that_becomes_unreadable_is_told_and_watched_again(tmp_path):
    """Once each; a file that changed meanwhile is seen."""
    deployment(tmp_path)
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg/text.py").write_text("1")

    assert watch_in(
        tmp_path,
        bound_by_rights(),
        "os.chmod('pkg', 0)",
        "os.chmod('pkg', 0o700)",
        "None",
        "Path('pkg/new.py').touch()",
    ) == [
        "pkg is not readable and not watched meanwhile; chmod u+rx pkg would help",
        "pkg is readable again and watched",
        f"['{tmp_path}/pkg/text.py']",
        f"['{tmp_path}/pkg/new.py']",
        "events)",
    ]


@needs_setpriv
def test_a_folder_that_is_unreadable_at_the_start_is_told(tmp_path):
    """The others are watched."""
    deployment(tmp_path)
    (tmp_path / "pkg").mkdir(mode=0)

    assert watch_in(tmp_path, bound_by_rights(), "None", "Path('score.py').touch()") == [
        "pkg is not readable and not watched meanwhile; chmod u+rx pkg would help",
        f"['{tmp_path}/score.py']",
        "events)",
    ]


def with_limit(name: str, number: int) -> list[str]:
    """Return what runs a command under a limit of its own, in a user namespace."""
    return ["unshare", "-Ur", "sh", "-c", f'echo {number} > /proc/sys/user/{name} && exec "$@"', "sh"]


def can_limit() -> bool:
    if not shutil.which("unshare"):
        return False
    return not subprocess.run(
        [*with_limit("max_inotify_watches", 3), "true"], capture_output=True, check=False
    ).returncode


needs_limit = pytest.mark.skipif(not can_limit(), reason="this system has no user namespaces for us")


@needs_limit
@pytest.mark.parametrize(
    ("limit", "number", "words"),
    [("max_inotify_watches", 3, "No space left on device"), ("max_inotify_instances", 0, "Too many open files")],
)
def test_at_the_systems_limit_we_look(tmp_path, limit, number, words):
    """A real limit at the start: told with what to do, and saves are seen."""
    deployment(tmp_path)
    for name in "abcd":
        (tmp_path / name).mkdir()
    told, seen, manner = watch_in(tmp_path, with_limit(limit, number), "None", "Path('d/new.py').touch()")

    assert told.startswith(f"the system watches no more folders for us ({words});")
    assert seen == f"['{tmp_path}/d/new.py']"
    assert manner == "looking every 0.5 s: the system's limit is reached)"


@needs_limit
def test_at_the_systems_limit_later_we_look_too(tmp_path):
    """A new folder was one too many; Python counts as changed then, for who knows what we missed."""
    deployment(tmp_path)
    told, seen, manner = watch_in(tmp_path, with_limit("max_inotify_watches", 1), "Path('pkg').mkdir()", "None")

    assert told.startswith("the system watches no more folders for us")
    assert seen == f"['{tmp_path}/score.py']"
    assert manner.startswith("looking every 0.5 s")


def test_after_too_much_at_once_everything_counts_as_changed(tmp_path):
    """The system dropped what it could not keep."""
    made = ByEvents(Rules(deployment(tmp_path)), pytest.fail)
    made.open()
    found = made._taken(Happening(-1, "", 0x4000))
    made.close()

    assert found == {str(tmp_path / "score.py"), str(tmp_path / "config.json")}


def test_a_new_empty_file_waits_for_its_content(tmp_path):
    """Half a file is no change; a link is whole at once."""
    made = ByEvents(Rules(deployment(tmp_path)), pytest.fail)
    made.open()
    with (tmp_path / "new.py").open("w") as file:
        before = made.wait(5)
        file.write("1")
    after = made.wait(5)
    (tmp_path / "link.py").symlink_to("score.py")
    linked = made.wait(5)
    made.close()

    assert before == set()
    assert after == {str(tmp_path / "new.py")}
    assert linked == {str(tmp_path / "link.py")}

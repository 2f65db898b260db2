"""What is imported ahead, and what is not: interpreters of their own, and libraries of a few lines."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .bare_child import PATIENCE_S

Place = Callable[..., Path]


def alone(folder: Path, modules: list[str], look: str, before: str = "") -> Any:
    """Import modules ahead in an interpreter of their own; returns the name that came back, and what `look` finds then."""
    words = f"""
import gc, json, os, sys
from amlemu.worker import ahead
{before}
spoiled = ahead.import_ahead({modules!r})
print(json.dumps([spoiled, {look}]))
"""
    finished = subprocess.run(
        [sys.executable, "-c", words],
        env={"PYTHONPATH": str(folder / "env" / "site-packages")},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout.splitlines()[-1])


LOADED = "sorted(name for name in sys.modules if name.startswith(('lib_', 'cupy')))"


def test_modules_are_imported_ahead(place: Place) -> None:
    """In their order."""
    assert alone(place(), ["lib_a", "lib_b"], LOADED) == ["", ["lib_a", "lib_b"]]


@pytest.mark.parametrize(
    "body", ["1 / 0", "import sys; sys.exit(3)", "raise KeyboardInterrupt", "import lib_nowhere", "def"]
)
def test_what_cannot_be_imported_ahead_is_left_out(place: Place, body: str) -> None:
    """The script meets it, too, and says so; the others are wanted all the same."""
    spoiled, loaded = alone(place(lib_bad=body), ["lib_a", "lib_bad", "lib_missing", "lib_b"], LOADED)

    assert (spoiled, loaded) == ("", ["lib_a", "lib_b"])


def test_a_module_that_starts_a_thread_ends_it(place: Place) -> None:
    """No fork has that thread, but all the locks that it held; it is named, so that the next zygote leaves it out."""
    thread = "import threading, time\nthreading.Thread(target=time.sleep, args=(9,), daemon=True).start()"
    spoiled, loaded = alone(place(lib_thread=thread), ["lib_a", "lib_thread", "lib_b"], LOADED)

    assert (spoiled, loaded) == ("lib_thread", ["lib_a", "lib_thread"])


def test_a_module_that_starts_cuda_is_not_even_tried(place: Place, tmp_path: Path) -> None:
    """By its name, and nothing else either, for that may need it: once it is imported it is too late."""
    place()
    (tmp_path / "env" / "site-packages" / "cupy").mkdir()
    (tmp_path / "env" / "site-packages" / "cupy" / "__init__.py").write_text("")
    spoiled, loaded = alone(tmp_path, ["lib_a", "cupy.core", "lib_b"], LOADED)

    assert (spoiled, loaded) == ("cupy.core", [])


def test_a_module_that_opens_an_accelerator_ends_it(place: Place, tmp_path: Path) -> None:
    """Whatever its name; here the device is a file that is called one."""
    (tmp_path / "nvidia0").touch()
    folder = place(lib_device=f"file = open({str(tmp_path / 'nvidia0')!r})")
    before = f"ahead._DEVICES = ({str(tmp_path / 'nvidia')!r},)"
    spoiled, loaded = alone(folder, ["lib_a", "lib_device", "lib_b"], LOADED, before)

    assert (spoiled, loaded) == ("lib_device", ["lib_a", "lib_device"])


def test_what_is_loaded_already_is_not_asked_for_again(place: Place) -> None:
    """A library that has put another module in its place knows why."""
    folder = place(lib_first="import sys; sys.modules['lib_second'] = None")

    assert alone(folder, ["lib_first", "lib_second", "lib_a"], "'lib_a' in sys.modules") == ["", True]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("import signal\nsignal.signal(signal.SIGUSR1, print)", "a signal's handler is taken away in each worker"),
        ("import settings", "a module of the user's would stay what it is"),
    ],
)
def test_a_module_that_does_what_a_fork_would_not_share_ends_it(place: Place, body: str, what: str) -> None:
    """It is named, so that the next zygote leaves it out."""
    folder = place(lib_odd=body, settings="")
    before = f"sys.path.append({str(folder / 'code')!r})"
    spoiled, loaded = alone(folder, ["lib_a", "lib_odd", "lib_b"], LOADED, before)

    assert (spoiled, loaded) == ("lib_odd", ["lib_a", "lib_odd"]), what


DATA = """
from amlemu.worker.ahead import Ahead
one = Ahead({{"modules": ["lib_a"], "asked": ["lib_a"], "named": ["lib_a"], "files": [{score!r}], "number": 1}})
sys.path.append({code!r})
told = [one.load()]
"""


@pytest.mark.parametrize(
    ("change", "is_outdated"),
    [
        pytest.param("", False, id="nothing"),
        pytest.param("open({score!r}, 'w').write('import lib_a, json')", False, id="one-more"),
        pytest.param("open({score!r}, 'w').write('import json')", True, id="one-less"),
        pytest.param("open({score!r}, 'w').write('from lib_a import x')", False, id="another-way"),
        pytest.param("open({score!r}, 'w').write('def init(:')", False, id="not-python"),
        pytest.param("os.utime(sys.modules['lib_a'].__file__, ns=(1, 1))", True, id="package-edited"),
        pytest.param("os.remove({score!r})", False, id="script-gone"),
    ],
)
def test_what_was_imported_ahead_is_outdated(place: Place, change: str, is_outdated: bool) -> None:
    """When an import statement has gone, or a package was edited in its place."""
    folder = place(score="import lib_a")
    score, code = str(folder / "code" / "score.py"), str(folder / "code")
    before = DATA.format(score=score, code=code) + f"{change.format(score=score)}\ntold.append(one.is_outdated())"

    assert alone(folder, [], "told", before)[1] == ["", is_outdated]


INSTALLED_ONLY = (
    "sys.path[:] = [p for p in sys.path if 'site-packages' in p or p.startswith(os.path.dirname(os.__file__))]"
)


@pytest.mark.parametrize(("path", "is_compiled"), [(INSTALLED_ONLY, True), ("", False)], ids=["installed", "users-too"])
def test_what_is_imported_ahead_is_frozen_and_compiled(place: Place, path: str, *, is_compiled: bool) -> None:
    """What is frozen no collection in a fork touches. Bytecode is written here, not in each worker; of the user's never."""
    folder = place(score="import lib_a")
    data = DATA.format(score=str(folder / "code/score.py"), code=str(folder / "code"))
    _, count = alone(folder, [], "gc.get_freeze_count()", data.replace("told =", f"{path}\ntold ="))

    assert count > 1000
    assert bool(list(folder.glob("env/site-packages/__pycache__/lib_a.*.pyc"))) is is_compiled


EXITS = """
import atexit, tempfile, weakref
class Thing: pass
thing = Thing()
finalizer = weakref.finalize(thing, print, "finalized")
atexit.register(print, "registered")
folder = tempfile.TemporaryDirectory()
"""


def test_what_packages_want_done_at_the_end_is_done_once(place: Place, tmp_path: Path) -> None:
    """By the process that has imported them; a fork does what it has asked for itself, and flushes its loggers."""
    program = f"""
import os, sys
sys.path.insert(0, {str(place(lib_exits=EXITS) / "env" / "site-packages")!r})
from amlemu.worker import ahead
ahead.import_ahead(["lib_exits"])
import lib_exits
pid = os.fork()
if not pid:
    ahead.after_fork()
    import atexit, weakref
    atexit.register(print, "of the fork")
    kept = lib_exits.Thing()
    finalizer = weakref.finalize(kept, print, "finalized in the fork")
    sys.exit()
os.waitpid(pid, 0)
print(os.path.isdir(lib_exits.folder.name))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE_S, check=True
    )

    assert sorted(done.stdout.split("\n")[:2]) == ["finalized in the fork", "of the fork"]
    assert sorted(done.stdout.split("\n")[2:]) == ["", "True", "finalized", "registered"]

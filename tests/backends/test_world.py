"""What a process has only once: the script's while it runs, ours before and after."""

from __future__ import annotations

import builtins
import importlib
import logging
import logging.config
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from amlemu.backends.world import World

Snapshot = dict[str, Any]


def snapshot() -> Snapshot:
    """Everything that a script may change for all."""
    loggers = [logging.getLogger(name) for name in ("azmlinfsrv", "azmlinfsrv.print", "gunicorn.error")]
    return {
        "variables": {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"},
        "folder": os.getcwd(),
        "path": list(sys.path),
        "print": builtins.print,
        "meta_path": list(sys.meta_path),
        "loggers": [(log.propagate, list(log.handlers)) for log in loggers],  # nobody else has these; their level stays
        "root": (logging.root.level, list(logging.root.handlers)),
        "compat": {name for name in sys.modules if name.startswith(("azureml", "entry_module"))},
    }


@pytest.fixture
def ours() -> Iterator[Snapshot]:
    """Compare before and after."""
    before = snapshot()
    yield before
    assert snapshot() == before


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def world(tmp_path: Path, said: list[str]) -> World:
    return World(tmp_path, {"ONLY": "this"}, lambda record, text: said.append(text))


def test_inside_the_variables_and_the_folder_are_the_scripts(ours: Snapshot, world: World, tmp_path: Path) -> None:
    """The whole environment, not an addition to ours."""
    with world:
        inside = snapshot()

    assert inside["variables"] == {"ONLY": "this"}
    assert inside["folder"] == str(tmp_path.resolve())


def test_what_the_script_changes_is_there_again_next_time(ours: Snapshot, world: World, tmp_path: Path) -> None:
    """init() set a variable, went to a folder, added to the path; run() relies on all three."""
    (tmp_path / "deeper").mkdir()
    with world:
        os.environ["SET"] = "by init"
        os.chdir("deeper")
        sys.path.append("/of/the/script")
    between = snapshot()
    with world:
        inside = snapshot()

    assert between == ours
    assert inside["variables"] == {"ONLY": "this", "SET": "by init"}
    assert inside["folder"] == str((tmp_path / "deeper").resolve())
    assert inside["path"] == [*ours["path"], "/of/the/script"]


def test_a_script_that_raises_leaves_our_world_all_the_same(ours: Snapshot, world: World) -> None:
    """sys.exit included."""

    def run() -> None:
        with world:
            os.environ["SET"] = "x"
            sys.exit(3)

    with pytest.raises(SystemExit):
        run()


def test_print_is_heard_inside_and_ours_outside(ours: Snapshot, world: World, said: list[str]) -> None:
    """It goes where the server's log goes."""
    with world:
        print("inside")
    print("outside")

    assert said == ["inside"]


def test_other_threads_keep_their_own_print(
    ours: Snapshot, world: World, said: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """In a test they are not the script."""
    with world:
        thread = threading.Thread(target=print, args=("of the test",))
        thread.start()
        thread.join()

    assert said == []
    assert capsys.readouterr().out == "of the test\n"


def test_modules_of_one_folder_are_not_those_of_another(ours: Snapshot, tmp_path: Path) -> None:
    """Two scripts may each have their `model.py`."""
    found = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "model_of_test_world.py").write_text(f"NAME = {name!r}")
        with World(folder, {}, print):
            sys.path.append(str(folder))
            found.append(importlib.import_module("model_of_test_world").NAME)

    assert found == ["one", "two"]
    assert "model_of_test_world" not in sys.modules


def test_a_module_is_imported_once_for_all_calls(ours: Snapshot, world: World, tmp_path: Path) -> None:
    """Its state must survive from one request to the next."""
    (tmp_path / "state_of_test_world.py").write_text("calls = []")
    lengths = []
    for _ in range(3):
        with world:
            if str(tmp_path) not in sys.path:
                sys.path.append(str(tmp_path))
            calls = importlib.import_module("state_of_test_world").calls
            calls.append(1)
            lengths.append(len(calls))

    assert lengths == [1, 2, 3]


def test_one_world_at_a_time(ours: Snapshot, tmp_path: Path) -> None:
    """Another thread's script waits until this one's call is over."""
    order: list[str] = []
    inside, may_leave = threading.Event(), threading.Event()
    worlds = [World(tmp_path, {}, print) for _ in range(2)]

    def first() -> None:
        with worlds[0]:
            inside.set()
            may_leave.wait(5)
            order.append("first leaves")

    def second() -> None:
        with worlds[1]:
            order.append("second enters")

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    threads[0].start()
    inside.wait(5)
    threads[1].start()
    may_leave.set()
    for thread in threads:
        thread.join(5)

    assert order == ["first leaves", "second enters"]


def test_a_world_that_is_made_while_another_is_entered_gives_our_print_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second deployment is started while the first one scores."""
    before = builtins.print
    monkeypatch.setattr(builtins, "print", before)  # so that it is put right in any case
    with World(tmp_path, {}, id):
        second = World(tmp_path, {}, id)
    with second:
        pass

    assert builtins.print is before


def test_a_process_without_logging_has_none_afterwards(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The handler on stderr is the script's: in our world it would double what a later basicConfig sets up."""
    monkeypatch.setattr(logging.root, "handlers", [])
    with world:
        inside = len(logging.root.handlers)

    assert (inside, logging.root.handlers) == (1, [])


def test_a_script_that_tunes_the_root_logger_tunes_its_own(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """`logging.getLogger().setLevel(...)` at its top is common; the test's own logging stays as it is."""
    before = logging.root.level
    monkeypatch.setattr(logging.root, "level", before)
    with world:
        logging.root.setLevel(5)
    between = logging.root.level
    with world:
        inside = logging.root.level

    assert (between, inside) == (before, 5)


OWN_LOGGING = {
    "version": 1,
    "handlers": {"own": {"class": "logging.StreamHandler"}},
    "loggers": {"azmlinfsrv": {"handlers": ["own"]}, "of.test.world": {"handlers": ["own"], "propagate": False}},
    "root": {"level": "ERROR", "handlers": ["own"]},
}


def all_set_ups() -> dict[str, Any]:
    loggers = [
        logging.root,
        *(log for log in logging.root.manager.loggerDict.values() if isinstance(log, logging.Logger)),
    ]
    return {
        log.name: (log.level, log.propagate, log.disabled, list(log.handlers), list(log.filters)) for log in loggers
    }


def test_a_set_up_of_logging_is_the_scripts_alone(
    ours: Snapshot, world: World, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A logging.json or dictConfig disables and replaces; ours is as it was, and the script finds its own again."""
    monkeypatch.setattr(logging, "_handlerList", [])  # it closes what it finds; see scoring/logging_file.py
    logging.getLogger("of.another.test")
    before = all_set_ups()
    with world:
        logging.config.dictConfig(OWN_LOGGING)
        first = all_set_ups()
    between = all_set_ups()
    with world:
        second = all_set_ups()

    assert {name: between[name] for name in before} == before
    assert between["of.test.world"] == (logging.NOTSET, True, False, [], [])
    assert second == first
    assert first["of.another.test"][2]


def test_packages_of_an_environment_below_the_folder_are_everybodys(ours: Snapshot, tmp_path: Path) -> None:
    """A project has its environment in its own folder, and the script beside it: they do not go with the script."""
    packages = tmp_path / ".venv/lib/site-packages"
    packages.mkdir(parents=True)
    (packages / "of_environment.py").write_text("")
    sys.path.append(str(packages))
    with World(tmp_path, {}, lambda record, text: None):
        module = importlib.import_module("of_environment")

    assert sys.modules.pop("of_environment") is module
    sys.path.remove(str(packages))


def test_a_module_that_the_process_has_had_before_is_its_own(ours: Snapshot, tmp_path: Path) -> None:
    """Though it lies in the script's folder: it was imported for others, and goes with nobody."""
    (tmp_path / "had_before.py").write_text("")
    sys.path.insert(0, str(tmp_path))
    module = importlib.import_module("had_before")
    for _ in range(2):
        with World(tmp_path, {}, lambda record, text: None):
            assert importlib.import_module("had_before") is module
        assert sys.modules.get("had_before") is module

    del sys.modules["had_before"]
    sys.path.remove(str(tmp_path))

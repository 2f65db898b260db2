"""What imports of a boot take, in interpreters of their own: whose they are, what is in them, and what is left alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .guest import guest

HAND_CLOCK = """
import types
from amlemu.worker import import_times
clock = sys.modules["clock"] = types.SimpleNamespace(now=0.0)
import_times.time = types.SimpleNamespace(perf_counter=lambda: clock.now)
"""
PROGRAM = """
import importlib.util, threading
from amlemu.worker.import_times import ImportTimes
folder = sys.argv[1]
sys.path[:0] = [os.path.join(folder, "code"), os.path.join(folder, "env", "site-packages")]
times = ImportTimes()
before = __import__, importlib.import_module
with times:
    spec = importlib.util.spec_from_file_location("score", os.path.join(folder, "code", "score.py"))
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        getattr(module, "init", lambda: None)()
    except ImportError as error:
        say("failed", str(error))
is_as_before = before == (__import__, importlib.import_module)
say("told", times.as_data(), is_as_before)
"""


def slow(milliseconds: int, more: str = "") -> str:
    """A module that takes a while when it is imported, by a clock that goes for nothing else: machines stand still now and then."""
    return f"import clock\nclock.now += {milliseconds / 1000}\n{more}"


@pytest.fixture
def boot(place: Callable[..., Path]) -> Callable[..., dict[str, dict[str, Any]]]:
    """Boot a script among these files; returns what is told of each name."""

    def boot(**files: str) -> dict[str, dict[str, Any]]:
        _, told, is_as_before = guest(HAND_CLOCK + PROGRAM, place(**files))[-1]
        assert is_as_before
        assert told == sorted(told, key=lambda one: -one["seconds"])
        return {one["name"]: {**one, "file": Path(one["file"]).name} for one in told}

    return boot


def test_an_import_is_told_with_its_place_and_its_time(boot: Callable[..., Any]) -> None:
    """Which line of which file asks for it; what takes less than a millisecond is not worth a line."""
    told = boot(lib_a=slow(30), score="import sys\n\nimport lib_a\nimport lib_b\n")

    assert list(told) == ["lib_a"]
    assert told["lib_a"]["seconds"] == pytest.approx(0.03)
    assert (told["lib_a"]["file"], told["lib_a"]["line"]) == ("score.py", 3)


def test_the_time_is_a_clocks(place: Callable[..., Path]) -> None:
    """The others here have one that they move by hand."""
    folder = place(lib_a="import time\ntime.sleep(0.03)", score="import lib_a")
    _, told, _ = guest(PROGRAM, folder)[-1]

    [seconds] = [one["seconds"] for one in told if one["name"] == "lib_a"]
    assert seconds >= 0.03


def test_what_a_package_imports_is_its_own_time(boot: Callable[..., Any]) -> None:
    """`import pandas` has numpy in it; nobody can do anything about the one without the other."""
    told = boot(lib_a=slow(20, "import lib_b"), lib_b=slow(20), score="import lib_a")

    assert list(told) == ["lib_a"]
    assert told["lib_a"]["seconds"] == pytest.approx(0.04)


def test_a_file_of_the_users_has_its_own_time_only(boot: Callable[..., Any]) -> None:
    """The package in it stands for itself, at the line of that file, however deep it is."""
    told = boot(
        lib_a=slow(40),
        inner=slow(20, "import lib_a"),
        outer="import inner\n" + slow(10),
        score="import outer",
    )

    assert {name: one["seconds"] for name, one in told.items()} == pytest.approx(
        {"lib_a": 0.04, "inner": 0.02, "outer": 0.01}
    )
    assert (told["lib_a"]["file"], told["inner"]["file"], told["outer"]["file"]) == ("inner.py", "outer.py", "score.py")


def test_a_call_of_importlib_counts_too(boot: Callable[..., Any]) -> None:
    """Whichever way the script has got hold of it."""
    told = boot(
        lib_a=slow(20),
        lib_b=slow(20),
        score="import importlib\nfrom importlib import import_module\nimport_module('lib_a')\nimportlib.import_module('lib_b')",
    )

    assert {name: one["line"] for name, one in told.items()} == {"lib_a": 3, "lib_b": 4}


def test_an_import_in_init_counts_too(boot: Callable[..., Any]) -> None:
    """Lazy as it is, the boot has to wait for it."""
    told = boot(lib_a=slow(20), score="def init():\n    from lib_a import clock\n")

    assert {name: one["line"] for name, one in told.items()} == {"lib_a": 2}


def test_relative_imports_are_told_as_they_are_written(boot: Callable[..., Any]) -> None:
    """With their dots."""
    told = boot(package____init__="", package__a="from .b import clock", package__b=slow(20), score="import package.a")

    assert told[".b"]["file"] == "a.py"


def test_one_that_fails_is_told_too(boot: Callable[..., Any], place: Callable[..., Path]) -> None:
    """It had taken its time until then; and the error is the script's, as ever."""
    folder = place(lib_a=slow(300, "import not_there"), score="import lib_a")
    failed, told = guest(HAND_CLOCK + PROGRAM, folder)

    assert failed == ["failed", "No module named 'not_there'"]
    assert [one["name"] for one in told[1]] == ["lib_a"]


def test_a_failure_that_the_script_has_an_answer_to_costs_its_time(boot: Callable[..., Any]) -> None:
    """The next import is not blamed for it."""
    told = boot(
        lib_a=slow(300, "import not_there"),
        lib_b=slow(10),
        score="try:\n    import lib_a\nexcept ImportError:\n    import lib_b",
    )

    assert told["lib_a"]["seconds"] == pytest.approx(0.3)
    assert told["lib_b"]["seconds"] == pytest.approx(0.01)


def test_what_another_thread_imports_is_left_alone(boot: Callable[..., Any]) -> None:
    """Its time is nobody's on the main thread; two stacks would be mixed up."""
    told = boot(
        lib_a=slow(20),
        lib_b=slow(20),
        other=slow(1, "import lib_b"),
        score="""
            import threading
            def load():
                import other
            thread = threading.Thread(target=load)
            thread.start()
            import lib_a
            thread.join()
        """,
    )

    assert list(told) == ["lib_a"]


def test_a_script_that_has_hooked_imports_itself_keeps_its_hook(place: Callable[..., Path]) -> None:
    """It put its own there after ours; ours is not put back over it."""
    folder = place(
        score="""
            import builtins
            before = builtins.__import__
            def mine(*arguments, **more):
                return before(*arguments, **more)
            builtins.__import__ = mine
        """
    )
    [_, _, is_as_before] = guest(HAND_CLOCK + PROGRAM, folder)[-1]

    assert not is_as_before


def test_the_same_line_is_one_entry(boot: Callable[..., Any]) -> None:
    """However often it is come by."""
    told = boot(
        lib_a=slow(10),
        lib_b=slow(10),
        score="import importlib\nfor name in ('lib_a', 'lib_b', 'lib_a'):\n    importlib.import_module(name)",
    )

    assert sorted(told) == ["lib_a", "lib_b"]

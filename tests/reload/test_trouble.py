"""Bad input while watching: clear words, and the server lives."""

from __future__ import annotations

import time
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from amlemu.events import Noticed, Reloaded, ReloadFailed
from amlemu.reload import ReloadRules

from .conftest import Place, returns

UNHEALTHY = {
    # contract 4.7 and 1.2, 424 (no model); 8 #14; 2.1, 503
    "bare": None,
    "managed": (424, "Failed Dependency", b""),
    "kubernetes": (503, "Service Unavailable", b"No ready replicas for service"),
}


def answer(place: Place) -> tuple[int, str, bytes] | None:
    """Ask once; None where the connection is closed without an answer."""
    try:
        response = place.ask()
    except httpx.RemoteProtocolError:
        return None
    return response.status_code, response.reason_phrase, response.content


@pytest.mark.parametrize("profile", UNHEALTHY)
def test_a_broken_script_is_answered_as_an_unhealthy_deployment_until_the_next_save(place: Place, profile: str) -> None:
    """At once, though a boot would be waited for; the traceback is the script's own."""
    place.save("score.py", returns(1))
    place.serve(profile=profile)
    place.save("score.py", returns(1, init="return {}['key']"))
    failed = place.until_told(ReloadFailed)
    place.until(lambda: answer(place) != (200, "OK", b"1"), "unhealthy")

    assert answer(place) == UNHEALTHY[profile]
    assert failed.serving is None
    assert failed.fault["what"] == "init() raised KeyError: 'key'"
    assert failed.fault["where"] == "score.py:4"
    assert "    return {}['key']\n" in failed.fault["traceback"]
    place.save("score.py", returns(2))
    place.until(lambda: answer(place) == (200, "OK", b"2"), "healed")


def test_the_last_good_generation_goes_on_when_that_is_wanted(place: Place) -> None:
    """--keep-last-good."""
    place.save("score.py", returns(1))
    place.serve(ReloadRules(is_on=True, keeps_last_good=True))
    place.save("score.py", "def init(:")
    failed = place.until_told(ReloadFailed)

    assert failed.serving == 1
    assert failed.fault["what"] == "not valid Python: invalid syntax"
    assert place.ask().json() == 1
    place.save("score.py", returns(2))
    place.until_answered(2)


def test_a_syntax_error_in_the_middle_of_a_burst_is_not_the_last_word(place: Place) -> None:
    """The save after it is."""
    place.save("score.py", returns(0))
    place.serve()
    for number in range(1, 20):
        place.save("score.py", "def run(:" if number % 3 == 0 else returns(number))

    place.until(lambda: answer(place) == (200, "OK", b"19"), "answering the last one")


def test_a_script_that_is_deleted_goes_on_until_it_is_back(place: Place) -> None:
    """As when a branch is checked out."""
    place.save("score.py", returns(1))
    place.serve()
    place.script.unlink()
    noticed = place.until_told(Noticed)

    assert noticed.text == "score.py is gone; generation 1 goes on until it is back"
    assert place.ask().json() == 1
    place.save("score.py", returns(2))
    place.until_answered(2)


def test_a_folder_that_goes_and_comes_back_is_another_one(place: Place, tmp_path: Path) -> None:
    """What was mounted of the old one would be empty now."""
    place.save("score.py", returns(1))
    place.serve()
    place.folder.rename(tmp_path / "old")
    assert place.ask().json() == 1
    place.folder.mkdir()
    place.save("score.py", returns(2))

    place.until_answered(2)


def test_a_folder_that_is_away_for_a_while_costs_nothing(place: Place, tmp_path: Path) -> None:
    """What is gone may come back: nobody loads anything meanwhile."""
    place.save("score.py", returns(1))
    place.serve()
    place.until(lambda: place.endpoint._emulator.backend._nursery._resident, "ready to fork")
    away = tmp_path / "away"
    place.folder.rename(away)
    gone = time.monotonic()
    place.until(lambda: time.monotonic() > gone + 2.5, "away for longer than two looks around")

    assert place.ask().json() == 1
    assert place.told(ReloadFailed) == []
    away.rename(place.folder)
    place.save("score.py", returns(2))
    place.until_answered(2)


def test_a_script_that_does_not_start_at_first_is_healed_by_a_save(place: Place) -> None:
    """With reload the server is there to stay."""
    place.save("score.py", "import no_such_module_at_all")
    place.serve()
    failed = place.until_told(ReloadFailed)
    assert failed.generation == 1
    assert failed.fault["where"] == "score.py:1"
    place.save("score.py", returns(2))
    place.until_told(Reloaded)

    assert place.ask().json() == 2


@pytest.mark.parametrize("end", ["os._exit(1)", "os.kill(os.getpid(), 9)", "__import__('ctypes').string_at(0)"])
def test_a_script_that_dies_at_start_is_healed_by_a_save(place: Place, end: str) -> None:
    """Its workers would be started again and again."""
    place.save("score.py", returns(1))
    place.serve()
    place.save("score.py", returns(2, top=end))
    failed = place.until_told(ReloadFailed)
    assert failed.fault["what"].startswith("the worker ")
    assert failed.fault["what"].endswith(" while the script was loading")
    place.save("score.py", returns(3))

    place.until(lambda: answer(place) == (200, "OK", b"3"), "healed")


def test_an_init_that_hangs_is_overtaken_by_the_next_save(place: Place) -> None:
    """Meanwhile the old code serves."""
    place.save("score.py", returns(1))
    place.serve()
    place.save("score.py", returns(2, init="import time; open('begun', 'w'); time.sleep(600)"))
    place.until((place.folder / "begun").exists, "hanging")
    assert place.ask().json() == 1
    place.save("score.py", returns(3))

    place.until_answered(3)


def test_exit_code_3_while_serving_waits_for_the_next_save(place: Place) -> None:
    """gunicorn takes it for a failure to boot, and ends (contract 3.4); here the next save heals."""
    place.save("score.py", returns("os._exit(3)"))
    place.serve()
    assert answer(place) is None
    failed = place.until_told(ReloadFailed)
    assert "exit code 3" in failed.fault["what"]
    place.save("score.py", returns(2))

    place.until(lambda: answer(place) == (200, "OK", b"2"), "healed")


def test_a_package_that_is_installed_heals_the_script_that_misses_it(place: Place, tmp_path: Path) -> None:
    """Nobody saves anything; the process that workers are forked from is another one then, and that is told."""
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=False)
    [packages] = environment.glob("lib/*/site-packages")
    place.save("score.py", returns("new_package.VALUE", top="import new_package"))
    place.serve(python=environment)
    assert place.until_told(ReloadFailed).fault["kind"] == "ModuleNotFoundError"
    place.until(lambda: place.endpoint._emulator.backend._nursery._resident, "ready to fork")
    (packages / "new_package.py").write_text("VALUE = 7\n")
    place.until_told(Reloaded)

    assert place.ask().json() == 7
    assert [event.text for event in place.told(Noticed)] == ["installed packages changed: a fresh interpreter starts"]


def test_a_save_while_the_first_init_hangs_is_not_missed(start: Callable[..., Any], tmp_path: Path) -> None:
    """Files are watched from the first moment on."""
    script = tmp_path / "score.py"
    script.write_text("open('begun', 'w').close()\nimport time\ntime.sleep(600)\n")
    command = start("serve", "score.py", "-p", "0", "--reload")
    command.until((tmp_path / "begun").exists, "loading")
    script.write_text(returns(2))
    command.until_said("generation 2 serves")

    assert httpx.post(f"http://127.0.0.1:{command.port}/score", trust_env=False).json() == 2

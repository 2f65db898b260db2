"""Files that the script itself writes are no reason to load it anew: no loop, and a word about it."""

from __future__ import annotations

import pytest
from amlemu.events import Noticed, ReloadBegan, Reloaded
from amlemu.reload import ReloadRules

from .conftest import Place, returns

STAMP = "open('cache.json', 'w').write(repr(os.urandom(8)))"


@pytest.mark.parametrize("write", [STAMP, "os.replace(open('d', 'w').name, 'cache.json')"], ids=["opens", "renames"])
def test_what_init_writes_does_not_reload(place: Place, write: str) -> None:
    """Its own write is told by the worker, so there is not even one superfluous reload."""
    place.save("score.py", returns(1, init=write))
    place.serve()
    place.save("score.py", returns(2, init=write))
    place.until_answered(2)
    place.save("score.py", returns(3, init=write))
    place.until_answered(3)

    assert len(place.told(ReloadBegan)) == 2
    [noticed] = place.told(Noticed)
    assert "cache.json is written by the script itself" in noticed.text
    assert "--reload-include cache.json" in noticed.text


def test_what_run_writes_does_not_reload(place: Place) -> None:
    """However often it is asked."""
    place.save("score.py", returns(f"[{STAMP}, 1][1]"))
    place.serve()
    for _ in range(50):
        assert place.ask().json() == 1
    place.save("score.py", returns(2))
    place.until_answered(2)

    assert [event.changed for event in place.told(Reloaded)] == [(str(place.script),)]


def test_what_a_child_process_writes_stops_to_reload(place: Place) -> None:
    """Nobody tells of that; a file that changes in one init() after the other is taken for the script's."""
    write = "import subprocess; subprocess.run('date +%N > cache.json', shell=True)"
    place.save("score.py", returns(1, init=write))
    place.serve()
    place.until(lambda: any("itself" in event.text for event in place.told(Noticed)), "telling whose it is")
    for count, value in enumerate((2, 3), start=1):
        place.save("score.py", returns(value, init=write))
        place.until(
            lambda count=count: sum(str(place.script) in told.changed for told in place.told(Reloaded)) == count,
            "loading it",
        )
        place.until_answered(value)

    assert len(place.told(ReloadBegan)) <= 3 + 2


def test_a_file_that_the_script_has_written_is_a_persons_again_when_a_person_saves_it(place: Place) -> None:
    """Which file it is matters less than who writes it, and when."""
    import time

    place.save("score.py", returns("json.load(open('cache.json'))", init="open('cache.json', 'w').write('1')"))
    place.serve()
    place.until(lambda: time.monotonic() > place.endpoint._emulator.backend._booted_at + 1, "a while after init()")
    place.save("cache.json", "2")
    place.until_told(Reloaded)

    assert [len(event.changed) for event in place.told(Reloaded)] == [1]


def test_a_file_that_is_named_counts_whoever_writes_it(place: Place) -> None:
    """--reload-include is a wish; then three reloads without a request get a hint."""
    place.save("score.py", returns(1, init=STAMP))
    place.serve(ReloadRules(is_on=True, include=("cache.json",), delay_s=0.01))
    place.save("score.py", returns(2, init=STAMP))
    place.until_told(Noticed)

    assert place.told(Noticed)[0].text == (
        "3 reloads without a request, each because cache.json changed; if it is not you who changes it:"
        " --reload-exclude cache.json"
    )

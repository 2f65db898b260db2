"""Whose changes these were; no script reloads itself for ever."""

from __future__ import annotations

from amlemu.watch.own_writes import Judged, OwnWrites, own_hint
from hypothesis import given, settings
from hypothesis import strategies as st

CACHE = frozenset({"/code/cache.json"})
SCRIPT = frozenset({"/code/score.py"})
NOBODY = frozenset[str]()


def own_writes(*included: str) -> OwnWrites:
    return OwnWrites(lambda path: path in included)


def test_a_change_while_nothing_runs_is_a_persons():
    """However often it comes."""
    own = own_writes()

    assert [own.judge(CACHE, running=False) for _ in range(9)] == [Judged(CACHE)] * 9


def test_a_data_file_that_changes_in_three_boots_is_the_scripts_own_from_then_on():
    """It is told with the third, and left out from the fourth on."""
    own = own_writes()

    assert own.judge(CACHE, running=True) == Judged(CACHE)
    assert own.judge(CACHE, running=True) == Judged(CACHE)
    assert own.judge(CACHE, running=True) == Judged(CACHE, now_own=CACHE)
    assert own.judge(CACHE, running=True) == Judged()


def test_a_script_saved_during_a_slow_init_is_a_persons():
    """Scores of times in a row."""
    own = own_writes()

    assert [own.judge(SCRIPT, running=True) for _ in range(40)] == [Judged(SCRIPT)] * 40


def test_a_person_gets_a_file_back_by_saving_it_while_nothing_runs():
    """And it has its chances again."""
    own = own_writes()
    for _ in range(4):
        own.judge(CACHE, running=True)

    assert own.judge(CACHE, running=False) == Judged(CACHE)
    assert own.judge(CACHE, running=True) == Judged(CACHE)


def test_runs_must_follow_each_other():
    """A file that rested in one run is a person's in the next."""
    own = own_writes()
    own.judge(CACHE, running=True)
    own.judge(SCRIPT, running=True)

    assert own.judge(CACHE, running=True) == Judged(CACHE)


def test_what_the_user_included_is_never_own():
    """He has been told how to; a loop is what he asked for."""
    own = own_writes(*CACHE)

    assert [own.judge(CACHE, running=True) for _ in range(9)] == [Judged(CACHE)] * 9


def test_an_own_file_does_not_hide_a_saved_one():
    """Of one burst only the script's own part is left out."""
    own = own_writes()
    for _ in range(3):
        own.judge(CACHE, running=True)

    assert own.judge(CACHE | SCRIPT, running=True) == Judged(SCRIPT)


@settings(deadline=None)  # the machine has more to do
@given(st.sets(st.sampled_from(["/a.json", "/b.yaml", "/c.bin"]), min_size=1), st.lists(st.booleans(), max_size=5))
def test_a_script_that_writes_in_every_boot_reloads_itself_three_times_at_most(written, history):
    """Whatever happened before: reload, it writes, and so on; then rest."""
    own, files = own_writes(), frozenset(written)
    for running in history:
        own.judge(files, running=running)
    reloads = 0
    while own.judge(files, running=True).by_user:
        reloads += 1
        assert reloads <= 3


@settings(deadline=None)  # the machine has more to do
@given(st.lists(st.tuples(st.sets(st.sampled_from(["/a.json", "/b.py"])), st.booleans()), max_size=20))
def test_a_file_is_told_once_until_a_person_takes_it_back(history):
    """Nobody reads the same hint twice for nothing."""
    own, told = own_writes(), set[str]()
    for changed, running in history:
        judged = own.judge(frozenset(changed), running=running)
        assert not judged.now_own & told
        told = (told | judged.now_own) - (set() if running else changed)


def test_the_hint_says_how_to_have_it_otherwise(monkeypatch, tmp_path):
    """With the name as the person would write it."""
    monkeypatch.chdir(tmp_path)

    assert own_hint(str(tmp_path / "out/cache.json")) == (
        "out/cache.json is written by the script itself; it does not reload any more "
        "(--reload-include cache.json if it should)"
    )

"""A save is live: of the script, of what it imports, of configuration and models, in the ways of several editors."""

from __future__ import annotations

from pathlib import Path

import pytest
from amlemu.events import Noticed, Reloaded, WorkerStarted
from amlemu.reload import ReloadRules

from .conftest import Place, returns
from .editors import Save, by_rename, in_place, with_backup


@pytest.mark.parametrize("save", [in_place, by_rename, with_backup], ids=lambda save: save.__name__)
def test_the_next_answer_is_the_new_codes(place: Place, save: Save) -> None:
    """Nobody asks for a reload."""
    place.save("score.py", returns(1))
    place.serve()
    assert place.ask().json() == 1
    save(place.script, returns(2))

    place.until_answered(2)


def test_both_ways_of_looking_see_a_save(place: Place) -> None:
    """With --poll, too, where the system would tell."""
    place.save("score.py", returns(1))
    place.serve(ReloadRules(is_on=True, polls=True))
    place.save("score.py", returns(22))

    place.until_answered(22)
    assert "looking every" in place.endpoint.opening.watching


def test_two_saves_in_one_second_are_two_generations(place: Place) -> None:
    """Python takes a module for unchanged when it was saved in the same second and is as long as before."""
    place.save("helper.py", "VALUE = 1\n")
    place.save("score.py", returns("helper.VALUE", top="import helper"))
    place.serve(env={"PYTHONDONTWRITEBYTECODE": ""})  # whatever the shell says
    for value in range(2, 8):
        place.save("helper.py", f"VALUE = {value}\n")

        place.until_answered(value)


@pytest.mark.parametrize("name", ["settings.json", "settings.yaml", "deep/er/settings.toml", ".env"])
def test_configuration_in_the_code_folder_counts(place: Place, name: str) -> None:
    """The script reads it in init()."""
    path = place.save(name, "1")
    place.save("score.py", returns("VALUE", top=f"VALUE = json.load(open({name!r}))"))
    place.serve()
    by_rename(path, "2")

    place.until_answered(2)


@pytest.mark.parametrize("save", [in_place, by_rename], ids=lambda save: save.__name__)
@pytest.mark.parametrize("layout", ["links", "var"])
def test_a_model_file_counts_wherever_it_lies(place: Place, tmp_path: Path, layout: str, save: Save) -> None:
    """Also where it is mounted and another file takes its name: the mount would go on showing the old one."""
    model = tmp_path / "models" / "net.bin"
    model.parent.mkdir()
    model.write_text("1")
    top = "VALUE = int(open(os.environ['AZUREML_MODEL_DIR'] + '/net.bin').read())"
    place.save("score.py", returns("VALUE", top=top))
    place.serve(models={"net:1": model}, layout=layout)
    assert place.ask().json() == 1
    save(model, "2")

    place.until_answered(2)


def test_what_is_ignored_does_not_count(place: Place) -> None:
    """By .amlignore, by --reload-exclude, and by itself: caches, hidden files, other kinds of files."""
    place.save(".amlignore", "notes.json\n")
    place.save("score.py", returns(1))
    place.serve(ReloadRules(is_on=True, exclude=("drafts/*",)))
    for name in ("notes.json", "drafts/a.py", "table.csv", ".hidden.py", "__pycache__/score.py"):
        place.save(name, "changed")
    place.save("score.py", returns(2))

    place.until_answered(2)
    assert [[Path(path).name for path in event.changed] for event in place.told(Reloaded)] == [["score.py"]]


def test_a_burst_of_saves_is_one_reload(place: Place) -> None:
    """A branch that is checked out changes many files."""
    place.save("score.py", returns(0))
    place.serve(ReloadRules(is_on=True, delay_s=0.2))
    for number in range(30):
        place.save(f"part{number}.py", f"X = {number}\n")
    place.save("score.py", returns("part29.X", top="import part29"))

    place.until_answered(29)
    assert len(place.told(Reloaded)) <= 2


def test_a_request_in_hand_is_finished_by_the_old_code(place: Place, tmp_path: Path) -> None:
    """The new code serves meanwhile."""
    gate = tmp_path / "gate"
    gate.touch()
    waiting = f"import time\n    while os.path.exists({str(gate)!r}): time.sleep(0.01)\n    return 1"
    place.save("score.py", f"import os\ndef init(): pass\ndef run(data):\n    {waiting}\n")
    place.serve()
    import concurrent.futures

    with concurrent.futures.ThreadPoolExecutor() as pool:
        old = pool.submit(place.ask)
        place.until(lambda: place.endpoint._emulator.backend.serving.workers[0].load, "in hand")
        place.save("score.py", returns(2))
        place.until_answered(2)
        assert not old.done()
        gate.unlink()

        assert old.result().json() == 1


def test_forks_carry_what_was_imported(place: Place) -> None:
    """From the second reload on at the latest; a fork's parent is not amlemu."""
    place.save("score.py", returns("os.getppid()", top="import pandas"))
    place.serve()
    place.until(lambda: place.endpoint._emulator.backend._nursery._resident, "ready to fork")
    fresh = place.ask().json()
    place.save("score.py", returns("[os.getppid(), 2]", top="import pandas"))
    place.until_told(Reloaded)

    assert place.ask().json()[0] != fresh
    assert len(place.told(WorkerStarted)) == 2
    assert place.told(Noticed) == []

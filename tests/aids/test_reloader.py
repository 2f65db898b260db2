"""Which changes are a reason to reload; generations are a fake here, files are real."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from amlemu.aids.reloader import Reloader
from amlemu.events import Event, Noticed
from amlemu.reload import ReloadRules
from amlemu.watch.rules import Watched

PATIENCE_S = 10.0


class FakeGenerations:
    """What a reloader asks of generations."""

    def __init__(self) -> None:
        self.serving = self
        self.number = 1
        self.surroundings = ""
        self.written: set[str] = set()

    def written_since(self, moment: float) -> set[str]:
        return self.written

    def was_booting_since(self, moment: float) -> bool:
        return False


class Desk:
    """A reloader with all that it needs, and what it has done."""

    def __init__(self, folder: Path, **rules: Any) -> None:
        self.folder = folder
        self.script = folder / "score.py"
        self.script.write_text("0")
        self.generations = FakeGenerations()
        self.reloads: list[tuple[str, ...]] = []
        self.since: list[float] = []
        self.events: list[Event] = []
        self.requests = 0
        data = tuple(folder / name for name in rules.pop("data", ()))
        watched = Watched(self.script, folder, data=data, rules=ReloadRules(is_on=True, delay_s=0.01, **rules))
        self.reloader = Reloader(
            watched,
            self.generations,  # type: ignore[arg-type]
            self.events.append,
            self._reload,
            requests=lambda: self.requests,
            to_host=lambda path: path.replace("/inside", str(folder)),
            look_every_s=0.01,
        )

    async def _reload(self, changed: Iterable[str], since: float) -> None:
        self.reloads.append(tuple(sorted(Path(path).name for path in changed)))
        self.since.append(since)

    async def save(self, name: str, text: str) -> None:
        """Save, and wait until something came of it."""
        before = len(self.reloads) + len(self.events)
        (self.folder / name).write_text(text)
        await self.until(lambda: len(self.reloads) + len(self.events) > before)

    async def until(self, look: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not look():
            assert time.monotonic() < deadline, (self.reloads, self.events)
            await asyncio.sleep(0.005)

    @property
    def told(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Noticed)]


def at(folder: Path, story: Callable[[Desk], Awaitable[None]], **rules: Any) -> Desk:
    """Let a story happen while files are watched."""

    async def main() -> Desk:
        desk = Desk(folder, **rules)
        await desk.reloader.start()
        try:
            await story(desk)
        finally:
            await desk.reloader.stop()
        return desk

    return asyncio.run(main())


def test_a_save_is_a_reload_of_what_was_saved(tmp_path: Path) -> None:
    """With the time of the save, for whoever wonders how long it took."""
    began = time.monotonic()
    desk = at(tmp_path, lambda desk: desk.save("score.py", "1"))

    assert desk.reloads == [("score.py",)]
    assert began - 0.02 < desk.since[0] < time.monotonic()


def test_what_the_script_wrote_is_left_out_and_told_once(tmp_path: Path) -> None:
    """In the script's own name for it."""

    async def story(desk: Desk) -> None:
        desk.generations.written = {"/inside/cache.json"}
        await desk.save("cache.json", "1")
        (desk.folder / "cache.json").write_text("2")
        await desk.save("score.py", "1")

    desk = at(tmp_path, story)

    assert desk.reloads == [("score.py",)]
    assert len(desk.told) == 1
    assert "cache.json is written by the script itself" in desk.told[0]


def test_what_the_user_named_counts_whoever_wrote_it(tmp_path: Path) -> None:
    """--reload-include."""

    async def story(desk: Desk) -> None:
        desk.generations.written = {"/inside/cache.json"}
        await desk.save("cache.json", "1")

    desk = at(tmp_path, story, include=("cache.json",))

    assert desk.reloads == [("cache.json",)]


def test_a_script_that_is_gone_is_waited_for(tmp_path: Path) -> None:
    """Told once; a helper that is saved meanwhile is no reason, for it would fail."""

    async def story(desk: Desk) -> None:
        desk.script.unlink()
        await desk.until(lambda: desk.told)
        (desk.folder / "helper.py").write_text("1")
        await desk.save("score.py", "2")

    desk = at(tmp_path, story)

    assert desk.told == ["score.py is gone; generation 1 goes on until it is back"]
    assert [names for names in desk.reloads if "score.py" in names] == desk.reloads


@pytest.mark.parametrize(("asks", "hints"), [(False, 1), (True, 0)], ids=["nobody-asks", "somebody-asks"])
def test_three_reloads_without_a_request_get_one_hint(tmp_path: Path, *, asks: bool, hints: int) -> None:
    """Not more of them, and none for a person who tries things out."""

    async def story(desk: Desk) -> None:
        for number in range(5):
            (desk.folder / "config.json").write_text(str(number))
            await desk.until(lambda number=number: len(desk.reloads) > number)
            desk.requests += asks

    desk = at(tmp_path, story)

    assert [text.startswith("3 reloads without a request") for text in desk.told] == [True] * hints


def test_who_saves_the_script_three_times_before_asking_is_no_loop(tmp_path: Path) -> None:
    """And it could not be excluded."""

    async def story(desk: Desk) -> None:
        for number in range(4):
            desk.script.write_text(str(number))
            await desk.until(lambda number=number: len(desk.reloads) > number)

    assert at(tmp_path, story).told == []


def test_nothing_is_loaded_while_the_script_is_away(tmp_path: Path) -> None:
    """Its folder may be, too, and what was mounted of it."""

    async def story(desk: Desk) -> None:
        desk.script.unlink()
        await desk.until(lambda: desk.told)
        desk.generations.surroundings = str(desk.folder)
        ten_looks_later = time.monotonic() + 0.1
        await desk.until(lambda: time.monotonic() > ten_looks_later)

    assert at(tmp_path, story).reloads == []


def test_different_files_are_a_person_at_work(tmp_path: Path) -> None:
    """No hint, where no file is the reason each time."""

    async def story(desk: Desk) -> None:
        for name in ("a.py", "b.py", "c.py", "d.py"):
            await desk.save(name, "1")

    assert at(tmp_path, story).told == []


def test_packages_that_were_installed_are_a_reload_when_pip_is_done(tmp_path: Path) -> None:
    """Once, although they stay changed until the reload is over."""

    async def story(desk: Desk) -> None:
        desk.generations.surroundings = "installed packages"
        await desk.until(lambda: desk.reloads)
        desk.generations.surroundings = ""

    desk = at(tmp_path, story)

    assert desk.reloads[0] == ("installed packages",)


def test_a_saved_deployment_file_is_told_and_reloads_nothing(tmp_path: Path) -> None:
    """What it says is read at the start; with a script saved beside it, that is still loaded."""

    async def story(desk: Desk) -> None:
        await desk.save("deployment.yml", "instance_count: 2")
        await desk.save("score.py", "1")

    desk = at(tmp_path, story, data=("deployment.yml",))

    assert desk.reloads == [("score.py",)]
    assert desk.told == ["deployment.yml has changed; what it says counts when amlemu serve is started again"]

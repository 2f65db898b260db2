"""Reloads in a person's words."""

from __future__ import annotations

import asyncio

import pytest
from amlemu.console.reloads import Reloads, told_changes
from amlemu.events import ReloadBegan, Reloaded, ReloadFailed

from .told import FAULT

SCORE = ("/src/score.py",)
PATIENCE_S = 20.0


class Said:
    """The lines that were said; a test waits for the next one."""

    def __init__(self):
        self.lines = asyncio.Queue()

    def __call__(self, colour, text):
        self.lines.put_nowait(text)

    def now(self):
        return [self.lines.get_nowait() for _ in range(self.lines.qsize())]

    async def next(self):
        return await asyncio.wait_for(self.lines.get(), PATIENCE_S)


def told(*events):
    """Return what is said at once."""
    said = Said()
    reloads = Reloads(said)
    reloads.folder = "/src"
    for event in events:
        reloads.event(event)
    return said.now()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (("/src/score.py",), "score.py changed"),
        (("/src/score.py", "/src/lib/config.yml"), "score.py and lib/config.yml changed"),
        (("/src/a.py", "/src/b.py", "/src/c.py", "/src/d.py"), "a.py, b.py and 2 more changed"),
        (("/elsewhere/model.pkl",), "/elsewhere/model.pkl changed"),
        (("/srcs/score.py",), "/srcs/score.py changed"),
        ((), ""),
    ],
)
def test_changes_are_named_from_the_folder_of_the_script(changed, words):
    """Two by name, the rest as a number."""
    assert told_changes(changed, "/src") == words


@pytest.mark.parametrize("folder", ["", "/elsewhere"])
def test_other_changes_are_named_from_the_current_folder(tmp_path, monkeypatch, folder):
    """As whoever types commands there would name them."""
    monkeypatch.chdir(tmp_path)

    assert told_changes((str(tmp_path / "models" / "m.pkl"),), folder) == "models/m.pkl changed"


def test_a_reload_is_told_when_it_is_over():
    """Who serves, and how long it took from the save; its beginning is silent."""
    assert told(ReloadBegan(3, SCORE, "beside"), Reloaded(3, SCORE, 41.4, 84.2)) == [
        "score.py changed: generation 3 serves, 84 ms after the save (init() and imports 41 ms)"
    ]


def test_a_reload_that_somebody_asked_for_names_no_file():
    assert told(Reloaded(3, (), 41.4, 84.2)) == [
        "loaded anew: generation 3 serves, 84 ms later (init() and imports 41 ms)"
    ]


@pytest.mark.parametrize(
    ("why", "rest"), [("two copies would need 9 GB, 8 are free", "; two copies would need 9 GB, 8 are free"), ("", "")]
)
def test_a_stop_before_the_start_is_told_at_once_with_its_reason(why, rest):
    """Nobody serves meanwhile."""
    assert told(ReloadBegan(2, SCORE, "stop-first", why)) == [
        f"score.py changed: generation 1 ends before generation 2 is loaded{rest}"
    ]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("before", "began", "line"),
    [
        pytest.param(
            [],
            ReloadBegan(2, SCORE, "beside"),
            "score.py changed: generation 2 is loading, generation 1 goes on serving",
            id="the-first-reload",
        ),
        pytest.param(
            [ReloadFailed(2, SCORE, FAULT, None)],
            ReloadBegan(3, SCORE, "beside"),
            "score.py changed: generation 3 is loading",
            id="nobody-serves",
        ),
        pytest.param(
            [ReloadFailed(2, SCORE, FAULT, 1)],
            ReloadBegan(3, (), "beside"),
            "asked to reload: generation 3 is loading, generation 1 goes on serving",
            id="the-last-good-one-serves",
        ),
        pytest.param(
            [ReloadFailed(2, SCORE, FAULT, None)],
            ReloadBegan(3, SCORE, "stop-first", "because"),
            "score.py changed: generation 3 is loading",
            id="nobody-has-to-stop",
        ),
    ],
)
async def test_a_reload_that_takes_long_is_told_before_it_is_over(before, began, line):
    """With who serves meanwhile."""
    reloads = Reloads(said := Said(), quiet_s=0.0)
    reloads.folder = "/src"
    for event in (*before, began):
        reloads.event(event)
    said_before = said.now()

    assert said_before == []
    assert await said.next() == line


@pytest.mark.anyio
@pytest.mark.parametrize(
    "over",
    [
        pytest.param(Reloaded(2, SCORE, 1.0, 2.0), id="done"),
        pytest.param(ReloadFailed(2, SCORE, FAULT, None), id="failed"),
        pytest.param(ReloadBegan(3, SCORE, "stop-first"), id="overtaken"),
    ],
)
async def test_what_is_over_in_time_is_not_told_twice(over):
    """Nor what another save has overtaken."""
    reloads = Reloads(said := Said(), quiet_s=0.0)
    reloads.event(ReloadBegan(2, SCORE, "beside"))
    reloads.event(over)
    asyncio.get_running_loop().call_later(0.01, said, "", "later than any other")
    lines = [await said.next()]
    while lines[-1] != "later than any other":
        lines.append(await said.next())

    assert "is loading" not in "".join(lines)

"""What the real server's log tells, without a server: lives of workers, causes, who said what. The words were observed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from amlemu.backends.engine_story import InHand, Story, is_alone
from amlemu.errors import NotReady, Unreachable, WorkerCrashed
from amlemu.events import Event, Spoke, WorkerEnded, WorkerReady, WorkerStarted, WorkerTimedOut

SILENCE = Unreachable("no answer")


def record(text: str, logger: str = "gunicorn.error", level: str = "I", pid: int = 9) -> str:
    return f"2026-11-22 09:43:52,730 {level} [{pid}] {logger} - {text}\n"


BOOTING = record("Booting worker with pid: 43", pid=43)
READY = record("Worker with pid 43 ready for serving traffic", "azmlinfsrv", pid=43)


class Told:
    """A story and its events."""

    def __init__(self, is_gone: Callable[[int], bool] = lambda pid: False, **variables: str) -> None:
        self.events: list[Event] = []
        self.in_hand = InHand(is_alone=is_alone(variables))
        self.story = Story(self.events.append, self.in_hand, variables, is_gone)
        self.story.begin(9)

    def hears(self, *texts: str, stream: str = "stderr") -> Told:
        for text in texts:
            self.story.hear(stream, text)
        return self

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(work, 10))


def test_a_worker_s_life_is_told() -> None:
    told = Told().hears(BOOTING, READY, record("Worker (pid:43) was sent SIGKILL! Perhaps out of memory?", level="E"))

    assert told.of(WorkerStarted) == [WorkerStarted(43)]
    assert [event.pid for event in told.of(WorkerReady)] == [43]
    (end,) = told.of(WorkerEnded)
    assert (end.pid, end.exit_code, end.planned, end.was_booting, end.restart_in_s) == (43, -9, False, False, 0.0)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        pytest.param("Worker (pid:43) exited with code 7.", 7, id="27"),
        pytest.param("Worker (pid:43) exited with code 7", 7, id="21"),
        pytest.param("Worker with pid 43 was terminated due to signal 11", -11, id="20"),
        pytest.param("Worker (pid:43) was sent SIGSEGV!", -11, id="signal"),
    ],
)
def test_each_gunicorn_has_its_words_for_an_end(words: str, code: int) -> None:
    (end,) = Told().hears(BOOTING, READY, record(words, level="E")).of(WorkerEnded)

    assert end.exit_code == code


@pytest.mark.parametrize("is_gone", [True, False])
def test_a_silent_end_is_noticed_when_the_next_worker_starts(is_gone: bool) -> None:
    """gunicorn does not speak of exit code 0; of two workers both may be there."""
    told = Told(lambda pid: is_gone).hears(BOOTING, READY, record("Booting worker with pid: 46", pid=46))

    assert [(end.pid, end.exit_code) for end in told.of(WorkerEnded)] == ([(43, 0)] if is_gone else [])


def test_a_worker_that_fails_to_boot_is_the_last_one() -> None:
    """The cause is the error with a traceback, whatever comes behind it."""
    failing = record("Encountered Exception: Traceback (most recent call last):", "azmlinfsrv", "E", 43)
    told = Told().hears(BOOTING).hears(failing + "  File ...\nValueError: no\n", stream="stdout")
    told.hears(record("Worker (pid:43) exited with code 3.", level="E"))

    (end,) = told.of(WorkerEnded)
    assert (end.was_booting, end.restart_in_s) == (True, None)
    assert told.story.boot_error.endswith("ValueError: no")
    assert all(event.own for event in told.of(Spoke))


def test_a_worker_that_takes_too_long_is_told_with_the_limit() -> None:
    told = Told(WORKER_TIMEOUT="2").hears(BOOTING, record("WORKER TIMEOUT (pid:43)", level="C"))

    assert told.of(WorkerTimedOut) == [WorkerTimedOut(43, 2.0)]


def test_raw_words_are_those_of_the_worker_or_of_the_first_process() -> None:
    told = Told().hears("before\n").hears(BOOTING, READY, "in run\n")

    assert [(event.text, event.pid) for event in told.of(Spoke) if not event.own] == [("before\n", 9), ("in run\n", 43)]


def test_the_first_process_is_known_from_the_log() -> None:
    """Where it runs in a container nobody else tells its number."""
    told = Told()
    told.story.begin()
    told.hears(record("Listening at: http://0.0.0.0:31311 (12)", pid=12))

    assert told.story.master == 12


def test_a_server_whose_log_is_in_another_form_is_ready_all_the_same() -> None:
    told = Told().hears("ready!\n")
    told.story.serves()
    told.hears("printed\n", stream="stdout")

    assert [event.pid for event in told.of(WorkerReady)] == [9]
    assert [event.text for event in told.of(Spoke)] == ["ready!\n", "printed\n"]


def test_a_broken_connection_is_explained_by_the_end_that_is_told_next() -> None:
    async def live() -> Any:
        told = Told().hears(BOOTING, READY)
        asking = asyncio.ensure_future(told.story.why(SILENCE))
        await asyncio.sleep(0)
        told.hears(record("Worker (pid:43) exited with code 7.", level="E"))
        return await asking

    why = run(live())

    assert (type(why), str(why)) == (WorkerCrashed, "pid 43: the worker ended with exit code 7 before it had answered")


def test_one_end_explains_one_broken_connection() -> None:
    """Without another one the second is what it looked like."""

    async def live() -> list[Any]:
        told = Told().hears(BOOTING, READY, record("Worker (pid:43) exited with code 7.", level="E"))
        return [await told.story.why(SILENCE), await told.story.why(SILENCE)]

    first, second = run(live())

    assert (type(first), second) == (WorkerCrashed, SILENCE)


def test_a_server_that_is_stopped_explains_nothing() -> None:
    async def live() -> Any:
        told = Told().hears(BOOTING, READY)
        told.story.is_stopping = True
        told.story.workers_end()
        return told, await told.story.why(SILENCE)

    told, why = run(live())

    assert isinstance(why, NotReady)
    assert [(end.pid, end.planned) for end in told.of(WorkerEnded)] == [(43, True)]


def test_requests_in_hand_are_counted() -> None:
    """Whoever drains waits for the last one; how long run() is busy is known meanwhile."""

    async def live() -> list[Any]:
        in_hand = InHand(is_alone=True)
        with in_hand.one_more():
            waiting = asyncio.ensure_future(in_hand.none_left())
            await asyncio.sleep(0)
            seen = [waiting.done(), in_hand.busy_s() is not None]
        await waiting
        return [*seen, in_hand.busy_s()]

    assert run(live()) == [False, True, None]


def test_one_worker_is_alone() -> None:
    assert is_alone({})
    assert not is_alone({"WORKER_COUNT": "2"})

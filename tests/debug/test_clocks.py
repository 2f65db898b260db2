"""Clocks stand still while the script is stopped; what the cloud would have said meanwhile is on the exchange."""

from __future__ import annotations

import time
from concurrent.futures import wait

from amlemu.debugging import DebugRules
from amlemu.events import WorkerPaused, WorkerResumed, WorkerTimedOut

from ..free_port import free_port
from .conftest import INIT, RUN, Desk

SLOW = """
    import time

    def init(): pass

    def run(data):
        before = 1
        time.sleep({})
        return before
"""


def hold(desk: Desk, seconds: float) -> None:
    """Stand at the breakpoint for so long, and go on."""
    stop = desk.editor.stopped()
    time.sleep(seconds)  # a person looks at it
    stop.go_on()


def test_six_seconds_under_managed_end_in_200(desk: Desk):
    """Its deadline is 5 s (contract 1.5)."""
    desk.serve(profile="managed")
    desk.attach(RUN)
    answer = desk.ask(5)
    hold(desk, 6.0)

    assert (answer.result().status_code, answer.result().json()) == (200, {"y": 15})
    exchange = desk.exchange()
    assert exchange.cloud is not None
    assert exchange.cloud.status == 408
    assert 4999 <= exchange.cloud_ms < 5500
    assert 6000 <= exchange.paused_ms < 9000
    assert exchange.elapsed_ms - exchange.paused_ms < 1000


def test_no_pause_keeps_the_clocks_running(desk: Desk):
    """As the cloud would: 408 at the deadline, while the worker still stands."""
    desk.serve(rules=DebugRules(port=0, stops_clocks=False), settings={"limits.request_timeout_ms": "300"})
    desk.attach(RUN)
    answer = desk.ask(5)
    stop = desk.editor.stopped()

    assert answer.result().status_code == 408
    assert not desk.told(WorkerResumed)
    stop.go_on()


def test_only_the_time_at_the_breakpoint_is_free(desk: Desk):
    """A request that goes on and takes too long is a 408 after all."""
    settings = {"limits.request_timeout_ms": "600"}
    desk.serve(SLOW.format(5), settings=settings)
    desk.attach(7)
    answer = desk.ask(5)
    hold(desk, 1.0)

    assert answer.result().status_code == 408
    exchange = desk.exchange()
    assert 1000 <= exchange.paused_ms < 3000
    assert 599 <= exchange.elapsed_ms - exchange.paused_ms < 1500


def test_who_waits_for_the_stopped_worker_has_time_too(desk: Desk):
    """The queue of Kubernetes gives up after so long (contract 2.2): not while nobody could be served."""
    settings = {"limits.max_queue_wait_ms": "300", "limits.max_concurrent_requests_per_instance": "1"}
    desk.serve(profile="kubernetes", settings=settings)
    desk.attach(RUN)
    first = desk.ask(1)
    stop = desk.editor.stopped()
    second = desk.ask(2)
    time.sleep(1.0)
    desk.editor.set_breakpoints(desk.script)
    stop.go_on()

    assert [answer.result().status_code for answer in (first, second)] == [200, 200]
    waited = desk.exchange(2)
    assert waited.cloud is not None
    assert waited.cloud.status == 503
    assert waited.paused_ms > 500


def test_scoring_timeout_stands_still(desk: Desk):
    """SCORING_TIMEOUT_MS is kept by the worker itself, by a signal."""
    desk.serve(SLOW.format(0.01), env={"SCORING_TIMEOUT_MS": "400"})
    desk.attach(7)
    answer = desk.ask(5)
    hold(desk, 1.0)

    assert answer.result().status_code == 200


def test_scoring_timeout_goes_on_where_it_stood(desk: Desk):
    """What is left of it counts again."""
    desk.serve(SLOW.format(5), env={"SCORING_TIMEOUT_MS": "400"}, profile="bare")
    desk.attach(7)
    answer = desk.ask(5)
    hold(desk, 1.0)

    assert answer.result().status_code == 500
    assert "Scoring timeout after 400 ms" in answer.result().text


def test_worker_timeout_stands_still(desk: Desk):
    """The host ends a worker that is busy for too long: not one that is stopped."""
    desk.serve(env={"WORKER_TIMEOUT": "1"}, profile="bare")
    desk.attach(RUN)
    answer = desk.ask(5)
    hold(desk, 2.5)

    assert answer.result().status_code == 200
    assert not desk.told(WorkerTimedOut)


def test_worker_timeout_goes_on_with_no_pause(desk: Desk):
    """Then a worker that is stopped is as dead as one that hangs."""
    desk.serve(rules=DebugRules(port=0, stops_clocks=False), env={"WORKER_TIMEOUT": "1"}, profile="bare")
    desk.attach(RUN)
    answer = desk.ask(5)
    desk.editor.stopped()

    assert desk.until_told(WorkerTimedOut).limit_s == 1.0
    assert answer.result().status_code == 500, "SystemExit in run(), as gunicorn's SIGABRT has it"


def test_health_of_a_stopped_worker_waits_with_it(desk: Desk):
    """A probe is a request like any other; nobody calls the deployment dead for that."""
    desk.serve(profile="managed", settings={"limits.request_timeout_ms": "1000"})
    desk.attach(RUN)
    answer = desk.ask(5)
    stop = desk.editor.stopped()
    desk.until_told(WorkerPaused)
    probe = desk.get("/")

    assert not wait({probe}, 1.5).done, (probe.result(), probe.result().text, desk.endpoint.events)
    stop.go_on()
    assert (answer.result().status_code, probe.result().status_code) == (200, 200)


def test_requests_before_a_stopped_init_wait_for_it(desk: Desk):
    """As long as a breakpoint holds init() nobody is told that the deployment is not ready."""
    desk.write()
    port, scoring = free_port(), free_port()
    starting = desk.begin(rules=DebugRules(port=port, wait_s=9), port=scoring, settings={"limits.boot_wait_ms": "300"})
    desk.editor.set_breakpoints(desk.script, INIT)
    desk.editor.attach(port)
    stop = desk.editor.stopped()
    early = desk.ask(1, url=f"http://127.0.0.1:{scoring}")
    time.sleep(0.5)
    assert not early.done()
    stop.go_on()
    starting.result(10)

    assert early.result().status_code == 200
    assert desk.told(WorkerPaused)[-1].function == "init"

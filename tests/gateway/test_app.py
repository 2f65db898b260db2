"""The front door: every request ends once, and silence of the backend is an end, too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import pytest
from amlemu import profile_file as profiles
from amlemu.errors import BackendTimeout, Busy, NotReady, Unreachable, WorkerCrashed
from amlemu.exchange import Exchange, Request, Response
from amlemu.gateway.app import FrontDoor, Witness
from amlemu.gateway.outcome import MapStatus
from amlemu.gateway.spoken import AnswerTable
from amlemu.gateway.stages import Stages
from amlemu.gateway.turn import Turn
from amlemu.gateway.visit import Visit
from amlemu.pauses import ANYBODY, Pauses

from .front_door import Breakpoint, Gate, Line, Served, echo, read_all, serving, until

pytestmark = pytest.mark.usefixtures("every_loop")

GET = b"GET /fail HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize("failure", [NotReady, Busy, WorkerCrashed, BackendTimeout, Unreachable])
def test_a_silent_backend_closes_the_connection(failure: type[Exception]) -> None:
    """Under `bare` nobody invents an answer; the exchange carries the reason, and the server lives."""

    async def answer(request: Request) -> Response:
        if request.target == "/fail":
            raise failure("nothing was said")
        return await echo(request)

    with serving(answer) as served:
        silence = served.ask(GET)
        after = served.ask(b"GET / HTTP/1.1\r\n\r\n")

    assert silence == b""
    assert after.startswith(b"HTTP/1.1 200 OK")
    assert [type(exchange.failure) for exchange in served.exchanges] == [failure, type(None)]


def test_a_fault_of_ours_costs_one_request(caplog: pytest.LogCaptureFixture) -> None:
    """An exception nobody foresaw is logged, its connection closed, and the server lives."""

    async def answer(request: Request) -> Response:
        if request.target == "/fail":
            raise ZeroDivisionError("ours")
        return await echo(request)

    with serving(answer) as served:
        silence = served.ask(GET)
        after = served.ask(b"GET / HTTP/1.1\r\n\r\n")

    assert silence == b""
    assert after.startswith(b"HTTP/1.1 200 OK")
    assert "ZeroDivisionError: ours" in caplog.text


def test_exchanges_are_numbered_and_timed() -> None:
    """The record holds what came in, what went out, and how long it took."""
    with serving(echo) as served:
        served.ask(b"POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc")
        served.ask(b"GET /b HTTP/1.1\r\n\r\n")

    first, second = served.exchanges
    assert (first.number, second.number) == (1, 2)
    assert (first.request.target, first.request.body) == ("/a", b"abc")
    assert first.response is not None
    assert (first.response.status, first.sent_bytes) == (200, len(b"POST /a abc"))
    assert first.elapsed_ms > 0


def test_the_scoring_port_has_nothing_but_the_scoring_routes() -> None:
    """FastAPI's own pages and redirects do not exist there: every path is the inference server's."""
    with serving(echo) as served:
        answers = [served.ask(b"GET %s HTTP/1.1\r\n\r\n" % path) for path in (b"/docs", b"/openapi.json", b"/score/")]

    assert [answer.rpartition(b"\r\n")[2] for answer in answers] == [
        b"GET /docs ",
        b"GET /openapi.json ",
        b"GET /score/ ",
    ]


@dataclass
class Rule:
    """A stage that answers with `says`, or leaves it to the next; an exception is raised."""

    says: Response | Exception | None
    asked: int = 0
    name = "rule"

    async def handle(self, visit: Visit) -> None:
        self.asked += 1
        if isinstance(self.says, Exception):
            raise self.says
        if self.says is not None:
            visit.refuse(self.says, "the rule says so")


async def answer(*stages: Rule, answering: Sequence[Rule] = ()) -> tuple[Line, list[Exchange]]:
    """Let one request pass a front door of these stages."""
    line, exchanges = Line(), []
    turn = Turn(Request("GET", "/", []), line)
    turn.complete()
    outcome = MapStatus(profiles.load("bare").statuses, AnswerTable(profiles.load("bare").answers, "endpoint"))
    door = FrontDoor(Stages(stages, [outcome, *answering]), Witness(exchanges.append))
    try:
        await door.answer(turn)
    except ZeroDivisionError:
        pass  # the wire's to handle
    return line, exchanges


def test_the_first_stage_that_answers_is_the_last_one_asked() -> None:
    """Order is the list's; no stage knows its neighbours."""
    stages = [Rule(None), Rule(Response(401, "No", [])), Rule(Response(200, "OK", []))]

    line, exchanges = asyncio.run(answer(*stages))

    assert [stage.asked for stage in stages] == [1, 1, 0]
    assert line.ends == [stages[1].says]
    assert [exchange.response for exchange in exchanges] == [stages[1].says]


def test_a_stage_that_finds_nobody_to_answer_ends_the_request() -> None:
    """By the profile's failure table, not by the stages behind it."""
    stages = [Rule(Busy("full")), Rule(Response(200, "OK", []))]

    line, exchanges = asyncio.run(answer(*stages))

    assert stages[1].asked == 0
    assert line.ends == ["closed"]
    assert [exchange.failure for exchange in exchanges] == [stages[0].says]


def test_a_fault_of_ours_is_on_the_record_too() -> None:
    """What happened to a request is on its exchange, whatever happened."""
    fault = ZeroDivisionError("ours")

    _, exchanges = asyncio.run(answer(Rule(fault)))

    assert [exchange.failure for exchange in exchanges] == [fault]


def test_a_stream_that_breaks_is_on_the_record_with_its_answer() -> None:
    """Head and first pieces went out, then the worker died: both facts stand on the exchange."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b"abc"
        raise WorkerCrashed("died")

    async def stream(request: Request) -> Response:
        return Response(200, "OK", [("Transfer-Encoding", "chunked")], pieces())

    with serving(stream) as served:
        data = served.ask(GET)

    exchange = served.exchanges[0]
    assert data.endswith(b"3\r\nabc\r\n")
    assert isinstance(exchange.failure, WorkerCrashed)
    assert exchange.response is not None
    assert exchange.sent_bytes == 3


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.let_go.set()


def post(body: bytes = b"", target: bytes = b"/score", more: bytes = b"") -> bytes:
    head = b"POST %b HTTP/1.1\r\nConnection: close\r\n%bContent-Length: %d\r\n\r\n" % (target, more, len(body))
    return head + body


# what each stage decided


def test_the_exchange_keeps_what_each_stage_decided() -> None:
    """In the order of the list, with the time that each took."""

    async def failing(request: Request) -> Response:
        await asyncio.sleep(0.02)
        return Response(500, "Internal Server Error", [("Content-Length", "0")], b"")

    with serving(failing, profile_name="managed") as served:
        served.ask(post())

    steps = served.exchanges[0].steps
    assert [(step.stage, step.decision) for step in steps] == [
        ("identify", ""),
        ("route", ""),
        ("size", ""),
        ("rate", ""),
        ("deadline", ""),
        ("admit", ""),
        ("forward", "the model said 500"),
        ("map status", "500 becomes 424"),
        ("response size", ""),
        ("finish headers", ""),
    ]
    assert all(step.ms >= 0 for step in steps)
    assert next(step.ms for step in steps if step.stage == "forward") > 15


def test_a_refusal_is_the_decision_of_its_stage() -> None:
    """Those behind it were not asked; those that make an answer of it were."""
    with serving(echo, profile_name="managed", limits__request_bytes="3") as served:
        served.ask(post(b"abcd"))

    why = "a body of 4 bytes, 3 are allowed"
    steps = served.exchanges[0].steps
    assert [step.stage for step in steps] == [
        "identify",
        "route",
        "size",
        "map status",
        "response size",
        "finish headers",
    ]
    assert [step.decision for step in steps] == ["", "", why, "", "", ""]


def test_a_stage_that_raises_is_the_last_step_of_those_that_ask() -> None:
    """Else nobody could see which one it was."""
    _, exchanges = asyncio.run(answer(Rule(None), Rule(ZeroDivisionError("ours")), Rule(None)))

    assert [step.stage for step in exchanges[0].steps] == ["rule", "rule", "map status"]


def test_a_stage_that_raises_behind_the_model_costs_one_request(caplog: pytest.LogCaptureFixture) -> None:
    """Its connection is closed, and both facts stand on the record: what the model said, and our fault."""
    said, fault = Response(200, "OK", [], b""), ZeroDivisionError("ours")

    line, exchanges = asyncio.run(answer(Rule(said), answering=[Rule(fault)]))

    assert line.ends == ["closed"]
    assert [(exchange.response, exchange.failure) for exchange in exchanges] == [(None, fault)]
    assert "a stage failed: GET /" in caplog.text


# the deadline


def test_a_request_that_is_overdue_is_recorded_once_and_told_of_when_it_is_done(gate: Gate) -> None:
    """The exchange is that of the answer, the rest is an event."""
    with serving(gate, profile_name="managed", limits__request_timeout_ms="50") as served:
        served.ask(post(target=b"/slow"))
        until(lambda: served.exchanges, "recorded")
        recorded = list(served.exchanges)
        gate.let_go.set()
        until(lambda: served.late, "done")

    (exchange,) = recorded
    assert served.exchanges == recorded
    assert isinstance(exchange.failure, BackendTimeout)
    assert (exchange.number, [late.number for late in served.late]) == (1, [1])


def test_a_model_that_dies_after_the_deadline_said_nothing(gate: Gate) -> None:
    """The late answer is none; the caller's stays 408."""

    async def dies(request: Request) -> Response:
        await gate(request)
        raise WorkerCrashed("died")

    # nginx would say 502 in its place
    settings = {"limits__request_timeout_ms": "50", "container__nginx": "off"}
    with serving(dies, profile_name="managed", **settings) as served:
        data = served.ask(post(target=b"/slow"))
        gate.let_go.set()
        until(lambda: served.late, "done")

    assert data.startswith(b"HTTP/1.1 408 ")
    assert [late.status for late in served.late] == [None]


def test_a_fault_of_ours_after_the_deadline_leaves_the_record_as_it_is(
    gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    """The caller was told 408, whatever happened afterwards."""

    async def stumbles(request: Request) -> Response:
        await gate(request)
        raise ZeroDivisionError("ours")

    with serving(stumbles, profile_name="managed", limits__request_timeout_ms="50") as served:
        served.ask(post(target=b"/slow"))
        gate.let_go.set()
        until(lambda: served.late, "done")

    (exchange,) = served.exchanges
    assert "ZeroDivisionError: ours" in caplog.text
    assert isinstance(exchange.failure, BackendTimeout)
    assert exchange.response is not None
    assert exchange.response.status == 408


async def overdue(*, locate: Any) -> list[Exchange]:
    """Let a request be answered by the deadline, with this way to look where the script is."""
    exchanges: list[Exchange] = []
    go_on = asyncio.Event()

    class Silent(Rule):
        async def handle(self, visit: Visit) -> None:
            visit.when_overdue(visit)
            await go_on.wait()

    turn = Turn(Request("GET", "/", []), Line())
    turn.complete()
    table = AnswerTable(profiles.load("managed").answers, "endpoint")
    outcome = MapStatus(profiles.load("managed").statuses, table)
    door = FrontDoor(Stages([Silent(None)], [outcome]), Witness(exchanges.append, locate=locate))
    answering = asyncio.ensure_future(door.answer(turn))
    while not exchanges:
        await asyncio.wait({answering}, timeout=0.01)
    go_on.set()
    await answering
    return exchanges


def test_at_the_deadline_somebody_looks_where_the_script_is() -> None:
    """After the answer and before the record, which holds it."""
    seen: list[bool] = []

    async def locate(exchange: Exchange) -> None:
        seen.append(exchange.response is not None and exchange.response.status == 408)
        exchange.where = "score.py:31 predict"

    (exchange,) = asyncio.run(overdue(locate=locate))

    assert seen == [True]
    assert exchange.where == "score.py:31 predict"


# --shadow


def lanes_of(exchange: Exchange) -> tuple[int | None, int | None]:
    """Return what the caller got, and what the cloud would have said."""
    response, cloud = exchange.response, exchange.cloud
    return response and response.status, cloud and cloud.status


def test_in_the_shadow_a_body_that_is_too_large_reaches_the_model() -> None:
    """Contract 1.2, 413; the caller gets what the model said about all of it."""
    with serving(echo, profile_name="managed", shadow=True, limits__request_bytes="3") as served:
        data = served.ask(post(b"abcd"))

    (exchange,) = served.exchanges
    assert data.startswith(b"HTTP/1.1 200 OK\r\n")
    assert data.endswith(b"POST /score abcd")
    assert lanes_of(exchange) == (200, 413)
    assert exchange.why == "a body of 4 bytes, 3 are allowed"
    assert 0 < exchange.cloud_ms <= exchange.elapsed_ms


def test_in_the_shadow_what_is_too_much_reaches_the_model(gate: Gate) -> None:
    """Contract 1.2, 429 (pending): the third of three at once."""
    with serving(gate, profile_name="managed", shadow=True) as served, ThreadPoolExecutor(2) as pool:
        held = [pool.submit(served.ask, post(target=b"/slow")) for _ in range(2)]
        until(lambda: len(gate.asked) == 2, "in work")
        third = served.ask(post(b"third"))
        gate.let_go.set()
        for one in held:
            one.result()

    assert third.endswith(b"POST /score third")
    assert [lanes_of(exchange) for exchange in served.exchanges] == [(200, 429), (200, 200), (200, 200)]


def test_in_the_shadow_the_deadline_is_noted_and_the_model_answers(gate: Gate) -> None:
    """Contract 1.2, 408; `cloud: 408 at 5.0 s`, here 0.1 s."""
    with serving(gate, profile_name="managed", shadow=True, limits__request_timeout_ms="100") as served:
        with served.connect() as client:
            client.sendall(post(b"all", b"/slow"))
            client.settimeout(0.3)
            with pytest.raises(TimeoutError):
                client.recv(1)
            gate.let_go.set()
            client.settimeout(5)
            data = read_all(client)
        until(lambda: served.exchanges, "recorded")

    (exchange,) = served.exchanges
    assert data.endswith(b"POST /slow all")
    assert lanes_of(exchange) == (200, 408)
    assert 90 < exchange.cloud_ms < exchange.elapsed_ms
    assert exchange.failure is None
    assert served.late == []


def test_in_the_shadow_the_first_thing_that_the_cloud_would_have_said_counts(gate: Gate) -> None:
    """A request that is refused is never overdue."""
    settings = {"limits__request_timeout_ms": "100", "limits__pending_factor": "1"}
    with serving(gate, profile_name="managed", shadow=True, **settings) as served, ThreadPoolExecutor(2) as pool:
        first = pool.submit(served.ask, post(target=b"/slow"))
        until(lambda: len(gate.asked) == 1, "in work")
        second = pool.submit(served.ask, post(target=b"/slow?second"))
        until(lambda: len(gate.asked) == 2, "in work, too")
        assert not wait([second], 0.3).done
        gate.let_go.set()
        for one in (first, second):
            one.result()

    clouds = {exchange.request.target: lanes_of(exchange) for exchange in served.exchanges}
    assert clouds == {"/slow": (200, 408), "/slow?second": (200, 429)}


@pytest.mark.parametrize(("status", "cloud"), [(500, 424), (200, 200)])
def test_in_the_shadow_the_model_s_own_status_goes_out(status: int, cloud: int) -> None:
    """Contract 1.2, 424 (model error)."""

    async def says(request: Request) -> Response:
        return Response(status, "Said", [("Content-Length", "2")], b"{}")

    with serving(says, profile_name="managed", shadow=True) as served:
        data = served.ask(post())

    assert data.startswith(b"HTTP/1.1 %d Said\r\n" % status)
    assert b"ms-azureml-model-error-statuscode" not in data
    assert [lanes_of(exchange) for exchange in served.exchanges] == [(status, cloud)]


class Nobody:
    """A doorkeeper who lets nobody in."""

    def refuses(self, authorization: str | None) -> str:
        return "nobody may"


def test_a_stranger_stays_outside_in_the_shadow_too(gate: Gate) -> None:
    """Contract 1.2, 401; the model is not asked."""
    with serving(gate, profile_name="managed", shadow=True, behind={"doorkeeper": Nobody()}) as served:
        data = served.ask(post())

    assert data.startswith(b"HTTP/1.1 401 Unauthorized\r\n")
    assert data.endswith(b"\r\n\r\nkey_auth_access_denied")
    assert gate.asked == []


def test_in_the_shadow_nobody_is_too_busy(gate: Gate) -> None:
    """Contract 2.2, 503: the wait for a slot is over, and the model is asked all the same."""
    settings = {"limits__max_queue_wait_ms": "50"}
    with serving(gate, profile_name="aks", shadow=True, **settings) as served, ThreadPoolExecutor(1) as pool:
        first = pool.submit(served.ask, post(target=b"/slow"))
        until(lambda: gate.asked, "in work")
        second = served.ask(post(b"second"))
        gate.let_go.set()
        first.result()

    assert second.endswith(b"POST /score second")
    assert [lanes_of(exchange) for exchange in served.exchanges] == [(200, 503), (200, 200)]


def test_in_the_shadow_who_is_overdue_in_the_queue_is_answered_by_the_model(gate: Gate) -> None:
    """The cloud would have said 504 while the request waited for a slot; what it would have said later does not count."""
    settings = {"limits__request_timeout_ms": "50", "limits__max_queue_wait_ms": "200"}
    with serving(gate, profile_name="aks", shadow=True, **settings) as served, ThreadPoolExecutor(1) as pool:
        first = pool.submit(served.ask, post(target=b"/slow"))
        until(lambda: gate.asked, "in work")
        second = served.ask(post(b"second"))
        gate.let_go.set()
        first.result()

    assert second.endswith(b"POST /score second")
    assert lanes_of(served.exchanges[0]) == (200, 504)


def test_an_answer_that_the_bandwidth_holds_back_is_not_lost(gate: Gate) -> None:
    """The deadline passes while the body is in debt: 408 then, the model is never asked, and nobody tells of it late."""
    limits = {"limits__bandwidth_bytes_per_second": "1000", "limits__request_timeout_ms": "100"}

    with serving(gate, profile_name="managed-current", **limits) as served:
        head = served.ask(b"POST /score HTTP/1.1\r\nConnection: close\r\nContent-Length: 1500\r\n\r\n" + bytes(1500))
        until(lambda: served.exchanges, "recorded")

    assert head.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert gate.asked == []
    assert served.late == []
    assert served.exchanges[0].where == "held back by the front door"


# while a debugger holds the model


HELD_S = 0.25
"""Longer than the deadline here, 0.1 s."""


def held(served: Served, gate: Gate) -> bytes:
    """Ask, let the script go on when it has been held for a while in which nobody is answered; return the answer."""
    with served.connect() as client:
        client.sendall(post(b"all", b"/slow"))
        client.settimeout(HELD_S)
        with pytest.raises(TimeoutError):
            client.recv(1)
        gate.let_go.set()
        client.settimeout(5)
        data = read_all(client)
    until(lambda: served.exchanges, "recorded")
    return data


@pytest.fixture(params=[{}, {"status": 500}, {"takes_s": 0.5}], ids=["says-200", "says-500", "goes-on-for-too-long"])
def stopped(request: pytest.FixtureRequest) -> Iterator[Breakpoint]:
    gate = Breakpoint(**request.param)
    yield gate
    gate.let_go.set()


def test_the_deadline_stands_still_while_a_debugger_holds_the_script(stopped: Breakpoint) -> None:
    """The caller is answered as if nobody had looked; the exchange has what the cloud would have said, and when."""
    expected = 408 if stopped.takes_s else 424 if stopped.status == 500 else 200
    settings = {"limits__request_timeout_ms": "100"}
    with serving(stopped, profile_name="managed", pauses=stopped.pauses, **settings) as served:
        data = held(served, stopped)
        if stopped.takes_s:
            until(lambda: served.late, "done")

    (exchange,) = served.exchanges
    assert data.startswith(b"HTTP/1.1 %d " % expected)
    assert lanes_of(exchange) == (expected, 408)
    assert 90 < exchange.cloud_ms < 200
    assert 200 < exchange.paused_ms < exchange.elapsed_ms
    assert isinstance(exchange.failure, BackendTimeout) == (expected == 408)
    assert [late.status for late in served.late] == ([200] if expected == 408 else [])


def test_what_is_left_of_the_deadline_counts_from_the_moment_when_the_script_goes_on() -> None:
    """It has been held almost from the beginning: 0.1 s are left."""
    gate = Breakpoint(takes_s=0.5)
    settings = {"limits__request_timeout_ms": "100"}
    with serving(gate, profile_name="managed", pauses=gate.pauses, **settings) as served:
        held(served, gate)
        until(lambda: served.late, "done")

    (exchange,) = served.exchanges
    assert 60 < exchange.elapsed_ms - exchange.paused_ms < 400


@pytest.mark.parametrize(("status", "takes_s"), [(500, 0.0), (200, 0.3)])
def test_in_the_shadow_the_model_answers_however_long_a_debugger_holds_it(status: int, takes_s: float) -> None:
    """And with its own status; the cloud would have said 408."""
    gate = Breakpoint(status=status, takes_s=takes_s)
    settings = {"limits__request_timeout_ms": "100"}
    with serving(gate, profile_name="managed", shadow=True, pauses=gate.pauses, **settings) as served:
        data = held(served, gate)

    (exchange,) = served.exchanges
    assert data.startswith(b"HTTP/1.1 %d " % status)
    assert lanes_of(exchange) == (status, 408)
    assert 90 < exchange.cloud_ms < 200 < exchange.paused_ms
    assert served.late == []


def test_the_clock_of_one_request_does_not_stand_still_for_another_one(gate: Gate) -> None:
    """A debugger holds the generation before, this one serves."""
    pauses = Pauses()
    pauses.begin(4711)
    settings = {"limits__request_timeout_ms": "50"}
    with serving(gate, profile_name="managed", pauses=pauses, **settings) as served:
        data = served.ask(post(target=b"/slow"))

    (exchange,) = served.exchanges
    assert data.startswith(b"HTTP/1.1 408 ")
    assert (exchange.cloud, exchange.paused_ms) == (None, 0)


def test_where_nobody_debugs_no_clock_stands_still() -> None:
    """The exchange has nothing to say about it."""
    with serving(echo, profile_name="managed") as served:
        served.ask(post())

    (exchange,) = served.exchanges
    assert (exchange.cloud, exchange.paused_ms) == (None, 0)


def test_the_first_thing_that_the_cloud_would_have_said_counts_here_too() -> None:
    """503 from the queue, before the deadline would have been 504; both stand still, and the model answers."""
    gate = Breakpoint()
    gate.pauses.begin(ANYBODY)
    settings = {"limits__max_queue_wait_ms": "50", "limits__request_timeout_ms": "150"}
    with serving(gate, profile_name="aks", pauses=gate.pauses, **settings) as served, ThreadPoolExecutor(1) as pool:
        first = pool.submit(served.ask, post(target=b"/slow?first"))
        until(lambda: gate.asked, "in work")
        second = held(served, gate)
        first.result()

    assert second.startswith(b"HTTP/1.1 200 ")
    assert [lanes_of(exchange) for exchange in served.exchanges] == [(200, 504), (200, 503)]
    assert all(exchange.paused_ms > 200 for exchange in served.exchanges)


def test_a_request_that_is_over_leaves_no_pause_behind(stopped: Breakpoint) -> None:
    """Nor one that a debugger holds after its caller was answered."""
    settings = {"limits__request_timeout_ms": "100"}
    with serving(stopped, profile_name="managed", pauses=stopped.pauses, **settings) as served:
        held(served, stopped)
        if stopped.takes_s:
            until(lambda: served.late, "done")

    assert (stopped.pauses._open, stopped.pauses._over) == ({}, {})


def test_who_is_held_after_the_deadline_leaves_no_pause_behind(gate: Gate) -> None:
    """Its caller has been answered, its exchange is recorded, and then somebody stops the script."""
    pauses = Pauses()

    async def stops_late(request: Request) -> Response:
        said = await gate(request)
        pauses.begin(request.number)
        pauses.end(request.number)
        return said

    settings = {"limits__request_timeout_ms": "50"}
    with serving(stops_late, profile_name="managed", pauses=pauses, **settings) as served:
        served.ask(post(target=b"/slow"))
        gate.let_go.set()
        until(lambda: served.late, "done")

    assert pauses._over == {}

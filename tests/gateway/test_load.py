"""How much there is: rates, requests in work, slots, deadlines, bandwidth."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from amlemu.errors import BackendFailure, BackendTimeout, Busy, NotReady
from amlemu.exchange import Request, Response
from amlemu.gateway.bucket import Bucket
from amlemu.gateway.load import Admit, Deadline, Rate, Ready, SlowRequest, SlowResponse
from amlemu.gateway.visit import Visit
from amlemu.pauses import ANYBODY, Pauses
from amlemu.readiness import Readiness

from .front_door import Gate, Served, echo, new_visit, profile_of, read_all, says_of, serving, until

SLOW = b"GET /slow HTTP/1.1\r\nConnection: close\r\n\r\n"
QUICK = b"GET /quick HTTP/1.1\r\nConnection: close\r\n\r\n"


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.let_go.set()


def status_of(visit: Visit) -> int | None:
    return None if visit.exchange.response is None else visit.exchange.response.status


def begin(served: Served, data: bytes) -> socket.socket:
    """Send a request whose answer is read later, or never."""
    client = served.connect()
    client.sendall(data)
    return client


# Rate


@pytest.mark.anyio
@pytest.mark.parametrize(("profile_name", "rate"), [("managed", 100), ("managed-2021", 100), ("managed-current", 500)])
async def test_so_many_requests_a_second(profile_name: str, rate: int) -> None:
    """Contract 1.5: 500 now, 100 in 2021; the next one is 429, without a body (8 #4)."""
    profile = profile_of(profile_name)
    stage, visits = Rate(profile, says_of(profile)), [new_visit() for _ in range(rate + 1)]
    began = time.monotonic()
    for visit in visits[:-1]:
        stage.handle(visit)
    while not visits[-1].is_answered and time.monotonic() < began + 1:  # a busy machine may need a third of a second
        stage.handle(visits[-1])

    response = visits[-1].exchange.response
    assert [status_of(visit) for visit in visits] == [None] * rate + [429]
    assert response is not None
    assert response.body == b""
    assert f"more than {rate} requests a second" in visits[-1].exchange.why


@pytest.mark.anyio
async def test_who_came_on_a_connection_too_many_is_refused() -> None:
    """With the reason that the connection was given."""
    profile = profile_of("managed-current")
    visit = new_visit(excess="more than 500 open connections")
    Rate(profile, says_of(profile)).handle(visit)

    assert (status_of(visit), visit.exchange.why) == (429, "more than 500 open connections")


def test_a_connection_too_many_is_answered_until_another_one_closes() -> None:
    """Contract 1.5, open connections: from real sockets, with room for one."""
    with serving(echo, profile_name="managed-current", limits__open_connections="1") as served:
        with served.connect() as first:
            first.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert first.recv(100).startswith(b"HTTP/1.1 200")
            second = served.ask(QUICK)
        until(lambda: served.ask(QUICK).startswith(b"HTTP/1.1 200"), "answered again")

    assert second.startswith(b"HTTP/1.1 429 Too Many Requests\r\n")


# Ready


def ready(readiness: Readiness, wait_ms: int) -> Awaitable[None] | None:
    return Ready(says_of(profile_of("managed")), readiness, wait_ms).handle(new_visit())


@pytest.mark.anyio
async def test_who_finds_the_model_ready_does_not_wait() -> None:
    """Nothing to await."""
    readiness = Readiness()
    readiness.serves()

    assert ready(readiness, 5000) is None


@pytest.mark.anyio
async def test_who_comes_before_the_end_of_init_may_wait_for_it() -> None:
    """As long as the profile says."""
    readiness = Readiness()
    waiting = ready(readiness, 5000)
    assert waiting is not None
    task = asyncio.ensure_future(waiting)
    early, _ = await asyncio.wait({task}, timeout=0)
    readiness.serves()
    await task

    assert early == set()


@pytest.mark.anyio
@pytest.mark.parametrize("wait_ms", [0, 20])
async def test_who_waits_in_vain_is_told_that_nobody_is_ready(wait_ms: int) -> None:
    """Also where no wait is allowed at all."""
    waiting = ready(Readiness(), wait_ms)
    assert waiting is not None

    with pytest.raises(NotReady):
        await waiting


@pytest.mark.anyio
async def test_a_script_that_does_not_start_is_not_waited_for() -> None:
    """Whoever comes, or waits already, is told why at once."""
    readiness = Readiness()
    waiting = ready(readiness, 60_000)
    assert waiting is not None
    task = asyncio.ensure_future(waiting)
    await asyncio.sleep(0)
    readiness.fails("generation 2 does not start: init() raised KeyError: 'a'")
    await asyncio.wait({task}, timeout=5)
    assert task.done()

    with pytest.raises(NotReady, match=r"generation 2 does not start: init\(\) raised KeyError: 'a'"):
        await task


def test_before_init_has_returned_there_is_no_model() -> None:
    """Contract 1.2, 424 (no model): reason `model_not_ready`; 8 #14: empty statuscode."""
    behind = {"readiness": Readiness()}
    with serving(echo, profile_name="managed", behind=behind, limits__boot_wait_ms="20") as served:
        data = served.ask(QUICK)

    assert data.startswith(b"HTTP/1.1 424 Failed Dependency\r\n")
    assert b"\r\nms-azureml-model-error-statuscode: \r\nms-azureml-model-error-reason: model_not_ready\r\n" in data


@pytest.mark.anyio
async def test_who_waits_for_the_end_of_init_does_not_give_up_while_a_debugger_holds_it() -> None:
    """The cloud would have said that nobody is ready; here the script is, in the end."""
    readiness, pauses = Readiness(), Pauses()
    pauses.begin(ANYBODY)
    spared: asyncio.Future[BackendFailure] = asyncio.get_running_loop().create_future()
    visit = new_visit(pauses=pauses, when_spared=lambda visit, failure: spared.done() or spared.set_result(failure))
    waiting = Ready(says_of(profile_of("managed")), readiness, 20).handle(visit)
    assert waiting is not None
    task = asyncio.ensure_future(waiting)
    failure = await asyncio.wait_for(spared, 5)
    readiness.serves()
    await asyncio.wait_for(task, 5)

    assert isinstance(failure, NotReady)
    assert str(failure) == "init() has not returned yet"


@pytest.mark.anyio
async def test_who_waits_for_a_script_that_a_debugger_held_in_vain_is_told_why() -> None:
    """It raises in the end."""
    readiness, pauses = Readiness(), Pauses()
    pauses.begin(ANYBODY)
    waiting = Ready(says_of(profile_of("managed")), readiness, 20).handle(new_visit(pauses=pauses))
    assert waiting is not None
    task = asyncio.ensure_future(waiting)
    await asyncio.wait({task}, timeout=0.05)
    readiness.fails("init() raised KeyError: 'a'")

    with pytest.raises(NotReady, match=r"init\(\) raised KeyError"):
        await asyncio.wait_for(task, 5)


def test_the_cloud_would_have_had_no_model_while_a_debugger_held_init() -> None:
    """Contract 1.2, 424 (no model), on the exchange; the caller is answered by the model."""
    readiness, pauses = Readiness(), Pauses()
    pauses.begin(ANYBODY)
    behind = {"readiness": readiness}
    settings = {"limits__boot_wait_ms": "20"}
    with serving(echo, profile_name="managed", behind=behind, pauses=pauses, **settings) as served:
        with begin(served, QUICK) as client:
            client.settimeout(0.2)
            with pytest.raises(TimeoutError):
                client.recv(1)
            served.call(readiness.serves)
            client.settimeout(5)
            data = read_all(client)
        until(lambda: served.exchanges, "recorded")

    (exchange,) = served.exchanges
    assert data.startswith(b"HTTP/1.1 200 ")
    assert exchange.cloud is not None
    assert exchange.cloud.status == 424
    assert exchange.cloud.header("ms-azureml-model-error-reason") == "model_not_ready"
    assert 15 < exchange.cloud_ms < 190 < exchange.paused_ms


# Deadline


@pytest.mark.anyio
async def test_the_deadline_starts_a_clock() -> None:
    """Which calls with the visit, and only then."""
    overdue: asyncio.Future[Visit] = asyncio.get_running_loop().create_future()
    visit = new_visit(when_overdue=overdue.set_result)
    Deadline(50).handle(visit)
    began = asyncio.get_running_loop().time()

    assert await asyncio.wait_for(overdue, 5) is visit
    assert asyncio.get_running_loop().time() - began > 0.045


@pytest.mark.anyio
async def test_the_deadline_is_looked_at_again_when_a_debugger_has_held_the_model() -> None:
    """What the cloud would have said is told at its moment, the caller's end comes by so much later."""
    loop, pauses = asyncio.get_running_loop(), Pauses()
    overdue: asyncio.Future[float] = loop.create_future()
    spared: asyncio.Future[BackendFailure] = loop.create_future()
    visit = new_visit(
        pauses=pauses,
        when_overdue=lambda visit: overdue.set_result(loop.time()),
        when_spared=lambda visit, failure: spared.done() or spared.set_result(failure),
    )
    visit.number(7)
    pauses.begin(7)
    began = loop.time()
    Deadline(50).handle(visit)
    failure = await asyncio.wait_for(spared, 5)
    noted_s = loop.time() - began
    pauses.end(7)
    overdue_s = await asyncio.wait_for(overdue, 5) - began

    assert isinstance(failure, BackendTimeout)
    assert str(failure) == "no answer within 0.05 s"
    assert noted_s > 0.045
    assert overdue_s > 0.09


def test_the_caller_is_answered_at_the_deadline(gate: Gate) -> None:
    """Contract 1.2, 408: body `upstream request timeout`; the container is not told and goes on working."""
    with serving(gate, profile_name="managed", limits__request_timeout_ms="300") as served:
        began = time.monotonic()
        data = served.ask(SLOW)
        took_s = time.monotonic() - began
        late_before = list(served.late)
        gate.let_go.set()
        until(lambda: served.late, "told that the model was done")

    head, _, body = data.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert body == b"upstream request timeout"
    assert 0.29 < took_s < 3
    assert late_before == []
    (late,) = served.late
    assert (late.number, late.method, late.target, late.status) == (1, "GET", "/slow", 200)
    assert 280 < late.answered_ms < 3000
    assert late.elapsed_ms >= late.answered_ms
    assert served.exchanges[0].response is not None
    assert served.exchanges[0].response.status == 408


# Admit: requests in work


def test_so_many_may_be_in_work_at_once(gate: Gate) -> None:
    """Contract 1.2, 429 (pending): more than 2 * m * i, here 2 * 2 * 1; a refusal never reaches a worker."""
    settings = {"limits__max_concurrent_requests_per_instance": "2"}
    with serving(gate, profile_name="managed", **settings) as served, ThreadPoolExecutor(4) as pool:
        held = [pool.submit(served.ask, SLOW) for _ in range(4)]
        until(lambda: len(gate.asked) == 4, "in work")
        refused = served.ask(QUICK)
        gate.let_go.set()
        answers = [answer.result() for answer in held]
        after = served.ask(QUICK)

    assert refused.startswith(b"HTTP/1.1 429 Too Many Requests\r\n")
    assert refused.endswith(b"\r\n\r\n")
    assert all(answer.startswith(b"HTTP/1.1 200") for answer in [*answers, after])
    assert [request.target for request in gate.asked] == ["/slow"] * 4 + ["/quick"]
    assert served.exchanges[0].why == (
        "4 requests are in work already (2 * 2 max_concurrent_requests_per_instance * 1 instance_count)"
    )


def admitted(stage: Admit, count: int) -> tuple[list[Visit], list[Awaitable[None] | None]]:
    visits = [new_visit() for _ in range(count)]
    return visits, [stage.handle(visit) for visit in visits]


def admit(profile_name: str, **settings: str) -> Admit:
    profile = profile_of(profile_name, **settings)
    return Admit(profile, says_of(profile))


@pytest.mark.parametrize(("m", "i", "most"), [(1, 1, 2), (3, 1, 6), (1, 5, 10), (2, 3, 12)])
def test_the_number_in_work_is_twice_the_slots_of_all_instances(m: int, i: int, most: int) -> None:
    """Contract 1.5: 2 * m * i in parallel."""
    settings = {"limits__max_concurrent_requests_per_instance": str(m), "limits__instance_count": str(i)}
    visits, waiting = admitted(admit("managed", **settings), most + 1)

    assert [status_of(visit) for visit in visits] == [None] * most + [429]
    assert set(waiting) == {None}


def test_a_request_is_in_work_until_its_caller_is_answered() -> None:
    """Not longer: at the deadline it makes room for another one, although its run() goes on."""
    stage = admit("managed")
    (first, _), _ = admitted(stage, 2)
    first.over()
    (next_one, too_many), _ = admitted(stage, 2)

    assert [status_of(next_one), status_of(too_many)] == [None, 429]


def test_half_a_request_is_not_in_work(gate: Gate) -> None:
    """A client that sends half a body and sleeps costs no place, however many there are of them."""
    with serving(gate, profile_name="managed") as served:
        halves = [begin(served, b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc") for _ in range(5)]
        with ThreadPoolExecutor(1) as pool:
            held = pool.submit(served.ask, SLOW)
            until(lambda: gate.asked, "in work")
            second = served.ask(QUICK)
            gate.let_go.set()
            first = held.result()
        for half in halves:
            half.close()

    assert [data[:12] for data in (first, second)] == [b"HTTP/1.1 200", b"HTTP/1.1 200"]


# Admit: slots and the wait for one


@pytest.mark.anyio
async def test_who_finds_no_free_slot_waits_its_turn() -> None:
    """First come, first served; one slot at a time."""
    stage = admit("aks", limits__max_queue_wait_ms="5000")
    (inside, *outside), (now, *later) = admitted(stage, 4)
    queue = [asyncio.ensure_future(waiting) for waiting in later if waiting is not None]
    before, _ = await asyncio.wait(queue, timeout=0)
    let_in = []
    for visit, place in zip([inside, *outside], queue, strict=False):
        visit.left()
        await asyncio.wait_for(place, 5)
        let_in.append([one.done() for one in queue])

    assert (now, before) == (None, set())
    assert let_in == [[True, False, False], [True, True, False], [True, True, True]]


@pytest.mark.anyio
async def test_who_waits_too_long_gives_up() -> None:
    """Contract 2.2: max_request_wait_time, then 503; who gave up takes no slot away from the next."""
    stage = admit("aks", limits__max_queue_wait_ms="20")
    (inside, _), (_, waiting) = admitted(stage, 2)
    assert waiting is not None
    with pytest.raises(Busy) as caught:
        await waiting
    inside.left()

    assert str(caught.value) == (
        "no free slot within 20 ms, there are 1 max_concurrent_requests_per_instance * 1 ready replicas"
    )
    assert admitted(stage, 1)[1] == [None]


@pytest.mark.anyio
async def test_who_waits_for_a_slot_does_not_give_up_while_a_debugger_holds_all() -> None:
    """The cloud would have: that is noted, and the slot is the waiting one's when it is free."""
    stage, pauses = admit("aks", limits__max_queue_wait_ms="20"), Pauses()
    pauses.begin(ANYBODY)
    (inside,), _ = admitted(stage, 1)
    spared: asyncio.Future[BackendFailure] = asyncio.get_running_loop().create_future()
    visit = new_visit(pauses=pauses, when_spared=lambda visit, failure: spared.done() or spared.set_result(failure))
    waiting = stage.handle(visit)
    assert waiting is not None
    task = asyncio.ensure_future(waiting)
    failure = await asyncio.wait_for(spared, 5)
    inside.left()
    await asyncio.wait_for(task, 5)

    assert isinstance(failure, Busy)
    assert stage._slots.free == 0


@pytest.mark.parametrize("slots", [1, 3])
def test_there_are_as_many_slots_as_instances_take(slots: int) -> None:
    """m * i of them."""
    stage = admit("kubernetes", limits__instance_count=str(slots))
    visits = [new_visit() for _ in range(slots)]

    assert [stage.handle(visit) for visit in visits] == [None] * slots
    assert stage._slots.free == 0


def test_a_slot_is_kept_until_the_model_is_done(gate: Gate) -> None:
    """Contract 2.1, 504: its caller is answered, the replica is still busy; the next one is 503 until it is done."""
    settings = {"limits__request_timeout_ms": "200", "limits__max_queue_wait_ms": "50"}
    with serving(gate, profile_name="aks", behind={"endpoint": "iris"}, **settings) as served:
        overdue = served.ask(SLOW)
        busy = served.ask(QUICK)
        gate.let_go.set()
        until(lambda: served.late, "done")
        after = served.ask(QUICK)

    assert overdue.startswith(b"HTTP/1.1 504 Gateway Timeout\r\n")
    assert busy.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert busy.endswith(b"\r\n\r\nToo many requests for service iris (overloaded)")
    assert after.startswith(b"HTTP/1.1 200 OK\r\n")
    assert [request.target for request in gate.asked] == ["/slow", "/quick"]


def test_waiting_counts_and_who_is_answered_meanwhile_is_never_forwarded(gate: Gate) -> None:
    """The deadline passes in the queue: 504, and when a slot is free it is the next one's."""
    settings = {"limits__request_timeout_ms": "200", "limits__max_queue_wait_ms": "5000"}
    with serving(gate, profile_name="aks", **settings) as served, ThreadPoolExecutor(2) as pool:
        held = [pool.submit(served.ask, SLOW)]
        until(lambda: gate.asked, "in work")
        held.append(pool.submit(served.ask, b"GET /waits HTTP/1.1\r\nConnection: close\r\n\r\n"))
        overdue = [answer.result() for answer in held]
        gate.let_go.set()
        after = served.ask(QUICK)

    assert [data[:12] for data in [*overdue, after]] == [b"HTTP/1.1 504", b"HTTP/1.1 504", b"HTTP/1.1 200"]
    assert [request.target for request in gate.asked] == ["/slow", "/quick"]


# bandwidth


@pytest.mark.anyio
async def test_a_request_waits_until_the_bandwidth_would_have_carried_it() -> None:
    """10 000 a second, 10 500 bytes: 50 ms."""
    visit, began = new_visit(body=b"x" * 10_500), asyncio.get_running_loop().time()
    waiting = SlowRequest(Bucket(10_000)).handle(visit)
    assert waiting is not None
    await waiting

    assert asyncio.get_running_loop().time() - began > 0.045
    assert (visit.request_delay_ms, visit.note) == (50, "delayed for 50 ms")


@pytest.mark.anyio
async def test_what_the_bandwidth_carries_does_not_wait() -> None:
    """And its answer says nothing of it."""
    visit, said = new_visit(body=b"x" * 5_000), Response(200, "OK", [("Content-Length", "5")], b"x" * 5)
    visit.exchange.response = said
    bandwidth = Bucket(10_000)

    assert SlowRequest(bandwidth).handle(visit) is None
    assert SlowResponse(bandwidth).handle(visit) is None
    assert visit.exchange.response is said


@pytest.mark.anyio
async def test_a_connection_that_closes_without_an_answer_owes_nothing() -> None:
    """There is nothing to carry, nor anything to write trailers behind."""
    visit = new_visit()
    visit.refuse(None, "no such path")

    assert SlowResponse(Bucket(1)).handle(visit) is None
    assert visit.exchange.response is None


async def large(request: Request) -> Response:
    """Say 1 500 bytes."""
    return Response(200, "OK", [("Content-Type", "text/plain"), ("Content-Length", "1500")], b"y" * 1500)


def test_what_was_delayed_says_so_behind_its_body() -> None:
    """Contract 1.3: two response trailers, each where there was a delay; trailers need chunks."""
    settings = {"limits__bandwidth_bytes_per_second": "10000"}
    with serving(large, profile_name="managed-current", **settings) as served:
        slow = b"POST /score HTTP/1.1\r\nConnection: close\r\nContent-Length: 10500\r\n\r\n" + b"x" * 10_500
        data = served.ask(slow)

    head, _, body = data.partition(b"\r\n\r\n")
    chunk, _, trailers = body.partition(b"\r\n0\r\n")
    assert b"Transfer-Encoding: chunked" in head
    assert b"content-length" not in head.lower()
    assert chunk == b"5DC\r\n" + b"y" * 1500
    names = [line.split(b": ")[0] for line in trailers.split(b"\r\n") if line]
    assert names == [b"ms-azureml-bandwidth-request-delay-ms", b"ms-azureml-bandwidth-response-delay-ms"]
    assert trailers.startswith(b"ms-azureml-bandwidth-request-delay-ms: 50\r\n")
    assert [step.decision for step in served.exchanges[0].steps if step.stage == "bandwidth in"] == [
        "delayed for 50 ms"
    ]


def test_an_answer_that_was_delayed_alone_has_one_trailer() -> None:
    """The request was small."""
    settings = {"limits__bandwidth_bytes_per_second": "1400"}
    with serving(large, profile_name="managed-current", **settings) as served:
        data = served.ask(QUICK)

    trailers = data.partition(b"\r\n0\r\n")[2]
    assert trailers.startswith(b"ms-azureml-bandwidth-response-delay-ms: ")
    assert b"request-delay" not in trailers


def test_http_1_0_knows_no_trailers() -> None:
    """Nor chunks: the body ends with the connection."""
    settings = {"limits__bandwidth_bytes_per_second": "1400"}
    with serving(large, profile_name="managed-current", **settings) as served:
        data = served.ask(b"GET / HTTP/1.0\r\n\r\n")

    head, _, body = data.partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head.lower()
    assert body == b"y" * 1500


def test_a_delayed_answer_without_a_body_leaves_the_connection_in_order() -> None:
    """HEAD has no chunks, either: what comes next on the connection is the next answer."""

    async def heads(request: Request) -> Response:
        return Response(200, "OK", [("Content-Length", "1500")], b"" if request.method == "HEAD" else b"y" * 1500)

    settings = {"limits__bandwidth_bytes_per_second": "1400"}
    with serving(heads, profile_name="managed-current", **settings) as served, served.connect() as client:
        head = b"HEAD / HTTP/1.1\r\n\r\n"
        client.sendall(b"GET / HTTP/1.1\r\n\r\n" + head + head.replace(b"1\r\n", b"1\r\nConnection: close\r\n", 1))
        data = read_all(client)

    first, *heads_only = data.split(b"HTTP/1.1 ")[1:]
    assert b"ms-azureml-bandwidth-response-delay-ms" in first
    assert [answer.partition(b"\r\n\r\n")[2] for answer in heads_only] == [b"", b""]

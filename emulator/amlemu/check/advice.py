"""
What a deployment should say to carry a load: the lines of its file, each with its reason, and what is said wrongly there now.

Pure: numbers in, words out. The formula is `capacity.py`'s; how settings belong together is contract 1.5, 1.7 and 2.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from amlemu.capacity import Load
from amlemu.memory import gigabytes

_MOST_TIMEOUT_MS = {"managed": 180_000, "kubernetes": 300_000, "aks": 300_000}  # contract 1.5, 1.7; 2.2
_AT_ONCE = {"aks": "maxConcurrentRequestsPerContainer"}
_AT_ONCE_OTHERWISE = "max_concurrent_requests_per_instance"
_SINGLE = {"aci": "an ACI web service", "local": "a local web service"}
_REPLICA_TAKES_TIME = "a new replica takes its time, and meanwhile there is a 503: more where peaks are sudden"
_BY_LOAD = "azureml-fe adds and removes replicas between these bounds"
_FOR_PEAKS = "what is left of 100 takes peaks"
_SPARE = 2  # times the slowest one that was measured: `assumed`, that the next hour has a slower one
_STEP_MS = 1000
_LEAST = 0.001  # what is less is nearly nothing
_SHORT_S = 0.1
_ROUNDING = 1e-9  # 0.29 * 100 is a little less than 29


@dataclass(frozen=True)
class Said:
    """
    What the deployment says now.

    Attributes:
        kind: `managed`, `kubernetes`, `aks` ...
        workers: WORKER_COUNT.
        at_once: max_concurrent_requests_per_instance; as many as workers where nobody limits it.
        instances: of them, the most there may be.
        timeout_ms: request_timeout_ms, 0 where there is none.
        cpus: processors of one instance; 0 where nobody says.
        memory_bytes: likewise.
    """

    kind: str
    workers: int = 1
    at_once: int = 1
    instances: int = 1
    timeout_ms: int = 0
    cpus: float = 0.0
    memory_bytes: int = 0


@dataclass(frozen=True)
class Seen:
    """What was measured: the middle and the slowest request in seconds, the largest worker in bytes; None is unknown."""

    latency_s: float
    slowest_s: float
    peak_bytes: int | None = None


@dataclass(frozen=True)
class Line:
    """One line of the file, and why it is so; without a reason it opens a section."""

    text: str
    reason: str = ""


def lines(load: Load, said: Said, seen: Seen | None) -> list[Line]:
    """Return the lines that carry the load, in the words of the deployment's file; none where no file can say it."""
    if said.kind in _SINGLE:
        return []
    return list(_of_v1(load, said, seen) if said.kind == "aks" else _of_v2(load, said, seen))


def mistakes(load: Load | None, said: Said, seen: Seen | None) -> list[str]:
    """Return what is wrong in what is said now, a sentence each; without a load only what is wrong for any."""
    return list(_wrong(load, said, seen))


def carried_rps(load: Load, instances: int) -> float:
    """Return how many requests a second so many instances answer with this latency, concurrency and utilization."""
    return instances * load.concurrency * load.utilization / load.latency_s


def reasoning(load: Load) -> str:
    """Write the formula with its numbers."""
    return (
        f"{exactly(load.rps)} requests/s * {duration(load.latency_s)} / {exactly(load.utilization)}"
        f" = {plainly(load.concurrent)} at once; {load.concurrency} an instance: {load.replicas}"
    )


def exactly(number: float) -> str:
    """Write all digits of a number that was typed, and no exponent."""
    return f"{Decimal(repr(number)).normalize():f}"


def plainly(number: float | Fraction) -> str:
    """Write a number that was computed as a person would: four digits that count, and no exponent."""
    if number >= 1000:
        return f"{float(number):.0f}"
    return f"{float(number):.4g}" if number >= _LEAST else f"less than {_LEAST:g}"


def duration(latency_s: float) -> str:
    """Write a time as exactly as it is known, short ones in milliseconds."""
    return (
        f"{exactly(latency_s)} s" if latency_s >= _SHORT_S else f"{exactly(float(Decimal(repr(latency_s)) * 1000))} ms"
    )


def _of_v2(load: Load, said: Said, seen: Seen | None) -> Iterator[Line]:
    why = reasoning(load)
    if said.kind == "kubernetes":
        yield Line("scale_settings:")
        yield Line("  type: target_utilization", _BY_LOAD)
        yield Line("  min_instances: 1", _REPLICA_TAKES_TIME)
        yield Line(f"  max_instances: {load.replicas}", why)
        yield Line(f"  target_utilization_percentage: {_percent(load)}", _FOR_PEAKS)
    else:
        yield Line(f"instance_count: {load.replicas}", why)
    yield Line("environment_variables:")
    yield Line(f'  WORKER_COUNT: "{load.concurrency}"', "a worker process for each request that is in work")
    yield Line("request_settings:")
    yield Line(
        f"  max_concurrent_requests_per_instance: {load.concurrency}",
        "as WORKER_COUNT: more would queue in the container",
    )
    if seen is not None and (timeout_ms := _timeout_ms(said, seen)):
        yield Line(f"  request_timeout_ms: {timeout_ms}", _slower(seen))


def _of_v1(load: Load, said: Said, seen: Seen | None) -> Iterator[Line]:
    yield Line('"autoScaler": {')
    yield Line('  "autoscaleEnabled": true,', _BY_LOAD)
    yield Line('  "minReplicas": 1,', _REPLICA_TAKES_TIME)
    yield Line(f'  "maxReplicas": {load.replicas},', reasoning(load))
    yield Line(f'  "targetUtilization": {_percent(load)}', _FOR_PEAKS)
    yield Line("},")
    timeout_ms = 0 if seen is None else _timeout_ms(said, seen)
    why = (
        f'with WORKER_COUNT "{load.concurrency}" among the environment\'s variables: more would queue in the container'
    )
    yield Line(f'"maxConcurrentRequestsPerContainer": {load.concurrency}{"," if timeout_ms else ""}', why)
    if seen is not None and timeout_ms:
        yield Line(f'"scoringTimeoutMs": {timeout_ms}', _slower(seen))


def _percent(load: Load) -> int:
    return max(1, floor(load.utilization * 100 + _ROUNDING))


def _slower(seen: Seen) -> str:
    return f"the slowest took {_time(seen.slowest_s)}, and there may be slower ones"


def _time(seconds: float) -> str:
    return duration(float(f"{seconds:.3g}"))


def _wrong(load: Load | None, said: Said, seen: Seen | None) -> Iterator[str]:
    name = _AT_ONCE.get(said.kind, _AT_ONCE_OTHERWISE)
    if said.at_once > said.workers:
        yield (
            f"{name} is {said.at_once} and WORKER_COUNT {said.workers}: it queues in the container,"
            " it does not run in parallel"
        )
    elif said.at_once < said.workers:
        yield f"WORKER_COUNT is {said.workers} and {name} {said.at_once}: some workers never work"
    if said.cpus and said.workers > ceil(said.cpus):
        yield f"WORKER_COUNT is {said.workers}, and an instance has {said.cpus:g} processors: workers wait for each other"
    if seen is not None:
        yield from _wrong_as_seen(said, seen)
    if load is not None and load.replicas > said.instances:
        carry = f"{said.instances} instances carry" if said.instances > 1 else "1 instance carries"
        alone = f"; {_SINGLE[said.kind]} is one container, and no file makes it more" if said.kind in _SINGLE else ""
        yield f"{carry} {plainly(carried_rps(load, said.instances))} requests/s, not {exactly(load.rps)}{alone}"


def _wrong_as_seen(said: Said, seen: Seen) -> Iterator[str]:
    most_ms = _most_ms(said)
    slowest = f"the slowest request took {_time(seen.slowest_s)}"
    if said.timeout_ms and seen.slowest_s * 1000 > said.timeout_ms:
        yield f"{slowest}, and the cloud waits for {exactly(said.timeout_ms / 1000)} s"
    if most_ms and seen.slowest_s * 1000 > most_ms:
        yield f"{slowest}, and no setting allows more than {most_ms // 1000} s"
    needed = (seen.peak_bytes or 0) * said.workers
    if said.memory_bytes and needed > said.memory_bytes:
        each = gigabytes(seen.peak_bytes or 0)
        yield f"{said.workers} workers of {each} each do not fit into {gigabytes(said.memory_bytes)}"


def _timeout_ms(said: Said, seen: Seen) -> int:
    """Return a time limit with room above the slowest one, in whole seconds; 0 where what holds now is enough, or nobody limits it."""
    wanted = ceil(seen.slowest_s * 1000 * _SPARE / _STEP_MS) * _STEP_MS
    allowed = min(wanted, _most_ms(said) or wanted)
    return allowed if said.timeout_ms and allowed > said.timeout_ms else 0


def _most_ms(said: Said) -> int:
    """Return the most that may be said; 0 where there is no such setting."""
    return _MOST_TIMEOUT_MS.get(said.kind, 0)

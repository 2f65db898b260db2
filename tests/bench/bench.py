"""
What is compared, with which target, round by round.

`ROWS` is the whole benchmark as a table. Each row is measured in rounds, amlemu and the real server in turn, each time
on a fresh server; a row's verdict is the median of the ratios of its rounds, amlemu divided by the real server. How a
figure is taken is `measure.py`'s business, how a server starts `contenders.py`'s, how it all is written `report.py`'s.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from . import contenders, fixtures, idle, measure, named, processes, saves
from .comparison import Figure, Result, Row, Target
from .contenders import Contender
from .report import as_text, report, setting_of

ROUNDS = 5
SECONDS = 3
WARM_UP_S = 0.3
REQUESTS_BEFORE_WEIGHING = 200
MIB = 2**20

WRK_MISSING = "wrk is not installed; it makes the load. Debian and Ubuntu: apt-get install wrk."
KEPT_ALIVE = ("--set", "wire.keep_alive=on")
MANAGED = (
    *("--profile", "managed", "--set", "limits.requests_per_second=1000000"),
    *("--set", "limits.max_concurrent_requests_per_instance=8"),  # else eight at once are six too many
)
KEEPING = (KEPT_ALIVE, MANAGED)
SMALL_BODY = b'{"data": [[59, 2, 32.1, 101, 157, 93.2, 38, 4, 4.8598, 87]]}'
BIG_BODY = b'{"data": "%s"}' % (b"x" * (1_400_000 - 12))


def under_load(
    contender: Contender, flags: tuple[str, ...], seconds: int, *, body: bytes, connections: int
) -> measure.Load:
    """
    Start the contender, warm it up for `WARM_UP_S`, load it for `seconds`, and see that it still answers.

    Raises:
        MeasurementFailed: it did not; or it keeps connections alive although the row compares closing ones.
    """
    with contenders.spawned(contender, flags) as server, tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(body)
        file.flush()
        measure.seconds_to_healthy(server)
        closes = measure.warm_up(server, body, WARM_UP_S)
        if not closes and flags not in KEEPING:
            raise measure.MeasurementFailed(f"{contender.name} keeps connections alive; this row compares closing ones")
        load = measure.load(server, Path(file.name), connections, seconds)
        measure.score(server, body)
        return load


def throughput(body: bytes, connections: int) -> Callable[[Contender, tuple[str, ...], int], Figure]:
    """Return a measurement of requests a second."""

    def requests_per_s(contender: Contender, flags: tuple[str, ...], seconds: int) -> Figure:
        load = under_load(contender, flags, seconds, body=body, connections=connections)
        return Figure(load.requests_per_s, f"p50 {load.p50_us / 1e3:.2f} ms, p99 {load.p99_us / 1e3:.2f} ms")

    return requests_per_s


def median_latency(contender: Contender, flags: tuple[str, ...], seconds: int) -> Figure:
    """Measure p50 in milliseconds at one connection, small bodies."""
    load = under_load(contender, flags, seconds, body=SMALL_BODY, connections=1)
    return Figure(load.p50_us / 1e3, f"p99 {load.p99_us / 1e3:.2f} ms, {load.requests_per_s:.0f} requests/s")


def start_up(contender: Contender, flags: tuple[str, ...], _seconds: int) -> Figure:
    """Measure the milliseconds from spawning the command to the first 200 ``Healthy``."""
    with contenders.spawned(contender, flags) as server:
        return Figure(measure.seconds_to_healthy(server) * 1e3)


def memory(contender: Contender, flags: tuple[str, ...], _seconds: int) -> Figure:
    """Measure the PSS in MiB of the command and all its descendants, after `REQUESTS_BEFORE_WEIGHING` requests."""
    with contenders.spawned(contender, flags) as server:
        measure.seconds_to_healthy(server)
        for _ in range(REQUESTS_BEFORE_WEIGHING):
            measure.score(server, SMALL_BODY)
        weight = processes.memory_of(server.process.pid)
    each = " + ".join(f"{pss / MIB:.1f}" for pss in weight.pss_bytes)
    return Figure(sum(weight.pss_bytes) / MIB, f"processes {each}; RSS {sum(weight.rss_bytes) / MIB:.1f}")


ROWS = (
    Row(
        "close8",
        "8 connections, each closed after its answer, as the real server does",
        "requests/s",
        digits=0,
        target=Target(at_least=2.5),
        measure=throughput(SMALL_BODY, connections=8),
    ),
    Row(
        "keep8",
        "8 connections, kept alive by amlemu; the real server always closes",
        "requests/s",
        digits=0,
        target=Target(at_least=4.0, goal=5),
        measure=throughput(SMALL_BODY, connections=8),
        flags=KEPT_ALIVE,
    ),
    Row(
        "managed8",
        "profile managed with its rate raised, 8 connections, kept alive; the real server always closes",
        "requests/s",
        digits=0,
        target=Target(at_least=3.5),
        measure=throughput(SMALL_BODY, connections=8),
        flags=MANAGED,
    ),
    Row(
        "p50",
        "median latency at 1 connection, kept alive by amlemu; the real server always closes",
        "ms",
        digits=3,
        target=Target(at_most=0.6),
        measure=median_latency,
        flags=KEPT_ALIVE,
    ),
    Row(
        "big8",
        "bodies of 1.4 MB at 8 connections, each closed after its answer",
        "requests/s",
        digits=0,
        target=Target(at_least=2.0),
        measure=throughput(BIG_BODY, connections=8),
    ),
    Row(
        "start",
        "from spawning the command to the first 200 Healthy",
        "ms",
        digits=0,
        target=Target(at_most=1.2),
        measure=start_up,
        needs_wrk=False,
    ),
    Row(
        "memory",
        f"PSS of all processes after {REQUESTS_BEFORE_WEIGHING} requests",
        "MiB",
        digits=1,
        target=Target(at_most=1.5),
        measure=memory,
        needs_wrk=False,
    ),
    Row(
        "reload",
        f"from a save to the first answer of the new code, p50 of {saves.SAVES} saves; the real server is restarted; "
        "the script imports scikit-learn and pandas, its init() loads a model",
        "ms",
        digits=0,
        target=Target(at_most=0.125, ours_at_most=150.0, allowance="init()"),
        measure=saves.first_answer,
        flags=("--reload",),
        needs_wrk=False,
    ),
    Row(
        "idle",
        f"CPU time while nothing happens and {idle.FOLDERS * idle.FILES_IN_EACH} files are watched, by amlemu only",
        "% of a CPU",
        digits=2,
        target=Target(ours_at_most=1.0),
        measure=idle.idle_cpu,
        flags=("--profile", "managed", "--reload"),
        needs_wrk=False,
    ),
    Row(
        "fixture-run",
        "one call in a test: scoring_script.run(); the real server is asked by httpx",
        "us",
        digits=0,
        target=Target(ours_at_most=150.0, allowance="run()"),
        measure=fixtures.call("script"),
        needs_wrk=False,
    ),
    Row(
        "fixture-client",
        "one call in a test: scoring_client.score() in process, profile managed; the real server is asked by httpx",
        "us",
        digits=0,
        target=Target(ours_at_most=500.0, allowance="run()"),
        measure=fixtures.call("client"),
        needs_wrk=False,
    ),
    Row(
        "fixture-again",
        "a test's set-up with a script that is loaded already; the real server's start",
        "ms",
        digits=2,
        target=Target(ours_at_most=5.0),
        measure=fixtures.ready("setup_ms"),
        needs_wrk=False,
    ),
    Row(
        "fixture-worker",
        "the first endpoint with a worker, its init() does nothing; the real server's start",
        "ms",
        digits=0,
        target=Target(ours_at_most=500.0),
        measure=fixtures.ready("worker_ms"),
        needs_wrk=False,
    ),
    Row(
        "fixture-1000",
        "1 000 tests of one script through scoring_client, pytest's own start included; the real server runs already",
        "s",
        digits=2,
        target=Target(ours_at_most=10.0),
        measure=fixtures.thousand,
        needs_wrk=False,
    ),
    Row(
        "create",
        "an endpoint with a name, from create to Succeeded: examples/diabetes with a worker; the real server's start",
        "s",
        digits=2,
        target=Target(ours_at_most=3.0),
        measure=named.created,
        needs_wrk=False,
    ),
)


def run(row: Row, ours: Contender, real: Contender, rounds: int, seconds: int) -> Result:
    """Measure a row in interleaved rounds (ours, real, ours, real ...); a failure ends the row, not the benchmark."""
    result = Result(row)
    try:
        for number in range(1, rounds + 1):
            result.ours.append(row.measure(ours, row.flags, seconds))
            result.real.append(row.measure(real, (), seconds))
            tell(
                f"{row.name} {number}/{rounds}: {result.ours[-1].value:.{row.digits}f} to "
                f"{result.real[-1].value:.{row.digits}f} {row.unit}, ratio {as_text(result.ratios[-1])}"
            )
    except measure.MeasurementFailed as exc:
        result.failure = str(exc).splitlines()[0]  # what the server printed names paths; it goes to the terminal only
        tell(f"{row.name} failed: {exc}")
    return result


def warm_caches(ours: Contender, real: Contender) -> None:
    """Start each server once, unmeasured: the first start ever compiles modules and fills the page cache."""
    for contender in (ours, real):
        with contenders.spawned(contender) as server:
            measure.seconds_to_healthy(server)


def tell(message: str) -> None:
    """Show progress beside the report, which alone goes to standard output."""
    print(message, file=sys.stderr, flush=True)


def parse_arguments(words: list[str] | None) -> argparse.Namespace:
    """Read the command line (`words`, else sys.argv); `rows` of the result are those chosen, in the order of `ROWS`."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="amlemu beside the real server.")
    parser.add_argument("--rounds", type=positive, default=ROUNDS, help=f"rounds of each row ({ROUNDS})")
    parser.add_argument("--seconds", type=positive, default=SECONDS, help=f"duration of one wrk run ({SECONDS})")
    parser.add_argument("--only", default="", metavar="ROW,ROW", help=", ".join(row.name for row in ROWS))
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the report there, too")
    parser.add_argument(
        "--ours-command",
        metavar="COMMAND",
        help="serve our side with this; {script} and {port} are filled in, {flags} becomes the flags of a row",
    )
    arguments = parser.parse_args(words)
    chosen = set(filter(None, arguments.only.split(",")))
    unknown = chosen - {row.name for row in ROWS}
    if unknown:
        parser.error(f"no row named {', '.join(sorted(unknown))}; rows: {', '.join(row.name for row in ROWS)}")
    arguments.rows = [row for row in ROWS if not chosen or row.name in chosen]
    return arguments


def positive(text: str) -> int:
    """Read a whole number of 1 or more."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def main(words: list[str] | None = None) -> int:
    """Run the benchmark; 0: all targets met, 1: one missed or not measured, 2: something needed is not installed."""
    # SIGTERM ends us as Ctrl-C does: through the `finally` that stops the server
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    arguments = parse_arguments(words)
    if not processes.PROC.is_dir():
        tell("The benchmark reads /proc, so it runs on Linux only.")
        return 2
    wrk = measure.wrk_version()
    if wrk is None and any(row.needs_wrk for row in arguments.rows):
        tell(WRK_MISSING)
        return 2
    try:
        ours, real = contenders.amlemu(arguments.ours_command), contenders.azmlinfsrv()
    except contenders.ServerMissing as exc:
        tell(str(exc))
        return 2

    setting = setting_of(
        wrk,
        rounds=arguments.rounds,
        seconds=arguments.seconds,
        is_ours_replaced=bool(arguments.ours_command),
    )
    try:
        warm_caches(ours, real)
    except measure.MeasurementFailed as exc:
        tell(str(exc))
        return 1
    results = [run(row, ours, real, arguments.rounds, arguments.seconds) for row in arguments.rows]
    text = report(results, setting)
    print(text, end="")
    if arguments.write:
        arguments.write.write_text(text)
    return 0 if all(result.is_met for result in results) else 1

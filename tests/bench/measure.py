"""
The figures: requests a second and latency under `wrk`, time until healthy. And how to ask a server, once or until
something is so.

Every function looks at one running server from outside, over loopback, with a limit on how long it looks. Which
figures are compared, and with what target, is `bench.py`'s business; memory is read by `processes.py`.
"""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .contenders import LOOPBACK, Contender, Server, clean_environment

WRK_SCRIPT = Path(__file__).resolve().parent / "wrk.lua"
WRK_MARK = "amlemu-bench "
HEALTH_REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
HEALTH_TIMEOUT_S = 60.0
STATE_TIMEOUT_S = 60.0
POLL_S = 0.002
ANSWER_TIMEOUT_S = 10.0


class MeasurementFailed(Exception):
    """A server did not start, or did not answer as it must; a figure taken from it would mean nothing."""


@dataclass(frozen=True)
class Answer:
    """What came back for one request; `closes` is whether the server closes the connection after it."""

    status: int
    body: bytes
    closes: bool


@dataclass(frozen=True)
class Load:
    """What wrk counted in one run; latencies from sending a request to the end of its answer, connecting excluded."""

    requests: int
    duration_us: int
    p50_us: int
    p99_us: int
    connect: int
    read: int
    write: int
    status: int
    timeout: int

    @property
    def requests_per_s(self) -> float:
        return self.requests / (self.duration_us / 1e6)

    @property
    def problems(self) -> str:
        """
        Return what went wrong, or nothing.

        No error is excused: the real server closes every connection without wrk seeing one.
        """
        counts = {
            "answers with status 400 or more": self.status,
            "connect errors": self.connect,
            "read errors": self.read,
            "write errors": self.write,
            "answers later than 2 s": self.timeout,
        }
        return ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)


def wrk_version() -> str | None:
    """Return the version of wrk, such as ``4.1.0``; None when it is not installed."""
    if shutil.which("wrk") is None:
        return None
    # wrk --version ends with 1, and Debian writes "wrk debian/4.1.0-3+b2 [epoll] ..."
    banner = subprocess.run(["wrk", "--version"], capture_output=True, text=True, check=False, timeout=10).stdout
    return banner.split()[1] if banner.startswith("wrk ") else "of unknown version"


def load(server: Server, body: Path, connections: int, seconds: int) -> Load:
    """
    Send the file `body` to /score for `seconds`, over `connections` connections from one thread.

    Raises:
        MeasurementFailed: wrk did not end, said nothing, or saw an error.
    """
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(WRK_SCRIPT)]
    command += [f"http://{LOOPBACK}:{server.port}/score", "--", str(body)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 30)
    except subprocess.TimeoutExpired as exc:
        raise MeasurementFailed(f"{server.name}: wrk did not end {exc.timeout:.0f} s after its start") from exc

    counted = parse_wrk(done.stdout)
    if counted is None:
        raise MeasurementFailed(f"{server.name}: wrk gave no figures: {(done.stderr or done.stdout).strip()}")
    if counted.problems or not counted.requests:
        raise MeasurementFailed(f"{server.name}: {counted.requests} answers; {counted.problems}")
    return counted


def parse_wrk(output: str) -> Load | None:
    """Read the line that `wrk.lua` prints last; None when there is none."""
    for line in reversed(output.splitlines()):
        if line.startswith(WRK_MARK):
            return Load(**json.loads(line.removeprefix(WRK_MARK)))
    return None


def seconds_to_healthy(server: Server) -> float:
    """
    Return the seconds from spawning the command to the end of its first 200 ``Healthy``.

    Raises:
        MeasurementFailed: the process ended, or was not healthy after `HEALTH_TIMEOUT_S` seconds.
    """
    deadline_s = server.spawned_at_s + HEALTH_TIMEOUT_S
    while not _answers_healthy(server.port):
        see_that_it_runs(server)
        if time.perf_counter() > deadline_s:
            raise MeasurementFailed(f"{server.name} is not healthy after {HEALTH_TIMEOUT_S} s:\n{server.last_words()}")
        time.sleep(POLL_S)
    return time.perf_counter() - server.spawned_at_s


def see_that_it_runs(server: Server) -> None:
    """Raise MeasurementFailed when the process has ended."""
    status = server.process.poll()
    if status is not None:
        raise MeasurementFailed(f"{server.name} ended with status {status}:\n{server.last_words()}")


def settle(contender: Contender, server: Server) -> None:
    """Wait until a server that reloads has imported ahead what its next worker needs."""
    wait_for_state(contender, server, lambda state: str(state["launcher"]).startswith("fork"))


def wait_for_state(contender: Contender, server: Server, is_reached: Callable[[dict[str, Any]], bool]) -> None:
    """Ask how the server is until it is so; raise MeasurementFailed after `STATE_TIMEOUT_S` seconds."""
    command = [word.format(port=server.port) for word in contender.status]
    deadline_s = time.perf_counter() + STATE_TIMEOUT_S
    while True:
        see_that_it_runs(server)
        told = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, check=False)
        if told.returncode == 0 and is_reached(json.loads(told.stdout)):
            return
        if time.perf_counter() > deadline_s:
            raise MeasurementFailed(f"{server.name} does not get there: {told.stdout}{told.stderr}")
        time.sleep(POLL_S)


def _answers_healthy(port: int) -> bool:
    answer = b""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=ANSWER_TIMEOUT_S) as connection:
            connection.sendall(HEALTH_REQUEST)
            while not answer.endswith(b"\r\n\r\nHealthy") and (piece := connection.recv(4096)):
                answer += piece
    except OSError:  # refused, reset or silent: not yet
        return False
    return answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"\r\n\r\nHealthy")


def score(server: Server, body: bytes) -> bool:
    """
    Send one request on a connection of its own, and see that the script's answer comes back.

    Returns:
        True when the server closes the connection after its answer, False when it offers to keep it.

    Raises:
        MeasurementFailed: any other answer, or none.
    """
    try:
        answer = ask(server, body)
    except (OSError, http.client.HTTPException) as exc:
        raise MeasurementFailed(f"{server.name} did not answer: {exc!r}\n{server.last_words()}") from exc
    if (answer.status, answer.body) != (200, b'{"n": %d}' % len(body)):
        raise MeasurementFailed(f"{server.name} answered {answer} to a body of {len(body)} bytes")
    return answer.closes


def ask(server: Server, body: bytes) -> Answer:
    """Send one request on a connection of its own; raise OSError or HTTPException when no answer comes."""
    connection = http.client.HTTPConnection(LOOPBACK, server.port, timeout=ANSWER_TIMEOUT_S)
    try:
        connection.request("POST", "/score", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        closes = response.will_close
        return Answer(response.status, response.read(), closes)
    finally:
        connection.close()


def warm_up(server: Server, body: bytes, seconds: float) -> bool:
    """Score one request after the other for `seconds`, at least once; return what the last `score` returned."""
    end_s = time.perf_counter() + seconds
    closes = score(server, body)
    while time.perf_counter() < end_s:
        closes = score(server, body)
    return closes

"""Waiting for a container: against a server on this machine in a container's place; real ones are in tests/container."""

from __future__ import annotations

import http.server
import threading

import pytest
from amlemu.errors import AmlemuError
from amlemu_harness.containers import State
from amlemu_harness.ends import NoServer
from amlemu_harness.readiness import ContainerEnded, NotReadyInTime, account_of, wait_until_ready

RUNNING = State("running", 0, is_running=True, was_out_of_memory=False, error="")
BOOT = b"""x | gunicorn/run | Starting AzureML Inference Server HTTP.
2026-11-22 09:52:46,488 E [43] azmlinfsrv - Traceback (most recent call last):
  File "/var/azureml-app/src/score.py", line 2, in init
    import nope
ModuleNotFoundError: No module named 'nope'

2026-11-22T09:52:46,488012855+00:00 - gunicorn/finish 3 0
2026-11-22T09:52:46,489922586+00:00 - Exit code 3 is not normal. Killing image.
"""


class Stand:
    """What stands in a container's place: as much of it as a wait asks for."""

    name, where, image = "ep.blue", "container ep.blue", "img:1"

    def __init__(self, state=RUNNING, address=None, log=b""):
        self._state, self._address, self._log = state, address, log

    def state(self):
        return self._state

    def address(self, port):
        assert port == 5001
        return self._address

    def logs(self, tail=None):
        return self._log


def exited(code, status="exited", **more):
    return State(status, code, **{"is_running": False, "was_out_of_memory": False, "error": "", **more})


@pytest.fixture
def answering():
    """Start a server that answers with these statuses, one after the other, the last one again and again."""
    servers = []

    def start(*statuses):
        left = list(statuses)

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(left.pop(0) if len(left) > 1 else left[0])
                self.end_headers()

            def log_message(self, *words):
                pass

        servers.append(http.server.HTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return servers[-1].server_address[:2]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def failed(stand, patience_s=0.3, **given):
    with pytest.raises(AmlemuError) as caught:
        wait_until_ready(stand, patience_s, **given)
    return caught.value


def test_502_is_waited_out(answering):
    """nginx is up, and the server behind it not yet."""
    assert 0 < wait_until_ready(Stand(address=answering(502, 502, 200)), 5) < 5


def test_a_server_that_stays_away_is_told_by_what_nginx_says(answering):
    told = failed(Stand(address=answering(502), log=BOOT))

    assert isinstance(told, NotReadyInTime)
    assert told.seen == "its nginx answers 502: the server behind it is gone, or has not begun"
    assert str(told).splitlines()[:3] == [
        "container ep.blue: not ready within 0.3 s: score.py:2: the module nope is not installed in the environment",
        "It ran, and its nginx answers 502: the server behind it is gone, or has not begun.",
        "amlemu container logs ep.blue shows its whole log.",
    ]


def test_another_answer_than_200_is_not_ready(answering):
    assert failed(Stand(address=answering(503))).seen == "answers GET / with 503 Service Unavailable"


def test_a_container_that_has_ended_is_told_with_its_cause_first():
    told = failed(Stand(exited(111), log=BOOT))

    assert isinstance(told, ContainerEnded)
    assert (told.end.code, told.end.server_code) == (111, 3)
    assert str(told).splitlines() == [
        "container ep.blue: it ended before it answered: score.py:2: the module nope is not installed in the environment",
        "exit code 111: the server inside ended with 3. A worker failed to boot: the scoring script could not be loaded, "
        "checked or initialised. (contract 3.4, 4.12: observed)",
        "amlemu container logs ep.blue shows its whole log.",
        "its log says:",
        '    File "/var/azureml-app/src/score.py", line 2, in init',
        "      import nope",
        "  ModuleNotFoundError: No module named 'nope'",
        "last lines of its log:",
        *(f"  {line}" for line in BOOT.decode().splitlines() if line),
    ]


def test_a_kill_for_memory_is_the_engines_word():
    told = failed(Stand(exited(137, was_out_of_memory=True), log=b"x | gunicorn/run | \n"))

    assert str(told).splitlines()[0] == (
        "container ep.blue: it ended before it answered: it used more memory than it may (--memory, or the deployment's), and the"
        " kernel killed a process in it"
    )
    assert str(told).splitlines()[1] == (
        "exit code 137: Killed by the kernel: the container used more memory than it may. (the engine's own word, OOMKilled)"
    )


@pytest.mark.parametrize("code", [0, 1, 127])
def test_an_image_without_a_server_ends_at_once(code):
    told = failed(Stand(exited(code), log=b"sh: 1: serve: not found\n"))

    assert isinstance(told, NoServer)
    assert str(told) == (
        f"container ep.blue: the image img:1 has no inference server: its command ended at once with exit code {code}. "
        "Expected one that serves on port 5001, as Azure's inference images do. "
        'Its last words: "sh: 1: serve: not found".'
    )


def test_a_server_that_ends_with_1_is_a_server():
    assert isinstance(failed(Stand(exited(1), log=b"azmlinfsrv: error: no such option\n")), ContainerEnded)


def test_nothing_that_listens_is_no_server():
    told = failed(Stand(address=("127.0.0.1", 9)))

    assert isinstance(told, NoServer)
    assert told.what == "the image img:1 has no inference server: after 0.3 s nothing listens on port 5001 in it"


def test_a_port_that_is_not_published_is_told():
    assert failed(Stand(log=b"azmlinfsrv")).seen == "port 5001 is not published"


def test_one_that_was_removed_meanwhile_is_told():
    assert str(failed(Stand(exited(0, status="removed")))) == "container ep.blue: it was removed while it was started"


def test_who_waits_may_stop_waiting():
    """The look is called each time before the container is asked."""

    def look():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        wait_until_ready(Stand(), 5, look)


def test_an_account_without_a_cause_has_the_last_lines():
    account = account_of(Stand(log=b"\n".join(b"line %d" % number for number in range(30))))

    assert (account.cause, account.excerpt) == ("", ())
    assert account.tail[0] == "line 18"
    assert account.tail[-1] == "line 29"

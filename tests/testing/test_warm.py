"""What tests of one session share, and when it goes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from amlemu.errors import BootFailed, ScoringFailed, Unreachable, UsageError
from amlemu.testing.choice import Choice
from amlemu.testing.client import ScoringClient
from amlemu.testing.hosts import InProcess, Remote, Served
from amlemu.testing.loaded import LoadedScript
from amlemu.testing.warm import Warm

Write = Callable[[str, str], Path]
COUNTS = """
    import os

    count = 0

    def init(): ...

    def run(data):
        global count
        count += 1
        return {"pid": os.getpid(), "count": count, "mode": os.environ.get("MODE", "")}
"""


@pytest.fixture
def warm() -> Iterator[Warm]:
    found = Warm(keys={"AMLEMU_KEY": "secret"}.get)
    yield found
    found.close()


@pytest.fixture
def script(write: Write) -> str:
    return str(write("score.py", COUNTS))


def scored(warm: Warm, **wishes: Any) -> dict[str, Any]:
    with ScoringClient(warm.host(Choice(**wishes))) as client:
        return dict(client.score("x"))


@pytest.mark.parametrize("target", ["inprocess", "worker"])
def test_equal_wishes_share_a_script_or_workers(warm: Warm, script: str, target: str) -> None:
    """And others do not: of a variable the script sees, its profile is none of its business in process."""
    first = scored(warm, script=script, target=target)
    second = scored(warm, script=script, target=target)
    strict = scored(warm, script=script, target=target, env=(("MODE", "strict"),))

    assert (first["count"], second["count"], strict["count"]) == (1, 2, 1)
    assert (first["pid"] == second["pid"], strict["mode"]) == (True, "strict")


def test_profiles_share_the_script_of_this_process(warm: Warm, script: str) -> None:
    """One init() for all clouds."""
    counts = [scored(warm, script=script, target="inprocess", profile=name)["count"] for name in ("managed", "bare")]

    assert counts == [1, 2]
    assert warm.script(Choice(script=script)).run("x")["count"] == 3


@pytest.mark.parametrize("target", ["inprocess", "worker"])
def test_a_fresh_one_is_not_shared(warm: Warm, script: str, target: str) -> None:
    """And ends when whoever has asked for it says so."""
    choice = Choice(script=script, target=target, fresh=True)
    hosts = [warm.host(choice), warm.host(choice)]

    counts = []
    for host in hosts:
        with ScoringClient(host) as client:
            counts.append(client.score("x")["count"])
        warm.end(host)

    assert counts == [1, 1]
    if target == "worker":
        with pytest.raises(httpx.ConnectError):
            httpx.get(hosts[0].url)


@pytest.mark.parametrize("target", ["inprocess", "worker"])
def test_a_script_that_was_written_anew_is_another(warm: Warm, write: Write, script: str, target: str) -> None:
    """A test may write its script itself, each time another one to the same place."""
    scored(warm, script=script, target=target)
    write("score.py", "def init(): ...\ndef run(data): return {'anew': data}")

    assert scored(warm, script=script, target=target) == {"anew": "x"}


@pytest.mark.parametrize("target", ["inprocess", "worker"])
def test_a_script_that_does_not_start_is_tried_once(warm: Warm, write: Write, tmp_path: Path, target: str) -> None:
    """However many tests ask for it."""
    text = "open('tries', 'a').write('x')\ndef init(): raise ValueError('no weights')\ndef run(data): ..."
    choice = Choice(
        script=str(write("score.py", f"import warnings\nwarnings.simplefilter('ignore')\n{text}")), target=target
    )

    for _ in range(3):
        with pytest.raises(BootFailed, match="no weights"):
            warm.host(choice)

    assert (tmp_path / "tries").read_text() == "x"


def test_endpoints_that_nobody_asks_for_any_more_are_stopped(warm: Warm, script: str) -> None:
    """Eight stay: a suite with a deployment for each test would fill the machine."""
    choices = [Choice(script=script, target="worker", env=(("MODE", str(number)),)) for number in range(9)]
    first, *others = [warm.host(choice) for choice in choices]

    warm.rest()

    with pytest.raises(httpx.ConnectError):
        httpx.get(first.url)
    assert all(httpx.get(host.url).status_code == 200 for host in others)
    assert scored(warm, script=script, target="worker", env=(("MODE", "0"),))["count"] == 1


def test_an_endpoint_that_has_ended_is_made_again(warm: Warm, write: Write) -> None:
    """A script can end all of its server: exit code 4 halts the master, as in the cloud. The next test has another."""
    text = "import os\ndef init(): ...\ndef run(data):\n    if data == 'die': os._exit(4)\n    return data"
    choice = Choice(script=str(write("score.py", text)), target="worker", profile="bare")
    host = warm.host(choice)
    with ScoringClient(host) as client:
        with pytest.raises(ScoringFailed, match="the connection was closed"):
            client.score("die")
        deadline = time.monotonic() + 10
        while not host.has_ended:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        with pytest.raises(ScoringFailed, match=r"nobody answers any more \(worker, profile bare\).*exit code 4"):
            client.score("x")

    with ScoringClient(warm.host(choice)) as client:
        assert client.score("x") == "x"


def test_nobody_at_a_url_is_told(warm: Warm) -> None:
    """Before any test is run against it."""
    with pytest.raises(Unreachable, match=r"nobody answers at http://127\.0\.0\.1:1: "):
        warm.host(Choice(target="http://127.0.0.1:1/score"))


@pytest.mark.parametrize("target", ["inprocess", "worker"])
def test_another_variable_of_the_process_is_another_script(
    warm: Warm, write: Write, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    """init() has seen it, so what it made of it does not depend on which test came first."""
    text = "import os\ndef init():\n    global mode\n    mode = os.environ.get('MODE', '')\ndef run(data): return mode"
    script = str(write("score.py", text))

    def asked() -> str:
        with ScoringClient(warm.host(Choice(script=script, target=target))) as client:
            return str(client.score("x"))

    assert asked() == ""
    monkeypatch.setenv("MODE", "strict")
    assert asked() == "strict"
    monkeypatch.delenv("MODE")
    assert asked() == ""


def test_scripts_that_nobody_asks_for_any_more_go(warm: Warm, script: str) -> None:
    """Sixteen stay in this process: each holds its model."""
    for number in range(17):
        assert scored(warm, script=script, target="inprocess", env=(("MODE", str(number)),))["count"] == 1

    warm.rest()

    counts = [
        scored(warm, script=script, target="inprocess", env=(("MODE", str(number)),))["count"] for number in (16, 0)
    ]
    assert counts == [2, 1]


def test_a_key_is_shown_where_one_is_asked_for(warm: Warm, script: str, tmp_path: Path) -> None:
    """By the client itself, so that tests are about the script; nothing is kept beside it."""
    choice = Choice(script=script, target="inprocess", profile="managed", auth="key")
    with ScoringClient(warm.host(choice)) as client:
        assert client.score("x")["count"] == 1
        assert client.post("/score", json={}, headers={"Authorization": "Bearer other"}).status_code == 401
    assert not (tmp_path / ".amlemu").exists()


def test_a_token_is_shown_likewise(warm: Warm, script: str) -> None:
    """Made with the endpoint's own keys."""
    with ScoringClient(warm.host(Choice(script=script, target="inprocess", auth="aad_token"))) as client:
        assert client.score("x")["count"] == 1


def test_a_url_is_asked_as_it_is(warm: Warm, script: str) -> None:
    """With the key of AMLEMU_KEY; a profile puts a front door of ours before it."""
    there = warm.host(Choice(script=script, target="worker", profile="bare"))
    plain = warm.host(Choice(target=f"{there.url}/score"))
    doored = warm.host(Choice(script=script, target=there.url, profile="managed"))

    assert isinstance(plain, Remote)
    assert isinstance(doored, Served)
    with ScoringClient(plain) as client:
        assert client.score("x")["count"] == 1
        assert client.last.request.header("Authorization") == "Bearer secret"
        assert client.get("/nowhere").status_code == 404
    with ScoringClient(doored) as client:
        assert client.score("x")["count"] == 2
        assert client.get("/nowhere").status_code == 424


def test_a_file_that_is_gone_is_told(warm: Warm, tmp_path: Path) -> None:
    """Not as an error of ours."""
    with pytest.raises(UsageError, match="no such file"):
        warm.host(Choice(script=str(tmp_path / "gone.py"), target="inprocess"))


def test_what_a_test_has_changed_is_put_back(warm: Warm, script: str) -> None:
    """When it is over, whichever way it came to the script."""
    host = warm.host(Choice(script=script, target="inprocess"))
    assert isinstance(host, InProcess)
    host.script.module.count = 100

    warm.rest()

    assert ScoringClient(host).score("x")["count"] == 1


@pytest.mark.parametrize("way", ["script", "client"])
def test_a_script_that_is_asked_for_again_stays(warm: Warm, script: str, way: str) -> None:
    """Whichever way: sixteen others do not push it out."""

    def asked(number: int) -> LoadedScript:
        choice = Choice(script=script, target="inprocess", env=(("MODE", str(number)),))
        if way == "script":
            return warm.script(choice)
        host = warm.host(choice)
        assert isinstance(host, InProcess)
        return host.script

    first = asked(0)
    for number in range(1, 17):
        asked(number)
        asked(0)
        warm.rest()

    assert asked(0) is first


def test_what_a_script_does_not_see_does_not_make_another_of_it(warm: Warm, script: str) -> None:
    """Keys and limits are the front door's."""
    more: list[dict[str, Any]] = [
        {},
        {"auth": "key"},
        {"settings": (("limits.request_bytes", "5"),)},
        {"request_settings": (("request_timeout_ms", 7),)},
    ]
    hosts = [warm.host(Choice(script=script, target="inprocess", **one)) for one in more]

    assert len({id(host.script) for host in hosts if isinstance(host, InProcess)}) == 1


@pytest.mark.parametrize("ends", ["end", "close"])
def test_links_go_with_their_script(warm: Warm, write: Write, tmp_path: Path, ends: str) -> None:
    """At the end of a fresh one's test, or of the session."""
    (tmp_path / "w").write_text("1")
    path = write("src/score.py", COUNTS)
    choice = Choice(script=str(path), target="inprocess", models=(("w:1", str(tmp_path / "w")),), fresh=ends == "end")
    host = warm.host(choice)
    assert list(tmp_path.glob("src/.amlemu/*"))

    if ends == "end":
        warm.end(host)
    else:
        warm.close()

    assert not list(tmp_path.glob("src/.amlemu/*"))


def test_the_key_is_shown_through_a_front_door_of_ours(warm: Warm, script: str) -> None:
    """To whoever answers behind it."""
    there = warm.host(Choice(script=script, target="worker", profile="bare"))
    assert isinstance(there, Served)
    doored = warm.host(Choice(script=script, target=there.url, profile="managed"))

    with ScoringClient(doored) as client:
        client.score("x")

    assert there.endpoint.exchanges[-1].request.header("Authorization") is not None


@pytest.mark.parametrize("target", ["inprocess", "worker"])
def test_asynchronous_clients_show_the_key_too(warm: Warm, script: str, target: str) -> None:
    """As the others."""
    with ScoringClient(warm.host(Choice(script=script, target=target, auth="key"))) as client:
        assert asyncio.run(client.asynchronous().score("x"))["count"] == 1


def test_calls_of_run_leave_the_clients_answers_alone(warm: Warm, script: str) -> None:
    """Though nobody wants the server's answer to the first."""
    host = warm.host(Choice(script=script, target="inprocess"))
    assert isinstance(host, InProcess)
    with ScoringClient(host) as client:
        assert (host.script.run("x")["count"], client.score("x")["count"]) == (1, 2)


def test_a_worker_that_dies_in_init_does_not_start(warm: Warm, write: Write) -> None:
    """The cloud would start it for ever; a test is told, with its last words."""
    text = "import os, sys\ndef init():\n    sys.stderr.write('no licence\\n')\n    sys.stderr.flush()\n    os._exit(5)\ndef run(data): ..."

    with pytest.raises(
        BootFailed, match=r"ended with exit code 5 while it loaded or in init\(\), 3 times\. Its last words: no licence"
    ):
        warm.host(Choice(script=str(write("score.py", text)), target="worker"))


def test_an_endpoint_that_is_about_to_end_is_not_given_to_the_next_test(warm: Warm, write: Write) -> None:
    """Its port is closed before its processes are gone."""
    text = "import os\ndef init(): ...\ndef run(data):\n    if data == 'die': os._exit(3)\n    return data"
    choice = Choice(script=str(write("score.py", text)), target="worker", profile="bare")
    host = warm.host(choice)
    assert isinstance(host, Served)
    with ScoringClient(host) as client, pytest.raises(ScoringFailed):
        client.score("die")
    deadline = time.monotonic() + 10
    while host.endpoint.ended_by is None:
        assert time.monotonic() < deadline
        time.sleep(0.001)

    other = warm.host(choice)

    assert other is not host
    with ScoringClient(other) as client:
        assert client.score("x") == "x"

"""How commands find the server that is meant, and what they do when it is not there."""

from __future__ import annotations

import json
import os
import socket
import threading
from contextlib import contextmanager
from dataclasses import asdict, replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from amlemu.control import note as notes
from amlemu.control.client import Found, NobodyServes, find
from amlemu.errors import AmlemuError, Unreachable, UsageError

from ..free_port import free_port


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """Be in a folder of no script."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def put(folder, note):
    place = folder / ".amlemu" / note.scoring.rpartition(":")[2]
    place.mkdir(parents=True)
    (place / "control.json").write_text(json.dumps(asdict(note)))


# found


@pytest.mark.parametrize("words", ["../score.py", ".."])
def test_a_script_or_its_folder_names_its_server(running, elsewhere, words):
    assert find(words).note == running.note


def test_without_a_script_it_is_that_of_the_current_folder(running, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert find().note == running.note


def test_a_folder_that_is_a_link_is_the_same_folder(running, tmp_path, elsewhere):
    (elsewhere / "link").symlink_to(tmp_path)

    assert find("link/score.py").note == running.note


def test_a_script_that_has_been_deleted_still_has_its_server(running, tmp_path):
    assert not (tmp_path / "score.py").exists()
    assert find(str(tmp_path / "score.py")).note == running.note


def test_a_server_whose_note_lies_elsewhere_is_found_by_its_port(make, tmp_path, elsewhere):
    """As where the script's folder cannot be written."""
    running = make(folder=tmp_path / "private")

    assert find(str(tmp_path / "score.py")).note == running.note


def test_a_server_is_found_from_any_folder(make, tmp_path, elsewhere):
    """When the port says which one; nothing else would be sure on a machine with several."""
    running = make(scoring=61234)

    assert find(port=61234).note == running.note
    assert find(port=61234).port == 61234


def test_the_port_tells_two_servers_apart(make, tmp_path):
    first, second = make(scoring=61001), make(script=tmp_path / "other.py", scoring=61002)

    assert find(str(tmp_path), 61001).note == first.note
    assert find(str(tmp_path), 61002).note == second.note


def test_the_script_tells_two_servers_of_a_folder_apart(make, tmp_path):
    make(scoring=61001)
    second = make(script=tmp_path / "other.py", scoring=61002)

    assert find(str(tmp_path / "other.py")).note == second.note


def test_the_deployment_tells_those_of_an_endpoint_apart(make, tmp_path, elsewhere):
    """They have one port, and often one script."""
    script = tmp_path / "score.py"
    for name in ("blue", "green"):
        make(folder=tmp_path / ".amlemu" / name, script=script, scoring=61009, deployment=name)

    assert find(str(script), None, "green").note.deployment == "green"
    assert find(port=61009, deployment="blue").note.deployment == "blue"
    with pytest.raises(UsageError) as refused:
        find(port=61009)
    assert str(refused.value) == (
        "2 servers are running. Say which one: "
        f"--port 61009 --deployment blue ({script}), --port 61009 --deployment green ({script})."
    )
    with pytest.raises(NobodyServes, match="no amlemu is serving on port 61009 as deployment red"):
        find(port=61009, deployment="red")


def test_a_server_is_found_by_each_of_the_usual_control_ports(make, elsewhere):
    """A machine with many endpoints has many servers."""
    wanted = next(port for port in range(5099, 5069, -1) if is_free(port))
    running = make(wanted_port=wanted, scoring=61010)

    assert find(port=61010).note == running.note


def is_free(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


# not found


def test_several_servers_are_listed(make, tmp_path):
    make(scoring=61001)
    make(script=tmp_path / "other.py", scoring=61002)
    with pytest.raises(UsageError) as refused:
        find(str(tmp_path))

    assert str(refused.value) == (
        f"2 servers are running. Say which one: --port 61001 ({tmp_path}/score.py), --port 61002 ({tmp_path}/other.py)."
    )


def test_nobody_is_told_with_the_command_that_helps(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "score.py").write_text("")
    with pytest.raises(NobodyServes) as refused:
        find("score.py", 61003)

    assert str(refused.value) == (
        "no amlemu is serving score.py on port 61003. Start one with amlemu serve score.py --port 61003."
    )


def test_nobody_serves_a_script_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NobodyServes) as refused:
        find("scor.py")

    assert str(refused.value) == f"no amlemu is serving scor.py. {tmp_path}/scor.py does not exist, either."


def test_a_server_on_another_port_is_not_meant(running, tmp_path):
    with pytest.raises(NobodyServes):
        find(str(tmp_path / "score.py"), 61004)


def test_a_note_whose_port_is_silent_is_not_believed(tmp_path, elsewhere):
    """Its process is there, but it is another one."""
    url = f"http://127.0.0.1:{free_port()}"
    put(tmp_path, notes.Note(os.getpid(), url, "token", str(tmp_path / "score.py"), "http://127.0.0.1:61005", 1.0))

    with pytest.raises(NobodyServes):
        find(str(tmp_path / "score.py"))


def test_a_note_that_leads_to_another_server_is_not_believed(running, tmp_path, elsewhere):
    """Its port was taken over; that server must not get a token that is not its own."""
    put(elsewhere, replace(running.note, script=str(elsewhere / "mine.py"), scoring="http://127.0.0.1:61006"))

    with pytest.raises(NobodyServes):
        find("mine.py")


@contextmanager
def stranger(answer):
    """Answer every GET with these bytes, on a port where control ports are; yields it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *words):
            pass

    server = None
    for port in range(5050, 5070):
        try:
            server = HTTPServer(("127.0.0.1", port), Handler)
            break
        except OSError:
            continue
    assert server is not None
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.mark.parametrize("answer", [b"hello", b"[]", b"7", b'{"amlemu": "1"}', b'{"amlemu": "1", "folder": 7}'])
def test_strangers_on_those_ports_do_no_harm(tmp_path, elsewhere, answer):
    with stranger(answer), pytest.raises(NobodyServes):
        find(port=61007)


def test_a_stranger_who_names_the_folder_of_another_is_not_believed(make, tmp_path, elsewhere):
    """Else it would be given the token."""
    running = make(folder=tmp_path / "private", scoring=61008)
    claim = json.dumps({"amlemu": "1", "scoring": "", "folder": str(running.folder)}).encode()
    with stranger(claim):
        found = find(port=61008)

    assert found.note.url == running.url


# asked


def test_what_is_refused_is_a_usage_error(running):
    with pytest.raises(UsageError) as refused:
        Found(running.note).ask("GET", "/logs", lines=-1)

    assert str(refused.value) == "lines: Input should be greater than or equal to 0"


def test_a_token_that_is_not_right_says_so(running):
    with pytest.raises(UsageError) as refused:
        Found(replace(running.note, token="old")).ask("GET", "/status")

    assert str(refused.value) == "not the token. Each start of a server has a new one; read it again."


def test_a_server_that_has_ended_is_unreachable(make):
    """At a port that no other server of the tests takes meanwhile."""
    running = make(wanted_port=free_port())
    found = Found(running.note)
    running.stop()
    with pytest.raises(Unreachable) as ended:
        found.ask("GET", "/status")

    assert str(ended.value) == f"{running.url}: the server has ended"


def test_a_server_that_takes_too_long_is_unreachable(running):
    with pytest.raises(Unreachable) as late:
        Found(running.note).ask("POST", "/reload", patience_s=0.05)

    assert str(late.value) == f"{running.url}: no answer within 0.05 s"


def test_a_server_that_stops_meanwhile_says_so(running):
    """Not the caller's fault."""
    failures = []

    def reload():
        try:
            Found(running.note).ask("POST", "/reload", patience_s=None)
        except AmlemuError as error:
            failures.append(error)

    thread = threading.Thread(target=reload)
    thread.start()
    while not running.door._state.tasks:
        pass
    running.stop()
    thread.join(10)

    assert [type(failure) for failure in failures] == [AmlemuError]
    assert str(failures[0]) == f"{running.url}/reload: the server is stopping"


def test_lines_come_one_by_one(running, server):
    server.transcript.add("stdout", "one\ntwo\n")

    assert [line["text"] for line in Found(running.note).lines("/logs", lines=5)] == ["one", "two"]


def test_a_line_may_have_signs_that_end_lines_elsewhere(running, server):
    """U+2028 stands as it is in JSON; a script may well print it."""
    server.transcript.add("stdout", "one\u2028still one\x85\x1c\n")

    assert [line["text"] for line in Found(running.note).lines("/logs", lines=5)] == ["one\u2028still one\x85\x1c"]

"""The control port's life: which port, what lies in the folder, and an end that waits for nobody."""

from __future__ import annotations

import asyncio
import http.client
import os
import re
import socket
import time

import pytest
from amlemu.control.port import ControlPort
from amlemu.errors import UsageError

from ..free_port import free_port


def test_the_port_is_5050_or_the_next_free_one(make):
    first, second = make(scoring=5001), make(scoring=5002)

    assert 5050 <= first.door.port <= 5099
    assert 5050 <= second.door.port <= 5099
    assert second.url == f"http://127.0.0.1:{second.door.port}"


def test_where_all_of_those_are_taken_it_is_any_other(make, monkeypatch):
    """The note says which."""
    monkeypatch.setattr("amlemu.control.port._is_free", lambda port: False)
    server = make(scoring=5001)

    assert not 5050 <= server.door.port <= 5099
    assert server.url == f"http://127.0.0.1:{server.door.port}"


def test_a_port_that_was_asked_for_is_that_one(make):
    port = free_port()

    assert make(wanted_port=port).door.port == port


def test_a_port_that_was_asked_for_and_is_taken_names_its_holder(server, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError) as refused:
            ControlPort(server, tmp_path, port).open()

    assert re.fullmatch(
        rf"--control-port {port}: taken by pid {os.getpid()} \(.+\)\."
        r" Leave --control-port out to have 5050 or the next free one, or stop that process\.",
        str(refused.value),
    )


def test_the_note_tells_how_to_ask(make, server, tmp_path):
    running = make()
    note = running.note

    assert (note.pid, note.url, note.script) == (os.getpid(), running.url, str(tmp_path / "score.py"))
    assert (note.scoring, note.started_at) == ("http://127.0.0.1:5001", 1000.0)
    assert len(note.token) == 43


def test_a_note_that_is_gone_is_written_again(running, tmp_path):
    """As after `git clean -fdx`; without it nobody could find the server."""
    before = running.note
    (tmp_path / ".amlemu").rename(tmp_path / "gone")  # at once; it is written at any moment
    deadline = time.monotonic() + 10
    while not (running.folder / "control.json").exists():
        assert time.monotonic() < deadline

    assert running.note == before


def test_a_folder_that_is_away_is_not_made_anew(running, tmp_path):
    """The script's, as a whole: who has moved it wants to put it back."""
    away = tmp_path.with_name("away")
    tmp_path.rename(away)
    deadline = time.monotonic() + 0.1  # some looks
    while time.monotonic() < deadline:
        assert not tmp_path.exists()

    away.rename(tmp_path)


def test_each_start_has_its_own_token(make):
    first = make(scoring=5001).note.token

    assert make(scoring=5002).note.token != first


def test_a_stopped_port_leaves_nothing(make, tmp_path):
    """No note, no folder, nobody listening."""
    running = make(wanted_port=free_port())
    running.stop()

    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", running.door.port), 1)


def test_a_port_that_was_only_opened_can_be_stopped(make, server, tmp_path):
    running = make()
    other = ControlPort(server, tmp_path / "other", free_port())
    other.open()
    running.run(other.stop())

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", other.port), 1)


def test_a_port_that_is_stopped_while_it_starts_leaves_nothing(running, server, tmp_path):
    """A signal may come at any moment."""
    other = ControlPort(server, tmp_path / ".amlemu" / "5002", free_port())
    other.open()

    async def start_and_stop():
        starting = asyncio.create_task(other.start())
        await asyncio.sleep(0)
        await other.stop()
        await starting

    running.run(start_and_stop())

    assert sorted(path.name for path in (tmp_path / ".amlemu").iterdir()) == [".gitignore", "5001"]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", other.port), 1)


def test_the_end_does_not_wait_for_clients_that_keep_their_connection(running):
    connection = http.client.HTTPConnection("127.0.0.1", running.door.port, timeout=10)
    connection.request("GET", "/")
    connection.getresponse().read()
    began = time.monotonic()
    running.stop()
    connection.close()

    assert time.monotonic() - began < 2


def test_the_end_does_not_wait_for_clients_that_do_not_read(running, server):
    """A follower with full buffers is cut off."""
    server.transcript.add("stdout", "x" * 1000 + "\n")
    with socket.create_connection(("127.0.0.1", running.door.port), 10) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        head = f"Host: 127.0.0.1:{running.door.port}\r\nAuthorization: Bearer {running.note.token}\r\n"
        client.sendall(f"GET /logs?follow=true HTTP/1.1\r\n{head}\r\n".encode())
        client.recv(1)
        for _ in range(20):
            running.run(write(server, "y" * 500_000 + "\n"))
        began = time.monotonic()
        running.stop()

    assert time.monotonic() - began < 2


async def write(server, text):
    server.transcript.add("stdout", text)

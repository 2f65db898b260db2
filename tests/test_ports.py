"""Binding a port, and what is said when that cannot be."""

from __future__ import annotations

import errno
import os
import re
import socket

import pytest
from amlemu import ports
from amlemu.errors import UsageError


def refusal_of(host, port, kind=UsageError):
    """Return the words of a refusal of exactly this kind: who waits for a port must know that it is merely taken."""
    with pytest.raises(UsageError) as caught:
        ports.listen(host, port)
    assert type(caught.value) is kind
    if kind is ports.PortTaken:
        assert (caught.value.host, caught.value.port) == (host, port)
    return str(caught.value)


def test_connections_wait_until_somebody_accepts():
    """Port 0 picks a free one; a client that comes early is not refused."""
    with (
        ports.listen("127.0.0.1", 0) as listener,
        socket.create_connection(listener.getsockname(), timeout=5) as client,
    ):
        listener.setblocking(True)
        accepted, address = listener.accept()
        accepted.close()

        assert address == client.getsockname()


@pytest.mark.parametrize("holder", ["127.0.0.1", ""])
def test_a_taken_port_names_holder_and_free_port(holder):
    """Also when the holder listens on every address."""
    with socket.create_server((holder, 0)) as taken:
        port = taken.getsockname()[1]
        told = refusal_of("127.0.0.1", port, ports.PortTaken)

    match = re.fullmatch(
        rf"port {port}: taken by pid {os.getpid()} \(.+\)\. Use --port (\d+), or stop that process\.", told
    )
    assert match is not None, told
    assert int(match[1]) != port


def test_the_port_that_is_offered_is_not_taken_either():
    """Two neighbours are taken: the third is offered."""
    with ports.listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with socket.socket() as second:
            try:
                second.bind(("127.0.0.1", port + 1))
                second.listen()
            except OSError:
                pass  # somebody else has it: as good
            match = re.search(r"--port (\d+)", refusal_of("127.0.0.1", port, ports.PortTaken))

    assert match is not None
    assert int(match[1]) not in (port, port + 1)


def test_a_port_is_free_again_at_once():
    """No waiting for connections of the server before (SO_REUSEADDR)."""
    with ports.listen("127.0.0.1", 0) as listener:
        address = listener.getsockname()
        with socket.create_connection(address, timeout=5):
            listener.setblocking(True)
            listener.accept()[0].close()
    with ports.listen(*address) as again:
        assert again.getsockname() == address


@pytest.mark.parametrize(
    ("host", "port", "message"),
    [
        pytest.param("127.0.0.1", 65536, "port 65536: no such port. Ports are 0 to 65535.", id="too-large"),
        pytest.param("127.0.0.1", -1, "port -1: no such port. Ports are 0 to 65535.", id="negative"),
        pytest.param(
            "192.0.2.1", 0, "192.0.2.1:0: cannot listen there: Cannot assign requested address. ", id="not-ours"
        ),
        pytest.param("256.0.0.1", 0, "256.0.0.1:0: cannot listen there: ", id="no-address"),
    ],
)
def test_an_address_that_cannot_be_is_refused(host, port, message):
    told = refusal_of(host, port)

    assert told.startswith(message)
    assert "Errno" not in told


# a port that somebody else is to listen on


def test_a_free_port_is_left_free():
    """Nobody can have connected meanwhile: it was bound, and did not listen."""
    with ports.listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
    ports.check("127.0.0.1", port, "--debug")

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
    ports.listen("127.0.0.1", port).close()


def test_any_port_is_one_that_is_free():
    """It is known before anybody listens; a port that was asked for is that one."""
    port = ports.check("127.0.0.1", 0, "--debug")

    assert port > 1023
    assert ports.check("127.0.0.1", port, "--debug") == port


def test_a_taken_port_is_told_with_the_flag_that_names_it():
    """Two flags name a port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ports.PortTaken) as caught:
            ports.check("127.0.0.1", port, "--debug")

    match = re.search(r"\. Use --debug (\d+), or stop that process\.$", str(caught.value))
    assert match is not None, caught.value
    assert int(match[1]) != port


@pytest.mark.parametrize(("flag", "usual"), [("--port", 5001), ("--debug", 5678)])
def test_a_port_that_is_not_allowed_is_told_with_one_that_is(monkeypatch, flag, usual):
    """As root every port is: here nobody may bind."""

    def refuses(listener, address):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(ports.socket, "socket", type("Socket", (socket.socket,), {"bind": refuses}))
    with pytest.raises(UsageError) as caught:
        ports.check("127.0.0.1", 80, flag)

    assert str(caught.value) == f"port 80: not allowed for this user. Use a port above 1023, such as {usual}."


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "::1"])
def test_a_loopback_address_is_this_machines_alone(host):
    assert ports.is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "", "::", "10.0.0.1", "192.168.1.2", "localhost.example.com", "myhost"])
def test_any_other_address_may_be_reached_by_others(host):
    """Empty means all; a name may be any address."""
    assert not ports.is_loopback(host)

"""Whether a Docker engine answers: asked at its socket, where docker's own command would look."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from amlemu.doctor import machine


@pytest.fixture
def engine(tmp_path):
    """A socket at which somebody answers."""
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        yield path


def test_an_engine_at_its_socket_answers(engine, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{engine}")

    assert list(machine.look_at_machine()) == []


def test_an_engine_at_an_address_answers(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{listener.getsockname()[1]}")

        assert machine.has_docker()


@pytest.mark.parametrize("host", ["unix:///no/such/socket", "tcp://127.0.0.1:1"])
def test_no_engine_is_information_and_nothing_against_the_deployment(monkeypatch, host):
    monkeypatch.setenv("DOCKER_HOST", host)

    (finding,) = machine.look_at_machine()

    assert (finding.severity, finding.rule, finding.cloud) == ("information", "no-docker", None)


def test_a_socket_that_nobody_listens_at_is_no_engine(tmp_path, monkeypatch):
    """Left by an engine that was killed."""
    path = Path(tmp_path) / "docker.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")

    assert not machine.has_docker()

"""The engine is looked for where its users have it; each place that was tried is named."""

from __future__ import annotations

import json
import socket
import socketserver
import threading

import pytest
from amlemu.errors import EngineMissing
from amlemu_harness.engine import connect


@pytest.fixture(autouse=True)
def _nobody(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / ".docker"))
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(name, raising=False)


def test_who_names_one_means_it(monkeypatch, tmp_path):
    """DOCKER_HOST, and no other place."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")

    with pytest.raises(EngineMissing) as raised:
        connect()

    assert raised.value.expected == f"Tried unix://{tmp_path}/none.sock (DOCKER_HOST): no such socket."


def test_nobody_who_listens_is_told_apart_from_no_socket(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as one:
        port = one.getsockname()[1]
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{port}")

    with pytest.raises(EngineMissing, match="nobody listens"):
        connect()


def test_the_current_docker_context_is_followed(tmp_path):
    """Docker Desktop, colima and others have one (users.md C3 22)."""
    meta = tmp_path / ".docker" / "contexts" / "meta" / "abc"
    meta.mkdir(parents=True)
    (tmp_path / ".docker" / "config.json").write_text(json.dumps({"currentContext": "colima"}))
    address = f"unix://{tmp_path}/colima.sock"
    (meta / "meta.json").write_text(json.dumps({"Name": "colima", "Endpoints": {"docker": {"Host": address}}}))

    with engine_at(tmp_path / "colima.sock"):
        found = connect()

    assert (found.address, found.version, found.architecture) == (address, "28.0.0", "arm64")
    found.close()


def test_a_context_that_is_not_there_is_no_reason_for_another_engine(monkeypatch):
    monkeypatch.setenv("DOCKER_CONTEXT", "colima")

    with pytest.raises(EngineMissing, match="DOCKER_CONTEXT: there is no docker context colima"):
        connect()


def test_a_socket_in_the_home_folder_is_found(tmp_path, monkeypatch):
    """Where the usual one is missing, or nobody listens there."""
    monkeypatch.setattr("amlemu_harness.engine._USUAL", f"unix://{tmp_path}/none.sock")
    (tmp_path / ".rd").mkdir()

    with engine_at(tmp_path / ".rd" / "docker.sock"):
        found = connect()

    assert found.address == f"unix://{tmp_path}/.rd/docker.sock"
    found.close()


def test_a_docker_config_that_cannot_be_read_is_no_hindrance(tmp_path, monkeypatch):
    monkeypatch.setattr("amlemu_harness.engine._USUAL", f"unix://{tmp_path}/none.sock")
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text("{")

    with pytest.raises(EngineMissing, match=r"none\.sock \(the usual place\): no such socket"):
        connect()


class engine_at:  # noqa: N801  # reads as a phrase
    """An engine that tells its version and nothing else."""

    def __init__(self, path) -> None:
        self._path = str(path)

    def __enter__(self) -> None:
        self._server = socketserver.ThreadingUnixStreamServer(self._path, Version)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class Version(socketserver.StreamRequestHandler):
    """Answers each request with the version, and closes."""

    def handle(self) -> None:
        while self.rfile.readline().strip():
            pass
        body = json.dumps({"Version": "28.0.0", "ApiVersion": "1.48", "Arch": "arm64"}).encode()
        self.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

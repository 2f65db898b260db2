"""Lines that ask again: a real curl sends, byte for byte, what the case has."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import threading

import pytest
from amlemu_harness.parity.case import post, request
from amlemu_harness.parity.report.curl_line import curl_line
from amlemu_harness.parity.wire import Sent

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")


def taken_by(command: str, listener: socket.socket) -> bytes:
    """Run a line, and return what it has sent by the time it has been answered."""
    got: list[bytes] = []
    thread = threading.Thread(target=lambda: got.append(take(listener)), daemon=True)
    thread.start()
    done = subprocess.run(["sh", "-c", command], capture_output=True, timeout=20, check=False)
    thread.join(10)

    assert done.stdout.startswith(b"HTTP/1.1 204"), done.stderr
    return got[0]


def take(listener: socket.socket) -> bytes:
    connection, _ = listener.accept()
    with connection:
        data = b""
        while b"\r\n\r\n" not in data or len(data.partition(b"\r\n\r\n")[2]) < length_in(data):
            data += connection.recv(65536)
        connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
    return data


def length_in(data: bytes) -> int:
    found = re.search(rb"(?i)content-length: (\d+)", data)
    return int(found[1]) if found else 0


def parts(raw: bytes) -> tuple[bytes, set[bytes], bytes]:
    """Request line, headers in any order (curl's own is its own), body."""
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *headers = head.split(b"\r\n")
    return first, {header.rstrip() for header in headers if not header.lower().startswith(b"host:")}, body


@needs_curl
@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(post(b'{"data": ["it\'s", "$HOME `x` \\\\ !"]}'), id="quotes"),
        pytest.param(post("é日".encode()), id="utf-8"),
        pytest.param(post(bytes(range(256))), id="all-bytes"),
        pytest.param(post(b"@/etc/passwd"), id="at-sign"),
        pytest.param(post(b"%s%d\n\\n"), id="printf-words"),
        pytest.param(post(b""), id="empty"),
        pytest.param(post(b"x", headers=()), id="no-content-type"),
        pytest.param(post(b"x", (("X-Empty", ""), ("X-Two", "1"), ("X-Two", "2"))), id="odd-headers"),
        pytest.param(request("GET", "/score?a=%20[1]&b={x}"), id="globs"),
        pytest.param(request("GET", "/a/../score"), id="dots"),
        pytest.param(request("DELETE", "/score"), id="delete"),
        pytest.param(request("HEAD", "/"), id="head"),
        pytest.param(request("PUT", "/score", body=b"1"), id="put"),
        pytest.param(request("GET", "/score", body=b"1"), id="get-with-body"),
        pytest.param(request("GET", "/", version="1.0"), id="http-1.0"),
    ],
)
def test_curl_sends_what_the_case_has(sent):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        asked = curl_line(sent, "127.0.0.1", listener.getsockname()[1])

        assert "curl -i" in asked.line
        assert parts(taken_by(asked.line, listener)) == parts(sent.raw)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"GARBAGE\r\n\r\n", id="no-request"),
        pytest.param(b"POST /score HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nshort", id="too-short"),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n'\r\n0\r\n\r\n", id="chunked"
        ),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX: \xff\x00%\\\r\n\r\n", id="bytes"),
        pytest.param(b"GET / HTTP/1.1\r\n", id="half-a-head"),
    ],
)
def test_what_curl_cannot_send_goes_as_bytes(raw):
    """printf writes them, whatever they are."""
    command, _, receiver = curl_line(Sent(raw)).line.rpartition(" | ")

    assert receiver == "nc localhost 5001"
    assert subprocess.run(["sh", "-c", command], capture_output=True, timeout=20, check=True).stdout == raw


def test_a_pause_and_a_half_close_are_told():
    assert curl_line(Sent(b"GET ", rest=b"/", pause_s=0.5)).line == (
        "(printf 'GET '; sleep 0.5; printf '/') | nc localhost 5001"
    )
    assert curl_line(Sent(b"x", half_close=True)).line == "printf 'x' | nc -N localhost 5001"


def test_a_long_body_is_a_file():
    asked = curl_line(post(b"x" * 1_500_000))

    assert asked.line.endswith("--data-binary @body.bin")
    assert asked.note == "body.bin: the 1,500,000 bytes of its body; --json has them"


def test_secrets_are_not_in_it():
    """Also in a request that is no HTTP."""
    secret = (("Authorization", "Bearer hush"), ("cookie", "hush"), ("X-Api-Key", "hush"))

    assert "hush" not in curl_line(post(b"1", secret)).line
    assert "hush" not in curl_line(Sent(b"GET /\r\nCookie: hush\r\n hush")).line

"""An endpoint by its address."""

from __future__ import annotations

from pathlib import Path

import pytest
from amlemu.errors import AmlemuError, UsageError
from amlemu_harness.parity.sides.remote import Remote, address_of
from amlemu_harness.parity.wire import Address

from ....free_port import free_port
from ..parrot import Parrot, answer


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://mine.westeurope.inference.ml.azure.com/score", Address(443, "mine.westeurope.inference.ml.azure.com", is_tls=True)),
        ("http://10.0.0.4:80/api/v1/service/mine/score", Address(80, "10.0.0.4", "/api/v1/service/mine")),
        ("http://localhost:5001", Address(5001, "localhost")),
        ("http://localhost:5001/", Address(5001, "localhost")),
        ("http://[::1]:5001/score/", Address(5001, "::1")),
    ],
)  # fmt: skip
def test_a_scoring_uri_is_an_address(url: str, address: Address) -> None:
    """What stands before `/score` is the prefix of every path."""
    assert address_of(url) == address


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://host/score", "is no address of an endpoint"),
        ("http://", "is no address of an endpoint"),
        ("http://host:99999/", "is no address of an endpoint"),
        ("https://host/score?key=1", "is no address of an endpoint"),
        ("https://me:secret@host/score", "an address holds no password"),
    ],
)
def test_what_is_none_is_refused(url: str, words: str) -> None:
    """And a password is not repeated."""
    with pytest.raises(UsageError, match=words) as refused:
        address_of(url)

    assert "secret" not in str(refused.value)


def test_an_endpoint_is_asked_and_left_alone(tmp_path: Path) -> None:
    """It is there, or it is not; it gets no probe and its workers are its own."""
    perch = Parrot(lambda _: [answer(b"")]).start()
    remote = Remote(f"http://127.0.0.1:{perch.address.port}/score", (("Authorization", "Bearer s"),))
    try:
        running = remote.start()
        with pytest.raises(UsageError, match="gets no other script"):
            remote.start(tmp_path)
    finally:
        perch.stop()

    assert running.address.headers == (("Authorization", "Bearer s"),)
    assert (running.ended(), running.kill_workers(), remote.is_shared) == (None, False, True)
    assert remote.name == f"http://127.0.0.1:{perch.address.port}"


def test_nobody_there_is_told() -> None:
    """With the address."""
    port = free_port()

    with pytest.raises(AmlemuError, match=rf"http://127\.0\.0\.1:{port}: nobody answers there"):
        Remote(f"http://127.0.0.1:{port}").start()

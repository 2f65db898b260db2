"""What options say as numbers: ports as docker writes them, memory as docker reads it."""

from __future__ import annotations

import pytest
from amlemu.errors import UsageError
from amlemu_harness.asked import memory_of, published


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("8000:5001", {5001: ("127.0.0.1", 8000)}),
        ("0.0.0.0:8000:5001", {5001: ("0.0.0.0", 8000)}),
        ("[::1]:8000:5001", {5001: ("::1", 8000)}),
        ("localhost:8000:5001", {5001: ("127.0.0.1", 8000)}),
        ("5678", {5678: ("127.0.0.1", 0)}),
        (":5678", {5678: ("127.0.0.1", 0)}),
        ("192.0.2.1::5001", {5001: ("192.0.2.1", 0)}),
        ("8000:5001/tcp", {5001: ("127.0.0.1", 8000)}),
    ],
)
def test_ports_are_published_as_docker_writes_them(word, expected):
    """Without an address for this machine alone."""
    assert published([word]) == expected


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["99999:5001"], "--publish: '99999:5001' names no ports. Expected HOST:CONTAINER, ADDRESS:HOST:CONTAINER or CONTAINER, as in 8000:5001."),
        (["web"], "--publish: 'web' names no ports. Expected HOST:CONTAINER, ADDRESS:HOST:CONTAINER or CONTAINER, as in 8000:5001."),
        (["8000:5001/udp"], "--publish: '8000:5001/udp' names no ports. Expected HOST:CONTAINER, ADDRESS:HOST:CONTAINER or CONTAINER, as in 8000:5001."),
        (["1.2.3.4.5:8077:5001"], "--publish 1.2.3.4.5:8077:5001: '1.2.3.4.5' is no address. Expected an address as in 127.0.0.1:8000:5001, or none."),
        (["8000:0"], "--publish 8000:0: a container has no port 0"),
        (["8000:5001", "8001:5001"], "--publish 8001:5001: port 5001 of the container is published twice"),
    ],
)  # fmt: skip
def test_what_names_no_ports_is_refused(words, told):
    with pytest.raises(UsageError) as caught:
        published(words)

    assert str(caught.value) == told


@pytest.mark.parametrize(
    ("word", "count"),
    [("512m", 536_870_912), ("2g", 2_147_483_648), ("2Gi", 2_147_483_648), ("2GB", 2_147_483_648), ("0.5g", 536_870_912), ("6291456", 6_291_456), ("", 0), (None, 0)],
)  # fmt: skip
def test_memory_is_read_as_docker_reads_it(word, count):
    assert memory_of(word) == count


@pytest.mark.parametrize("word", ["2x", "many", "-1g", "1k", "nan", "inf", "b"])
def test_what_is_no_memory_is_refused(word):
    with pytest.raises(UsageError) as caught:
        memory_of(word)

    assert str(caught.value) == (
        f"--memory: {word!r} is no amount of memory. Expected a number with a unit, 512m or 2g, and at least 6m."
    )

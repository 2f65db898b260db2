"""Orders and what is asked of the engine for them; containers themselves are in tests/container."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from amlemu.errors import UsageError
from amlemu_harness import containers
from amlemu_harness.containers import Container, Order
from amlemu_harness.engine import Engine


@pytest.mark.parametrize(
    ("words", "count", "devices"),
    [("all", -1, None), ("2", 2, None), ("device=0,1", 0, ["0", "1"]), ("device=GPU-3faa8", 0, ["GPU-3faa8"])],
)
def test_gpus_are_asked_for_as_docker_run_asks(words, count, devices):
    (request,) = containers._gpus(words) or ()

    assert (request.count, request.device_ids or None, request.capabilities) == (count, devices, [["gpu"]])


@pytest.mark.parametrize("words", ["some", "0", "-1", "device=", "device=0,,1", "1.5"])
def test_what_names_no_gpus_is_refused(words):
    with pytest.raises(UsageError, match=r"--gpus: .* names no GPUs\. Expected all, a number, or device=0,1\."):
        containers._gpus(words)


def test_a_log_is_taken_apart_by_its_frames():
    """Each piece says which stream it is from; a log that breaks off in a head ends there."""
    log = b"\1\0\0\0\0\0\0\5hello" + b"\2\0\0\0\0\0\0\3bye" + b"\1\0\0"

    assert list(containers._pieces(io.BytesIO(log))) == [("stdout", b"hello"), ("stderr", b"bye")]


@pytest.mark.parametrize(
    ("engine", "published", "host"),
    [
        ("unix:///var/run/docker.sock", "0.0.0.0", "127.0.0.1"),
        ("unix:///var/run/docker.sock", "127.0.0.1", "127.0.0.1"),
        ("unix:///var/run/docker.sock", "192.0.2.7", "192.0.2.7"),
        ("npipe:////./pipe/docker_engine", "0.0.0.0", "127.0.0.1"),
        ("tcp://192.0.2.1:2376", "0.0.0.0", "192.0.2.1"),
        ("ssh://me@192.0.2.1", "::", "192.0.2.1"),
    ],
)
def test_a_published_port_is_reached_where_the_engine_is(engine, published, host):
    container = Container(Engine(None, engine, "", ""), "0123", "ep.blue")  # type: ignore[arg-type]

    assert container._host(published) == host


@pytest.mark.parametrize(("seconds", "whole"), [(0, 0), (0.2, 1), (5, 5), (5.1, 6)])
def test_the_engine_is_told_whole_seconds(seconds, whole):
    assert containers._whole(seconds) == whole


def test_an_order_limits_nothing_by_itself():
    order = Order("img", "ep.blue", {}, {}, (), {})

    assert (order.memory_bytes, order.cpus, order.gpus, order.platform, order.reads) == (0, 0, "", "", ())


def test_two_handles_of_one_container_are_equal():
    """Whichever engine's connection they use."""
    one, other = (Container(Engine(None, "unix://x", "", ""), "0123", "ep.blue") for _ in range(2))  # type: ignore[arg-type]

    assert one == other
    assert "Engine" not in repr(one)
    assert containers.Mount(Path("/a"), "/b").mode == ""

"""A limit of memory in words, and how long who exceeds it waits."""

from __future__ import annotations

import pytest
from amlemu.memory import GIBIBYTE, MemoryRules, OutOfMemory, gigabytes
from hypothesis import given
from hypothesis import strategies as st


def test_a_container_waits_longer_each_time_and_never_longer_than_five_minutes():
    """CrashLoopBackOff, contract 2.3: Kubernetes starts it again at once, after 10 s, 20 s, 40 s ..., at most 300 s."""
    rules = MemoryRules(GIBIBYTE, "--memory-gb")

    assert [rules.wait_s(restarts) for restarts in range(9)] == [0, 10, 20, 40, 80, 160, 300, 300, 300]


def test_the_wait_can_be_compressed():
    """As `--set restarts.first_ms=10` does."""
    rules = MemoryRules(GIBIBYTE, "--memory-gb", True, 0.01, 0.05)

    assert [rules.wait_s(restarts) for restarts in range(5)] == [0, 0.01, 0.02, 0.04, 0.05]
    assert MemoryRules(GIBIBYTE, "--memory-gb", True, 0, 300).wait_s(7) == 0


@given(st.integers(0, 10**9))
def test_a_loop_without_an_end_has_its_wait(restarts):
    """However often it was started again, and never less than the time before."""
    rules = MemoryRules(GIBIBYTE, "--memory-gb")

    assert rules.wait_s(restarts) <= rules.wait_s(restarts + 1) <= 300


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 MB"),
        (50 << 20, "50 MB"),
        (102 << 20, "102 MB"),
        (103 << 20, "0.101 GB"),
        (512 << 20, "0.5 GB"),
        (GIBIBYTE, "1 GB"),
        (round(3.5 * GIBIBYTE), "3.5 GB"),
        (112 * GIBIBYTE, "112 GB"),
        (999 * GIBIBYTE, "999 GB"),
        (1008 * GIBIBYTE, "1008 GB"),
        (1900 * GIBIBYTE, "1900 GB"),
    ],
)
def test_sizes_are_written_as_azures_files_do(size, text):
    """A GB has 2^30 bytes, as in memoryInGB; a machine has 1900 of them, not 1.9e+03."""
    assert gigabytes(size) == text


def test_what_ended_a_process_names_peak_and_limit():
    """And who gave the limit."""
    end = OutOfMemory(3 * GIBIBYTE // 2, MemoryRules(GIBIBYTE, "deploymentconfig.json:7"))

    assert end.told == "it had 1.5 GB, and deploymentconfig.json:7 allows 1 GB"


@pytest.mark.parametrize(
    ("above", "told"),
    [
        (1 << 20, "it had 2049 MB, and --memory-gb allows 2048 MB"),
        (4096, "it had 2147487744 bytes, and --memory-gb allows 2147483648 bytes"),
    ],
)
def test_a_limit_exceeded_by_little_is_told_so_finely(above, told):
    """Nobody reads that 2 GB were too much where 2 GB are allowed."""
    assert OutOfMemory(2 * GIBIBYTE + above, MemoryRules(2 * GIBIBYTE, "--memory-gb")).told == told


@given(st.integers(1, 4 << 40), st.integers(1, 4 << 30))
def test_peak_and_limit_never_read_alike(limit, above):
    had, _, allows = OutOfMemory(limit + above, MemoryRules(limit, "--memory-gb")).told.partition(
        ", and --memory-gb allows "
    )

    assert had.removeprefix("it had ") != allows

"""What a process has and has had, in processes that take memory for a moment; those of small parents and of large ones."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import amlemu
import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is known")

MB = 1 << 20
PATIENCE_S = 10.0
PRELUDE = f"""
import json, resource, sys, time
sys.path.insert(0, {str(Path(amlemu.__file__).parents[1])!r})
from amlemu.worker.memory import Memory
memory = Memory()
def need(size, took_s=1.0):
    "Take so many megabytes for a moment, as a request does; return the peak that is told, in megabytes."
    taken = b"x" * (size << 20)
    del taken
    return told(memory.take_peak(took_s))
def told(size):
    return None if size is None else size >> 20
def say(*values):
    print(json.dumps(values))
"""
# A parent that holds so many megabytes, and runs the words after that. A child is told its parent's size as its own until
# it has had more; so a small parent has to be small itself, and is no program that was started by this large one.
PARENT = (
    "import subprocess, sys; held = b'x' * (int(sys.argv[1]) << 20); sys.exit(subprocess.run(sys.argv[2:]).returncode)"
)


@pytest.fixture(params=[0, 200], ids=["small-parent", "large-parent"])
def run(request: pytest.FixtureRequest) -> Callable[[str], Any]:
    """Run a program in a process whose parent is small, or large; returns what it says."""

    def run(program: str) -> Any:
        words = [sys.executable, "-c", PRELUDE + textwrap.dedent(program)]
        parent = [sys.executable, "-c", PARENT, str(request.param)]
        done = subprocess.run(
            ["sh", "-c", '"$@"; exit $?', "sh", *parent, *words],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_who_needs_much_for_a_moment_is_told_and_the_next_one_is_not(run: Callable[[str], Any]) -> None:
    """100 MB, then nothing: what is given back is not the next one's. And again."""
    small, large, next_one, again, last = run("""
        memory.forget()
        say(need(0), need(100), need(0), need(60), need(0))
    """)

    assert small < 50
    assert 100 <= large <= small + 110
    assert next_one <= small + 10
    assert 60 <= again <= small + 70
    assert last <= small + 10


def test_what_is_kept_is_the_level_of_the_next_one(run: Callable[[str], Any]) -> None:
    """It still has it, although it has done nothing for it."""
    before, keeps, next_one = run("""
        memory.forget()
        before = need(0)
        kept = b"x" * (80 << 20)
        say(before, told(memory.take_peak(1.0)), need(0))
    """)

    assert before + 75 <= keeps <= before + 95
    assert before + 75 <= next_one <= before + 95


def test_what_was_held_a_moment_longer_is_not_the_next_ones(run: Callable[[str], Any]) -> None:
    """The answer is still there when the peak is taken, and is sent and forgotten then."""
    before, first, next_one = run("""
        memory.forget()
        before = need(0)
        body = b"x" * (80 << 20)
        first = told(memory.take_peak(1.0))
        del body
        memory.settle()
        say(before, first, need(0))
    """)

    assert first >= before + 75
    assert next_one <= before + 10


def test_the_level_is_right_again_even_if_nobody_says_that_it_may_be(run: Callable[[str], Any]) -> None:
    """Then the next one is told as the one before, and the one after it is not."""
    before, last = run("""
        memory.forget()
        before = need(0)
        body = b"x" * (80 << 20)
        memory.take_peak(1.0)
        del body
        need(0, 0.0)
        say(before, need(0))
    """)

    assert last <= before + 10


def test_before_it_is_asked_to_begin_it_tells_nothing(run: Callable[[str], Any]) -> None:
    """There is no level to compare with."""
    assert run("say(need(50))") == [None]


def test_now_and_peak_are_the_kernels(run: Callable[[str], Any]) -> None:
    """What it has is less than what it has had; after `forget` it is not."""
    now, peak, now_after, peak_after = run("""
        taken = b"x" * (100 << 20)
        del taken
        before = told(memory.now()), told(memory.peak())
        memory.forget()
        say(*before, told(memory.now()), told(memory.peak()))
    """)

    assert peak >= now + 90
    assert abs(peak_after - now_after) <= 5


def test_where_the_system_cannot_be_asked_nothing_is_told(run: Callable[[str], Any]) -> None:
    """The script has used up all descriptors: no error, no number."""
    assert run("""
        import os
        memory.forget()
        kept = os.dup(0)
        resource.setrlimit(resource.RLIMIT_NOFILE, (kept, kept))
        memory.forget()
        now, peak, taken = memory.now(), memory.peak(), memory.take_peak(1.0)
        resource.setrlimit(resource.RLIMIT_NOFILE, (kept, kept))
        say(now, peak, taken)
    """) == [None, None, None]


def test_of_what_took_no_time_only_the_level_is_told_where_asking_takes_long() -> None:
    """A fresh worker of a larger parent has that one's size for its own; a millisecond is too short for more than a few MB."""
    words = [sys.executable, "-c", PRELUDE + "memory.forget(); say(need(0), need(0, 0.0005), memory._is_masked)"]
    done = subprocess.run(
        [sys.executable, "-c", PARENT, "200", *words], capture_output=True, text=True, timeout=PATIENCE_S, check=True
    )
    level, quick, is_masked = json.loads(done.stdout)

    assert is_masked
    assert quick <= level + 5 < 60


def test_one_that_has_outgrown_its_parent_is_asked_quickly_again() -> None:
    """From then on the cheap way tells the truth."""
    program = "memory.forget(); say(memory._is_masked, need(300), memory._is_masked, need(350), need(0))"
    words = [sys.executable, "-c", PRELUDE + program]
    done = subprocess.run(
        [sys.executable, "-c", PARENT, "200", *words], capture_output=True, text=True, timeout=PATIENCE_S, check=True
    )
    before, first, _, second, last = json.loads(done.stdout)

    assert before
    assert 300 <= first <= 340
    assert 350 <= second <= 390
    assert last <= 340


def test_it_costs_a_request_a_few_microseconds() -> None:
    """Twenty at the very most, on a busy machine; about one otherwise."""
    program = """
memory.forget()
best = 1.0
for _ in range(20):
    began = time.perf_counter()
    for _ in range(200):
        memory.take_peak(0.0001)
    best = min(best, (time.perf_counter() - began) / 200)
say(best)
"""
    done = subprocess.run(
        ["sh", "-c", '"$@"; exit $?', "sh", sys.executable, "-c", PRELUDE + program],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )

    assert json.loads(done.stdout)[0] < 20e-6

"""A person sees a line for each step, and all that it writes only by wish."""

from __future__ import annotations

from amlemu_harness.progress import Lines


def shown(*, verbose: bool) -> list[str]:
    lines: list[str] = []
    progress = Lines(lines.append, verbose=verbose)
    progress.say("building x")
    progress.began("the packages")
    progress.heard("Collecting six")
    progress.heard("  ")
    progress.ended("the packages", 12.4)
    progress.began("quick")
    progress.ended("quick", 0.2)
    return lines


def test_a_line_a_step_and_how_long_the_slow_ones_took():
    assert shown(verbose=False) == ["building x", "the packages ...", "the packages: 12 s", "quick ..."]


def test_verbose_shows_what_steps_write():
    assert shown(verbose=True)[2] == "  Collecting six"

"""
A server that tries again and again: its workers die while they start, and its master starts others, for ever.

How often it has tried when somebody looks is chance, so only the first try is told.
"""

from __future__ import annotations

import itertools
import re

from amlemu_harness.parity.record import End

_BOOTED = re.compile(r"Booting worker with pid: (\d+)")  # gunicorn 27.0.1, arbiter.py; the real server's and ours
_ENOUGH, _ENOUGH_FOR_ANY = 3, 6


def given_up(so_far: End, workers: int) -> End | None:
    """
    Return how a server is that has tried often enough, cut off before its second try; None for one that has not.

    Its two streams are forwarded one by one, and either may come late: where only one of them has reached the second try,
    some more are waited for. One that writes to one stream alone never comes that far.

    Args:
        so_far: what it has written.
        workers: how many it starts at once.
    """
    booted = [pid for line in (*so_far.err, *so_far.out) for pid in _BOOTED.findall(line)]
    if len(booted) < _ENOUGH * workers:
        return None
    second = f"[{booted[workers]}]"
    out, err = (_before(lines, second) for lines in (so_far.out, so_far.err))
    is_late = out == so_far.out or err == so_far.err
    if is_late and len(booted) < _ENOUGH_FOR_ANY * workers:
        return None
    return End(None, out, err, is_trying=True)


def _before(lines: tuple[str, ...], word: str) -> tuple[str, ...]:
    return tuple(itertools.takewhile(lambda line: word not in line, lines))

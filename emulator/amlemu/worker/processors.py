"""
Which processors the workers of one replica may use: as many as a container would get, and other ones for the next replica.

Processes are bound to processors, which needs no rights; a part of one cannot be given that way, so such a wish is rounded up and said so.
"""

from __future__ import annotations

import os
from math import ceil


def choose(cpus: float, turn: int) -> tuple[int, ...]:
    """
    Return the numbers of the processors; empty where processes cannot be bound to any.

    Args:
        cpus: how many, more than 0.
        turn: which replica, 0 or more; neighbours get different ones as long as there are some.
    """
    here = _available()
    count = min(ceil(cpus), len(here))
    return tuple(here[(turn * count + number) % len(here)] for number in range(count))


def shortcoming(cpus: float) -> str:
    """Say where the wish for so many cannot be met; empty where it can."""
    here = len(_available())
    if not here:
        return f"--cpu {cpus:g}: this system does not bind processes to processors, so workers use what there is"
    if cpus > here:
        return f"--cpu {cpus:g}: this machine has {here}, so workers use {'that one' if here == 1 else f'these {here}'}"
    if cpus != ceil(cpus):
        whole = f"{ceil(cpus)} whole one{'' if ceil(cpus) == 1 else 's'}"
        return f"--cpu {cpus:g}: a part of a processor cannot be given without a container, so workers use {whole}"
    return ""


def _available() -> list[int]:
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []

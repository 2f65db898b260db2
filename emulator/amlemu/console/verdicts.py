"""
What the platform's probes would have made of a container, in words: `would have been killed at 310 s: init() was still in load_model
(score.py:14)`.
"""

from __future__ import annotations

from collections.abc import Sequence

from amlemu import whereabouts
from amlemu.events import WouldBeKilled, WouldBeUnready
from amlemu.exchange import Frame
from amlemu.probes import ProbeRules

_LEAST_MS = 0.1  # below it there is nothing but the clock


def ready(after_s: float, rules: ProbeRules) -> str:
    """Say that a container has answered in time; without a probe there is none."""
    allowed = f"; these probes allow {rules.allows_s:g} s" if rules.is_on else "; nobody probes here"
    return f"ready after {seconds(after_s)}{allowed}"


def killed(event: WouldBeKilled, folders: Sequence[str]) -> str:
    """Say that it would have been ended, and what it was at; `folders` are those of the user's own code."""
    own = whereabouts.of_user(event.stack, folders)
    if event.is_booting:
        return f"would have been killed at {event.after_s:g} s: {_booting(own, folders)}"
    at = f", it was {_place(own, folders)}" if own else ""
    return (
        f"would have been killed: the liveness probe has been missed for {seconds(event.after_s)}, because run() had the worker{at}"
        " (Container inference-server failed liveness probe, will be restarted)"
    )


def unready(event: WouldBeUnready, folders: Sequence[str]) -> str:
    """Say that it would have got no more requests, and what it was at."""
    own = whereabouts.of_user(event.stack, folders)
    at = f", it was {_place(own, folders)}" if own else ""
    return (
        f"would have got no more requests: the readiness probe has been missed for {seconds(event.after_s)}, because run() had the"
        f" worker{at} (ReadinessProbeFailed; Unready until it answers again)"
    )


def waited(event: WouldBeKilled, folders: Sequence[str]) -> str:
    """Say that nobody would have ended it, and that it would not have come to an answer either."""
    own = whereabouts.of_user(event.stack, folders)
    return f"no answer within {event.after_s:g} s: {_booting(own, folders)}; nobody probes here, so it would wait on"


def seconds(number: float) -> str:
    """Write a time as a person says it: `12.4 s`, `0.25 s`, `12 ms`, `0.4 ms`."""
    if number >= 1:
        return f"{number:.1f} s" if number < 100 else f"{number:.0f} s"
    if number >= 0.1:
        return f"{number:.2g} s"
    ms = number * 1000
    if ms < _LEAST_MS:
        return f"less than {_LEAST_MS:g} ms"
    return f"{ms:.0f} ms" if ms >= 10 else f"{ms:.1f} ms"


def _booting(own: Sequence[Frame], folders: Sequence[str]) -> str:
    if not own:
        return "init() had not returned"
    names = [frame.function for frame in own]
    whom = "init() was" if "init" in names else "the script was being imported, and"
    return f"{whom} still {_place(own, folders)}"


def _place(own: Sequence[Frame], folders: Sequence[str]) -> str:
    """Name the innermost function of the user's own: `in load_model (score.py:14)`; a plain line in init() or run() itself."""
    frame = whereabouts.innermost(own, folders)
    place = f"{whereabouts.short(frame.file, folders)}:{frame.line}"
    return f"at {place}" if frame.function in ("init", "run", "<module>") else f"in {frame.function} ({place})"


def where(stack: Sequence[Frame], folders: Sequence[str]) -> str:
    """Say where a script was, `in load_model (score.py:14)`; empty where that is not known."""
    own = whereabouts.of_user(stack, folders)
    return _place(own, folders) if own else ""

"""What consoles are told in these tests, and what they write then."""

from __future__ import annotations

import io

from amlemu.events import WorkerEnded
from amlemu.exchange import Exchange, Request

AT = 1795190400.25  # 2026-11-20 16:00:00.250 UTC
FAULT = {
    "kind": "KeyError",
    "what": "run() raised KeyError: 'data'",
    "where": "score.py:7",
    "traceback": "Traceback (most recent call last):\n  File \"/app/score.py\", line 7, in run\nKeyError: 'data'\n",
}


def shown(kind, *happened, **options):
    """Return what a console writes to (stdout, stderr) when it is told these things."""
    out, err = io.StringIO(), io.StringIO()
    seen = kind(out, err, **options)
    for thing in happened:
        seen.exchange(thing) if isinstance(thing, Exchange) else seen.event(thing)
    seen.flush()
    return out.getvalue(), err.getvalue()


def exchange(response=None, **rest):
    """Return an exchange of one lane, unless `model` says that there are two."""
    fields = {"method": "POST", "target": "/score", "headers": [], "body": b"{}", **rest.pop("request", {})}
    return Exchange(Request(**fields), AT, 12.34, **{"model": response, "response": response, **rest})


def ended(**fields):
    return WorkerEnded(**{"pid": 7, "exit_code": -9, "planned": False, "restart_in_s": 0.0, **fields})

"""
The commands that ask a running server: reload, status, logs, requests, ready. Its answers in a person's words, or as JSON;
requests also go into a file.

`cli.py` declares them; `control/client.py` finds the server. Each returns the exit code.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from amlemu.control.client import NobodyServes, find
from amlemu.control.export import write
from amlemu.errors import Unreachable

EXIT_NOT_READY, EXIT_NOTHING, EXIT_BOOT, EXIT_INTERRUPTED = 1, 1, 3, 130
_REQUESTS = 20
_CHANGES = 8  # of the number of replicas
_STDOUT = "-"
_LOOK_AGAIN_S = 0.1
_COLOURS = {"ready": "green", "booting": "yellow", "stopping": "yellow", "unhealthy": "red"}
Which = tuple["str | None", "int | None", "str | None"]
"""The server that is meant, as `client.find` takes it."""
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def reload(which: Which, *, as_json: bool) -> int:
    """Load the script anew, and say what has become of it."""
    outcome = find(*which).ask("POST", "/reload", patience_s=None)
    if as_json:
        _say_json(outcome)
    elif outcome["ok"]:
        boot = f"{outcome['boot_ms']:.0f} ms of it for loading the script and init()"
        _say(f"generation {outcome['generation']} serves after {outcome['took_ms']:.0f} ms, {boot}")
    else:
        _say(_failed_reload(outcome), err=True)
    return 0 if outcome["ok"] else EXIT_BOOT


def status(which: Which, *, as_json: bool) -> int:
    """Say how the server is."""
    told = find(*which).ask("GET", "/status")
    if as_json:
        _say_json(told)
    else:
        rows = _status_rows(told)
        width = max(len(name) for name, _ in rows)
        head, *rest = [f"{name:<{width}}  {text}" for name, text in rows]
        _say("\n".join([click.style(head[:width], _COLOURS[told["state"]]) + head[width:], *rest]))
    return 0 if told["state"] == "ready" else EXIT_NOT_READY


def logs(which: Which, lines: int, *, follows: bool, as_json: bool) -> int:
    """Print what the console of the server has written, and goes on to write."""
    try:
        for line in find(*which).lines("/logs", lines=lines, follow=follows):
            _say_json(line) if as_json else _say(line["text"])
    except Unreachable:
        return 0 if follows else EXIT_NOT_READY  # it was killed; what it had said is here
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return 0


def requests(which: Which, lines: int | None, *, as_json: bool) -> int:
    """Print the last requests, one a line, oldest first."""
    told = find(*which).ask("GET", "/requests", lines=_REQUESTS if lines is None else lines)
    if as_json:
        for line in told:
            _say_json(line)
    elif told:
        _say(_table(told))
    else:
        _say("no requests yet", err=True)
    return 0


def export(which: Which, lines: int | None, target: str, *, as_json: bool) -> int:
    """Write the last requests whole, to a file or (`-`) to standard output; without any, nothing is written."""
    told = find(*which).lines("/exchanges", **({} if lines is None else {"lines": lines}))
    if target == _STDOUT:
        return _print(told)
    count = write(told, Path(target))
    if as_json:
        _say_json({"file": target, "requests": count})
    elif count:
        _say(f"{_count(count, 'request')} in {target}, with bodies and answers; keys and cookies are left out")
    else:
        _say(f"no requests yet; {target} is not written", err=True)
    return 0 if count else EXIT_NOTHING


def _print(told: Iterable[dict[str, Any]]) -> int:
    count = 0
    for count, line in enumerate(told, 1):  # noqa: B007  # there may be none
        _say_json(line)
    if not count:
        _say("no requests yet", err=True)
    return 0 if count else EXIT_NOTHING


def ready(which: Which, wait_s: float, *, as_json: bool) -> int:
    """Wait until the script answers, also for the server to appear. Raises NobodyServes when it does not."""
    deadline = time.monotonic() + wait_s
    while True:
        rest_s = max(deadline - time.monotonic(), 0)
        try:
            found = find(*which)
            told = found.ask("GET", "/ready", patience_s=rest_s + 5, wait_s=rest_s)
            break
        except (NobodyServes, Unreachable):  # not yet there, or just started anew
            if rest_s == 0:
                raise
        time.sleep(min(_LOOK_AGAIN_S, rest_s))
    if as_json:
        _say_json(told)
    elif told["ready"]:
        _say(f"{click.style('ready', 'green')}: {found.note.script} on {found.note.scoring}")
    else:
        why = f": {told['why']}" if told["why"] else ""
        _say(f"amlemu: not ready within {wait_s:g} s, but {told['state']}{why}", err=True)
    return 0 if told["ready"] else EXIT_NOT_READY


def _failed_reload(outcome: dict[str, Any]) -> str:
    fault, serving = outcome["fault"] or {}, outcome["serving"]
    place = f"{fault['where']}: " if fault.get("where") else ""
    what = fault.get("what", "the worker ended before it was ready").rstrip(".")
    lines = [f"amlemu: generation {outcome['generation']} does not start: {place}{what}."]
    lines += fault.get("hint", "").splitlines()
    lines.append(
        f"Generation {serving} goes on."
        if serving is not None
        else "Requests get what an unhealthy deployment answers until the next save."
    )
    return "\n        ".join(lines)


def _status_rows(told: dict[str, Any]) -> list[tuple[str, str]]:
    counts = f"{_count(told['requests'], 'request')}, {_count(told['reloads'], 'reload')}"
    watching = (
        f"{told['watching']}; reload {told['reload_mode']}" if told["watching"] else "nothing; amlemu reload does"
    )
    return [
        (told["state"], told["why"] or f"generation {told['generation']}"),
        ("script", f"{told['script']}, profile {told['profile']}"),
        ("score", told["url"]),
        *(("workers", _generation(one, told["generation"])) for one in told["generations"]),
        *_replicas(told),
        ("watching", watching),
        ("server", f"pid {told['pid']} for {_span(told['uptime_s'])}; {counts}; amlemu {told['version']}"),
        *([("launcher", told["launcher"])] if told["launcher"] else []),
        *([("debugger", told["debugger"])] if told.get("debugger") else []),
    ]


def _replicas(told: dict[str, Any]) -> list[tuple[str, str]]:
    """Say how many replicas there are, and how that came about lately."""
    now = told.get("replicas")
    if now is None:
        return []
    lately = [
        f"{_clock(one['at'])}  {one['ready']} of {one['wanted']}: {one['why']}" for one in told["replicas_before"]
    ]
    head = f"{now['ready']} of {now['wanted']} ready"
    return [("replicas", head), *(("", line) for line in lately[-_CHANGES:])]


def _clock(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at))


def _generation(told: dict[str, Any], current: int) -> str:
    head = "" if told["number"] == current else f"generation {told['number']} ({told['state']}): "
    many = len({worker["replica"] for worker in told["workers"]}) > 1
    return head + (", ".join(_worker(worker, is_numbered=many) for worker in told["workers"]) or "none")


def _worker(told: dict[str, Any], *, is_numbered: bool) -> str:
    busy = f" for {told['busy_s']:.1f} s" if told["state"] == "busy" else ""
    busy = f" at {told['where']}" if told.get("where") else busy
    memory = "" if told["memory_bytes"] is None else f" {told['memory_bytes'] / 2**20:.1f} MB"
    replica = f" of replica {told['replica']}" if is_numbered else ""
    return f"pid {told['pid']}{replica} {told['state']}{busy}{memory}"


def _table(told: list[dict[str, Any]]) -> str:
    rows = [_request(line) for line in told]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for line, (number, at, what, answer, elapsed, run, generation) in zip(told, rows, strict=True):
        status = str(line["status"] or "closed")
        painted = click.style(status, _status_colour(status)) + answer[len(status) :].ljust(widths[3] - len(status))
        head = f"{number:>{widths[0]}}  {at}  {what:<{widths[2]}}  {painted}  {elapsed:>{widths[4]}}"
        lines.append(f"{head}  {run:<{widths[5]}}  {generation}".rstrip())
        left = "the client had left" if line["client_left"] else ""
        why = [text for told in (line["why"], line["reason"], left) for text in told.splitlines()]
        lines += [f"{'':{widths[0]}}  {text}" for text in why]
    return "\n".join(lines)


def _request(line: dict[str, Any]) -> tuple[str, ...]:
    """One row; the answer with what the model said, where that is not the same."""
    model = line["model_status"]
    said = "" if model in (None, line["status"]) else f" (model said {model})"
    return (
        str(line["number"]),
        _clock(line["at"]),
        f"{line['method']} {line['target']}",
        f"{line['status'] or 'closed'}{said}",
        f"{line['elapsed_ms']:.1f} ms",
        _of_run(line),
        "" if line["generation"] is None else f"gen {line['generation']}",
    )


def _of_run(line: dict[str, Any]) -> str:
    """Say how long run() took, and what memory its worker had with it."""
    if line["run_ms"] is None:
        return ""
    peak = line.get("peak_bytes")
    return f"run {line['run_ms']:.1f} ms" + (f" {peak / 2**20:.0f} MB" if peak is not None else "")


def _status_colour(status: str) -> str:
    return "green" if status == "200" else "red" if status[0] in "5c" else "yellow"


def _span(seconds: float) -> str:
    """`3 min 12 s`: the two largest units."""
    rest, parts = int(seconds), []
    for size, unit in _UNITS:
        if rest >= size:
            parts.append(f"{rest // size} {unit}")
            rest %= size
    return " ".join(parts[:2]) or "0 s"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _say_json(value: dict[str, Any]) -> None:
    _say(json.dumps(value))


def _say(text: str, *, err: bool = False) -> None:
    """Print; NO_COLOR and FORCE_COLOR decide on colours, then whether it is a terminal."""
    color = False if os.environ.get("NO_COLOR") else True if os.environ.get("FORCE_COLOR") else None
    click.echo(text, err=err, color=color)

"""
For people: one block at the start, one line a request, the script's own words unchanged.
"""

from __future__ import annotations

import os
import posixpath
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from amlemu import __version__
from amlemu.console import lanes, verdicts
from amlemu.console.base import Console, url_of
from amlemu.console.debugging import Debugging
from amlemu.console.ends import Ends
from amlemu.console.reloads import Reloads, does_not_start, short, who_serves
from amlemu.debugging import launch_entry
from amlemu.events import (
    AnsweredLate,
    Event,
    LeftBehind,
    Noticed,
    ReloadFailed,
    RequestRefused,
    Scaled,
    Spoke,
    WorkerPaused,
    WorkerReady,
    WorkerResumed,
    WorkerTimedOut,
    WouldBeKilled,
    WouldBeUnready,
)
from amlemu.exchange import Exchange
from amlemu.layout import BASE, Layout
from amlemu.memory import gigabytes
from amlemu.worker import terminal

if TYPE_CHECKING:
    from amlemu.azure.description import Description
    from amlemu.backends import Capabilities
    from amlemu.emulator import Opening
    from amlemu.stand import Plan

_CODES = {"red": "31", "green": "32", "yellow": "33", "cyan": "36", "dim": "2", "bold": "1"}
# What the real server warns of at every start, though nothing is wrong (contract 3.7).
_NOISE = re.compile(r"Found extra keys in the config file|Model directory is not set or does not exist: $")
_SLOW_BOOT_MS = 1000.0  # what is quicker need not know what the probes allow
_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")  # a progress bar's \r begins a line, other separators do not
_FILE = re.compile(r'File "([^"]+)"')


class Paint:
    """Colours text, or leaves it alone: NO_COLOR and FORCE_COLOR decide, then whether the stream is a terminal."""

    def __init__(self, stream: TextIO) -> None:
        forced, refused = os.environ.get("FORCE_COLOR"), os.environ.get("NO_COLOR")
        self._on = not refused and (bool(forced) or stream.isatty())

    def __call__(self, colour: str, text: str) -> str:
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if self._on else text


class PersonConsole(Console):
    """For people: our words on stderr in colour, the script's own output on the stream it was written to."""

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None, *, restarts: bool = True) -> None:
        """`restarts` is False where a worker that ended is not worth replacing: one request only."""
        super().__init__(out, err)
        self._paint = Paint(self._err)
        self._marks = {stream: Paint(stream)("dim", "score |") + " " for stream in (self._out, self._err)}
        self._ends, self._reloads = Ends(self.say, restarts=restarts), Reloads(self.say)
        self._debugging = Debugging(self.say, self._named)
        self._boot_ms = 0.0
        self._version = ""  # of the real server, where it is the engine
        self._has_started = self._left = self._is_container = False
        self._layout: Layout | None = None

    def surroundings(self, layout: Layout) -> None:
        """Remember what stands for what, so that files are named as an editor finds them."""
        self._layout = layout
        self._ends.folders = [layout.app_root, posixpath.dirname(layout.script)]
        self._reloads.folder = os.path.dirname(layout.to_host(layout.script))

    def event(self, event: Event) -> None:
        """Show the script's words, ends of workers that nobody asked for, and reloads."""
        self._ends.event(event)
        self._reloads.event(event)
        self._debugging.event(event)
        if isinstance(event, Spoke):
            self._spoke(event)
        elif isinstance(event, RequestRefused):
            self.say("yellow", f"refused what {event.client} sent, which is no request: {event.why}")
        elif isinstance(event, WorkerReady):
            self._boot_ms, self._version = event.boot_ms, event.facts.get("version", "")
        elif isinstance(event, WorkerTimedOut):
            self.say(
                "red", f"worker {event.pid} is stopped: run() took longer than WORKER_TIMEOUT = {event.limit_s:g} s"
            )
        elif isinstance(event, (WorkerPaused, WorkerResumed)) and event.why == terminal.WHY:
            self.hold(is_on=isinstance(event, WorkerPaused))
        elif isinstance(event, AnsweredLate):
            self.say("yellow", lanes.late(event))
        elif isinstance(event, ReloadFailed):
            self._failed(event.fault, does_not_start(event), who_serves(event))
        elif isinstance(event, Noticed):
            self.say("yellow", self._named(event.text))
        elif isinstance(event, WouldBeKilled):
            self.say("red", verdicts.killed(event, self._ends.folders))
        elif isinstance(event, WouldBeUnready):
            self.say("yellow", verdicts.unready(event, self._ends.folders))
        elif isinstance(event, Scaled):
            self.say("cyan", f"{event.ready} of {event.wanted} replicas are ready: {event.why}")
        elif isinstance(event, LeftBehind):
            self._left = True
            self.say("red", event.text)

    def _show(self, exchange: Exchange) -> None:
        """One line; a second one with the place when the script failed."""
        request, account = exchange.request, exchange.account
        status = lanes.status(exchange)
        if request.method == "GET" and request.target == "/" and status == "200":
            return  # probes; the real server does not log them either
        colour = "green" if status == "200" else "red" if status[0] in "5c" else "yellow"
        run = f"  run {account['run_ms']:.1f} ms" if "run_ms" in account else ""
        left = "  the client had left" if exchange.client_left else ""
        paused = lanes.paused(exchange)
        told = f"{self._paint(colour, status)}{lanes.lanes(exchange)} {exchange.elapsed_ms:.1f} ms"
        line = f"{request.method} {request.target} {told}{run}{paused}{left}\n"
        reason = lanes.reason(exchange)
        self._write(line + f"  {self._on_host(reason)}\n" if reason else line, self._err)

    def described(self, said: Description, remarks: Sequence[str]) -> None:
        """Say what Azure's files say, which of it has no effect here, and what else should be known of it."""
        from amlemu.console import description

        first, *rest = description.as_lines(said, remarks)
        self.say("bold", first)
        self._write("".join(f"{line}\n" for line in rest), self._err)

    def opened(self, plan: Plan, opening: Opening) -> None:
        """Remember what was asked for."""
        super().opened(plan, opening)
        self._debugging.stops_clocks = plan.debug.stops_clocks
        # Alone, as on a desk; a platform around it would start it again (contract 3.4).
        self._is_container = plan.profile.container.nginx and not plan.profile.probes.liveness.is_on

    def started(self, plan: Plan, opening: Opening, capabilities: Capabilities) -> None:
        """The start block: at most eight lines."""
        from amlemu.stand import RELOADED  # there is one by now; other commands need not wait for it

        self._has_started = True
        paint, deployment = self._paint, plan.deployment
        url = url_of(plan, opening)
        face = f"profile {plan.profile.name}: {plan.profile.summary}"
        lines = [f"{paint('bold', f'amlemu {__version__}')} serves {deployment.script}  ({face})"]
        boot = f"ready in {self._boot_ms:.0f} ms" if self._boot_ms else "not ready"
        if self._boot_ms > _SLOW_BOOT_MS and plan.backend == "worker" and plan.profile.probes.liveness.is_on:
            boot = verdicts.ready(self._boot_ms / 1000, plan.profile.probes.liveness)
        if plan.backend == "upstream":
            lines.append(f"  upstream {plan.upstream}")
        elif plan.quarters is not None:
            lines.append(f"  {plan.backend:<8} {plan.quarters.told}{self._served_by()}, {boot}")
            lines += _models(opening.layout)
        else:
            lines.append(f"  python   {deployment.python}, {self._hosts(plan)}, {boot}")
            lines += [f"  tree     {_tree(opening.layout)}", *_models(opening.layout)]
        if missing := capabilities.missing():
            lines.append(f"  {paint('dim', 'it cannot ' + '; '.join(missing))}")
        lines.append(
            f"  score    {paint('cyan', url + _prefix(plan) + '/score')}   health {url}/   openapi {url}/swagger.json"
        )
        lines.append(f"  try      {_curl(plan, url)}")
        lines += _watched(plan, opening)
        lines += [_debugged(opening.debugger, plan)] if opening.debugger else []
        off = ["reload off (--reload)"] if plan.backend in RELOADED and not plan.reload.is_on else []
        lines.append(f"  {paint('dim', '; '.join([*_limits(plan), *off]))}")
        self._write("\n".join(lines) + "\n", self._err)

    def _hosts(self, plan: Plan) -> str:
        if plan.backend == "inprocess":
            return "in a thread of this process"
        if plan.backend == "engine":
            return f"the real azmlinfsrv {self._version}"
        count = 1 if plan.debug.is_on else plan.deployment.workers
        return _replicas(plan) + f"{count} worker process" + ("es" if count > 1 else "")

    def _served_by(self) -> str:
        return f", azmlinfsrv {self._version}" if self._version else ""

    def stopped(self) -> None:
        """The last line, unless the script did not even start."""
        if not self._has_started:
            return
        rest = "" if self._left else "; nothing is left running"
        self._write(f"amlemu has stopped{rest}.\n", self._err)

    def say(self, colour: str, text: str) -> None:
        """One line of ours."""
        self._write(self._paint(colour, "amlemu: ") + text + "\n", self._err)

    def boot_failed(self, fault: dict[str, Any]) -> None:
        """The user's traceback whole, then what, where, what to do."""
        end = "The image's container ends with exit code 111 then." if self._is_container else ""
        self._failed(fault, "the server has ended" if self._has_started else "the script does not start", end)

    def _failed(self, fault: dict[str, Any], begin: str, end: str = "") -> None:
        if fault.get("traceback"):
            self._write(self._on_host(fault["traceback"]), self._err)
        place = f"{fault['where']}: " if fault.get("where") else ""
        hint = "".join(f"\n        {line}" for line in fault.get("hint", "").splitlines())
        self.say("red", f"{begin}: {place}{fault['what'].rstrip('.')}.{' ' if end else ''}{end}{hint}")

    def scoring_failed(self, fault: dict[str, Any]) -> None:
        """The same of a failed run(), where there is no line of a request to put it below."""
        told = "\n".join(filter(None, [fault["traceback"].rstrip(), fault.get("hint")]))
        self.say("red", f"{fault['what']} ({fault['where']})\n{self._on_host(told)}")

    def _named(self, file: str) -> str:
        """Name a file of the script's as a person does."""
        path = file if self._layout is None else self._layout.to_host(file)
        return short(path, self._reloads.folder)

    def _on_host(self, text: str) -> str:
        return text if self._layout is None else on_host(text, self._layout)

    def _spoke(self, event: Spoke) -> None:
        if event.own and event.stream != "log":
            return  # what stands around the server says what it finds
        if event.stream == "stdout":
            self._quote(event.text, self._out)
        elif event.stream == "stderr":
            if text := without_our_frames(event.text):
                self._quote(text, self._err)
        elif not event.own:
            self._quote(event.text + "\n", self._out)
        elif event.level == "WARNING" and not _NOISE.match(event.text):
            self.say("yellow", event.text)

    def _quote(self, text: str, stream: TextIO) -> None:
        """Write the script's lines, each with a mark before it; the words themselves stay as they are."""
        mark = self._marks[stream]
        end = "" if text.endswith("\n") else "\n"
        self._write("".join(mark + line for line in _LINES.findall(text)) + end, stream)


def on_host(text: str, layout: Layout) -> str:
    """Name the files of a traceback as an editor finds them."""
    return _FILE.sub(lambda found: f'File "{layout.to_host(found[1])}"', text)


def without_our_frames(text: str) -> str:
    """Cut amlemu's frames from a dump that faulthandler writes when C code crashes."""
    ours = f'  File "{Path(__file__).parents[1]}{os.sep}'
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(ours))


def _prefix(plan: Plan) -> str:
    return plan.profile.routes.prefix.replace("{endpoint}", plan.deployment.endpoint)


def _replicas(plan: Plan) -> str:
    """Say how many replicas there are, where that is to be said."""
    rule = plan.profile.scale_rule
    if plan.debug.is_on or not plan.profile.scale.router or rule.maximum == 1:
        return ""
    count = f"{rule.minimum}" if rule.is_fixed else f"{rule.minimum} to {rule.maximum}"
    return f"{count} replicas, each with "


def _limits(plan: Plan) -> list[str]:
    """Name the limits that a caller meets first, and who may come in."""
    limits, told = plan.profile.limits, []
    if limits.request_timeout_ms:
        told.append(f"{limits.request_timeout_ms / 1000:g} s a request")
    if limits.request_bytes:
        told.append(f"{limits.request_bytes} bytes")
    if limits.requests_per_second:
        told.append(f"{limits.requests_per_second} requests a second")
    if limits.pending_factor:
        told.append(f"{limits.pending_factor * limits.slots} at once")
    asked = f"{plan.auth or 'no key'} asked for"
    if plan.auth and not (plan.auth == "key" and any(plan.keys)):  # who gives keys has them
        command = "keys" if plan.auth == "key" else "token"
        asked += f" (amlemu {command} {_quoted(plan.deployment.script)} prints it)"
    if plan.memory is not None:
        told.append(f"{gigabytes(plan.memory.limit_bytes)} of memory")
    if limits.max_queue_wait_ms:
        told.append(f"{limits.slots} at once, others wait {limits.max_queue_wait_ms / 1000:g} s")
    return [f"limits: {', '.join(told) or 'none'}", asked]


def _tree(layout: Layout) -> str:
    if layout.kind == "none":
        return f"none; AML_APP_ROOT={layout.app_root}"
    if layout.kind == "links":
        why = f" ({layout.why})" if layout.why else ""
        return f"{BASE} is not real here{why}; links in {layout.base} stand for it"
    return f"{BASE} is real for the script, and for nobody else; AML_APP_ROOT={layout.app_root}"


def _models(layout: Layout) -> list[str]:
    if layout.model_dir is None:
        return []
    sources = [str(place.source) for place in layout.places[1:]]
    more = f" and {len(sources) - 1} more" if len(sources) > 1 else ""
    told = f" = {sources[0]}{more}" if sources else ""
    return [f"  model    AZUREML_MODEL_DIR={layout.model_dir}{told}"]


def _watched(plan: Plan, opening: Opening) -> list[str]:
    """Say what a save does, and where the control port is: one line for both, where there are both."""
    on_save = f": {plan.quarters.on_save}" if plan.quarters is not None and plan.quarters.on_save else ""
    told = [f"reload   on save in {opening.watching}{on_save}"] if opening.watching else []
    told += [f"control  {opening.control}"] if opening.control else []
    return [f"  {'   '.join(told)}"] if told else []


def _debugged(address: str, plan: Plan) -> str:
    lonely = ", one worker at a time" if plan.debug.is_on else ""
    mappings = plan.quarters.mappings if plan.quarters is not None else {}
    launch = launch_entry(address, mappings, is_dialled=plan.debug.connect is not None)
    return f"  debug    {address}{lonely}; launch entry {launch}"


def _curl(plan: Plan, url: str) -> str:
    places = [file.parent for file in (plan.deployment.script, *plan.deployment.files)]
    sample = next((path for place in places if (path := place / "sample-request.json").exists()), None)
    data = shlex.quote(f"@{os.path.relpath(sample)}") if sample else "'{\"data\": []}'"
    key = ' -H "Authorization: Bearer $KEY"' if plan.auth else ""
    return f"curl -s {url}{_prefix(plan)}/score{key} -H 'Content-Type: application/json' --data-binary {data}"


def _quoted(path: Path) -> str:
    return shlex.quote(os.path.relpath(path))

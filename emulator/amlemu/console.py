"""
What a person sees: one block at the start, one line a request, the script's own words unchanged.

Three renderings of the same events and exchanges: `PersonConsole` for people, `ServerConsole` for the lines of the real
server, `JsonConsole` for programs. Only this module prints.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import logging
import os
import re
import shlex
import sys
import time
from typing import Any, TextIO

from amlemu import __version__
from amlemu.emulator import Plan
from amlemu.errors import WorkerCrashed
from amlemu.events import (
    Event,
    RequestRefused,
    Spoke,
    WorkerEnded,
    WorkerReady,
    WorkerStarted,
    WorkerTimedOut,
)
from amlemu.exchange import Exchange, Request
from amlemu.scoring.codec import FORM_TYPES, media_type

_CODES = {"red": "31", "green": "32", "yellow": "33", "cyan": "36", "dim": "2", "bold": "1"}
# The real server warns at every start that it knows no such keys in a file that is not there (contract 3.7).
_NOISE = "Found extra keys in the config file"
APP_LOAD_ERROR = 4  # gunicorn's second exit code for a worker that fails to boot
_FLUSH_S = 0.02
_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")  # a progress bar's \r begins a line, other separators do not
_PATIENCE = 3  # workers that die at start before we explain it
_ENDINGS = {
    -9: "SIGKILL; it may have run out of memory",
    -11: "SIGSEGV; C code in a library crashed",
    -6: "SIGABRT",
    -15: "SIGTERM",
}


class Paint:
    """Colours text, or leaves it alone: NO_COLOR and FORCE_COLOR decide, then whether the stream is a terminal."""

    def __init__(self, stream: TextIO) -> None:
        forced, refused = os.environ.get("FORCE_COLOR"), os.environ.get("NO_COLOR")
        self._on = not refused and (bool(forced) or stream.isatty())

    def __call__(self, colour: str, text: str) -> str:
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if self._on else text


class Console:
    """Where events and exchanges end up. Subclasses say how they look; writes never raise once the reader is gone."""

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None) -> None:
        """Take the two streams; sys.stdout and sys.stderr where none are given."""
        self._out = sys.stdout if out is None else out
        self._err = sys.stderr if err is None else err
        self._pending: list[Exchange | tuple[TextIO, str]] = []
        self._is_due = False

    def event(self, event: Event) -> None:
        """Show what happened."""
        raise NotImplementedError

    def exchange(self, exchange: Exchange) -> None:
        """Show a request that is over: soon, so that its client need not wait for our words."""
        self._flush_soon()
        self._pending.append(exchange)

    def _show(self, exchange: Exchange) -> None:
        """Show a request that is over."""
        raise NotImplementedError

    def started(self, plan: Plan, port: int) -> None:
        """Show that requests are answered now."""

    def stopped(self) -> None:
        """Show that all is over."""

    def say(self, colour: str, text: str) -> None:
        """Show a line of ours."""
        raise NotImplementedError

    def show_warnings(self) -> None:
        """From now on show what the library, and uvicorn below it, warn of; for the rest of the process."""
        for name in ("amlemu", "uvicorn"):
            logging.getLogger(name).addHandler(_Warnings(self))

    def _write(self, text: str, stream: TextIO | None = None) -> None:
        """Write soon: under load one write carries the lines of many requests."""
        self._flush_soon()
        self._pending.append((stream or self._out, text))

    def _flush_soon(self) -> None:
        if self._is_due:
            return
        self._is_due = True
        try:
            asyncio.get_running_loop().call_later(_FLUSH_S, self.flush)
        except RuntimeError:
            self._is_due = False  # no loop any more; the last `flush` is the caller's

    def _written(self) -> list[tuple[TextIO, str]]:
        """Return what is pending as text for its stream; an exchange becomes its lines only here."""
        written: list[tuple[TextIO, str]] = []
        pending, self._pending = self._pending, []
        for entry in pending:
            if isinstance(entry, Exchange):
                self._show(entry)
                written += self._pending  # type: ignore[arg-type]  # _show writes text
                self._pending = []
            else:
                written.append(entry)
        return written

    def flush(self) -> None:
        """Write what is pending, in order."""
        self._is_due = True  # what is shown now must not ask for another flush
        for stream, texts in itertools.groupby(self._written(), key=lambda entry: entry[0]):
            text = "".join(text for _, text in texts)
            if stream.closed:
                continue
            with contextlib.suppress(BrokenPipeError):
                try:
                    stream.write(text)
                except UnicodeEncodeError:  # a script may print what no terminal can show
                    stream.write(text.encode(stream.encoding, "backslashreplace").decode(stream.encoding))
                stream.flush()
        self._is_due = False


class PersonConsole(Console):
    """For people: our words on stderr in colour, the script's own output on the stream it was written to."""

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None, *, restarts: bool = True) -> None:
        """`restarts` is False where a worker that ended is not worth replacing: one request only."""
        super().__init__(out, err)
        self._paint = Paint(self._err)
        self._marks = {stream: Paint(stream)("dim", "score |") + " " for stream in (self._out, self._err)}
        self._restarts = restarts
        self._boot_ms = 0.0
        self._failed_boots = 0

    def event(self, event: Event) -> None:
        """Show the script's words, and ends of workers that nobody asked for."""
        if isinstance(event, Spoke):
            self._spoke(event)
        elif isinstance(event, RequestRefused):
            self.say("yellow", f"refused what {event.client} sent, which is no request: {event.why}")
        elif isinstance(event, WorkerReady):
            self._boot_ms = event.boot_ms
        elif isinstance(event, WorkerTimedOut):
            self.say(
                "red", f"worker {event.pid} is stopped: run() took longer than WORKER_TIMEOUT = {event.limit_s:g} s"
            )
        elif isinstance(event, WorkerEnded) and not event.planned and not _is_last(event):
            self._ended(event)

    def _show(self, exchange: Exchange) -> None:
        """One line; a second one with the place when the script failed."""
        request, response = exchange.request, exchange.response
        if request.method == "GET" and request.target == "/" and response is not None and response.status == 200:
            return  # probes; the real server does not log them either
        status = "closed" if response is None or exchange.failure else str(response.status)
        colour = "green" if status == "200" else "red" if status[0] in "5c" else "yellow"
        account = {} if response is None else response.account
        run = f"  run {account['run_ms']:.1f} ms" if "run_ms" in account else ""
        left = "  the client had left" if exchange.client_left else ""
        line = (
            f"{request.method} {request.target} {self._paint(colour, status)} {exchange.elapsed_ms:.1f} ms{run}{left}"
        )
        reason = _reason(exchange)
        self._write(line + "\n" + (f"  {reason}\n" if reason else ""), self._err)

    def started(self, plan: Plan, port: int) -> None:
        """The start block: at most eight lines."""
        paint, deployment = self._paint, plan.deployment
        url = f"http://{_connectable(plan.host)}:{port}"
        face = f"profile {plan.profile.name}: {plan.profile.summary}"
        lines = [f"{paint('bold', f'amlemu {__version__}')} serves {deployment.script}  ({face})"]
        if plan.backend == "upstream":
            lines.append(f"  upstream {plan.upstream}")
        else:
            lines.append(f"  python   {deployment.python}, {_hosts(plan)}, ready in {self._boot_ms:.0f} ms")
        if deployment.model_dir is not None:
            lines.append(f"  model    AZUREML_MODEL_DIR={deployment.model_dir}")
        lines.append(f"  score    {paint('cyan', url + '/score')}   health {url}/   openapi {url}/swagger.json")
        lines.append(f"  try      {_curl(plan, url)}")
        lines.append(
            f"  {paint('dim', 'not emulated yet: limits and codes of the cloud, the /var/azureml-app tree, reload')}"
        )
        self._write("\n".join(lines) + "\n", self._err)

    def stopped(self) -> None:
        """The last line."""
        self._write("amlemu has stopped; nothing is left running.\n", self._err)

    def say(self, colour: str, text: str) -> None:
        """One line of ours."""
        self._write(self._paint(colour, "amlemu: ") + text + "\n", self._err)

    def boot_failed(self, fault: dict[str, Any]) -> None:
        """The user's traceback whole, then what, where, what to do."""
        if fault.get("traceback"):
            self._write(fault["traceback"], self._err)
        place = f"{fault['where']}: " if fault.get("where") else ""
        hint = f"\n        {fault['hint']}" if fault.get("hint") else ""
        self.say("red", f"the script does not start: {place}{fault['what']}.{hint}")

    def _spoke(self, event: Spoke) -> None:
        if event.stream == "stdout":
            self._quote(event.text, self._out)
        elif event.stream == "stderr":
            self._quote(_without_our_frames(event.text), self._err)
        elif not event.own:
            self._quote(event.text + "\n", self._out)
        elif event.level == "WARNING" and not event.text.startswith(_NOISE):
            self.say("yellow", event.text)

    def _quote(self, text: str, stream: TextIO) -> None:
        """Write the script's lines, each with a mark before it; the words themselves stay as they are."""
        mark = self._marks[stream]
        end = "" if text.endswith("\n") else "\n"
        self._write("".join(mark + line for line in _LINES.findall(text)) + end, stream)

    def _ended(self, event: WorkerEnded) -> None:
        when = "while the script was loading" if event.was_booting else "while idle"
        if event.busy_s is not None:
            when = f"while run() had been busy for {event.busy_s:.1f} s"
        told = _ENDINGS.get(event.exit_code) or (
            f"signal {-event.exit_code}" if event.exit_code < 0 else f"exit code {event.exit_code}"
        )
        is_dump = event.last_line.startswith((" ", "Extension modules"))  # faulthandler's; shown whole above
        last = f' Last line of its stderr: "{event.last_line}".' if event.last_line and not is_dump else ""
        again = ""
        if event.restart_in_s is not None and self._restarts:
            again = f" A new one starts in {event.restart_in_s:g} s." if event.restart_in_s else " A new one starts."
        self.say("red", f"worker {event.pid} ended {when} with {told}.{last}{again}")
        self._failed_boots += event.was_booting
        if event.was_booting and self._failed_boots == _PATIENCE:
            self.say("yellow", "Azure's server, too, would start workers for ever; only the platform's probe ends it.")


class ServerConsole(Console):
    """The lines of the real server: its formats, its loggers, its two streams (contract 4.13)."""

    _last_exit_code = 0

    def event(self, event: Event) -> None:
        """Write what the real server would write."""
        if isinstance(event, Spoke) and event.stream != "log":
            self._write(event.text, self._err if event.stream == "stderr" else self._out)
        elif isinstance(event, Spoke):
            stream = self._err if event.logger.startswith("gunicorn.error") else self._out
            self._write(_server_line(event.at, event.level, event.pid, event.logger, event.text), stream)
        elif isinstance(event, WorkerStarted):
            self._gunicorn("INFO", f"Booting worker with pid: {event.pid}")
        elif isinstance(event, RequestRefused):
            self._gunicorn("WARNING", f"Invalid request from ip={event.client}: {event.why}")
        elif isinstance(event, WorkerTimedOut):
            self._gunicorn("CRITICAL", f"WORKER TIMEOUT (pid:{event.pid})")
        elif isinstance(event, WorkerEnded):
            self._ended(event)

    def _show(self, exchange: Exchange) -> None:
        """Write the server's line and gunicorn's access line."""
        request, response = exchange.request, exchange.response
        if response is None:
            return
        account, now = response.account, exchange.started_at + exchange.elapsed_ms / 1000
        pid = account.get("pid", os.getpid())
        lines = ""
        if account.get("api_name"):
            words = (
                request.method,
                request.target,
                response.status,
                f"{account['duration_ms']:.3f}ms",
                account["length"],
            )
            lines += _server_line(now, "INFO", pid, "azmlinfsrv", " ".join(map(str, words)))
        first = f"{request.method} {request.target} HTTP/{request.version}"
        if "GET / HTTP/1.1" not in first:
            lines += _server_line(now, "INFO", pid, "gunicorn.access", _access(exchange, first, now))
        if lines:
            self._write(lines)

    def boot_failed(self, fault: dict[str, Any]) -> None:
        """The server's own lines have told it; gunicorn's master has the last words."""
        self._gunicorn("ERROR", "Shutting down: Master")
        reason = "App failed to load." if self._last_exit_code == APP_LOAD_ERROR else "Worker failed to boot."
        self._gunicorn("ERROR", f"Reason: {reason}")

    def say(self, colour: str, text: str) -> None:
        """Our own words go to stderr, plainly."""
        self._write(f"amlemu: {text}\n", self._err)

    def _ended(self, event: WorkerEnded) -> None:
        self._last_exit_code = event.exit_code
        if event.exit_code < 0 and not event.planned:
            import signal

            is_kill = event.exit_code == -signal.SIGKILL
            more = " Perhaps out of memory?" if is_kill else ""
            name = signal.Signals(-event.exit_code).name
            self._gunicorn("ERROR" if is_kill else "WARNING", f"Worker (pid:{event.pid}) was sent {name}!{more}")
        elif event.exit_code > 0:
            self._gunicorn("ERROR", f"Worker (pid:{event.pid}) exited with code {event.exit_code}.")

    def _gunicorn(self, level: str, text: str) -> None:
        self._write(_server_line(time.time(), level, os.getpid(), "gunicorn.error", text), self._err)


class JsonConsole(Console):
    """One JSON object a line on stdout, for programs."""

    def event(self, event: Event) -> None:
        """Write the event under its class's name."""
        self._line({"event": type(event).__name__, **vars(event)})

    def _show(self, exchange: Exchange) -> None:
        """Write the exchange without its bodies."""
        request, response = exchange.request, exchange.response
        line = {
            "event": "Exchange",
            "number": exchange.number,
            "at": exchange.started_at,
            "method": request.method,
            "target": request.target,
            "request_bytes": len(request.body),
            "status": None if response is None or exchange.failure else response.status,
            "elapsed_ms": round(exchange.elapsed_ms, 3),
            "account": {} if response is None else response.account,
            "failure": None if exchange.failure is None else str(exchange.failure),
            "client_left": exchange.client_left,
        }
        self._line(line)

    def started(self, plan: Plan, port: int) -> None:
        """Write where requests are answered."""
        self._line(
            {"event": "Started", "url": f"http://{_connectable(plan.host)}:{port}", "profile": plan.profile.name}
        )

    def stopped(self) -> None:
        """Write the last line."""
        self._line({"event": "Stopped"})

    def boot_failed(self, fault: dict[str, Any]) -> None:
        """Write why nothing is served."""
        self._line({"event": "BootFailed", **fault})

    def say(self, colour: str, text: str) -> None:
        """Write one line of ours."""
        self._line({"event": "Said", "text": text})

    def _line(self, value: dict[str, Any]) -> None:
        self._write(json.dumps(value, default=str) + "\n")


class _Warnings(logging.Handler):
    """Shows warnings of loggers as lines of ours."""

    def __init__(self, console: Console) -> None:
        super().__init__(logging.WARNING)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        self._console.say("yellow", self.format(record))


def _without_our_frames(text: str) -> str:
    """Cut amlemu's frames from a dump that faulthandler writes when C code crashes."""
    ours = f'  File "{os.path.dirname(__file__)}{os.sep}'
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(ours))


def _reason(exchange: Exchange) -> str:
    if isinstance(exchange.failure, WorkerCrashed):
        return f"{exchange.failure}; the connection was closed without an answer"
    if exchange.failure is not None:
        return str(exchange.failure)
    fault = exchange.response.account.get("fault") if exchange.response is not None else None
    if not fault:
        return ""
    place = f" ({fault['where']})" if fault["where"] else ""
    shown = "".join(f"  {line}\n" for line in fault["traceback"].rstrip().splitlines())
    return f"{fault['what']}{place}\n{shown}{_about_form(exchange.request)}".rstrip()


def _about_form(request: Request) -> str:
    """The commonest surprise: curl -d says "form", and a plain run() is then given an empty string (contract 4.4)."""
    if not request.body or media_type(request.header("content-type") or "") not in FORM_TYPES:
        return ""
    return "  the body came as a form, as curl -d sends it; run(data) then gets \"\". Add -H 'Content-Type: application/json'."


def _is_last(event: WorkerEnded) -> bool:
    """Tell whether `boot_failed` is going to say why: nothing is started again."""
    return event.was_booting and event.restart_in_s is None


def _hosts(plan: Plan) -> str:
    if plan.backend == "inprocess":
        return "in a thread of this process"
    count = plan.deployment.workers
    return f"{count} worker process" + ("es" if count > 1 else "")


def _curl(plan: Plan, url: str) -> str:
    sample = plan.deployment.script.with_name("sample-request.json")
    data = shlex.quote(f"@{os.path.relpath(sample)}") if sample.exists() else "'{\"data\": []}'"
    return f"curl -s {url}/score -H 'Content-Type: application/json' --data-binary {data}"


def _connectable(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "") else f"[{host}]" if ":" in host else host  # noqa: S104


def _server_line(at: float, level: str, pid: int, logger: str, text: str) -> str:
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at))
    return f"{stamp},{int(at % 1 * 1000):03d} {level[0]} [{pid}] {logger} - {text}\n"


def _access(exchange: Exchange, first: str, now: float) -> str:
    """Source: gunicorn 27.0.1, glogging.py, the default access_log_format."""
    request, response = exchange.request, exchange.response
    assert response is not None
    # gunicorn does not count its own page
    sent = 0 if response.header("server") is None else exchange.sent_bytes
    stamp = time.strftime("[%d/%b/%Y:%H:%M:%S +0000]", time.gmtime(now))
    referer, agent = ((request.header(name) or "-").replace('"', '\\"') for name in ("referer", "user-agent"))
    return f'{request.client[0]} - - {stamp} "{first}" {response.status} {sent} "{referer}" "{agent}"'


AnyConsole = PersonConsole | ServerConsole | JsonConsole


def choose(log_format: str, as_json: bool) -> AnyConsole:
    """Return the rendering that the command line asks for."""
    if as_json:
        return JsonConsole()
    return ServerConsole() if log_format == "azmlinfsrv" else PersonConsole()

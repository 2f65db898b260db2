"""
What became of an exchange, in a person's words: the status, what the model said where that differs, and why.
"""

from __future__ import annotations

from amlemu.errors import BackendTimeout, WorkerCrashed
from amlemu.events import AnsweredLate
from amlemu.exchange import Exchange, Request
from amlemu.scoring.codec import FORM_TYPES, media_type

_LONG_S = 10  # from here on tenths of a second are of no interest


def status(exchange: Exchange) -> str:
    """Return the number that the caller got, or `closed`."""
    response = exchange.response
    if response is None or (exchange.failure is not None and not isinstance(response.body, bytes)):
        return "closed"
    return str(response.status)


def lanes(exchange: Exchange) -> str:
    """Say in brackets what the model said, or with --shadow what the cloud would have; empty where there is one lane."""
    model, response = exchange.model, exchange.response
    if exchange.cloud is not None:
        return _cloud_lane(exchange)
    if model is None or response is None or model.status == response.status:
        return ""
    fault = exchange.account.get("fault")
    cause = f", {_cause(fault)}" if fault else ""
    who = "the container" if exchange.account.get("silence") else "model"
    return f" ({who} said {model.status}{cause})"


def reason(exchange: Exchange) -> str:
    """Say why it was not what it should be, on lines of their own; mostly nothing."""
    account, failure = exchange.account, exchange.failure
    if (
        failure is None
        and not exchange.why
        and "fault" not in account
        and "silence" not in account
        and not exchange.where
    ):
        return ""
    if account.get("silence"):
        return f"{account['silence']}{_where(exchange)}"
    if isinstance(failure, WorkerCrashed):
        end = "; the connection was closed without an answer" if exchange.response is None else ""
        return f"{failure}{end}{_where(exchange)}"
    if isinstance(failure, BackendTimeout):
        return f"{failure}{_where(exchange)}"
    if failure is not None:
        return str(failure)
    fault = account.get("fault")
    lines = [exchange.why] if exchange.why else []
    if exchange.cloud is not None and exchange.where:
        lines.append(f"at {exchange.cloud_ms / 1000:.1f} s{_where(exchange).lstrip(';')}")
    if fault:
        place = f" ({fault['where']})" if fault["where"] else ""
        shown = _indented(fault["traceback"]) + _indented(fault.get("hint", ""))
        lines.append(f"{fault['what']}{place}\n{shown}{_about_form(exchange.request)}".rstrip())
    return "\n  ".join(lines)


def paused(exchange: Exchange) -> str:
    """Say how long it stood still because a debugger held the worker; empty when it did not."""
    seconds = exchange.paused_ms / 1000
    if not seconds:
        return ""
    return f"  paused {seconds:.0f} s" if seconds >= _LONG_S else f"  paused {seconds:.1f} s"


def late(event: AnsweredLate) -> str:
    """Say that the model was done after its caller had been answered."""
    said = "said nothing" if event.status is None else f"said {event.status}"
    seconds, more = event.elapsed_ms / 1000, (event.elapsed_ms - event.answered_ms) / 1000
    return (
        f"{event.method} {event.target} (request {event.number}): the model {said} after {seconds:.1f} s,"
        f" {more:.1f} s after its caller was answered"
    )


def _cloud_lane(exchange: Exchange) -> str:
    cloud = exchange.cloud
    if cloud is None or (exchange.response is not None and cloud.status == exchange.response.status):
        return ""
    return f" (cloud: {cloud.status} at {exchange.cloud_ms / 1000:.1f} s)"


def _cause(fault: dict[str, str]) -> str:
    kind = fault.get("kind") or "an error"
    return f"{kind} in {fault['where']}" if fault.get("where") else kind


def _where(exchange: Exchange) -> str:
    if not exchange.where:
        return ""
    if not exchange.stack:
        return f"; it was {exchange.where}"
    has_died = isinstance(exchange.failure, WorkerCrashed) or "silence" in exchange.account
    return f"; {'was' if has_died and not exchange.account.get('timed_out') else 'still'} in run(): {exchange.where}"


def _indented(text: str) -> str:
    return "".join(f"  {line}\n" for line in text.rstrip().splitlines())


def _about_form(request: Request) -> str:
    """The commonest surprise: curl -d says "form", and a plain run() is then given an empty string (contract 4.4)."""
    if not request.body or media_type(request.header("content-type") or "") not in FORM_TYPES:
        return ""
    return "  the body came as a form, as curl -d sends it; run(data) then gets \"\". Add -H 'Content-Type: application/json'."

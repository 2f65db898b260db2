"""
For programs: one JSON object a line on stdout.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any

from amlemu.console import lanes
from amlemu.console.base import Console, url_of
from amlemu.events import Event
from amlemu.exchange import Exchange

if TYPE_CHECKING:
    from amlemu.azure.description import Description
    from amlemu.backends import Capabilities
    from amlemu.emulator import Opening
    from amlemu.stand import Plan


class JsonConsole(Console):
    """One JSON object a line on stdout, for programs."""

    def event(self, event: Event) -> None:
        """Write the event under its class's name."""
        self._line({"event": type(event).__name__, **vars(event)})

    def _show(self, exchange: Exchange) -> None:
        """Write the exchange without its bodies."""
        request, cloud = exchange.request, exchange.cloud
        status = lanes.status(exchange)
        line = {
            "event": "Exchange",
            "number": exchange.number,
            "at": exchange.started_at,
            "method": request.method,
            "target": request.target,
            "request_bytes": len(request.body),
            "status": None if status == "closed" else int(status),
            "model_status": None if exchange.model is None else exchange.model.status,
            "cloud_status": None if cloud is None else cloud.status,
            "cloud_ms": None if cloud is None else round(exchange.cloud_ms, 3),
            "request_id": exchange.request_id,
            "why": exchange.why,
            "where": exchange.where,
            "stack": exchange.stack,
            "steps": [(step.stage, step.decision, round(step.ms, 3)) for step in exchange.steps],
            "paused_ms": round(exchange.paused_ms, 3),
            "elapsed_ms": round(exchange.elapsed_ms, 3),
            "account": exchange.account,
            "failure": None if exchange.failure is None else str(exchange.failure),
            "client_left": exchange.client_left,
        }
        self._line(line)

    def described(self, said: Description, remarks: Sequence[str]) -> None:
        """Write what Azure's files say."""
        from amlemu.console import description

        self._line({"event": "Described", **description.as_data(said), "remarks": list(remarks)})

    def started(self, plan: Plan, opening: Opening, capabilities: Capabilities) -> None:
        """Write where requests are answered, and where the script believes to be."""
        layout = opening.layout
        line = {
            "event": "Started",
            "url": url_of(plan, opening),
            "profile": plan.profile.name,
            "layout": layout.kind,
            "app_root": layout.app_root,
            "model_dir": layout.model_dir,
            "cannot": capabilities.missing(),
            "auth": plan.auth,
            "watching": opening.watching or None,
            "control": opening.control or None,
            "debugger": opening.debugger or None,
        }
        self._line(line)

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
        self._write(json.dumps(value, default=_plain) + "\n")


def _plain(value: Any) -> Any:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)

"""
The deployments that live behind one endpoint's port: who moves in, who takes whose place, who leaves.

An update is blue/green: the new one comes up beside the old one, which answers until then, and goes on when the new one fails.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TextIO

from amlemu.console import Console
from amlemu.credentials import KeyFile, Keyring
from amlemu.errors import UsageError
from amlemu.events import RequestRefused
from amlemu.gateway.gate import Answerer, Gate
from amlemu.local_endpoints import leftovers, vacant
from amlemu.local_endpoints.bring_up import Arrival, Place
from amlemu.local_endpoints.crossing import Crossing, Lane
from amlemu.local_endpoints.record import FAILED, SUCCEEDED, Asked, Record
from amlemu.local_endpoints.shelf import Shelf
from amlemu.local_endpoints.story import Story
from amlemu.resident import Resident
from amlemu.stand import Plan

GRACE_S = 10.0  # for requests in hand
_KINDS = {"managed-2021": "managed", "managed-current": "managed"}


@dataclass
class Tenant:
    """A deployment that lives here."""

    resident: Resident
    lane: Lane
    plan: Plan
    console: Console
    log: TextIO
    watching: asyncio.Task[None] | None = None


class Household:
    """Use from one event loop. The record is the keeper's, which writes it."""

    def __init__(self, shelf: Shelf, record: Record, changed: Callable[[], None]) -> None:
        """`changed` is called whenever the record has been changed, to have it written."""
        self._shelf, self._record, self._changed = shelf, record, changed
        self._tenants: dict[str, Tenant] = {}
        self._numbers = itertools.count(1)
        self._places: dict[str, int] = {}  # of containers, by deployment
        self._gate = Gate(record.host)
        self._doorkeeper = Keyring(record.auth, KeyFile(shelf.folder)) if record.auth else None
        self._profile = vacant.profile_of(record.kind)
        self._crossing = Crossing(self._profile.routes.deployment_header, self._vacant)

    async def open(self, listener: socket.socket) -> None:
        """Answer at the scoring port, which somebody has bound."""
        self._gate.take(listener)
        self.take_traffic()
        await self._gate.serve(lambda: self._crossing, self._profile, _unheard)

    def _vacant(self, why: str) -> Answerer:
        return vacant.front_door(self._profile, self._record.name, self._doorkeeper, why)

    def take_traffic(self) -> None:
        """Send requests as the record says from now on."""
        self._crossing.traffic = dict(self._record.traffic)

    def has(self, name: str) -> bool:
        """Tell whether a deployment is served."""
        return name in self._tenants

    @property
    def is_inhabited(self) -> bool:
        """Whether any deployment is served."""
        return bool(self._tenants)

    async def bring(self, name: str, asked: Asked, story: Story) -> Tenant:
        """
        Bring a deployment up, beside the one of this name if there is one; no request goes there yet.

        Raises:
            StepFailed, UsageError: it has not come up; nothing of it is left.
        """
        one = self._record.deployments[name]
        one.steps = {}

        def note(step: str, state: str) -> None:
            one.steps[step] = state
            if state != "Succeeded":  # that is written with the begin of the next one
                self._changed()

        arrival = Arrival(asked, self._place(name, note), story)
        resident = await arrival.come()
        try:
            self._suits(arrival.plan)
            door = await asyncio.to_thread(resident.make_front_door, arrival.doorkeeper)
        except BaseException:
            await _end(resident, 0)
            arrival.log.close()
            raise
        return Tenant(resident, Lane(door), arrival.plan, arrival.console, arrival.log)

    async def seat(self, name: str, tenant: Tenant) -> None:
        """Send the requests there from now on; who was there before leaves when those in its hand are answered."""
        await self._turn_to(tenant.plan)
        before = self._tenants.get(name)
        self._places[name] = 1 - self._places.get(name, 1)
        tenant.watching = asyncio.get_running_loop().create_task(self._watch(name, tenant.resident))
        self._tenants[name] = tenant
        self._crossing.lanes[name] = tenant.lane
        if before is not None:
            await _move_out(before)

    async def reload(self, name: str) -> dict[str, Any]:
        """Load a deployment's script anew, and say what has become of it, also in the record. Raises UsageError where it is not served."""
        tenant = self._tenants.get(name)
        if tenant is None:
            raise UsageError(f"the deployment {name} is not served")
        outcome = await tenant.resident.reload()
        fault = outcome.fault or {}
        why = ": ".join(str(fault[word]) for word in ("where", "what") if fault.get(word))
        self._note(name, SUCCEEDED if outcome.fault is None else FAILED, why)
        return {"ok": outcome.fault is None, "fault": outcome.fault, "took_ms": outcome.took_ms}

    def flush(self) -> None:
        """Have all that was said in the logs."""
        for tenant in self._tenants.values():
            tenant.console.flush()

    async def turn_away(self, tenant: Tenant) -> None:
        """End one that was brought and not seated."""
        await _end(tenant.resident, 0)
        tenant.log.close()

    def _place(self, name: str, note: Callable[[str, str], None]) -> Place:
        record = self._record
        lodging = f"{record.name}-{name}-{os.getpid()}-{next(self._numbers)}"
        return Place(
            endpoint=record.name,
            name=name,
            host=record.host,
            port=self._gate.port,
            auth=record.auth,
            lodging=lodging,
            alias=leftovers.alias(record.name, name, 1 - self._places.get(name, 1)),
            logs=self._shelf.deployment(name),
            keys=self._shelf.folder,
            note=note,
        )

    def _suits(self, plan: Plan) -> None:
        """Raise UsageError for a deployment of another kind than the endpoint's."""
        kind = _kind(plan)
        if self._record.kind and self._record.kind != kind:
            what = f"the endpoint is a {self._record.kind} one, and this deployment is for {kind}"
            raise UsageError(what, hint="Give it an endpoint of its own.")
        self._record.kind = kind

    async def _turn_to(self, plan: Plan) -> None:
        """Have the port behave as this plan's cloud."""
        if plan.profile.wire == self._profile.wire and plan.profile.limits == self._profile.limits:
            return
        self._profile = plan.profile
        self._crossing.header = plan.profile.routes.deployment_header
        await self._gate.serve(lambda: self._crossing, plan.profile, plan.on_event)

    async def _watch(self, name: str, resident: Resident) -> None:
        """Write down when it gives up for good."""
        self._note(name, FAILED, str(await resident.wait(asyncio.Event())))

    def _note(self, name: str, state: str, why: str) -> None:
        """Write down how a deployment is, unless it is being changed."""
        one = self._record.deployments.get(name)
        if one is not None and one.state in (SUCCEEDED, FAILED):
            one.state, one.why, one.changed_at = state, why, time.time()
            self._changed()

    async def move_out(self, name: str, grace_s: float = GRACE_S) -> None:
        """End a deployment, if it is served; its requests in hand may finish."""
        self._crossing.lanes.pop(name, None)
        tenant = self._tenants.pop(name, None)
        if tenant is not None:
            await _move_out(tenant, grace_s)

    async def close(self, grace_s: float = GRACE_S) -> None:
        """End all of it."""
        self._gate.shut()
        await asyncio.gather(*(self.move_out(name, grace_s) for name in list(self._tenants)))
        await self._gate.drain(0)
        await self._gate.drained()
        self._gate.close()


def _unheard(event: RequestRefused) -> None:
    """There is no deployment in whose log it would stand."""


def _kind(plan: Plan) -> str:
    """Return which kind of endpoint it is for: the name of its profile, but managed ones of all years are alike."""
    name = plan.profile.name
    return _KINDS.get(name, name)


async def _move_out(tenant: Tenant, grace_s: float = GRACE_S) -> None:
    if tenant.watching is not None:
        tenant.watching.cancel()
    is_drained = await tenant.lane.drained(grace_s)
    await _end(tenant.resident, grace_s if is_drained else 0)
    tenant.console.flush()
    tenant.log.close()


async def _end(resident: Resident, grace_s: float) -> None:
    await resident.leave_aids()
    await resident.stop(grace_s)
    await resident.close()

"""
What an operation does: deployments are made, made anew, brought up again, taken away; what is so is written down before it begins.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from dataclasses import replace

from amlemu.errors import AmlemuError
from amlemu.local_endpoints import rules
from amlemu.local_endpoints.bring_up import StepFailed
from amlemu.local_endpoints.household import Household
from amlemu.local_endpoints.record import (
    CREATING,
    DELETING,
    FAILED,
    SUCCEEDED,
    UPDATING,
    Asked,
    DeploymentRecord,
    Operation,
    Record,
)
from amlemu.local_endpoints.shelf import Shelf, Unwritable
from amlemu.local_endpoints.story import Story

CANCELED = "OperationCanceled: a delete has taken its place"


class Work:
    """One operation at a time; used from one event loop."""

    def __init__(self, shelf: Shelf, record: Record, household: Household) -> None:
        """The record is the one that the household knows."""
        self._shelf, self._record, self._household = shelf, record, household
        self._making: tuple[str, asyncio.Task[None]] | None = None  # which of several
        self._not_wanted: set[str] = set()  # about to be deleted

    def give_up(self, name: str) -> None:
        """Have nobody wait for a deployment that is about to be deleted: where it is one of several that are started, the others go on."""
        self._not_wanted.add(name)
        if self._making is not None and self._making[0] == name:
            self._making[1].cancel()

    async def do(self, operation: Operation, told: Story) -> str:
        """
        Do it, and return in a sentence what there is now.

        Raises:
            StepFailed: a deployment has not come up.
            AmlemuError: it cannot be, or cannot be written down.
        """
        record = self._record
        rules.check(record, operation)  # others came before it
        if operation.id:
            record.operation = operation
        if operation.verb == "delete":
            self.write_quietly()  # it makes room, and must not need some first
            return await (self._delete_deployment(operation) if operation.deployment else self._delete_endpoint())
        self._shelf.write(record)
        if not operation.deployment:
            return await self._make_endpoint(operation, told)
        await self._bring_back(operation, told)
        await self._make(operation.deployment, operation.asked[operation.deployment], told)
        return self._made(operation)

    async def _bring_back(self, operation: Operation, told: Story) -> None:
        """Bring up what was up before this process began; one that does not come up is Failed, and no reason to stop."""
        for name, one in self._record.deployments.items():
            if self._household.has(name) or operation.asked.get(name) == one.asked or not one.was_up:
                continue
            told.text(f"starting {name} again")
            with contextlib.suppress(StepFailed, AmlemuError):
                await self._make_one_of_several(name, one.asked, told)

    async def _make_one_of_several(self, name: str, asked: Asked, told: Story) -> None:
        """Bring a deployment up as `_make` does, unless, or until, somebody deletes it."""
        if name in self._not_wanted:
            return
        task = asyncio.get_running_loop().create_task(self._make(name, asked, told))
        self._making = name, task
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:  # all of it
            task.cancel()
            await asyncio.wait({task})
            raise
        finally:
            self._making = None
        if task.cancelled():
            told.text(f"{name} is about to be deleted")
        else:
            task.result()

    async def _make(self, name: str, asked: Asked, told: Story) -> None:
        """Bring a deployment up; where it fails, the one before it stays, or comes back. Raises StepFailed, AmlemuError."""
        known = self._record.deployments.get(name)
        one = known or self._record.deployments.setdefault(name, DeploymentRecord(asked))
        if not one.was_up:
            one.asked = asked  # what is to be made when somebody heals it
        before = replace(one)  # it may stay
        one.state, one.why, one.changed_at = UPDATING if one.was_up else CREATING, "", time.time()
        self._shelf.write(self._record)
        makes_room = self._household.has(name) and _share_debugger(one.asked, asked)
        if makes_room:
            told.text(
                f"the debugger's port is that of the {name} before: it ends first, and editors have to attach again"
            )
            await self._household.move_out(name)
        try:
            tenant = await self._household.bring(name, asked, told)
        except BaseException as error:
            if makes_room and isinstance(error, Exception):
                await self._come_back(name, before, told)
            self._fell_back(name, one, before, error, told)
            raise
        one.asked, one.state, one.was_up = asked, SUCCEEDED, True
        try:
            self._shelf.write(self._record)
        except AmlemuError as error:
            one.asked, one.was_up = before.asked, before.was_up
            await self._household.turn_away(tenant)
            self._fell_back(name, one, before, error, told)
            raise
        await self._household.seat(name, tenant)

    async def _come_back(self, name: str, before: DeploymentRecord, told: Story) -> None:
        """Bring up again the one that has made room for another one in vain."""
        told.text(f"starting the {name} of before again")
        with contextlib.suppress(StepFailed, AmlemuError):
            await self._household.seat(name, await self._household.bring(name, before.asked, told))
            before.state, before.why = SUCCEEDED, ""

    def _fell_back(
        self, name: str, one: DeploymentRecord, before: DeploymentRecord, error: BaseException, told: Story
    ) -> None:
        """Write down what has become of a deployment that did not come up: the one before it goes on, if there is one."""
        stays = self._household.has(name)
        why = CANCELED if isinstance(error, asyncio.CancelledError) else str(error)
        one.state, one.why, one.changed_at = FAILED, why, time.time()
        if stays:
            one.steps = before.steps
            # Failed it may have been before, by a reload or since it gave up; any other word was on the way to Succeeded
            one.state, one.why = (FAILED, before.why) if before.state == FAILED else (SUCCEEDED, "")
            told.text(f"{name} goes on as it was before")
        self.write_quietly()

    def _made(self, operation: Operation) -> str:
        """Set the traffic, and say what there is now."""
        record = self._record
        self._take_traffic(operation)
        self._shelf.write(record)
        word = "created" if operation.verb == "create" else "updated"
        return f"deployment {operation.deployment} of {record.name} is {word}: {self._shelf.url(record)}"

    async def _make_endpoint(self, operation: Operation, told: Story) -> str:
        """Make its deployments, or bring up all that are down: each is tried, and the first that fails is told."""
        record, is_new = self._record, operation.verb == "create"
        record.state, record.why = (CREATING if is_new else UPDATING), ""
        comes_last = not is_new and bool(operation.asked)  # who gets it shall be healthy
        if not comes_last:
            self._take_traffic(operation)
        self._shelf.write(record)
        try:
            await self._make_deployments(operation, told)
        except BaseException as error:
            is_there = not is_new or self._household.is_inhabited
            why = CANCELED if isinstance(error, asyncio.CancelledError) else str(error)
            record.state, record.why = (SUCCEEDED, "") if is_there else (FAILED, why)
            self.write_quietly()
            raise
        if comes_last:
            self._take_traffic(operation)
        record.state = SUCCEEDED
        self._shelf.write(record)
        return f"endpoint {record.name} is {'created' if is_new else 'updated'}: {self._shelf.url(record)}"

    async def _make_deployments(self, operation: Operation, told: Story) -> None:
        """
        Make those that are asked for; without any, all that are down.

        Who changes the traffic wants just that, most urgently where one of them has failed: nothing is started again, but for what ended with
        the process before.
        """
        if operation.verb == "create":
            await self._make_all(operation.asked, told)
        elif operation.asked or operation.traffic is not None:
            await self._bring_back(operation, told)
            await self._make_all(operation.asked, told)
        else:
            await self._make_all(self._missing(), told)

    def _take_traffic(self, operation: Operation) -> None:
        if operation.traffic is not None:
            self._record.traffic = dict(operation.traffic)
        self._household.take_traffic()

    def _missing(self) -> dict[str, Asked]:
        """Return the deployments that are not served, or have failed."""
        there = self._record.deployments.items()
        return {name: one.asked for name, one in there if not self._household.has(name) or one.state == FAILED}

    async def _make_all(self, wanted: dict[str, Asked], told: Story) -> None:
        failed: dict[str, Exception] = {}
        for name, asked in wanted.items():
            if len(wanted) > 1 or self._record.state == UPDATING:
                told.text(f"starting {name}")
            try:
                await self._make_one_of_several(name, asked, told)
            except StepFailed as error:
                failed[name] = error
                if len(self._record.deployments) > 1:
                    error.deployment = name
            except AmlemuError as error:
                failed[name] = error
        if len(failed) > 1:
            told.text(f"{', '.join(failed)} are not up; this is why the first of them is not:")
        for first in failed.values():
            raise first

    async def _delete_deployment(self, operation: Operation) -> str:
        name = operation.deployment
        self._record.deployments[name].state = DELETING
        self.write_quietly()
        await self._household.move_out(name)
        shutil.rmtree(self._shelf.deployment(name), ignore_errors=True)
        del self._record.deployments[name]
        self._not_wanted.discard(name)
        self._record.traffic.pop(name, None)
        self._household.take_traffic()
        return f"deployment {name} of {self._record.name} is deleted"

    async def _delete_endpoint(self) -> str:
        self._record.state = DELETING
        self.write_quietly()
        for name in list(self._record.deployments):
            await self._household.move_out(name)
        return f"endpoint {self._record.name} is deleted"

    def write_quietly(self) -> None:
        """Write, if that is possible; what cannot be written is told by who needs it."""
        with contextlib.suppress(Unwritable):
            self._shelf.write(self._record)


def _share_debugger(one: Asked, other: Asked) -> bool:
    """Tell whether both want editors at the same port, so that they cannot be there at once."""
    port = other.options.get("debug")
    return bool(port) and one.options.get("debug") == port

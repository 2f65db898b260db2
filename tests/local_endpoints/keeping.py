"""An endpoint that is kept without a process: a shelf, a record, operations, and deployments that are nobody's."""

from __future__ import annotations

import asyncio

from amlemu.check.report import Cause
from amlemu.local_endpoints.bring_up import StepFailed
from amlemu.local_endpoints.operations import Operations
from amlemu.local_endpoints.record import Asked, Operation, Record
from amlemu.local_endpoints.shelf import Shelf


class FakeHousehold:
    """Deployments come up at once, or hang, or break, as their file is called."""

    def __init__(self):
        self.served, self.traffic_taken = {}, 0
        self.moves = []
        self.hanging = asyncio.Event()

    def has(self, name):
        return name in self.served

    @property
    def is_inhabited(self):
        return bool(self.served)

    async def bring(self, name, asked, story):
        if asked.file == "hangs.py":
            self.hanging.set()
            await asyncio.Event().wait()
        if asked.file == "explodes.py":
            raise RuntimeError("a mistake of ours")
        if asked.file == "breaks.py":
            raise StepFailed("UserContainerStart", Cause("init() raised"))
        return asked.file

    async def seat(self, name, tenant):
        self.moves.append(f"in {tenant}")
        self.served[name] = tenant

    async def move_out(self, name):
        self.moves.append(f"out {name}")
        self.served.pop(name, None)

    async def turn_away(self, tenant): ...

    def take_traffic(self):
        self.traffic_taken += 1


class Keeping:
    """An endpoint that is kept, without a process."""

    def __init__(self, folder, **record):
        self.shelf = Shelf(folder / "endpoints" / "iris")
        self.record = Record("iris", 5001, **{"state": "Succeeded", **record})
        self.shelf.write(self.record)
        self.household, self.has_ended = FakeHousehold(), asyncio.Event()
        self.operations = Operations(self.shelf, self.record, self.household, self.has_ended.set)

    async def outcome(self, story):
        """Follow a story to its end."""

        async def last():
            return [line async for line in story.follow()][-1]

        return await asyncio.wait_for(last(), 5)

    async def do(self, operation):
        return await self.outcome(self.operations.begin(operation))

    @property
    def states(self):
        """As they lie on the shelf."""
        return {name: one.state for name, one in self.shelf.read().deployments.items()}


def create(name="blue", file="score.py", id_="1", traffic=None):
    return Operation(id_, "create", name, {name: Asked(file)}, traffic)

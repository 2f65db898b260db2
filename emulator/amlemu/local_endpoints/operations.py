"""
Operations come one after the other; each is told as a story while it goes on, and its outcome is kept until somebody has been told.

So whoever is killed leaves behind what was to be done, and the same command does it. A delete does not wait: it cancels (contract 6.2,
OperationCanceled: by an operation of higher priority).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from amlemu.errors import AmlemuError, UsageError
from amlemu.local_endpoints import leftovers, rules
from amlemu.local_endpoints import outcome as outcomes
from amlemu.local_endpoints.bring_up import StepFailed
from amlemu.local_endpoints.household import Household
from amlemu.local_endpoints.record import FAILED, Operation, Record
from amlemu.local_endpoints.shelf import Shelf
from amlemu.local_endpoints.story import Story
from amlemu.local_endpoints.work import CANCELED, Work

logger = logging.getLogger(__name__)

_TOLD_WITHIN_S = 2.0  # whoever has asked for what has failed hears of it before nobody is here any more


@dataclass
class _Run:
    """An operation that is under way, or waits for its turn."""

    operation: Operation
    story: Story
    task: asyncio.Task[None] | None = None
    work: asyncio.Task[str] | None = None  # None while it waits
    is_canceled: bool = False

    def cancel(self) -> None:
        """Have it end, or not begin."""
        self.is_canceled = True
        if self.work is not None:
            self.work.cancel()


class Operations:
    """Use from one event loop."""

    def __init__(self, shelf: Shelf, record: Record, household: Household, end: Callable[[], None]) -> None:
        """`end` is called when there is nothing left to keep."""
        self._shelf, self._record, self._household, self._end = shelf, record, household, end
        self._work = Work(shelf, record, household)
        self._turn = asyncio.Lock()
        self._runs: list[_Run] = []  # the one, and those that wait
        self._stories: dict[str, Story] = {}

    def begin(self, operation: Operation) -> Story:
        """
        Have it done, and return its story; of one that is under way, or done and nobody was told of, that is the story.

        Raises:
            UsageError: it cannot be.
        """
        same = self._same(operation)
        if same is not None:
            return self._stories.get(same.id) or self._told(same)
        rules.check(self._record, operation)
        return self._start(operation)

    def resume(self) -> None:
        """Do what was to be done when somebody was killed, or bring up what was up before."""
        leftovers.remove(self._record)
        pending = self._record.operation
        self._start(pending if pending is not None and pending.outcome is None else Operation("", "update"))

    def forget(self, id_: str) -> None:
        """Somebody has been told of the outcome."""
        operation = self._record.operation
        if operation is not None and operation.id == id_ and operation.outcome is not None:
            self._record.operation = None
            self._work.write_quietly()
        told = self._stories.get(id_)
        if told is not None and told.is_over:
            del self._stories[id_]
            self._end_where_nothing_is()

    async def close(self) -> None:
        """Cancel what is under way, and all that waits; for who is about to end."""
        tasks = [run.task for run in self._runs if run.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _same(self, operation: Operation) -> Operation | None:
        """Return the one that is meant, too: asked for before, and not yet told of."""
        known = self._record.operation
        if known is None:
            return None
        is_over = known.outcome is not None
        is_alike = (
            operation.verb != "update" and known.is_like(operation) and (is_over or known.asked == operation.asked)
        )
        is_meant = known.id == operation.id or is_alike
        is_worth_telling = known.outcome is None or known.outcome["ok"] or known.id == operation.id
        return known if is_meant and is_worth_telling else None

    def _told(self, operation: Operation) -> Story:
        assert operation.outcome is not None, "what is under way has a story"
        told = self._stories[operation.id] = Story()
        told.done(operation.outcome)
        return told

    def _start(self, operation: Operation) -> Story:
        if operation.verb == "delete":
            for other in self._runs:
                if rules.is_within(other.operation, operation):
                    other.cancel()
            if operation.deployment:
                self._work.give_up(operation.deployment)
        run = _Run(operation, Story())
        if self._runs:
            now, more = self._runs[0].operation, len(self._runs) - 1
            others = f", and for {more} more before this" if more else ""
            run.story.text(f"waiting for the {now.verb} of {now.subject}{others}")
        self._stories[operation.id] = run.story
        self._runs.append(run)
        run.task = asyncio.get_running_loop().create_task(self._run(run))
        return run.story

    async def _run(self, run: _Run) -> None:
        try:
            async with self._turn:
                outcome = outcomes.failed(CANCELED) if run.is_canceled else await self._outcome(run)
                self._conclude(run, outcome)
        finally:
            self._runs.remove(run)
        asyncio.get_running_loop().call_later(_TOLD_WITHIN_S, self._end_where_nothing_is)

    async def _outcome(self, run: _Run) -> dict[str, Any]:
        operation = run.operation
        run.work = asyncio.get_running_loop().create_task(self._work.do(operation, run.story))
        try:
            return outcomes.succeeded(await run.work)
        except StepFailed as error:
            which = f": deployment {error.deployment} failed" if error.deployment else " failed"
            return outcomes.failed(f"{operation.verb} of {operation.subject}{which}", cause=error.as_data())
        except AmlemuError as error:
            return outcomes.failed(str(error), is_usage=isinstance(error, UsageError))
        except asyncio.CancelledError:
            if run.is_canceled:
                return outcomes.failed(CANCELED)
            run.work.cancel()  # it is this process that ends
            await asyncio.wait({run.work})
            raise
        except Exception as error:
            logger.exception("an operation failed")
            return outcomes.failed(f"{type(error).__name__}: {error} ({self._shelf.keeper_log} has more)")

    def _conclude(self, run: _Run, outcome: dict[str, Any]) -> None:
        operation = run.operation
        if self._record.operation is operation:
            operation.outcome = outcome
            self._work.write_quietly()
        run.story.done(outcome)
        if operation.verb == "delete" and not operation.deployment and outcome["ok"]:
            self._end()

    def _end_where_nothing_is(self) -> None:
        """End where an endpoint was never made: nobody is served, and nothing is being done about it."""
        if not self._runs and self._record.state == FAILED and not self._household.is_inhabited:
            self._end()

"""
One deployment on its way from its files to its first answer, in the cloud's steps: `STEPS` has them in order.

Source of the steps: contract 6.2 (the status block of get-logs names them), 5.1 and 5.2 (what is done in each), documentation of 2020-11-25,
"Steps for Docker deployment of machine learning models". `ImageBuild` and `Probes` are names of ours.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from amlemu import cli_plan, emulator
from amlemu.check import boot, causes, verdict
from amlemu.check.report import Cause
from amlemu.choices import Choices, choose
from amlemu.console import ServerConsole, description, verdicts
from amlemu.deployment import Deployment
from amlemu.emulator import Opening
from amlemu.errors import AmlemuError, BackendFailure, BootFailed, UsageError
from amlemu.events import Event, ReloadFailed
from amlemu.exchange import Request
from amlemu.finding import Finding, worst_first
from amlemu.layout import OWN_FOLDER
from amlemu.local_endpoints import logs, mounted, simulated
from amlemu.local_endpoints.record import Asked
from amlemu.local_endpoints.story import Story
from amlemu.resident import Resident
from amlemu.stand import Plan

IN_PROGRESS, SUCCEEDED, FAILED = "InProgress", "Succeeded", "Failed"
_PROBE_PATIENCE_S = 30.0
_LAST_LINES = 15


class StepFailed(Exception):
    """A deployment has not come up."""

    def __init__(self, step: str, cause: Cause, said: Sequence[str] = ()) -> None:
        """`said` is what the script has written last. `deployment` is for whom it is one of several."""
        self.deployment = ""
        self.step, self.cause, self.said = step, cause, tuple(said)
        super().__init__(cause.told)

    def as_data(self) -> dict[str, Any]:
        """Return it for the last line of a story."""
        cloud = self.cause.cloud
        return {
            "step": self.step,
            "told": self.cause.told,
            "today": cloud.today if cloud else "",
            "in_2021": cloud.in_2021 if cloud else "",
            "source": cloud.source if cloud else "",
            "fix": self.cause.fix,
            "traceback": self.cause.traceback,
            "said": list(self.said),
        }


@dataclass(frozen=True)
class Place:
    """
    Where a deployment comes to live.

    Attributes:
        endpoint, name: what it is called.
        lodging: name of its folder beside the script, unlike that of the one that it replaces.
        alias: the endpoint's name for a container's labels, likewise.
        logs: folder for its logs.
        keys: folder for the endpoint's keys.
        note: is told each step's name and state.
    """

    endpoint: str
    name: str
    host: str
    port: int
    auth: str | None
    lodging: str
    alias: str
    logs: Path
    keys: Path
    note: Callable[[str, str], None]


@dataclass
class Arrival:
    """Use `come`, once."""

    asked: Asked
    place: Place
    story: Story
    trace: boot.Trace = field(default_factory=boot.Trace)
    findings: tuple[Finding, ...] = ()

    async def come(self) -> Resident:
        """
        Lead it through all steps.

        Raises:
            StepFailed: it has not come up; nothing of it is left.
            UsageError: what was asked for cannot be.
        """
        played = simulated.chosen(self.asked.simulate)
        self.log = logs.stream(logs.log_of(self.place.logs, logs.CONTAINERS[0]))
        self.console = ServerConsole(self.log, self.log)
        self._resident: Resident | None = None
        self._has_started = False
        try:
            for name, work in STEPS:
                self._tell(name, IN_PROGRESS)
                began = time.monotonic()
                if played is not None and played.step == name:
                    raise StepFailed(name, simulated.cause_of(played))
                try:
                    text = await work(self)
                except AmlemuError as error:
                    raise await self._failed(name, error) from error
                self._tell(name, SUCCEEDED, text, time.monotonic() - began)
        except BaseException as error:
            await self._leave()
            if isinstance(error, (StepFailed, AmlemuError, asyncio.CancelledError)):
                self._tell(name, FAILED)
            raise
        assert self._resident is not None, "it has been opened in a step"
        return self._resident

    def _tell(self, step: str, state: str, text: str = "", took_s: float | None = None) -> None:
        self.story.step(self.place.name, step, state, text, took_s)
        self.place.note(step, state)

    async def read(self) -> str:
        """Read the files, and decide what is served how."""
        place = self.place
        wishes = {
            "endpoint_name": place.endpoint,
            "deployment_name": place.name,
            "host": place.host,
            "port": place.port,
        }
        wishes |= {"auth": place.auth or "off", "control_port": 0, **self._options}
        sources = dict.fromkeys(wishes, "flag")

        def plan() -> tuple[Choices, Plan]:
            choices = choose(self.asked.file, wishes, sources, cli_plan.made_for)
            return choices, cli_plan.plan(choices, self.console)

        self._choices, plan_ = await asyncio.to_thread(plan)
        self.plan = replace(plan_, on_event=self._hear, alias=place.alias)
        self.doorkeeper = emulator.doorkeeper(self.plan, place.keys)
        self._listener = boot.Listener(self.trace, 1 if self._is_container else self.plan.deployment.workers)
        deployment = self.plan.deployment
        is_written_by_us = OWN_FOLDER in Path(self.asked.file).parts  # by amlemu.v1, which has remarks of its own
        for remark in () if is_written_by_us else self._remarks(deployment):
            self.story.text(remark)
        return f"{deployment.script.name} and what lies beside it: {mounted.size_of(deployment.code)}"

    def _remarks(self, deployment: Deployment) -> list[str]:
        """Return what is wrong in the files, what a person should know of model and environment, and what has no effect here."""
        said = cli_plan.said_of(self._choices)
        remarks = cli_plan.remarks(self._choices, deployment)
        if said is None:
            return remarks
        noted = [one.field for one in said.not_emulated]
        fields = [field for field in noted if not field.endswith("traffic") and not field.startswith("deployment ")]
        idle = [f"without effect here: {', '.join(fields)} (amlemu serve says why)"] if fields else []
        return [*description.wrong(said), *remarks, *idle]

    @property
    def _options(self) -> dict[str, Any]:
        """What was chosen, as `choices.choose` takes it; JSON has no tuples."""
        return {name: tuple(one) if isinstance(one, list) else one for name, one in self.asked.options.items()}

    @property
    def _is_container(self) -> bool:
        return self.plan.backend == "container"

    async def build(self) -> str:
        """Have the image, where there is one."""
        if not self._is_container:
            return f"no image (--target container builds one); the script runs with {self.plan.deployment.python}"
        from amlemu.backends import quarters

        loop = asyncio.get_running_loop()

        def say(text: str) -> None:
            loop.call_soon_threadsafe(self.story.text, text)

        prepare = quarters.find(self.plan.backend)
        found = await asyncio.to_thread(prepare, self._choices, self.plan, say)
        self.plan = replace(self.plan, quarters=found)
        return found.image_told or found.told

    async def pull(self) -> str:
        """Have it on the machine that runs it, which is this one."""
        return "it is on this machine" if self._is_container else "no image"

    async def mount(self) -> str:
        """Make the tree: code and models at their places."""
        log = logs.log_of(self.place.logs, logs.CONTAINERS[1])
        self._resident = Resident(self.plan, self.console.transcript, self.place.lodging)
        self._resident.open(self.place.port)
        lines = await asyncio.to_thread(mounted.lines_of, self._resident.layout, self.plan.deployment)
        logs.cut(log, "".join(f"{line}\n" for line in lines))
        return mounted.summary(self.plan.deployment)

    async def boot(self) -> str:
        """Start the server, and wait for init()."""
        resident = self._resident
        assert resident is not None, "opened before"
        self.trace.layout = resident.layout
        address = f"http://{self.place.host}:{self.place.port}"
        self.console.opened(self.plan, Opening(self.place.port, (address,), resident.layout, resident.environment))
        await resident.start()
        self._has_started = True
        began = time.monotonic()
        is_up = await boot.come_up(resident.ready, self.plan, self._listener, self._wait_is_long)
        if not is_up or resident.readiness.why:
            raise await self._not_up(resident.readiness.why)
        self._took_s = time.monotonic() - began
        return f"init() returned after {verdicts.seconds(self._took_s)}"

    async def probe(self) -> str:
        """Ask as the platform does."""
        assert self._resident is not None, "opened before"
        try:
            asking = self._resident.backend.handle(Request("GET", "/", [("Host", "localhost")], b""))
            answer = await asyncio.wait_for(asking, _PROBE_PATIENCE_S)
            why = "" if 200 <= answer.status < 400 else f"GET / is answered with {answer.status} {answer.phrase}"
        except (BackendFailure, asyncio.TimeoutError) as error:
            why = str(error) or f"GET / has no answer within {_PROBE_PATIENCE_S:g} s"
        if why:
            raise StepFailed("Probes", causes.too_slow(f"the server has come up, but {why}", self._kind))
        self.trace.said.clear()
        self.console.flush()  # who asks for the log now finds all that init() has said
        return verdicts.ready(self._took_s, self.plan.profile.probes.liveness)

    @property
    def _kind(self) -> str:
        from amlemu.cli_check import kind_of

        return kind_of(self._choices)

    def _hear(self, event: Event) -> None:
        if (
            not isinstance(event, ReloadFailed) or self._listener.all_ready.is_set()
        ):  # no save helps who is not there yet
            self.console.event(event)
        if not self._listener.all_ready.is_set():
            self._listener.hear(event)

    def _wait_is_long(self) -> None:
        rules = self.plan.profile.probes.liveness
        allowed = f"; these probes allow {rules.allows_s:g} s" if rules.is_on else ""
        self.story.text(f"still waiting for init(){allowed}")

    async def _not_up(self, why: str) -> StepFailed:
        trace = self.trace
        if trace.fault is None and trace.death is None and trace.killed is None:
            return StepFailed("UserContainerStart", Cause(why or "the script did not come up"))
        assert trace.layout is not None, "it was opened"
        scene = verdict.Scene(self.plan, self._kind, await self._look(), trace.layout)
        cause = verdict.of_boot(trace, scene) or Cause(why)
        if trace.fault is not None:
            self.console.boot_failed(trace.fault)
        return StepFailed("UserContainerStart", cause, list(trace.said)[-_LAST_LINES:])

    async def _failed(self, step: str, error: AmlemuError) -> StepFailed | AmlemuError:
        """Return what to raise for an error of ours: what the cloud would have met first, where the doctor knows that."""
        if isinstance(error, BootFailed):
            self.trace.fault = self.trace.fault or error.fault
            return await self._not_up("")
        if step == "ImageBuild" and not isinstance(error, UsageError):
            return StepFailed(step, causes.not_made(error))
        found = verdict.before_start(await self._look()) if step == STEPS[0][0] else None
        return error if found is None else StepFailed(step, found)

    async def _look(self) -> Sequence[Finding]:
        """Have the doctor look at it, who may know more."""
        from amlemu.cli_doctor import subject_of
        from amlemu.doctor.examine import examine

        def look() -> Sequence[Finding]:
            choices = choose(self.asked.file, self._options, dict.fromkeys(self._options, "flag"))
            subject, unseen = subject_of(choices, Path(self.asked.file))
            return worst_first([*examine(subject), *unseen])

        try:
            return await asyncio.to_thread(look)
        except AmlemuError:
            return ()

    async def _leave(self) -> None:
        """Leave nothing behind."""
        resident = self._resident
        if resident is not None:
            await resident.leave_aids()
        if resident is not None and self._has_started:
            await resident.stop(0)
            await resident.close()
        elif resident is not None:
            resident.abandon()
        self.console.flush()
        self.log.close()


STEPS: tuple[tuple[str, Callable[[Arrival], Awaitable[str]]], ...] = (
    ("SystemSetup", Arrival.read),
    ("ImageBuild", Arrival.build),
    ("UserContainerImagePull", Arrival.pull),
    ("ModelDownload", Arrival.mount),
    ("UserContainerStart", Arrival.boot),
    ("Probes", Arrival.probe),
)

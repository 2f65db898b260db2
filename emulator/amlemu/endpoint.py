"""
The Python face: `amlemu.serve(...)` serves a script in a thread, and hands out an `Endpoint` to score with and to look at.

`emulator.py` does the serving; the command line goes another way to it, `foreground.py`.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amlemu import allotment, project_file
from amlemu import deployment as deployments
from amlemu import profile_file as profiles
from amlemu.azure.paths import is_azure_file
from amlemu.backends import Capabilities
from amlemu.debugging import DebugRules
from amlemu.emulator import Emulator, Opening, run_loop
from amlemu.errors import BootFailed, ScoringFailed
from amlemu.events import Event, WorkerEnded
from amlemu.exchange import Exchange
from amlemu.reload import ReloadRules
from amlemu.stand import Plan, choose_backend

if TYPE_CHECKING:
    import httpx

    from amlemu.azure.description import Description
    from amlemu.backends.generation import Outcome


_MOST_DEATHS = 3  # of a process that is booting, before nobody waits for it any more


class Endpoint:
    """A served deployment, for Python programs: `url`, `score`, `exchanges`; stops at the end of the `with` block."""

    def __init__(self, plan: Plan, grace_s: float) -> None:
        """Remember the plan; what happens is put into `events`, and nothing is started yet."""
        self.events: list[Event] = []
        self._plan = replace(plan, on_event=self._hear)
        self._emulator = Emulator(self._plan)
        self._grace_s = grace_s
        self._started = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="amlemu", daemon=True)
        self._client: httpx.Client | None = None
        self.ended_by: Exception | None = None
        self._deaths = 0

    @property
    def has_ended(self) -> bool:
        """Whether nothing is served any more; `ended_by` is the reason, where nobody has stopped it."""
        return self.ended_by is not None or not self._thread.is_alive()

    @property
    def exchanges(self) -> list[Exchange]:
        """The requests that are over, oldest first: as many as the journal holds."""
        return list(self._emulator.journal)

    @property
    def opening(self) -> Opening:
        """Where clients come in, and what the script sees."""
        return self._emulator.opening

    @property
    def capabilities(self) -> Capabilities:
        """What its backend can do."""
        return self._emulator.backend.capabilities

    @property
    def url(self) -> str:
        """The server's root, `http://host:port`."""
        host = self._plan.host
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def score(self, payload: Any = None, *, data: bytes | None = None, content_type: str = "application/json") -> Any:
        """
        Send one request to `/score` and return the decoded answer (text where it is not JSON).

        Args:
            payload: text and bytes as they are, anything else as JSON.
            data: the body as it is, instead.

        Raises:
            ScoringFailed: the status was not 200.
        """
        content = body_of(payload) if data is None else data
        response = self._http().post(f"{self.url}/score", content=content, headers={"Content-Type": content_type})
        if response.status_code != 200:
            raise ScoringFailed(response.status_code, response.reason_phrase, response.content)
        try:
            return response.json()
        except ValueError:
            return response.text

    def reload(self) -> Outcome:
        """Load the script again and return how that went; requests meanwhile are answered by the one before."""
        return asyncio.run_coroutine_threadsafe(self._emulator.reload(), self._loop).result()

    def start(self) -> Endpoint:
        """Start and wait for init(). Raises UsageError or BootFailed."""
        self._thread.start()
        self._started.wait()
        if self._error is not None:
            self._thread.join()
            raise self._error
        return self

    def stop(self) -> None:
        """Stop serving; returns when nothing is left."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()
        if self._client is not None:  # only now: another thread may still wait for an answer
            self._client.close()

    def __enter__(self) -> Endpoint:  # noqa: PYI034  # no subclasses
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def _http(self) -> httpx.Client:
        import httpx

        if self._client is None:
            self._client = httpx.Client(trust_env=False, timeout=None)
        return self._client

    def _run(self) -> None:
        try:
            run_loop(self._serve())
        except BaseException as error:
            self._error = error
        finally:
            self._started.set()

    def _hear(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, WorkerEnded) and event.was_booting and not event.planned:
            self._deaths += 1
            if self._deaths == _MOST_DEATHS:
                self._loop.call_soon_threadsafe(self._died.set_result, event)

    async def _ready(self, emulator: Emulator) -> None:
        """Wait for init(). Raises BootFailed, also for a process that dies again and again: the cloud would start it for ever."""
        self._died: asyncio.Future[WorkerEnded] = self._loop.create_future()
        ready = asyncio.ensure_future(emulator.ready())
        either: set[asyncio.Future[Any]] = {ready, self._died}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            ready.cancel()
            raise _given_up(self._died.result())
        self._died.cancel()
        ready.result()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        emulator = self._emulator
        emulator.open()
        await emulator.start()
        self.port = emulator.port
        try:
            await self._ready(emulator)
            await emulator.aided()
            self._started.set()
            self.ended_by = await emulator.wait(self._stop)
        finally:
            await emulator.stop(self._grace_s)


def body_of(payload: Any) -> bytes:
    """Return a payload as a request's body: text and bytes as they are, anything else as JSON."""
    if isinstance(payload, bytes):
        return payload
    if isinstance(payload, str):
        return payload.encode()
    try:
        return json.dumps(payload).encode()
    except TypeError as error:
        told = f"{error}: make lists and numbers of it (.tolist(), .to_dict(...)), or give the body itself by data="
    __tracebackhide__ = True
    raise TypeError(told)


def _deployment(script: Any, code: Any, shared: dict[str, Any]) -> tuple[deployments.Deployment, Description | None]:
    """Return what is served, and what Azure's files say of it: of code and limits that counts."""
    path = Path(script)
    if not is_azure_file(path):
        return deployments.from_script(path, code=code, **shared), None
    from amlemu.azure import files, served

    said = files.describe(path, wanted=shared["name"] or "")
    known = project_file.load(Path(os.path.abspath(path)).parent).models
    return served.to_deployment(said, known=known, **shared), said


def _unseen(exchange: Exchange) -> None:
    """Nobody watches: the journal has it."""


def _given_up(death: WorkerEnded) -> BootFailed:
    end = (
        f"was ended by signal {-death.exit_code}" if death.exit_code < 0 else f"ended with exit code {death.exit_code}"
    )
    because = f": {death.memory.told}" if death.memory is not None else ""
    what = f"its process {end} while it loaded or in init(), {_MOST_DEATHS} times{because}"
    said = f"Its last words: {death.last_line}" if death.last_line else ""
    return BootFailed({"what": what, "where": "", "traceback": "", "hint": said}, death.exit_code)


def _unheard(text: str) -> None:
    """Nobody waits for it to be told."""


def serve(
    script: Any,
    *,
    code: Any = None,
    model_dir: Any = None,
    models: Mapping[str, Any] | None = None,
    env: Mapping[str, str] | None = None,
    python: Any = None,
    workers: int | None = None,
    memory_gb: float | None = None,
    cpu: float | None = None,
    layout: str = "auto",
    host: str = "127.0.0.1",
    port: int = 0,
    profile: str | None = None,
    settings: Mapping[str, str] | None = None,
    backend: str = "worker",
    upstream: str | None = None,
    engine: str = "amlemu",
    endpoint_name: str | None = None,
    deployment_name: str | None = None,
    request_settings: Mapping[str, int] | None = None,
    auth: str | None = None,
    keys: tuple[str | None, str | None] = (None, None),
    insecure: bool = False,
    shadow: bool = False,
    dev_errors: bool = False,
    reload: ReloadRules | bool = False,
    debug: DebugRules | None = None,
    grace_s: float = 10.0,
) -> Endpoint:
    """
    Serve a scoring script and wait for its init().

        with amlemu.serve("score.py") as endpoint:
            endpoint.score({"data": [[1, 2]]})

    Args:
        script: path of the scoring script, or of one of Azure's files: deployment.yml, endpoint.yml, inferenceconfig.json ...
        code: the folder that is deployed; None is the script's own.
        model_dir: what AZUREML_MODEL_DIR names.
        models: files or folders by `NAME:VERSION`, to lie below azureml-models.
        env: variables for the script.
        python: interpreter, or folder of an environment, for the script.
        workers: processes; None follows WORKER_COUNT, else one.
        memory_gb: of a replica; None is what the deployment's files say, if they do.
        cpu: processors that the workers of a replica may use; None is all.
        layout: `auto`, `var` (the real /var/azureml-app), `links`, or `none` (the script where it is).
        port: 0 picks a free one.
        profile: which cloud answers; a name or the path of a file. None is the deployment's own, else `managed`.
        settings: values of the profile to override, `{"limits.request_timeout_ms": "8000"}`.
        backend: `worker`, `inprocess`, `container` (the real image, built and run by Docker), or `upstream` with its `upstream="http://..."`.
        engine: `amlemu`, or `azmlinfsrv`: the real server of the script's environment, instead of `backend`.
        endpoint_name: None is the name of the script's folder.
        deployment_name: None is `blue`.
        request_settings: the deployment's own limits, `{"request_timeout_ms": 8000}`; `settings` beat them.
        auth: None lets everybody in; `key`, `aml_token` or `aad_token`.
        keys: primary and secondary key; None: made, and kept beside the script.
        insecure: a host that others can reach needs this, or `auth`.
        shadow: callers get what the model said; `exchange.cloud` has what they would have got.
        dev_errors: the traceback of a failed run() is in the answer, as in no cloud.
        reload: whether a saved file is loaded; a script that does not start is then told in `events`, not raised.
        debug: how the script can be debugged; None: in the session of whoever debugs this program, if somebody does.
        grace_s: seconds that requests in hand may take when the endpoint stops.

    Raises:
        UsageError: something is not usable as given.
        BootFailed: the script cannot be loaded, or init() failed.
    """
    wishes = {name: value for name, value in locals().items() if name not in ("script", "grace_s")}
    return Endpoint(in_quarters(plan_of(script, **wishes), script), grace_s).start()


def plan_of(script: Any, **wishes: Any) -> Plan:
    """
    Return what `serve` would serve, with these of its arguments.

    Raises:
        UsageError: something is not usable as given.
    """
    asked = {**(serve.__kwdefaults__ or {}), **wishes}
    chosen = choose_backend(asked["backend"], asked["upstream"], asked["engine"])
    shared = {
        "model_dir": asked["model_dir"],
        "models": asked["models"],
        "python": asked["python"],
        "environment": asked["env"],
        "workers": asked["workers"],
        "endpoint": asked["endpoint_name"],
        "name": asked["deployment_name"],
    }
    deployment, said = _deployment(script, asked["code"], shared)
    limits = {**deployment.request_settings, **(asked["request_settings"] or {})}
    profile = profiles.load(asked["profile"] or (said.profile if said is not None else "managed"))
    own = {key: word for key, (word, _) in allotment.settings(profile, said).items()}
    profile = profiles.load(asked["profile"] or profile.name, asked["settings"], {**own, **limits})
    reload, debug = asked["reload"], asked["debug"]
    return Plan(
        deployment=replace(deployment, request_settings=limits),
        profile=profile,
        memory=allotment.memory(profile, asked["memory_gb"], said, "memory_gb"),
        cpus=allotment.cpus(asked["cpu"], "cpu"),
        backend=chosen,
        upstream=asked["upstream"],
        layout=asked["layout"],
        host=asked["host"],
        port=asked["port"],
        auth=asked["auth"],
        keys=asked["keys"],
        is_insecure=asked["insecure"],
        is_shadow=asked["shadow"],
        dev_errors=asked["dev_errors"],
        reload=reload if isinstance(reload, ReloadRules) else ReloadRules(is_on=reload),
        debug=debug if debug is not None else DebugRules(inherits="pydevd" in sys.modules and chosen == "worker"),
        on_exchange=_unseen,
    )


def in_quarters(plan: Plan, script: Any, say: Callable[[str], None] | None = None) -> Plan:
    """
    Return the plan with the quarters that its backend has, if it has any: the container's image, whose build may take minutes.

    Args:
        script: as `serve` takes it.
        say: hears of steps that take their time.

    Raises:
        AmlemuError: they cannot be had; nothing is left running.
    """
    if plan.backend != "container":
        return plan
    from amlemu import choices
    from amlemu.backends import quarters

    return replace(
        plan, quarters=quarters.find(plan.backend)(choices.choose(str(script), {}, {}), plan, say or _unheard)
    )

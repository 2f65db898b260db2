"""
The composition root: puts front door and server before a `Stand`, and owns their start and stop.

`Emulator` is the asynchronous whole that the command line runs; `serve` wraps one in a thread for Python programs and
tests. Nothing below this file knows which backend or profile was chosen.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import posixpath
import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from amlemu import deployment as deployments
from amlemu import ports, whereabouts
from amlemu import profile_file as profiles
from amlemu.credentials import KeyFile, Keyring
from amlemu.errors import ScoringFailed, UsageError
from amlemu.events import Event
from amlemu.exchange import Exchange
from amlemu.journal import Journal, has_secrets, without_secrets
from amlemu.layout import OWN_FOLDER, Layout
from amlemu.stand import Plan, Stand, choose_backend

if TYPE_CHECKING:
    import httpx
    import uvicorn

_BACKSTOP_S = 5  # uvicorn's own patience, for the case that ours fails


@dataclass(frozen=True)
class Opening:
    """What is known once the ports are bound: where clients come in, and what the script is going to see."""

    port: int
    addresses: tuple[str, ...]
    layout: Layout
    environment: Mapping[str, str]


class Emulator:
    """A deployment being served. Use from one event loop: open, start, ready, wait, stop."""

    def __init__(self, plan: Plan) -> None:
        """Remember the plan; nothing is opened yet."""
        self._plan = plan
        self._listeners: list[socket.socket] = []
        self.journal = Journal()

    def open(self) -> Opening:
        """
        Bind the ports, so that early clients wait, and say what the script is going to see; nothing runs yet.

        Raises:
            UsageError: a port is taken, the address is none, the layout is impossible here.
        """
        plan = self._plan
        self._doorkeeper = doorkeeper(plan)
        wanted = [port for port in (plan.health_port, plan.port) if port is not None]
        try:
            self._listeners += [ports.listen(plan.host, port) for port in wanted]
            self.port = int(self._listeners[-1].getsockname()[1])
            self._stand = Stand(plan, self.port)
            self._folders = _folders(self._stand.layout, plan)
        except BaseException:
            self._close()
            raise
        addresses = tuple(f"http://{plan.host}:{one.getsockname()[1]}" for one in self._listeners)
        return Opening(self.port, addresses, self._stand.layout, self._stand.environment)

    async def start(self) -> None:
        """
        Begin to boot the script, and accept connections (they wait for init(), as in the cloud).

        Raises:
            UsageError: the interpreter cannot be started.
        """
        self._is_ready = asyncio.Event()
        try:
            self.backend = self._stand.make_backend()
            await self.backend.start()
        except BaseException:
            self._close()
            raise
        # It imports FastAPI while the worker boots; in a thread, for we must hear the worker meanwhile.
        self._server = await asyncio.to_thread(self._make_server)
        self._serving = asyncio.get_running_loop().create_task(self._server.serve(sockets=self._listeners))

    async def ready(self) -> None:
        """Wait for init(). Raises BootFailed."""
        await self.backend.ready()
        self._is_ready.set()

    async def wait(self, stop: asyncio.Event) -> Exception | None:
        """Wait until `stop` is set, or until the backend gives up for good; returns why it did."""
        loop = asyncio.get_running_loop()
        stopped, failed = loop.create_task(stop.wait()), loop.create_task(self.backend.failed())
        await asyncio.wait({stopped, failed}, return_when=asyncio.FIRST_COMPLETED)
        reason = failed.result() if failed.done() else None
        for task in (stopped, failed):
            task.cancel()
        return reason

    async def stop(self, grace_s: float = 10.0) -> None:
        """Accept nothing more, let requests in hand finish for `grace_s` seconds, leave nothing behind."""
        for listener in self._listeners:
            listener.close()
        self._server.config.timeout_graceful_shutdown = _BACKSTOP_S + round(grace_s)
        self._server.should_exit = True
        await asyncio.wait({self._serving}, timeout=grace_s)
        # What outlasts the grace is ended from below: its worker is killed, and its exchange says so.
        await self.backend.stop(grace_s if self._serving.done() else 0)
        await self._serving
        self._close()

    def _record(self, exchange: Exchange) -> None:
        """Keep an exchange and show it: with the script's own view of where it was, and without secrets."""
        if exchange.stack:
            exchange.stack = whereabouts.of_user(exchange.stack, self._folders)
            exchange.where = whereabouts.told(exchange.stack, self._folders)
        if has_secrets(exchange.request):
            exchange = replace(exchange, request=replace(exchange.request, headers=without_secrets(exchange.request)))
        self.journal.add(exchange)
        self._plan.on_exchange(exchange)

    async def _locate(self, exchange: Exchange) -> None:
        """Write on an exchange that is answered where the script is with it."""
        stack = await self.backend.locate(exchange.number)
        exchange.stack = stack or []
        exchange.where = "waiting for a worker" if stack is None else ""

    def _close(self) -> None:
        for listener in self._listeners:
            listener.close()
        if hasattr(self, "_stand"):
            self._stand.close()

    def _make_server(self) -> uvicorn.Server:
        import uvicorn

        from amlemu.gateway.app import FrontDoor, Witness, application
        from amlemu.gateway.connections import Connections
        from amlemu.gateway.stages import Served, stages
        from amlemu.gateway.wire import Sweeper, Wire

        class Server(uvicorn.Server):
            """Signals are the command line's business."""

            @contextlib.contextmanager
            def capture_signals(self) -> Iterator[None]:
                yield

        plan = self._plan
        served = Served(
            self.backend,
            plan.deployment.endpoint,
            plan.deployment.name,
            self._is_ready,
            self._doorkeeper,
            plan.dev_errors,
        )
        witness = Witness(self._record, plan.on_event, self._locate)
        front_door = FrontDoor(stages(plan.profile, served), witness, shadow=plan.is_shadow)
        wire: Any = functools.partial(
            Wire,
            rules=plan.profile.wire,
            sweeper=Sweeper(),
            connections=Connections(plan.profile),
            on_refusal=plan.on_event,
        )
        config = uvicorn.Config(
            application(front_door),
            http=wire,
            loop="none",
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
        )
        return Server(config)


def _folders(layout: Layout, plan: Plan) -> list[str]:
    """Return the folders of the user's own code, as the script's file system has them."""
    return [layout.app_root, str(plan.deployment.code), posixpath.dirname(layout.script)]


def doorkeeper(plan: Plan) -> Keyring | None:
    """
    Return who guards the front door; None lets everybody in.

    Raises:
        UsageError: others could come in and nobody guards it, or this cloud has no such way of authentication.
    """
    if plan.auth is None:
        if not plan.is_insecure and not ports.is_loopback(plan.host):
            raise UsageError(
                "others can reach this address, and nobody is asked for a key",
                where=f"--host {plan.host or repr(plan.host)}",
                hint="Add --auth key, or --insecure if that is what you want.",
            )
        return None
    modes = plan.profile.auth.modes
    if plan.auth not in modes:
        source = plan.profile.facts["auth.modes"].source
        raise UsageError(
            f"profile {plan.profile.name} has no such way",
            where=f"--auth {plan.auth}",
            expected=f"It has {', '.join(modes)} ({source}).",
        )
    keyring = Keyring(plan.auth, KeyFile(plan.deployment.script.parent / OWN_FOLDER), *plan.keys)
    keyring.prepare()
    return keyring


def run_loop(main: Any) -> Any:
    """Run a coroutine in a new event loop, uvloop's where it is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    return uvloop.run(main)


class Endpoint:
    """A served deployment, for Python programs: `url`, `score`, `exchanges`; stops at the end of the `with` block."""

    def __init__(self, plan: Plan, grace_s: float, events: list[Event]) -> None:
        """`plan` must put what happens into the list; nothing is started yet."""
        self.events = events
        self._plan = plan
        self._emulator = Emulator(plan)
        self._grace_s = grace_s
        self._started = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="amlemu", daemon=True)
        self._client: httpx.Client | None = None

    @property
    def exchanges(self) -> list[Exchange]:
        """The requests that are over, oldest first: as many as the journal holds."""
        return list(self._emulator.journal)

    @property
    def url(self) -> str:
        """The server's root, `http://host:port`."""
        host = self._plan.host
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def score(self, payload: Any = None, *, data: bytes | None = None, content_type: str = "application/json") -> Any:
        """
        Send one request to `/score` and return the decoded answer (text where it is not JSON).

        Args:
            payload: sent as JSON, unless `data` is given.
            data: sent as it is, with `content_type`.

        Raises:
            ScoringFailed: the status was not 200.
        """
        import json

        content = json.dumps(payload).encode() if data is None else data
        response = self._http().post(f"{self.url}/score", content=content, headers={"Content-Type": content_type})
        if response.status_code != 200:
            raise ScoringFailed(response.status_code, response.reason_phrase, response.content)
        try:
            return response.json()
        except ValueError:
            return response.text

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

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        emulator = self._emulator
        self.opening = emulator.open()
        await emulator.start()
        self.port = emulator.port
        try:
            await emulator.ready()
            self._started.set()
            await emulator.wait(self._stop)
        finally:
            await emulator.stop(self._grace_s)


def _unseen(exchange: Exchange) -> None:
    """Nobody watches: the journal has it."""


def serve(
    script: Any,
    *,
    code: Any = None,
    model_dir: Any = None,
    models: Mapping[str, Any] | None = None,
    env: Mapping[str, str] | None = None,
    python: Any = None,
    workers: int | None = None,
    layout: str = "auto",
    host: str = "127.0.0.1",
    port: int = 0,
    profile: str = "managed",
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
    grace_s: float = 10.0,
) -> Endpoint:
    """
    Serve a scoring script and wait for its init().

        with amlemu.serve("score.py") as endpoint:
            endpoint.score({"data": [[1, 2]]})

    Args:
        script: path of the scoring script.
        code: the folder that is deployed; None is the script's own.
        model_dir: what AZUREML_MODEL_DIR names.
        models: files or folders by `NAME:VERSION`, to lie below azureml-models.
        env: variables for the script.
        python: interpreter, or folder of an environment, for the script.
        workers: processes; None follows WORKER_COUNT, else one.
        layout: `auto`, `var` (the real /var/azureml-app), `links`, or `none` (the script where it is).
        port: 0 picks a free one.
        profile: which cloud answers; a name or the path of a file.
        settings: values of the profile to override, `{"limits.request_timeout_ms": "8000"}`.
        backend: `worker`, `inprocess` or `upstream` (then with `upstream="http://..."`).
        engine: `amlemu`, or `azmlinfsrv`: the real server of the script's environment, instead of `backend`.
        endpoint_name: None is the name of the script's folder.
        deployment_name: None is `blue`.
        request_settings: the deployment's own limits, `{"request_timeout_ms": 8000}`; `settings` beat them.
        auth: None lets everybody in; `key`, `aml_token` or `aad_token`.
        keys: primary and secondary key; None: made, and kept beside the script.
        insecure: a host that others can reach needs this, or `auth`.
        shadow: callers get what the model said; `exchange.cloud` has what they would have got.
        dev_errors: the traceback of a failed run() is in the answer, as in no cloud.
        grace_s: seconds that requests in hand may take when the endpoint stops.

    Raises:
        UsageError: something is not usable as given.
        BootFailed: the script cannot be loaded, or init() failed.
    """
    events: list[Event] = []
    plan = Plan(
        deployment=deployments.from_script(
            script,
            code=code,
            model_dir=model_dir,
            models=models,
            python=python,
            environment=env,
            workers=workers,
            endpoint=endpoint_name,
            name=deployment_name,
            request_settings=request_settings,
        ),
        profile=profiles.load(profile, settings, request_settings),
        backend=choose_backend(backend, upstream, engine),
        upstream=upstream,
        layout=layout,
        host=host,
        port=port,
        auth=auth,
        keys=keys,
        is_insecure=insecure,
        is_shadow=shadow,
        dev_errors=dev_errors,
        on_event=events.append,
        on_exchange=_unseen,
    )
    return Endpoint(plan, grace_s, events).start()

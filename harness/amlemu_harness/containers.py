"""
A container: made as an `Order` says, started, watched, stopped, removed. What the engine refuses is told in words.

`local.py` writes orders, `readiness.py` waits until a container answers, `ends.py` says what its exit code means, `readable.py` whether
it may read what is mounted. Of what a deployment is nothing is known here.
"""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from amlemu.errors import UsageError

from amlemu_harness import readable
from amlemu_harness.ends import NoServer
from amlemu_harness.engine import Engine
from amlemu_harness.labels import KIND, made_by
from amlemu_harness.troubles import EngineRefused, in_words

if TYPE_CHECKING:
    from docker.types import DeviceRequest

AZ_LOCAL, ENDPOINT, DEPLOYMENT = "azureml-local-endpoint", "endpoint", "deployment"
"""Labels by which azure-ai-ml finds its containers. Source: azure-ai-ml 1.35.2, constants/_endpoint.py, LocalEndpointConstants."""
SCORING_PORT = 5001
_OUR_KIND = "container"
_STREAMS = {1: "stdout", 2: "stderr"}
_HEADER = 8  # bytes before each piece of a log: the stream, three zeros, the length
_SHORTEST_ID = 4
_ANYWHERE = ("", "0.0.0.0", "::")  # noqa: S104  # what the engine says of a published port
_NO_COMMAND = ("executable file not found", "no such file or directory", "no command specified", "exec format error")


@dataclass(frozen=True)
class Mount:
    """A file or folder of this machine at a place in the container; mode `z` lets SELinux share it, `ro` is read-only."""

    source: Path
    target: str
    mode: str = ""


@dataclass(frozen=True)
class Order:
    """
    What is to be made.

    Attributes:
        ports: container port -> host address and host port; 0 is any free one.
        memory_bytes: 0 is no limit.
        cpus: processors, or a part of one; 0 is no limit.
        gpus: `all`, a number, or `device=0,1`; empty for none.
        reads: files and folders among the mounts that the container cannot do without.
    """

    image: str
    name: str
    labels: Mapping[str, str]
    variables: Mapping[str, str]
    mounts: tuple[Mount, ...]
    ports: Mapping[int, tuple[str, int]]
    memory_bytes: int = 0
    cpus: float = 0
    gpus: str = ""
    platform: str = ""
    reads: tuple[Path, ...] = ()


@dataclass(frozen=True)
class State:
    """How a container is. `status` is the engine's word (`created`, `running`, `exited` ...), or `removed`."""

    status: str
    exit_code: int
    is_running: bool
    was_out_of_memory: bool
    error: str


@dataclass(frozen=True)
class Container:
    """
    One container, by its id; where it is not said otherwise a method raises what `troubles.in_words` does.

    Attributes:
        image: its name as it was ordered.
        replaced: names of the containers that had to go for this one.
    """

    engine: Engine = field(repr=False, compare=False)
    id: str
    name: str
    image: str = ""
    labels: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    replaced: tuple[str, ...] = ()

    @classmethod
    def create(cls, engine: Engine, order: Order) -> Container:
        """
        Make a container; it is not started.

        One of the same name goes, if amlemu or `az ml ... --local` has made it, and with it every other one of the same endpoint;
        where the engine refuses to make the new one they stay.

        Raises:
            UsageError: the name is somebody else's, or the image's user cannot read what is mounted.
            NoServer: the image has no command.
        """
        former = _former(engine, order)
        labels = {**order.labels, **made_by(_OUR_KIND)}
        with _told(order.name, order.image), in_words(order.image):
            made = engine.client.api.create_container(
                order.image,
                name=f"{order.name}.{uuid.uuid4().hex[:8]}",  # what is there goes when nothing can be refused any more
                environment=dict(order.variables),
                labels=labels,
                ports=list(order.ports),
                host_config=_host_config(engine, order),
                # az's containers have a terminal, which makes one stream of the two; what a script prints is told apart here
                tty=False,
                platform=order.platform or None,
            )
        replaced = tuple(one.name for one in former)
        found = cls(engine, str(made["Id"]), order.name, order.image, labels, replaced)
        try:
            readable.check(engine, found.id, order.image, [mount.source for mount in order.mounts], order.reads)
            for one in former:
                one.remove()
            with in_words(found.where):
                engine.client.api.rename(found.id, order.name)
        except BaseException:
            found.remove()
            raise
        return found

    @classmethod
    def find(cls, engine: Engine, name: str) -> Container:
        """
        Return the container of this name, id or endpoint, if amlemu or `az ml ... --local` has made it.

        Raises:
            UsageError: there is none; it names those that are there.
        """
        there = cls.all(engine)
        found = [one for one in there if one.name == name] or [one for one in there if one.labels.get(ENDPOINT) == name]
        if len(name) >= _SHORTEST_ID:
            found += [one for one in there if one.id.startswith(name)]
        if found:
            return found[0]
        names = ", ".join(one.name for one in there) or "none"
        whose = _whose(engine, name)
        what = "neither amlemu nor az ml has made this container" if whose else "no such container"
        raise UsageError(what, where=name, expected=whose, hint=f"There is {names}.")

    @classmethod
    def all(cls, engine: Engine) -> list[Container]:
        """Return all containers that amlemu and `az ml ... --local` have made, running or not, the newest first."""
        with in_words(engine.address):
            listed = engine.client.api.containers(all=True)
        found = [cls(engine, one["Id"], _name(one), one["Image"], one["Labels"] or {}) for one in listed]
        return [one for one in found if one.is_ours or AZ_LOCAL in one.labels]

    @property
    def is_ours(self) -> bool:
        """Whether amlemu has made it; one that a person has made of an image of ours has the image's labels only."""
        return self.labels.get(KIND) == _OUR_KIND

    @property
    def where(self) -> str:
        """How it is called in messages."""
        return f"container {self.name}"

    def start(self) -> None:
        """
        Start it.

        Raises:
            NoServer: the image's command is not in it.
        """
        with _told(self.where, self.image), in_words(self.where):
            self.engine.client.api.start(self.id)

    def restart(self, patience_s: float = 5) -> None:
        """Stop and start it; a host port that was any free one may be another one then, see `address`."""
        with _told(self.where, self.image), in_words(self.where):
            self.engine.client.api.restart(self.id, timeout=_whole(patience_s))

    def stop(self, patience_s: float = 5) -> None:
        """End it, after this time by force; one that has ended stays as it is."""
        with in_words(self.where):
            self.engine.client.api.stop(self.id, timeout=_whole(patience_s))

    def remove(self) -> None:
        """End it by force and remove it with its own volumes; nothing happens where it is gone."""
        import docker.errors

        with in_words(self.where):
            try:
                self.engine.client.api.remove_container(self.id, force=True, v=True)
            except docker.errors.NotFound:
                pass  # that was the wish
            except docker.errors.APIError as error:
                if "already in progress" not in str(error.explanation):
                    raise

    def state(self) -> State:
        """Return how it is."""
        found = self._looked_at()
        if found is None:
            return State("removed", 0, is_running=False, was_out_of_memory=False, error="")
        state = found["State"]
        return State(
            status=str(state["Status"]),
            exit_code=int(state["ExitCode"]),
            is_running=bool(state["Running"]),
            was_out_of_memory=bool(state["OOMKilled"]),
            error=str(state["Error"]),
        )

    def address(self, port: int = SCORING_PORT) -> tuple[str, int] | None:
        """Return host and port at which a port of the container is reached from here; None where it is not published, or not now."""
        return self.addresses().get(port)

    def addresses(self) -> dict[int, tuple[str, int]]:
        """Return host and port of each port of the container that is published."""
        found = self._looked_at() or {"NetworkSettings": {"Ports": {}}}
        published: dict[int, tuple[str, int]] = {}
        for name, places in (found["NetworkSettings"]["Ports"] or {}).items():
            for place in sorted(places or (), key=lambda one: ":" in one["HostIp"]):  # IPv4 first
                number = int(name.partition("/")[0])
                published.setdefault(number, (self._host(place["HostIp"]), int(place["HostPort"])))
        return published

    def logs(self, tail: int | None = None) -> bytes:
        """Return what it has written so far, both streams in order; the last lines of it."""
        with in_words(self.where):
            return bytes(self.engine.client.api.logs(self.id, tail="all" if tail is None else tail))

    def follow(self, since: float | None = None, tail: int | None = None) -> Iterator[tuple[str, bytes]]:
        """
        Yield what it writes, from its beginning or since a time, piece by piece with `stdout` or `stderr`, until it ends.

        Blocks for as long as it is silent: for a thread of its own.
        """
        import requests.exceptions
        from docker.errors import create_api_error_from_http_exception

        # The SDK does not say which stream a piece is from; the frames are documented: Engine API 1.41, ContainerAttach.
        api = self.engine.client.api
        asked: dict[str, Any] = {"follow": 1, "stdout": 1, "stderr": 1, "tail": "all" if tail is None else tail}
        if since is not None:
            asked["since"] = f"{since:.9f}"
        with in_words(self.where):
            url = f"{api.base_url}/v{api.api_version}/containers/{self.id}/logs"
            with api.get(url, params=asked, stream=True, timeout=None) as response:
                try:
                    response.raise_for_status()
                except requests.exceptions.HTTPError as error:
                    create_api_error_from_http_exception(error)
                yield from _pieces(response.raw)

    def wait(self) -> int:
        """Wait until it ends; return its exit code."""
        with in_words(self.where):
            return int(self.engine.client.api.wait(self.id, timeout=None)["StatusCode"])

    def _looked_at(self) -> dict[str, Any] | None:
        import docker.errors

        with in_words(self.where):
            try:
                found: dict[str, Any] = self.engine.client.api.inspect_container(self.id)
            except docker.errors.NotFound:
                return None
            return found

    def _host(self, address: str) -> str:
        """Return where a published port is reached: where the engine is, if that is another machine."""
        if address not in _ANYWHERE:
            return address
        engine = urlsplit(self.engine.address)
        return engine.hostname or "127.0.0.1" if engine.scheme in ("tcp", "ssh", "http", "https") else "127.0.0.1"


def of_endpoint(engine: Engine, endpoint: str) -> list[Container]:
    """Return all containers of an endpoint, whichever deployment, that amlemu and `az ml ... --local` have made."""
    return [one for one in Container.all(engine) if AZ_LOCAL in one.labels and one.labels.get(ENDPOINT) == endpoint]


def _former(engine: Engine, order: Order) -> list[Container]:
    """
    Return what is in the way and was made for the same end: one of the name, and all of the endpoint.

    Source: contract 5.1, item 5: azure-ai-ml 1.35.2, docker_client.py `create_deployment` deletes all containers of the endpoint.
    """
    former = of_endpoint(engine, order.labels[ENDPOINT]) if AZ_LOCAL in order.labels else []
    former += [one for one in Container.all(engine) if one.is_ours and one.name == order.name and one not in former]
    whose = _whose(engine, order.name) if not any(one.name == order.name for one in former) else ""
    if whose:
        what = f"the name {order.name} is taken by a container that amlemu has not made"
        raise UsageError(what, expected=whose, hint="Give it another name with --endpoint-name or --deployment-name.")
    return former


def _whose(engine: Engine, name: str) -> str:
    """Say whose a container of this name is; empty where there is none."""
    with in_words(engine.address):
        found = engine.client.api.containers(all=True, filters={"name": f"^/{re.escape(name)}$"})
    return f"It is of the image {found[0]['Image']}, {found[0]['Status']}." if found else ""


def _host_config(engine: Engine, order: Order) -> Any:
    from docker.types import Mount as DockerMount

    # A mode wants the older way, `SOURCE:TARGET:MODE`; the other one takes any name, and refuses a folder that the engine does not have.
    by_words = [mount for mount in order.mounts if mount.mode and ":" not in str(mount.source)]
    given: dict[str, Any] = {}
    if order.memory_bytes:  # no swap either, as on Kubernetes: without this the engine gives as much again
        given |= {"mem_limit": order.memory_bytes, "memswap_limit": order.memory_bytes}
    if order.cpus:  # the engine refuses more than it has; a deployment may well be made for a larger machine
        most = float(engine.client.info().get("NCPU") or order.cpus)
        given["nano_cpus"] = int(min(order.cpus, most) * 1e9)
    return engine.client.api.create_host_config(
        port_bindings={port: (host, number or None) for port, (host, number) in order.ports.items()},
        binds=[f"{mount.source}:{mount.target}:{mount.mode}" for mount in by_words],
        mounts=[
            DockerMount(mount.target, str(mount.source), type="bind", read_only=mount.mode == "ro")
            for mount in order.mounts
            if mount not in by_words
        ],
        device_requests=_gpus(order.gpus),
        **given,
    )


def _gpus(words: str) -> list[DeviceRequest] | None:
    """Return what `docker run --gpus` would ask for."""
    from docker.types import DeviceRequest

    if not words:
        return None
    devices = words.removeprefix("device=").split(",") if words.startswith("device=") else []
    if not (words == "all" or re.fullmatch(r"[1-9]\d{0,2}", words) or (devices and all(devices))):
        raise UsageError(f"{words!r} names no GPUs", where="--gpus", expected="Expected all, a number, or device=0,1.")
    if devices:
        return [DeviceRequest(device_ids=devices, capabilities=[["gpu"]])]
    return [DeviceRequest(count=-1 if words == "all" else int(words), capabilities=[["gpu"]])]


@contextlib.contextmanager
def _told(where: str, image: str) -> Iterator[None]:
    """Tell an image that cannot be started from other refusals of the engine."""
    try:
        yield
    except EngineRefused as error:
        text = f"{error} {error.__cause__}".lower()
        if not any(sign in text for sign in _NO_COMMAND):
            raise
        what = f"the image {image} has no inference server: its command cannot be started"
        hint = "Expected an image whose command serves on port 5001, as Azure's inference images do."
        raise NoServer(what, where=where, hint=hint) from error


def _pieces(stream: Any) -> Iterator[tuple[str, bytes]]:
    """Take a log apart."""
    while len(header := stream.read(_HEADER)) == _HEADER:
        piece = stream.read(int.from_bytes(header[4:], "big"))
        yield _STREAMS.get(header[0], "stdout"), piece


def _name(listed: Mapping[str, Any]) -> str:
    """Return its own name; links of other containers have a second slash."""
    names = [name.removeprefix("/") for name in listed["Names"] or ()]
    return str(next((name for name in names if "/" not in name), listed["Id"][:12]))


def _whole(seconds: float) -> int:
    """The engine takes whole seconds; a part of one is one."""
    return max(0, -int(-seconds // 1))

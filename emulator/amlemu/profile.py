"""
A profile is the face of one cloud: numbers, rules and answers with their sources, read from `profiles/*.toml`.

Code asks a profile for values, never for its name. `deployment.py` says what is served; this says how the front door
behaves; `profile_file.py` reads the files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from amlemu.autoscale import ScaleRule
from amlemu.probes import ProbeRules


@dataclass(frozen=True)
class WireRules:
    """How connections are treated. Sizes in bytes and inclusive, times in seconds."""

    keep_alive: bool
    says_connection: bool  # answers on a kept connection have a Connection header, too
    answers_in: Literal["request", "1.1"]  # the HTTP version of an answer: that of its request, or always 1.1
    streams: bool  # pieces are passed on as they come; else an answer is sent when it is whole
    request_line_bytes: int
    header_field_bytes: int
    header_fields: int
    header_seconds: float
    body_idle_seconds: float
    keep_alive_seconds: float
    body_bytes: int
    port: int
    reloads: bool  # `amlemu serve` watches files, unless it is told otherwise


@dataclass(frozen=True)
class IdentityRules:
    """What becomes of request ids. 0 characters: the client's id stays as it came."""

    request_id: Literal["own", "kept"]  # a GUID of the gateway's own, or whatever the client sent
    client_request_id_characters: int


@dataclass(frozen=True)
class RouteRules:
    """Which requests reach the container. Empty text or list: no such rule."""

    deployment_header: str
    prefix: str  # stands before the container's paths; may hold {endpoint}
    methods: tuple[str, ...]
    paths: tuple[str, ...]


@dataclass(frozen=True)
class AuthRules:
    """Which ways of authentication this cloud has."""

    modes: tuple[str, ...]


@dataclass(frozen=True)
class Limits:
    """Limits of the gateway; 0 means none. All are inclusive."""

    request_timeout_ms: int
    max_concurrent_requests_per_instance: int
    instance_count: int
    pending_factor: int  # times concurrent requests times instances may be in work at once
    max_queue_wait_ms: int  # how long a request may wait for a free slot of an instance
    boot_wait_ms: int  # how long it may wait for the first init()
    request_bytes: int
    response_bytes: int
    requests_per_second: int
    new_connections_per_second: int
    open_connections: int
    bandwidth_bytes_per_second: int

    @property
    def slots(self) -> int:
        """How many requests all instances together take at once."""
        return max(1, self.max_concurrent_requests_per_instance * self.instance_count)


@dataclass(frozen=True)
class Probes:
    """
    What the platform asks a container again and again, in seconds and counts in a row. A period of 0: nobody asks.

    `liveness` ends a container that does not answer, `readiness` keeps requests away from it.
    """

    liveness_initial_delay: float
    liveness_period: float
    liveness_timeout: float
    liveness_success_threshold: int
    liveness_failure_threshold: int
    readiness_initial_delay: float
    readiness_period: float
    readiness_timeout: float
    readiness_success_threshold: int
    readiness_failure_threshold: int

    @property
    def liveness(self) -> ProbeRules:
        """Those of the one that ends containers."""
        return self._rules("liveness")

    @property
    def readiness(self) -> ProbeRules:
        """Those of the one that keeps requests away."""
        return self._rules("readiness")

    @property
    def played(self) -> list[tuple[ProbeRules, bool]]:
        """Those that somebody asks, each with whether it is the readiness probe; that one only where it gives up before the other."""
        live, ready = self.liveness, self.readiness
        is_first = ready.is_on and (not live.is_on or ready.gives_up_s < live.gives_up_s)
        return [*([(live, False)] if live.is_on else []), *([(ready, True)] if is_first else [])]

    def _rules(self, kind: str) -> ProbeRules:
        names = ("initial_delay", "period", "timeout", "success_threshold", "failure_threshold")
        return ProbeRules(*(getattr(self, f"{kind}_{name}") for name in names))


@dataclass(frozen=True)
class Scaling:
    """
    How the number of instances changes, `limits.instance_count` being the smallest.

    Fewer are kept only after less has been enough for `shrink_after_ms`, and for `shrink_after_looks` looks.
    """

    router: bool  # requests are spread over instances that have processes of their own
    maximum: int  # 0, or less than the smallest number: it does not change
    target_percent: int
    refresh_ms: int
    shrink_after_ms: int
    shrink_after_looks: int
    start_ms: int  # what a new container takes before it begins to boot


@dataclass(frozen=True)
class Restarts:
    """
    What memory that ran out ends, and when that starts again: one process at once, or the whole container, in growing steps.

    Of a container the first restart is at once, the next one after `first_ms`, then twice that each time, at most `longest_ms`.
    """

    whole: bool
    first_ms: int
    longest_ms: int


@dataclass(frozen=True)
class ContainerRules:
    """The container's own nginx, where there is one."""

    nginx: bool
    server: str  # its Server header, and the last line of its pages
    request_bytes: int  # 0 = no limit
    read_timeout_ms: int  # likewise


@dataclass(frozen=True)
class StatusRules:
    """What becomes of the container's status. `{status}` in the phrase is the container's number."""

    mapped: Literal["none", "all but 200", "500"]
    status: int
    phrase: str
    model_headers: bool  # adds ms-azureml-model-error-statuscode and -reason


@dataclass(frozen=True)
class Answer:
    """What the gateway says when the container did not, or was not asked. `model_status` None: no such header."""

    status: int
    phrase: str
    body: str = ""
    content_type: str = "text/plain"
    model_status: str | None = None  # ms-azureml-model-error-statuscode; may be empty
    model_reason: str = ""  # ms-azureml-model-error-reason
    server: str = ""  # Server header; empty for none
    request_id: str = ""  # name of a header for a GUID of its own; likewise


Close = Literal["close"]
"""End the connection without an answer."""


@dataclass(frozen=True)
class Answers:
    """The one table that turns refusals and silence into answers. Texts may hold {endpoint} and {server}, the
    container's.
    """

    unauthorized: Answer | Close
    no_deployment: Answer | Close
    no_route: Answer | Close
    method_not_routed: Answer | Close
    request_too_large: Answer | Close
    rate_limited: Answer | Close
    too_many_pending: Answer | Close
    response_too_large: Answer | Close
    not_ready: Answer | Close
    busy: Answer | Close
    worker_crashed: Answer | Close
    backend_timeout: Answer | Close
    unreachable: Answer | Close


@dataclass(frozen=True)
class Fact:
    """Where a value comes from; `note` goes with a refusal because of it; bounds are inclusive."""

    source: str
    note: str = ""
    minimum: float | None = None
    maximum: float | None = None
    bound_source: str = ""


@dataclass(frozen=True)
class Profile:
    """One face of the cloud; `facts` has an entry for every `section.key`."""

    name: str
    summary: str
    wire: WireRules
    identity: IdentityRules
    routes: RouteRules
    auth: AuthRules
    limits: Limits
    probes: Probes
    scale: Scaling
    restarts: Restarts
    container: ContainerRules
    statuses: StatusRules
    answers: Answers
    facts: dict[str, Fact]

    @property
    def scale_rule(self) -> ScaleRule:
        """How many instances there are, and when there are others."""
        smallest, scale = max(1, self.limits.instance_count), self.scale
        refresh_s = scale.refresh_ms / 1000
        shrink_s = max(scale.shrink_after_ms / 1000, scale.shrink_after_looks * refresh_s)
        return ScaleRule(smallest, max(smallest, scale.maximum), scale.target_percent, refresh_s, shrink_s)

    def note(self, key: str) -> str:
        """Return what a refusal because of `section.key` should add, preceded by a semicolon; mostly nothing."""
        note = self.facts[key].note
        return f"; {note}" if note else ""


SECTIONS: dict[str, type] = {
    "wire": WireRules,
    "identity": IdentityRules,
    "routes": RouteRules,
    "auth": AuthRules,
    "limits": Limits,
    "probes": Probes,
    "scale": Scaling,
    "restarts": Restarts,
    "container": ContainerRules,
    "statuses": StatusRules,
    "answers": Answers,
}

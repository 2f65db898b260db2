"""
The rules of the front door: what a stage is, and the one list that shows which there are and in what order.

Each stage is a small class in the module that its line names; none knows its neighbours. A stage for which the profile
has no work is not in the list: that of `bare` has no more than the way to the backend.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from amlemu.backends import Server
from amlemu.gateway import entry, load, outcome
from amlemu.gateway.bucket import Bucket
from amlemu.gateway.container import Container
from amlemu.gateway.spoken import AnswerTable
from amlemu.gateway.visit import Visit
from amlemu.pauses import Pauses
from amlemu.profile import Profile
from amlemu.readiness import Readiness
from amlemu.slots import Slots


class Stage(Protocol):
    """One rule."""

    @property
    def name(self) -> str:
        """What it is called on the exchange."""

    def handle(self, visit: Visit) -> Awaitable[None] | None:
        """
        Answer, change something, or leave it; who decides says so in the visit's note.

        Returns:
            What takes time, to be awaited.

        Raises:
            BackendFailure: the backend said nothing.
        """


@dataclass(frozen=True)
class Served:
    """What is behind the front door. `readiness` None: it is always ready."""

    backend: Server
    endpoint: str = "endpoint"
    deployment: str = "blue"
    readiness: Readiness | None = None
    doorkeeper: entry.Doorkeeper | None = None  # None: everybody may come in
    dev_errors: bool = False
    pauses: Pauses = field(default_factory=Pauses)  # written by the backend
    has_nginx: bool = False  # the backend is a container with a real one
    slots: Slots | None = None  # of its instances, which come and go; None: as many as the profile says


@dataclass(frozen=True)
class Stages:
    """The list, cut where the backend has spoken. The last one that asks is the one that asks the backend."""

    asking: Sequence[Stage]
    answering: Sequence[Stage]


def stages(profile: Profile, served: Served) -> Stages:
    """Return the stages of a profile, in order."""
    limits, says = profile.limits, AnswerTable(profile.answers, served.endpoint, profile.container.server)
    bandwidth = Bucket(limits.bandwidth_bytes_per_second) if limits.bandwidth_bytes_per_second else None
    imitates = profile.container.nginx and not served.has_nginx
    backend: Server = Container(served.backend, profile, served.pauses) if imitates else served.backend
    # Where nothing stands before the container, its nginx refuses large bodies and says how it goes on with a connection.
    is_faced = served.has_nginx and says.is_of_container("request_too_large")
    asking = (
        entry.Identify(profile.identity),
        entry.Authenticate(served.doorkeeper, says),  # before all that follows: a stranger learns nothing
        entry.Route(profile.routes, served.endpoint, served.deployment, says),
        entry.Size(profile, says, leaves_it=is_faced),  # the body arrives here, so that a refusal need not wait for it
        load.Rate(profile, says),
        load.Ready(says, served.readiness, limits.boot_wait_ms),
        load.Deadline(limits.request_timeout_ms),  # before admit: waiting counts
        load.Admit(profile, says, served.slots),
        load.SlowRequest(bandwidth),
        outcome.Forward(backend, profile.wire, is_faced=is_faced),
    )
    answering = (
        outcome.MapStatus(profile.statuses, says),
        outcome.ResponseSize(profile, says),
        outcome.DevErrors(on=served.dev_errors),
        outcome.FinishHeaders(profile.identity),
        load.SlowResponse(bandwidth),
    )
    return Stages([one for one in asking if one.is_needed], [one for one in answering if one.is_needed])


def vacant_stages(profile: Profile, endpoint: str, doorkeeper: entry.Doorkeeper | None, why: str) -> Stages:
    """Return the stages of an endpoint without a deployment that a request could go to; `why` is for the record."""
    says = AnswerTable(profile.answers, endpoint, profile.container.server)
    asking = (entry.Identify(profile.identity), entry.Authenticate(doorkeeper, says), entry.Nobody(says, why))
    return Stages([one for one in asking if one.is_needed], [outcome.FinishHeaders(profile.identity)])

"""
The servers that are up: started for the first case that needs them, kept for those that follow, stopped to make room.

Starting the real server costs more than all its answers, so the tests of one deployment run one after another (see
`conftest`), the next deployments start meanwhile (`ahead`), and only a few stay.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .ahead import Ahead
from .case import Deployment
from .targets import Running, Target, lay_out

LIMIT = 6
"""Deployments that stay up, whatever the number of their servers."""

EARLY = 2
"""Servers that are started before they are asked for."""


@dataclass(frozen=True)
class Place:
    """A deployment on a target."""

    target: Target
    deployment: Deployment


def _may_start_early(place: Place) -> bool:
    return place.target.may_start_early


class Alive:
    """Running servers; the deployment that was started longest ago goes first."""

    def __init__(self, root: Path, order: Sequence[Place]) -> None:
        self._root = root
        self._numbers = itertools.count(1)
        self._servers: Ahead[Place, Running] = Ahead(self._start, order, EARLY, _may_start_early)

    def get(self, target: Target, deployment: Deployment) -> Running:
        """Return the server of that target for that deployment; a start that has failed twice fails again at once."""
        server = self._servers.get(Place(target, deployment))
        self._make_room(deployment)
        return server

    def _start(self, place: Place) -> Running:
        folder = lay_out(place.deployment, self._root / f"{place.target.name}-{next(self._numbers)}")
        return place.target.start(place.deployment, folder, lambda other: self.get(other, place.deployment))

    def _make_room(self, wanted: Deployment) -> None:
        deployments = dict.fromkeys(place.deployment for place in self._servers.begun())
        for deployment in [*deployments][: max(0, len(deployments) - LIMIT)]:
            if deployment != wanted:
                self._stop(deployment)

    def _stop(self, deployment: Deployment) -> None:
        places = [place for place in self._servers.begun() if place.deployment == deployment]
        for place in sorted(places, key=lambda place: place.target.stops_last):  # a gateway before what is behind it
            server = self._servers.pop(place)
            if server:
                server.stop()

    def stop(self) -> None:
        """Stop all of them."""
        for deployment in dict.fromkeys(place.deployment for place in self._servers.begun()):
            self._stop(deployment)

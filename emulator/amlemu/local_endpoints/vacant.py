"""
Who answers for an endpoint where no deployment does: the cloud's own 404, after its key was looked at.

Source: contract 1.2 (404, no deployment with positive weight), 8 number 12 (a deployment that is not there).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from amlemu import profile_file
from amlemu.profile import Profile

if TYPE_CHECKING:
    from amlemu.credentials import Keyring
    from amlemu.exchange import Exchange
    from amlemu.gateway.app import FrontDoor


def profile_of(kind: str) -> Profile:
    """Return the face of an endpoint that has no deployment yet; where nothing has said which, or one of a file of its own, the managed one."""
    return profile_file.load(kind if kind in profile_file.names() else "managed")


def front_door(profile: Profile, endpoint: str, doorkeeper: Keyring | None, why: str) -> FrontDoor:
    """Return who says that nobody is there; `why` is for the record."""
    from amlemu.gateway.app import FrontDoor, Witness
    from amlemu.gateway.stages import vacant_stages

    return FrontDoor(vacant_stages(profile, endpoint, doorkeeper, why), Witness(_unseen))


def _unseen(exchange: Exchange) -> None:
    """There is no deployment in whose log it would stand."""

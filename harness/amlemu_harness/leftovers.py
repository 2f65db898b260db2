"""
Removes the containers of endpoints whose process was killed, and could not do it itself.

Found by the emulator through the entry-point group `amlemu.leftovers`.
"""

from __future__ import annotations

from collections.abc import Sequence

from amlemu_harness.containers import of_endpoint
from amlemu_harness.engine import connect


def remove(endpoints: Sequence[str]) -> list[str]:
    """
    Remove all containers of these endpoints, running or not, and return their names.

    Raises:
        AmlemuError: no engine answers, or it refuses.
    """
    engine = connect()
    try:
        found = [one for endpoint in endpoints for one in of_endpoint(engine, endpoint)]
        for one in found:
            one.remove()
        return [one.name for one in found]
    finally:
        engine.close()

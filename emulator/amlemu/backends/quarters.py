"""
Quarters: a place for the script that another package brings, such as the container. What the emulator has to know of it, and
how it is found; it never imports who brings it.

Found by the entry-point group `amlemu.backends`; `cli_plan.py` has them prepared, `stand.py` puts generations into them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from amlemu.backends import Capabilities
from amlemu.backends.generation import Pool
from amlemu.errors import UsageError
from amlemu.events import Listener
from amlemu.layout import Layout
from amlemu.readiness import Readiness

if TYPE_CHECKING:
    from amlemu.choices import Choices

GROUP = "amlemu.backends"


def nowhere() -> str:
    """Tell that no editor can attach."""
    return ""


@dataclass(frozen=True)
class Quarters:
    """
    Where generations of a script live, one at a time. Nothing runs in there before the first pool is started.

    Attributes:
        make_pool: makes a pool, not started, that tells this listener of its life. It writes to the readiness when it does not
            answer for a while, though it has been ready.
        close: removes what the pools have left; when the last one has been stopped. Raises nothing.
        capabilities: of the pools.
        layout: where things lie in there.
        told: what it is, for the start block; `image_told`: its image, and whether that had to be built.
        has_nginx: the answers come from a real nginx, whose manners need no imitation.
        on_save: what a save does, for the start block.
        debugger: where editors attach, `host:port`; empty where they cannot.
        mappings: of the editor: the host's folder, and where it lies in there.
    """

    make_pool: Callable[[Listener, Readiness], Pool]
    close: Callable[[], Awaitable[None]]
    capabilities: Capabilities
    layout: Layout
    told: str
    image_told: str = ""
    has_nginx: bool = False
    on_save: str = ""
    debugger: Callable[[], str] = nowhere
    mappings: Mapping[str, str] = field(default_factory=dict)


Prepare = Callable[["Choices", Any, Callable[[str], None]], Quarters]
"""
Prepares quarters: given all options, the plan (`stand.Plan`) without them, and who hears sentences of progress. Takes its time.
Raises AmlemuError, with nothing left running.
"""


def find(backend: str) -> Prepare:
    """Return who prepares the quarters of a backend. Raises UsageError where no package brings them."""
    from importlib.metadata import entry_points

    found = next(iter(entry_points(group=GROUP, name=backend)), None)
    if found is None:
        hint = "It comes with amlemu_harness: install amlemu again (pip install amlemu), or leave the flag out."
        raise UsageError("no package that is installed brings this", where=f"--{backend}", hint=hint)
    try:
        prepare: Prepare = found.load()
    except ImportError as error:
        hint = "Install amlemu again, with all that it needs."
        raise UsageError(f"it cannot be loaded: {error}", where=f"--{backend} ({found.value})", hint=hint) from error
    return prepare

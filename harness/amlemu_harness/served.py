"""
`amlemu serve --container`: prepares the quarters of a script that is served in its real container.

Found by the emulator through the entry-point group `amlemu.backends`. It connects to the engine and builds the image; the container is made
when the first generation moves in (`house.py`, `lodger.py`).
"""

from __future__ import annotations

import math
import os
import posixpath
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from amlemu import ports
from amlemu.backends.quarters import Quarters
from amlemu.choices import Choices
from amlemu.debugging import DebugRules, launch_entry
from amlemu.events import LeftBehind, Listener
from amlemu.layout import Layout
from amlemu.readiness import Readiness
from amlemu.stand import Plan

from amlemu_harness import local, packages
from amlemu_harness.containers import Container, Order
from amlemu_harness.engine import Engine, connect
from amlemu_harness.house import House, attach
from amlemu_harness.images import Image, make
from amlemu_harness.lodger import Lodger
from amlemu_harness.progress import Lines
from amlemu_harness.settings import WISH_SETTINGS

_ON_SAVE = "it restarts the container, and requests wait"
_NO = ("", "0", "false", "f", "no", "n", "off")  # as click reads a switch


def prepare(choices: Choices, plan: Plan, say: Callable[[str], None]) -> Quarters:
    """
    Build the image of what is served; nothing runs yet.

    Args:
        say: hears of steps that take their time.

    Raises:
        AmlemuError: no engine answers, or a step of the build has failed.
        UsageError: something is not usable as given, the debugger's port for one.
    """
    debug = plan.debug if plan.debug.port is not None else None
    address = _debug_address(debug) if debug is not None else None
    engine = connect()
    try:
        image = _image(engine, choices, plan, say)
        order = ordered(choices, plan, image, address)
    except BaseException:
        engine.close()
        raise
    return quarters(plan, engine, order, image, address)


def ordered(choices: Choices, plan: Plan, image: Image, debug_address: tuple[str, int] | None) -> Order:
    """Return how the container is made. Raises UsageError."""
    variables: dict[str, str] = {}
    published: dict[int, tuple[str, int]] = {}
    if debug_address is not None:
        path = plan.deployment.environment.get("PYTHONPATH", "")
        variables = {**packages.debugger_variables(wait_s=plan.debug.wait_s, python_path=path), "WORKER_COUNT": "1"}
        published = {packages.DEBUG_PORT: debug_address}
    deployment = replace(plan.deployment, endpoint=plan.alias) if plan.alias else plan.deployment
    memory_bytes = plan.memory.limit_bytes if plan.memory is not None else 0
    return local.order_for(
        deployment,
        choices.said,
        image.name,
        ports=published,
        variables=variables,
        resources=local.limits(choices.said, memory_bytes, plan.cpus),
        platform=image.platform,
    )


def quarters(plan: Plan, engine: Engine, order: Order, image: Image, debug_address: tuple[str, int] | None) -> Quarters:
    """Return the quarters in a container that is made as ordered."""
    layout = local.laid_out(plan.deployment)
    mappings = _mappings(layout)
    address = f"{debug_address[0]}:{debug_address[1]}" if debug_address is not None else ""
    house = House(lambda: Container.create(engine, order), attach)
    folder = Path(posixpath.dirname(layout.script))

    def make_pool(tell: Listener, readiness: Readiness) -> Lodger:
        return Lodger(
            house,
            tell,
            readiness,
            folder=folder,
            variables=order.variables,
            image=order.image,
            invitation=_invitation(plan.debug, address, mappings),
        )

    async def close() -> None:
        left = await house.close()
        if left:
            text = f"the container {order.name} may be there still, {left}; docker rm -f {order.name} removes it"
            plan.on_event(LeftBehind(text))
        engine.close()

    kind = "the reference image" if image.is_reference else f"on {image.base}"
    again = ", and the editor has to attach again" if address else ""
    return Quarters(
        make_pool=make_pool,
        close=close,
        capabilities=Lodger.capabilities,
        layout=layout,
        told=f"{order.name} of {image.name} ({kind})",
        image_told=f"{image.name} ({kind}) is {'reused' if image.is_reused else 'built'}",
        has_nginx=True,
        on_save=_ON_SAVE + again,
        debugger=lambda: address,
        mappings=mappings,
    )


def _image(engine: Engine, choices: Choices, plan: Plan, say: Callable[[str], None]) -> Image:
    from amlemu_harness.cli_image import environment_of, requirements_of, wishes_of

    wishes = wishes_of({**wished(os.environ), "debug": plan.debug.port is not None})
    asked, environment = requirements_of(choices), environment_of(choices)
    return make(engine, plan.deployment, asked, environment, wishes, progress=Lines(say))


def wished(variables: Mapping[str, str]) -> dict[str, Any]:
    """Return what variables say of the image, by the names of the settings: `serve` has no flags for it, `image build` has."""
    found: dict[str, Any] = {}
    for setting in WISH_SETTINGS:
        word = variables.get(setting.variable)
        if word is None:
            continue
        if setting.kind == "switch":
            found[setting.name] = word.lower() not in _NO
        else:
            found[setting.name] = tuple(word.split()) if setting.repeats else word
    return found


def _invitation(debug: DebugRules, address: str, mappings: Mapping[str, str]) -> str:
    """Say where editors attach; with the whole entry where the start block comes only after they have."""
    if debug.wait_s is None:
        return f"the debugger listens at {address}"
    limit = "" if math.isinf(debug.wait_s) else f" for {debug.wait_s:g} s"
    return f"the script waits{limit} for a debugger at {address}: attach with {launch_entry(address, mappings)}"


def _debug_address(debug: DebugRules) -> tuple[str, int]:
    """Return where editors attach on this machine: a port that is free, the same one for each start of the container."""
    assert debug.port is not None, "asked only where somebody debugs"
    return debug.host, ports.check(debug.host, debug.port, "--debug")


def _mappings(layout: Layout) -> dict[str, str]:
    """Pair the code folder with its place in the container; a model is no place for a breakpoint."""
    code = layout.places[0]
    return {str(code.source): posixpath.join(layout.base, code.inside)}

"""
All that amlemu has made in an engine, found by its labels: listed, and removed.

Labels travel on: a container that somebody runs of our image has them, and so has an image that is committed of that. Those
are somebody's work, and not ours to remove.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from amlemu_harness.engine import Engine
from amlemu_harness.labels import KIND, NAME, OURS, REFERENCE
from amlemu_harness.troubles import EngineRefused, in_words

_NOBODYS = "<none>"


@dataclass(frozen=True)
class Thing:
    """
    A container or an image.

    Attributes:
        kind: `container`, `image`, `package` or `base`.
        names: that we have given it; none for an image whose name another one has now.
        bytes: of an image; what it shares with others counts in each of them.
    """

    kind: str
    id: str
    names: tuple[str, ...]
    state: str = ""
    bytes: int = 0
    is_reference: bool = False

    @property
    def name(self) -> str:
        """What to call it."""
        return ", ".join(self.names) or self.id.removeprefix("sha256:")[:12]


def made_here(engine: Engine) -> list[Thing]:
    """Return all of it, in the order in which it can be removed."""
    with in_words():
        containers = engine.client.api.containers(all=True, filters={"label": f"{KIND}=container"})
        images = engine.client.api.images(filters={"label": OURS})
    found = [_container(one) for one in containers] + [_image(one) for one in images if _is_ours(one)]
    # An image is removed before the one that it stands on; the base comes last.
    return sorted(found, key=lambda one: (one.kind != "container", one.kind == "base", one.name))


def remove(engine: Engine, things: Sequence[Thing]) -> tuple[list[Thing], list[tuple[Thing, str]]]:
    """Remove them, also containers that run; returns what is gone, and what is not with the engine's reason."""
    gone, kept = [], []
    for thing in things:
        try:
            with in_words(thing.name):
                _remove(engine, thing)
        except EngineRefused as error:
            kept.append((thing, error.what))
        else:
            gone.append(thing)
    return gone, kept


def _remove(engine: Engine, thing: Thing) -> None:
    import docker.errors

    with contextlib.suppress(docker.errors.NotFound):  # it is gone already
        if thing.kind == "container":
            engine.client.api.remove_container(thing.id, force=True, v=True)
        for name in () if thing.kind == "container" else thing.names or (thing.id,):
            engine.client.api.remove_image(name)


def _container(one: dict[str, Any]) -> Thing:
    names = tuple(name.lstrip("/") for name in one.get("Names") or ())
    return Thing("container", one["Id"], names, one.get("State", ""))


def _image(one: dict[str, Any]) -> Thing:
    labels = one["Labels"]
    is_reference = labels.get(REFERENCE) == "true"
    return Thing(
        labels.get(KIND, ""), one["Id"], _given_names(one), bytes=one.get("Size", 0), is_reference=is_reference
    )


def _is_ours(one: dict[str, Any]) -> bool:
    """Whether it has the name that we gave it, or none any more; a committed one has another."""
    return not _all_names(one) or bool(_given_names(one))


def _given_names(one: dict[str, Any]) -> tuple[str, ...]:
    labels = one["Labels"]
    return tuple(name for name in _all_names(one) if name == labels.get(NAME) or labels.get(KIND) == "base")


def _all_names(one: dict[str, Any]) -> list[str]:
    return [name for name in one.get("RepoTags") or () if not name.startswith(_NOBODYS)]

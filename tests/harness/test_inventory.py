"""All that amlemu made, listed so that it can be removed in that order."""

from __future__ import annotations

from types import SimpleNamespace

import docker.errors
from amlemu_harness import inventory
from amlemu_harness.engine import Engine


class Shelf:
    """An engine's containers and images, as its API tells of them."""

    def __init__(self) -> None:
        self.removed: list[str] = []

    def containers(self, *, all: bool, filters: dict[str, str]) -> list[dict[str, object]]:  # noqa: A002
        assert filters == {"label": "dev.amlemu.kind=container"}  # not those that somebody runs of our images
        return [{"Id": "c1", "Names": ["/credit.blue"], "State": "running"}]

    def images(self, filters: dict[str, str]) -> list[dict[str, object]]:
        labels = {"dev.amlemu.kind": "image", "dev.amlemu.reference": "true", "dev.amlemu.name": "credit:blue"}
        return [
            {"Id": "sha256:b", "RepoTags": ["amlemu/reference-base:bookworm"], "Labels": {"dev.amlemu.kind": "base"}},
            {"Id": "sha256:1234567890abcdef", "RepoTags": ["<none>:<none>"], "Labels": labels, "Size": 5},
            {"Id": "sha256:i", "RepoTags": ["credit:blue", "mine:1"], "Labels": labels, "Size": 9},
            {"Id": "sha256:c", "RepoTags": ["debug:2"], "Labels": labels | {"dev.amlemu.name": "debug:1"}},
        ]

    def remove_container(self, name: str, **_: object) -> None:
        self.removed.append(name)

    def remove_image(self, name: str) -> None:
        if name == "amlemu/reference-base:bookworm":
            raise docker.errors.APIError("409", explanation="conflict: image is being used by running container x")
        self.removed.append(name)


def test_an_image_that_somebody_has_committed_is_his():
    """It has the labels of ours, and an edit inside; a further name of ours is his, too."""
    shelf = Shelf()
    engine = Engine(SimpleNamespace(api=shelf), "x", "1", "amd64")
    inventory.remove(engine, inventory.made_here(engine))

    assert "debug:2" not in shelf.removed
    assert "mine:1" not in shelf.removed


def test_containers_come_before_images_and_the_base_last():
    shelf = Shelf()
    things = inventory.made_here(Engine(SimpleNamespace(api=shelf), "x", "1", "amd64"))

    assert [(one.kind, one.name) for one in things] == [
        ("container", "credit.blue"),
        ("image", "1234567890ab"),
        ("image", "credit:blue"),
        ("base", "amlemu/reference-base:bookworm"),
    ]


def test_what_cannot_be_removed_is_kept_with_the_engines_reason():
    shelf = Shelf()
    engine = Engine(SimpleNamespace(api=shelf), "x", "1", "amd64")
    gone, kept = inventory.remove(engine, inventory.made_here(engine))

    assert shelf.removed == ["c1", "sha256:1234567890abcdef", "credit:blue"]
    assert [one.name for one in gone] == ["credit.blue", "1234567890ab", "credit:blue"]
    assert [(one.name, why) for one, why in kept] == [
        (
            "amlemu/reference-base:bookworm",
            "the Docker engine says: conflict: image is being used by running container x",
        )
    ]

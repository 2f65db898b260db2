"""
The image of a deployment, from its files to a name that can be run: chooses what it begins with, draws it, builds it.

Each message names which of the two it is, Azure's image or the reference image.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from amlemu.azure.description import EnvironmentSaid
from amlemu.azure.requirements import Requirements
from amlemu.deployment import Deployment
from amlemu.errors import UsageError
from amlemu.finding import shown

from amlemu_harness import bases, build, certificates, reference_base
from amlemu_harness.bases import Base
from amlemu_harness.blueprint import Blueprint, Extras, draw
from amlemu_harness.engine import Engine
from amlemu_harness.labels import made_by
from amlemu_harness.progress import Progress
from amlemu_harness.troubles import NoSuchImage, RegistryUnreachable, in_words

_TAG = re.compile(r"[a-z0-9]+(?:[._/:-]+[a-z0-9]+)*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?")
_THEIR_USER = "dockeruser"  # of Azure's inference images, and of the reference image
_AZURES = "linux/amd64"  # there is no other (users.md C3 23)


@dataclass(frozen=True)
class Wishes:
    """
    What the user wants of an image.

    Attributes:
        tag: its name; empty for `<endpoint>:<deployment>`, as `az ml ... --local` has it.
        base_image, dockerfile, base_dockerfile, is_reference: what it begins with, see `bases.choose`.
        ca_bundle: a file of certificates; None looks for one, an empty word wants none.
        wheels: a folder of wheels that takes the index's place.
        network: of the build's commands.
        platform: such as linux/amd64; empty for what fits.
        pulls: look for a newer base, though there is one.
        no_cache: make each step anew.
        debugs: debugpy, and an editor, inside.
        packages: code and models baked in.
    """

    tag: str = ""
    base_image: str = ""
    dockerfile: Path | None = None
    base_dockerfile: str = ""
    is_reference: bool = False
    build_args: Mapping[str, str] = field(default_factory=dict)
    ca_bundle: str | None = None
    wheels: Path | None = None
    network: str = ""
    platform: str = ""
    pulls: bool = False
    no_cache: bool = False
    debugs: bool = False
    packages: bool = False


@dataclass(frozen=True)
class Image:
    """An image that can be run."""

    name: str
    id: str
    is_reference: bool
    base: str
    platform: str
    is_reused: bool = False  # it was there before, the very same


def make(
    engine: Engine,
    deployment: Deployment,
    requirements: Requirements | None,
    environment: EnvironmentSaid | None,
    wishes: Wishes,
    *,
    progress: Progress,
) -> Image:
    """
    Build the image of a deployment; what has not changed is not built again.

    Raises:
        UsageError: something is not usable as given.
        AmlemuError: the base cannot be had, or a step has failed; see `build.build`.
    """
    tag = name_of(deployment, wishes)
    wanted = chosen(requirements, environment, wishes)
    certificates.bundle(wishes.ca_bundle, os.environ)  # whatever is not usable is told before anything is fetched
    _wheels(wishes)
    base = fetch(engine, wanted, wishes, progress)
    platform = _platform(engine, base, wishes, progress)
    plan = planned(base, deployment, requirements, wishes, _user(engine, base))
    progress.say(f"building {tag} on {base.in_words}{_instead(base)}")
    for remark in plan.remarks:
        progress.say(remark)
    kind = "package" if wishes.packages else "image"
    labels = made_by(
        kind, reference=str(base.is_reference).lower(), base=base.image, name=tag, **_labels(deployment, wishes)
    )
    arguments = {**certificates.proxies(os.environ), **plan.arguments, **wishes.build_args}
    order = build.Order(tag, labels, arguments, wishes.network, platform, uses_cache=not wishes.no_cache)
    _warn_of_proxies(order, progress)
    before = _id_of(engine, tag)
    image = build.build(engine, plan, order, progress)
    return Image(tag, image, base.is_reference, base.image, platform, is_reused=image == before)


def name_of(deployment: Deployment, wishes: Wishes) -> str:
    """Return what an image is called. Raises UsageError for what an engine takes for no name."""
    if not wishes.tag:
        return f"{_small(deployment.endpoint)}:{deployment.name}"  # contract 5.1; an image's name has small letters
    if not _TAG.fullmatch(wishes.tag):
        expected = "Expected NAME:TAG, the name in small letters, as in credit:blue."
        raise UsageError("this is no name of an image", where=f"--tag {wishes.tag}", expected=expected)
    return wishes.tag


def _small(name: str) -> str:
    """Return a name that an engine takes, of one that Azure or a user takes."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "endpoint"


def chosen(requirements: Requirements | None, environment: EnvironmentSaid | None, wishes: Wishes) -> Base:
    """Return what the image begins with, if it can be had. Raises UsageError."""
    if environment is not None and environment.is_custom and not wishes.base_image:
        what = f"this deployment brings a server of its own, the image {environment.image or 'of its environment'}"
        hint = "It needs no other image: docker run it as it is, then amlemu serve --upstream http://HOST:PORT."
        raise UsageError(what, where=shown(environment.place), hint=hint)
    named = wishes.base_image or wishes.dockerfile or wishes.base_dockerfile or wishes.is_reference
    if environment is not None and environment.reference and requirements is None and not named:
        what = f"its environment {environment.reference} is registered, and amlemu asks no workspace"
        hint = (
            "[tool.amlemu.environments] in pyproject.toml can say which conda file it is made of;"
            " --base-image NAME or --reference begin with something else."
        )
        raise UsageError(what, where=shown(environment.place), hint=hint)
    return bases.choose(
        environment,
        requirements,
        image=wishes.base_image,
        dockerfile=wishes.dockerfile,
        base_dockerfile=wishes.base_dockerfile,
        is_reference=wishes.is_reference,
    )


def planned(
    base: Base, deployment: Deployment, requirements: Requirements | None, wishes: Wishes, user: str = ""
) -> Blueprint:
    """Return what is built; nothing is asked of an engine. Raises UsageError."""
    trusted, _ = certificates.bundle(wishes.ca_bundle, os.environ)
    extras = Extras(trusted, _wheels(wishes), tuple(wishes.build_args))
    given: Mapping[str, str] = {}
    if wishes.debugs or wishes.packages:
        from amlemu_harness import packages

        if wishes.debugs:
            extras = replace(extras, debugger=packages.debugger_files())
        if wishes.packages:
            owner = _THEIR_USER if base.is_reference else user
            baked = packages.bake(deployment, debugs=wishes.debugs, owner=owner)
            extras, given = replace(extras, instructions=baked.instructions, files=baked.files), baked.arguments
    return replace(draw(base, requirements, extras, user), arguments=given)


def fetch(engine: Engine, base: Base, wishes: Wishes, progress: Progress) -> Base:
    """
    See that the engine has what the image begins with: pull it, or take the reference image where Azure's registry is out of reach.

    Raises:
        NoSuchImage: it is not there, and its registry does not have it.
        RegistryUnreachable: likewise, and the reference image does not do what that image does.
    """
    if base.is_reference:
        reference_base.ensure(engine, progress)
        return base
    name = base.begins_with
    if not name or (not wishes.pulls and _is_there(engine, name)):
        return base
    try:
        _pull(engine, name, wishes, progress)
    except RegistryUnreachable as error:
        if _is_there(engine, name):
            progress.say(f"{error.what}; {name} is as it was pulled before")
            return base
        if not base.has_stand_in:
            hint = "docker load it, or --reference takes the reference image in its place."
            raise RegistryUnreachable(error.what, where=name, hint=hint) from error
        reference_base.ensure(engine, progress)
        return bases.stand_in(base, error.what)
    return base


def _instead(base: Base) -> str:
    return f" in place of {base.instead_of}: {base.why}" if base.instead_of else f" ({base.why})"


def _is_there(engine: Engine, name: str) -> bool:
    return bool(_id_of(engine, name))


def _id_of(engine: Engine, name: str) -> str:
    """Return the id of an image; empty where there is none of this name."""
    try:
        with in_words(name):
            return str(engine.client.images.get(name).id)
    except NoSuchImage:
        return ""


def _pull(engine: Engine, name: str, wishes: Wishes, progress: Progress) -> None:
    began, step = time.monotonic(), f"pulling {name}"
    progress.began(step)
    with in_words(name):
        repository, _, tag = name.rpartition(":") if ":" in name.rpartition("/")[2] else (name, "", "latest")
        for told in engine.client.api.pull(
            repository, tag=tag, stream=True, decode=True, platform=wishes.platform or None
        ):
            progress.heard(" ".join(str(told.get(key, "")) for key in ("id", "status", "progress")).strip())
    progress.ended(step, time.monotonic() - began)


def _platform(engine: Engine, base: Base, wishes: Wishes, progress: Progress) -> str:
    """Azure's images are made for amd64 alone; another engine has to emulate that."""
    if base.is_reference and wishes.platform and wishes.platform.split("/")[1:2] != [engine.architecture]:
        what = f"the reference image is made for this engine, linux/{engine.architecture}"
        raise UsageError(what, where=f"--platform {wishes.platform}", hint="Leave it out.")
    if wishes.platform or base.is_reference or engine.architecture in ("amd64", "x86_64", ""):
        return wishes.platform
    if base.has_stand_in:
        progress.say(
            f"Azure's images are made for {_AZURES}, this engine is {engine.architecture}: it emulates, slowly"
        )
        return _AZURES
    return ""


def _user(engine: Engine, base: Base) -> str:
    """Return whom the base leaves its commands to, so that they stay his."""
    if base.user or base.is_reference or not base.begins_with or not _is_there(engine, base.begins_with):
        return base.user
    with in_words(base.image):
        config = engine.client.images.get(base.begins_with).attrs.get("Config") or {}
    return str(config.get("User") or "")


def _wheels(wishes: Wishes) -> Path | None:
    if wishes.wheels is None:
        return None
    if not wishes.wheels.is_dir() or not any(wishes.wheels.glob("*.whl")):
        hint = "pip download -d FOLDER -r requirements.txt azureml-inference-server-http fills one."
        raise UsageError("this is no folder of wheels", where=f"--wheels {wishes.wheels}", hint=hint)
    return wishes.wheels.absolute()


def _labels(deployment: Deployment, wishes: Wishes) -> dict[str, str]:
    if not wishes.packages:
        return {}
    from amlemu_harness import packages

    return dict(packages.labels(deployment))


def _warn_of_proxies(order: build.Order, progress: Progress) -> None:
    local = [name for name, value in order.arguments.items() if name.endswith("PROXY") and certificates.is_local(value)]
    if local and order.network != "host" and "NO_PROXY" not in local[0]:
        progress.say(f"{local[0]} is on this machine, where a build does not see it: --network host")

"""An image of a few files and nothing else, made in a moment: for tests that read images and run none."""

from __future__ import annotations

import contextlib
import io
import json
import tarfile
import uuid
from collections.abc import Iterator, Mapping

from amlemu_harness.engine import Engine


@contextlib.contextmanager
def imported(engine: Engine, files: Mapping[str, bytes | str], **labels: object) -> Iterator[str]:
    """Return its name; text is the target of a link, labels are JSON below `dev.amlemu`."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for path, content in files.items():
            member = tarfile.TarInfo(path.lstrip("/"))
            if isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
                tar.addfile(member)
            else:
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    name = f"amlemu-tests-{uuid.uuid4().hex[:8]}:1"
    changes = [f"LABEL dev.amlemu.{key}={json.dumps(json.dumps(value))}" for key, value in labels.items()]
    repository, _, tag = name.partition(":")
    engine.client.api.import_image_from_data(data.getvalue(), repository=repository, tag=tag, changes=changes)
    try:
        yield name
    finally:
        engine.client.images.remove(name, force=True)


def containers(engine: Engine, image: str) -> list[str]:
    """Return the names of the containers that are made of an image."""
    return [one.name for one in engine.client.containers.list(all=True, filters={"ancestor": image})]

"""
What `amlemu image diff IMAGE [FILE]` does, once `cli_image.py` has read the command line.
"""

from __future__ import annotations

import json
import os
import posixpath
from pathlib import Path

import click
from amlemu.errors import UsageError
from amlemu.layout import BASE

from amlemu_harness.engine import Engine, connect


def run_diff(image: str, file: str | None, *, as_json: bool) -> int:
    """
    Show how the code inside differs; returns 0 where it does not, else 1.

    Args:
        image: an image, or a container.
        file: a deployment, a script, or a folder of code; None is what the image itself says.

    Raises:
        UsageError: nobody says what to compare with.
        AmlemuError: the engine does not do what it is asked to.
    """
    from amlemu_harness.diff import diff

    engine = connect()
    try:
        found = diff(engine, image, None if file is None else _folders(engine, image, file))
    finally:
        engine.close()
    click.echo(json.dumps(found.as_data()) if as_json else found.as_text(), nl=as_json)
    return 1 if found.changes else 0


def _folders(engine: Engine, image: str, file: str) -> dict[str, Path]:
    """Return what is compared: a folder is the code's, wherever the image has that."""
    from amlemu_harness import cli_image, packages
    from amlemu_harness.diff import code_inside

    path = Path(os.path.abspath(file))
    if not path.is_dir():
        deployment, _, _ = cli_image.read(file, {})
        return packages.folders(deployment)
    places = code_inside(engine, image) or [posixpath.join(BASE, path.name)]
    if len(places) > 1:
        raise UsageError("the image has code of several folders", where=image, hint="Name the deployment's file.")
    return {places[0]: path}

"""
The base of the reference image, made once for each engine: a small Debian, by docker/base.sh where this machine can.

`images.py` asks for it; the image that grows on it is docker/reference.dockerfile.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from typing import IO, TYPE_CHECKING

from amlemu.errors import AmlemuError, UsageError

from amlemu_harness.bases import DATA, reference
from amlemu_harness.engine import Engine
from amlemu_harness.labels import made_by
from amlemu_harness.progress import Progress
from amlemu_harness.troubles import in_words

if TYPE_CHECKING:
    from collections.abc import Iterator

_STEP = "the Debian base of the reference image (about a minute, once)"
_SCRIPT = DATA / "base.sh"
_MOST_LINES = 15
_END_PATIENCE_S = 10


def ensure(engine: Engine, progress: Progress) -> None:
    """
    Make the base, unless the engine has it.

    Raises:
        UsageError: this machine cannot make one.
        AmlemuError: making it has failed.
    """
    name = reference("base")
    with in_words(name):
        if engine.client.images.list(name):
            return
    _refuse_where_impossible(name)
    began = time.monotonic()
    progress.began(_STEP)
    try:
        with _root() as making:
            assert making.stdout is not None
            _import(engine, name, making.stdout)
    except BaseException:
        _forget(engine, name)  # half a system is none
        raise
    progress.ended(_STEP, time.monotonic() - began)


def _import(engine: Engine, name: str, tar: IO[bytes]) -> None:
    changes = ["ENV LANG=C.UTF-8", *(f"LABEL {key}={value}" for key, value in made_by("base").items())]
    repository, _, tag = name.partition(":")
    with in_words(name):
        engine.client.api.import_image_from_stream(tar, repository=repository, tag=tag, changes=changes)


def _forget(engine: Engine, name: str) -> None:
    with contextlib.suppress(AmlemuError), in_words(name):
        engine.client.api.remove_image(name)


def _refuse_where_impossible(name: str) -> None:
    what = f"the reference image needs the base {name}, and this machine cannot make it"
    if shutil.which("debootstrap") is None:
        hint = "On Debian and Ubuntu: sudo apt install debootstrap. Elsewhere, make it on such a machine with docker/base.sh, and docker save / docker load it."
        raise UsageError(f"{what}: it has no debootstrap", hint=hint)
    if os.geteuid() != 0:
        hint = f"As root, once: sudo {_SCRIPT} | docker import --change 'ENV LANG=C.UTF-8' - {name}"
        raise UsageError(f"{what}: debootstrap needs root", hint=hint)


@contextlib.contextmanager
def _root() -> Iterator[subprocess.Popen[bytes]]:
    """Run the script; its tar is to be read in here. Raises AmlemuError when it fails; ends it when we are interrupted."""
    with tempfile.TemporaryFile() as log:
        making = subprocess.Popen(
            ["/bin/sh", str(_SCRIPT)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
        assert making.stdout is not None
        with making.stdout:
            try:
                yield making
            except BaseException:
                _end(making)
                raise
        code = making.wait()
        if code:
            log.seek(0)
            lines = log.read().decode("utf-8", "replace").splitlines()
            last = "\n".join(f"  {line}" for line in lines[-_MOST_LINES:])
            raise AmlemuError(f"the base could not be made: docker/base.sh ended with {code}:\n{last}")


def _end(making: subprocess.Popen[bytes]) -> None:
    """Let it remove its folder; then it has to be gone."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(making.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            making.wait(_END_PATIENCE_S)
            return

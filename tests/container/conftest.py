"""
What tests with a real Docker engine share: the engine, an image made by amlemu, folders that a container's user can read.

Without an engine they are skipped with the reason, unless AMLEMU_REQUIRE_DOCKER is set, as in CI: then that is a failure.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from amlemu import deployment
from amlemu.azure import asked as asked_of
from amlemu.errors import EngineMissing
from amlemu_harness import images
from amlemu_harness.engine import Engine, connect
from amlemu_harness.images import Image, Wishes
from amlemu_harness.progress import Lines

REPOSITORY = Path(__file__).resolve().parents[2]
_LOCK = Path(tempfile.gettempdir(), "amlemu-tests-engine.lock")
# Proxies and name servers of the machine are the build's, too; images are the same in either network.
NETWORK = "host"


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """The engine of this machine."""
    try:
        found = connect()
    except EngineMissing as error:
        if os.environ.get("AMLEMU_REQUIRE_DOCKER"):
            pytest.fail(str(error))
        pytest.skip(str(error))
    yield found
    found.close()


@pytest.fixture(scope="session")
def build(engine: Engine) -> Callable[..., Image]:
    """Builds the image of a script, one at a time on this machine: what others have built is there then."""

    def build(script: Path, requirements: Path | None = None, **wishes: object) -> Image:
        with alone():
            served = deployment.from_script(script)
            asked = None if requirements is None else asked_of.read(requirements)
            wanted = Wishes(is_reference=True, network=NETWORK, **wishes)  # type: ignore[arg-type]
            return images.make(engine, served, asked, None, wanted, progress=Lines(print, verbose=True))

    return build


@pytest.fixture(scope="session")
def reference_image(build: Callable[..., Image], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The reference image with the server, and no deployment's packages."""
    return _of_nothing(build, tmp_path_factory, "amlemu-tests:reference", debugs=False)


@pytest.fixture(scope="session")
def debug_image(build: Callable[..., Image], tmp_path_factory: pytest.TempPathFactory) -> str:
    """Likewise, made to be debugged."""
    return _of_nothing(build, tmp_path_factory, "amlemu-tests:debug", debugs=True)


@pytest.fixture(scope="session")
def full_image(build: Callable[..., Image], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The reference image with all that the zoo and the examples import, in the versions that the environment azureml-core has."""
    script = _nothing(tmp_path_factory)
    return build(script, REPOSITORY / "tests/scoring/requirements-azureml-core.txt", tag="amlemu-tests:full").name


def _of_nothing(build: Callable[..., Image], folders: pytest.TempPathFactory, tag: str, *, debugs: bool) -> str:
    return build(_nothing(folders), tag=tag, debugs=debugs).name


def _nothing(folders: pytest.TempPathFactory) -> Path:
    script = folders.mktemp("nothing") / "score.py"
    script.write_text("def init(): pass\ndef run(data): return data\n")
    return script


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """Makes a folder of files that everybody may read, as the container's user has to: `folder("code", **{"score.py": ...})`."""

    def make(name: str, **files: str | bytes) -> Path:
        tmp_path.chmod(0o755)
        made = tmp_path / name
        for path, content in files.items():
            file = made / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else textwrap.dedent(content).encode())
        for one in (made, *made.rglob("*")):
            one.chmod(0o755 if one.is_dir() else 0o644)
        return made

    return make


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Hold a lock that all test processes of this machine know."""
    with _LOCK.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

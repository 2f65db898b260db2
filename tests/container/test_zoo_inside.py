"""
The zoo against the server in the real image, behind its nginx: whatever is asked, our profile `image` says the same, or somebody has
said why not. Many scripts in one container (tests/parity/inside.py); the counts stand in docs/fidelity.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from amlemu_harness.engine import Engine
from amlemu_harness.parity.run import Run
from amlemu_harness.parity.sides.lives import Lives
from amlemu_harness.parity.sides.ours import Ours
from amlemu_harness.parity.wire import BRISK

from ..contract.targets import interpreter_folder
from ..parity import kept, zoo
from ..parity.inside import Inside, OfImage
from ..parity.shown import shown

pytestmark = pytest.mark.docker

PATIENCE = replace(BRISK, piece_s=20.0)
START_S = 30.0


@pytest.fixture(scope="module")
def inside(engine: Engine, full_image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    """The container, with a copy of the zoo that its user can read."""
    folder = zoo.copied(tmp_path_factory.mktemp("zoo"))
    made = Inside(engine, full_image, folder)
    yield made
    made.remove()


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our side's own copy: what the one writes beside itself, the other's user could not write again."""
    return zoo.copied(tmp_path_factory.mktemp("ours"))


@pytest.mark.parametrize("script", zoo.SCRIPTS)
def test_the_profile_image_says_what_the_container_says(script: str, inside: Inside, scripts: Path) -> None:
    """All that a script is asked, and how the server in the container ends if it does not start."""
    environment = interpreter_folder(
        "AMLEMU_TEST_CORE", "azureml-core", "a virtual environment with azmlinfsrv and azureml-core"
    )
    theirs, own = (zoo.served(folder / script, environment) for folder in (inside.folder, scripts))
    lives, cases = Lives(), zoo.cases_inside(script)
    sides = OfImage(inside, theirs), Ours(own, "image", START_S, lives)

    outcome = Run(*sides, cases, zoo.rules(), PATIENCE, lives, is_twice=False).outcome()

    if outcome.result.exit_code:
        pytest.fail(shown(outcome, cases), pytrace=False)
    kept.check(script, "container", outcome.result)

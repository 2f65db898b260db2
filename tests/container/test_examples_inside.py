"""The examples in their containers, run as Azure runs them; their counts stand in docs/fidelity.md."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from amlemu_harness.engine import Engine
from amlemu_harness.parity.run import Run
from amlemu_harness.parity.sides.contained import Contained, Inside
from amlemu_harness.parity.sides.lives import Lives
from amlemu_harness.parity.sides.ours import Ours
from amlemu_harness.parity.wire import BRISK

from ..contract.targets import interpreter_folder
from ..parity import examples, kept
from ..parity.shown import shown

pytestmark = pytest.mark.docker

PATIENCE = replace(BRISK, piece_s=20.0)
START_S = 60.0


@pytest.mark.parametrize("name", examples.NAMES)
def test_an_example_is_answered_as_in_its_container(name: str, engine: Engine, full_image: str, tmp_path: Path) -> None:
    """Or somebody has said why not."""
    environment = interpreter_folder(
        "AMLEMU_TEST_CORE", "azureml-core", "a virtual environment with azmlinfsrv and azureml-core"
    )
    example, lives = examples.example(name, environment, tmp_path), Lives()
    inside = Inside(engine, full_image, example.said)
    sides = Contained(example.served, inside, START_S, lives), Ours(example.served, "image", START_S, lives)
    cases = example.cases()

    outcome = Run(*sides, cases, examples.rules(name), PATIENCE, lives, is_twice=False).outcome()

    if outcome.result.exit_code:
        pytest.fail(shown(outcome, cases), pytrace=False)
    kept.check(f"examples/{name}", "container", outcome.result)

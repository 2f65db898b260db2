"""The examples against the real server; their counts stand in docs/fidelity.md."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from amlemu_harness.parity.run import Run
from amlemu_harness.parity.sides.azmlinfsrv import VARIABLES, Azmlinfsrv
from amlemu_harness.parity.sides.lives import Lives
from amlemu_harness.parity.sides.ours import Ours
from amlemu_harness.parity.wire import BRISK

from ..contract.targets import interpreter_folder
from . import examples, kept
from .shown import shown

PATIENCE = replace(BRISK, piece_s=20.0)
START_S = 30.0


@pytest.mark.parametrize("name", examples.NAMES)
def test_an_example_is_answered_as_by_the_real_server(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or somebody has said why not."""
    monkeypatch.delenv("AZUREML_MODEL_DIR", raising=False)
    environment = interpreter_folder(
        "AMLEMU_TEST_CORE", "azureml-core", "a virtual environment with azmlinfsrv and azureml-core"
    )
    example, lives = examples.example(name, environment, tmp_path), Lives()
    sides = (
        Azmlinfsrv(example.served, None, START_S, lives),
        Ours(example.served, "bare", START_S, lives, variables=VARIABLES),
    )
    cases = example.cases()

    outcome = Run(*sides, cases, examples.rules(name), PATIENCE, lives, is_twice=False).outcome()

    if outcome.result.exit_code:
        pytest.fail(shown(outcome, cases), pytrace=False)
    kept.check(f"examples/{name}", "azmlinfsrv", outcome.result)

"""
The zoo against the real server: whatever is asked, both say the same, or somebody has said why not (exemptions.toml).

The counts stand in docs/fidelity.md; each script keeps its own row there (AMLEMU_KEEP=1 writes it).
"""

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
from . import kept, zoo
from .shown import shown

PATIENCE = replace(BRISK, piece_s=20.0)
START_S = 30.0


@pytest.fixture(scope="module")
def environment() -> Path:
    """The real server's environment; both sides run the scripts by its interpreter."""
    return interpreter_folder("AMLEMU_TEST_REAL", "azmlinfsrv", "a virtual environment with azmlinfsrv")


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zoo in a folder of its own: some scripts write beside themselves."""
    return zoo.copied(tmp_path_factory.mktemp("zoo"))


@pytest.mark.parametrize("script", zoo.SCRIPTS)
def test_the_emulator_says_what_the_real_server_says(
    script: str, environment: Path, scripts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that a script is asked, and how it ends if it does not start."""
    monkeypatch.delenv("AZUREML_MODEL_DIR", raising=False)
    served, lives, cases = zoo.served(scripts / script, environment), Lives(), zoo.cases_of(script)
    sides = Azmlinfsrv(served, None, START_S, lives), Ours(served, "bare", START_S, lives, variables=VARIABLES)

    outcome = Run(*sides, cases, zoo.rules(), PATIENCE, lives, is_twice=False).outcome()

    if outcome.result.exit_code:
        pytest.fail(shown(outcome, cases), pytrace=False)
    kept.check(script, "azmlinfsrv", outcome.result)

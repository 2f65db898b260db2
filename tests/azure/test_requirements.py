"""What a file asks for, as a value."""

from __future__ import annotations

from pathlib import Path

from amlemu.azure.requirements import Requirement, Requirements
from amlemu.finding import Place

HERE = Place(Path("conda.yml"), 3)


def test_pip_has_the_last_word_where_both_ask_for_a_package():
    """conda installs first, then pip."""
    conda = Requirement("numpy", "==1.21.*", "numpy=1.21", "conda", HERE)
    pip = Requirement("numpy", "==1.22", "numpy==1.22", "pip", HERE)

    asked = Requirements(HERE, (conda, pip))

    assert asked.find("numpy") == pip
    assert Requirements(HERE, (conda,)).find("numpy") == conda
    assert asked.find("pandas") is None

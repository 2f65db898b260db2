"""Type hints that the wanted Python refuses."""

from __future__ import annotations

import pytest
from amlemu.doctor.code.annotations import check_annotations

from ..subjects import conda, subject, told

RUN = "def init(): ...\ndef run(data): ...\n"


@pytest.mark.parametrize(
    ("hint", "python"),
    [
        pytest.param("def f() -> dict[str, int]: ...", "3.8", id="generic-result"),
        pytest.param("def f(x: list[str]): ...", "3.8", id="generic-parameter"),
        pytest.param("from typing import Optional\nx: Optional[tuple[int]] = None", "3.7", id="generic-in-a-hint"),
        pytest.param("class A:\n    names: list[str]", "3.8", id="of-a-class"),
        pytest.param("def f(x: str | None = None): ...", "3.9", id="union"),
        pytest.param("from collections.abc import Sequence\ndef f(x: Sequence[int]): ...", "3.8", id="collections-abc"),
    ],
)
def test_a_hint_that_raises_as_it_is_computed_is_told(tmp_path, hint, python):
    of = subject(tmp_path, f"{hint}\n{RUN}", conda=conda(python=python))

    assert [finding[:2] for finding in told(check_annotations, of)] == [("error", "hint-too-new")]


@pytest.mark.parametrize(
    ("hint", "python"),
    [
        pytest.param("def f() -> dict[str, int]: ...", "3.9", id="generic-since-3.9"),
        pytest.param("def f(x: str | None): ...", "3.10", id="union-since-3.10"),
        pytest.param("from __future__ import annotations\ndef f() -> dict[str, int]: ...", "3.8", id="lazy"),
        pytest.param("def f() -> 'dict[str, int]': ...", "3.8", id="text"),
        pytest.param("def f():\n    x: list[int] = []", "3.8", id="a-function-s-own-name"),
        pytest.param("from typing import Dict\ndef f() -> Dict[str, int]: ...", "3.8", id="typing"),
        pytest.param("def f(x: list[str]): ...", ">=3.8", id="any-newer-python"),
    ],
)
def test_a_hint_that_works_there_is_left_alone(tmp_path, hint, python):
    asked = conda(python=python) if python[0].isdigit() else conda(python=python).replace("python=>=", "python>=")

    assert told(check_annotations, subject(tmp_path, f"{hint}\n{RUN}", conda=asked)) == []

"""Packages that are asked for more than once."""

from __future__ import annotations

import pytest
from amlemu.doctor.needs.twice import check_twice

from ..subjects import conda, subject, told


def test_two_ranges_of_pip_without_a_common_version_are_an_error(tmp_path):
    assert told(check_twice, subject(tmp_path, conda=conda(pip=["pandas<2", "pandas>=2.1"]))) == [
        (
            "error",
            "contradicting-requirements",
            "pip is asked for pandas<2 and for pandas>=2.1, and no version is both, so it gives up",
        ),
    ]


def test_two_pins_of_conda_are_an_error(tmp_path):
    (finding,) = told(check_twice, subject(tmp_path, conda=conda("numpy=1.26", "numpy=1.24")))

    assert finding[:2] == ("error", "contradicting-requirements")


def test_pip_replaces_another_version_of_conda(tmp_path):
    assert told(check_twice, subject(tmp_path, conda=conda("pytorch=1.13", pip=["torch==2.0.0"]))) == [
        (
            "warning",
            "required-twice",
            "conda installs pytorch=1.13, and pip then replaces it, since it is asked for torch==2.0.0",
        )
    ]


@pytest.mark.parametrize(
    ("packages", "pip"),
    [
        pytest.param(["numpy=1.26"], ["numpy"], id="pip-takes-what-is-there"),
        pytest.param(["numpy=1.26.4"], ["numpy<2"], id="pip-is-content"),
        pytest.param([], ["pandas>=1", "pandas<2"], id="both-hold"),
        pytest.param([], ["pandas<2; python_version<'3.9'", "pandas>=2; python_version>='3.9'"], id="for-other-pythons"),
        pytest.param([], ["pandas==1.0", "pandas==2.0"], id="the-reader-of-the-file-tells"),
        pytest.param(["numpy"], ["scipy"], id="once-each"),
    ],
)  # fmt: skip
def test_what_one_version_satisfies_is_left_alone(tmp_path, packages, pip):
    assert told(check_twice, subject(tmp_path, conda=conda(*packages, pip=pip))) == []


def test_nothing_is_said_where_the_environment_is_unknown(tmp_path):
    assert told(check_twice, subject(tmp_path)) == []

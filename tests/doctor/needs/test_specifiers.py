"""Version specifiers against each other."""

from __future__ import annotations

import pytest
from amlemu.doctor.needs.specifiers import admits, agree, is_open, newest_is_in, pythons


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param("==1.0", "~=3.1.0", False, id="pin-and-compatible-release"),
        pytest.param("<2", "~=2.12.0", False, id="below-and-above"),
        pytest.param(">=1,<2", ">=1.9,<1.11", True, id="ranges-that-overlap"),
        pytest.param("==2.*", ">=2.7,<3", True, id="wildcard"),
        pytest.param("<=1.10", "<1.11,>=1.9", True, id="one-number-in-common"),
        pytest.param(">1,<1.0.1", "!=1.0.0.5", True, id="between-two-numbers"),
        pytest.param("==3.7.4.post0", "~=3.7.4.post0", True, id="post-release"),
        pytest.param("", "<1", True, id="anything"),
        pytest.param("1.2|1.3", "<1", True, id="unreadable-excludes-nothing"),
    ],
)
def test_two_specifiers_agree_if_some_version_is_in_both(one, other, expected):
    assert agree([one, other]) is expected
    assert agree([other, one]) is expected


@pytest.mark.parametrize(
    ("specifier", "others", "expected"),
    [
        pytest.param("", "<2", False, id="the-newest-of-all-is-not-below"),
        pytest.param("", ">=5", True, id="the-newest-of-all-is-above"),
        pytest.param("<3", "<2", False, id="a-bound-that-is-higher"),
        pytest.param("==1.0.3", "<2", True, id="a-pin"),
        pytest.param("<1", ">0.0", True, id="open-below"),
        pytest.param("==0.0", ">0.0", False, id="a-pin-outside"),
        pytest.param(">=1.22,<1.24", ">=1.26.1", False, id="too-old"),
    ],
)
def test_pip_takes_the_newest_that_a_specifier_admits(specifier, others, expected):
    assert newest_is_in(specifier, others) is expected


def test_a_specifier_without_an_upper_bound_is_open():
    assert is_open(">=1")
    assert not is_open(">=1,<2")


@pytest.mark.parametrize(
    ("specifier", "expected"),
    [
        pytest.param("==3.8.*", ((3, 8),), id="minor"),
        pytest.param("==3.8.13", ((3, 8),), id="patch"),
        pytest.param(">=3.8,<3.11", ((3, 8), (3, 9), (3, 10)), id="range"),
    ],
)
def test_a_specifier_of_python_means_minor_versions(specifier, expected):
    assert pythons(specifier) == expected


def test_without_a_specifier_every_python_will_do():
    assert {(3, 6), (3, 13)} <= set(pythons(None))


def test_what_is_no_version_excludes_nothing():
    assert admits(">=1", "unknown")
    assert not admits(">=1", "0.9")

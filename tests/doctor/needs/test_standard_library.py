"""Which modules come with which Python."""

from __future__ import annotations

import pytest
from amlemu.doctor.needs.standard_library import instead_of, is_standard, lacks


@pytest.mark.parametrize("module", ["json", "os.path", "distutils.util", "imp", "cgi", "tomllib", "__future__"])
def test_a_module_of_some_python_is_standard(module):
    assert is_standard(module)


def test_a_package_of_pip_is_not_standard():
    assert not is_standard("numpy.linalg")


@pytest.mark.parametrize(
    ("module", "python", "expected"),
    [
        pytest.param("distutils.util", (3, 11), False, id="still-there"),
        pytest.param("distutils.util", (3, 12), True, id="gone"),
        pytest.param("cgi", (3, 13), True, id="gone-later"),
        pytest.param("tomllib", (3, 10), True, id="not-yet"),
        pytest.param("tomllib", (3, 11), False, id="since"),
        pytest.param("json", (3, 6), False, id="always"),
    ],
)
def test_a_python_lacks_what_has_gone_and_what_came_later(module, python, expected):
    assert lacks(module, python) is expected


def test_there_is_a_word_for_what_to_do_instead():
    assert instead_of("imp") == "Use importlib."
    assert instead_of("nis") == "Pin a Python that has it, or do without it."

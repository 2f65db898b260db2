"""What conda's packages are called on PyPI; a name that is not known is not guessed."""

from __future__ import annotations

import pytest
from amlemu.azure.conda_names import conda_has, is_no_python, normalised, pypi_name


@pytest.mark.parametrize(
    ("conda", "pypi"),
    [
        pytest.param("numpy", "numpy", id="same"),
        pytest.param("scikit-learn", "scikit-learn", id="same-with-dash"),
        pytest.param("typing_extensions", "typing-extensions", id="same-but-for-the-dash"),
        pytest.param("Pillow", "pillow", id="same-but-for-case"),
        pytest.param("pytorch", "torch", id="other"),
        pytest.param("pytables", "tables", id="other-tables"),
        pytest.param("py-xgboost", "xgboost", id="other-variant"),
        pytest.param("matplotlib-base", "matplotlib", id="other-base"),
        pytest.param("opencv", "opencv-python-headless", id="other-without-windows"),
        pytest.param("cudatoolkit", None, id="c-library"),
        pytest.param("graphviz", None, id="program-of-that-name"),
        pytest.param("r-base", None, id="another-language"),
        pytest.param("our-own-thing", None, id="unknown"),
    ],
)
def test_a_conda_package_on_pypi(conda, pypi):
    assert pypi_name(conda) == pypi


def test_nothing_is_both_a_package_and_no_python():
    """Each name stands in one block only, so that no answer depends on the order of a search."""
    assert [name for name in ("cudatoolkit", "libgcc-ng", "nodejs", "graphviz") if not is_no_python(name)] == []
    assert not is_no_python("numpy")


def test_what_conda_calls_otherwise_or_lacks():
    assert conda_has("sklearn") == "scikit-learn"
    assert conda_has("torch") == "pytorch"
    assert conda_has("azureml-defaults") == ""
    assert conda_has("numpy") is None


def test_names_are_compared_as_pypi_does():
    assert normalised("Ruamel_YAML.clib") == "ruamel-yaml-clib"

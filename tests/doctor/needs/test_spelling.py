"""The names that pip is asked for."""

from __future__ import annotations

import pytest
from amlemu.doctor.needs.imports import all_imports
from amlemu.doctor.needs.spelling import check_names, slips, stand_ins
from amlemu.doctor.needs.supply import supply_of

from ..subjects import SCRIPT, conda, subject, told


@pytest.mark.parametrize(
    ("name", "right"),
    [
        pytest.param("PIL", "pillow", id="PIL"),
        pytest.param("cv2", "opencv-python-headless", id="cv2"),
        pytest.param("yaml", "pyyaml", id="yaml"),
        pytest.param("opencv", "opencv-python-headless", id="opencv"),
        pytest.param("azureml-default", "azureml-defaults", id="azureml-default"),
    ],
)
def test_the_name_of_a_module_is_no_distribution(tmp_path, name, right):
    (finding,) = check_names(subject(tmp_path, conda=conda(pip=[name])))

    assert (finding.severity, finding.rule, finding.fix) == (
        "error",
        "misnamed-package",
        f"The distribution is called {right}.",
    )
    assert finding.place.line == 6


@pytest.mark.parametrize(
    ("imports", "name", "severity"),
    [
        pytest.param("import sklearn", "scikit-lern", "error", id="one-letter-less"),
        pytest.param("import numpy", "numppy", "error", id="one-letter-more"),
        pytest.param("import sklearn", "sckit-lean", "error", id="much-alike-and-imported"),
        pytest.param("import tensorflow", "tensorfolw", "error", id="two-swapped"),
        pytest.param("", "tensorfow", "warning", id="not-imported"),
    ],
)
def test_a_slip_is_told_and_is_sure_if_the_script_imports_what_is_meant(tmp_path, imports, name, severity):
    of = subject(tmp_path, f"{imports}\n{SCRIPT}", conda=conda(pip=[name]))

    assert [finding[:2] for finding in told(check_names, of)] == [(severity, "misspelt-package")]


@pytest.mark.parametrize(
    ("imports", "name"),
    [
        pytest.param("", "scapy", id="one-letter-from-scipy"),
        pytest.param("import requests", "grequests", id="real-neighbour"),
        pytest.param("", "panda", id="another-and-not-imported"),
        pytest.param("import jwt", "PyJWT", id="right-name"),
        pytest.param("", "our-own-things", id="unknown"),
        pytest.param("", "Scikit_Learn", id="other-spelling"),
        pytest.param("", "dataclasses", id="backport"),
        pytest.param("", "xy", id="too-short"),
    ],
)
def test_a_real_name_is_left_alone(tmp_path, imports, name):
    assert told(check_names, subject(tmp_path, f"{imports}\n{SCRIPT}", conda=conda(pip=[name]))) == []


def test_a_distribution_that_is_something_else_is_told_if_the_right_one_is_imported(tmp_path):
    of = subject(tmp_path, f"import pandas\n{SCRIPT}", conda=conda(pip=["panda"]))

    assert told(check_names, of) == [
        ("error", "misnamed-package", "pip's distribution panda is not what holds pandas, which score.py imports")
    ]


def test_a_module_of_python_is_no_distribution(tmp_path):
    assert told(check_names, subject(tmp_path, conda=conda(pip=["json"]))) == [
        (
            "error",
            "standard-module-required",
            "pip is asked for json, which comes with Python and is no distribution, so the image cannot be built",
        ),
    ]


def test_what_comes_from_an_address_may_be_called_as_it_likes(tmp_path):
    of = subject(tmp_path, conda=conda(pip=["yaml @ https://example.com/yaml.whl"]))

    assert told(check_names, of) == []


def test_what_stands_in_for_another_is_known_to_the_check_of_imports(tmp_path):
    of = subject(tmp_path, f"import sklearn, pandas\n{SCRIPT}", conda=conda(pip=["scikit-lern", "panda"]))
    supply, imports = supply_of(of), [each for _, each in all_imports(of)]

    assert dict(slips(supply, imports)) == {"scikit-lern": "scikit-learn"}
    assert dict(stand_ins(supply, imports)) == {"scikit-lern": "scikit-learn", "panda": "pandas"}

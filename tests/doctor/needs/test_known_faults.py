"""Requirements that are known to fail."""

from __future__ import annotations

import pytest
from amlemu.doctor.needs.known_faults import check_known_faults

from ..subjects import conda, subject, told


@pytest.mark.parametrize(
    ("pip", "python", "severity"),
    [
        pytest.param(["sklearn"], "3.10", "error", id="sklearn"),
        pytest.param(["pytorch"], "3.10", "error", id="pytorch"),
        pytest.param(["tensorflow-gpu==2.4.0"], "3.8", "error", id="tensorflow-gpu"),
        pytest.param(["pynacl==1.2.1"], "3.10", "warning", id="pynacl-of-2020"),
        pytest.param(["psycopg2"], "3.10", "warning", id="psycopg2"),
        pytest.param(["tensorflow==2.10.0"], "3.11", "error", id="tensorflow-older-than-python"),
        pytest.param(["torch==2.0.1"], "3.12", "error", id="torch-older-than-python"),
        pytest.param(["pywin32==306"], "3.10", "error", id="for-windows-only"),
        pytest.param(["flask==1.0.3"], "3.8", "error", id="flask-1"),
        pytest.param(["azureml-defaults==1.20.0"], "3.7", "error", id="flask-1-by-azureml-defaults"),
    ],
)
def test_a_requirement_of_the_table_is_told(tmp_path, pip, python, severity):
    (finding,) = told(check_known_faults, subject(tmp_path, conda=conda(pip=pip, python=python)))

    assert finding[:2] == (severity, "known-fault")


@pytest.mark.parametrize(
    ("packages", "pip", "python"),
    [
        pytest.param([], ["sklearn==0.0"], "3.10", id="the-sklearn-that-installs"),
        pytest.param(["pytorch", "psycopg2"], [], "3.10", id="conda-has-it"),
        pytest.param([], ["pynacl==1.2.1"], "3.6", id="pynacl-of-its-time"),
        pytest.param([], ["pynacl"], "3.10", id="pynacl-of-today"),
        pytest.param([], ["tensorflow==2.16.1", "torch==2.2.0"], "3.12", id="the-first-for-that-python"),
        pytest.param([], ["tensorflow==2.10.0", "torch==2.0.1"], "3.10", id="of-its-time"),
        pytest.param([], ["tensorflow", "torch>=1.8"], "3.12", id="a-newer-one-will-do"),
        pytest.param([], ["pywin32==306 ; sys_platform == 'win32'"], "3.10", id="asked-on-windows-only"),
        pytest.param([], ["flask==1.0.3", "jinja2<3.1"], "3.8", id="flask-1-with-its-time"),
        pytest.param([], ["flask==1.0.3", "jinja2==3.0.3"], "3.8", id="flask-1-with-a-pin"),
        pytest.param([], ["flask<3"], "3.8", id="flask-2"),
        pytest.param([], ["azureml-defaults==1.20.0"], "3.6", id="old-python-has-no-new-jinja2"),
        pytest.param([], ["azureml-defaults"], "3.8", id="newest"),
        pytest.param([], ["azureml-defaults>=1.0.45"], "3.8", id="open"),
    ],
)
def test_what_pip_can_have_is_left_alone(tmp_path, packages, pip, python):
    assert told(check_known_faults, subject(tmp_path, conda=conda(*packages, pip=pip, python=python))) == []

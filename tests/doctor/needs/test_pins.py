"""The versions that are asked for, and those that the server's own packages ask for."""

from __future__ import annotations

import pytest
from amlemu.doctor.needs.pins import check_pins

from ..subjects import conda, subject, told

SERVER = "azureml-inference-server-http"


@pytest.mark.parametrize(
    ("pip", "cause"),
    [
        pytest.param([f"{SERVER}==1.5.1", "flask==1.0"], "conda.yml asks for flask==1.0, and azureml-inference-server-http 1.5.1 for flask~=3.1.0: no version is both, so pip gives up", id="flask"),
        pytest.param([f"{SERVER}>=1.4", "pydantic<2"], "conda.yml asks for pydantic<2, and azureml-inference-server-http 1.5.1 for pydantic~=2.12.0: no version is both, so pip gives up", id="no-release-of-a-range"),
        pytest.param([f"{SERVER}==1.5.1", "opentelemetry-sdk==1.20.0"], "conda.yml asks for opentelemetry-sdk==1.20.0, and azureml-inference-server-http 1.5.1 for opentelemetry-sdk==1.33.0: no version is both, so pip gives up", id="opentelemetry"),
        pytest.param(["azureml-defaults==1.57.0", "numpy==1.26.4"], "conda.yml asks for numpy==1.26.4, and azureml-dataset-runtime 1.57.0, which azureml-defaults brings, for numpy!=1.19.3,<1.24: no version is both, so pip gives up", id="numpy-by-the-dataset-runtime"),
        pytest.param(["azureml-defaults==1.50.0", f"{SERVER}==1.3.0"], "conda.yml asks for azureml-inference-server-http==1.3.0, and azureml-defaults 1.50.0 for azureml-inference-server-http~=0.8.0: no version is both, so pip gives up", id="defaults-and-server"),
        pytest.param(["azureml-defaults==1.50.0", "azureml-core==1.42.0"], "conda.yml asks for azureml-core==1.42.0, and azureml-defaults 1.50.0 for azureml-core~=1.50.0: no version is both, so pip gives up", id="defaults-and-core"),
    ],
)  # fmt: skip
def test_two_pins_that_exclude_each_other_are_told(tmp_path, pip, cause):
    assert told(check_pins, subject(tmp_path, conda=conda(pip=pip))) == [("error", "server-pins", cause)]


def test_a_python_that_is_too_old_for_the_server_is_told(tmp_path):
    (finding,) = check_pins(subject(tmp_path, conda=conda(pip=[f"{SERVER}==1.5.1"], python="3.8")))

    assert finding.cause == (
        "conda.yml asks for python==3.8.*, and azureml-inference-server-http 1.5.1 for python>=3.9: no version is both, so pip gives up"
    )
    assert finding.place.line == 7


@pytest.mark.parametrize(
    "pip",
    [
        pytest.param([SERVER, "pydantic<2"], id="an-older-server-will-do"),
        pytest.param([SERVER], id="nothing-else"),
        pytest.param(["azureml-defaults", SERVER, "numpy<2"], id="both"),
        pytest.param(["azureml-defaults", "numpy==1.23.5"], id="defaults"),
        pytest.param([f"{SERVER}==1.4.1", "flask>=2", "werkzeug"], id="ranges"),
        pytest.param([f"{SERVER}==9.9", "flask==1.0"], id="a-release-that-is-not-in-the-table"),
        pytest.param([f"{SERVER}==1.5.1", "flask==1.0; python_version < '3.8'"], id="only-for-some-python"),
        pytest.param(["flask==1.0"], id="no-server"),
        pytest.param(["azureml-defaults==1.20.0", "pandas"], id="before-the-server"),
    ],
)
def test_what_pip_can_satisfy_is_left_alone(tmp_path, pip):
    assert told(check_pins, subject(tmp_path, conda=conda(pip=pip))) == []


def test_pip_replaces_what_conda_has_installed(tmp_path):
    of = subject(tmp_path, conda=conda("numpy=1.26", "scipy", pip=["azureml-defaults==1.57.0"]))

    assert told(check_pins, of) == [
        (
            "warning",
            "server-pins",
            "conda installs numpy=1.26, and pip then replaces it, since azureml-dataset-runtime 1.57.0 asks for numpy!=1.19.3,<1.24",
        ),
    ]

"""The commands `amlemu image ...` as a person types them; no engine is asked here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def amlemu(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "amlemu", *words]
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", **variables}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)


@pytest.mark.parametrize(
    ("file", "start"),
    [
        ("diabetes/score.py", "FROM mcr.microsoft.com/azureml/minimal-py311-inference:latest"),
        ("managed/deployment.yml", "FROM mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest"),
        ("kubernetes/deployment.yml", "FROM mcr.microsoft.com/azureml/"),
        ("preview2021/endpoint.yml", "FROM mcr.microsoft.com/azureml/openmpi3.1.2-ubuntu18.04:20210727.v1"),
        (
            "webservice/inferenceconfig.json",
            "FROM mcr.microsoft.com/azureml/minimal-ubuntu20.04-py38-cpu-inference:latest",
        ),
    ],
)
def test_show_prints_the_dockerfile_of_every_kind_of_deployment(file, start):
    """Script, v2, the 2021 file, v1."""
    told = amlemu("image", "show", str(EXAMPLES / file))

    assert told.returncode == 0, told.stderr
    assert start in told.stdout
    assert "RUN conda env create -n inf-conda-env --file conda.yml" in told.stdout


def test_show_prints_the_reference_image_by_wish():
    told = amlemu("image", "show", str(EXAMPLES / "diabetes" / "score.py"), "--reference")

    assert "FROM amlemu/reference-base:bookworm" in told.stdout
    assert "azureml-inference-server-http==1.5.1" in told.stdout


def test_the_commands_of_the_harness_are_in_the_help():
    """Brought by the entry-point group."""
    told = amlemu("--help")

    assert "  image       Build the container's image, and look into it.\n" in told.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("build", "nowhere.py"), "amlemu: nowhere.py: no such file"),
        (
            ("show", "SCRIPT", "--base-image", "a", "--reference"),
            "amlemu: --base-image and --reference exclude each other",
        ),
        (("show", "SCRIPT", "--build-arg", "A"), "amlemu: --build-arg: 'A' has no value. Expected KEY=VALUE."),
        (("show", "SCRIPT", "--ca-bundle", "/nowhere"), "amlemu: --ca-bundle: /nowhere cannot be read: No such file"),
        (("show", "SCRIPT", "--wheels", "/nowhere"), "amlemu: --wheels /nowhere: this is no folder of wheels"),
    ],
)
def test_what_is_not_usable_is_told_in_one_line(words, said):
    """Exit code 2."""
    script = str(EXAMPLES / "diabetes" / "score.py")
    told = amlemu("image", *(script if word == "SCRIPT" else word for word in words))

    assert told.returncode == 2
    assert told.stderr.startswith(said)
    assert "Traceback" not in told.stderr


def test_certificates_are_found_by_the_usual_variables(tmp_path):
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n")

    told = amlemu("image", "show", str(EXAMPLES / "raw" / "score.py"), SSL_CERT_FILE=str(tmp_path / "ca.pem"))

    assert "ARG PIP_CERT=/opt/amlemu/certificates.pem" in told.stdout

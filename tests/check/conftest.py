"""Deployments as people have them, whole or with one thing wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

SCRIPT = """
    import os

    def init():
        global model
        model = open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model.txt")).read()

    def run(data):
        return len(data)
"""
DEPLOYMENT = """
    name: blue
    endpoint_name: credit
    model:
      path: model.txt
    code_configuration:
      code: .
      scoring_script: score.py
    environment:
      image: mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04:latest
      conda_file: conda.yml
    instance_type: Standard_DS3_v2
    instance_count: 1
"""
CONDA = """
    dependencies:
      - python
      - pip
      - pip:
          - azureml-inference-server-http
"""
NEEDS = '"environment": {"python": {"condaDependencies": {"dependencies": ["python", {"pip": ["azureml-defaults"]}]}}}'
KUBERNETES = DEPLOYMENT.replace("Standard_DS3_v2", "defaultinstancetype") + "    type: kubernetes\n"


@pytest.fixture
def deploy(write) -> Callable[..., None]:
    """Write a v2 deployment with its script, its conda file and its model; `more` goes below the deployment."""

    def deploy(script: str = SCRIPT, more: str = "", deployment: str = DEPLOYMENT, conda: str = CONDA) -> None:
        write("score.py", script)
        write("deployment.yml", deployment + more)
        write("conda.yml", conda)
        write("model.txt", "0.5")

    return deploy


@pytest.fixture
def deploy_v1(write) -> Callable[..., None]:
    """Write a v1 inferenceconfig.json and deploymentconfig.json, and the script."""

    def deploy_v1(script: str, configuration: str) -> None:
        write("score.py", script)
        write("inferenceconfig.json", f'{{"entryScript": "score.py", "sourceDirectory": ".", {NEEDS}}}')
        write("deploymentconfig.json", configuration)

    return deploy_v1

"""The variables that a scoring script finds: those of the real server, with the person's own on top."""

from __future__ import annotations

from pathlib import Path

from amlemu.deployment import Deployment
from amlemu.layout import script_environment

PLAIN = Deployment(script=Path("/app/score.py"), app_root=Path("/app"), python=Path("/bin/python"))


def test_the_variables_of_the_server():
    """Literals from contract 3.3, observed with azmlinfsrv 1.5.1."""
    assert script_environment(PLAIN, 5001, shell={}) == {
        "AML_APP_INSIGHTS_ENABLED": "false",
        "AML_APP_ROOT": "/app",
        "AZUREML_ENTRY_SCRIPT": "/app/score.py",
        "HEALTH_PORT": "5001",
        "HTTP_X_MS_SERVER_VERSION": "azmlinfsrv/1.5.1",
        "SERVER_PORT": "5001",
        "SERVER_SOFTWARE": "gunicorn/27.0.1",
        "TRANSPORT_PROTOCOL": "grpc",
        "WORKER_COUNT": "1",
    }


def test_the_shells_variables_are_there_but_ours_are_not():
    """AMLEMU_... steers the host and is none of the script's business."""
    seen = script_environment(PLAIN, 5001, shell={"HOME": "/home/me", "AMLEMU_PORT": "1", "SERVER_PORT": "80"})

    assert seen["HOME"] == "/home/me"
    assert "AMLEMU_PORT" not in seen
    assert seen["SERVER_PORT"] == "5001"  # always overwritten (contract 3.7)


def test_the_model_folder_is_named_only_when_there_is_one():
    with_model = Deployment(PLAIN.script, PLAIN.app_root, PLAIN.python, model_dir=Path("/models/1"))

    assert "AZUREML_MODEL_DIR" not in script_environment(PLAIN, 5001, shell={})
    assert script_environment(with_model, 5001, shell={})["AZUREML_MODEL_DIR"] == "/models/1"


def test_the_deployments_own_variables_win():
    own = {"AZUREML_MODEL_DIR": "rel/ative", "HOME": "/", "SERVICE_NAME": "mine"}
    mine = Deployment(PLAIN.script, PLAIN.app_root, PLAIN.python, model_dir=Path("/m"), environment=own)

    assert own.items() <= script_environment(mine, 5001, shell={"HOME": "/home/me"}).items()


def test_the_number_of_workers_is_the_true_one():
    several = Deployment(PLAIN.script, PLAIN.app_root, PLAIN.python, environment={"WORKER_COUNT": "9"}, workers=2)

    assert script_environment(several, 5001, shell={"WORKER_COUNT": "8"})["WORKER_COUNT"] == "2"


def test_the_version_header_can_be_switched_off():
    """Anything but `true` drops it (contract 3.7)."""
    for word, is_sent in (("true", True), ("True", True), ("false", False), ("1", False)):
        seen = script_environment(PLAIN, 5001, shell={"SERVER_VERSION_LOG_RESPONSE_ENABLED": word})
        assert ("HTTP_X_MS_SERVER_VERSION" in seen) == is_sent

"""The reference image against what image.md and the contract say of Azure's: its declaration, its processes, its log, its exit codes."""

from __future__ import annotations

import re
import time

import pytest

pytestmark = pytest.mark.docker
SCRIPT = "def init(): pass\ndef run(data): return data\n"


def test_the_image_declares_what_azures_declares(engine, reference_image):
    """image.md: CMD, user, port, variables, the environment first on PATH."""
    config = engine.client.images.get(reference_image).attrs["Config"]
    variables = dict(word.split("=", 1) for word in config["Env"])

    assert config["Cmd"] == ["runsvdir", "/var/runit"]
    assert config["User"] == "dockeruser"
    assert list(config["ExposedPorts"]) == ["5001/tcp"]
    assert config["WorkingDir"] == "/var/azureml-app/"
    assert variables["SVDIR"] == "/var/runit"
    assert variables["WORKER_TIMEOUT"] == "300"
    assert variables["AZUREML_INFERENCE_SERVER_HTTP_ENABLED"] == "True"
    assert variables["AZUREML_CONDA_ENVIRONMENT_PATH"] == "/azureml-envs/minimal"
    assert variables["PATH"].startswith("/azureml-envs/minimal/bin:")


@pytest.fixture
def ended(engine, reference_image, folder):
    """Runs a script's container to its end; returns exit code and log."""
    made = []

    def run(script: str = SCRIPT, **variables: str) -> tuple[int, str]:
        code = folder(f"code{len(made)}", **{"score.py": script})
        where = {
            "AML_APP_ROOT": "/var/azureml-app/code",
            "AZUREML_ENTRY_SCRIPT": "score.py",
            "AMLEMU_LAST_WORDS_SECONDS": "0",
        }
        made.append(
            engine.client.containers.run(
                reference_image, detach=True, environment=where | variables, volumes=[f"{code}:/var/azureml-app/code"]
            )
        )
        code = made[-1].wait(timeout=30)["StatusCode"]
        return code, made[-1].logs().decode()

    yield run
    for one in made:
        one.remove(force=True)


@pytest.mark.parametrize(
    ("inside", "variables", "script"),
    [
        pytest.param(3, {}, "def init(): raise ValueError\ndef run(data): pass\n", id="init raises"),
        pytest.param(97, {"AZUREML_EXTRA_PYTHON_LIB_PATH": "nowhere"}, SCRIPT, id="no such folder"),
        pytest.param(98, {"AZUREML_EXTRA_CONDA_YAML": "nowhere.yml"}, SCRIPT, id="no such conda file"),
        pytest.param(99, {"AZUREML_EXTRA_REQUIREMENTS_TXT": "nowhere.txt"}, SCRIPT, id="no such requirements"),
        pytest.param(95, {"AZUREML_EXTRA_CONDA_YAML": "score.py"}, SCRIPT, id="installing fails"),
        pytest.param(100, {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, SCRIPT, id="no server"),
    ],
)
def test_the_container_ends_with_111_whatever_its_server_ends_with(ended, inside, variables, script):
    """Contract 3.4: gunicorn/finish logs the server's own code, and that the image is killed; runsvdir leaves with 111."""
    code, log = ended(script, **variables)

    assert code == 111
    assert f"gunicorn/finish {inside} 0\n" in log
    assert f"Exit code {inside} is not normal. Killing image.\n" in log


def test_the_log_begins_as_azures_does_and_docker_stop_is_no_failure(engine, reference_image, folder):
    """Contract 3.4: the lines of gunicorn/run in their order, the process tree; exit code 0 of `docker stop`."""
    code = folder("code", **{"score.py": SCRIPT})
    container = engine.client.containers.run(
        reference_image,
        detach=True,
        environment={"AML_APP_ROOT": "/var/azureml-app/code", "AZUREML_ENTRY_SCRIPT": "score.py"},
        volumes=[f"{code}:/var/azureml-app/code"],
    )
    try:
        deadline = time.monotonic() + 10
        while b"Booting worker" not in container.logs() and time.monotonic() < deadline:
            pass
        log, tree = container.logs().decode(), [row[-1] for row in container.top()["Processes"]]
        container.stop(timeout=5)
        end = container.wait()["StatusCode"]
    finally:
        container.remove(force=True)

    said = [line.partition("| gunicorn/run | ")[2] for line in log.splitlines() if "| gunicorn/run | " in line]
    wanted = [
        "AzureML Container Runtime Information",
        "AzureML image information: amlemu reference image",
        "Entry script directory: /var/azureml-app/code/.",
        "Dynamic Python Package Installation",
        "AzureML Inference Server",
        "Starting AzureML Inference Server HTTP.",
    ]
    assert [line for line in said if line in wanted] == wanted
    assert re.search(r"^azureml-inference-server-http==", log, re.MULTILINE)  # of pip freeze
    assert re.search(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d,\d+\+00:00 \| gunicorn/run \| ", log, re.MULTILINE)
    assert {"runsvdir /var/runit", "runsv gunicorn", "runsv nginx"} <= set(tree)
    assert any("azmlinfsrv --entry_script score.py --port 31311" in one for one in tree)
    assert end == 0

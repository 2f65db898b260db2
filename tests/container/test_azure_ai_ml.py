"""azure-ai-ml's own local commands on containers that amlemu has started: they list, show, invoke, read logs of and delete them."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from pathlib import Path

import pytest
import yaml
from amlemu.azure import files, served
from amlemu_harness.containers import Container
from amlemu_harness.local import order_for
from amlemu_harness.readiness import ContainerEnded, wait_until_ready

pytestmark = pytest.mark.docker
REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE_S = 120
SCRIPT = "import os\ndef init(): print('hello from init')\ndef run(data): return {'got': data, 'color': os.environ['COLOR']}\n"
V2 = {
    "$schema": "https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json",
    "name": "green",
    "model": {"path": "model.txt"},
    "code_configuration": {"code": "src", "scoring_script": "score.py"},
    "environment": {"image": "x/y:1", "conda_file": "conda.yml"},
    "environment_variables": {"COLOR": "red"},
    "instance_type": "Standard_DS3_v2",
    "instance_count": 1,
    "tags": {"team": "credit"},
    "liveness_probe": {"initial_delay": 10},
}


@pytest.fixture
def az(engine, endpoint, tmp_path):
    """Does one thing as az would, with a home of its own; returns what came of it."""
    folder = Path(os.environ.get("AMLEMU_TEST_AZURE_AI_ML") or REPOSITORY / ".environments" / "azure-ai-ml")
    python = folder / "bin" / "python"
    if not python.exists():
        pytest.skip(f"{folder} has no azure-ai-ml: `make test` creates it, or set AMLEMU_TEST_AZURE_AI_ML")
    variables = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "DOCKER_HOST": engine.address}

    def az(what, body="{}"):
        words = [python, Path(__file__).with_name("as_azure_ai_ml.py"), endpoint, "green", what, body]
        done = subprocess.run(
            words, env=variables, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
        found = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
        assert found, done.stdout + done.stderr
        return json.loads(found[0].removeprefix("RESULT "))

    return az


@pytest.fixture
def endpoint(engine):
    name = f"t-{uuid.uuid4().hex[:12]}"
    yield name
    for one in engine.client.containers.list(all=True, filters={"label": f"endpoint={name}"}):
        one.remove(force=True)


@pytest.fixture
def started(engine, endpoint, folder, reference_image):
    """Starts the container of a deployment file."""

    def make(script=SCRIPT, models=None, **changes):
        texts = {"src/score.py": script, "model.txt": "42", "conda.yml": "name: e\ndependencies: [python=3.11]\n"}
        texts["deployment.yml"] = yaml.safe_dump({**V2, "endpoint_name": endpoint, **changes})
        here = folder("deployed", **texts)
        said = files.describe(here / "deployment.yml")
        given = {name: str(here / path) for name, path in (models or {}).items()}
        made = Container.create(engine, order_for(served.to_deployment(said, models=given), said, reference_image))
        made.start()
        return made, here

    return make


def test_az_lists_shows_invokes_reads_and_deletes_our_container(started, az, endpoint, tmp_path):
    """Nothing but the container is needed: az's stub of an endpoint is not there."""
    container, here = started()
    wait_until_ready(container, PATIENCE_S)
    host, port = container.address() or ("", 0)
    found = az("look", '{"data": [1, 2]}')

    shown = {
        "name": "green", "endpoint": endpoint, "state": "Succeeded", "instance_type": "local", "script": "score.py",
        "code": f"{here}/src", "model": f"{here}/model.txt", "tags": {"team": "credit"}, "env": {"COLOR": "red"},
    }  # fmt: skip
    assert (found["list"], found["show"], found["endpoints"]) == ([shown], shown, [endpoint])
    assert found["endpoint"] == {
        "scoring_uri": f"http://localhost:{port}/score", "provisioning_state": "Succeeded", "location": "local",
    }  # fmt: skip
    assert [json.loads(answer) for answer in found["answers"]] == [{"got": '{"data": [1, 2]}', "color": "red"}] * 2
    assert "hello from init" in found["logs"]
    assert found["last"].count("\n") == 1
    assert az("delete") == {"gone": True, "told": f"Local deployment ({endpoint} / green) does not exist."}
    assert (host, container.state().status) == ("127.0.0.1", "removed")
    assert not list((tmp_path / ".azureml").rglob("*.json"))


def test_az_tells_that_our_container_has_failed(started, az, endpoint):
    """Also where the model is a registered one, and the environment a name."""
    changes = {"model": "azureml:credit:3", "environment": "azureml:sklearn:4", "environment_variables": {"COLOR": 1}}
    container, here = started("import nosuchpackage\n", {"credit": "model.txt"}, **changes)
    with pytest.raises(ContainerEnded):
        wait_until_ready(container, PATIENCE_S)
    found = az("state")

    assert (found["show"]["state"], found["show"]["model"]) == ("Failed", f"{here}/model.txt")
    assert "nosuchpackage" in found["logs"]

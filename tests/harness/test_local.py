"""A deployment as `az ml ... --local` would run it: names, labels, what is mounted where, variables. Values, no engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from amlemu import deployment
from amlemu.azure import files, served
from amlemu.azure.description import Resources
from amlemu.errors import UsageError
from amlemu.finding import Place
from amlemu_harness.local import order_for

SCRIPT = "def init(): pass\ndef run(data): return data\n"
V2 = {
    "$schema": "https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json",
    "name": "blue",
    "endpoint_name": "credit-ep",
    "model": {"path": "model/model.pkl"},
    "code_configuration": {"code": "src", "scoring_script": "api/score.py"},
    "environment": {"image": "x/y:1", "conda_file": "conda.yml"},
    "environment_variables": {"COLOR": "green"},
    "instance_type": "Standard_DS3_v2",
    "instance_count": 1,
    "tags": {"team": "credit"},
}


@pytest.fixture
def here(tmp_path):
    for name, text in {
        "src/score.py": SCRIPT,
        "src/api/score.py": SCRIPT,
        "model/model.pkl": "pickled",
        "model/README": "beside it",
        "conda.yml": "name: env\ndependencies:\n- python=3.11\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def described(here, content, name="deployment.yml"):
    path = here / name
    path.write_text(yaml.safe_dump(content) if name.endswith(".yml") else json.dumps(content))
    return files.describe(path)


def ordered(said, model_layout="cloud", wishes=None, **given):
    return order_for(served.to_deployment(said, model_layout=model_layout, **given), said, "img:1", **(wishes or {}))


def mounts(order):
    return [(str(mount.source), mount.target, mount.mode) for mount in order.mounts]


def test_a_deployment_of_v2_as_az_runs_it(here):
    """With --model-layout local, to the letter: the folder around the model, and a slash too many in its path."""
    order = ordered(
        described(here, {**V2, "code_configuration": {"code": "src", "scoring_script": "score.py"}}), "local"
    )

    assert (order.name, order.image, order.ports) == ("credit-ep.blue", "img:1", {5001: ("127.0.0.1", 0)})
    assert mounts(order) == [
        (f"{here}/src", "/var/azureml-app/src", ""),
        (f"{here}/model", "/var/azureml-app/azureml-models", "z"),
    ]
    assert order.variables == {
        "AML_APP_ROOT": "/var/azureml-app/src/",
        "AZUREML_ENTRY_SCRIPT": "score.py",
        "AZUREML_INFERENCE_PYTHON_PATH": "/opt/miniconda/envs/inf-conda-env/bin",
        "AZUREML_MODEL_DIR": "/var/azureml-app/azureml-models/",
        "COLOR": "green",
    }


def test_a_named_model_lies_where_az_mounts_it(here):
    order = ordered(described(here, {**V2, "model": {**V2["model"], "name": "credit", "version": 7}}), "local")

    assert mounts(order)[1] == (f"{here}/model", "/var/azureml-app/azureml-models/credit/7", "z")
    assert order.variables["AZUREML_MODEL_DIR"] == "/var/azureml-app/azureml-models//credit/7"
    assert order.variables["AML_APP_ROOT"] == "/var/azureml-app/src/api"


def test_by_default_the_model_lies_as_in_the_cloud(here):
    """Alone in the folder of its version."""
    order = ordered(described(here, {**V2, "model": {**V2["model"], "name": "credit", "version": 7}}))

    assert mounts(order)[1] == (
        f"{here}/model/model.pkl", "/var/azureml-app/azureml-models/credit/7/model.pkl", "z",
    )  # fmt: skip
    assert order.variables["AZUREML_MODEL_DIR"] == "/var/azureml-app/azureml-models/credit/7"
    assert order.reads == (here / "src/api/score.py", here / "model/model.pkl")


def test_the_labels_are_az_mls_texts_all_of_them(here):
    order = ordered(described(here, V2))

    assert {name: text for name, text in order.labels.items() if not name.endswith("-data")} == {
        "azureml-local-endpoint": "",
        "endpoint": "credit-ep",
        "deployment": "blue",
        "azureml-port": "5001",
    }
    assert json.loads(order.labels["endpoint-data"]) == {"name": "credit-ep"}


def test_the_deployments_own_words_are_in_its_label(here):
    """Paths are absolute and the conda file is written out, as az writes them: it loads them from wherever it runs."""
    data = json.loads(ordered(described(here, V2)).labels["deployment-data"])

    assert data.pop("model")["path"] == f"{here}/model/model.pkl"
    assert data == {
        "name": "blue",
        "endpoint_name": "credit-ep",
        "code_configuration": {"code": f"{here}/src", "scoring_script": "api/score.py"},
        "environment": {"image": "x/y:1", "conda_file": {"name": "env", "dependencies": ["python=3.11"]}},
        "environment_variables": {"COLOR": "green"},
        "instance_type": "Standard_DS3_v2",
        "instance_count": 1,
        "tags": {"team": "credit"},
    }


def test_what_az_would_refuse_is_not_in_the_label(here):
    """It would fail on it each time that it lists containers, of whatever deployment."""
    said = described(here, {**V2, "request_settings": {"request_timeout_ms": -1}, "no_such_field": 1})
    data = json.loads(ordered(said).labels["deployment-data"])

    assert sorted(data) == ["code_configuration", "endpoint_name", "environment", "instance_count", "model", "name"]


def test_a_registered_model_stands_in_the_label_as_the_folder_that_was_given(here):
    """azure-ai-ml cannot load a deployment whose model is a name (users.md C3 21)."""
    said = described(here, {**V2, "model": "azureml:credit:3", "environment": "azureml:sklearn:4"})
    order = ordered(said, models={"credit": str(here / "model")})
    data = json.loads(order.labels["deployment-data"])

    assert data["model"] == {"name": "credit", "version": "3", "path": f"{here}/model"}
    assert data["environment"] == {"image": "img:1"}


def test_a_script_alone_is_a_managed_deployment(here):
    made = deployment.from_script(here / "src/score.py", endpoint="credit-ep")
    order = order_for(made, None, "img:1")

    assert json.loads(order.labels["deployment-data"]) == {
        "name": "blue",
        "endpoint_name": "credit-ep",
        "instance_count": 1,
        "code_configuration": {"code": f"{here}/src", "scoring_script": "score.py"},
        "environment": {"image": "img:1"},
    }
    assert "AZUREML_MODEL_DIR" not in order.variables
    assert (order.memory_bytes, order.cpus) == (0, 0)


def test_a_v1_web_service_has_its_app_root_above_the_source_directory(here):
    """As azureml-core lays it out: the script is named from there, and the folder is an import root of its own."""
    (here / "deploymentconfig.json").write_text(
        json.dumps({"computeType": "aks", "containerResourceRequirements": {"cpu": 0.5, "memoryInGB": 1}})
    )
    said = described(here, {"entryScript": "api/score.py", "sourceDirectory": "src"}, "inferenceconfig.json")
    order = ordered(said, "local", models={"credit": str(here / "model/model.pkl")})

    assert mounts(order) == [
        (f"{here}/src", "/var/azureml-app/src", ""),
        (f"{here}/model/model.pkl", "/var/azureml-app/azureml-models/credit/1/model.pkl", "z"),
    ]
    assert {name: order.variables[name] for name in ("AML_APP_ROOT", "AZUREML_ENTRY_SCRIPT", "AZUREML_SOURCE_DIRECTORY", "AZUREML_MODEL_DIR")} == {
        "AML_APP_ROOT": "/var/azureml-app",
        "AZUREML_ENTRY_SCRIPT": "src/api/score.py",
        "AZUREML_SOURCE_DIRECTORY": "src",
        "AZUREML_MODEL_DIR": "azureml-models/credit/1",
    }  # fmt: skip
    assert (order.memory_bytes, order.cpus) == (1_073_741_824, 0.5)
    assert json.loads(order.labels["deployment-data"])["name"] == "blue"


def test_variables_of_the_user_win(here):
    """Over az's own, and over those of the file; WORKER_COUNT is the number that was asked for in whatever way."""
    given = {"AZUREML_ENTRY_SCRIPT": "other.py", "COLOR": "red", "WORKER_COUNT": "2"}
    order = ordered(described(here, V2), environment=given, workers=3, wishes={"variables": {"AMLEMU_DEBUG": "x"}})

    assert order.variables["AZUREML_ENTRY_SCRIPT"] == "other.py"
    assert (order.variables["COLOR"], order.variables["WORKER_COUNT"]) == ("red", "3")
    assert order.variables["AMLEMU_DEBUG"] == "x"


@pytest.mark.parametrize("root", ["/var/azureml-app", "/var/azureml-app/src", "/opt/app", "relative"])
def test_an_app_root_that_was_chosen_is_the_containers_as_typed(here, root):
    """One outside of the tree is a folder of the image, not of this machine."""
    assert ordered(described(here, V2), environment={"AML_APP_ROOT": root}).variables["AML_APP_ROOT"] == root


def test_an_app_root_that_will_not_be_there_is_told_before(here):
    with pytest.raises(UsageError, match=r"AML_APP_ROOT=/var/azureml-app/scr: no such folder\. There will be"):
        ordered(described(here, V2), environment={"AML_APP_ROOT": "/var/azureml-app/scr"})


def test_what_it_may_use_is_the_files_word_or_the_users(here):
    content = {**V2, "type": "kubernetes", "$schema": "", "resources": {"limits": {"cpu": "500m", "memory": "512Mi"}}}
    said = described(here, content)
    own = Resources(Place(Path("--memory")), 64_000_000, 2.0)

    assert (ordered(said).memory_bytes, ordered(said).cpus) == (536_870_912, 0.5)
    assert (ordered(said, wishes={"resources": own}).memory_bytes, ordered(said, wishes={"resources": own}).cpus) == (
        64_000_000,
        2.0,
    )


def test_an_image_with_the_code_in_it_gets_no_mounts(here):
    order = ordered(
        described(here, V2), wishes={"mounts": False, "ports": {5001: ("0.0.0.0", 8000), 5678: ("127.0.0.1", 5678)}}
    )

    assert (order.mounts, order.reads) == ((), ())
    assert order.ports == {5001: ("0.0.0.0", 8000), 5678: ("127.0.0.1", 5678)}
    assert order.variables["AML_APP_ROOT"] == "/var/azureml-app/src/api"

"""The two files of v1: what is served, and as which web service."""

from __future__ import annotations

import pytest
from amlemu.azure import files

from .written import ACI, AKS, INFERENCE, LOCAL, changed, put

OF_2020 = """\
{
    "entryScript": "score.py",
    "runtime": "python",
    "condaFile": "../conda.yml",
    "extraDockerfileSteps": null,
    "sourceDirectory": "src",
    "enableGpu": false,
    "baseImage": null,
    "baseImageRegistry": null
}
"""
AKS_OF_2020 = """\
{
    "computeType": "aks",
    "autoScaler": {
        "autoscaleEnabled": true,
        "minReplicas": 1,
        "maxReplicas": 3,
        "refreshPeriodInSeconds": 1,
        "targetUtilization": 70
    },
    "authEnabled": true,
    "containerResourceRequirements": {"cpu": 0.5, "memoryInGB": 1.0},
    "scoringTimeoutMs": 30000,
    "maxConcurrentRequestsPerContainer": 1,
    "maxQueueWaitMs": 500
}
"""


def describe(folder, inference, deployment=None):
    path = put(folder, "inferenceconfig.json", inference)
    if deployment is not None:
        put(folder, "deploymentconfig.json", deployment)
    return files.describe(path)


def told(found):
    return [f"{one.severity} {one.place.file.name}:{one.place.line}: {one.cause}" for one in found.findings]


def test_the_files_of_2020_are_served(folder):
    """As the pages of that time have them; null is nothing said."""
    found = describe(folder, OF_2020, AKS_OF_2020)

    assert found.findings == ()
    assert (found.generation, found.kind, found.profile, found.auth_mode) == ("v1", "aks", "aks", "key")
    assert (found.code, found.script) == (folder / "src", folder / "src" / "score.py")
    assert found.environment.requirements.name == "env"
    assert found.settings == {
        "request_timeout_ms": 30000, "max_concurrent_requests_per_instance": 1, "max_queue_wait_ms": 500, "instance_count": 1,
    }  # fmt: skip
    assert found.said_at["scoringTimeoutMs"].line == 12
    assert [one.name for one in found.files] == ["inferenceconfig.json", "deploymentconfig.json"]


def test_without_a_deployment_configuration_it_is_a_local_one(folder):
    found = describe(folder, INFERENCE)

    assert (found.kind, found.profile, found.auth_mode, found.settings, found.port) == ("local", "local", "", {}, None)


@pytest.mark.rows("2.1 v1 keys by default")
@pytest.mark.parametrize(
    ("base", "more", "mode"),
    [
        (AKS, {}, "key"),
        (AKS, {"authEnabled": False}, ""),
        (AKS, {"authEnabled": False, "tokenAuthEnabled": True}, "aml_token"),
        (ACI, {}, ""),
        (ACI, {"authEnabled": True}, "key"),
        (LOCAL, {}, ""),
    ],
)
def test_aks_asks_for_a_key_unless_told_otherwise(folder, base, more, mode):
    assert describe(folder, INFERENCE, {**base, **more}).auth_mode == mode


@pytest.mark.rows("2.2 v1 defaults of probes")
def test_probes_of_v1_have_their_own_defaults(folder):
    found = describe(folder, INFERENCE, changed(AKS, "livenessProbeRequirements", {})).liveness

    assert (found.initial_delay, found.period, found.timeout, found.success_threshold, found.failure_threshold) == (
        310.0, 10.0, 2.0, 1, 3,
    )  # fmt: skip


@pytest.mark.rows("3.1 code, v1")
@pytest.mark.parametrize(
    ("content", "code", "script"),
    [
        pytest.param({"entryScript": "score.py", "sourceDirectory": "src"}, "src", "src/score.py", id="folder"),
        pytest.param({"entryScript": "src/score.py"}, "src", "src/score.py", id="script-alone"),
        pytest.param(
            {"entryScript": "api/score.py", "sourceDirectory": "./src"}, "src", "src/api/score.py", id="below"
        ),
        pytest.param({"entryScript": ".\\src\\score.py"}, "src", "src/score.py", id="windows"),
        pytest.param({"entryScript": "src/score.py", "sourceDirectory": "."}, ".", "src/score.py", id="this-folder"),
    ],
)
def test_the_script_lies_in_the_source_directory(folder, content, code, script):
    """Without one its own folder is what is served."""
    found = describe(folder, content)

    assert (found.code, found.script, found.findings) == ((folder / code).resolve(), folder / script, ())


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        pytest.param(
            {"sourceDirectory": "src"},
            ["error deploymentconfig.json:0: there is no inferenceconfig.json beside it, so nothing says which script is served"],
            id="no-entry-script",
        ),
        pytest.param({"entryScript": "scor.py", "sourceDirectory": "src"}, ["error inferenceconfig.json:2: the scoring script scor.py is not in {here}/src"], id="missing"),
        pytest.param({"entryScript": "score.py", "sourceDirectory": "scr"}, ["error inferenceconfig.json:3: the code folder scr is no folder"], id="folder-missing"),
        pytest.param({**INFERENCE, "condaFile": "conda.yml"}, ["error inferenceconfig.json:4: the conda file conda.yml is not there"], id="conda-missing"),
        pytest.param({**INFERENCE, "entryscript": "x"}, ["warning inferenceconfig.json:4: entryscript is no field of an inference configuration, and Azure ignores it; did you mean entryScript?"], id="unknown"),
        pytest.param({**INFERENCE, "runtime": "r"}, ["error inferenceconfig.json:4: runtime: 'r' is none of its words"], id="runtime"),
        pytest.param({**INFERENCE, "environment": {"name": "e", "python": {"condaDependencies": {"dependencies": ["python=3.6.2", {"pip": ["azureml-defaults"]}]}}, "docker": {"enabled": True, "baseImage": "x"}}}, [], id="environment-in-place"),
        pytest.param({**INFERENCE, "environment": {"environmentVariables": {"A": ["x"]}}}, ["error inferenceconfig.json:6: environment.environmentVariables.A: a variable is a text, not a list"], id="variable"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(folder, content, lines):
    if "entryScript" in content or "entryscript" in content:
        found = describe(folder, content)
    else:
        put(folder, "inferenceconfig.json", content)
        found = files.describe(put(folder, "deploymentconfig.json", LOCAL))

    assert told(found) == [line.format(here=folder) for line in lines]


@pytest.mark.rows("5.2 InferenceConfig")
@pytest.mark.parametrize(
    ("name", "fix"), [("my-score.py", "Call it my_score.py."), ("2020.py", "Call it score_2020.py.")]
)
def test_a_script_is_imported_by_its_name(folder, name, fix):
    """Source: azureml-core 1.61, InferenceConfig."""
    (folder / "src" / name).write_text("")
    found = describe(folder, {"entryScript": name, "sourceDirectory": "src"})

    assert [one.cause for one in found.findings] == [
        f"the entry script {name} cannot be imported: its name is no identifier"
    ]
    assert found.findings[0].fix == fix


def test_a_script_that_does_not_parse_is_the_doctors_business(folder):
    (folder / "src" / "score.py").write_text("def run(:\n")

    assert describe(folder, INFERENCE).findings == ()


def test_user_managed_packages_are_not_asked_for(folder):
    python = {"userManagedDependencies": True, "condaDependencies": {"dependencies": ["numpy"]}}
    found = describe(folder, {**INFERENCE, "environment": {"name": "e", "python": python}})

    assert found.environment.requirements is None


def test_yaml_will_do_too(folder):
    (folder / "inference.yml").write_text("entryScript: score.py\nsourceDirectory: src\n")
    (folder / "aci.yml").write_text("computeType: ACI\nauthEnabled: true\n")
    found = files.describe(folder / "inference.yml")

    assert (found.kind, found.auth_mode, found.findings) == ("aci", "key", ())

"""Variables that the script reads, and those that the server reads."""

from __future__ import annotations

from pathlib import Path

import pytest
from amlemu.azure.description import Description, ModelSaid
from amlemu.doctor.code.variables import check_model_variable, check_server_variables, check_variable_names
from amlemu.finding import Place

FILE = Path("deployment.yml")
WITHOUT = Description(FILE, "v2", "managed", "managed")
WITH = Description(FILE, "v2", "managed", "managed", models=(ModelSaid("m", "1", None, Place(FILE)),))
TAIL = "\ndef run(data): ...\n"
TAKES = "import os\ndef init():\n    open(os.path.join(os.environ['AZUREML_MODEL_DIR'], 'm'))" + TAIL


@pytest.mark.parametrize(
    ("script", "found"),
    [
        pytest.param(TAKES, [("model-dir-unset", 3)], id="environ"),
        pytest.param("import os\ndef init():\n    open(os.path.join(os.getenv('AZUREML_MODEL_DIR'), 'm'))" + TAIL, [("model-dir-unset", 3)], id="getenv"),
        pytest.param("from os import getenv\nfrom pathlib import Path\ndef init():\n    d = getenv('AZUREML_MODEL_DIR')\n    Path(d)" + TAIL, [("model-dir-unset", 4)], id="by-a-name"),
        pytest.param("import os\nd = os.environ['AZUREML_MODEL_DIR']\ndef init(): ..." + TAIL, [("model-dir-unset", 2)], id="at-import"),
        pytest.param("import os\ndef init():\n    open(os.getenv('AZUREML_MODEL_DIR', '.'))" + TAIL, [], id="default"),
        pytest.param("import os\ndef init():\n    d = os.getenv('AZUREML_MODEL_DIR') or '.'" + TAIL, [], id="or"),
        pytest.param("import os\ndef init():\n    d = os.getenv('AZUREML_MODEL_DIR')\n    if d:\n        open(d)" + TAIL, [], id="asked"),
        pytest.param("import os\ndef init():\n    try:\n        os.environ['AZUREML_MODEL_DIR']\n    except KeyError:\n        pass" + TAIL, [], id="tried"),
    ],
)  # fmt: skip
def test_a_script_that_takes_the_model_for_granted_is_told(told, script, found):
    assert told(check_model_variable, script, description=WITHOUT) == found


def test_nothing_is_said_where_there_is_a_model_or_nobody_knows(told):
    assert told(check_model_variable, TAKES, description=WITH) == []
    assert told(check_model_variable, TAKES) == []
    assert told(check_model_variable, TAKES, description=WITHOUT, variables={"AZUREML_MODEL_DIR": "/m"}) == []


@pytest.mark.parametrize(
    ("reading", "found"),
    [
        pytest.param("os.environ['AZUREML_MODELS_DIR']", [("variable-unset", 3)], id="model-dir-misspelt"),
        pytest.param("os.path.join(os.getenv('AZURE_ML_MODEL_DIR'), 'm')", [("variable-unset", 3)], id="by-getenv"),
        pytest.param("os.environ['LANGUAGE_CODES']", [("variable-unset", 3)], id="one-of-the-deployment-s"),
        pytest.param("os.environ['LANGUAGE_CODE']", [], id="as-it-is-set"),
        pytest.param("os.getenv('AZUREML_MODELS_DIR', '.')", [], id="default"),
        pytest.param("os.environ['HOME']", [], id="nothing-like-it"),
    ],
)
def test_a_variable_that_is_misspelt_is_told(told, reading, found):
    script = f"import os\ndef init():\n    x = {reading}{TAIL}"

    assert told(check_variable_names, script, description=WITH, variables={"LANGUAGE_CODE": "de"}) == found


@pytest.mark.parametrize(
    ("name", "value", "is_told"),
    [
        pytest.param("WORKER_COUNT", "two", True, id="a-word"),
        pytest.param("WORKER_COUNT", "0", True, id="no-worker"),
        pytest.param("SCORING_TIMEOUT_MS", "1.5", True, id="a-fraction"),
        pytest.param("WORKER_COUNT", "4", False, id="a-number"),
        pytest.param("WORKER_COUNT", "${WORKERS}", False, id="a-template"),
        pytest.param("MY_COUNT", "two", False, id="of-the-person"),
    ],
)
def test_settings_that_the_server_cannot_read_are_told(told, name, value, is_told):
    """Observed, azureml-inference-server-http 1.5.1: `WORKER_COUNT=two` ends with ValueError."""
    found = told(check_server_variables, TAKES, description=WITH, variables={name: value})

    assert [rule for rule, _ in found] == (["server-variable"] if is_told else [])

"""AZUREML_MODEL_DIR without a model."""

from __future__ import annotations

from pathlib import Path

import pytest
from amlemu.azure.description import Description, ModelSaid
from amlemu.doctor.variables import check_model_variable
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

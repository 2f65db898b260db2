"""The decorators of inference-schema, and the function below them."""

from __future__ import annotations

import pytest
from amlemu.doctor.code.schemas import check_schemas

HEAD = """
import datetime
import numpy as np
from azureml.contrib.services.aml_request import rawhttp
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema, output_schema
sample = NumpyParameterType(np.array([1]))
""".lstrip("\n")
INIT = "def init(): ...\n"


@pytest.mark.parametrize(
    ("script", "found"),
    [
        pytest.param(INIT + "@input_schema('Inputs', sample)\ndef run(data): ...", [("schema-unknown-parameter", 9)], id="a-name-that-run-lacks"),
        pytest.param(INIT + "@rawhttp\n@input_schema('data', sample)\ndef run(data): ...", [("rawhttp-with-schema", 10)], id="with-rawhttp"),
        pytest.param("@input_schema('data', sample)\ndef init(): ...\ndef run(data): ...", [("schema-on-init", 8)], id="on-init"),
        pytest.param(INIT + "@input_schema(sample)\ndef run(data): ...", [("schema-arguments", 9)], id="no-name"),
        pytest.param(INIT + "@input_schema\ndef run(data): ...", [("schema-arguments", 9)], id="no-parentheses"),
        pytest.param(INIT + "@input_schema('data', np.array([1]))\ndef run(data): ...", [("schema-arguments", 9)], id="a-sample-for-a-type"),
        pytest.param(INIT + "@output_schema(sample)\n@output_schema(sample)\ndef run(data): ...", [("schema-twice", 9)], id="two-outputs"),
        pytest.param(INIT + "@input_schema('d', StandardPythonParameterType(datetime.date(2020, 1, 1)))\ndef run(d): ...", [("schema-sample", 9)], id="date"),
        pytest.param(INIT + "@input_schema('d', StandardPythonParameterType(range(3)))\ndef run(d): ...", [("schema-sample", 9)], id="range"),
        pytest.param(INIT + "@input_schema('d', sample)\ndef run(d=None): ...", [("schema-default", 10)], id="default-none"),
        pytest.param(INIT + "@input_schema('d', sample, optional=True)\ndef run(d=None): ...", [], id="optional"),
        pytest.param(INIT + "@input_schema(param_name='d', param_type=sample)\n@output_schema(sample)\ndef run(d, e=1): ...", [], id="by-keywords"),
        pytest.param(INIT + "@input_schema(NAME, kind_of(1))\ndef run(d): ...", [], id="cannot-be-known"),
        pytest.param("a, b = types()\n" + INIT + "@input_schema('d', a)\ndef run(d): ...", [], id="types-from-a-function"),
    ],
)  # fmt: skip
def test_faults_of_the_decorators_are_told(told, script, found):
    assert told(check_schemas, HEAD + script) == found

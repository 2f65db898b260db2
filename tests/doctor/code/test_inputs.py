"""What run() does with its input."""

from __future__ import annotations

import pytest
from amlemu.doctor.code.inputs import check_inputs

HEAD = "import io, json\nimport joblib\nimport numpy as np\nimport pandas as pd\nmodel = joblib.load('m')\ndef init(): ...\n"


@pytest.mark.parametrize(
    ("run", "found"),
    [
        pytest.param("def run(data):\n    return data['x']", [("input-not-parsed", 8)], id="key"),
        pytest.param("def run(data):\n    return data[0]['x']", [("input-not-parsed", 8)], id="key-of-the-first"),
        pytest.param("def run(data):\n    return data.get('x')", [("input-not-parsed", 8)], id="get"),
        pytest.param("def run(data):\n    for row in data:\n        print(row['x'])", [("input-not-parsed", 8)], id="rows"),
        pytest.param("def run(data):\n    return [row['x'] for row in data]", [("input-not-parsed", 8)], id="rows-in-a-comprehension"),
        pytest.param("def run(data):\n    return pd.DataFrame(data).to_dict()", [("input-not-parsed", 8)], id="frame"),
        pytest.param("def run(data):\n    return np.array(data).tolist()", [("input-not-parsed", 8)], id="array"),
        pytest.param("def run(data):\n    return f(**data)\ndef f(**k): ...", [("input-not-parsed", 8)], id="as-keywords"),
        pytest.param("def run(data):\n    return json.load(data)", [("input-not-parsed", 8)], id="json-load"),
        pytest.param("def run(data):\n    return data.decode('utf-8')", [("input-not-parsed", 8)], id="decode"),
        pytest.param("def run(data):\n    return io.BytesIO(data)", [("input-not-parsed", 8)], id="bytes-io"),
        pytest.param("def run(data):\n    return model.predict(data).tolist()", [("input-not-parsed", 8)], id="predict"),
        pytest.param("def run(data):\n    body = data\n    return body['x']", [("input-not-parsed", 9)], id="another-name"),
        pytest.param("def run(data):\n    return f(data)\ndef f(body):\n    return body['x']", [("input-not-parsed", 10)], id="in-a-function-of-the-script"),
        pytest.param("def run(data):\n    try:\n        return data['x']\n    except Exception as e:\n        return str(e)", [("input-not-parsed", 9)], id="caught"),
        pytest.param("def run(request):\n    return request.get_json()", [("input-not-a-request", 8)], id="request-without-rawhttp"),
    ],
)  # fmt: skip
def test_text_that_is_used_as_if_it_were_parsed_is_told(told, run, found):
    assert told(check_inputs, HEAD + run) == found


@pytest.mark.parametrize(
    "run",
    [
        pytest.param("def run(data):\n    data = json.loads(data)\n    return data['x']", id="parsed"),
        pytest.param("def run(data):\n    data = json.loads(data); return data['x']", id="parsed-in-one-line"),
        pytest.param("def run(data):\n    return json.loads(data)['x']", id="parsed-in-passing"),
        pytest.param("def run(data):\n    if isinstance(data, str):\n        data = json.loads(data)\n    return data['x']", id="asked-for-its-type"),
        pytest.param("def run(data):\n    body = data if type(data) is dict else json.loads(data)\n    return data['x']", id="asked-with-type"),
        pytest.param("def run(data):\n    try:\n        return data['x']\n    except TypeError:\n        return json.loads(data)['x']", id="tried-both-ways"),
        pytest.param("def run(data):\n    return {c: data.count(c) for c in data}", id="characters-are-meant"),
        pytest.param("def run(data):\n    return [data[0], data[1:], data.split(',')]", id="used-as-text"),
        pytest.param("def run(data):\n    return np.fromstring(data, sep=',').tolist()", id="parsed-by-numpy"),
        pytest.param("@wrap\ndef run(data):\n    return data['x']", id="unknown-decorator"),
    ],
)  # fmt: skip
def test_text_that_is_used_as_text_is_fine(told, run):
    assert told(check_inputs, HEAD + run) == []


def test_the_cause_says_what_it_raises(subject_of):
    [finding] = check_inputs(subject_of(HEAD + "def run(data):\n    return data['x']"))

    assert finding.cause == (
        "run() gets the body as text, a str, and uses it as if it were parsed: data['x'], "
        "so each call raises TypeError: string indices must be integers"
    )
    assert finding.fix == "Parse it first: `data = json.loads(data)`; or decorate run() with @input_schema."


SCHEMA = """
import json
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema
def init(): ...
""".lstrip("\n")
RAW = "import json\nfrom azureml.contrib.services.aml_request import rawhttp\ndef init(): ...\n@rawhttp\n"


@pytest.mark.parametrize(
    ("script", "found"),
    [
        pytest.param(SCHEMA + "@input_schema('d', NumpyParameterType(s))\ndef run(d):\n    return json.loads(d)", [("input-parsed-already", 8)], id="array"),
        pytest.param(SCHEMA + "@input_schema('d', StandardPythonParameterType([1]))\ndef run(d):\n    return json.loads(d)", [("input-parsed-already", 8)], id="list"),
        pytest.param(SCHEMA + "@input_schema('d', StandardPythonParameterType('text'))\ndef run(d):\n    return json.loads(d)", [], id="text"),
        pytest.param(SCHEMA + "@input_schema('d', NumpyParameterType(s))\ndef run(d):\n    return d['x']", [], id="keys-of-what-was-converted"),
        pytest.param(RAW + "def run(request):\n    return json.loads(request)", [("input-parsed-already", 6)], id="the-request"),
        pytest.param(RAW + "def run(request):\n    return request['x']", [("request-as-dict", 6)], id="key-of-the-request"),
        pytest.param(RAW + "def run(request):\n    return json.loads(request.get_data())['x']", [], id="the-request-s-data"),
    ],
)  # fmt: skip
def test_what_was_converted_is_not_parsed_again(told, script, found):
    assert told(check_inputs, script) == found

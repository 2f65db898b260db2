"""What run() returns, and what the server makes of it."""

from __future__ import annotations

import pytest
from amlemu.doctor.code.returns import check_returns

RAW = "from azureml.contrib.services.aml_request import rawhttp\nfrom azureml.contrib.services.aml_response import AMLResponse\nimport json\ndef init(): ...\n@rawhttp\n"
PLAIN = "import json\nimport joblib\nimport numpy as np\nfrom http import HTTPStatus\nmodel = joblib.load('m')\ndef init(): ...\n"


@pytest.mark.parametrize(
    ("run", "found"),
    [
        pytest.param("def run(data):\n    return np.array(data)", [("unserialisable-return", 8)], id="array"),
        pytest.param("def run(data):\n    return model.predict(data)", [("unserialisable-return", 8)], id="prediction"),
        pytest.param("def run(data):\n    x = {'a': {1}}\n    return x", [("unserialisable-return", 9)], id="set-in-a-dict"),
        pytest.param("run = lambda data: np.array(data)", [("unserialisable-return", 7)], id="lambda"),
        pytest.param("def run(data):\n    return json.dumps(data)", [("json-encoded-twice", 8)], id="json-dumps"),
        pytest.param("def run(data):\n    if data:\n        return json.dumps(1)\n    return json.dumps(2)", [("json-encoded-twice", 9)], id="told-once"),
        pytest.param("def run(data):\n    return {'error': 'no'}, 400", [("status-in-tuple", 8)], id="status"),
        pytest.param("def run(data):\n    return 'no', HTTPStatus.BAD_REQUEST", [("status-in-tuple", 8)], id="status-by-name"),
        pytest.param("def run(data):\n    code = 500\n    return 'no', code", [("status-in-tuple", 9)], id="status-in-a-variable"),
        pytest.param("def run(data):\n    print(data)", [("returns-nothing", 7)], id="nothing"),
        pytest.param("def run(data):\n    try:\n        return 1\n    except Exception as e:\n        return {'error': e}", [("unserialisable-return", 11)], id="exception-object"),
        pytest.param("def run(data):\n    return [np.round(np.array(x), 2) for x in data]", [("unserialisable-return", 8)], id="elementwise"),
        pytest.param("S = {}\nS['m'] = joblib.load('m')\ndef run(data):\n    return S['m'].predict(data)", [("unserialisable-return", 10)], id="model-in-a-dict"),
        pytest.param("class S:\n    def __call__(self, x): return np.array(x)\ns = S()\ndef run(data):\n    return s(data)", [("unserialisable-return", 11)], id="object-that-is-called"),
        pytest.param("def run(data):\n    out = {}\n    out.update(a=np.array(data))\n    return out", [("unserialisable-return", 10)], id="updated"),
        pytest.param("def run(data):\n    return model.predict_proba(data)[0]", [("unserialisable-return", 8)], id="row-of-probabilities"),
        pytest.param("def run(data):\n    return str(json.dumps(data))", [("json-encoded-twice", 8)], id="text-of-text"),
        pytest.param("def run(data):\n    return model.predict(data)[0]", [], id="may-be-a-python-float"),
        pytest.param("def run(data):\n    return np.round(data['x'], 2)", [], id="elementwise-of-a-number"),
        pytest.param("def run(data):\n    return 0.5, 200", [], id="two-numbers"),
        pytest.param("def run(data):\n    raise NotImplementedError", [], id="only-raises"),
        pytest.param("async def run(data):\n    return np.array(data)", [], id="async-has-a-finding-of-its-own"),
        pytest.param("@wrap\ndef run(data):\n    return np.array(data)", [], id="unknown-decorator"),
    ],
)  # fmt: skip
def test_what_a_plain_run_returns_is_held_against_the_server(told, run, found):
    assert told(check_returns, PLAIN + run) == found


@pytest.mark.parametrize(
    ("run", "found"),
    [
        pytest.param(
            "def run(request):\n    return request.get_data()",
            [("unserialisable-return", 7)],
            id="bytes-of-the-request",
        ),
        pytest.param("def run(request):\n    return AMLResponse(json.dumps({}), 200)", [], id="json-in-a-response"),
        pytest.param(
            "def run(request):\n    return AMLResponse({'a': 1}, 200)",
            [("response-of-dict", 7)],
            id="dict-in-a-response",
        ),
        pytest.param("def run(request):\n    return AMLResponse({'a': 1}, 200, {}, True)", [], id="dict-with-json-str"),
        pytest.param(
            "def run(request):\n    return AMLResponse('x', 200), 400",
            [("response-in-tuple", 7)],
            id="response-in-a-tuple",
        ),
    ],
)
def test_what_a_raw_run_returns_is_held_against_the_server(told, run, found):
    assert told(check_returns, RAW + run) == found


def test_a_parameter_that_arrives_as_an_array_is_one(told):
    script = (
        "from inference_schema.schema_decorators import input_schema\n"
        "from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType\n"
        "def init(): ...\n@input_schema('data', NumpyParameterType(sample))\ndef run(data):\n    return {'echo': data}\n"
    )

    assert told(check_returns, script) == [("unserialisable-return", 6)]


def test_what_is_certain_is_an_error_and_what_is_likely_a_warning(subject_of):
    """What joblib has loaded may be anything, and mostly is of scikit-learn."""
    certain, likely = "def run(data):\n    return np.array(data)", "def run(data):\n    return model.predict(data)"

    findings = [finding for run in (certain, likely) for finding in check_returns(subject_of(PLAIN + run))]

    assert [finding.severity for finding in findings] == ["error", "warning"]
    assert findings[0].cause == "run() returns a numpy array, which json.dumps refuses: the call is answered with 500"


def test_the_sentence_about_json_text_names_the_other_lines(subject_of):
    run = "def run(data):\n    if data:\n        return json.dumps(1)\n    return json.dumps(2)"

    [finding] = check_returns(subject_of(PLAIN + run))

    assert finding.cause.startswith("run() returns JSON text (also in line 10): the server encodes it once more")
    assert (finding.severity, finding.cloud) == ("warning", None)


@pytest.mark.parametrize(
    ("script", "rule"),
    [
        pytest.param("import words\ndef init(): ...\ndef run(data): return words.text(data)", "json-encoded-twice", id="of-a-module-beside"),
        pytest.param("from words import text as t\ndef init(): ...\ndef run(data): return t(data)", "json-encoded-twice", id="imported-from-it"),
        pytest.param("import numpy as np\nclass S:\n    def f(self, x): return np.array(x)\ndef init():\n    global s\n    s = S()\ndef run(data): return {'a': s.f(data)}", "unserialisable-return", id="method-of-a-global"),
        pytest.param("import numpy as np\nclass S:\n    def f(self, x) -> np.ndarray: return self.net(x)\ns = S()\ndef init(): ...\ndef run(data): return s.f(data)", "unserialisable-return", id="as-the-annotation-says"),
        pytest.param("from pydantic import BaseModel\nclass A(BaseModel):\n    x: int\ndef init(): ...\ndef run(data): return A(x=1).model_dump_json()", "json-encoded-twice", id="json-of-pydantic"),
        pytest.param("class A:\n    def to_json(self): return {}\ndef init():\n    global a\n    a = A()\ndef run(data): return a.to_json()", None, id="to-json-of-the-script-s-own"),
        pytest.param("import numpy as np\nclass S:\n    def f(self, x) -> np.ndarray: return self.net(x)\ns = S()\ndef init(): ...\ndef run(data): return s.f(data).tolist()", None, id="made-a-list"),
    ],
)  # fmt: skip
def test_own_functions_are_looked_into(subject_of, script, rule):
    subject = subject_of(script, {"words": "import json\ndef text(x): return json.dumps({'x': x})"})

    assert [finding.rule for finding in check_returns(subject)] == ([rule] if rule else [])

"""Which names hold a model."""

from __future__ import annotations

import ast

import pytest
from amlemu.doctor.code.model_names import read_models
from amlemu.doctor.code.syntax import imported_names

MAKERS = {"sure": ["keras.models.load_model"], "likely": ["joblib.load"], "onnx": ["onnxruntime.InferenceSession"]}


@pytest.mark.parametrize(
    ("text", "models"),
    [
        pytest.param(
            "import joblib\ndef init():\n    global model\n    model = joblib.load(p)", {"model": "likely"}, id="joblib"
        ),
        pytest.param(
            "from keras.models import load_model\nmodel = None\nmodel = load_model(p)",
            {"model": "sure"},
            id="none-before",
        ),
        pytest.param(
            "import onnxruntime as rt\nself.session = rt.InferenceSession(p)", {"self.session": "onnx"}, id="attribute"
        ),
        pytest.param("import joblib\nmodel = joblib.load(p)\nmodel = Wrapper(model)", {}, id="wrapped"),
        pytest.param("import joblib\nmodel, scaler = joblib.load(p)", {}, id="unpacked"),
        pytest.param("model = elsewhere.load(p)", {}, id="unknown-loader"),
    ],
)
def test_a_name_holds_what_one_known_loader_gives(text, models):
    tree = ast.parse(text)

    assert read_models(tree, imported_names(tree), MAKERS) == models

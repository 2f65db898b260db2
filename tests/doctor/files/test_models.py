"""The files that a script loads, against what will lie there."""

from __future__ import annotations

import pytest
from amlemu.doctor.files.models import check_model_files
from amlemu.models import Model

from ..subjects import subject, told

BASE = 'os.getenv("AZUREML_MODEL_DIR")'


def script(line, top=""):
    head = "import os, joblib, json\nfrom pathlib import Path\nfrom azureml.core.model import Model\n"
    return f"{head}{top}\ndef init():\n    global model\n    {line}\ndef run(data):\n    return data\n"


@pytest.fixture
def model(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.pkl").write_bytes(b"")
    return tmp_path / "model"


@pytest.mark.parametrize(
    ("line", "fix"),
    [
        pytest.param(f'model = joblib.load(os.path.join({BASE}, "model.pkl"))', "Did you mean model/model.pkl? A folder that is a model keeps its own name below AZUREML_MODEL_DIR.", id="too-shallow"),
        pytest.param(f'model = joblib.load(os.path.join({BASE}, "model/Model.pkl"))', "Did you mean model/model.pkl? Linux tells upper from lower case.", id="case"),
        pytest.param(f'model = joblib.load(Path({BASE}) / "model" / "modle.pkl")', "Did you mean model/model.pkl?", id="spelling"),
        pytest.param(f'model = open({BASE} + "/model/x.onnx")', "There will be: model/, model/model.pkl.", id="nothing-like-it"),
        pytest.param(f'model = joblib.load(f"{{{BASE}}}model/model.pkl")'.replace('"AZUREML_MODEL_DIR"', "'AZUREML_MODEL_DIR'"), 'Write os.path.join(..., "model/model.pkl").', id="no-slash"),
        pytest.param('model = joblib.load("/var/azureml-app/azureml-models/credit/1/model.pkl")', "Did you mean model/model.pkl? A folder that is a model keeps its own name below AZUREML_MODEL_DIR.", id="in-full"),
        pytest.param('model = joblib.load(os.path.join(Model.get_model_path("credit"), "modle.pkl"))', "Did you mean model.pkl?", id="below-a-model-by-name"),
    ],
)  # fmt: skip
def test_a_file_that_will_not_lie_there_is_an_error_with_the_nearest_name(tmp_path, model, line, fix):
    (finding,) = check_model_files(subject(tmp_path, script(line), models=[Model("credit", "1", model)]))

    assert (finding.severity, finding.rule, finding.fix) == ("error", "model-file-missing", fix)
    assert finding.place.line == 7
    assert finding.cloud.in_2021 == "ERR_2200"


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(f'model = joblib.load(os.path.join({BASE}, "model", "model.pkl"))', id="right"),
        pytest.param(f"model = joblib.load(os.path.join({BASE}, os.listdir({BASE})[0]))", id="listed"),
        pytest.param(f"model = load_all({BASE})", id="the-folder-itself"),
        pytest.param(f'json.dump({{}}, open(os.path.join({BASE}, "out.json"), "w"))', id="written"),
        pytest.param('model = joblib.load(Model.get_model_path("credit"))', id="by-name"),
        pytest.param('model = joblib.load(Model.get_model_path("beside"))', id="by-name-in-the-working-folder"),
        pytest.param('model = Net.from_pretrained("bert-base-uncased")', id="name-of-a-hub"),
        pytest.param('model = load_model("models:/credit/1")', id="address"),
        pytest.param('model = json.load(open("labels.json"))', id="beside-the-script"),
        pytest.param('model = json.load(open(Path(__file__).parent / "labels.json"))', id="beside-the-file"),
        pytest.param('model = joblib.load("nowhere.pkl")', id="perhaps-made-elsewhere"),
    ],
)  # fmt: skip
def test_what_is_there_or_not_certain_is_left_alone(tmp_path, model, line):
    others = {"labels.json": "{}", "beside": ""}

    assert (
        told(check_model_files, subject(tmp_path, script(line), models=[Model("credit", "1", model)], others=others))
        == []
    )


def test_without_a_known_model_nothing_is_said(tmp_path):
    assert told(check_model_files, subject(tmp_path, script(f'joblib.load({BASE} + "/x.pkl")'))) == []


def test_a_folder_is_no_file(tmp_path, model):
    of = subject(tmp_path, script(f"model = joblib.load({BASE})"), models=[Model("credit", "1", model, is_whole=True)])
    (finding,) = check_model_files(of)

    assert (
        finding.cause
        == "joblib.load() wants a file, and AZUREML_MODEL_DIR is a folder: it fails as soon as init() runs"
    )
    assert finding.fix == 'Name the file: os.path.join(os.environ["AZUREML_MODEL_DIR"], "model.pkl").'


def test_a_model_of_that_name_has_to_be_deployed(tmp_path, model):
    of = subject(
        tmp_path, script('model = joblib.load(Model.get_model_path("credti"))'), models=[Model("credit", "1", model)]
    )
    (finding,) = check_model_files(of)

    assert finding.cause == (
        "score.py asks Model.get_model_path for credti, and no model of the deployment is called so: it fails as soon as init() runs"
    )
    assert finding.fix == "Did you mean credit?"


def test_one_of_several_models_is_found_below_its_name(tmp_path, model):
    models = [Model("a", "1", model), Model("b", "2", model / "model.pkl")]
    right = subject(tmp_path, script(f'joblib.load(os.path.join({BASE}, "b", "2", "model.pkl"))'), models=models)
    wrong = subject(tmp_path, script(f'joblib.load(os.path.join({BASE}, "model.pkl"))'), models=models)

    assert told(check_model_files, right) == []
    assert [finding[1] for finding in told(check_model_files, wrong)] == ["model-file-missing"]


@pytest.mark.parametrize(
    ("path", "severity"),
    [
        pytest.param("C:/Users/me/model.pkl", "error", id="windows"),
        pytest.param("/Users/me/model.pkl", "error", id="mac"),
        pytest.param("/home/me/model.pkl", "warning", id="linux"),
    ],
)
def test_a_path_of_one_machine_is_told(tmp_path, path, severity):
    found = told(check_model_files, subject(tmp_path, script(f'model = joblib.load("{path}")')))

    assert [finding[:2] for finding in found] == [(severity, "local-path")]


def test_a_relative_path_that_leads_to_the_model_elsewhere_is_told(tmp_path, model):
    of = subject(tmp_path, script('model = joblib.load("model.pkl")'), models=[Model("credit", "1", model)])
    (finding,) = check_model_files(of)

    assert finding.rule == "file-not-in-app-root"
    assert (
        finding.fix == 'It is part of the model: load os.path.join(os.environ["AZUREML_MODEL_DIR"], "model/model.pkl").'
    )


def test_a_file_above_the_app_root_is_told(tmp_path):
    of = subject(tmp_path, script('json.load(open("labels.json"))'), at="src/score.py", others={"labels.json": "{}"})

    assert [finding[:2] for finding in told(check_model_files, of)] == [("error", "file-not-in-app-root")]


@pytest.mark.parametrize(
    ("code", "rules"),
    [
        pytest.param("code", ["file-not-in-app-root"], id="outside-of-what-is-deployed"),
        pytest.param(".", [], id="deployed-as-well"),
    ],
)
def test_a_path_that_leads_out_of_the_code_is_told(tmp_path, model, code, rules):
    inside = "score.py" if code == "code" else "code/score.py"
    deployment = f"""
    name: blue
    endpoint_name: credit
    code_configuration: {{code: {code}, scoring_script: {inside}}}
    environment: {{image: x}}
    instance_type: Standard_DS3_v2
    instance_count: 1
    """
    of = subject(tmp_path, script('model = joblib.load("../model/model.pkl")'), deployment=deployment)

    assert [rule for _, rule, _ in told(check_model_files, of)] == rules

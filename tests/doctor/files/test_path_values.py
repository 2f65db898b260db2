"""What a path in a script comes to."""

from __future__ import annotations

import ast

import pytest
from amlemu.doctor.assemble import read
from amlemu.doctor.files.path_values import FOLDER, HERE, MODEL_DIR
from amlemu.doctor.files.path_values import read as read_paths

HEAD = "import os\nimport os.path as osp\nfrom os.path import join\nfrom os import environ as env\nfrom pathlib import Path\nfrom azureml.core.model import Model\nNAME = 'model.pkl'\n"


@pytest.fixture
def value(tmp_path):
    """Return a function that gives the value of the last statement's expression, in init()."""

    def of(body, variables=None):
        (tmp_path / "score.py").write_text(
            HEAD + "def init():\n" + "".join(f"    {line}\n" for line in body.splitlines())
        )
        source = read(tmp_path / "score.py")
        function = next(node for node in source.tree.body if isinstance(node, ast.FunctionDef))
        return read_paths(source, variables or {}).value(function.body[-1].value, function)

    return of


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("os.path.join(os.getenv('AZUREML_MODEL_DIR'), 'a', NAME)", f"{MODEL_DIR}/a/model.pkl", id="join"),
        pytest.param("osp.join(env['AZUREML_MODEL_DIR'], NAME)", f"{MODEL_DIR}/model.pkl", id="aliases"),
        pytest.param("join(os.environ.get('AZUREML_MODEL_DIR', '.'), NAME)", f"{MODEL_DIR}/model.pkl", id="default-that-does-not-count"),
        pytest.param("Path(os.environ['AZUREML_MODEL_DIR']) / 'a' / NAME", f"{MODEL_DIR}/a/model.pkl", id="pathlib"),
        pytest.param("Path(os.environ['AZUREML_MODEL_DIR'], 'a').joinpath(NAME).resolve()", f"{MODEL_DIR}/a/model.pkl", id="pathlib-methods"),
        pytest.param("f'{os.environ[\"AZUREML_MODEL_DIR\"]}/{NAME}'", f"{MODEL_DIR}/model.pkl", id="f-string"),
        pytest.param("os.environ['AZUREML_MODEL_DIR'] + '/' + NAME", f"{MODEL_DIR}/model.pkl", id="plus"),
        pytest.param("'{}/{}'.format(os.environ['AZUREML_MODEL_DIR'], NAME)", f"{MODEL_DIR}/model.pkl", id="format"),
        pytest.param("'%s/a' % os.environ['AZUREML_MODEL_DIR']", f"{MODEL_DIR}/a", id="percent"),
        pytest.param("base = os.environ['AZUREML_MODEL_DIR']\npath = join(base, NAME)\nstr(path)", f"{MODEL_DIR}/model.pkl", id="variables"),
        pytest.param("os.getenv('AZUREML_MODEL_DIR') or 'model'", MODEL_DIR, id="or"),
        pytest.param("join(os.path.dirname(os.path.abspath(__file__)), 'a.json')", f"{FOLDER}/a.json", id="beside-the-file"),
        pytest.param("Path(__file__).parent / 'a.json'", f"{FOLDER}/a.json", id="beside-the-file-by-pathlib"),
        pytest.param("join(os.getcwd(), 'a.json')", f"{HERE}/a.json", id="working-folder"),
        pytest.param("Model.get_model_path('credit')", "\0model:credit\0", id="by-name"),
        pytest.param("Model.get_model_path(model_name='credit', version=3)", "\0model:credit\0", id="by-keyword"),
        pytest.param("os.getenv('FILE', 'b.pkl')", "b.pkl", id="another-variable"),
        pytest.param("path = NAME\npath = join(path, 'x')\nstr(path)", None, id="given-twice"),
        pytest.param("for path in names:\n    pass\nstr(path)", None, id="loop"),
        pytest.param("join(os.environ['AZUREML_MODEL_DIR'], find())", None, id="unknown-part"),
        pytest.param("os.listdir(os.environ['AZUREML_MODEL_DIR'])[0]", None, id="listed"),
        pytest.param("a if b else c", None, id="either"),
        pytest.param("path = join(path, 'x')\nstr(path)", None, id="itself"),
    ],
)  # fmt: skip
def test_a_path_is_read_off_the_script(value, body, expected):
    assert value(body) == expected


def test_variables_of_the_deployment_count(value):
    assert value("os.getenv('FILE', 'b.pkl')", {"FILE": "c.pkl"}) == "c.pkl"
    assert value("os.environ['AZUREML_MODEL_DIR']", {"AZUREML_MODEL_DIR": "/elsewhere"}) is None


def test_a_global_that_init_sets_is_known_to_others(tmp_path):
    (tmp_path / "score.py").write_text(
        "def init():\n    global path\n    path = 'a.pkl'\ndef run(data):\n    open(path)\n"
    )
    source = read(tmp_path / "score.py")
    run = source.tree.body[1]

    assert read_paths(source, {}).value(run.body[0].value.args[0], run) == "a.pkl"


def test_names_that_go_in_circles_end(value):
    """Each of them is given twice, by the others: there is no value, and no endless search."""
    lines = [f"a{n} = join(a{(n + 1) % 30}, a{(n + 7) % 30})\na{n} = f(a{(n + 3) % 30})" for n in range(30)]

    assert value("\n".join([*lines, "str(a0)"])) is None

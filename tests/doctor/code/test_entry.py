"""What the server will find in a script."""

from __future__ import annotations

import pytest
from amlemu.doctor.code.entry import UNKNOWN, Function, NotCallable, read_entry

INIT = "def init(): ...\n"


def kind_of(found):
    return {Function: "function", NotCallable: "value"}.get(type(found), found)


@pytest.mark.parametrize(
    ("script", "run"),
    [
        pytest.param("def run(data): ...", "function", id="def"),
        pytest.param("if x:\n    def run(data): ...\nelse:\n    def run(d): ...", "function", id="def-in-an-if"),
        pytest.param("try:\n    import a\nexcept ImportError:\n    pass\nelse:\n    def run(data): ...", "function", id="def-in-a-try"),
        pytest.param("run = lambda data: data", "function", id="lambda"),
        pytest.param("def predict(data): ...\nrun = predict", "function", id="another-name"),
        pytest.param("run = Model()", UNKNOWN, id="an-object"),
        pytest.param("from elsewhere import run", UNKNOWN, id="import-from-somewhere"),
        pytest.param("from elsewhere import *", UNKNOWN, id="star-import"),
        pytest.param("globals()['run'] = print", UNKNOWN, id="globals"),
        pytest.param("def __getattr__(name): ...", UNKNOWN, id="module-getattr"),
        pytest.param("def build():\n    global run\n    run = print\nbuild()", UNKNOWN, id="global-of-a-function"),
        pytest.param("run = 5", "value", id="a-number"),
        pytest.param("class A:\n    def run(self, data): ...", None, id="method"),
        pytest.param('if __name__ == "__main__":\n    def run(data): ...', None, id="main-guard"),
        pytest.param("def Run(data): ...", None, id="misspelt"),
    ],
)  # fmt: skip
def test_run_is_found_wherever_it_is_bound(subject_of, script, run):
    assert kind_of(read_entry(subject_of(INIT + script)).run) == run


def test_a_function_of_a_sibling_is_found_there(subject_of):
    subject = subject_of(
        "from core.main import init, predict as run\n", {"core.main": "def init(): ...\ndef predict(data): ..."}
    )

    entry = read_entry(subject)

    assert (entry.run.source.module, entry.run.node.name) == ("core.main", "predict")


def test_the_run_behind_a_driver_counts(subject_of):
    """As in the server, which calls driver_module.run()."""
    subject = subject_of(
        "import real as driver_module\ndef init(): ...\ndef run(data): ...", {"real": "\n\ndef run(data): ..."}
    )

    assert read_entry(subject).run.node.lineno == 1


def test_a_driver_module_that_cannot_be_seen_hides_run(subject_of):
    assert read_entry(subject_of("driver_module = load()\ndef init(): ...\ndef run(data): ...")).run == UNKNOWN


@pytest.mark.parametrize(
    ("script", "style"),
    [
        pytest.param("def run(data): ...", "text", id="plain"),
        pytest.param("@input_schema('data', t)\ndef run(data): ...", "schema", id="schema"),
        pytest.param("import inference_schema.schema_decorators as s\n@s.output_schema(t)\ndef run(data): ...", "schema", id="schema-by-module"),
        pytest.param("from azureml.contrib.services.aml_request import rawhttp\n@rawhttp\ndef run(r): ...", "raw", id="raw"),
        pytest.param("from azureml.contrib.services.aml_request import rawhttp as raw\n@raw\ndef other(): ...\ndef run(r): ...", "raw", id="raw-on-another-function"),
        pytest.param("@retry(times=3)\ndef run(data): ...", "unknown", id="unknown-decorator"),
        pytest.param("import torch\n@torch.no_grad()\ndef run(data): ...", "text", id="harmless-decorator"),
    ],
)  # fmt: skip
def test_the_style_of_run_is_known(subject_of, script, style):
    assert read_entry(subject_of(INIT + script)).style == style


def test_a_script_that_does_not_parse_has_no_entry(subject_of):
    assert read_entry(subject_of("def run(")) is None

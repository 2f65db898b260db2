"""Whether the server finds init() and run(), and can call them."""

from __future__ import annotations

import pytest
from amlemu.doctor.code.functions import check_functions, check_signatures

INIT = "def init(): ...\n"


@pytest.mark.parametrize(
    ("script", "found"),
    [
        pytest.param("def run(data): ...", [("no-init", 0)], id="no-init"),
        pytest.param(INIT, [("no-run", 0)], id="no-run"),
        pytest.param("x = 1\ndef Init(): ...\ndef run(data): ...", [("no-init", 2)], id="capital-letter"),
        pytest.param(INIT + "def predict(data): ...", [("no-run", 2)], id="another-usual-name"),
        pytest.param("class Scorer:\n    def init(self): ...\n    def run(self, data): ...", [("no-init", 2), ("no-run", 3)], id="in-a-class"),
        pytest.param(INIT + 'if __name__ == "__main__":\n    def run(data): ...', [("no-run", 3)], id="below-the-main-guard"),
        pytest.param("", [("empty-script", 0)], id="empty"),
        pytest.param(INIT + "run = 5", [("run-not-callable", 2)], id="run-is-a-number"),
        pytest.param("from elsewhere import *", [], id="cannot-be-known"),
        pytest.param(INIT + "run = Model()", [], id="callable-object"),
    ],
)  # fmt: skip
def test_missing_functions_are_told(told, script, found):
    assert told(check_functions, script) == found


def test_the_cause_names_what_is_there_instead(subject_of):
    [finding] = check_functions(subject_of(INIT + "def score(data): ..."))

    assert "(it has score(); is that meant to be run()?)" in finding.cause
    assert finding.cloud.today == "ResourceNotReady, UserScriptFunctionNotFound"


@pytest.mark.parametrize(
    ("script", "found"),
    [
        pytest.param("def init(model): ...", [("init-parameters", 1)], id="init-wants-a-parameter"),
        pytest.param("def init(model=None, *args): ...", [], id="init-with-defaults"),
        pytest.param("async def init():\n    load()", [("async-init", 1)], id="async-init"),
        pytest.param("def init():\n    yield load()", [("generator-init", 1)], id="generator-init"),
    ],
)
def test_faults_of_init_are_told(told, script, found):
    assert told(check_signatures, script + "\ndef run(data): ...") == found


def test_an_async_init_that_does_nothing_harms_nobody(subject_of):
    [finding] = check_signatures(subject_of("async def init(): pass\ndef run(data): ..."))

    assert (finding.severity, finding.cloud) == ("warning", None)


SCHEMA = "from inference_schema.schema_decorators import input_schema\n@input_schema('data', t)\n"


@pytest.mark.parametrize(
    ("script", "found"),
    [
        pytest.param("async def run(data): ...", [("async-run", 2)], id="async"),
        pytest.param("def run(data):\n    for x in data:\n        yield x", [("generator-run", 4)], id="generator"),
        pytest.param("def run(*args): ...", [("run-star-arguments", 2)], id="args"),
        pytest.param("def run(data, **kwargs): ...", [("run-star-arguments", 2)], id="kwargs"),
        pytest.param("def run(data, /): ...", [("run-positional-only", 2)], id="positional-only"),
        pytest.param("def run(): ...", [("run-without-parameter", 2)], id="no-parameter"),
        pytest.param("def run(request_headers): ...", [("run-only-request-headers", 2)], id="only-request-headers"),
        pytest.param("def run(data, context): ...", [("run-extra-parameter", 2)], id="second-parameter"),
        pytest.param("def run(data, *, context): ...", [("run-extra-parameter", 2)], id="second-parameter-by-keyword"),
        pytest.param("def run(self, data): ...", [("run-extra-parameter", 2)], id="self"),
        pytest.param("run = lambda data, context: data", [("run-extra-parameter", 2)], id="lambda"),
        pytest.param(SCHEMA + "def run(data, **more): ...", [("run-star-arguments", 4)], id="kwargs-below-a-schema"),
        pytest.param(SCHEMA + "def run(data, more): ...", [], id="second-parameter-below-a-schema"),
        pytest.param("def run(data, request_headers): ...", [], id="request-headers-as-well"),
        pytest.param("def run(*, data, more=1): ...", [], id="keyword-only-and-a-default"),
        pytest.param("@wrap\ndef run(*args): ...", [], id="unknown-decorator"),
    ],
)
def test_faults_of_run_are_told(told, script, found):
    assert told(check_signatures, INIT + script) == found


def test_a_call_that_fails_says_how_the_cloud_answers(subject_of):
    [finding] = check_signatures(subject_of(INIT + "async def run(data): ...", kind="kubernetes"))

    assert finding.cause.startswith("run() is declared `async def`: the server does not await it")
    assert finding.cloud.today == "502"


@pytest.mark.parametrize(
    ("made", "found"),
    [
        pytest.param("partial(score, cutoff=1)", [("run-extra-parameter", 3)], id="what-comes-behind-must-be-named"),
        pytest.param("partial(score, 1, 2, 3)", [("run-without-parameter", 3)], id="nothing-is-left"),
        pytest.param("partial(score, cutoff=1, limit=2)", [], id="one-is-left"),
        pytest.param("partial(score, 1, 2)", [], id="the-last-is-left"),
        pytest.param("partial(unknown, 1)", [], id="of-a-function-that-is-not-seen"),
    ],
)
def test_a_partial_has_the_parameters_that_are_left(told, made, found):
    """Observed, azureml-inference-server-http 1.5.1."""
    script = f"from functools import partial\ndef init(): ...\ndef score(data, cutoff, limit): ...\nrun = {made}"

    assert told(check_signatures, script) == found

"""What a script's run() is given, told from its text."""

from __future__ import annotations

from pathlib import Path

import pytest
from amlemu_harness.parity.cases.kinds import kind_of

SCRIPTS = Path(__file__).parents[3] / "scripts"
IMPORTS = "from inference_schema.schema_decorators import input_schema, output_schema\n"
RAW = "from azureml.contrib.services.aml_request import rawhttp\n"
RUN = "def run(data): ...\n"


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ("echo.py", "plain"),
        ("two_parameters_default.py", "plain"),
        ("driver.py", "plain"),
        ("decorated.py", "schema"),
        ("decorated_output_only.py", "schema"),
        ("rawhttp.py", "raw"),
        ("rawhttp_native_import.py", "raw"),
        ("rawhttp_on_another_function.py", "raw"),
    ],
)
def test_the_zoo_is_known(script, kind):
    assert kind_of((SCRIPTS / script).read_text(encoding="utf-8")) == kind


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f'import inference_schema.schema_decorators as d\n@d.input_schema("data", 1)\n{RUN}', id="module"),
        pytest.param(
            f'from inference_schema.schema_decorators import input_schema as i\n@i("data", 1)\n{RUN}', id="renamed"
        ),
        pytest.param(f'from inference_schema.schema_decorators import *\n@input_schema("data", 1)\n{RUN}', id="star"),
        pytest.param(f'{IMPORTS}schema = input_schema("data", 1)\n@schema\n{RUN}', id="made-before"),
        pytest.param(f'{IMPORTS}i = input_schema\n@i("data", 1)\n{RUN}', id="another-name"),
        pytest.param(f'{IMPORTS}{RUN}run = input_schema("data", 1)(run)\n', id="called"),
        pytest.param(f'{IMPORTS}@input_schema("data", 1)\ndef score(data): ...\nrun = score\n', id="another-function"),
        pytest.param(
            f'{IMPORTS}class Model:\n    @input_schema("data", 1)\n    def go(self, data): ...\nrun = Model().go\n',
            id="method",
        ),
        pytest.param(
            f'{IMPORTS}try:\n    @input_schema("data", 1)\n    {RUN.strip()}\nfinally: ...\n', id="in-a-block"
        ),
        pytest.param(f'{IMPORTS}@timed\n@input_schema("data", 1)\n@output_schema(1)\nasync {RUN}', id="among-others"),
        pytest.param(f'\ufeff{IMPORTS}@input_schema("data", 1)\n{RUN}', id="BOM"),
    ],
)
def test_parameters_however_they_are_declared(text):
    assert kind_of(text) == "schema"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"import azureml.contrib.services.aml_request\n@azureml.contrib.services.aml_request.rawhttp\n{RUN}", id="dotted"),
        pytest.param(f"from azureml.contrib.services.aml_request import rawhttp as raw\n@raw\n{RUN}", id="renamed"),
        pytest.param(f"{RAW}{RUN}run = rawhttp(run)\n", id="called"),
        pytest.param(f"{RAW}class Model:\n    @rawhttp\n    def go(self, request): ...\n{RUN}", id="on-a-method"),
        pytest.param(
            f"try:\n    from a import rawhttp\nexcept ImportError:\n    {RAW}\n@rawhttp\n{RUN}", id="imported-in-a-block"
        ),
    ],
)  # fmt: skip
def test_raw_requests_however_they_are_asked_for(text):
    assert kind_of(text) == "raw"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"{RAW}{RUN}", id="imported-only"),
        pytest.param(f"{RAW}raw = rawhttp\n{RUN}", id="named-only"),
        pytest.param(f"from mine import timed as rawhttp\n@rawhttp\n{RUN}", id="another-one-of-that-name"),
        pytest.param(f'{IMPORTS}@input_schema("data", 1)\ndef other(data): ...\n{RUN}', id="another-function"),
        pytest.param(f'{IMPORTS}@input_schema("data", 1)\n{RUN}{RUN}', id="defined-again"),
        pytest.param(
            f'{IMPORTS}{RUN}class Model:\n    @input_schema("data", 1)\n    def run(self, data): ...\n',
            id="a-method-called-run",
        ),
        pytest.param(
            f'{IMPORTS}def make():\n    @input_schema("data", 1)\n    {RUN.strip()}\n{RUN}', id="in-a-function"
        ),
        pytest.param("from elsewhere import run\n", id="from-elsewhere"),
        pytest.param("def run(data:\n", id="no-python"),
        pytest.param("\0", id="no-text"),
        pytest.param("(" * 10_000, id="too-deep"),
        pytest.param("", id="empty"),
    ],
)
def test_all_else_is_plain(text):
    """A script that cannot be parsed, too: what its server says at the start is compared anyway."""
    assert kind_of(text) == "plain"

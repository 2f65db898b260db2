"""The OpenAPI documents: three versions, sizes and keys of the real ones, and the user's own files."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from amlemu.scoring import swagger
from amlemu.scoring.config import ServerConfig
from amlemu.scoring.swagger import NoSuchVersion


def run(data): ...


def prepared(folder, function=run, **settings):
    return swagger.prepare(function, str(folder), ServerConfig(**settings))


@pytest.mark.parametrize(
    ("version", "key", "number", "size"),
    [
        ("2", "swagger", "2.0", 2198),
        ("2.0", "swagger", "2.0", 2198),
        ("3", "openapi", "3.0.3", 2359),
        ("3.0", "openapi", "3.0.3", 2359),
        ("3.1", "openapi", "3.1.0", 2359),
    ],
)
def test_versions_and_sizes_are_the_real_ones(tmp_path, version, key, number, size):
    """Contract 4.10."""
    document = prepared(tmp_path).document(version)

    assert document[key] == number
    assert len(json.dumps(document)) == size


@pytest.mark.parametrize("version", ["", "4", "1", "2.00", " 2", "3.2"])
def test_another_version_is_not_valid(tmp_path, version):
    with pytest.raises(NoSuchVersion) as caught:
        prepared(tmp_path).document(version)

    assert str(caught.value) == f"Swagger version [{version}] is not valid. Supported versions: [2, 3, 3.1]."


@pytest.mark.parametrize("prefix", ["api/v1", "/api/v1", "/api/v1/"])
def test_name_version_and_prefix_are_in_the_document(tmp_path, prefix):
    documents = prepared(tmp_path, service_name="mine", service_version="7", service_path_prefix=prefix)

    for version in ("2", "3"):
        document = documents.document(version)
        assert document["info"] == {
            "title": "mine",
            "description": "API specification for the Azure Machine Learning service mine",
            "version": "7",
        }
        assert list(document["paths"]) == ["/api/v1/", "/api/v1/score", "/api/v1/swagger.json"]


def test_a_quote_in_a_setting_stops_the_start(tmp_path):
    """The real server pastes it into JSON text (observed)."""
    with pytest.raises(ValueError):  # noqa: PT011  # the words are json's
        prepared(tmp_path, service_name='a "quoted" name')


@pytest.mark.parametrize(
    ("file", "replaced"),
    [("swagger.json", ["2"]), ("swagger2.json", ["2"]), ("swagger3.json", ["3"]), ("swagger3.1.json", ["3.1"])],
)
def test_a_file_of_the_users_replaces_the_generated_one(tmp_path, file, replaced):
    (tmp_path / file).write_text('{"mine": true}')
    documents = prepared(tmp_path)

    assert [version for version in ("2", "3", "3.1") if documents.document(version) == {"mine": True}] == replaced


def test_an_empty_document_of_the_users_counts_as_none(tmp_path):
    (tmp_path / "swagger.json").write_text("{}")

    assert prepared(tmp_path).document("2")["swagger"] == "2.0"


def test_a_file_that_is_no_json_stops_the_start_and_is_named(tmp_path):
    (tmp_path / "swagger3.json").write_text("{")

    with pytest.raises(ValueError, match=f"^{tmp_path}/swagger3.json is not JSON: "):
        prepared(tmp_path)


def test_a_decorated_run_gives_its_schema_and_drops_what_cannot_be_said(tmp_path):
    """In a process of its own: inference-schema keeps what it knows for all scripts of a process."""
    program = f"""
import json
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType as Plain
from inference_schema.schema_decorators import input_schema
from amlemu.scoring import swagger
from amlemu.scoring.config import ServerConfig

@input_schema("data", Plain([1, "two"]))
def run(data): ...

documents = swagger.prepare(run, {str(tmp_path)!r}, ServerConfig())
try:
    documents.document("2")
except swagger.NoSuchVersion as error:
    print(error)
print(json.dumps(documents.document("3")["components"]["schemas"]["ServiceInput"]))
"""
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    refusal, schema = told.stdout.splitlines()

    assert (
        refusal == "Swagger version [2] is not supported for the scoring script. Supported swagger versions: [3, 3.1]."
    )
    assert json.loads(schema)["example"] == {"data": [1, "two"]}


def test_what_is_prepared_is_logged(server):
    """Contract 4.12, literally."""
    server.boot("def init(): ...\ndef run(data): ...")

    assert server.texts("azmlinfsrv.swagger") == ["Swaggers are prepared for the following versions: [2, 3, 3.1]."]

"""Files of the app root that the server takes for its own."""

from __future__ import annotations

import pytest
from amlemu.doctor.files.server_files import check_server_files

from ..subjects import subject, told


@pytest.mark.parametrize(
    ("name", "text", "cause"),
    [
        pytest.param("config.json", "[1]", "the server reads config.json of the app root as its own settings, and stops at it: it is no JSON object", id="settings-are-a-list"),
        pytest.param("config.json", '{"SCORING_TIMEOUT_MS": "soon"}', "the server reads config.json of the app root as its own settings, and stops at it: SCORING_TIMEOUT_MS='soon': input should be a valid integer, unable to parse string as an integer", id="setting-of-the-wrong-kind"),
        pytest.param("logging.json", "{", "the server reads logging.json as its logging set-up, and stops at it: line 1: Expecting property name enclosed in double quotes", id="logging-is-no-json"),
        pytest.param("logging.json", "{}", 'the server reads logging.json as its logging set-up, and stops at it: it does not say "version": 1, as logging.config wants it', id="logging-without-version"),
        pytest.param("swagger3.json", "openapi: 3", "the server reads swagger3.json of the app root as the OpenAPI document, and stops at it: line 1: Expecting value", id="document-is-yaml"),
    ],
)  # fmt: skip
def test_a_file_that_stops_the_server_is_told(tmp_path, name, text, cause):
    assert [each[2] for each in told(check_server_files, subject(tmp_path, others={name: text}))] == [cause]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("config.json", '{"hidden_size": 768}', id="a-model-s-own"),
        pytest.param("config.json", "", id="empty"),
        pytest.param("logging.json", '{"version": 1}', id="logging"),
        pytest.param("swagger.json", '{"swagger": "2.0"}', id="document"),
        pytest.param("model/config.json", "[1]", id="not-in-the-app-root"),
        pytest.param("data.json", "[1", id="another-name"),
    ],
)
def test_other_files_are_left_alone(tmp_path, name, text):
    assert told(check_server_files, subject(tmp_path, others={name: text})) == []


def test_a_broken_settings_file_is_told_with_its_line(tmp_path):
    (finding,) = check_server_files(subject(tmp_path, others={"config.json": '{\n"a": 1,\n}'}))

    assert finding.severity == "error"
    assert finding.place.file.name == "config.json"
    assert "line 3" in finding.cause

"""What the client of Application Insights says at the start; literals from the real server."""

from __future__ import annotations

import logging

import pytest
from amlemu.scoring import insights


@pytest.fixture
def said(caplog):
    """Start it with the folder of the test's model, and return what it said after its first line."""

    def said(model_dir):
        caplog.set_level(logging.INFO, "azmlinfsrv")
        insights.start(model_dir)
        assert caplog.record_tuples[0] == ("azmlinfsrv", logging.INFO, "Starting up app insights client")
        return caplog.record_tuples[1:], caplog.text

    return said


@pytest.mark.parametrize("model_dir", ["", "/nowhere"])
def test_a_missing_model_folder_is_warned_of(said, model_dir):
    text = f"Model directory is not set or does not exist: {model_dir}"

    assert said(model_dir)[0] == [("azmlinfsrv.trace", logging.WARNING, text)]


@pytest.mark.parametrize("name", ["model/3/model.pkl", "3/model.pkl", "model/3/4/5"])
def test_a_folder_of_a_version_or_of_models_is_fine(said, tmp_path, name):
    """AZUREML_MODEL_DIR of one model, and of several: both end in numbers."""
    (tmp_path / name).mkdir(parents=True)

    assert said(str(tmp_path / "3") if name[0] == "3" else str(tmp_path))[0] == []


@pytest.mark.parametrize(
    ("files", "error"),
    [
        pytest.param(["model.pkl"], "NotADirectoryError: [Errno 20] Not a directory: ", id="files-at-once"),
        pytest.param(["model/a.txt"], "ValueError: invalid literal for int() with base 10: 'a.txt'", id="no-version"),
    ],
)
def test_any_other_folder_is_an_error_in_the_log(said, tmp_path, files, error):
    """As `--model-dir folder` with the model's files in it."""
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")

    records, text = said(str(tmp_path))
    assert records == [("azmlinfsrv.trace", logging.ERROR, "Error while fetching model IDs")]
    assert f"\n{error}" in text

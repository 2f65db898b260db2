"""What the storage initializer tells: what stands where, and how large it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from amlemu.deployment import Deployment
from amlemu.layout import lay_out
from amlemu.local_endpoints import mounted
from amlemu.models import Model


@pytest.fixture
def project(tmp_path):
    """Code of 10 bytes, and a model of 12345."""
    code = tmp_path / "code"
    code.mkdir()
    (code / "score.py").write_bytes(b"x" * 10)
    (tmp_path / "model.pkl").write_bytes(b"x" * 12345)
    return Deployment(
        code / "score.py", Path("/env/bin/python"), code, models=(Model("m", "1", tmp_path / "model.pkl"),)
    )


def without_stamps(lines):
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ", line) for line in lines)
    return [line.partition(" ")[2] for line in lines]


def test_each_place_is_told_with_its_source_and_size(project, tmp_path):
    """Contract 3.1: the tree below /var/azureml-app."""
    lines = mounted.lines_of(lay_out(project, "var"), project)

    assert without_stamps(lines) == [
        f"code /var/azureml-app/code -> {tmp_path}/code (1 file, 10 bytes)",
        f"model /var/azureml-app/azureml-models/m/1/model.pkl -> {tmp_path}/model.pkl (12.3 kB)",
        "AZUREML_MODEL_DIR=/var/azureml-app/azureml-models/m/1",
        "AML_APP_ROOT=/var/azureml-app/code",
    ]


def test_without_a_tree_it_says_so(project):
    """The script stays where it is, and nothing is linked."""
    lines = mounted.lines_of(lay_out(project, "none"), project)

    assert without_stamps(lines)[0] == f"code {project.code}, as it lies on this machine (1 file, 10 bytes)"


def test_where_the_paths_are_not_the_clouds_it_says_why(project, tmp_path):
    lines = mounted.lines_of(lay_out(project, "links", str(tmp_path / "base"), "no rights here"), project)

    assert f"the paths are links below {tmp_path}/base, not the cloud's: no rights here" in without_stamps(lines)


def test_no_model_is_told_too(project):
    bare = Deployment(project.script, project.python, project.code)

    assert "no model, so no AZUREML_MODEL_DIR" in without_stamps(mounted.lines_of(lay_out(bare, "var"), bare))
    assert mounted.summary(bare) == "no model"


def test_the_step_names_models_with_version_and_size(project):
    assert mounted.summary(project) == "m:1 (12.3 kB)"


def test_what_is_ours_or_gits_does_not_count(tmp_path):
    """Neither does what Python has compiled."""
    for name in ("a.py", ".amlemu/5001/x", ".git/y", "sub/__pycache__/z", "sub/b.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x" * 500)

    assert mounted.size_of(tmp_path) == "2 files, 1.0 kB"


def test_a_link_that_leads_nowhere_stops_nobody(tmp_path):
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")

    assert mounted.size_of(tmp_path) == "0 files, 0 bytes"


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"), (824, "824 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (12_100, "12.1 kB"), (1_500_000, "1.5 MB"),
        (2 * 10**9, "2.0 GB"), (3 * 10**15, "3000.0 TB"),
    ],
)  # fmt: skip
def test_sizes_are_written_as_people_read_them(count, text):
    assert mounted.bytes_as_text(count) == text

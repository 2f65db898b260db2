"""What people call a sample request."""

from __future__ import annotations

from amlemu.azure.sample_requests import sample_requests


def test_they_are_known_by_how_their_names_begin(tmp_path):
    """In any case and with any ending; folders are none."""
    for name in ("sample-request.json", "Sample_Input.csv", "samplerequest", "request-2.png", "score.py", "my-request"):
        (tmp_path / name).write_text("{}")
    (tmp_path / "requests").mkdir()

    found = [path.name for path in sample_requests(tmp_path)]

    assert found == ["Sample_Input.csv", "request-2.png", "sample-request.json", "samplerequest"]


def test_a_folder_that_is_not_there_has_none(tmp_path):
    assert sample_requests(tmp_path / "gone") == []

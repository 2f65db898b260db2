"""Files that hold requests, read as bytes and as text."""

from __future__ import annotations

import pytest
from amlemu.errors import UsageError
from amlemu_harness.parity.cases.files import content_of, place, text_of


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"\xef\xbb\xbfa", "a"),
        ("é".encode("utf-16"), "é"),  # PowerShell: ... > requests.txt
        (b"\xff\xfe\x00", None),
        (b"\x89PNG\0", None),
        (b"a\0b", None),
        (b"\xe9", None),
        (b"", ""),
    ],
)
def test_a_text_is_told_from_bytes(content, text):
    assert text_of(content) == text


@pytest.mark.parametrize("name", ["gone.json", "folder", "a\0b"])
def test_what_is_no_file_says_so(tmp_path, name):
    (tmp_path / "folder").mkdir()

    with pytest.raises(UsageError):
        content_of(tmp_path / name)


def test_a_place_is_as_a_person_finds_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert place(tmp_path / "a.json", 3) == "a.json:3"
    assert place(tmp_path / "a.json") == "a.json"

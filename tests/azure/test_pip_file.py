"""A requirements file, with what it names, as pip reads it."""

from __future__ import annotations

import pytest
from amlemu.azure import pip_file
from amlemu.azure.marked import Unreadable


@pytest.fixture
def read(write, tmp_path):
    def read(text):
        write("requirements.txt", text)
        return pip_file.read(tmp_path / "requirements.txt")

    return read


def causes(asked):
    return [(finding.place.line, finding.cause) for finding in asked.findings]


def test_each_requirement_has_its_line(read, tmp_path):
    asked = read("# ours\nnumpy==1.2\n\n--extra-index-url https://x.example/simple\npandas  # for frames\n")

    assert [(entry.key, entry.place.line, entry.text) for entry in asked.entries] == [
        ("numpy", 2, "numpy==1.2"),
        ("pandas", 5, "pandas"),
    ]
    assert asked.pip_options == ("--extra-index-url https://x.example/simple",)
    assert asked.findings == ()
    assert asked.python is None


def test_a_line_goes_on_after_a_backslash(read):
    """As pip-compile writes it: a requirement with its hashes is one requirement, of the line where it begins."""
    asked = read("# made by pip-compile\nnumpy==1.2 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\npandas\n")

    assert [(entry.key, entry.place.line) for entry in asked.entries] == [("numpy", 2), ("pandas", 5)]
    assert asked.findings == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_heeded(tmp_path, encoding):
    """PowerShell's `pip freeze > requirements.txt` makes UTF-16, which pip reads."""
    (tmp_path / "requirements.txt").write_text("numpy==1.2\r\npandas\r\n", encoding=encoding)

    asked = pip_file.read(tmp_path / "requirements.txt")

    assert [entry.key for entry in asked.entries] == ["numpy", "pandas"]


def test_other_files_are_followed_from_where_they_are_named(read, write, tmp_path):
    write("base/common.txt", "-r more.txt\nnumpy\n")
    write("base/more.txt", "--pre\nscipy\n")

    asked = read("-r base/common.txt\npandas\n")

    assert [(entry.key, entry.place.file.name) for entry in asked.entries] == [
        ("scipy", "more.txt"),
        ("numpy", "common.txt"),
        ("pandas", "requirements.txt"),
    ]
    assert asked.pip_options == ("-r base/common.txt",)
    assert asked.findings == ()


@pytest.mark.parametrize("option", ["-r", "-c"])
def test_a_file_that_is_not_there(read, option):
    assert causes(read(f"numpy\n{option} gone.txt\n")) == [(2, f"{option} names gone.txt, and there is no such file")]


def test_a_file_that_names_itself_is_not_followed_for_ever(read, write):
    write("other.txt", "-r requirements.txt\n")

    assert causes(read("-r other.txt\nnumpy\n")) == [(1, "-r requirements.txt leads back to itself")]


def test_two_versions_of_one_package_exclude_each_other(read, tmp_path):
    assert causes(read("numpy==1.2\npandas\nNumPy==1.3\n")) == [
        (3, "pip is to install numpy 1.3 here and 1.2 in line 1, which cannot be")
    ]


def test_two_versions_for_two_pythons_do_not(read):
    assert read('numpy==1.2; python_version<"3.9"\nnumpy==1.3; python_version>="3.9"\n').findings == ()
    assert read("numpy==1.2\nnumpy==1.2.0\n").findings == ()


def test_a_file_that_is_not_there_at_all(tmp_path):
    with pytest.raises(Unreadable, match="no such file"):
        pip_file.read(tmp_path / "requirements.txt")


@pytest.mark.parametrize(("name", "is_one"), [("requirements.txt", True), ("deps.in", True), ("conda.yaml", False)])
def test_by_its_name(tmp_path, name, is_one):
    assert pip_file.is_one(tmp_path / name) is is_one

"""The launch file on the disk: read as bytes, replaced as a whole or not at all."""

from __future__ import annotations

import json
import os
import stat

import pytest
from amlemu.errors import UsageError
from amlemu.vscode.launch_file import LaunchFile, as_bytes

A = {"name": "a", "port": 1}


@pytest.fixture
def file(tmp_path):
    return LaunchFile(tmp_path)


def put(file, data):
    file.path.parent.mkdir(exist_ok=True)
    file.path.write_bytes(data)


def refusal_of(call):
    with pytest.raises(UsageError) as caught:
        call()
    return str(caught.value)


def test_the_file_and_its_folder_are_made(file, tmp_path):
    file.write(file.merged([A]))

    assert json.loads(file.path.read_bytes()) == {"version": "0.2.0", "configurations": [A]}
    assert os.listdir(tmp_path / ".vscode") == ["launch.json"]


def test_a_new_file_is_as_others_of_this_user(file):
    """Not for its owner alone: it is committed, and read by whatever runs the editor."""
    (file.path.parent.parent / "other").touch()
    file.write(file.merged([A]))

    assert file.path.stat().st_mode == (file.path.parent.parent / "other").stat().st_mode


def test_bytes_that_are_there_stay(file):
    """Mark of byte order, line ends, letters of any kind."""
    put(file, b'\xef\xbb\xbf{\r\n  // \xe5\x90\x8d\r\n  "configurations": []\r\n}')
    file.write(file.merged([A]))

    expected = '\ufeff{\r\n  // 名\r\n  "configurations": [\r\n    {\r\n      "name": "a",\r\n      "port": 1\r\n    }\r\n  ]\r\n}'
    assert file.path.read_bytes() == expected.encode()


def test_the_mode_stays(file):
    put(file, b"{}")
    file.path.chmod(0o640)
    file.write(file.merged([A]))

    assert stat.S_IMODE(file.path.stat().st_mode) == 0o640


def test_a_link_stays_a_link(file, tmp_path):
    """To a file of somebody's dotfiles; also when that is not there yet."""
    file.path.parent.mkdir()
    file.path.symlink_to("../dotfiles/launch.json")
    file.write(file.merged([A]))

    assert file.path.is_symlink()
    assert json.loads((tmp_path / "dotfiles" / "launch.json").read_bytes())["configurations"] == [A]


def test_what_is_right_already_is_not_written(file):
    put(file, b'{"configurations": [{"name": "a"}]}')
    before = file.path.stat()
    file.write(file.merged([A]))

    assert (file.path.stat().st_ino, file.path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_script_of_any_name_can_be_written(file):
    """What is no UTF-8 in it is escaped as JSON does; letters stay letters."""
    merged = file.merged([{"name": "a", "args": [os.fsdecode(b"\xff"), "ü"]}])
    data = as_bytes(merged)

    assert b'"\\udcff"' in data
    assert '"ü"'.encode() in data
    assert json.loads(data)["configurations"][0]["args"] == ["\udcff", "ü"]


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        pytest.param(
            b'{\n  "configurations": [}\n}',
            ":2:22: '}' is not right here. Expected a value. Mend it there; nothing has been written.",
            id="no-jsonc",
        ),
        pytest.param(
            b'{"configurations": 7}',
            ":1:20: no list of configurations. Expected an array, [...]. Mend it there; nothing has been written.",
            id="no-array",
        ),
        pytest.param(
            '{"ü": 1}'.encode("utf-16-le"),
            ": byte 4 is no UTF-8. Save it as UTF-8. Mend it there; nothing has been written.",
            id="utf-16",
        ),
    ],
)
def test_what_is_no_launch_file_is_refused(file, data, refusal):
    """With its place, what was expected, and what to do."""
    put(file, data)

    assert refusal_of(lambda: file.merged([A])) == f"{file.path}{refusal}"
    assert file.path.read_bytes() == data


def test_a_folder_in_its_place_is_refused(file):
    file.path.mkdir(parents=True)

    assert refusal_of(lambda: file.merged([A])) == f"{file.path}: cannot be read: Is a directory"


def test_what_cannot_be_written_is_shown_another_way(file, tmp_path):
    """Here a file stands where the folder belongs."""
    (tmp_path / ".vscode").touch()

    assert refusal_of(lambda: file.write(file.merged([A]))) == (
        f"{file.path}: cannot be written: File exists."
        " Name another folder with --folder, or paste what amlemu vscode --print shows."
    )


def test_a_write_that_fails_leaves_all_as_it_was(file, tmp_path):
    """The link leads to a folder: the draft is written, and cannot take its place."""
    (tmp_path / "taken").mkdir()
    merged = file.merged([A])
    file.path.parent.mkdir()
    file.path.symlink_to(tmp_path / "taken")

    assert "cannot be written: Is a directory." in refusal_of(lambda: file.write(merged))
    assert sorted(os.listdir(tmp_path)) == [".vscode", "taken"]

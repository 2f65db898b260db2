"""May the user of an image read what is mounted? By the bits of files and the image's own lists of users."""

from __future__ import annotations

import os

import pytest
from amlemu.errors import UsageError
from amlemu_harness import readable
from amlemu_harness.readable import User, find_user

PASSWD = "root:x:0:0:root:/root:/bin/bash\ndockeruser:x:1001:1002::/home/dockeruser:/bin/sh\n"
GROUP = "root:x:0:\nvideo:x:44:other,dockeruser\nstaff:x:50:other\ndockeruser:x:1002:\n"
USER = User("dockeruser", 1001, frozenset({1002, 44}))


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("dockeruser", USER),
        ("1001", USER),
        ("1001:50", User("dockeruser", 1001, frozenset({50}))),
        ("dockeruser:staff", User("dockeruser", 1001, frozenset({50}))),
        ("4711", User("4711", 4711, frozenset({0}))),
        ("nobody-knows", None),
    ],
)
def test_a_user_is_found_in_the_images_own_lists(word, expected):
    """By name or number; one that is not in there has its number and the group 0, as the engine gives it."""
    assert find_user(word, PASSWD, GROUP) == expected


def test_lists_that_are_broken_name_nobody():
    assert find_user("dockeruser", "dockeruser\n\n:::\n", "x") is None


@pytest.mark.parametrize(
    ("mode", "folder_mode", "may"),
    [(0o644, 0o755, True), (0o600, 0o755, False), (0o640, 0o755, False), (0o604, 0o755, True)],
)
def test_the_bits_for_others_count(tmp_path, mode, folder_mode, may):
    """The owner is somebody else here, and so is the group."""
    file = tmp_path / "model.pkl"
    file.write_text("x")
    file.chmod(mode)
    stranger = User("stranger", os.getuid() + 4711, frozenset({os.getgid() + 4711}))

    assert stranger.may_read(str(file)) is may
    assert User("root", 0).may_read(str(file))


def test_owner_and_group_have_bits_of_their_own(tmp_path):
    tmp_path.chmod(0o705)
    owner = User("owner", os.stat(tmp_path).st_uid or 0, frozenset())
    member = User("member", os.getuid() + 4711, frozenset({os.stat(tmp_path).st_gid}))

    assert owner.may_read(str(tmp_path))
    assert not member.may_read(str(tmp_path))


def test_a_folder_must_let_others_in(tmp_path):
    tmp_path.chmod(0o744)

    assert not User("stranger", os.getuid() + 4711, frozenset()).may_read(str(tmp_path))


def refused(path, paths):
    with pytest.raises(UsageError) as caught:
        readable._refuse_unreadable(User("dockeruser", os.getuid() + 4711), "img:1", path, paths)
    return str(caught.value)


def test_what_cannot_be_read_is_named_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model").mkdir(mode=0o755)
    (tmp_path / "model").chmod(0o755)
    (tmp_path / "model/a.pkl").touch(mode=0o600)

    assert refused(tmp_path / "model", readable._below(tmp_path / "model")) == (
        "model/a.pkl: the user dockeruser of the image img:1 cannot read it. "
        "What is mounted keeps its owner and its mode. chmod -R o+rX model"
    )


def test_hidden_files_and_links_that_lead_nowhere_are_nobodys_business(tmp_path):
    """Keys in .amlemu beside the script are for one user, and no script reads them."""
    tmp_path.chmod(0o755)
    (tmp_path / ".env").touch(mode=0o600)
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    stranger = User("dockeruser", os.getuid() + 4711)

    readable._refuse_unreadable(stranger, "img:1", tmp_path, readable._below(tmp_path))


def test_folders_between_a_mount_and_a_script_count(tmp_path):
    folder = tmp_path / "src" / "api"
    folder.mkdir(parents=True)

    assert list(readable._between(folder / "score.py", [tmp_path / "src"])) == [folder]

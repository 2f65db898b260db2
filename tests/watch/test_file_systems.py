"""Where changes come without a word."""

from __future__ import annotations

import pytest
from amlemu.watch.file_systems import is_silent, kind_of, points_in, silent

MOUNTS = r"""
/dev/sda1 / ext4 rw,relatime 0 0
proc /proc proc rw 0 0
C:\134 /mnt/c 9p rw,dirsync 0 0
server:/export /mnt/big\040data nfs4 rw 0 0
tmpfs /mnt/big\040data/scratch tmpfs rw 0 0
me@host: /home/ann/far fuse.sshfs rw 0 0
overlay /home/ann/far2 overlay rw 0 0
""".strip()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/ann/code", "ext4"),
        ("/", "ext4"),
        ("/mnt/c/Users/ann", "9p"),
        ("/mnt/c", "9p"),
        ("/mnt/cd", "ext4"),
        ("/mnt/big data/models", "nfs4"),
        ("/mnt/big data/scratch/x", "tmpfs"),
        ("/home/ann/far/code", "fuse.sshfs"),
        ("/home/ann/far2/code", "overlay"),
    ],
)
def test_the_longest_mount_point_holds(path, kind):
    """By whole names, with blanks in them."""
    assert kind_of(path, points_in(MOUNTS)) == kind


def test_the_last_of_two_mounts_at_one_point_holds():
    """It lies on top."""
    assert kind_of("/a/b", [("/a", "ext4"), ("/a", "nfs")]) == "nfs"


@pytest.mark.parametrize(
    ("kind", "is_so"),
    [("ext4", False), ("overlay", False), ("fuseblk", False), ("", False), ("cifs", True), ("fuse.s3fs", True)]
    + [(kind, True) for kind in ("nfs", "smb3", "9p", "drvfs", "vboxsf", "virtiofs", "prl_fs", "fuse", "afs", "ncpfs")],
)
def test_what_does_not_tell(kind, is_so):
    """Networks, and the other side of a virtual machine."""
    assert is_silent(kind) is is_so


def test_the_first_silent_folder_decides(tmp_path):
    """Read from a file as the kernel writes it."""
    (tmp_path / "mounts").write_text(f"a / ext4 rw 0 0\nb {tmp_path}/far nfs rw 0 0\n")

    assert silent([str(tmp_path), str(tmp_path / "far/x")], str(tmp_path / "mounts")) == "nfs"
    assert silent([str(tmp_path)], str(tmp_path / "mounts")) == ""


def test_without_a_list_of_mounts_everybody_tells(tmp_path):
    """On other systems than Linux."""
    assert silent(["/"], str(tmp_path / "none")) == ""

"""Registered models on the disk: whole or not there, numbers count up, whoever else registers."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from amlemu.v1 import registry


def test_what_cannot_be_copied_leaves_nothing(desk):
    folder = desk.folder / "net"
    folder.mkdir()
    (folder / "gone").symlink_to("nowhere")

    with pytest.raises(OSError, match=r"nowhere|gone"):
        registry.register("net", folder, {})

    assert os.listdir(desk.folder / ".amlemu/models/net") == []
    assert registry.every() == []


def test_two_that_register_at_once_get_two_numbers(desk):
    """Each in a process of its own."""
    desk.train("m.pkl", 1)
    program = (
        "from pathlib import Path; from amlemu.v1 import registry; import os\n"
        "print(*[registry.register('m', Path('m.pkl').absolute(), {'pid': os.getpid()}).version for _ in range(10)])"
    )
    both = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = [one.communicate(timeout=30)[0] for one in both]

    assert sorted(map(int, " ".join(told).split())) == list(range(1, 21))


def test_threads_that_register_at_once_get_numbers_of_their_own(desk):
    """As a notebook does that trains several models side by side."""
    path = desk.train("m.pkl", 1)
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda number: registry.register("m", path, {"number": number}), range(40)))

    assert sorted(one.version for one in made) == list(range(1, 41))
    assert sorted(one.said["number"] for one in registry.every()) == list(range(40))
    assert all(one.path.read_bytes() == path.read_bytes() for one in made)


def test_a_project_does_not_register_itself(desk):
    """The current folder may be the model: what amlemu keeps in it is left out."""
    desk.train("m.pkl", 1)
    made = registry.register("all", desk.folder, {})

    assert [path.name for path in made.path.iterdir()] == ["m.pkl"]


def test_a_folder_of_a_version_that_is_no_model_is_not_found(desk):
    made = registry.register("m", desk.train("m.pkl", 1), {})
    (made.path.parent / "second").write_text("")

    assert registry.find("m") is None
    assert registry.find("nope") is None


def test_what_was_said_of_one_may_be_gone(desk):
    made = registry.register("m", desk.train("m.pkl", 1), {"tags": {"a": "1"}})
    (desk.folder / ".amlemu/v1/models/m/1.json").unlink()

    assert registry.find("m", 1) == registry.Registered("m", 1, made.path)

"""Changes that are none."""

from __future__ import annotations

import os

import pytest
from amlemu.watch.contents import DIGESTED_BYTES, Contents


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.json"
    path.write_text("{}")
    return path


def known(path) -> Contents:
    contents = Contents()
    contents.remember([str(path)])
    return contents


def test_a_touch_of_configuration_is_no_change(config):
    """Nor is writing what was there."""
    contents = known(config)
    os.utime(config, (1, 1))
    config.write_text("{}")

    assert not contents.has_changed(str(config))


def test_other_content_is_a_change_once(config):
    """Asked again, it is as known."""
    contents = known(config)
    config.write_text("[]")

    assert contents.has_changed(str(config))
    assert not contents.has_changed(str(config))


def test_a_touch_of_python_is_a_change(tmp_path):
    """It is a wish."""
    (tmp_path / "score.py").write_text("1")

    assert known(tmp_path / "score.py").has_changed(str(tmp_path / "score.py"))


def test_deletion_and_return_are_changes(config):
    """When both were asked for."""
    contents = known(config)
    config.unlink()

    assert contents.has_changed(str(config))
    assert not contents.has_changed(str(config))
    config.write_text("{}")
    assert contents.has_changed(str(config))


def test_a_file_replaced_by_its_like_has_not_changed(config, tmp_path):
    """Gone and back between two questions."""
    contents = known(config)
    config.unlink()
    config.write_text("{}")

    assert not contents.has_changed(str(config))


def test_a_file_that_is_not_known_has_changed(config):
    """There was no time to look at it before, or it is new."""
    contents = Contents()
    contents.remember([str(config)], within_s=-1)

    assert contents.has_changed(str(config))
    assert not contents.has_changed(str(config))


def test_a_large_file_is_known_by_time_and_size(tmp_path):
    """Reading it would take as long as loading it."""
    large = tmp_path / "model.bin"
    large.write_bytes(b"x" * (DIGESTED_BYTES + 1))
    contents = known(large)

    assert not contents.has_changed(str(large))
    os.utime(large, (1, 1))
    assert contents.has_changed(str(large))


def test_a_folder_has_changed_when_it_is_gone(tmp_path):
    """As when one was moved away."""
    assert Contents().has_changed(str(tmp_path / "pkg"))

"""The files of an image or a container, read without running anything."""

from __future__ import annotations

import pytest
from amlemu_harness.inside import opened
from amlemu_harness.troubles import NoSuchImage

from ..container.conftest import engine
from .imported import containers, imported

__all__ = ["engine"]
pytestmark = pytest.mark.docker


def test_files_come_one_after_the_other(engine):
    """Of a folder, of a file itself, of nothing; what was made for it is gone at the end, also after Ctrl-C."""
    files = {"/app/code/a.py": b"a", "/app/code/sub/b.py": b"bb", "/app/code/link": "a.py"}
    with imported(engine, files, code={}) as image:
        with opened(engine, image) as inside:
            found = [(one.path, one.content and one.content.read(), one.target) for one in inside.files("/app/code")]
            single = [(one.path, one.length) for one in inside.files("/app/code/sub/b.py")]
            nothing = list(inside.files("/app/none"))
            during = containers(engine, image)
        with pytest.raises(KeyboardInterrupt), opened(engine, image):
            raise KeyboardInterrupt

        assert sorted(found) == [("a.py", b"a", ""), ("link", None, "a.py"), ("sub/b.py", b"bb", "")]
        assert single == [("", 2)]
        assert nothing == []
        assert inside.labels == {"dev.amlemu.code": "{}"}
        assert len(during) == 1
        assert containers(engine, image) == []


def test_name_of_neither_is_an_error(engine):
    with pytest.raises(NoSuchImage, match="neither an image nor a container"), opened(engine, "amlemu-tests-None"):
        pass

"""
Commands and Python of the pages, as somebody types them here: `amlemu` in the place of `az ml`, `amlemu.v1` in the place of `azureml.core`,
names in the place of what stands between < and >.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from amlemu.cli import main
from amlemu.cli_explain import explain

from ..conftest import Finished

Said = Callable[..., str]


def typed(folder: Path, *words: str) -> Finished:
    """Run a command in a folder, in this process: a third of a second less than one of its own."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        with _shown() as (out, err), pytest.raises(SystemExit) as ended:
            main(list(words))
    finally:
        os.chdir(before)
    return Finished(int(ended.value.code or 0), _text(out), _text(err))


@contextlib.contextmanager
def _shown() -> Iterator[tuple[io.TextIOWrapper, io.TextIOWrapper]]:
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        yield out, err


def _text(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


def words(line: str, names: Mapping[str, str]) -> list[str]:
    """Return what comes after `amlemu` for a line of a page. Names are by what stands between < and >."""
    for name, value in names.items():
        line = line.replace(f"<{name}>", value)
    program, extension, *others = shlex.split(line)
    assert (program, extension) == ("az", "ml"), line
    return others


def python(block: str, names: dict[str, object], **instead: str) -> str:
    """
    Run a block of Python; return what it prints.

    Args:
        names: what the block finds and leaves, as the cells of a notebook share it.
        instead: what stands in the place of words, such as a port that is free.
    """
    block = block.replace("azureml.core", "amlemu.v1")
    for word, other in instead.items():
        assert word in block, f"the block has no {word}"
        block = block.replace(word, other)
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        exec(compile(block, "<page>", "exec"), names)
    return shown.getvalue()


@pytest.fixture
def explained(capsys: pytest.CaptureFixture[str]) -> Said:
    """What `amlemu explain WORDS` prints, its lines joined; `profile` chooses a cloud."""

    def explained(*words: str, profile: str | None = None) -> str:
        capsys.readouterr()
        assert explain(words, profile, as_json=False) == 0
        return re.sub(r"\s+", " ", capsys.readouterr().out)

    return explained

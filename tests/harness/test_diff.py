"""How the code inside differs from the folder outside: files, lines, sizes; images and containers."""

from __future__ import annotations

import subprocess

import pytest
from amlemu.errors import UsageError
from amlemu_harness.diff import diff

from ..container.conftest import engine
from .imported import imported

__all__ = ["engine"]
pytestmark = pytest.mark.docker
CODE = "/var/azureml-app/code"


def write(folder, **files: bytes):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def test_each_way_to_differ(engine, tmp_path):
    """The text is what patch takes; with it the folder is as inside, but for what is no text."""
    same = {"same.py": b"x = 1\n", "big.bin": b"\0" * 400_000}
    outside = {"score.py": b"one\ntwo\nthree", "gone.py": b"away\n", "data.bin": b"\0\1", "large.txt": b"a" * 300_000}
    inside = {
        "score.py": b"one\n2\nthree\n",
        "new/mine.py": b"new\n",
        "data.bin": b"\0\1\2",
        "large.txt": b"b" * 300_000,
    }
    unseen = {"__pycache__/score.pyc": b"1", "notes.log": b"2"}
    folder = write(tmp_path / "code", **same, **outside, **{".gitignore": b"*.log\n", "other.log": b"3"})
    files = {f"{CODE}/{name}": content for name, content in {**same, **inside, **unseen}.items()}
    with imported(
        engine, {**files, f"{CODE}/.gitignore": b"*.log\n", f"{CODE}/link": "score.py"}, code={CODE: str(folder)}
    ) as image:
        found = diff(engine, image)
        patched = subprocess.run(
            ["patch", "-p1"], cwd=folder, input=found.as_text(), text=True, check=True, capture_output=True
        )
        left = diff(engine, image)

    assert sorted((one.kind, one.inside.removeprefix(f"{CODE}/")) for one in found.changes) == [
        ("added", "link"),
        ("added", "new/mine.py"),
        ("changed", "data.bin"),
        ("changed", "large.txt"),
        ("changed", "score.py"),
        ("removed", "gone.py"),
    ]
    (score,) = (one for one in found.changes if one.inside.endswith("score.py"))
    assert score.diff.splitlines()[:2] == ["--- a/score.py", "+++ b/score.py"]
    assert score.diff.splitlines()[3:] == [" one", "-two", "-three", "\\ No newline at end of file", "+2", "+three"]
    assert f"changed {CODE}/data.bin: no text, 2 -> 3 bytes" in found.as_text()
    assert f"changed {CODE}/large.txt: too long to be shown, 300,000 -> 300,000 bytes" in found.as_text()
    assert f"added {CODE}/link: a link to score.py inside, 0 bytes" in found.as_text()
    assert "patching file score.py" in patched.stdout
    assert sorted(one.inside.rpartition("/")[2] for one in left.changes) == ["data.bin", "large.txt", "link"]


def test_models_are_compared_whole(engine, tmp_path):
    """One byte in a model of the same length is seen."""
    model = tmp_path / "model.pkl"
    model.write_bytes(b"w" * 2_000_000)
    place = "/var/azureml-app/azureml-models/net/1/model.pkl"
    with (
        imported(engine, {place: b"w" * 2_000_000}, code={}, models={place: str(model)}) as same,
        imported(engine, {place: b"w" * 1_999_999 + b"x"}, models={place: str(model)}) as other,
    ):
        assert diff(engine, same).changes == ()
        (change,) = diff(engine, other).changes

    assert (change.kind, change.inside, change.outside) == ("changed", place, model)


def test_container_is_read_by_its_name(engine, tmp_path):
    """Of the image that it was made of it has the labels; folders that are named win."""
    folder = write(tmp_path / "code", **{"score.py": b"1\n"})
    with imported(engine, {f"{CODE}/score.py": b"1\n"}, code={CODE: "/gone"}) as image:
        made = engine.client.containers.create(image, ["true"])
        try:
            found = diff(engine, made.name, {CODE: folder})
        finally:
            made.remove()
        with pytest.raises(UsageError, match=r"/gone: it was made of this, which is not there\. .*amlemu image diff"):
            diff(engine, image)

    assert found.changes == ()
    assert found.as_text().startswith(f"{made.name}: the code inside is that of ")
    assert found.as_data()["same"] is True


@pytest.mark.parametrize("labels", [{}, {"code": "no mapping"}], ids=["none", "somebody-elses"])
def test_image_that_does_not_say_is_an_error(engine, labels):
    refused = pytest.raises(UsageError, match=r"does not say what it was made of.*Name the deployment")
    with imported(engine, {"/a": b""}, **labels) as image, refused:
        diff(engine, image)

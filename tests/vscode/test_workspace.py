"""Which folder VS Code has open, and how its launch file names the script."""

from __future__ import annotations

import pytest
from amlemu.errors import UsageError
from amlemu.vscode import workspace


@pytest.fixture
def go(tmp_path, monkeypatch):
    """Make a folder below the test's own and go there; that of the person who is logged in is elsewhere."""

    def go(name):
        folder = tmp_path / name
        folder.mkdir(parents=True, exist_ok=True)
        monkeypatch.chdir(folder)
        return folder

    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return go


# the folder


@pytest.mark.parametrize("mark", [".vscode", ".git"])
def test_the_nearest_folder_with_a_mark_is_the_workspace(go, tmp_path, mark):
    """From the current one upwards; .git may also be a file, in a work tree."""
    go(f"outer/{mark}")
    go("outer/project/src")
    (tmp_path / "outer" / "project" / mark).touch()

    assert workspace.find(None) == tmp_path / "outer" / "project"


def test_without_a_mark_it_is_the_current_folder(go):
    folder = go("project/src")

    assert workspace.find(None) == folder


def test_the_home_folder_is_no_workspace(go, tmp_path):
    """VS Code keeps its extensions in ~/.vscode, whoever opens whatever."""
    go("home/.vscode")
    folder = go("home/project")

    assert workspace.find(None) == folder


def test_what_is_above_the_home_folder_is_no_workspace(go, tmp_path):
    (tmp_path / ".git").mkdir()
    folder = go("home/project")

    assert workspace.find(None) == folder


def test_a_folder_may_be_named(go, tmp_path):
    go("here/.git")

    assert workspace.find("..") == tmp_path / "here"


def test_a_folder_that_is_not_there_is_refused(go):
    go("here")

    with pytest.raises(UsageError, match="--folder nope: no such file or folder"):
        workspace.find("nope")


# the script


def test_the_script_is_named_from_the_workspace(go, tmp_path):
    """So the launch file means the same on everybody's machine."""
    folder = go("project")
    go("project/src")
    (folder / "src" / "main.py").touch()
    script = workspace.choose_script("main.py", folder)

    assert workspace.name_of(script, folder) == "${workspaceFolder}/src/main.py"


def test_a_script_elsewhere_has_its_whole_path(go, tmp_path):
    (go("elsewhere") / "main.py").touch()
    folder = go("project")
    script = workspace.choose_script("../elsewhere/main.py", folder)

    assert workspace.name_of(script, folder) == f"{tmp_path}/elsewhere/main.py"


def test_a_script_that_is_a_link_keeps_its_name(go, tmp_path):
    """The folder above may be reached through a link; that makes no difference."""
    folder = go("project")
    (go("elsewhere") / "main.py").touch()
    (folder / "score.py").symlink_to("../elsewhere/main.py")
    (tmp_path / "link").symlink_to("project")
    script = workspace.choose_script("../link/score.py", folder)

    assert workspace.name_of(script, folder) == "${workspaceFolder}/score.py"


@pytest.mark.parametrize(
    ("there", "name"),
    [
        pytest.param(("project", "project/src"), "${workspaceFolder}/src/score.py", id="of-the-current-folder"),
        pytest.param(("project",), "${workspaceFolder}/score.py", id="of-the-workspace"),
        pytest.param((), "${file}", id="whatever-is-open"),
    ],
)
def test_without_a_script_the_usual_one_is_looked_for(go, tmp_path, there, name):
    go("project/src")
    for folder in there:
        (tmp_path / folder / "score.py").touch()
    script = workspace.choose_script(None, tmp_path / "project")

    assert workspace.name_of(script, tmp_path / "project") == name


def test_a_script_that_is_not_there_is_refused(go):
    folder = go("project")

    with pytest.raises(UsageError, match=r"scor\.py: no such file"):
        workspace.choose_script("scor.py", folder)


@pytest.mark.parametrize(
    ("script", "code"),
    [
        pytest.param("score.py", ("${workspaceFolder}", "${workspaceFolderBasename}"), id="of-the-workspace"),
        pytest.param("src/score.py", ("${workspaceFolder}/src", "src"), id="below-it"),
        pytest.param("../elsewhere/score.py", None, id="elsewhere"),
        pytest.param(None, ("${fileDirname}", "${fileDirnameBasename}"), id="whatever-is-open"),
    ],
)
def test_the_code_folder_is_named_from_the_workspace(go, tmp_path, script, code):
    """It lies in the container under its own name, wherever the workspace is."""
    go("elsewhere")
    go("project/src")
    folder = go("project")
    for name in ("score.py", "src/score.py", "../elsewhere/score.py"):
        (folder / name).touch()
    chosen = workspace.choose_script(script, folder) if script else None

    assert workspace.code_of(chosen, folder) == (code or (f"{tmp_path}/elsewhere", "elsewhere"))

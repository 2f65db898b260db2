"""Which file of the editor's is which of the script's, asked of pydevd's own mapping in a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from .guest import guest

PROGRAM = """
    session.import_debugpy()
    import pydevd_file_utils as files
    from amlemu.worker.paths import map_paths
    host, guest, theirs, asked = sys.argv[1:]
    map_paths([[host + "/code", guest + "/code"], [host + "/model.pkl", guest + "/models/m/1"]])
    map_paths([["/never", "/asked"]])
    if theirs:
        files.setup_client_server_paths([tuple(pair.split("=")) for pair in theirs.split(",")])
    def path(found):
        return found if isinstance(found, str) else found[0]
    say(path(files.map_file_to_server(asked)), path(files.map_file_to_client(asked)))
"""


@pytest.fixture
def trees(tmp_path: Path) -> Path:
    """The same script in the host's tree and in the guest's, and a file of the host's that is nobody else's."""
    for name in (
        "host/code/score.py",
        "guest/code/score.py",
        "guest/models/m/1",
        "host/other.py",
        "work/code/score.py",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def mapped(trees: Path, name: str, theirs: str = "") -> tuple[str, str]:
    """Return what a file is called in the script's world, and in the editor's; without the folder of this test."""
    [found] = guest(PROGRAM, trees / "host", trees / "guest", theirs.replace("$", str(trees)), trees / name)
    to_server, to_client = (path.removeprefix(f"{trees}/") for path in found)
    return to_server, to_client


def test_a_file_of_the_hosts_is_one_of_the_script_s() -> None:
    """Where they are the same, nothing has to be mapped at all."""
    program = """
        session.import_debugpy()
        import pydevd_file_utils as files
        from amlemu.worker.paths import map_paths
        map_paths([])
        say(files.map_file_to_server(sys.argv[1]))
    """

    assert guest(program, __file__) == [[__file__]]


def test_what_we_know_is_mapped_before_an_editor_has_come(trees: Path) -> None:
    """Both ways, folders and single files; who asks twice is not heard."""
    assert mapped(trees, "host/code/score.py")[0] == "guest/code/score.py"
    assert mapped(trees, "guest/code/score.py")[1] == "host/code/score.py"
    assert mapped(trees, "guest/models/m/1")[1] == "host/model.pkl"


def test_what_we_know_comes_before_what_the_entry_says(trees: Path) -> None:
    """An entry of 2020 maps the folder that is open to /var/azureml-app, in whichever tree the script lies."""
    theirs = "$/host/code=/var/azureml-app"

    assert mapped(trees, "host/code/score.py", theirs)[0] == "guest/code/score.py"
    assert mapped(trees, "guest/code/score.py", theirs)[1] == "host/code/score.py"


def test_what_we_do_not_know_is_the_entry_s_to_say(trees: Path) -> None:
    """A package that was mounted from elsewhere, for instance."""
    theirs = "$/here/code=$/guest/code"

    assert mapped(trees, "here/code/score.py", theirs)[0] == "guest/code/score.py"
    assert mapped(trees, "guest/code/score.py", theirs)[1] == "host/code/score.py"


def test_a_mapping_that_leads_to_nowhere_does_not_count(trees: Path) -> None:
    """There is no /var/azureml-app where the script sees the host's own tree."""
    assert mapped(trees, "host/other.py", "$/host=/var/azureml-app")[0] == "host/other.py"


def test_a_file_that_is_nowhere_is_mapped_all_the_same(trees: Path) -> None:
    """It may come."""
    assert mapped(trees, "here/later.py", "$/here=$/guest/here")[0] == "guest/here/later.py"

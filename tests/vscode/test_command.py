"""`amlemu vscode` as a person sees it."""

from __future__ import annotations

import json

import pytest

ALL = '"amlemu: attach", "amlemu: attach to the container", "amlemu: serve under the debugger"'


def names_in(data):
    return [entry["name"] for entry in json.loads(data)["configurations"]]


def test_the_entries_are_added_and_it_is_said_how_to_go_on(write, finish, tmp_path):
    write("score.py", "")
    ended = finish("vscode")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (
        f"{tmp_path}/.vscode/launch.json: added {ALL}\n"
        'Start amlemu serve score.py --debug, choose "amlemu: attach" under Run and Debug in VS Code, and press F5.\n'
    )
    assert names_in((tmp_path / ".vscode" / "launch.json").read_bytes()) == json.loads(f"[{ALL}]")


def test_a_second_time_all_is_kept(write, finish, tmp_path):
    """With another port, it is said that the file has not got it."""
    write("score.py", "")
    finish("vscode")
    before = (tmp_path / ".vscode" / "launch.json").read_bytes()
    again, otherwise = finish("vscode"), finish("vscode", "--debug-port", "6000")

    assert again.out.startswith(f"{tmp_path}/.vscode/launch.json: kept {ALL}\n")
    assert otherwise.out == (
        f'{tmp_path}/.vscode/launch.json: kept "amlemu: serve under the debugger"; kept, though not as it would be now'
        ' "amlemu: attach", "amlemu: attach to the container" (remove it there to have it anew)\n'
        "Start amlemu serve score.py --debug 6000, choose"
        ' "amlemu: attach" under Run and Debug in VS Code, and press F5.\n'
    )
    assert (tmp_path / ".vscode" / "launch.json").read_bytes() == before


def test_the_script_the_port_and_the_folder_can_be_named(write, finish, tmp_path):
    write("my model/main.py", "")
    ended = finish("vscode", "my model/main.py", "--debug-port", "6000", "--folder", "my model")
    attach, container, serve = json.loads((tmp_path / "my model/.vscode/launch.json").read_bytes())["configurations"]

    assert "Start amlemu serve 'my model/main.py' --debug 6000, " in ended.out
    assert attach["connect"]["port"] == container["connect"]["port"] == 6000
    assert serve["args"] == ["serve", "${workspaceFolder}/main.py"]


def test_printing_writes_nothing(write, finish, tmp_path):
    """The whole file comes out, byte for byte what it would be."""
    path = write(".vscode/launch.json", '// mine\n{"configurations": []}')
    printed = finish("vscode", "--print")

    assert path.read_text() == '// mine\n{"configurations": []}'
    finish("vscode")
    assert (printed.code, printed.err) == (0, "")
    assert printed.out == path.read_text()


def test_printing_makes_no_folder(finish, tmp_path):
    """Without a script, it is whatever file is open."""
    printed = finish("vscode", "--print")

    assert json.loads(printed.out)["configurations"][2]["args"] == ["serve", "${file}"]
    assert not (tmp_path / ".vscode").exists()


def test_without_a_script_the_way_on_has_a_gap(finish):
    assert "\nStart amlemu serve SCRIPT --debug, " in finish("vscode").out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(["--debug-port", "0"], "--debug-port: 0 is no port. Expected 1 to 65535.", id="port-0"),
        pytest.param(["--debug-port", "65536"], "--debug-port: 65536 is no port. Expected 1 to 65535.", id="port-high"),
        pytest.param(["scor.py"], "scor.py: no such file. Did you mean score.py?", id="script"),
        pytest.param(
            ["--folder", "nope"], "--folder nope: no such file or folder. Looked for {here}/nope.", id="folder"
        ),
        pytest.param(
            ["--folder", "broken", "--print"],
            "{here}/broken/.vscode/launch.json:3:1: the file ends here. Expected a comma or }}."
            " Mend it there; nothing has been written.",
            id="file",
        ),
    ],
)
def test_what_is_not_usable_is_refused_in_one_line(write, finish, tmp_path, words, message):
    write("score.py", "")
    write("broken/.vscode/launch.json", '{\n"configurations": []\n')
    ended = finish("vscode", *words)

    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"amlemu: {message.format(here=tmp_path)}\n"
    assert not (tmp_path / ".vscode").exists()

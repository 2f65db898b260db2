"""The three entries: what they say, and that what they start is there."""

from __future__ import annotations

import importlib.util

from amlemu.cli import cli
from amlemu.settings import VSCODE_SETTINGS
from amlemu.vscode.entries import entries

CONNECT = {"host": "127.0.0.1", "port": 5678}


def test_these_are_the_entries():
    """The code folder lies in the container under its own name; the second mapping is Azure's own, of 2020."""
    code = ("${workspaceFolder}/src", "src")
    assert entries("${workspaceFolder}/src/score.py", 5678, code) == [
        {"name": "amlemu: attach", "type": "debugpy", "request": "attach", "connect": CONNECT},
        {
            "name": "amlemu: attach to the container",
            "type": "debugpy",
            "request": "attach",
            "connect": CONNECT,
            "pathMappings": [
                {"localRoot": "${workspaceFolder}/src", "remoteRoot": "/var/azureml-app/src"},
                {"localRoot": "${workspaceFolder}", "remoteRoot": "/var/azureml-app"},
            ],
        },
        {
            "name": "amlemu: serve under the debugger",
            "type": "debugpy",
            "request": "launch",
            "module": "amlemu",
            "args": ["serve", "${workspaceFolder}/src/score.py"],
            "cwd": "${workspaceFolder}",
            "console": "integratedTerminal",
        },
    ]


def test_what_is_launched_is_there():
    """The module can be run, and the command takes the words."""
    launch = entries("score.py", 5678, (".", "code"))[2]
    command, *words = launch["args"]
    context = cli.commands[command].make_context(command, words)

    assert importlib.util.find_spec(f"{launch['module']}.__main__") is not None
    assert context.params["file"] == "score.py"


def test_the_usual_port_is_that_of_the_setting():
    assert {setting.name: setting.default for setting in VSCODE_SETTINGS}["debug_port"] == CONNECT["port"]

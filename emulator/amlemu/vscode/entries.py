"""
The entries of ours in VS Code's `launch.json`: attach to the emulator, attach to the container, serve under the debugger.

What an entry does not say is as VS Code's Python debugger has it, `justMyCode` for one.

Source: "Python debugging in VS Code" (code.visualstudio.com/docs/python/debugging) for the words; the second mapping of the
container is that of Azure's own page of 2020, "Troubleshoot Docker deployment"; the first one is where the code folder lies since
(contract 3.1).
"""

from __future__ import annotations

from typing import Any

ATTACH = "amlemu: attach"
CONTAINER = "amlemu: attach to the container"
SERVE = "amlemu: serve under the debugger"
_FOLDER = "${workspaceFolder}"


def entries(script: str, port: int, code: tuple[str, str]) -> list[dict[str, Any]]:
    """
    Return the three entries, in the order in which they are offered.

    Args:
        script: as VS Code is to name it, `${workspaceFolder}/score.py` or `${file}`.
        port: where the debugger listens.
        code: the folder that is deployed, likewise, and its last name: `${workspaceFolder}/src` and `src`.
    """
    attach = {"type": "debugpy", "request": "attach", "connect": {"host": "127.0.0.1", "port": port}}
    folder, name = code
    mappings = [
        {"localRoot": folder, "remoteRoot": f"/var/azureml-app/{name}"},
        {"localRoot": _FOLDER, "remoteRoot": "/var/azureml-app"},
    ]
    serve = {
        "type": "debugpy",
        "request": "launch",
        "module": "amlemu",
        "args": ["serve", script],
        "cwd": _FOLDER,
        "console": "integratedTerminal",
    }
    return [
        {"name": ATTACH, **attach},  # no mappings: the emulator knows where its tree comes from
        {"name": CONTAINER, **attach, "pathMappings": mappings},
        {"name": SERVE, **serve},
    ]

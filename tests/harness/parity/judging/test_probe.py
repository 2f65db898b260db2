"""The script that looks around: it has to run wherever a user's script does."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

from amlemu_harness.parity.judging.surroundings import PROBE

TEXT = PROBE.read_text(encoding="utf-8")


def test_it_is_python_3_8_and_needs_nothing() -> None:
    """Images of some years ago have Pythons of some years ago, and none has amlemu."""
    tree = ast.parse(TEXT, feature_version=(3, 8))

    named = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    named += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert {str(name).partition(".")[0] for name in named} <= sys.stdlib_module_names


def test_it_tells_what_is_so(tmp_path: Path) -> None:
    """Variables, folder, umask, packages: as this process was given them, and as JSON."""
    program = (
        f"import json, runpy; probe = runpy.run_path({str(PROBE)!r}, run_name='entry_module')\n"
        "probe['init'](); print(json.dumps(probe['run']('{}')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PATH": os.defpath, "TZ": "UTC", "GREETING": "h\xe4llo"},
        stdout=subprocess.PIPE,
        preexec_fn=lambda: os.umask(0o027),
        timeout=30,
        check=True,
    )
    told = json.loads(done.stdout)

    assert told["variables"]["GREETING"] == "h\xe4llo"
    assert told["umask"] == "0o27"
    assert told["working folder"] == told["in init"]["working folder"] == str(tmp_path.resolve())
    assert told["__name__"] == told["at import"]["__name__"] == "entry_module"
    assert told["is in sys.modules"] is False
    assert told["is main thread"] is told["in init"]["is main thread"] is True
    assert told["python"]["executable"] == sys.executable
    assert told["python"]["version"] == ".".join(map(str, sys.version_info[:3]))
    assert told["user"]["uid"] == os.getuid()
    assert told["text"]["timezone"] == ["UTC", "UTC"]
    assert told["packages"]["pytest"]
    assert told["signals"]["SIGTERM"] == "default"
    assert told["streams"]["stdout"]["is a terminal"] is False

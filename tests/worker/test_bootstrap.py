"""The guest half opens in a bare interpreter: no site-packages, no amlemu installed, nothing but the standard library."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from amlemu.worker import bootstrap

from .bare_child import bare_child

GUEST_HALF = {
    "amlemu",
    "amlemu.errors",
    "amlemu.exchange",
    "amlemu.scoring",
    "amlemu.scoring.answer",
    "amlemu.scoring.app",
    "amlemu.scoring.codec",
    "amlemu.scoring.compat",
    "amlemu.scoring.compat.doors",
    "amlemu.scoring.compat.models_folder",
    "amlemu.scoring.config",
    "amlemu.scoring.cors",
    "amlemu.scoring.debug_port",
    "amlemu.scoring.endpoints",
    "amlemu.scoring.faults",
    "amlemu.scoring.flask_front",
    "amlemu.scoring.gunicorn",
    "amlemu.scoring.ids",
    "amlemu.scoring.insights",
    "amlemu.scoring.logging_file",
    "amlemu.scoring.logs",
    "amlemu.scoring.missing",
    "amlemu.scoring.plain_front",
    "amlemu.scoring.request_lines",
    "amlemu.scoring.script",
    "amlemu.scoring.swagger",
    "amlemu.worker",
    "amlemu.worker.child",
    "amlemu.worker.costs",
    "amlemu.worker.debugger",
    "amlemu.worker.import_times",
    "amlemu.worker.imports",
    "amlemu.worker.memory",
    "amlemu.worker.own_listen",
    "amlemu.worker.paths",
    "amlemu.worker.protocol",
    "amlemu.worker.redirects",
    "amlemu.worker.session",
    "amlemu.worker.stops",
    "amlemu.worker.terminal",
    "amlemu.worker.writes",
}
"""What the loading of a worker brings in. `errors` comes with the public names only, should a script ask for them."""

QUESTION = """
import json, runpy, sys
before = list(sys.path)
runpy.run_path({path!r})["open_guest_half"]()
import amlemu.worker.child
import amlemu.errors
print(json.dumps([sorted(sys.modules), sys.path == before, sys.flags.no_site]))
"""


def ask(*flags: str) -> tuple[set[str], bool]:
    """Open the guest half in a fresh interpreter; return its modules, and whether sys.path stayed as it was."""
    program = QUESTION.format(path=bootstrap.__file__)
    answer = subprocess.run([sys.executable, *flags, "-c", program], capture_output=True, check=True, env={})
    modules, is_path_same, has_no_site = json.loads(answer.stdout)
    assert has_no_site
    return set(modules), is_path_same


@pytest.mark.parametrize("flags", [("-S",), ("-I", "-S"), ("-S", "-W", "error"), ("-S", "-O")], ids=" ".join)
def test_the_guest_half_needs_the_standard_library_only(flags: tuple[str, ...]) -> None:
    """What runs beside the user's code must run in the user's environment."""
    modules, is_path_same = ask(*flags)

    ours = {name for name in modules if name.partition(".")[0] == "amlemu"}
    foreign = {name for name in modules - ours if name.partition(".")[0] not in {*sys.stdlib_module_names, "__main__"}}
    assert ours == GUEST_HALF
    assert foreign == set()
    assert is_path_same


def test_nothing_of_ours_is_on_the_scripts_path() -> None:
    """The script sees exactly what its environment has: not amlemu's folder, not our site-packages."""
    with bare_child("looks_around") as child:
        child.boots()
        child.is_asked(1, b"path")
        path = json.loads(child.hears().body)

    assert str(Path(bootstrap.__file__).parent) not in path
    assert path[: len(_own_path())] == _own_path()


def _own_path() -> list[str]:
    """sys.path of this interpreter, as a program sees it that was started from a file."""
    program = "import sys; print('\\n'.join(sys.path[1:]))"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True).stdout.split(
        "\n"
    )[:-1]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="PYTHONSAFEPATH came with Python 3.11")
def test_a_safe_path_leaves_the_users_own_entries(tmp_path: Path) -> None:
    """PYTHONSAFEPATH=1 puts no script folder first, so the first entry is the user's PYTHONPATH."""
    with bare_child("looks_around", PYTHONSAFEPATH="1", PYTHONPATH=str(tmp_path)) as child:
        child.boots()
        child.is_asked(1, b"path")

        assert str(tmp_path) in json.loads(child.hears().body)


def test_the_script_sees_the_servers_name_as_its_program() -> None:
    """sys.argv is the real server's; our descriptors are nobody's business."""
    with bare_child("looks_around") as child:
        child.boots()
        child.is_asked(1, b"argv")

        assert json.loads(child.hears().body) == ["azmlinfsrv"]


def test_what_the_script_starts_does_not_hold_our_socket() -> None:
    """A daemon that the script leaves behind would hide the worker's death from the host."""
    with bare_child("looks_around") as child:
        child.boots()
        child.is_asked(1, b"inheritable")

        assert json.loads(child.hears().body) == []


def test_the_environment_of_the_test_is_the_scripts() -> None:
    """Nothing is put in PYTHONPATH: it would leak into every Python that the script starts."""
    with bare_child("looks_around") as child:
        child.boots()
        child.is_asked(1, b"pythonpath")

        assert json.loads(child.hears().body) == [os.environ.get("PYTHONPATH")]

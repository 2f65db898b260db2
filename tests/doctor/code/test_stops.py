"""What ends the server, or waits for a person."""

from __future__ import annotations

import pytest
from amlemu.doctor.code.stops import check_stops

BOTH = "def init(): ...\ndef run(data): ...\n"


@pytest.mark.parametrize(
    ("script", "found"),
    [
        pytest.param("import sys\nsys.exit(0)\n" + BOTH, [("exits", 2)], id="exit-at-import"),
        pytest.param(
            "from sys import exit\ndef init():\n    exit()\ndef run(data): ...", [("exits", 3)], id="exit-in-init"
        ),
        pytest.param("def init():\n    raise SystemExit(1)\ndef run(data): ...", [("exits", 2)], id="raise-SystemExit"),
        pytest.param("import os\ndef init():\n    os._exit(0)\ndef run(data): ...", [("exits", 3)], id="os-exit"),
        pytest.param("def init(): ...\ndef run(data):\n    quit()", [("exits", 3)], id="quit-in-run"),
        pytest.param(
            "def init(): ...\ndef run(data):\n    breakpoint()\n    return 1", [("breakpoint-left", 3)], id="breakpoint"
        ),
        pytest.param(
            "import pdb\ndef init():\n    pdb.set_trace()\ndef run(data): ...", [("breakpoint-left", 3)], id="pdb"
        ),
        pytest.param("def init(): ...\ndef run(data):\n    return input('name')", [("asks-for-input", 3)], id="input"),
        pytest.param(
            "import flask\napp = flask.Flask(__name__)\n" + BOTH + "app.run()",
            [("never-returns", 5)],
            id="a-server-of-its-own",
        ),
        pytest.param(
            "import debugpy\ndebugpy.listen(5678)\ndebugpy.wait_for_client()\n" + BOTH,
            [("never-returns", 3)],
            id="waits-for-an-editor",
        ),
    ],
)
def test_what_certainly_stops_is_told(told, script, found):
    assert told(check_stops, script) == found


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("import sys\n" + BOTH + "if __name__ == '__main__':\n    sys.exit(run('x'))", id="main-block"),
        pytest.param(
            "import sys\ndef init():\n    try:\n        load()\n    except OSError:\n        sys.exit(1)\ndef run(data): ...",
            id="in-an-except-clause",
        ),
        pytest.param(
            "import os\ndef init(): ...\ndef run(data):\n    if os.getenv('DEBUG'):\n        breakpoint()",
            id="in-an-if",
        ),
        pytest.param("def init(): ...\ndef run(input):\n    return input('x')", id="a-parameter-called-input"),
        pytest.param("def exit(): ...\ndef init():\n    exit()\ndef run(data): ...", id="a-function-called-exit"),
    ],
)
def test_what_may_stop_is_not(told, script):
    assert told(check_stops, script) == []


def test_a_breakpoint_that_is_switched_off_is_fine(told):
    script = "def init(): ...\ndef run(data):\n    breakpoint()"

    assert told(check_stops, script, variables={"PYTHONBREAKPOINT": "0"}) == []


@pytest.mark.parametrize(
    ("script", "rules"),
    [
        pytest.param("import argparse\nargs = argparse.ArgumentParser().parse_args()\n" + BOTH, ["parses-arguments"], id="command-line"),
        pytest.param("import argparse\nargs = argparse.ArgumentParser().parse_args([])\n" + BOTH, [], id="a-list-of-its-own"),
        pytest.param("import argparse\nargs, _ = argparse.ArgumentParser().parse_known_args()\n" + BOTH, [], id="what-it-knows"),
        pytest.param("import argparse\ndef main(): argparse.ArgumentParser().parse_args()\n" + BOTH, [], id="nobody-calls-it"),
        pytest.param("import argparse\nargs = argparse.ArgumentParser().parse_args()", [], id="no-scoring-script"),
        pytest.param("import guard\ndef init(): guard.check()\ndef run(data): ...", ["exits"], id="in-a-module-beside"),
        pytest.param("def init(): check()\ndef check(): exit(1)\ndef run(data): ...", ["exits"], id="in-a-function-of-init"),
        pytest.param("def init():\n    if x: check()\ndef check(): exit(1)\ndef run(data): ...", [], id="perhaps"),
        pytest.param("import guard\ndef init(): guard.perhaps()\ndef run(data): ...", [], id="perhaps-in-a-module-beside"),
    ],
)  # fmt: skip
def test_what_certainly_runs_is_followed(subject_of, script, rules):
    guard = "import sys\ndef check(): sys.exit(1)\ndef perhaps():\n    if sys.argv: sys.exit(1)"

    assert [finding.rule for finding in check_stops(subject_of(script, {"guard": guard}))] == rules

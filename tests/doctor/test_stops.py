"""What ends the server, or waits for a person."""

from __future__ import annotations

import pytest
from amlemu.doctor.stops import check_stops

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

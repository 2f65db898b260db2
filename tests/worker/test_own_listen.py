"""Scripts that open a port by themselves, with debugpy or ptvsd: they join what is there. The debugpy here is the real one, asked for nothing."""

from __future__ import annotations

from math import inf
from pathlib import Path
from typing import Any

import pytest

from .guest import guest

HOSTED = """
    import contextlib, time
    from amlemu.worker import own_listen
    class Stops:
        @contextlib.contextmanager
        def standing(self, why, frame=None):
            yield
    class Debugger:
        has_joined = False
        stops = Stops()
        def __init__(self):
            self.calls = []
        def ask_to_listen(self, host, port, *, redirects):
            self.calls.append(["listen", host, port, redirects])
            return "127.0.0.1", 4711
        def wait(self, seconds, over):
            self.calls.append(["wait", seconds, over.is_set()])
        def prepare(self):
            self.calls.append(["prepare"])
        def notice(self, text):
            self.calls.append(["notice", text])
    debugger = Debugger()
    own_listen.serve(debugger)
"""


def calls(script: str, *arguments: Any, **more: Any) -> list[Any]:
    """Run a script of our own, and return what the debugger was asked for in its place."""
    lines = [f"    {line}" for line in script.strip().splitlines()]
    [found] = guest("\n".join([HOSTED, *lines, "    say(*debugger.calls)"]), *arguments, **more)
    return list(found)


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        pytest.param("5678", ["listen", "127.0.0.1", 5678, False], id="a-port"),
        pytest.param("('0.0.0.0', 5678)", ["listen", "0.0.0.0", 5678, False], id="an-address"),
        pytest.param("['localhost', '5678']", ["listen", "localhost", 5678, False], id="words"),
        pytest.param("5678, in_process_debug_adapter=False", ["listen", "127.0.0.1", 5678, False], id="options"),
    ],
)
def test_a_script_that_listens_joins(arguments: str, asked: list[Any]) -> None:
    """And is told where editors come in."""
    found = calls(f"import debugpy\ndebugger.calls.append(debugpy.listen({arguments}))")

    assert found == [asked, ["127.0.0.1", 4711]]


def test_a_script_that_listens_twice_joins_once() -> None:
    """debugpy itself would raise, ptvsd did not."""
    assert calls("import debugpy\ndebugpy.listen(5678)\ndebugpy.listen(5679)") == [["listen", "127.0.0.1", 5678, False]]


def test_it_does_not_matter_when_debugpy_was_imported() -> None:
    """A library may have done so before, and once more does no harm."""
    script = "import debugpy\nown_listen.serve(debugger)\nown_listen.serve(debugger)\ndebugpy.listen(5678)"

    assert calls(script) == [["listen", "127.0.0.1", 5678, False]]


def test_another_thread_cannot_hear_the_host() -> None:
    """It has debugpy's own functions."""
    script = """
import debugpy.public_api
from debugpy.server import api
own = ["listen", "wait_for_client", "connect"]
for name in own:
    setattr(api, name, lambda *words, name=name, **options: debugger.calls.append(["own " + name, *words]))
def listen():
    import debugpy
    debugpy.listen(5678)
    debugpy.wait_for_client()
thread = threading.Thread(target=listen)
thread.start()
thread.join()
"""
    assert calls(script) == [["own listen", 5678], ["own wait_for_client"]]


def test_a_script_that_dials_has_nothing_to_do_once_it_has_joined() -> None:
    """Before, it is debugpy's own affair."""
    script = """
import debugpy
from debugpy.server import api
api.connect = lambda *words, **options: debugger.calls.append(["own connect", *words])
debugpy.connect(5678)
debugger.has_joined = True
debugpy.connect(5678)
"""
    assert calls(script) == [["prepare"], ["own connect", 5678]]


def test_a_script_that_waits_waits_by_way_of_the_host() -> None:
    """For as long as it takes; somebody may cancel it, also before it has begun: that is for the one before."""
    script = """
import debugpy
debugpy.listen(5678)
debugpy.wait_for_client.cancel()
debugpy.wait_for_client()
"""
    assert calls(script)[1:] == [["wait", inf, False]]


def test_a_wait_may_be_cancelled_from_a_thread() -> None:
    """As scripts do that have a timeout of their own."""
    script = """
import debugpy
def wait(seconds, over):
    threading.Timer(0.05, debugpy.wait_for_client.cancel).start()
    debugger.calls.append(over.wait(5))
debugger.wait = wait
debugpy.listen(5678)
debugpy.wait_for_client()
"""
    assert calls(script)[1:] == [True]


def test_who_waits_before_anybody_listens_is_told_so() -> None:
    """In debugpy's words."""
    script = """
import debugpy
try:
    debugpy.wait_for_client()
except RuntimeError as error:
    debugger.calls.append(str(error))
"""
    assert calls(script) == ["listen() or connect() must be called first"]


def test_who_has_been_joined_by_amlemu_may_wait_at_once() -> None:
    """`serve --debug` listens already."""
    assert calls("import debugpy\ndebugger.has_joined = True\ndebugpy.wait_for_client()") == [["wait", inf, False]]


OF_2020 = """
import ptvsd
# Allows other computers to attach to ptvsd on this IP address and port.
ptvsd.enable_attach(address=('0.0.0.0', 5678), redirect_output = True)
# Wait 30 seconds for a debugger to attach. If none attaches, the script continues as normal.
ptvsd.wait_for_attach(timeout = 30)
"""


def test_the_lines_of_2020_work_without_ptvsd() -> None:
    """Azure's documentation, verbatim; a person is told what happens."""
    noticed, *asked = calls(OF_2020)

    assert noticed == [
        "notice",
        "the script imports ptvsd, which is not installed for it: debugpy stands in here; the cloud's image needs ptvsd, or better a"
        " script that imports debugpy",
    ]
    assert asked == [["listen", "0.0.0.0", 5678, True], ["wait", 30, False]]


def test_ptvsd_that_is_installed_is_the_script_s(tmp_path: Path) -> None:
    """Nothing stands in for it."""
    (tmp_path / "ptvsd.py").write_text("name = 'its own'")
    script = "import ptvsd\ndebugger.calls.append(ptvsd.name)"

    assert calls(script, variables={"PYTHONPATH": str(tmp_path)}) == ["its own"]


@pytest.mark.parametrize("name", ["ptvsd", "debugpy"])
def test_without_debugpy_the_script_fails_as_in_the_cloud(name: str) -> None:
    """Nothing can stand in."""
    script = f"try:\n    import {name}\nexcept ModuleNotFoundError as error:\n    debugger.calls.append(str(error))"

    assert calls(script, flags=("-S",)) == [f"No module named '{name}'"]


def test_a_module_of_a_package_is_another_one(tmp_path: Path) -> None:
    """`mine.debugpy` is nobody's debugger."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "debugpy.py").write_text("listen = None")
    script = "import mine.debugpy\ndebugger.calls.append(mine.debugpy.listen)"

    assert calls(script, variables={"PYTHONPATH": str(tmp_path)}) == [None]

"""ptvsd where it is not installed: each function of it is one of debugpy, which here only remembers what it was asked."""

from __future__ import annotations

import importlib.util
import sys
from math import inf
from pathlib import Path
from types import ModuleType

import pytest
from amlemu.scoring import compat


class Debugpy(ModuleType):
    """Says yes."""

    def __init__(self):
        super().__init__("debugpy")
        self.calls = []

    def __getattr__(self, name):
        def asked(*words, **options):
            self.calls.append((name, *words, *sorted(options.items())))
            return ("127.0.0.1", 4711) if name == "listen" else 1

        if name.startswith("__"):
            raise AttributeError(name)
        return asked


@pytest.fixture
def debugpy(monkeypatch):
    debugpy = Debugpy()
    monkeypatch.setitem(sys.modules, "debugpy", debugpy)
    return debugpy


@pytest.fixture
def ptvsd(debugpy):
    """The module, as a script imports it."""
    spec = importlib.util.spec_from_file_location("ptvsd", Path(compat.__file__).with_name("ptvsd.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("words", "options", "address", "redirects"),
    [
        pytest.param([], {}, ("0.0.0.0", 5678), True, id="nothing"),
        pytest.param([("0.0.0.0", 3000)], {}, ("0.0.0.0", 3000), True, id="address"),
        pytest.param(
            [], {"address": ("127.0.0.1", 5678), "redirect_output": False}, ("127.0.0.1", 5678), False, id="by-name"
        ),
        pytest.param([("h", 1)], {"log_dir": "/tmp"}, ("h", 1), True, id="log-dir"),
    ],
)
def test_an_editor_may_attach(ptvsd, debugpy, words, options, address, redirects):
    """Its output is redirected unless that is refused; returns where to attach."""
    assert ptvsd.enable_attach(*words, **options) == ("127.0.0.1", 4711)
    assert debugpy.calls == [("listen", address, ("redirect_output", redirects))]


@pytest.mark.parametrize(
    ("options", "seconds"), [({"timeout": 30}, 30), ({"timeout": 0}, 0), ({"timeout": None}, inf), ({}, inf)]
)
def test_it_is_waited_for_so_long(ptvsd, debugpy, options, seconds):
    """For ever where no time is given."""
    ptvsd.wait_for_attach(**options)

    assert debugpy.calls == [("wait_for_client", seconds)]


@pytest.mark.parametrize(
    ("call", "asked"),
    [
        pytest.param(lambda ptvsd: ptvsd.attach(("h", 1), log_dir="/tmp"), ("connect", ("h", 1)), id="attach"),
        pytest.param(lambda ptvsd: ptvsd.break_into_debugger(), ("breakpoint",), id="break_into_debugger"),
        pytest.param(lambda ptvsd: ptvsd.debug_this_thread(), ("debug_this_thread",), id="debug_this_thread"),
        pytest.param(lambda ptvsd: ptvsd.is_attached(), ("is_client_connected",), id="is_attached"),
    ],
)
def test_its_other_functions_have_other_names(ptvsd, debugpy, call, asked):
    assert call(ptvsd) in (None, True)
    assert debugpy.calls == [asked]


@pytest.mark.parametrize("should_trace", [True, False])
def test_a_thread_is_traced_in_a_block(ptvsd, debugpy, should_trace):
    """Whatever ends the block."""
    with pytest.raises(ZeroDivisionError), ptvsd.tracing(should_trace):
        raise ZeroDivisionError

    assert debugpy.calls == [("trace_this_thread", should_trace), ("trace_this_thread", not should_trace)]


def test_scripts_that_ask_for_a_version_get_the_last_one(ptvsd):
    assert ptvsd.__version__ == "4.3.2"

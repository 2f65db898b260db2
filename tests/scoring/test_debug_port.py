"""
AZUREML_DEBUG_PORT: what is said, in which order, and what becomes of a worker whose editor does not listen.

Literals are what the real server 1.5.1 wrote; tests/contract starts it beside ours, with an editor that listens.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading

import pytest
from amlemu.scoring.app import BootFault, ScoringApp
from amlemu.scoring.logs import server_log

SCRIPT = "print('loaded')\ndef init(): ...\ndef run(data): ..."
EXTRA_KEYS = (
    "Found extra keys in the config file that are not supported by the server.\n"
    "Extra keys = ['AZUREML_ENTRY_SCRIPT', 'AZUREML_DEBUG_PORT']"
)
WARNINGS = [
    "!! Starting the inference server in DEBUGGING mode because AZUREML_DEBUG_PORT is set.",
    "!! This environment variable should not be set in a production environment.",
]
CONNECTING = "** Connecting to debugger at port 5678..."


class Debugpy:
    """The functions that are called; says so among the server's lines."""

    def __init__(self, refusal: Exception | None = None) -> None:
        self._refusal = refusal

    def connect(self, port: int) -> None:
        server_log.info(f"connect({port!r})")
        if self._refusal:
            raise self._refusal

    def wait_for_client(self) -> None:
        server_log.info("wait_for_client()")

    def trace_this_thread(self, is_traced: bool) -> None:
        server_log.info(f"trace_this_thread({is_traced})")


class Deaf(Debugpy):
    """One in whose hands a signal's exception would be lost, as in pydevd's; it waits for an editor that never comes."""

    def __init__(self) -> None:
        super().__init__()
        self.is_over = threading.Event()

    def connect(self, port: int) -> None:
        try:
            os.kill(os.getpid(), signal.SIGUSR1)
            self.is_over.wait(10)
        except BaseException:
            self.is_over.wait(1)


@pytest.fixture
def dial(server, write, monkeypatch):
    """Boot the script in a world with this debugpy, None for none; the port may also come from the server's file."""

    def dial(debugpy, port=None, *, dials_debugger=True):
        monkeypatch.setitem(sys.modules, "debugpy", debugpy)
        own = {"AML_APP_ROOT": str(server.folder), "AZUREML_ENTRY_SCRIPT": str(write("score.py", SCRIPT))}
        variables = own if port is None else {**own, "AZUREML_DEBUG_PORT": port}
        app = ScoringApp(variables, dials_debugger=dials_debugger)
        try:
            app.boot()
        finally:
            app.close()

    return dial


def test_the_editor_is_waited_for_after_the_settings_and_before_all_else(server, dial):
    dial(Debugpy(), "5678")

    assert server.texts()[:8] == [
        EXTRA_KEYS,
        *WARNINGS,
        CONNECTING,
        "connect(5678)",
        "wait_for_client()",
        "trace_this_thread(True)",
        "Initializing logger",
    ]
    assert "loaded" in server.texts()


def test_the_lines_are_bare_ones_on_stdout(server, dial):
    """The real server prints them; what is plain and no error goes to stdout."""
    dial(Debugpy(), "5678")

    assert server.said[1:4] == [("amlemu.plain", "INFO", text) for text in (*WARNINGS, CONNECTING)]


def test_a_signal_is_heard_while_the_editor_is_waited_for(dial):
    """Whatever debugpy does with exceptions; SIGINT and SIGQUIT end a worker so."""
    deaf, before = Deaf(), signal.signal(signal.SIGUSR1, lambda *_: sys.exit(7))
    try:
        with pytest.raises(SystemExit) as left:
            dial(deaf, "5678")
    finally:
        deaf.is_over.set()
        signal.signal(signal.SIGUSR1, before)

    assert left.value.code == 7


def test_the_port_may_stand_in_the_servers_own_file(server, dial):
    """The variable is not the only source: the real server asks its settings."""
    (server.folder / "config.json").write_text(json.dumps({"AZUREML_DEBUG_PORT": 5678}))

    dial(Debugpy())

    assert "connect(5678)" in server.texts()


def test_nobody_dials_who_is_not_told_to(server, dial):
    """Under `amlemu serve` the same variable is the host's affair."""
    dial(Debugpy(), "5678", dials_debugger=False)

    assert server.texts()[:2] == [EXTRA_KEYS, "Initializing logger"]


@pytest.mark.parametrize("port", ["0", "-0", "0.0"])
def test_port_0_is_none(server, dial, port):
    """It is false in Python, and so the real server starts as ever."""
    dial(None, port)

    assert server.texts()[:2] == [EXTRA_KEYS, "Initializing logger"]


def test_without_debugpy_the_worker_leaves_with_255(server, dial):
    """sys.exit(-1): no code that gunicorn takes for a failure to boot."""
    with pytest.raises(SystemExit) as left:
        dial(None, "5678")

    assert left.value.code == -1
    assert server.texts() == [
        EXTRA_KEYS,
        *WARNINGS,
        "** Cannot connect to a debugger because debugpy is not installed.",
    ]


@pytest.mark.parametrize(
    ("refusal", "what"),
    [
        pytest.param(
            ConnectionRefusedError(111, "Connection refused"), "[Errno 111] Connection refused", id="nobody-listens"
        ),
        pytest.param(ValueError("invalid port number"), "invalid port number", id="no-such-port"),
    ],
)
def test_an_editor_that_cannot_be_reached_stops_the_boot_before_the_script(server, dial, refusal, what):
    """The worker's gunicorn tells it as any exception that it does not expect: a traceback, and the bare message."""
    with pytest.raises(BootFault) as stopped:
        dial(Debugpy(refusal), "5678")

    fault = stopped.value.fault
    assert (fault.phase, fault.kind) == ("debugger", type(refusal).__name__)
    assert fault.what == f"AZUREML_DEBUG_PORT=5678: no debugger can be reached there: {what}"
    assert server.texts("gunicorn.error")[0].startswith(
        "Exception in worker process\nTraceback (most recent call last)"
    )
    assert server.said[-1] == ("amlemu.plain", "ERROR", what)
    assert "loaded" not in server.texts()


@pytest.mark.parametrize("port", ["", "x", "5678.5", "1e3"])
def test_a_port_that_is_no_integer_is_a_bad_setting(server, dial, port):
    """As any other setting; nothing is said of debugging."""
    with pytest.raises(BootFault) as stopped:
        dial(Debugpy(), port)

    assert stopped.value.fault.phase == "config"
    assert not any(text.startswith(("!!", "**")) for text in server.texts())

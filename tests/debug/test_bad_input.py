"""What goes wrong before and while somebody debugs: each case says what to do, and nothing hangs or is left behind."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time

import pytest
from amlemu.errors import UsageError
from amlemu.events import DebuggerLeft, WorkerResumed

from ..free_port import free_port
from .conftest import RUN, Desk
from .dap import Editor

SCRIPT = "def init(): pass\ndef run(data):\n    return 1\n"


def test_port_that_is_taken_names_its_holder(finish, write):
    """And a free one."""
    write("score.py", SCRIPT)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = finish("serve", "score.py", "--port", "0", "--debug", str(port))

    assert ended.code == 2
    assert re.fullmatch(
        rf"amlemu: port {port}: taken by pid \d+ \(.*\)\. Use --debug \d+, or stop that process\.\n", ended.err
    )


def test_debugpy_missing_in_the_scripts_environment(finish, write, empty_environment):
    """Its interpreter is the one that needs it, not amlemu's."""
    write("score.py", SCRIPT)
    ended = finish("serve", "score.py", "--port", "0", "--debug", "0", "--python", str(empty_environment))
    python = re.search(r"(\S+) -m pip install debugpy", ended.err)

    assert ended.code == 2
    assert python is not None, ended.err
    assert python[1].startswith(str(empty_environment))
    assert "Traceback" not in ended.err


def test_editor_that_vanishes_lets_the_worker_go_on(desk: Desk):
    """Within a second, not for ever: its connection is gone, so nobody can continue."""
    desk.serve()
    desk.attach(RUN)
    answer = desk.ask(5)
    desk.editor.stopped()
    began = time.monotonic()
    desk.editor.vanish()

    assert answer.result().json() == {"y": 15}
    assert time.monotonic() - began < 1.0
    desk.until_told(DebuggerLeft)
    assert desk.told(WorkerResumed)


def test_second_editor_is_refused_and_the_first_one_stays(desk: Desk):
    """Soon, in words of debugpy's own."""
    desk.serve()
    desk.attach(RUN)
    with Editor() as second:
        began = time.monotonic()
        with pytest.raises(AssertionError, match="attach: "):
            second.attach(desk.port)
        assert time.monotonic() - began < 4.0
    answer = desk.ask(5)
    desk.editor.stopped().go_on()

    assert answer.result().json() == {"y": 15}


@pytest.mark.parametrize("backend", [{"backend": "inprocess"}, {"engine": "azmlinfsrv"}])
def test_backends_that_cannot_be_debugged_say_so(desk: Desk, backend):
    """One that is not ours has a variable of its own, AZUREML_DEBUG_PORT."""
    with pytest.raises(UsageError, match="cannot be debugged this way"):
        desk.serve(**backend, reload=False)


def test_public_address_needs_a_flag_and_is_warned_of(start, write):
    """Whoever reaches a debug port runs what he likes."""
    write("score.py", SCRIPT)
    command = start("serve", "score.py", "--port", "0", "--debug", "0", "--debug-host", "0.0.0.0")
    command.until_said("--debug-host 0.0.0.0: whoever reaches it can run any code on this machine.")

    assert "debug    0.0.0.0:" in command.err
    assert '"connect": {"host": "127.0.0.1"' in command.err


def test_it_listens_on_loopback_alone(start, write):
    """Without that flag; asked of the kernel."""
    write("score.py", SCRIPT)
    port = free_port()
    start("serve", "score.py", "--port", "0", "--debug", str(port)).until_said("debug    127.0.0.1")
    listening = [line.split()[3] for line in _listeners() if line.split()[3].endswith(f":{port}")]

    assert listening == [f"127.0.0.1:{port}"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_behind(start, write, number):
    """Neither workers, nor the adapter, which detaches itself from whoever has started it."""
    write("score.py", SCRIPT)
    port = free_port()
    command = start("serve", "score.py", "--port", "0", "--debug", str(port))
    command.until_said("debug    127.0.0.1")
    with Editor() as editor:
        editor.attach(port)
        command.send(number)
        command.finish()
    deadline = time.monotonic() + 5
    while command.left_behind() and time.monotonic() < deadline:
        time.sleep(0.02)

    left = [one for one in command.left_behind() if one.startswith("pid")]
    assert left == []


def test_start_is_not_held_up_by_an_editor_that_never_answers(desk: Desk):
    """A port scanner connects and says nothing: workers do not wait for that."""
    desk.serve()
    with socket.create_connection(("127.0.0.1", desk.port)):
        assert desk.ask(5).result().json() == {"y": 15}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--debug", "70000"), "amlemu: --debug 70000: no such port. Ports are 1 to 65535.\n"),
        (("--debug-connect", "0"), "amlemu: --debug-connect 0: no such port. Ports are 1 to 65535.\n"),
    ],
)
def test_no_such_port(finish, write, words, said):
    """Said before anything starts."""
    write("score.py", SCRIPT)

    assert finish("serve", "score.py", *words).err == said


def test_contradicting_flags(finish, write):
    """Said at once."""
    write("score.py", SCRIPT)

    assert finish("serve", "score.py", "--debug", "--debug-connect", "5678").err == (
        "amlemu: --debug-connect: it dials an editor, or waits for one. Leave out --debug.\n"
    )


def _listeners() -> list[str]:
    code = "import sys; sys.stdout.write(open('/proc/net/tcp').read())"
    table = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    lines = []
    for fields in map(str.split, table.splitlines()[1:]):
        if fields[3] == "0A":
            address, port = fields[1].split(":")
            host = socket.inet_ntoa(bytes.fromhex(address)[::-1])
            lines.append(f"tcp LISTEN - {host}:{int(port, 16)}")
    return lines

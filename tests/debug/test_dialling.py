"""The other way round: an editor listens, and we dial it, as the real server does (contract 3.7, AZUREML_DEBUG_PORT)."""

from __future__ import annotations

import pytest
from amlemu.debugging import DebugRules
from amlemu.errors import BootFailed
from amlemu.events import DebuggerListening, Reloaded

from ..free_port import free_port
from .conftest import MODEL, RUN, Desk


def test_editor_that_listens_is_dialled_and_outlasts_a_save(desk: Desk):
    """One session for all workers, though each of them dials."""
    port = free_port()
    desk.editor.set_breakpoints(desk.script, RUN)
    desk.editor.listen(port)
    desk.serve(rules=DebugRules(connect=port))
    for generation in (1, 2):
        if generation == 2:
            desk.write(MODEL.replace("model = 3", "model = 4"))
            desk.until_told(Reloaded)
        desk.followed()
        answer = desk.ask(2)
        stop = desk.editor.stopped()
        assert stop.evaluate("model") == str(2 + generation)
        stop.go_on()
        assert answer.result().status_code == 200

    (told,) = desk.told(DebuggerListening)
    assert (told.address, told.is_dialled) == (f"127.0.0.1:{port}", True)


def test_variable_of_the_cloud_does_the_same(desk: Desk, start):
    """`amlemu serve` with AZUREML_DEBUG_PORT, as set for a container."""
    port = free_port()
    desk.write()
    desk.editor.set_breakpoints(desk.script, 5)
    desk.editor.listen(port)
    command = start("serve", str(desk.script), "--port", "0", AZUREML_DEBUG_PORT=str(port))
    stop = desk.editor.stopped()

    assert (stop.function, stop.line, stop.path) == ("init", 5, str(desk.script))
    stop.go_on()
    command.until_said(f"debug    127.0.0.1:{port}, one worker at a time")


def test_nobody_listens(desk: Desk):
    """The real server ends with exit code 3 then (contract 3.4); here it says what was expected."""
    port = free_port()

    with pytest.raises(BootFailed) as raised:
        desk.serve(rules=DebugRules(connect=port))
    assert raised.value.exit_code == 3
    assert str(raised.value) == (
        f"no debugger listens at 127.0.0.1:{port}: [Errno 111] Connection refused. Start the editor's entry that listens"
        " before amlemu."
    )


def test_nobody_listens_where_the_variable_says(finish, write):
    """The same words, and the exit code, of the command."""
    write("score.py", "def init(): pass\ndef run(data): pass\n")
    ended = finish("serve", "score.py", "--port", "0", AZUREML_DEBUG_PORT=str(port := free_port()))

    assert ended.code == 3
    assert ended.err.startswith(f"amlemu: no debugger listens at 127.0.0.1:{port}:")


def test_variable_that_is_no_port(finish, write):
    """Said before anything starts."""
    write("score.py", "def init(): pass\ndef run(data): pass\n")
    ended = finish("serve", "score.py", "--port", "0", AZUREML_DEBUG_PORT="yes")

    assert (ended.code, ended.err) == (2, "amlemu: AZUREML_DEBUG_PORT: 'yes' is no port\n")

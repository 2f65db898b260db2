"""The user's script: found, checked, called; nothing of HTTP."""

from __future__ import annotations

import contextlib
import sys
import textwrap
import threading
import traceback

import pytest
from amlemu.scoring.faults import FunctionMissing, ScriptFault, ScriptNotImported, ScriptRaised, ScriptTimedOut
from amlemu.scoring.script import UserScript

NO_LIMIT = 0


@pytest.fixture
def make(tmp_path):
    """Write a script and return it, not yet loaded."""

    def make(text, name="score.py"):
        (tmp_path / name).write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return UserScript(str(tmp_path / name), str(tmp_path))

    return make


@pytest.fixture
def load(make):
    def load(text):
        script = make(text)
        script.load()
        return script

    return load


def call(script, timeout_ms=NO_LIMIT, **arguments):
    return script.invoke_run(arguments, dict, timeout_ms)


# loading


def test_the_module_has_the_servers_name_and_is_not_registered(load):
    """A class pickled from it is not found again, as in the cloud."""
    script = load("def init(): ...\ndef run(data): return __name__")

    assert call(script, data="").output == "entry_module"
    assert "entry_module" not in sys.modules


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("1 / 0", ZeroDivisionError),
        ("def f(:", SyntaxError),
        ("import nothing_there", ModuleNotFoundError),
        ("raise SystemExit(0)", SystemExit),
        ("raise KeyboardInterrupt", KeyboardInterrupt),
    ],
)
def test_a_top_level_that_raises_is_a_fault_with_its_cause(make, text, cause):
    with pytest.raises(ScriptNotImported) as caught:
        make(text).load()

    assert type(caught.value.cause) is cause
    assert caught.value.phase == "import"


def test_a_script_that_is_gone_is_a_fault(make, tmp_path):
    script = make("")
    (tmp_path / "score.py").unlink()

    with pytest.raises(ScriptNotImported) as caught:
        script.load()
    assert isinstance(caught.value.cause, FileNotFoundError)


@pytest.mark.parametrize(("text", "name"), [("def run(data): ...", "init"), ("def init(): ...", "run"), ("", "init")])
def test_init_and_run_must_be_there(make, text, name, tmp_path):
    with pytest.raises(FunctionMissing) as caught:
        make(text).load()

    assert str(caught.value) == f"User script at {tmp_path}/score.py does not have a {name}() function defined."
    assert caught.value.hint.startswith(f"Azure ML calls {name}(")


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("def init(): ...\ndef rum(data): ...", "It has rum(); is that meant to be run()?"),
        ("def Init(): ...\ndef run(data): ...", "It has Init(); is that meant to be init()?"),
        ("def init(): ...\ndef predict(data): ...", None),
        ("def init(): ...\nruns = 3", None),
    ],
)
def test_a_name_that_is_nearly_right_is_pointed_out(make, text, question):
    with pytest.raises(FunctionMissing) as caught:
        make(text).load()

    assert caught.value.hint.splitlines()[1:] == ([question] if question else [])


@pytest.mark.parametrize(
    ("signature", "message"),
    [
        ("()", "run() needs to accept an argument for input data."),
        ("(request_headers)", 'run() needs to accept an argument other than "request_headers".'),
        ("(*data)", "run() cannot accept positional-only arguments, *args, or **kwargs."),
        ("(data, **more)", "run() cannot accept positional-only arguments, *args, or **kwargs."),
        ("(data, /)", "run() cannot accept positional-only arguments, *args, or **kwargs."),
    ],
)
def test_a_signature_that_cannot_be_called_is_a_fault(make, signature, message):
    """Literals from contract 4.4."""
    with pytest.raises(ScriptFault) as caught:
        make(f"def init(): ...\ndef run{signature}: ...").load()

    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("definition", "names"),
    [
        ("def run(anything): ...", ["anything"]),
        ("def run(*, data): ...", ["data"]),
        ("def run(data, more=1): ...", ["data", "more"]),
        ("def run(request_headers, data): ...", ["data"]),
        ("class Run:\n    def __call__(self, data): ...\nrun = Run()", ["data"]),
        ("run = lambda data: 1", ["data"]),
        ("async def run(data): ...", ["data"]),
    ],
)
def test_parameters_are_those_that_input_goes_to(load, definition, names):
    script = load(f"def init(): ...\n{definition}")

    assert [parameter.name for parameter in script.parameters] == names
    assert script.style == "text"


def test_run_that_is_no_function_cannot_be_inspected(make):
    with pytest.raises(TypeError):
        make("def init(): ...\nrun = 5").load()


def test_a_driver_gives_way_to_the_module_behind_it(load, tmp_path, monkeypatch):
    """A generated main.py names it `driver_module` (contract 4.12)."""
    (tmp_path / "behind_the_driver.py").write_text("def run(data): return 'inner'")
    monkeypatch.syspath_prepend(tmp_path)
    script = load("import behind_the_driver as driver_module\ndef init(): ...\ndef run(data): return 'outer'")

    assert call(script, data="").output == "inner"
    del sys.modules["behind_the_driver"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("def init(): ...\n\ndef run(): ...", "score.py:3"),
        ("def run(data): ...", "score.py:1"),
        ("import functools\ndef init(): ...\nrun = functools.partial(print)", "score.py:1"),
    ],
)
def test_the_place_is_runs_line_where_it_is_known(make, text, place):
    script = make(text)
    with pytest.raises(ScriptFault):
        script.load()

    assert script.place == place


# calling


def test_init_is_called_once_and_run_for_every_request(load):
    script = load(
        """
        calls = []
        def init(): calls.append("init")
        def run(data): calls.append(data); return list(calls)
        """
    )
    script.invoke_init()

    assert call(script, data="a").output == ["init", "a"]
    assert call(script, data="b").output == ["init", "a", "b"]


@pytest.mark.parametrize(
    "statement", ["1 / 0", "raise SystemExit", "raise KeyboardInterrupt", "raise type('Own', (BaseException,), {})"]
)
def test_whatever_init_raises_is_a_fault(load, statement):
    with pytest.raises(ScriptRaised):
        load(f"def init(): {statement}\ndef run(data): ...").invoke_init()


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("1 / 0", ScriptRaised),
        ("raise StopIteration", ScriptRaised),
        ("raise MemoryError", ScriptRaised),
        ("raise TimeoutError", ScriptTimedOut),
        ("import socket; raise socket.timeout", ScriptTimedOut),
        ("raise SystemExit", SystemExit),
        ("raise KeyboardInterrupt", KeyboardInterrupt),
        ("raise GeneratorExit", GeneratorExit),
    ],
)
def test_what_run_raises_is_told_apart(load, statement, kind):
    """Exceptions are the script's; a TimeoutError of its own looks like ours; the rest passes through (contract 4.7)."""
    script = load(f"def init(): ...\ndef run(data): {statement}")

    with pytest.raises(kind) as caught:
        call(script, data="", timeout_ms=3600000)
    if kind is ScriptTimedOut:
        assert caught.value.timeout_ms == 3600000


def test_headers_are_made_only_for_those_who_ask(load):
    plain = load("def init(): ...\ndef run(data): return data")
    assert plain.invoke_run({"data": 1}, lambda: pytest.fail("nobody asked"), NO_LIMIT).output == 1

    curious = load("def init(): ...\ndef run(data, request_headers): return request_headers")
    assert curious.invoke_run({"data": 1}, lambda: {"Host": "h"}, NO_LIMIT).output == {"Host": "h"}


def test_the_time_is_runs_own(load):
    result = call(load("import time\ndef init(): ...\ndef run(data): return time.perf_counter_ns()"), data="")

    assert 0 <= result.elapsed_ms < 1000


# the time limit


def test_a_limit_interrupts_run(load):
    """By SIGALRM, in the main thread."""
    script = load("import signal\ndef init(): ...\ndef run(data): signal.pause()")

    with pytest.raises(ScriptTimedOut) as caught:
        call(script, data="", timeout_ms=20)
    assert (caught.value.timeout_ms, type(caught.value.cause)) == (20, TimeoutError)


def test_a_script_may_catch_the_limit_and_is_not_asked_again(load):
    """The alarm fires once (contract 4.8)."""
    script = load(
        """
        import signal, time
        def init(): ...
        def run(data):
            try:
                signal.pause()
            except TimeoutError:
                return signal.getitimer(signal.ITIMER_REAL)
        """
    )

    assert call(script, data="", timeout_ms=20).output == (0.0, 0.0)


def test_no_limit_sets_no_alarm(load):
    script = load("import signal\ndef init(): ...\ndef run(data): return signal.getitimer(signal.ITIMER_REAL)")

    assert call(script, data="", timeout_ms=0).output == (0.0, 0.0)
    remaining, interval = call(script, data="", timeout_ms=50000).output
    assert 49 < remaining <= 50
    assert interval == 0


def test_the_alarm_is_put_back(load):
    """A script of the person's own may use SIGALRM outside of run()."""
    import signal

    before = signal.getsignal(signal.SIGALRM)
    call(load("def init(): ...\ndef run(data): 1"), data="", timeout_ms=1000)

    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_off_the_main_thread_there_is_no_limit(load):
    """As the real server on a thread: SIGALRM belongs to the main one."""
    script = load("import threading\ndef init(): ...\ndef run(data): threading.Event().wait(0.05); return 1")
    results = []
    thread = threading.Thread(target=lambda: results.append(call(script, data="", timeout_ms=1).output))
    thread.start()
    thread.join()

    assert results == [1]


# whoever looks where it raised


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("raise KeyError('a')", id="top-level"),
        pytest.param("def init(): raise KeyError('a')\ndef run(data): ...", id="init"),
        pytest.param("def init(): ...\ndef run(data): raise KeyError('a')", id="run"),
    ],
)
def test_what_the_script_raises_can_be_looked_at(tmp_path, text):
    """With its frames, before anything is made of it; once."""
    (tmp_path / "score.py").write_text(text)
    seen = []
    script = UserScript(str(tmp_path / "score.py"), str(tmp_path), seen.append)
    with contextlib.suppress(ScriptFault):
        script.load()
        script.invoke_init()
        call(script, data="")

    [error] = seen
    frames = traceback.extract_tb(error.__traceback__)
    assert (type(error), frames[-1].filename) == (KeyError, str(tmp_path / "score.py"))


@pytest.mark.parametrize(
    ("text", "timeout_ms"),
    [
        pytest.param("def run(data): return 1", NO_LIMIT, id="an-answer"),
        pytest.param("def run(data):\n    while True: pass", 50, id="a-timeout"),
        pytest.param("def run(data): raise SystemExit(3)", NO_LIMIT, id="an-exit"),
    ],
)
def test_what_is_no_fault_of_run_is_not_looked_at(tmp_path, text, timeout_ms):
    """Nobody wants to stop at the server's own limit, nor at a script that leaves."""
    (tmp_path / "score.py").write_text(f"def init(): ...\n{text}")
    seen = []
    script = UserScript(str(tmp_path / "score.py"), str(tmp_path), seen.append)
    script.load()
    with contextlib.suppress(ScriptTimedOut, SystemExit):
        call(script, timeout_ms, data="")

    assert seen == []

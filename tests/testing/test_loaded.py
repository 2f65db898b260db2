"""A script in this process: called as the real server calls it, and what it leaves behind when it goes."""

from __future__ import annotations

import asyncio
import bdb
import builtins
import logging
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from amlemu import deployment
from amlemu.errors import BootFailed, ScoringFailed
from amlemu.testing.loaded import LoadedScript
from amlemu.testing.residence import ProcessEnded

Load = Callable[..., LoadedScript]
GOOD = """
    import json

    factor = 2

    def init():
        global calls
        calls = 0

    def run(data):
        global calls
        calls += 1
        return {"sum": factor * sum(json.loads(data)["data"]), "calls": calls}
"""


@pytest.fixture
def load(write: Callable[[str, str], Path]) -> Iterator[Load]:
    """Load a script's text; `name` is its file, the rest is as `deployment.from_script` takes it."""
    loaded: list[LoadedScript] = []

    def load(text: str, name: str = "score.py", **wishes: Any) -> LoadedScript:
        served = deployment.from_script(write(name, text), **wishes)
        script = LoadedScript(served, f"test-{os.getpid()}-{len(loaded)}", sys.path)
        loaded.append(script)
        return script.load()

    yield load
    for script in loaded:
        script.close()


def test_run_takes_a_payload_and_returns_what_run_returned(load: Load) -> None:
    """A value goes as JSON, text and bytes are the body itself; what comes back is no text of JSON."""
    script = load(GOOD)

    assert script.run({"data": [1, 2]}) == {"sum": 6, "calls": 1}
    assert script.run('{"data": [1]}') == {"sum": 2, "calls": 2}
    assert script.run(b'{"data": [2]}')["sum"] == 4
    assert script.run(data=b'{"data": [3]}', content_type="text/plain")["sum"] == 6


def test_run_returns_what_json_could_not_carry(load: Load) -> None:
    """An array, say: the server would answer 500, the client tells that."""
    script = load("def init(): ...\ndef run(data): return {1, 2}")

    assert script.run("x") == {1, 2}


def test_arguments_are_converted_as_the_server_does(load: Load) -> None:
    """By inference-schema, for a script that uses it; and its refusal is the server's answer, run() is not called."""
    script = load(
        """
        import numpy as np
        from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
        from inference_schema.schema_decorators import input_schema

        def init(): ...

        @input_schema("rows", NumpyParameterType(np.array([[1.0, 2.0]])))
        def run(rows):
            return rows
        """
    )

    assert script.run({"rows": [[3, 4]]}).tolist() == [[3.0, 4.0]]
    with pytest.raises(ScoringFailed, match="400") as raised:
        script.run({"columns": []})
    assert raised.value.status == 400


def test_headers_reach_the_script(load: Load) -> None:
    """Through the parameter that the server knows."""
    script = load("def init(): ...\ndef run(data, request_headers): return request_headers")

    assert script.run("x", headers={"X-Tenant": "blue"})["X-Tenant"] == "blue"


def test_what_run_raises_travels_with_the_scripts_own_traceback(load: Load) -> None:
    """Its first frame is the script's."""
    script = load("def init(): ...\ndef run(data): return inner(data)\ndef inner(data): raise KeyError(data)")

    with pytest.raises(KeyError, match="abc") as raised:
        script.run("abc")

    names = [frame.name for frame in traceback.extract_tb(raised.value.__traceback__)]
    assert names[-2:] == ["run", "inner"]
    assert raised.value.__context__ is None


def test_a_way_out_of_run_is_raised_too(load: Load) -> None:
    """sys.exit() would cost the server's worker; in a test it is an exception like others."""
    script = load("import sys\ndef init(): ...\ndef run(data): sys.exit(int(data))")

    with pytest.raises(SystemExit) as raised:
        script.run("7")

    assert raised.value.code == 7


def test_the_module_can_be_changed_and_restore_puts_it_back(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the script itself has changed stays: it is the same script for the next test."""
    script = load(GOOD)
    monkeypatch.setattr(script.module, "factor", 10)
    script.module.extra = 1

    assert script.run({"data": [1]}) == {"sum": 10, "calls": 1}
    script.restore()

    assert script.run({"data": [1]}) == {"sum": 2, "calls": 2}
    assert not hasattr(script.module, "extra")


def test_another_run_can_be_put_in_its_place(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """As anything else of the module."""
    script = load(GOOD)
    monkeypatch.setattr(script.module, "run", lambda data: f"not {data}")

    assert script.run("x") == "not x"


def test_variables_of_a_test_reach_the_script(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what the script sets is gone when it is restored."""
    script = load(
        """
        import os

        def init():
            os.environ["OF_INIT"] = "1"

        def run(data):
            os.environ["OF_RUN"] = "1"
            return os.environ.get("OF_TEST"), os.environ.get("OF_INIT")
        """
    )
    monkeypatch.setenv("OF_TEST", "seen")

    assert script.run("x") == ("seen", "1")
    script.restore()
    assert "OF_INIT" not in os.environ
    assert "OF_RUN" not in os.environ


def test_the_process_has_its_own_world_between_calls(load: Load) -> None:
    """Folder, import path, print and loggers are the script's while it runs, and only then."""
    before = os.getcwd(), list(sys.path), builtins.print, logging.getLogger("azmlinfsrv").handlers[:]
    script = load("import builtins, os\ndef init(): ...\ndef run(data): return os.getcwd(), builtins.print")

    folder, script_print = script.run("x")

    assert folder == os.path.dirname(script.module.__file__ or "")
    assert script_print is not before[2]
    assert (os.getcwd(), list(sys.path), builtins.print, logging.getLogger("azmlinfsrv").handlers[:]) == before


def test_scripts_of_the_same_name_have_modules_of_their_own(load: Load, write: Callable[[str, str], Path]) -> None:
    """Each its own `helper`; nobody has any of them when the test is over."""
    text = "import helper\ndef init(): ...\ndef run(data): return helper.name"
    for name in ("one", "other"):
        write(f"{name}/helper.py", f"name = {name!r}")
    one, other = load(text, "one/score.py"), load(text, "other/score.py")

    assert (other.run("x"), one.run("x"), other.run("x")) == ("other", "one", "other")
    other.restore()
    assert "helper" not in sys.modules


def test_print_is_shown_where_pytest_captures_it(load: Load, capsys: pytest.CaptureFixture[str]) -> None:
    """With the server's logger between, which drops `end`; and remembered with its request."""
    script = load("def init(): print('up')\ndef run(data): print('got', data, end='')\n")

    script.run("x")

    assert capsys.readouterr().out == "up\ngot x\n"
    assert [one.text for one in script.said if one.logger == "azmlinfsrv.print"] == ["up", "got x"]


def test_a_loop_of_the_scripts_own_runs_under_a_loop_of_the_test(load: Load) -> None:
    """Under the real server no loop runs in the worker."""
    script = load(
        "import asyncio\ndef init(): ...\ndef run(data): return asyncio.run(inner())\nasync def inner(): return 5"
    )

    async def test() -> Any:
        return script.run("x")

    assert asyncio.run(test()) == 5


def test_calls_of_several_threads_come_one_after_the_other(load: Load) -> None:
    """As in a worker."""
    script = load(
        "import time\ninside = 0\ndef init(): ...\ndef run(data):\n    global inside\n    inside += 1\n    time.sleep(0.002)\n    found, inside = inside, inside - 1\n    return found"
    )
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(script.run("x"))) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [1] * 8


@pytest.mark.parametrize(
    ("text", "what", "cause"),
    [
        (
            "import nothing_of_this_name\ndef init(): ...\ndef run(data): ...",
            "nothing_of_this_name",
            ModuleNotFoundError,
        ),
        ("def init(): raise KeyError('weights')\ndef run(data): ...", "init() raised KeyError: 'weights'", KeyError),
        ("def init(): ...\n", "run", None),
        ("def init(:", "invalid syntax", SyntaxError),
        ("import sys\ndef init(): sys.exit(4)\ndef run(data): ...", "init() called sys.exit(4)", SystemExit),
    ],
    ids=["import", "init", "no run", "syntax", "exit"],
)
def test_a_script_that_does_not_start_says_why(
    load: Load, text: str, what: str, cause: type[BaseException] | None
) -> None:
    """What it raised is the cause, and the process is as before."""
    before = os.getcwd(), list(sys.path), dict(os.environ)

    with pytest.raises(BootFailed) as raised:
        load(text)

    assert what in str(raised.value)
    assert type(raised.value.__cause__) is (cause or type(None))
    assert (
        os.getcwd(),
        list(sys.path),
        {**os.environ, "PYTEST_CURRENT_TEST": before[2].get("PYTEST_CURRENT_TEST")},
    ) == before


def test_a_value_that_is_no_json_is_told_with_what_to_do(load: Load) -> None:
    """An array has to be made a list by whoever sends it, as for any client."""
    script = load(GOOD)

    with pytest.raises(TypeError, match=r"ndarray is not JSON serializable: .*\.tolist\(\).*data="):
        script.run({"data": np.array([1])})


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("raise KeyboardInterrupt", KeyboardInterrupt),
        ("import pytest; pytest.skip('not here')", pytest.skip.Exception),
        ("import pytest; pytest.exit('enough')", pytest.exit.Exception),
        ("import bdb; raise bdb.BdbQuit", bdb.BdbQuit),
    ],
)
@pytest.mark.parametrize("where", ["init", "run"])
def test_what_is_none_of_the_scripts_business_reaches_the_test(
    load: Load, line: str, error: type[BaseException], where: str
) -> None:
    """Ctrl-C, the end of a debugger, a time limit of the test; and what would end the process, and all tests with it."""
    bodies = {"init": "pass", "run": "pass", where: line}
    text = f"def init(): {bodies['init']}\ndef run(data): {bodies['run']}"

    with pytest.raises(error):
        load(text).run("x")


def test_a_timer_of_the_test_goes_on(load: Load) -> None:
    """pytest-timeout's, for one: it ends a run that takes too long, and it is there after one that does not."""
    script = load("import time\ndef init(): ...\ndef run(data): time.sleep(float(data))")

    def too_long(number: int, frame: Any) -> None:
        raise RuntimeError("too long")

    previous = signal.signal(signal.SIGALRM, too_long)
    try:
        signal.setitimer(signal.ITIMER_REAL, 30)
        script.run("0")
        assert 20 < signal.getitimer(signal.ITIMER_REAL)[0] <= 30
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        began = time.monotonic()
        with pytest.raises(RuntimeError, match="too long"):
            script.run("10")
        assert time.monotonic() - began < 5
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def test_the_servers_own_limit_is_kept(load: Load) -> None:
    """SCORING_TIMEOUT_MS ends a run as in the cloud, and the test's timer outlives it."""
    script = load(
        "import time\ndef init(): ...\ndef run(data): time.sleep(10)", environment={"SCORING_TIMEOUT_MS": "50"}
    )
    signal.setitimer(signal.ITIMER_REAL, 30)
    try:
        with pytest.raises(TimeoutError):
            script.run("x")
        assert 20 < signal.getitimer(signal.ITIMER_REAL)[0] < 29.98, "the run has taken 0.05 s of it"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def test_models_lie_where_the_cloud_has_them(load: Load, tmp_path: Path) -> None:
    """By links, for the time that the script is there."""
    (tmp_path / "weights.json").write_text("[1, 2]")
    script = load(
        """
        import os
        from pathlib import Path

        def init(): ...

        def run(data):
            return Path(os.environ["AZUREML_MODEL_DIR"], "weights.json").read_text()
        """,
        models={"weights:3": tmp_path / "weights.json"},
    )

    assert script.run("x") == "[1, 2]"
    script.close()
    assert not list(tmp_path.glob(".amlemu/*"))


def test_what_init_has_set_is_there_in_the_next_test(load: Load) -> None:
    """Each test begins with what init() has left."""
    script = load("import os\ndef init(): os.environ['OF_INIT'] = '1'\ndef run(data): return os.environ.get('OF_INIT')")
    script.restore()

    assert script.run("x") == "1"


def test_no_bytecode_is_written_beside_the_script(
    load: Load, write: Callable[[str, str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be taken for that of another script that a test writes there within the second."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    write("beside.py", "")
    load("import beside\ndef init(): ...\ndef run(data): ...")

    assert not list(tmp_path.rglob("__pycache__"))
    assert not sys.dont_write_bytecode


def test_nothing_is_left_in_the_import_system(write: Callable[[str, str], Path]) -> None:
    """The finders that a script needs go with it."""
    before = list(sys.meta_path)
    script = LoadedScript(deployment.from_script(write("score.py", GOOD)), f"test-{os.getpid()}-left", sys.path).load()

    script.close()

    assert sys.meta_path == before


def test_a_script_that_swallows_its_end_has_ended_all_the_same(load: Load) -> None:
    """A bare except does not make os._exit() harmless."""
    script = load(
        "import os\ndef init(): ...\ndef run(data):\n    try:\n        os._exit(4)\n    except:\n        return 1"
    )

    with pytest.raises(ProcessEnded, match=r"os\._exit\(4\)"):
        script.run("x")


def test_a_script_that_ends_its_process_in_init_does_not_start(load: Load) -> None:
    """The real server would leave with that code."""
    with pytest.raises(BootFailed, match=r"it called os\._exit\(4\).*target=\"worker\"") as raised:
        load("import os\ndef init(): os._exit(4)\ndef run(data): ...")

    assert raised.value.exit_code == 4

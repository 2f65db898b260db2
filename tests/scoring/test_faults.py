"""What went wrong in a script, in plain words: what, where, what to do, and its traceback without ours."""

from __future__ import annotations

import os
import sys
import textwrap
import traceback

import pytest
from amlemu.scoring import codec, compat, faults
from amlemu.scoring.faults import FunctionMissing, ScriptNotImported, ScriptRaised, ScriptTimedOut


@pytest.fixture
def raised(tmp_path):
    """Run the text of a script and return what it raised."""

    def raised(text, name="score.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        with pytest.raises(BaseException) as caught:  # noqa: PT011  # any, SystemExit too
            exec(compile(path.read_text(), str(path), "exec"), {})
        return caught.value

    return raised


@pytest.mark.parametrize(
    ("text", "phase", "what", "where"),
    [
        pytest.param(
            "1 / 0",
            "import",
            "importing the script raised ZeroDivisionError: division by zero",
            "score.py:1",
            id="import",
        ),
        pytest.param("x = 1\nraise ValueError()", "init", "init() raised ValueError", "score.py:2", id="no-text"),
        pytest.param(
            "raise ValueError('  two\\nlines ')", "run", "run() raised ValueError: two", "score.py:1", id="lines"
        ),
        pytest.param(
            "raise SystemExit",
            "init",
            "init() called sys.exit(None); a scoring script must return",
            "score.py:1",
            id="exit",
        ),
        pytest.param(
            "raise SystemExit('no model')",
            "run",
            "run() called sys.exit('no model'); a scoring script must return",
            "score.py:1",
            id="exit-with-text",
        ),
        pytest.param("def f(:\n", "import", "not valid Python: invalid syntax", "score.py:1", id="syntax"),
        pytest.param(
            "import json\njson.loads('')",
            "run",
            "run() raised JSONDecodeError: Expecting value: line 1 column 1 (char 0)",
            "score.py:2",
            id="in-a-library",
        ),
    ],
)
def test_a_fault_says_what_and_where(raised, tmp_path, text, phase, what, where):
    """The place is the script's own last line, not the library's below it."""
    fault = faults.describe(raised(text), phase, str(tmp_path))

    assert (fault.phase, fault.what, fault.where) == (phase, what, where)


def test_a_missing_module_is_told_with_the_interpreter_and_the_remedy(raised, tmp_path):
    fault = faults.describe(raised("import no_such_thing"), "import", str(tmp_path))

    assert fault.what == f"the script needs the module 'no_such_thing', which is not installed for {sys.executable}"
    assert fault.hint.startswith("Install it there, or choose the environment that has it with --python; ")


@pytest.mark.parametrize(
    ("module", "package"),
    [("flask", "flask"), ("werkzeug.wrappers", "flask"), ("inference_schema.schema_decorators", "inference-schema")],
)
def test_what_the_clouds_server_brings_along_is_told_as_such(module, package):
    """One sentence: the cloud has it, this environment lacks it, this installs it."""
    fault = faults.describe(ModuleNotFoundError("no", name=module), "import", "/app")

    top = module.partition(".")[0]
    assert (
        fault.what
        == f"the script needs {top}, which the cloud's server brings along but this environment lacks: {sys.executable} -m pip install {package}"
    )
    assert fault.hint == ""


def test_what_of_azureml_core_is_not_served_is_told_with_the_remedy(raised, tmp_path):
    """`ModuleNotFoundError` alone would name no reason: azureml.core is there."""
    compat.install()
    try:
        by_module = faults.describe(raised("from azureml.core.run import Run"), "import", str(tmp_path))
        by_function = faults.describe(raised("from azureml.core import get_run"), "import", str(tmp_path))
        by_class = faults.describe(raised("from azureml.core import Run"), "import", str(tmp_path))
        of_another = faults.describe(raised("import azureml.automl"), "import", str(tmp_path))
    finally:
        compat.uninstall()

    assert by_module.hint.startswith("azureml.core.run is not emulated. azureml.core is served by amlemu, because ")
    assert by_function.hint.startswith("azureml.core is not emulated. azureml.core is served by amlemu, because ")
    assert "azureml.core.Run is not emulated. " in by_class.what
    assert by_class.hint == ""
    assert of_another.hint.startswith("Install it there, ")


def test_a_missing_file_is_told_with_what_is_there(raised, tmp_path, monkeypatch):
    """`missing.py` knows how; scripts of every phase fail so."""
    monkeypatch.setenv("AZUREML_MODEL_DIR", str(tmp_path))
    (tmp_path / "model.pkl").write_text("")
    fault = faults.describe(raised(f"open('{tmp_path}/modle.pkl')"), "run", str(tmp_path))

    assert f"Did you mean {tmp_path}/model.pkl?" in fault.hint.splitlines()


def test_a_module_that_is_missing_in_a_package_is_not_to_be_installed(raised, tmp_path, monkeypatch):
    """The package is there: a helper was renamed, or the name is another one."""
    (tmp_path / "lib_of_mine").mkdir()
    (tmp_path / "lib_of_mine" / "helpers.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    fault = faults.describe(raised("import lib_of_mine.helper"), "import", str(tmp_path))

    assert fault.what == "there is no module 'lib_of_mine.helper' in the package 'lib_of_mine'"
    assert fault.hint == "It has helpers; is that meant?"


def test_a_missing_module_without_name_is_an_ordinary_exception():
    """A script may raise one of its own."""
    assert (
        faults.describe(ModuleNotFoundError("mine"), "init", "/app").what == "init() raised ModuleNotFoundError: mine"
    )


def test_a_breakpoint_that_finds_no_debugger_says_how_to_have_one(raised, tmp_path):
    """BdbQuit, for the script has no keyboard; one of another kind is the script's own."""
    found = faults.describe(raised("import bdb\nraise bdb.BdbQuit"), "run", str(tmp_path))
    of_its_own = faults.describe(raised("class BdbQuit(Exception): ...\nraise BdbQuit"), "run", str(tmp_path))

    assert found.hint == (
        "breakpoint() found no debugger, here or in the cloud. Serve with --debug and attach an editor, or with --pdb."
    )
    assert of_its_own.hint == ""


def test_places_are_short_inside_the_app_root_and_whole_outside(raised, tmp_path):
    error = raised("1 / 0", "sub/score.py")

    assert faults.describe(error, "run", str(tmp_path)).where == os.path.join("sub", "score.py:1")
    assert faults.describe(error, "run", "/elsewhere").where == f"{tmp_path}/sub/score.py:1"


def test_an_exception_that_was_never_raised_has_no_place():
    assert faults.describe(ValueError("x"), "run", "/app").where == ""


def test_the_traceback_keeps_causes_and_loses_our_frames(raised):
    """What is above the script's first frame is ours; what is below is whole."""
    error = raised(
        """
        def load():
            raise KeyError("weights")

        try:
            load()
        except KeyError as error:
            raise RuntimeError("cannot load") from error
        """
    )
    try:
        raise ScriptRaised(error) from error
    except ScriptRaised as wrapped:
        shown = faults.user_traceback(wrapped.cause)

    lines = shown.splitlines()
    assert [line for line in lines if line.startswith(("KeyError", "RuntimeError", "The above"))] == [
        "KeyError: 'weights'",
        "The above exception was the direct cause of the following exception:",
        "RuntimeError: cannot load",
    ]
    assert '    raise KeyError("weights")' in lines
    assert os.path.dirname(faults.__file__) not in shown


def test_the_context_of_an_exception_is_kept_and_can_be_hidden(raised):
    """As Python prints it: `from None` hides what was handled."""
    text = "try:\n    1 / 0\nexcept ZeroDivisionError:\n    raise ValueError('no'){}"

    assert "During handling of the above exception" in faults.user_traceback(raised(text.format("")))
    assert "ZeroDivisionError" not in faults.user_traceback(raised(text.format(" from None")))


@pytest.mark.parametrize("is_cause", [True, False])
def test_our_frames_are_cut_from_causes_and_contexts_too(is_cause):
    """An exception that began in us keeps its words, not our lines."""
    try:
        try:
            codec.media_type(None)  # type: ignore[arg-type]  # raises in a frame of ours
        except AttributeError as error:
            raise ValueError("outer") from (error if is_cause else error.__cause__)
    except ValueError as error:
        error.__suppress_context__ = False
        shown = faults.user_traceback(error)

    assert "AttributeError: 'NoneType'" in shown
    assert os.path.dirname(faults.__file__) not in shown


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            FunctionMissing("init", "/app/score.py"),
            "azureml_inference_server_http.server.user_script.UserScriptError: User script at /app/score.py does not have a init() function defined.",
        ),
        (
            ScriptRaised(ValueError()),
            "azureml_inference_server_http.server.user_script.UserScriptException: Caught an unhandled exception from the user script",
        ),
        (
            ScriptNotImported(ValueError()),
            "azureml_inference_server_http.server.user_script.UserScriptImportException: Failed to import user script because it raised an unhandled exception",
        ),
        (
            ScriptTimedOut(600, TimeoutError()),
            "azureml_inference_server_http.server.user_script.UserScriptTimeout: Script failed to finish execution within the allocated time: 600ms",
        ),
    ],
)
def test_faults_print_under_the_real_servers_names(error, text):
    """As in its log (contract 4.12)."""
    assert traceback.format_exception_only(error) == [text + "\n"]


def test_a_fault_is_plain_data():
    """It crosses a process border as JSON."""
    fault = faults.Fault("run", "ValueError", "it raised")

    assert fault.as_data() == {
        "phase": "run",
        "kind": "ValueError",
        "what": "it raised",
        "where": "",
        "hint": "",
        "traceback": "",
    }


def test_an_exception_of_several_lines_is_told_by_its_message():
    """As azureml-core's are, which print a page; the page itself stands in the traceback."""

    class Verbose(Exception):
        message = "model m is not there"

    error = Verbose("Verbose:\n\tMessage: model m is not there\n\tInnerException None")

    assert faults.describe(error, "init", "/").what == "init() raised Verbose: model m is not there"

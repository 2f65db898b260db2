"""`Model.get_model_path` without azureml-core: what it returns, raises and logs, held against the real one."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from amlemu.worker import bootstrap

REPOSITORY = Path(__file__).resolve().parents[3]


def run(statements):
    """Run statements as a script does and return its names."""
    names = {}
    exec(statements, names)
    return names


FILES = [
    "azureml-models/one/1/m.pkl",
    "azureml-models/one/2/m.pkl",
    "azureml-models/one/10/deep/m.pkl",
    "azureml-models/two/1/a",
    "azureml-models/two/1/b",
    "azureml-models/text/v1/m.pkl",
    "azureml-models/none/",
    "azureml-models/hollow/3/",
    "azureml-models/both/1/m.pkl",
    "both",
    "beside.pkl",
]
CALLS = {
    "latest": ("one",),
    "version": ("one", 2),
    "version-that-is-not-there": ("one", 7),
    "version-as-text": ("one", "2"),
    "two-entries": ("two",),
    "version-is-no-number": ("text",),
    "no-version": ("none",),
    "no-entry": ("hollow",),
    "beside": ("beside.pkl",),
    "beside-with-version": ("beside.pkl", 1),
    "below-and-beside": ("both",),
    "other-version-beside": ("both", 2),
    "nowhere": ("absent",),
    "nowhere-with-version": ("absent", 3),
    "no-name": (None,),
    "no-name-with-version": (None, 1),
    "name-is-no-text": (5,),
    "empty-name": ("",),
    "true": ("one", True),
}
PROGRAM = """
import io, json, logging, os, sys, traceback
from azureml.core.model import MODELS_DIR, Model
import azureml.exceptions
said = io.StringIO()
handler = logging.StreamHandler(said)
handler.setFormatter(logging.Formatter(logging.BASIC_FORMAT))
logging.root.addHandler(handler)
logging.root.setLevel(logging.DEBUG)

def ask(words):
    said.seek(0), said.truncate()
    try:
        answer = Model.get_model_path(*words)
    except Exception as error:
        last = traceback.format_exception_only(type(error), error)
        message = getattr(error, "message", None), getattr(error, "status_code", "none"), error.args
        return last, str(error), repr(error), message, repr(error.__context__), said.getvalue()
    return answer, said.getvalue()

answers = {name: ask(words) for name, words in json.loads(sys.argv[1]).items()}
answers["folder"] = MODELS_DIR
os.environ["SERVICE_NAME"] = "s"
answers["service"] = ask(("one",))
answers["told"] = str(azureml.exceptions.ModelNotFoundException("a\\"\\u00fc", target="t", inner_exception=OSError("x")))
print(json.dumps(answers))
"""
OPENING = f"""
import runpy
runpy.run_path({bootstrap.__file__!r})["open_guest_half"]()
from amlemu.scoring import compat
compat.install()
"""


def core_python() -> str:
    """Return an interpreter that has azureml-core."""
    folder = Path(os.environ.get("AMLEMU_TEST_CORE") or REPOSITORY / ".environments" / "azureml-core")
    if not (folder / "bin" / "python").exists():
        pytest.skip(f"{folder} has no azureml-core. `make test` creates it, or set AMLEMU_TEST_CORE to such a folder.")
    return str(folder / "bin" / "python")


@pytest.fixture(scope="module", params=["root", "relative"])
def both_answers(request, tmp_path_factory):
    """Ask the real one and ours the same, in the same folder."""
    folder = tmp_path_factory.mktemp("app")
    for name in FILES:
        path = folder / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.write_text("")
    home = {"HOME": str(tmp_path_factory.mktemp("home"))}
    variables = {"AML_APP_ROOT": str(folder)} if request.param == "root" else {}

    def ask(python, program):
        command = [python, "-c", program, json.dumps(CALLS)]
        environment = {**variables, **home}
        told = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, timeout=60, check=True)
        return json.loads(told.stdout)

    return ask(core_python(), PROGRAM), ask(sys.executable, OPENING + PROGRAM)


@pytest.mark.parametrize("call", [*CALLS, "service", "folder", "told"])
def test_answers_are_those_of_azureml_core(both_answers, call):
    """Path, or exception with all its texts; and every line of the log."""
    real, ours = both_answers

    assert ours[call] == real[call]


def test_the_real_azureml_core_finds_models_beside_the_code(tmp_path):
    """Its MODELS_DIR is set when it is imported; more is in test_compat_models_folder.py."""
    (tmp_path / "azureml-models" / "m" / "1").mkdir(parents=True)
    (tmp_path / "azureml-models" / "m" / "1" / "a.pkl").write_text("")
    opening = OPENING.replace("install()", f"install({str(tmp_path / 'azureml-models')!r})")
    program = "from azureml.core import Model, Workspace\nprint(Model.get_model_path('m'))"
    variables = {"AML_APP_ROOT": str(tmp_path / "code"), "HOME": str(tmp_path)}
    command = [core_python(), "-c", opening + program]
    told = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60, check=True)

    assert told.stdout == f"{tmp_path}/azureml-models/m/1/a.pkl\n"
    assert "amlemu helps out" in told.stderr


@pytest.fixture
def app(tmp_path, monkeypatch):
    """Enter an app root with files."""

    def app(*files):
        for name in files:
            path = tmp_path / name
            (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
            if not name.endswith("/"):
                path.write_text("")
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("AML_APP_ROOT", str(tmp_path))
        return tmp_path

    return app


def test_the_latest_version_is_a_number_not_a_word(app, installed):
    """Literals from azureml-core 1.61.0, for who has none at hand."""
    folder = app("azureml-models/m/9/a.pkl", "azureml-models/m/10/a.pkl")

    assert (
        run("from azureml.core.model import Model")["Model"].get_model_path("m")
        == f"{folder}/azureml-models/m/10/a.pkl"
    )


NOWHERE = (
    "Model m not found in cache at {0}/azureml-models or in current working directory {0}. "
    "For more info, set logging level to DEBUG."
)


@pytest.mark.parametrize(
    ("words", "files", "kind", "message"),
    [
        (("m",), (), "ModelNotFoundException", NOWHERE),
        (("m",), ("azureml-models/m/1/a", "azureml-models/m/x"), "ValueError", None),
        (("m", 2), ("azureml-models/m/1/a",), "WebserviceException", NOWHERE),
        (
            ("m",),
            ("azureml-models/m/1/a/b", "azureml-models/m/2/"),
            "WebserviceException",
            "Dir {0}/azureml-models/m/2 can contain only 1 file or folder. Found []",
        ),
        (("m",), ("azureml-models/m/",), "WebserviceException", "versions is empty"),
        ((None,), (), "WebserviceException", "model_name is None"),
    ],
)
def test_what_it_raises(app, installed, words, files, kind, message):
    """Literals from azureml-core 1.61.0, for who has none at hand."""
    folder = app(*files)
    model = run("from azureml.core.model import Model")["Model"]
    with pytest.raises(Exception) as caught:  # noqa: PT011  # by its name
        model.get_model_path(*words)

    assert type(caught.value).__name__ == kind
    assert getattr(caught.value, "message", None) == (message and message.format(folder))


def test_a_path_in_the_working_folder_is_returned_as_it_was_given(app, installed):
    """Relative, whatever the version; contract 5.2."""
    app("m/a.pkl")

    assert run("from azureml.core.model import Model")["Model"].get_model_path("m", 3) == "m"


def test_what_the_page_of_2020_says_to_do(app, installed, caplog):
    """`logging.basicConfig(level=logging.DEBUG)`, then print the path."""
    folder = app("azureml-models/my-best-model/1/model.pkl")
    model = run("from azureml.core.model import Model")["Model"]
    with caplog.at_level(logging.DEBUG):
        path = model.get_model_path(model_name="my-best-model")

    told = [record.getMessage() for record in caplog.records if record.name == "azureml.core.model"]
    assert path == f"{folder}/azureml-models/my-best-model/1/model.pkl"
    assert told[0].startswith(
        "RunEnvironmentException: RunEnvironmentException:\n\tMessage: Could not load a submitted run"
    )
    assert told[1:] == ["version is None. Latest version is 1", f"Found model path at {path}"]


def test_errors_are_logged_once_as_the_real_ones(app, installed, caplog):
    """With a line's end of their own."""
    app("score.py")
    names = run("from azureml.core.model import Model\nfrom azureml.exceptions import WebserviceException as Failed")
    with pytest.raises(names["Failed"]):
        names["Model"].get_model_path("m", "1")

    assert caplog.record_tuples == [("azureml.core.model", logging.ERROR, "version should be an int\n")]

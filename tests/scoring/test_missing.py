"""A missing model file is answered with the nearest name and the tree that is there."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from amlemu.scoring import missing

UNSET = (
    "AZUREML_MODEL_DIR is not set, because this deployment has no model. Give it one with --model NAME:VERSION=PATH or "
    "--model-dir FOLDER."
)


def raised(action):
    """Return what an action raises."""
    try:
        action()
    except Exception as error:
        return error
    raise AssertionError("it raised nothing")


class App:
    """A deployment's folders; `model` and `code` are what the two variables name."""

    def __init__(self, folder, monkeypatch):
        self.folder = folder
        self._patch = monkeypatch
        self.model, self.code = folder / "azureml-models" / "iris" / "3", folder / "code"

    def enter(self, *files, model="azureml-models/iris/3", root="code"):
        for name in ("code/score.py", *files):
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")
        self._patch.chdir(self.code)
        self._patch.setenv("AML_APP_ROOT", str(self.folder / root))
        if model is None:
            self._patch.delenv("AZUREML_MODEL_DIR", raising=False)
        else:
            self._patch.setenv("AZUREML_MODEL_DIR", str(self.folder / model))
        return self

    def ask(self, action):
        """Return the hint's lines about an action or an exception, our folder shortened."""
        error = action if isinstance(action, BaseException) else raised(action)
        return missing.hint(error).replace(str(self.folder), "~").splitlines()

    def open(self, path):
        def read():
            with open(path):
                pass

        return self.ask(read)

    def run(self, script):
        """Run the text of a script and return the hint's lines; its traceback has the script's frames only."""
        path = self.code / "score.py"
        path.write_text(script)
        error = raised(lambda: exec(compile(script, str(path), "exec")))
        return self.ask(error.with_traceback(error.__traceback__.tb_next.tb_next))


@pytest.fixture
def app(tmp_path, monkeypatch):
    return App(tmp_path, monkeypatch)


MODEL = ("azureml-models/iris/3/model/model.pkl", "azureml-models/iris/3/labels.txt")
MODEL_TREE = ["AZUREML_MODEL_DIR=~/azureml-models/iris/3:", "  labels.txt", "  model/", "    model.pkl"]
CODE_TREE = ["AML_APP_ROOT=~/code:", "  score.py"]
IRIS = "~/azureml-models/iris/3"


@pytest.mark.parametrize(
    ("path", "near"),
    [
        pytest.param("model.pkl", "model/model.pkl", id="one-folder-deeper"),
        pytest.param("model/labels.txt", "labels.txt", id="one-folder-higher"),
        pytest.param("model/modle.pkl", "model/model.pkl", id="misspelt"),
        pytest.param("model/Model.PKL", "model/model.pkl", id="other-case"),
        pytest.param("model/model.joblib", "model/model.pkl", id="other-kind"),
        pytest.param("weights.pkl", "model/model.pkl", id="the-only-one-of-its-kind"),
        pytest.param("modle", "model/", id="folder"),
        pytest.param("weights.onnx", None, id="nothing-like-it"),
        pytest.param("labels.py", "labels.txt", id="code-is-of-another-kind"),
        pytest.param("score.bin", None, id="no-code-for-a-model"),
    ],
)
def test_a_missing_file_is_told_with_the_nearest(app, path, near):
    """Where it was looked for, what was perhaps meant, and what is there."""
    app.enter(*MODEL)

    meant = [f"Did you mean {IRIS}/{near}?"] if near else []
    assert app.open(app.model / path) == [f"Looked for {IRIS}/{path}.", *meant, *MODEL_TREE]


def test_of_two_files_of_one_name_the_nearer_is_meant(app):
    app.enter(*(f"azureml-models/iris/3/{name}/weights.bin" for name in ("old", "new", "newer")))

    assert f"Did you mean {IRIS}/newer/weights.bin?" in app.open(app.model / "newr" / "weights.bin")


def test_other_models_and_the_code_are_looked_through_as_well(app):
    """The version is wrong; the file lies beside the script."""
    app.enter("azureml-models/iris/2/model.pkl", "azureml-models/iris/3/other.bin", "code/words.txt")

    assert "Did you mean ~/azureml-models/iris/2/model.pkl?" in app.open(app.model / "model.pkl")
    assert "Did you mean ~/code/words.txt?" in app.open(app.model / "words.txt")


def test_a_folder_is_no_file(app):
    """joblib.load(os.environ["AZUREML_MODEL_DIR"]): the file that bears its name, or the only one, is meant."""
    app.enter(*MODEL, "azureml-models/iris/3/model/MLmodel")

    told = app.open(app.model / "model")
    assert told[:2] == [f"{IRIS}/model is a folder, not a file.", f"Did you mean {IRIS}/model/model.pkl?"]
    assert app.open(app.model)[1] == MODEL_TREE[0]


def test_the_only_file_of_a_folder_is_meant(app):
    app.enter(MODEL[0])

    assert app.open(app.model)[1] == f"Did you mean {IRIS}/model/model.pkl?"


@pytest.mark.parametrize("action", [os.listdir, lambda path: Path(path, "x").read_text()], ids=["itself", "below"])
def test_a_file_is_no_folder(app, action):
    app.enter(*MODEL)

    told = app.ask(lambda: action(app.model / "labels.txt"))
    assert told == [f"{IRIS}/labels.txt is a file, not a folder.", *MODEL_TREE]


def test_a_relative_path_is_told_with_its_folder(app):
    """The model is not in the working folder, as old notebooks expect."""
    app.enter(*MODEL)

    assert app.open("./model.pkl") == [
        "Looked for ~/code/model.pkl; a relative path begins in the working folder, ~/code.",
        f"Did you mean {IRIS}/model/model.pkl?",
        *MODEL_TREE,
    ]


def test_a_link_that_leads_nowhere_is_told(app):
    app.enter(*MODEL)
    (app.model / "last.pkl").symlink_to("gone.pkl")

    assert app.open(app.model / "last.pkl")[0] == f"{IRIS}/last.pkl is a link to gone.pkl, which does not exist."


def test_the_real_path_of_the_cloud_is_told_with_what_stands_for_it(app, monkeypatch):
    """Where amlemu could not make it real."""
    app.enter(*MODEL)
    monkeypatch.setattr(missing, "_BASE", "/var/no-azureml-app")

    assert app.open("/var/no-azureml-app/azureml-models/iris/3/model/model.pkl") == [
        "Looked for /var/no-azureml-app/azureml-models/iris/3/model/model.pkl.",
        "/var/no-azureml-app is real only where amlemu runs as root; what is in it lies here at "
        f"AZUREML_MODEL_DIR={IRIS} and AML_APP_ROOT=~/code. A script that reads these variables is right in both worlds.",
        f"Did you mean {IRIS}/model/model.pkl?",
        *MODEL_TREE,
    ]


def test_the_real_path_without_a_model(app, monkeypatch):
    app.enter(model=None)
    monkeypatch.setattr(missing, "_BASE", "/var/no-azureml-app")

    told = app.open("/var/no-azureml-app/code/x.bin")
    assert "lies here at AML_APP_ROOT=~/code. " in told[1]
    assert told[2:] == [UNSET, *CODE_TREE]


def test_a_real_base_is_not_explained(app, monkeypatch):
    app.enter(*MODEL)
    monkeypatch.setattr(missing, "_BASE", str(app.folder))

    assert app.open(app.model / "x.onnx") == [f"Looked for {IRIS}/x.onnx.", *MODEL_TREE]


# the variable


@pytest.mark.parametrize(
    "statement",
    [
        "os.environ['AZUREML_MODEL_DIR']",
        "os.path.join(os.getenv('AZUREML_MODEL_DIR'), 'model.pkl')",
        "os.path.join('x', os.getenv('AZUREML_MODEL_DIR'))",
        "pathlib.Path(os.getenv('AZUREML_MODEL_DIR'))",
        "os.getenv('AZUREML_MODEL_DIR') + '/model.pkl'",
        "os.getenv('AZUREML_MODEL_DIR') / 'model.pkl'",
        "open(os.getenv('AZUREML_MODEL_DIR'))",
        "os.stat(os.getenv('AZUREML_MODEL_DIR'))",
    ],
)
def test_a_variable_that_is_not_set_is_told(app, statement):
    """With the options that set it, whatever None came to."""
    app.enter(model=None)

    assert app.run(f"import os, pathlib\n{statement}\n") == [UNSET, *CODE_TREE]


def test_none_as_text_is_told(app):
    """An f-string hides that there is no variable; the file may lie beside the script."""
    app.enter("code/model.pkl", model=None)

    assert app.open(f"{os.getenv('AZUREML_MODEL_DIR')}/model.pkl") == [
        "'None/model.pkl' begins with None: something that was not set was made text.",
        UNSET,
        "Did you mean ~/code/model.pkl?",
        "AML_APP_ROOT=~/code:",
        "  model.pkl",
        "  score.py",
    ]


@pytest.mark.parametrize(
    ("statement", "is_set"),
    [
        ("os.path.join(None, 'x')", False),  # the script does not know the variable
        ("os.getenv('AZUREML_MODEL_DIR').x", False),
        ("os.environ['ANOTHER']", False),
        ("os.path.join(os.getenv('ANOTHER'), 'AZUREML_MODEL_DIR')", True),
    ],
)
def test_another_none_is_not_explained(app, statement, is_set):
    app.enter(*MODEL, model="azureml-models/iris/3" if is_set else None)

    assert app.run(f"import os\n{statement}\n") == []


def test_a_model_folder_that_is_not_there_is_told(app):
    """The tree is the code's then."""
    app.enter(model="azureml-models/iris/4")

    path = "~/azureml-models/iris/4"
    told = app.open(app.folder / "azureml-models/iris/4/m.pkl")
    assert told == [f"Looked for {path}/m.pkl.", f"AZUREML_MODEL_DIR={path} does not exist either.", *CODE_TREE]


def test_a_relative_model_folder_is_found_from_the_working_folder(app, monkeypatch):
    """As a v1 LocalWebservice sets it (contract 3.1)."""
    app.enter("code/azureml-models/iris/3/model.pkl")
    monkeypatch.setenv("AZUREML_MODEL_DIR", "azureml-models/iris/3")

    assert app.open("azureml-models/iris/3/modle.pkl")[1:] == [
        "Did you mean ~/code/azureml-models/iris/3/model.pkl?",
        "AZUREML_MODEL_DIR=~/code/azureml-models/iris/3:",
        "  model.pkl",
    ]


# what libraries raise


class XGBoostError(ValueError):
    """A library's own."""


@pytest.mark.parametrize(
    ("error", "path"),
    [
        (RuntimeError("[ONNXRuntimeError] : 3 : NO_SUCHFILE : Load model from {}/m.onnx failed:Load model {}/m.onnx failed. File doesn't exist"), "m.onnx"),
        (ValueError("File not found: filepath={}/m.keras. Please ensure the file is an accessible `.keras` zip file."), "m.keras"),
        (OSError("SavedModel file does not exist at: {}/m/{{saved_model.pbtxt|saved_model.pb}}"), "m"),
        (OSError("{}/m/ is not a local folder and is not a valid model identifier listed on 'https://huggingface.co/models'"), "m"),
        (ValueError("Repo id must be in the form 'repo_name' or 'namespace/repo_name': '{}/m'."), "m"),
        (XGBoostError('[12:00:00] ../dmlc-core/src/io/local_filesys.cc:209: LocalFileSystem::Open "{}/m.json": No such file or directory'), "m.json"),
        (FileNotFoundError("[Errno 2] Unable to synchronously open file (unable to open file: name = '{}/m.h5', errno = 2)"), "m.h5"),
        (ValueError("{}/m.bin cannot be opened for loading!"), "m.bin"),
    ],
    ids=["onnxruntime", "keras", "tensorflow", "transformers", "hub", "xgboost", "h5py", "fasttext"],
)  # fmt: skip
def test_a_path_in_a_librarys_words_is_enough(app, error, path):
    app.enter(*MODEL)
    text = error.args[0].replace("{{", "{").replace("}}", "}").replace("{}", str(app.model))

    assert app.ask(type(error)(text)) == [f"Looked for {IRIS}/{path}.", *MODEL_TREE]


@pytest.mark.parametrize(
    "error",
    [
        ValueError("column 'a/b' not found"),
        ValueError("could not convert string to float: 'a.b'"),
        OSError("404 Client Error: Not Found for url: https://host/a/b.bin"),
        KeyError("/no/such/key"),
        KeyboardInterrupt("/no/such"),
        FileNotFoundError(2, "No such file or directory", 5),
        FileNotFoundError(2, "No such file or directory", sys.executable),  # it has come meanwhile
        RuntimeError(f"{sys.executable} not found"),
        PermissionError(13, "Permission denied", "/no/such"),
        ValueError("/elsewhere/x is odd"),
    ],
    ids=repr,
)
def test_what_misses_no_file_gets_no_hint(app, error):
    app.enter(*MODEL)

    assert app.ask(error) == []


def test_a_missing_program_gets_no_hint(app):
    app.enter(*MODEL)

    assert app.ask(lambda: subprocess.run(["no-such-program"], check=True)) == []


def test_bytes_and_words_that_no_terminal_can_show(app):
    """The hint is plain text all the same."""
    app.enter(*MODEL)

    assert app.open(os.fsencode(app.model) + b"/\xff.onnx")[0] == f"Looked for {IRIS}/\\udcff.onnx."


def test_the_cause_of_an_exception_is_looked_at(app):
    """Raised from it, or while it was handled; not when the script hides it."""
    app.enter(*MODEL)
    text = """
        try:
            open("x.onnx")
        except OSError as error:
            raise RuntimeError("cannot load"){}
    """
    script = textwrap.dedent(text)

    looked = "Looked for ~/code/x.onnx; a relative path begins in the working folder, ~/code."
    assert app.ask(lambda: exec(script.format(" from error")))[0] == looked
    assert app.ask(lambda: exec(script.format("")))[0] == looked
    assert app.ask(lambda: exec(script.format(" from None"))) == []


def test_exceptions_in_a_circle_come_to_an_end(app):
    app.enter(*MODEL)
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one

    assert app.ask(one) == []


# Model.get_model_path


def not_found(name, folder, kind="ModelNotFoundException"):
    """Return azureml-core's exception, under its name and with its words."""
    raised = type(kind, (Exception,), {"__module__": "azureml.exceptions._azureml_exception"})
    return raised(
        f"{kind}:\n\tMessage: Model {name} not found in cache at {folder} or in current working directory /x. "
        "For more info, set logging level to DEBUG.\n\tInnerException None"
    )


def test_a_registered_model_is_told_with_its_neighbours(app):
    app.enter(*MODEL, "azureml-models/wine/1/model.pkl", "azureml-models/readme.txt")
    folder = app.folder / "azureml-models"

    tree = ["~/azureml-models:", "  iris/", "    3/", "      labels.txt", "      model/", "        model.pkl"]
    assert app.ask(not_found("irsi", folder))[:7] == ["Did you mean 'iris'?", *tree]
    assert app.ask(not_found("zebra", folder))[0] == "There is no model of that name in ~/azureml-models."
    assert app.ask(not_found("iris", folder, "WebserviceException"))[0] == "iris is there in version 3."


def test_models_beside_the_app_root_are_told(app):
    """A v2 deployment, with the SDK of v1 in its script."""
    app.enter(*MODEL)

    told = app.ask(not_found("iris", app.code / "azureml-models"))
    looks = "Model.get_model_path looks in ~/code/azureml-models, which does not exist"
    assert told == [f"{looks}; here the model is in AZUREML_MODEL_DIR={IRIS}.", *MODEL_TREE]
    app.enter(model=None)
    told = app.ask(not_found("iris", app.code / "azureml-models"))
    assert told == [f"{looks}. {UNSET}", *CODE_TREE]


def test_what_else_azureml_raises_gets_no_hint(app):
    """Though it says "not found" and names paths."""
    app.enter(*MODEL)
    raised = type("WebserviceException", (Exception,), {"__module__": "azureml.exceptions._azureml_exception"})

    assert app.ask(raised("Dir /x/two/1 not found, can contain only 1 file or folder")) == []


# the tree


def test_a_tree_is_as_deep_as_there_is_room(app):
    """Fifteen lines; what lies deeper is counted."""
    names = [f"azureml-models/iris/3/part-{part}/{shard}.bin" for part in "ab" for shard in range(7)]
    app.enter(*names, "azureml-models/iris/3/config.json")

    told = app.open(app.model / "no")
    assert told[1:] == [MODEL_TREE[0], "  config.json", "  part-a/", "  part-b/", "  ... and 14 more"]


def test_a_tree_has_fifteen_lines(app):
    """The deepest names fit exactly; one more does not."""
    names = [f"azureml-models/iris/3/d/{number:02}.bin" for number in range(12)]
    app.enter(*names)
    exact = app.open(app.model / "no")[1:]
    app.enter("azureml-models/iris/3/d/12.bin")
    more = app.open(app.model / "no")[1:]

    assert (len(exact), exact[-1]) == (14, "    11.bin")
    assert more[1:] == ["  d/", "  ... and 13 more"]


def test_a_wide_folder_is_cut(app):
    app.enter(*(f"azureml-models/iris/3/{number:02}.bin" for number in range(20)))

    told = app.open(app.model / "no")[1:]
    assert len(told) == 15
    assert told[-2:] == ["  12.bin", "  ... and 7 more"]


def test_empty_and_unreadable_folders(app, monkeypatch):
    """Neither ends the looking."""
    app.enter("azureml-models/iris/3/__pycache__/x.pyc", "azureml-models/iris/3/.amlemu/x")
    empty = app.open(app.model / "no")
    app.enter(model=None, root="gone")
    gone = app.open(app.model / "no")

    assert empty[1:] == [MODEL_TREE[0], "  (empty)"]
    assert gone[1:] == [UNSET, "AML_APP_ROOT=~/gone:", "  (not readable)"]


def test_a_huge_folder_is_not_walked_to_its_end(app, monkeypatch):
    """A home folder as app root, a link to its own parent."""
    app.enter(*MODEL)
    (app.model / "round").symlink_to(app.model)
    looked = []
    isdir = os.path.isdir
    monkeypatch.setattr(os.path, "isdir", lambda path: looked.append(path) or isdir(path))
    started = time.perf_counter()
    told = app.open(app.model / "x.onnx")

    assert len(looked) < 2100
    assert time.perf_counter() - started < 5
    assert told[-1].startswith("  ... and ")
    assert told[-1].endswith(" more")


def test_a_deleted_working_folder_does_not_matter(app):
    app.enter(*MODEL)
    gone = app.folder / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()

    assert app.open(app.model / "x.onnx")[0] == f"Looked for {IRIS}/x.onnx."


def test_the_app_root_may_be_the_root(app, monkeypatch):
    """Then the tree is that of /."""
    app.enter(model=None)
    monkeypatch.setenv("AML_APP_ROOT", "/")

    told = app.open("/no-such-thing-at-all.q")
    assert told[2] == "AML_APP_ROOT=/:"
    assert Path("/tmp").is_dir() <= ("  tmp/" in told or told[-1].startswith("  ... and "))

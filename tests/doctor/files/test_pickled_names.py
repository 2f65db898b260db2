"""What the pickles of the models name, against what will be there."""

from __future__ import annotations

import pytest
from amlemu.doctor.files.pickled_names import check_pickles
from amlemu.models import Model

from ..subjects import conda, subject, told

SCRIPT = 'import os, pickle\ndef init():\n    pickle.load(open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "m.pkl"), "rb"))\ndef run(data):\n    return data\n'
SERVER = "azureml-inference-server-http"


def pickled(*names, sklearn=""):
    """Make a pickle of protocol 2 that names classes."""
    content = b"\x80\x02]" + b"".join(f"c{module}\n{name}\n".encode() for module, name in names)
    if sklearn:
        content += (
            b"X\x10\x00\x00\x00_sklearn_versionq\x01X"
            + len(sklearn).to_bytes(4, "little")
            + sklearn.encode()
            + b"q\x02s"
        )
    return content + b"."


@pytest.fixture
def of(tmp_path):
    """Return a function that makes a deployment of one model file."""

    def make(content, script=SCRIPT, **more):
        (tmp_path / "m.pkl").write_bytes(content)
        return subject(tmp_path, script, models=[Model("credit", "1", tmp_path / "m.pkl")], **more)

    return make


def test_a_class_of_main_is_not_found_under_the_server(of):
    (finding,) = check_pickles(of(pickled(("__main__", "Scaler"), ("builtins", "set"))))

    assert (finding.severity, finding.rule, finding.place.file.name) == ("error", "pickled-main", "m.pkl")
    assert finding.cause == (
        "m.pkl names __main__.Scaler, from the program that saved it, and under the server __main__ is the server itself, without Scaler, "
        "so loading it fails"
    )


def test_a_script_that_puts_it_into_main_is_left_alone(of):
    assert (
        told(check_pickles, of(pickled(("__main__", "Scaler")), f"import __main__\n__main__.Scaler = set\n{SCRIPT}"))
        == []
    )


def test_a_file_that_the_script_does_not_name_may_be_one_that_nobody_loads(of, tmp_path):
    (tmp_path / "other.pkl").write_bytes(pickled(("__main__", "Scaler")))
    (tmp_path / "x.pkl").write_bytes(pickled(("collections", "deque")))
    found = check_pickles(
        subject(tmp_path, SCRIPT, models=[Model("a", "1", tmp_path / "other.pkl"), Model("b", "1", tmp_path / "x.pkl")])
    )

    assert [finding.severity for finding in found] == ["warning"]


@pytest.mark.parametrize(
    ("name", "packages", "rule"),
    [
        pytest.param(("sklearn.svm._classes", "SVC"), conda("numpy", pip=[SERVER]), "pickle-needs-package", id="package"),
        pytest.param(("features.words", "Words"), conda("numpy", pip=[SERVER]), "pickle-needs-module", id="own-module"),
        pytest.param(("numpy._core.multiarray", "_reconstruct"), conda("numpy=1.24", pip=[SERVER]), "pickle-of-another-version", id="numpy-2"),
        pytest.param(("sklearn.ensemble.forest", "RandomForestClassifier"), conda("scikit-learn", pip=[SERVER]), "pickle-of-another-version", id="moved"),
    ],
)  # fmt: skip
def test_what_a_pickle_names_has_to_be_there(of, name, packages, rule):
    assert [finding[:2] for finding in told(check_pickles, of(pickled(name), conda=packages))] == [("error", rule)]


@pytest.mark.parametrize(
    ("name", "packages"),
    [
        pytest.param(("sklearn.svm._classes", "SVC"), conda("scikit-learn", pip=[SERVER]), id="asked-for"),
        pytest.param(("numpy.core.multiarray", "_reconstruct"), conda("scikit-learn", pip=[SERVER]), id="brought"),
        pytest.param(
            ("numpy._core.multiarray", "_reconstruct"), conda("numpy=1.26", pip=[SERVER]), id="numpy-that-reads-numpy-2"
        ),
        pytest.param(("collections", "OrderedDict"), conda("numpy", pip=[SERVER]), id="standard"),
        pytest.param(("copy_reg", "_reconstructor"), conda("numpy", pip=[SERVER]), id="of-python-2"),
        pytest.param(("words", "Words"), conda("numpy", pip=[SERVER]), id="sibling"),
        pytest.param(("sklearn.svm._classes", "SVC"), None, id="unknown-environment"),
    ],
)
def test_what_is_there_is_left_alone(of, name, packages):
    assert told(check_pickles, of(pickled(name), conda=packages, others={"words.py": ""})) == []


def test_what_comes_with_a_package_that_is_missing_is_not_missing_as_well(of):
    content = pickled(("numpy", "dtype"), ("sklearn.svm._classes", "SVC"))

    assert [finding[2] for finding in told(check_pickles, of(content, conda=conda(pip=[SERVER])))] == [
        "m.pkl names sklearn.svm._classes.SVC, which nothing in conda.yml installs, so loading it fails"
    ]


@pytest.mark.parametrize(
    ("saved", "wanted", "named", "found"),
    [
        pytest.param("1.5.0", "scikit-learn=1.2", "sklearn.svm._classes", ["warning"], id="older-than-the-model"),
        pytest.param("0.24.2", "scikit-learn=1.5", "sklearn.tree._tree", ["error"], id="trees-have-changed"),
        pytest.param("0.24.2", "scikit-learn=1.5", "sklearn.svm._classes", [], id="newer-reads-most"),
        pytest.param("1.5.0", "scikit-learn=1.5.2", "sklearn.tree._tree", [], id="same-minor"),
        pytest.param("1.4.0", "scikit-learn", "sklearn.tree._tree", [], id="newest"),
    ],
)
def test_the_scikit_learn_that_saved_a_model_is_compared(of, saved, wanted, named, found):
    made = of(pickled((named, "Tree"), sklearn=saved), conda=conda(wanted, pip=[SERVER]))

    assert [finding[0] for finding in told(check_pickles, made)] == found

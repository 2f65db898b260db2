"""Where Model.get_model_path looks when the models lie beside AML_APP_ROOT, as in a v2 deployment."""

from __future__ import annotations

import importlib.util
import logging
import sys

import pytest
from amlemu.scoring import compat

LOOKS = "from azureml.core.model import Model; path = Model.get_model_path('m')"
INSTALLED = """
import os
MODELS_DIR = os.path.join(os.environ.get("AML_APP_ROOT", ""), "azureml-models")

class Model:
    @staticmethod
    def get_model_path(model_name, version=None):
        '''Return a path.'''
        return os.path.join(MODELS_DIR, model_name, str(version or 1), "a.pkl")
"""


@pytest.fixture(params=["served", "installed"])
def core(request, tmp_path, monkeypatch):
    """Both that are looked after: ours, and an azureml-core that is installed."""
    if request.param == "installed":
        package = tmp_path / "site" / "azureml" / "core"
        package.mkdir(parents=True)
        for folder in (package.parent, package):
            (folder / "__init__.py").write_text("")
        (package / "model.py").write_text(INSTALLED)
        monkeypatch.syspath_prepend(tmp_path / "site")
    yield request.param
    compat.uninstall()
    for name in [name for name in sys.modules if name.partition(".")[0] == "azureml"]:
        del sys.modules[name]


@pytest.fixture
def v2(tmp_path, monkeypatch):
    """Lay out two deployments; enter an app root that has no azureml-models, and return the folder beside it."""
    for name in ("one", "two"):
        (tmp_path / name / "code").mkdir(parents=True)
        (tmp_path / name / "azureml-models" / "m" / "1").mkdir(parents=True)
        (tmp_path / name / "azureml-models" / "m" / "1" / "a.pkl").write_text("")

    def enter(name):
        monkeypatch.chdir(tmp_path / name / "code")
        monkeypatch.setenv("AML_APP_ROOT", str(tmp_path / name / "code"))
        return str(tmp_path / name / "azureml-models")

    return enter


def run(statements):
    names = {}
    exec(statements, names)
    return names


def test_the_models_are_found_beside_the_code(core, v2, caplog, tmp_path):
    """With one word about it, which is the server's own, at the first use."""
    models = v2("one")
    compat.install(models)
    model = run("from azureml.core.model import Model")["Model"]
    before = list(caplog.records)
    paths = [model.get_model_path("m"), model.get_model_path("m", 1)]

    assert paths == [f"{models}/m/1/a.pkl"] * 2
    assert before == []
    (told,) = [record for record in caplog.records if record.name == "azmlinfsrv"]
    assert (told.levelno, told.own) == (logging.WARNING, True)
    assert told.getMessage() == (
        f"Model.get_model_path looks below AML_APP_ROOT={tmp_path}/one/code; in a managed (v2) deployment the models lie "
        f"beside it, at {models}. amlemu helps out; there, use os.environ['AZUREML_MODEL_DIR']."
    )


def test_who_holds_on_to_the_function_is_told_once(core, v2, caplog):
    """The function is the same to look at, too."""
    compat.install(v2("one"))
    look = run("from azureml.core.model import Model")["Model"].get_model_path
    look("m"), look("m")

    assert look.__name__ == "get_model_path"
    assert len([record for record in caplog.records if record.name == "azmlinfsrv"]) == 1


@pytest.mark.parametrize("case", ["below", "absent", "none"])
def test_it_looks_below_the_app_root_otherwise(core, v2, caplog, tmp_path, case):
    """Where the folder is there, as in v1, where the other one is not, and where a deployment has none."""
    models = v2("one")
    if case == "below":
        (tmp_path / "one" / "code" / "azureml-models").mkdir()
    compat.install({"below": models, "absent": str(tmp_path / "absent"), "none": None}[case])
    folder = run("from azureml.core.model import MODELS_DIR")["MODELS_DIR"]

    assert folder == f"{tmp_path}/one/code/azureml-models"
    assert "helps out" not in caplog.text


def test_a_look_whether_it_is_there_changes_nothing(core, v2):
    """As importlib.util.find_spec does."""
    models = v2("one")
    compat.install(models)
    run("import azureml.core.model")
    del sys.modules["azureml.core.model"]
    looked = importlib.util.find_spec("azureml.core.model")

    assert looked is not None
    assert run(LOOKS)["path"] == f"{models}/m/1/a.pkl"


def test_an_azureml_core_without_models_stays_without(v2, tmp_path, monkeypatch):
    """Nothing of ours is mixed with what is installed."""
    (tmp_path / "azureml" / "core").mkdir(parents=True)
    (tmp_path / "azureml" / "core" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    compat.install(v2("one"))
    try:
        with pytest.raises(ModuleNotFoundError, match="No module named 'azureml.core.model'"):  # noqa: RUF043
            run(LOOKS)
    finally:
        compat.uninstall()
        for name in [name for name in sys.modules if name.partition(".")[0] == "azureml"]:
            del sys.modules[name]


def test_an_installed_azureml_core_is_left_as_it_was(core, v2, tmp_path):
    """Its folder, its function and the line of finders."""
    finders = list(sys.meta_path)
    compat.install(v2("one"))
    module = run("import azureml.core.model as module")["module"]
    compat.uninstall()

    assert sys.meta_path == finders
    if core == "installed":
        assert vars(module)["MODELS_DIR"] == f"{tmp_path}/one/code/azureml-models"
        assert module.Model.get_model_path.__closure__ is None


def test_two_scripts_in_one_process_have_each_their_folder(core, v2):
    """In turn, as their calls are; an installed azureml-core is imported only once."""
    served = {}
    found = []
    for name in ("one", "two", "one"):
        models = v2(name)
        compat.install(models, served.get(name))
        found.append(run(LOOKS)["path"] == f"{models}/m/1/a.pkl")
        served[name] = compat.uninstall()

    assert found == [True] * 3

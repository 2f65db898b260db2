"""How azureml.core is found where azureml-core is not installed, and all the rest of azureml left alone."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys

import pytest
from amlemu.backends.world import World
from amlemu.scoring import compat

EXTENDING = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """Install files into a folder of sys.path, and forget what was imported from it."""

    def packages(files):
        for name, text in files.items():
            path = tmp_path / "site" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        monkeypatch.syspath_prepend(tmp_path / "site")

    yield packages
    for name in [name for name in sys.modules if name.partition(".")[0] == "azureml"]:
        del sys.modules[name]


def run(statements):
    """Run statements as a script does and return its names."""
    names = {}
    exec(statements, names)
    return names


@pytest.mark.parametrize(
    "statement",
    [
        "from azureml.core.model import Model",
        "from azureml.core import Model",
        "from azureml.core import *",
        "from azureml.core import model; Model = model.Model",
        "import azureml.core; Model = azureml.core.Model",
        "import azureml.core.model; Model = azureml.core.model.Model",
        "import azureml.core.model as model; Model = model.Model",
        "from importlib import import_module as get; Model = get('azureml.core').Model; assert get('azureml').core.Model is Model",
        "from azureml.exceptions import WebserviceException; from azureml.core.model import Model",
    ],
)
def test_every_statement_finds_the_model(installed, statement):
    """Though a finder that is asked for azureml alone says no."""
    assert run(statement)["Model"].__module__ == "azureml.core.model"


def test_looking_through_the_loaded_modules_opens_no_door(installed):
    """As inspect and libraries do."""
    found = [getattr(module, "__file__", None) for module in list(sys.modules.values())]

    assert found
    assert importlib.util.find_spec("azureml") is None


def test_libraries_that_look_for_runs_find_none(installed):
    """transformers would report to them."""
    run("import azureml.core")

    assert importlib.util.find_spec("azureml.core") is not None
    assert importlib.util.find_spec("azureml.core.run") is None


def test_other_parts_are_missing_as_beside_the_real_one(installed):
    """And the names that the server brings along are still there."""
    run("import azureml.core\nfrom azureml.contrib.services.aml_request import rawhttp")

    with pytest.raises(ModuleNotFoundError, match=r"No module named 'azureml\.contrib'"):
        run("from azureml.contrib.services import rawhttp")


@pytest.mark.parametrize(
    ("statements", "kind", "what"),
    [
        ("from azureml.core import Workspace", ImportError, "azureml.core.Workspace"),
        ("from azureml.core.model import InferenceConfig", ImportError, "azureml.core.model.InferenceConfig"),
        ("from azureml.exceptions import UserErrorException", ImportError, "azureml.exceptions.UserErrorException"),
        ("import azureml.core; azureml.core.VERSION", AttributeError, "azureml.core.VERSION"),
        ("from azureml.core import Model; Model.register()", AttributeError, "Model.register"),
        ("from azureml.core import Model; Model(None, 'm')", NotImplementedError, "A Model of a workspace"),
        (
            "from azureml.core import Model; Model.get_model_path('m', _workspace=1)",
            NotImplementedError,
            "Downloading a model from a workspace",
        ),
        (
            "from azureml.core import Model; Model.get_model_path('m', 1, 1)",
            NotImplementedError,
            "Downloading a model from a workspace",
        ),
    ],
)
def test_what_is_not_served_says_so(installed, statements, kind, what):
    with pytest.raises(kind) as caught:
        run(statements)

    assert str(caught.value) == (
        f"{what} is not emulated. azureml.core is served by amlemu, because azureml-core is not installed for "
        f"{sys.executable}; only Model.get_model_path works. Install azureml-core there for more."
    )


# what is installed


CORE = {
    "azureml/__init__.py": EXTENDING,
    "azureml/core/__init__.py": "from .model import Model",
    "azureml/core/model.py": "class Model: 'the real one'",
}


def test_azureml_core_wins_where_it_is_installed(packages):
    packages(CORE)
    compat.install()
    try:
        assert run("from azureml.core.model import Model")["Model"].__doc__ == "the real one"
        with pytest.raises(ImportError, match="cannot import name 'Workspace'"):
            run("from azureml.core import Workspace")
    finally:
        compat.uninstall()


def test_azureml_core_wins_where_the_script_adds_its_folder(installed, packages):
    packages(CORE)

    assert run("import azureml.core")["azureml"].core.Model.__doc__ == "the real one"


@pytest.mark.parametrize("initial", [EXTENDING, None], ids=["package", "namespace"])
def test_other_parts_that_are_installed_stay(packages, initial):
    """azureml-mlflow and the like, without azureml-core: both are found, and ours is taken away and put back as a whole."""
    files = {} if initial is None else {"azureml/__init__.py": initial}
    packages({**files, "azureml/ai/__init__.py": "here = True"})
    compat.install()
    names = run("import azureml.ai\nimport azureml.core.model")
    azureml, model = names["azureml"], names["azureml"].core.Model
    served = compat.uninstall()
    is_gone = not hasattr(azureml, "core")
    compat.install(served=served)
    try:
        assert azureml.ai.here
        assert is_gone
        assert azureml.core.Model is model
        assert run("import azureml.exceptions")["azureml"] is azureml
    finally:
        compat.uninstall()


def test_uninstalling_leaves_no_trace():
    before, finders = set(sys.modules), list(sys.meta_path)
    compat.install()
    run("import azureml.core")
    served = compat.uninstall()

    assert {"azureml", "azureml.core", "azureml.core.model", "azureml.exceptions"} <= served.keys()
    assert [name for name in set(sys.modules) - before if name.startswith("azureml")] == []
    assert sys.meta_path == finders


def test_a_script_in_a_thread_keeps_its_own(tmp_path):
    """What init() has imported is there again in run(), another script's is not."""
    worlds = [World(tmp_path, {"AML_APP_ROOT": name}, lambda record, text: None) for name in ("one", "two")]
    found = []
    for world in worlds * 2:
        with world:
            found.append(run("import azureml.core.model")["azureml"].core.model.MODELS_DIR)

    assert found == [os.path.join(name, "azureml-models") for name in ("one", "two")] * 2

"""The modules that scripts import and that the real server brings along (contract 4.11, 7.2)."""

from __future__ import annotations

import importlib
import sys

import pytest
from amlemu.scoring import compat

OLD = "azureml.contrib.services.aml_request", "azureml.contrib.services.aml_response"
NEW = "azureml_inference_server_http.api.aml_request", "azureml_inference_server_http.api.aml_response"


@pytest.fixture
def installed():
    compat.install()
    yield
    compat.uninstall()


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [(OLD[0], NEW[0], "rawhttp"), (OLD[0], NEW[0], "AMLRequest"), (OLD[1], NEW[1], "AMLResponse")],
)
def test_both_names_give_the_same_things(installed, old, new, name):
    assert getattr(importlib.import_module(old), name) is getattr(importlib.import_module(new), name)


@pytest.mark.parametrize("name", ["azureml", "azureml.contrib", "azureml.contrib.services"])
def test_the_parents_of_the_old_name_are_not_there(installed, name):
    """As under the real server: only the full name works."""
    with pytest.raises(ModuleNotFoundError, match="No module named 'azureml'"):
        importlib.import_module(name)


def test_nothing_is_imported_until_something_is_asked(installed):
    """flask is slow to import and most scripts need none of this."""
    assert OLD[0] in sys.modules
    assert NEW[0] not in sys.modules
    assert not hasattr(sys.modules[OLD[0]], "__path__")
    assert NEW[0] not in sys.modules

    assert sys.modules[OLD[0]].rawhttp
    assert NEW[0] in sys.modules


def test_a_package_that_is_installed_wins(tmp_path, monkeypatch):
    """Ours stands last in the line of finders."""
    package = tmp_path / "azureml_inference_server_http" / "api"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").write_text("")
    (package / "aml_request.py").write_text("rawhttp = 'the real one'")
    monkeypatch.syspath_prepend(tmp_path)
    compat.install()
    try:
        assert importlib.import_module(OLD[0]).rawhttp == "the real one"
    finally:
        compat.uninstall()
        for name in [name for name in sys.modules if name.startswith("azureml")]:
            del sys.modules[name]


def test_uninstalling_leaves_no_trace():
    before, finders = set(sys.modules), list(sys.meta_path)
    compat.install()
    importlib.import_module(NEW[1])
    compat.uninstall()

    assert {name for name in set(sys.modules) - before if name.startswith("azureml")} == set()
    assert sys.meta_path == finders


def test_installing_twice_is_once(installed):
    finders = list(sys.meta_path)
    compat.install()

    assert sys.meta_path == finders


def test_rawhttp_marks_the_module_and_returns_the_function(installed):
    """The server looks at the flag: any decorated function counts."""
    module = importlib.import_module(NEW[0])

    assert module._rawHttpRequested is False
    assert module.rawhttp(len) is len
    assert module._rawHttpRequested is True


@pytest.mark.parametrize(
    ("arguments", "keywords", "body", "content_type"),
    [
        pytest.param(("text", 200), {}, b"text", "text/html; charset=utf-8", id="text"),
        pytest.param(({"a": 1}, 200), {"json_str": True}, b'{"a": 1}', "application/json", id="json"),
        pytest.param((None, 200), {}, b"{}", "application/json", id="none"),
        pytest.param(("x", 200, {"Content-Type": "a/b"}), {}, b"x", "a/b", id="own-type"),
        pytest.param((b"\xff", 200), {}, b"\xff", "text/html; charset=utf-8", id="bytes"),
    ],
)
def test_an_aml_response_is_a_flask_response(installed, arguments, keywords, body, content_type):
    """Literals from contract 4.7."""
    response = importlib.import_module(NEW[1]).AMLResponse(*arguments, **keywords)

    assert response.get_data() == body
    assert response.headers["Content-Type"] == content_type
    assert response.headers["x-ms-run-function-failed"] == "False"


def test_header_values_are_split_at_commas(installed):
    """And the script's own word about its failure is sent as well."""
    make = importlib.import_module(NEW[1]).AMLResponse
    response = make("x", 200, {"X-A": "1, 2,3"}, run_function_failed=True)

    assert response.headers.getlist("X-A") == ["1", "2", "3"]
    assert response.headers["x-ms-run-function-failed"] == "True"

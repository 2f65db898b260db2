"""What will be importable in an environment, by its requirements."""

from __future__ import annotations

import pytest
from amlemu.doctor.needs.supply import supply_of

from ..subjects import conda, interpreter, subject


def test_an_environment_that_nobody_knows_has_no_supply(tmp_path):
    assert supply_of(subject(tmp_path)) is None


def test_requirements_bring_others_along(tmp_path):
    supply = supply_of(subject(tmp_path, conda=conda("scikit-learn", pip=["inference-schema[numpy-support]"])))

    assert {"scikit-learn", "numpy", "scipy", "joblib", "wrapt"} <= supply.every
    assert supply.strangers == ()


def test_conda_calls_some_packages_otherwise(tmp_path):
    supply = supply_of(subject(tmp_path, conda=conda("pytorch", "libgcc-ng")))

    assert supply.holder("torch") == "torch"
    assert supply.strangers == ()


def test_what_the_server_brings_is_not_the_scripts_own(tmp_path):
    supply = supply_of(subject(tmp_path, conda=conda("numpy", pip=["azureml-inference-server-http"])))

    assert "flask" in supply.every
    assert "flask" not in supply.own
    assert {"numpy", "inference-schema"} <= supply.own


def test_old_releases_of_azureml_defaults_bring_pandas(tmp_path):
    assert "pandas" in supply_of(subject(tmp_path, conda=conda(pip=["azureml-defaults==1.20.0"]))).every
    assert "pandas" not in supply_of(subject(tmp_path, conda=conda(pip=["azureml-defaults==1.57.0"]))).every


def test_an_unknown_requirement_is_a_stranger(tmp_path):
    supply = supply_of(
        subject(tmp_path, conda=conda(pip=["numpy", "our-own-things", "git+https://example.com/xyz.git"]))
    )

    assert supply.strangers == ("our-own-things", "xyz")


def test_what_is_installed_here_is_no_stranger(tmp_path):
    python = interpreter(tmp_path / "env", our_own_things="1.0\nRequires-Dist: pandas")
    supply = supply_of(subject(tmp_path, conda=conda(pip=["our-own-things"]), python=python))

    assert supply.strangers == ()
    assert supply.holder("pandas") == "pandas"
    assert supply.holder("our_own_things") == "our-own-things"


def test_a_stranger_is_taken_to_hold_the_module_that_it_is_called_by(tmp_path):
    supply = supply_of(subject(tmp_path, conda=conda(pip=["contoso-client-python"])))

    assert supply.holder("contoso") == "contoso-client-python"
    assert supply.holder("fabrikam") is None


def test_one_part_of_azure_is_not_another(tmp_path):
    supply = supply_of(subject(tmp_path, conda=conda(pip=["azure-storage-blob"])))

    assert supply.holder("azure.storage.blob") == "azure-storage-blob"
    assert supply.holder("azure.storage", ("blob",)) == "azure-storage-blob"
    assert supply.holder("azure.cosmos") is None
    assert supply.holder("azure") is not None


@pytest.mark.parametrize(
    ("pip", "module"),
    [
        pytest.param("onnxruntime-gpu", "onnxruntime", id="another-build"),
        pytest.param("https://example.com/en_core_web_sm-2.3.1.tar.gz", "en_core_web_sm", id="archive"),
        pytest.param("git+https://example.com/detectron2.git@v0.6", "detectron2", id="repository"),
        pytest.param("git+https://example.com/a.git#egg=foo-bar", "foo_bar", id="egg"),
        pytest.param("dotenv", "dotenv", id="a-name-that-brings-the-right-one"),
    ],
)
def test_a_requirement_holds_what_it_is_called_by(tmp_path, pip, module):
    assert supply_of(subject(tmp_path, conda=conda(pip=[pip]))).holder(module) is not None


def test_a_list_that_has_been_read_hides_nothing(tmp_path):
    (tmp_path / "base.txt").write_text("numpy\n")
    supply = supply_of(subject(tmp_path, pip="-r base.txt\nazureml-inference-server-http\n"))

    assert "numpy" in supply.asked
    assert not supply.has_list

"""Which distribution holds a module, and what it brings along."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from amlemu.doctor.needs import distributions
from amlemu.doctor.needs.distributions import brings, holders, is_well_known, load_table, look_at, well_known

from ..subjects import interpreter


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        pytest.param("sklearn.svm", "scikit-learn", id="another-name"),
        pytest.param("PIL.Image", "pillow", id="capitals"),
        pytest.param("cv2", "opencv-python-headless", id="several-holders"),
        pytest.param("pandas", "pandas", id="its-own-name"),
        pytest.param("foo_bar.x", "foo-bar", id="unknown"),
        pytest.param("azure.storage.blob.aio", "azure-storage-blob", id="part-of-azure"),
        pytest.param("azure.ai.contentsafety", "azure-ai-contentsafety", id="part-of-azure-by-rule"),
        pytest.param("azureml.core.model", "azureml-core", id="part-of-azureml"),
        pytest.param("google.protobuf", "protobuf", id="part-of-google"),
        pytest.param("azure", "azure", id="the-shared-package-itself"),
    ],
)
def test_a_module_is_held_by_a_distribution(module, expected):
    assert holders(module)[0] == expected


def test_the_table_says_which_names_are_well_known():
    assert is_well_known("sklearn.tree")
    assert not is_well_known("my_words")


def test_an_interpreter_is_read_from_its_files(tmp_path):
    here = look_at(interpreter(tmp_path / "env", "3.9", numpy="1.26.4", scikit_learn="1.3.2"))

    assert here.version == "3.9"
    assert {key: one.version for key, one in here.distributions.items()} == {"numpy": "1.26.4", "scikit-learn": "1.3.2"}


def test_our_own_interpreter_is_read_as_well():
    here = look_at(Path(sys.executable))

    assert here.version == f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert "pytest" in here.distributions


def test_a_folder_that_is_no_environment_is_empty(tmp_path):
    here = look_at(tmp_path / "bin" / "python")

    assert (here.version, dict(here.distributions)) == ("", {})


def test_an_environment_may_see_that_of_its_system(tmp_path):
    system, env = tmp_path / "system", tmp_path / "env"
    interpreter(system, "3.10", numpy="1.26.4")
    python = interpreter(env, "3.10")
    (env / "pyvenv.cfg").write_text(f"home = {system / 'bin'}\nversion = 3.10.4\ninclude-system-site-packages = true\n")

    assert set(look_at(python).distributions) == {"numpy"}


def test_metadata_says_what_comes_along_on_linux(tmp_path):
    told = "1.0\nRequires-Dist: numpy (>=1.2)\nRequires-Dist: pywin32 ; sys_platform == 'win32'\n"
    told += "Requires-Dist: extra-one ; extra == 'full'\nRequires-Dist: Some_Thing[x]>=2"
    here = look_at(interpreter(tmp_path / "env", house=told))

    assert brings("house", (), here) == (("numpy", "some-thing[x]"), True)
    assert brings("house", ("full",), here) == (("numpy", "extra-one", "some-thing[x]"), True)


def test_modules_are_read_from_the_list_of_files(tmp_path):
    here = look_at(interpreter(tmp_path / "env", house="1.0"))

    assert here.distributions["house"].modules() == {"house"}


def test_what_is_not_installed_is_known_from_the_table(tmp_path):
    here = look_at(tmp_path)

    assert "scipy" in brings("scikit-learn", (), here)[0]
    assert "numpy" in brings("inference-schema", ("numpy-support",), here)[0]
    assert brings("house", (), here) == ((), False)


def test_the_tables_name_each_distribution_as_pip_normalises_it():
    names = {
        *well_known(),
        *(name for words in load_table("distributions.toml")["modules"].values() for name in words.split()),
    }

    assert [name for name in names if name != distributions.normalised(name)] == []


def test_each_fault_has_a_source():
    table = load_table("known_faults.toml")

    assert all(entry["source"] for part in ("fault", "moved", "changed") for entry in table[part])

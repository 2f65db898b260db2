"""CondaDependencies writes the conda file that the SDK writes, letter for letter."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from amlemu.v1.conda_dependencies import CondaDependencies
from amlemu.v1.exceptions import UserErrorException

REAL = Path(__file__).resolve().parents[2] / ".environments/azureml-core/bin/python"
# Steps from the page of 2020-03 and around it; each prints what there is then.
STEPS = """
c = CondaDependencies()
show(c)
show(CondaDependencies.create())
show(CondaDependencies.create(conda_packages=["numpy==1.15.4", "scikit-learn==0.19.1", "pandas==0.23.4"], pip_packages=["azureml-defaults==1.0.45", "ptvsd"]))
show(CondaDependencies.create(pip_packages=[], python_version="3.6.2"))
show(CondaDependencies.create(pip_indexurl="http://x/y", pip_packages=["a[b]>=1", "git+https://h/x#egg=y"], pin_sdk_version=False))
c.add_pip_package("joblib")
c.add_conda_package("numpy")
c.add_channel("x")
show(c)
c.remove_channel("anaconda")
c.add_conda_package("python=3.7")
c.add_pip_package("joblib==1")
show(c)
c.remove_pip_package("azureml-defaults")
show(c)
c.set_pip_option("--pre")
c.remove_pip_option("--pre")
c.set_pip_requirements(["a", "b>=1,<2"])
show(c)
print(list(c.conda_packages), list(c.pip_packages), list(c.conda_channels), c.get_python_version())
"""
# azureml-core 1.61, CondaDependencies.create of the page of 2020-03 (observed); its comments end in a carriage return, ours do not
OF_THE_PAGE = """\
# Conda environment specification. The dependencies defined in this file will
# be automatically provisioned for runs with userManagedDependencies=False.

# Details about the Conda environment file format:
# https://conda.io/docs/user-guide/tasks/manage-environments.html#create-env-file-manually

name: project_environment
dependencies:
  # The python interpreter version.
  # Currently Azure ML only supports 3.8 and later.
- python=3.10.18

- pip:
  - --find-links https://pypi.python.org/simple/index.html
  - --extra-index-url https://pypi.python.org/simple
  - azureml-defaults==1.0.45
  - ptvsd
- numpy==1.15.4
- scikit-learn==0.19.1
- pandas==0.23.4
channels:
- anaconda
- conda-forge
"""


def test_the_file_of_the_page_is_the_one_that_the_sdk_writes():
    made = CondaDependencies.create(
        conda_packages=["numpy==1.15.4", "scikit-learn==0.19.1", "pandas==0.23.4"],
        pip_packages=["azureml-defaults==1.0.45", "ptvsd"],
    )

    assert made.serialize_to_string() == OF_THE_PAGE


@pytest.mark.skipif(not REAL.exists(), reason="the environment with azureml-core is not made: make test")
def test_each_step_gives_what_the_real_one_gives():
    """Side by side with azureml-core 1.61."""
    show = "def show(c):\n    print(c.serialize_to_string())\n"
    ours = run(sys.executable, f"from amlemu.v1.conda_dependencies import CondaDependencies\n{show}{STEPS}")
    real = run(str(REAL), f"from azureml.core.conda_dependencies import CondaDependencies\n{show}{STEPS}")

    assert ours == real.replace("\r", "")


def run(python: str, program: str) -> str:
    done = subprocess.run(
        [python, "-W", "ignore", "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.replace("\r\n", "\n")


def test_a_file_that_is_not_changed_stays_as_it_was_written(tmp_path):
    path = tmp_path / "myenv.yml"
    path.write_text("# ours\ndependencies:\n- python=3.8\n- pip: [azureml-defaults]  # two\n")
    made = CondaDependencies(path)

    assert made.serialize_to_string() == path.read_text()

    made.add_pip_package("joblib")

    assert yaml.safe_load(made.serialize_to_string()) == {
        "dependencies": ["python=3.8", {"pip": ["azureml-defaults", "joblib"]}]
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("- a", "Environment error: not a valid YAML structure", id="list"),
        pytest.param("a: [", "Environment error: not a valid YAML structure", id="no-yaml"),
        pytest.param(
            "name: x\npackages: []", "Environment error: unknown packages key in environment specification", id="key"
        ),
    ],
)
def test_what_is_no_conda_file_is_refused(tmp_path, text, words):
    path = tmp_path / "conda.yml"
    path.write_text(text)

    with pytest.raises(UserErrorException, match=words):
        CondaDependencies(path)


def test_what_cannot_be_is_refused_in_the_words_of_the_sdk(tmp_path):
    made = CondaDependencies()

    with pytest.raises(UserErrorException, match=r"^Invalid package name --x$"):
        made.add_pip_package("--x")
    with pytest.raises(UserErrorException, match=r"^Invalid pip option x$"):
        made.set_pip_option("x")
    with pytest.raises(UserErrorException, match=r"^python must not be removed from conda dependencies$"):
        made.remove_conda_package("python=3.8.13")
    with pytest.raises(UserErrorException, match=r"^Cannot save a conda environment specification file to a directory"):
        made.save(tmp_path)


def test_save_writes_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = CondaDependencies()

    assert made.save("conda.yml") == "conda.yml"
    assert (tmp_path / "conda.yml").read_text() == made.serialize_to_string()

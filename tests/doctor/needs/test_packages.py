"""Imports against the environment that the deployment asks for."""

from __future__ import annotations

import pytest
from amlemu.doctor.needs.packages import check_imports

from ..subjects import SCRIPT, conda, subject, told

SERVER = "azureml-inference-server-http"


@pytest.mark.parametrize(
    ("imports", "packages", "pip"),
    [
        pytest.param("import numpy, scipy.stats, joblib", ["scikit-learn"], [], id="brought-along"),
        pytest.param("from PIL import Image\nimport yaml, cv2, bs4, dateutil", [], ["Pillow", "PyYAML", "opencv-python", "beautifulsoup4", "pandas"], id="other-names"),
        pytest.param("import torch, torchvision", ["pytorch", "torchvision"], [], id="conda-names"),
        pytest.param("from inference_schema.schema_decorators import input_schema", [], [], id="inference-schema-comes-with-the-server"),
        pytest.param("from azureml.contrib.services.aml_request import rawhttp\nfrom azureml.contrib.services.aml_response import AMLResponse", [], [], id="rawhttp-in-the-long-form"),
        pytest.param("from azureml.core.model import Model\nfrom azureml.core import Workspace", [], ["azureml-defaults"], id="azureml-core-comes-with-defaults"),
        pytest.param("from azure.storage.blob import X\nfrom azure.identity import Y\nfrom azure.core.exceptions import Z", [], ["azure-storage-blob", "azure-identity"], id="parts-of-azure"),
        pytest.param("from azureml.ai.monitoring import Collector", [], ["azureml-ai-monitoring"], id="monitoring"),
        pytest.param("import json, os, sys, typing, dataclasses", [], [], id="standard"),
        pytest.param("import words", [], [], id="sibling"),
        pytest.param("import pkg_resources, setuptools", [], [], id="setuptools-comes-with-pip"),
        pytest.param("import contoso", [], ["contoso-sdk"], id="stranger-of-that-name"),
        pytest.param("import anything", [], ["-r https://example.com/list.txt"], id="a-list-that-cannot-be-read"),
        pytest.param("import mlflow, sklearn, pandas", [], ["mlflow"], id="mlflow"),
        pytest.param("import tensorflow.keras", [], ["tensorflow-cpu"], id="one-of-several-builds"),
    ],
)  # fmt: skip
def test_imports_that_will_be_there_are_not_spoken_of(tmp_path, imports, packages, pip):
    of = subject(tmp_path, f"{imports}\n{SCRIPT}", conda=conda(*packages, pip=[SERVER, *pip]), others={"words.py": ""})

    assert told(check_imports, of) == []


def test_nothing_is_said_where_the_environment_is_unknown(tmp_path):
    assert told(check_imports, subject(tmp_path, f"import pandas\n{SCRIPT}")) == []


@pytest.mark.parametrize(
    ("script", "cause"),
    [
        pytest.param(f"import pandas as pd\n{SCRIPT}", "score.py imports pandas, which nothing in conda.yml installs: it fails as the script is loaded", id="at-start"),
        pytest.param("def init():\n    import torch\ndef run(data):\n    pass\n", "score.py imports torch, which nothing in conda.yml installs: it fails as soon as init() runs", id="in-init"),
        pytest.param("def init():\n    pass\ndef run(data):\n    import xgboost\n", "score.py imports xgboost, which nothing in conda.yml installs: it fails at the first request", id="in-run"),
        pytest.param(f"from azure.identity import X\nimport azure.cosmos\n{SCRIPT}", "score.py imports azure.cosmos, which nothing in conda.yml installs: it fails as the script is loaded", id="part-of-azure"),
        pytest.param(f"from azureml.contrib.services import rawhttp\n{SCRIPT}", "score.py imports azureml.contrib.services, which nothing in conda.yml installs: it fails as the script is loaded", id="rawhttp-in-the-short-form"),
        pytest.param(f"import azureml.core\n{SCRIPT}", "score.py imports azureml.core, which nothing in conda.yml installs: it fails as the script is loaded", id="azureml-core"),
        pytest.param(f"import never_heard_of\n{SCRIPT}", "score.py imports never_heard_of, which nothing in conda.yml installs: it fails as the script is loaded", id="unknown"),
    ],
)  # fmt: skip
def test_a_package_that_nothing_installs_is_an_error(tmp_path, script, cause):
    of = subject(tmp_path, script, conda=conda("numpy", pip=[SERVER, "azure-identity"]))

    assert told(check_imports, of) == [("error", "missing-package", cause)]


def test_the_fix_names_the_distribution_and_the_cloud_its_error(tmp_path):
    (finding,) = check_imports(
        subject(tmp_path, f"from sklearn import svm\nimport sklearn\n{SCRIPT}", conda=conda(pip=[SERVER]))
    )

    assert finding.fix == "Add scikit-learn to conda.yml."
    assert finding.cloud.in_2021 == "ERR_2200"
    assert finding.place.line == 1


def test_a_sibling_may_lack_a_package_as_well(tmp_path):
    of = subject(tmp_path, f"import words\n{SCRIPT}", conda=conda(pip=[SERVER]), others={"words.py": "import nltk\n"})

    assert [(finding.rule, finding.place.file.name) for finding in check_imports(of)] == [
        ("missing-package", "words.py")
    ]


def test_a_function_that_nobody_is_known_to_call_is_a_warning(tmp_path):
    of = subject(tmp_path, f"{SCRIPT}def plot():\n    import seaborn\n", conda=conda(pip=[SERVER]))

    assert [(finding.severity, finding.cause) for finding in check_imports(of)] == [
        (
            "warning",
            "score.py imports seaborn, which nothing in conda.yml installs: it fails when plot() is called",
        ),
    ]


def test_an_unknown_requirement_may_bring_it(tmp_path):
    of = subject(tmp_path, f"import pandas\n{SCRIPT}", conda=conda(pip=[SERVER, "our-own-things"]))

    assert told(check_imports, of) == [
        (
            "warning",
            "missing-package",
            "score.py imports pandas, which nothing in conda.yml installs, unless our-own-things should bring it: it fails as the script "
            "is loaded",
        ),
    ]


def test_what_only_the_server_brings_is_to_be_named(tmp_path):
    of = subject(tmp_path, f"import flask\n{SCRIPT}", conda=conda(pip=[SERVER]))

    assert told(check_imports, of) == [
        (
            "warning",
            "undeclared-package",
            "score.py imports flask, which is only there because azureml-inference-server-http happens to bring flask along",
        ),
    ]
    assert told(check_imports, subject(tmp_path, f"import flask\n{SCRIPT}", conda=conda(pip=[SERVER, "flask"]))) == []


@pytest.mark.parametrize(
    ("imported", "python", "found"),
    [
        pytest.param("imp", "3.12", ["error"], id="gone"),
        pytest.param("imp", "3.11", [], id="still-there"),
        pytest.param("distutils.util", "3.12", [], id="setuptools-has-distutils"),
        pytest.param("distutils.util", "3.13", ["error"], id="without-setuptools"),
        pytest.param("tomllib", "3.10", ["error"], id="not-yet"),
        pytest.param("imp", "", [], id="no-python-is-named"),
        pytest.param("imp", ">=3.8,<3.13", [], id="some-have-it"),
    ],
)
def test_a_standard_module_has_to_be_in_the_wanted_python(tmp_path, imported, python, found):
    text = conda(pip=[SERVER], python=python).replace("python=>", "python>")

    assert [
        severity for severity, *_ in told(check_imports, subject(tmp_path, f"import {imported}\n{SCRIPT}", conda=text))
    ] == found


@pytest.mark.parametrize(
    ("sklearn", "found"),
    [
        pytest.param("scikit-learn=0.22.2", [], id="has-it"),
        pytest.param("scikit-learn=1.2", ["module-not-in-this-version"], id="lost-it"),
        pytest.param("scikit-learn", ["module-not-in-this-version"], id="newest"),
    ],
)
def test_a_part_that_a_package_has_lost_is_an_error(tmp_path, sklearn, found):
    of = subject(tmp_path, f"from sklearn.externals import joblib\n{SCRIPT}", conda=conda(sklearn, pip=[SERVER]))

    assert [rule for _, rule, _ in told(check_imports, of)] == found


def test_a_requirement_that_is_a_slip_is_told_there_alone(tmp_path):
    """`spelling.py` speaks of it; the import is not missing as well."""
    of = subject(
        tmp_path, f"import sklearn, pandas\n{SCRIPT}", conda=conda(pip=[SERVER, "scikit-lern", "sklearn", "panda"])
    )

    assert told(check_imports, of) == []


def test_a_name_that_the_server_s_module_lacks_is_told(tmp_path):
    line = "from azureml_inference_server_http.api.aml_request import raw_http"
    (finding,) = told(check_imports, subject(tmp_path, f"{line}\n{SCRIPT}", conda=conda(pip=[SERVER])))

    assert finding[:2] == ("error", "name-not-there")

"""A conda file as conda and pip read it; silent on good ones, and one cause for each fault."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from amlemu.azure import conda_file, marked
from amlemu.azure.marked import Unreadable

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "diabetes" / "conda.yml"
# What azureml-core 1.61 writes: CondaDependencies.create(...).add_channel("conda-forge").serialize_to_string()
OF_V1 = """\
# Conda environment specification. The dependencies defined in this file will
# be automatically provisioned for runs with userManagedDependencies=False.

# Details about the Conda environment file format:
# https://conda.io/docs/user-guide/tasks/manage-environments.html#create-env-file-manually

name: project_environment
dependencies:
  # The python interpreter version.
  # Currently Azure ML only supports 3.8 and later.
- python=3.8

- pip:
  - --extra-index-url https://pypi.python.org/simple
  - azureml-defaults>=1.0.45
  - inference-schema[numpy-support]
- scikit-learn=0.22
- numpy
channels:
- anaconda
- conda-forge
"""


@pytest.fixture
def read(write, tmp_path):
    def read(text):
        write("conda.yml", textwrap.dedent(text))
        return conda_file.read(tmp_path / "conda.yml")

    return read


def told(asked):
    return [(finding.severity, finding.place.line, finding.cause) for finding in asked.findings]


def test_what_it_asks_for(read):
    asked = read("""\
        name: model-env
        channels: [conda-forge]
        prefix: /home/me/envs/model-env
        dependencies:
          - python=3.12
          - numpy=2.3.1
          - pip=25.1.1
          - pip:
            - azureml-inference-server-http==1.4.1
            - --extra-index-url https://x.example/simple
    """)

    assert (asked.name, asked.channels, asked.python) == ("model-env", ("conda-forge",), "==3.12.*")
    assert [(entry.manager, entry.key, entry.specifier, entry.place.line) for entry in asked.entries] == [
        ("conda", "numpy", "==2.3.1.*", 6),
        ("pip", "azureml-inference-server-http", "==1.4.1", 9),
    ]
    assert asked.pip_options == ("--extra-index-url https://x.example/simple",)
    assert asked.findings == ()


def test_what_v1_writes_is_read_in_silence(read):
    """Without `pip` among conda's packages, which conda adds by itself."""
    asked = read(OF_V1)

    assert [entry.text for entry in asked.entries] == [
        "scikit-learn=0.22",
        "numpy",
        "azureml-defaults>=1.0.45",
        "inference-schema[numpy-support]",
    ]
    assert asked.findings == ()


def test_the_example_is_read_in_silence():
    assert conda_file.read(EXAMPLE).findings == ()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("dependencies: []\n", id="nothing"),
        pytest.param("dependencies: [python]\nvariables: {A: b}\nplatforms: [linux-64]\n", id="keys-of-others"),
        pytest.param("dependencies:\n- pip\n- pip:\n  - git+https://x.example/a.git\n", id="git"),
        pytest.param("dependencies:\n- pip:\n  - \"numpy; python_version < '3.8'\"\n", id="marker"),
        pytest.param("channels: [https://ours.example/conda]\ndependencies: [torch]\n", id="a-channel-of-their-own"),
        pytest.param("dependencies: ['ours::torch=1']\n", id="a-channel-for-one-package"),
    ],
)
def test_silence(read, text):
    assert read(text).findings == ()


@pytest.mark.parametrize(
    ("text", "line", "cause"),
    [
        pytest.param(
            "name: x\nchannels: [conda-forge]\n",
            1,
            "this conda file has no `dependencies`, so nothing would be installed",
            id="no-dependencies",
        ),
        pytest.param(
            "dependencies:\n  python: 3.8\n",
            1,
            "`dependencies` has to be a list, each entry after a dash",
            id="no-list",
        ),
        pytest.param("dependencies:\n  - numpy: 1.2\n", 2, "`numpy:` makes a mapping of this entry", id="colon"),
        pytest.param("dependencies:\n  - 3.8\n", 2, "conda wants a text here, and there is 3.8", id="number"),
        pytest.param("dependencies:\n  -\n", 2, "conda wants a text here, and there is nothing", id="nothing"),
        pytest.param(
            "dependencies:\n  - numpy>=1.2<2\n",
            2,
            "conda cannot read numpy>=1.2<2: '>=1.2<2' is no version; between two conditions stands a comma",
            id="no-comma",
        ),
        pytest.param(
            "dependencies:\n  - sklearn\n",
            2,
            "conda has no package sklearn; there it is called scikit-learn",
            id="name",
        ),
        pytest.param(
            "dependencies:\n  - azureml-defaults\n",
            2,
            "conda has no package azureml-defaults, only pip has it",
            id="only-pip-has-it",
        ),
        pytest.param(
            "dependencies:\n  - pip:\n    - numpy=1.2\n",
            3,
            "pip cannot read the requirement numpy=1.2; did you mean numpy==1.2",
            id="condas-sign-below-pip",
        ),
        pytest.param(
            "dependencies:\n  - pip:\n    - numpy: 1.2\n",
            3,
            "pip wants a text here, and there is {'numpy': 1.2}",
            id="colon-below-pip",
        ),
        pytest.param(
            "dependencies:\n  - pip: numpy\n", 2, "`pip` has to be a list, each entry after a dash", id="pip-no-list"
        ),
        pytest.param(
            "dependencies:\n  - python\npip:\n  - numpy\n",
            3,
            "conda does not see a `pip` outside `dependencies`",
            id="pip-outside",
        ),
        pytest.param(
            "dependencies:\n  - pip:\n    - numpy\n  - pip:\n    - scipy\n",
            4,
            "conda takes one `pip` list, and this one replaces that of line 2",
            id="two-pip-lists",
        ),
        pytest.param(
            "dependencies:\n  - pip:\n    - -r gone.txt\n",
            3,
            "-r names gone.txt, and there is no such file",
            id="file-missing",
        ),
        pytest.param("- numpy\n", 1, "this is a list, and a conda file is a mapping with `dependencies`", id="list"),
        pytest.param(
            "channels: conda-forge\ndependencies: []\n",
            1,
            "`channels` has to be a list, each entry after a dash",
            id="channels",
        ),
        pytest.param(
            "python: 3.8\nbuild_dependencies: [pip]\ndependencies: [-r requirements.txt]\n",
            0,
            "this is the python_env file of an MLflow model, which conda does not read",
            id="python-env",
        ),
    ],
)
def test_a_fault(read, text, line, cause):
    """One finding each, an error, with the line of the fault."""
    assert told(read(text)) == [("error", line, cause)]


@pytest.mark.parametrize(
    ("text", "line", "cause"),
    [
        pytest.param(
            "dependancies: []\ndependencies: []\n", 1, "conda ignores dependancies; did you mean dependencies", id="key"
        ),
        pytest.param("dependencies: []\nimage: x\n", 2, "conda ignores image", id="key-of-nothing"),
        pytest.param(
            "dependencies:\n  - pip:\n  - numpy\n",
            2,
            "there is no list below `- pip:`, so that pip installs nothing",
            id="pip-list-not-indented",
        ),
        pytest.param(
            "dependencies:\n  - uvicorn[standard]\n",
            2,
            "uvicorn[standard] is not what it looks like: conda knows no extras and drops [standard]",
            id="extras",
        ),
    ],
)
def test_a_doubt(read, text, line, cause):
    assert told(read(text)) == [("warning", line, cause)]


def test_a_file_beside_it_does_not_go_along(read, write):
    """The cloud gets the conda file's text alone (azure-ai-ml 1.35.2, Environment), so pip would not find the other one."""
    write("requirements.txt", "numpy\n")

    asked = read("dependencies:\n  - pip:\n    - -r requirements.txt\n")

    assert [entry.key for entry in asked.entries] == ["numpy"]
    assert told(asked) == [
        ("warning", 3, "Azure gets this file alone, so pip will not find what -r requirements.txt names")
    ]


def test_a_specification_inside_another_file_keeps_its_lines(tmp_path):
    path = tmp_path / "environment.yml"
    path.write_text("name: x\nconda_file:\n  dependencies:\n    - python=3.9\n    - numpy\n", encoding="utf-8")

    asked = conda_file.from_value(marked.read(path).get("conda_file"), path)

    assert asked.python == "==3.9.*"
    assert [(entry.key, entry.place.line) for entry in asked.entries] == [("numpy", 5)]
    assert asked.findings == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("dependencies:\n\t- numpy\n", "conda.yml:2: a tab stands where YAML wants blanks", id="tab"),
        pytest.param(
            "dependencies: []\ndependencies: []\n", "conda.yml:2: dependencies stands here a second time", id="twice"
        ),
        pytest.param("", "there is nothing in this file", id="empty"),
    ],
)
def test_what_is_no_yaml(read, text, message):
    with pytest.raises(Unreadable, match=message):
        read(text)

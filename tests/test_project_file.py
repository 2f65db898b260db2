"""[tool.amlemu] of a project's pyproject.toml: options, and where what is registered lies."""

from __future__ import annotations

import pytest
from amlemu import project_file
from amlemu.errors import UsageError
from amlemu.project_file import ProjectFile


@pytest.fixture
def load(write, tmp_path):
    def load(text, folder="."):
        write("pyproject.toml", text)
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        return project_file.load(tmp_path / folder)

    return load


def refusal_of(load, text):
    with pytest.raises(UsageError) as caught:
        load(text)
    return str(caught.value)


def test_options_are_those_of_serve(load, tmp_path):
    """Spelled as flags or as settings; paths are relative to the file."""
    found = load(
        """
        [project]
        name = "credit"

        [tool.amlemu]
        profile = "kubernetes"
        port = 5005
        grace = 2
        code = "src"
        endpoint-name = "credit-ep"
        dev_errors = true
        reload = false
        debug = true
        env = ["A=1", "B=2"]
        with = "azure/endpoint.yml"

        [tool.amlemu.models]
        "credit:3" = "outputs/credit.pkl"
        "azureml:risk" = "/data/risk"

        [tool.amlemu.environments]
        sklearn = "conda.yml"
        """
    )

    assert found.options == {
        "profile": "kubernetes",
        "port": 5005,
        "grace": 2,
        "code": str(tmp_path / "src"),
        "endpoint_name": "credit-ep",
        "dev_errors": True,
        "reload": False,
        "debug": 5678,
        "env": ("A=1", "B=2"),
        "with": (str(tmp_path / "azure" / "endpoint.yml"),),
    }
    assert {key: str(path) for key, path in found.models.items()} == {
        "credit:3": str(tmp_path / "outputs" / "credit.pkl"), "risk": "/data/risk",
    }  # fmt: skip
    assert found.environments == {"sklearn": tmp_path / "conda.yml"}
    assert found.place("port") == f"{tmp_path}/pyproject.toml:6"
    assert found.place("models") == f"{tmp_path}/pyproject.toml:16"
    assert found.place("unsaid") == f"{tmp_path}/pyproject.toml"


def test_a_profile_of_ones_own_is_a_path(load, tmp_path):
    assert load('[tool.amlemu]\nprofile = "faces/mine.toml"\n').options == {
        "profile": str(tmp_path / "faces" / "mine.toml")
    }


def test_the_nearest_file_with_such_a_table_counts(load, tmp_path):
    """Upwards to the repository's root, and no further."""
    load("[tool.amlemu]\nport = 1\n", "a/b")
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.other]\nx = 1\n")
    assert project_file.load(tmp_path / "a" / "b").options == {"port": 1}

    (tmp_path / "a" / ".git").mkdir()
    assert project_file.load(tmp_path / "a" / "b") == ProjectFile()

    (tmp_path / "a" / "b" / "pyproject.toml").write_text("[tool.amlemu]\nport = 2\n")
    assert project_file.load(tmp_path / "a" / "b").options == {"port": 2}


def test_a_project_without_such_a_table_says_nothing(load):
    assert load('[project]\nname = "x"\ndependencies = ["amlemu"]\n').options == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.amlemu]\nprot = 1\n", "pyproject.toml:2: tool.amlemu.prot is no option of amlemu serve; did you mean port?"),
        ("[tool.amlemu]\nzzzz = 1\n", "pyproject.toml:2: tool.amlemu.zzzz is no option of amlemu serve"),
        ("[tool.amlemu.modles]\na = 'b'\n", "pyproject.toml:1: tool.amlemu.modles is no option of amlemu serve; did you mean models?"),
        ("[tool.amlemu]\nport = '1'\n", "pyproject.toml:2: port = '1' is no whole number"),
        ("[tool.amlemu]\nport = true\n", "pyproject.toml:2: port = True is no whole number"),
        ("[tool.amlemu]\ngrace = 'x'\n", "pyproject.toml:2: grace = 'x' is no number"),
        ("[tool.amlemu]\nhost = 1\n", "pyproject.toml:2: host = 1 is no text"),
        ("[tool.amlemu]\nshadow = 1\n", "pyproject.toml:2: shadow = 1 is no true or false"),
        ("[tool.amlemu]\nreload = 'yes'\n", "pyproject.toml:2: reload = 'yes' is no true or false"),
        ("[tool.amlemu]\nauth = 'keys'\n", "pyproject.toml:2: auth = 'keys' is none of off, key, aml_token, aad_token"),
        ("[tool.amlemu]\nenv = [1]\n", "pyproject.toml:2: env is no list of texts"),
        ("[tool.amlemu]\nmodels = 'x'\n", 'pyproject.toml:2: tool.amlemu.models is no table of paths. Expected "NAME:VERSION" = "path" below [tool.amlemu.models].'),
        ("[tool.amlemu.models]\na = 1\n", 'pyproject.toml:1: tool.amlemu.models is no table of paths. Expected "NAME:VERSION" = "path" below [tool.amlemu.models].'),
        ("[tool]\namlemu = 1\n", "pyproject.toml: tool.amlemu is no table"),
        ("[tool.amlemu\n", "pyproject.toml: not readable: "),
    ],
)  # fmt: skip
def test_what_is_no_option_is_refused_with_its_line(load, tmp_path, text, message):
    """As the command line would refuse it."""
    assert refusal_of(load, text).startswith(f"{tmp_path}/{message}")


def test_a_file_that_is_no_text_is_told(tmp_path):
    (tmp_path / "pyproject.toml").write_bytes(b"amlemu = '\xff'")

    with pytest.raises(UsageError, match="not readable"):
        project_file.load(tmp_path)

"""A line of a requirements file means what pip takes it for."""

from __future__ import annotations

import pytest
from amlemu.azure.pip_line import holds, is_relative, marker_of, parse
from amlemu.finding import Place
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture
def line(tmp_path):
    def line(text):
        return parse(text, Place(tmp_path / "requirements.txt", 1), (tmp_path,))

    return line


@pytest.mark.parametrize(
    ("text", "key", "specifier", "extras"),
    [
        pytest.param("numpy", "numpy", "", (), id="bare"),
        pytest.param("Scikit_Learn == 1.3", "scikit-learn", "==1.3", (), id="name-and-blanks"),
        pytest.param("pandas>=1.1,<1.2", "pandas", ">=1.1,<1.2", (), id="range-in-its-order"),
        pytest.param("inference-schema[numpy-support]", "inference-schema", "", ("numpy-support",), id="extras"),
        pytest.param('uvicorn[standard]>=0.2; python_version>"3.7"', "uvicorn", ">=0.2", ("standard",), id="marker"),
        pytest.param("numpy (>=1.2)", "numpy", ">=1.2", (), id="parentheses"),
        pytest.param("numpy==1.2 --hash=sha256:aa --hash=sha256:bb", "numpy", "==1.2", (), id="hashes"),
        pytest.param("numpy==1.2  # trained with it", "numpy", "==1.2", (), id="comment"),
        pytest.param("torch==1.8.0+cu111", "torch", "==1.8.0+cu111", (), id="local-version"),
    ],
)
def test_a_requirement(line, text, key, specifier, extras):
    found = line(text)

    assert found.finding is None
    assert (found.requirement.key, found.requirement.specifier, found.requirement.extras) == (key, specifier, extras)
    assert not found.requirement.is_elsewhere


@pytest.mark.parametrize(
    ("text", "key"),
    [
        pytest.param("git+https://github.com/a/b.git@main#egg=Bee_Lib", "bee-lib", id="git-with-a-name"),
        pytest.param("git+ssh://git@github.com/a/b.git", "", id="git"),
        pytest.param("-e git+https://github.com/a/b.git#egg=b", "b", id="editable-git"),
        pytest.param("https://x.example/en_core_web_sm-3.0.0-py3-none-any.whl", "en-core-web-sm", id="wheel"),
        pytest.param("https://x.example/en_core_web_sm-3.0.0.tar.gz", "", id="archive"),
        pytest.param("bee @ https://x.example/b.zip", "bee", id="name-at-address"),
        pytest.param("/opt/wheels/bee-1-py3-none-any.whl", "bee", id="file-of-the-image"),
        pytest.param("./${WHEEL}.whl", "", id="variable"),
    ],
)
def test_what_lies_elsewhere(line, text, key):
    """Its name is known where the address says it."""
    found = line(text)

    assert found.finding is None
    assert found.requirement.is_elsewhere
    assert found.requirement.key == key


@pytest.mark.parametrize(
    "text",
    [
        "--extra-index-url https://x.example/simple",
        "--extra-index-url=https://x.example/simple",
        "-i https://x.example/simple",
        "--find-links ./wheels",
        "--pre",
        "--only-binary :all:",
        "--trusted-host x.example",
    ],
)
def test_an_option_is_kept_as_written(line, text):
    assert line(text).option == text
    assert line(text).finding is None


@pytest.mark.parametrize("text", ["-r other.txt", "-rother.txt", "--requirement other.txt", "--requirement=other.txt"])
def test_another_file_is_named(line, text):
    assert line(text).follows == ("-r", "other.txt")


@pytest.mark.parametrize("text", ["", "   ", "# numpy", "   # numpy"])
def test_nothing(line, text):
    assert line(text) is None


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        pytest.param("numpy=1.2", "pip cannot read the requirement numpy=1.2; did you mean numpy==1.2", id="one-sign"),
        pytest.param(
            "numpy=1.2=py38_0",
            "pip cannot read the requirement numpy=1.2=py38_0; did you mean numpy==1.2",
            id="condas-build",
        ),
        pytest.param(
            "numpy=>1.2", "pip cannot read the requirement numpy=>1.2; did you mean numpy>=1.2", id="turned-sign"
        ),
        pytest.param("numpy 1.2", "pip cannot read the requirement numpy 1.2; did you mean numpy==1.2", id="no-sign"),
        pytest.param(
            "conda-forge::numpy", "pip cannot read the requirement conda-forge::numpy; did you mean numpy", id="channel"
        ),
        pytest.param(
            "'numpy>=1.2',",
            "pip cannot read the requirement 'numpy>=1.2',; did you mean numpy>=1.2",
            id="of-a-setup-py",
        ),
        pytest.param("-U", "pip takes -U on its command line only, not among the requirements", id="upgrade"),
        pytest.param("python==3.8", "pip cannot install Python, and PyPI has nothing of this name", id="python"),
        pytest.param("./gone.whl", "pip is to install ./gone.whl, and there is no such file", id="file-missing"),
        pytest.param(
            "-e .", "pip is to install the folder ., which has neither a pyproject.toml nor a setup.py", id="no-package"
        ),
    ],
)
def test_what_pip_refuses(line, text, cause):
    found = line(text).finding

    assert (found.severity, found.cause) == ("error", cause)


def test_versions_that_only_an_old_pip_reads_are_a_warning(line):
    found = line("torch>=1.*")

    assert found.finding.severity == "warning"
    assert found.requirement.key == "torch"


def test_a_folder_with_a_package_is_installed(line, tmp_path):
    (tmp_path / "pyproject.toml").touch()

    assert line("-e .[all]").finding is None


@pytest.mark.parametrize(
    ("marker", "python", "expected"),
    [
        pytest.param('python_version < "3.8"', "==3.8.*", False, id="python-too-new"),
        pytest.param('python_version < "3.9"', "==3.8.*", True, id="python-fits"),
        pytest.param('python_version < "3.8"', None, True, id="python-unknown"),
        pytest.param('sys_platform == "win32"', None, False, id="the-cloud-is-no-windows"),
        pytest.param('platform_system == "Linux"', None, True, id="but-linux"),
        pytest.param("", None, True, id="none"),
    ],
)
def test_a_marker_holds_in_the_cloud(marker, python, expected):
    assert holds(marker, python) is expected


def test_the_marker_of_a_requirement():
    assert marker_of('numpy>=1; python_version < "3.8" --hash=sha256:aa') == 'python_version < "3.8"'
    assert marker_of("not a requirement") == ""


def test_relative_paths_are_told_from_the_rest():
    assert is_relative("-e ./package")
    assert not is_relative("git+https://x.example/a.git")
    assert not is_relative("/opt/a.whl")


@given(st.text(alphabet="abc1.2=<>!~*,[]'\"() -/:;#@$\\{}", max_size=30))
def test_no_text_makes_it_raise(tmp_path_factory, text):
    folder = tmp_path_factory.getbasetemp()

    parse(text, Place(folder / "requirements.txt", 1), (folder,))

"""An entry of conda's own list means what conda takes it for; expected values were read off conda 26.7.1."""

from __future__ import annotations

import pytest
from amlemu.azure.conda_spec import parse
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "name", "version", "specifier"),
    [
        pytest.param("numpy", "numpy", "", "", id="any"),
        pytest.param("numpy=1.2", "numpy", "1.2.*", "==1.2.*", id="one-sign-is-a-prefix"),
        pytest.param("numpy =1.2", "numpy", "1.2.*", "==1.2.*", id="blank-before"),
        pytest.param("numpy = 1.2", "numpy", "1.2.*", "==1.2.*", id="blanks-around"),
        pytest.param("numpy==1.2", "numpy", "1.2", "==1.2", id="two-signs-are-exact"),
        pytest.param("numpy 1.2", "numpy", "1.2", "==1.2", id="a-blank-is-exact"),
        pytest.param("numpy=1.2.*", "numpy", "1.2.*", "==1.2.*", id="star"),
        pytest.param("numpy==1.2.*", "numpy", "1.2.*", "==1.2.*", id="two-signs-and-star"),
        pytest.param("numpy=1", "numpy", "1.*", "==1.*", id="major"),
        pytest.param("numpy=1.2=py38_0", "numpy", "1.2", "==1.2", id="build-makes-it-exact"),
        pytest.param("numpy 1.2 py38_0", "numpy", "1.2", "==1.2", id="build-after-blanks"),
        pytest.param("numpy>=1.20,<2", "numpy", ">=1.20,<2", ">=1.20,<2", id="range"),
        pytest.param("numpy >= 1.2, < 2", "numpy", ">=1.2,<2", ">=1.2,<2", id="range-with-blanks"),
        pytest.param("numpy>=1.3.*", "numpy", ">=1.3.*", ">=1.3", id="star-after-at-least"),
        pytest.param("numpy~=1.2.0", "numpy", "~=1.2.0", "~=1.2.0", id="compatible"),
        pytest.param("numpy!=1.3.*", "numpy", "!=1.3.*", "!=1.3.*", id="not"),
        pytest.param("numpy=1.2,<2", "numpy", "=1.2,<2", "==1.2.*,<2", id="prefix-and-bound"),
        pytest.param("numpy=1.2|1.3", "numpy", "=1.2|1.3", "", id="or-cannot-be-said-to-pip"),
        pytest.param("numpy=*", "numpy", "*", "", id="star-alone"),
        pytest.param("numpy[version='>=1.2,<2']", "numpy", ">=1.2,<2", ">=1.2,<2", id="brackets"),
        pytest.param("conda-forge::numpy=1.2", "numpy", "1.2.*", "==1.2.*", id="channel"),
        pytest.param("Pillow", "pillow", "", "", id="lower-case"),
        pytest.param("numpy=1.2  # trained with it", "numpy", "1.2.*", "==1.2.*", id="comment"),
        pytest.param("openssl=1.1.1k", "openssl", "1.1.1k.*", "", id="no-version-of-pep440"),
        pytest.param("numpy=1.2rc1", "numpy", "1.2rc1.*", "==1.2rc1", id="candidate"),
        pytest.param("python=3.8.", "python", "3.8.*", "==3.8.*", id="dot-at-the-end"),
        pytest.param("_libgcc_mutex=0.1=main", "_libgcc_mutex", "0.1", "==0.1", id="underscore"),
    ],
)
def test_an_entry(text, name, version, specifier):
    spec = parse(text)

    assert (spec.name, spec.version, spec.specifier) == (name, version, specifier)
    assert (spec.fault, spec.doubt) == ("", "")


def test_a_channel_and_its_platform_are_kept():
    assert parse("conda-forge/linux-64::numpy").channel == "conda-forge/linux-64"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("numpy>=1.2<2", "'>=1.2<2' is no version; between two conditions stands a comma", id="no-comma"),
        pytest.param("numpy==", "a version is missing after '=='", id="no-version"),
        pytest.param("numpy>=1.2,", "a version is missing beside a comma in '>=1.2,'", id="comma-at-the-end"),
        pytest.param("numpy=1..2", "'1..2' is no version", id="two-dots"),
        pytest.param(">=1.2", "it names no package", id="no-name"),
        pytest.param("numpy^1.2", "'numpy^1.2' is no name of a package", id="poetry"),
        pytest.param("-r requirements.txt", "conda takes no options of pip here", id="option"),
        pytest.param(
            "git+https://github.com/a/b.git",
            "conda takes no address here, but for a .conda or .tar.bz2 file",
            id="git",
        ),
        pytest.param("./x.whl", "conda takes no path here, but for a .conda or .tar.bz2 file", id="path"),
        pytest.param(
            'numpy; python_version < "3.8"', "conda knows no markers such as `; python_version < ...`", id="marker"
        ),
    ],
)
def test_what_conda_refuses(text, fault):
    assert parse(text).fault == fault


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        pytest.param("uvicorn[standard]", "conda knows no extras and drops [standard]", id="extras"),
        pytest.param("numpy=>1.2", "conda reads =>1.2 as >1.2*, which is not >=1.2", id="turned-sign"),
        pytest.param("numpy scipy", "conda reads 'scipy' as the version, and no version is called so", id="two-names"),
    ],
)
def test_what_conda_takes_for_something_else(text, doubt):
    assert parse(text).doubt == doubt


def test_a_package_file_is_no_name_and_version():
    spec = parse("https://conda.example/linux-64/numpy-1.2-py38_0.tar.bz2")

    assert (spec.name, spec.is_file, spec.fault) == ("numpy", True, "")


@given(st.text(alphabet="abc1.2=<>!~*,|[]'\"() -/:;#@^_", max_size=30))
def test_no_text_makes_it_raise(text):
    """Whatever stands in the list, the answer is a spec, and a specifier is one that PEP 440 knows."""
    from packaging.specifiers import SpecifierSet

    spec = parse(text)

    SpecifierSet(spec.specifier)
    assert spec.name or spec.fault or spec.is_file

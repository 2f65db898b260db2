"""Packages in other versions than the cloud's, or than the deployment asks for."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from amlemu.azure import conda_file, pip_file
from amlemu.azure.requirements import Requirements
from amlemu_harness.parity.judging.drift import OF_THE_SERVER, judge_packages, key_of
from amlemu_harness.parity.verdict import Difference
from packaging.requirements import Requirement

from .test_surroundings import ENVIRONMENT


def asked(tmp_path: Path, *lines: str) -> Requirements:
    path = tmp_path / "requirements.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return pip_file.read(path)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        pytest.param({"numpy": "1.26.4"}, {"numpy": "1.26.4"}, id="equal"),
        pytest.param({"Flask_Cors": "6.0"}, {"flask-cors": "6.0"}, id="another-spelling-of-the-name"),
        pytest.param({"numpy": "1.26"}, {"numpy": "1.26.0"}, id="another-spelling-of-the-version"),
        pytest.param({"pip": "23.2.1", "wheel": "0.40"}, {"pip": "26.0", "wheel": "0.45"}, id="what-installs"),
        pytest.param({"gunicorn": "27.0.1"}, {}, id="what-only-the-server-needs"),
        pytest.param({}, {}, id="nothing"),
    ],
)
def test_what_makes_no_difference(theirs: Mapping[str, str], ours: Mapping[str, str]) -> None:
    """Names and versions count as pip reads them."""
    verdict, _ = judge_packages(theirs, ours)

    assert (verdict.case, verdict.kind, verdict.differences) == ("packages", "same", ())


def test_other_versions_on_both_sides_are_a_difference(tmp_path: Path) -> None:
    """Also of a package that is needed by one that is asked for, as far as we know; the smallest difference comes first."""
    there, here = (
        {"numpy": "2.0.1", "Flask": "3.1.3", "odd": "what"},
        {"numpy": "1.26.4", "flask": "3.1.2", "odd": "ever"},
    )
    verdict, remarks = judge_packages(there, here, asked(tmp_path, "odd"))
    nobody_asks, told = judge_packages(there, here)

    assert verdict.kind == "different"
    assert verdict.differences == (
        Difference("packages.odd", "what", "ever", 4),
        Difference("packages.numpy", "2.0.1", "1.26.4", 6),
    )
    assert remarks == ("packages: 1 that nobody asks for, in other versions: flask 3.1.3 there, 3.1.2 here",)
    assert nobody_asks.kind == "same"
    assert told == (
        "packages: 3 that nobody asks for, in other versions:"
        " flask 3.1.3 there, 3.1.2 here, numpy 2.0.1 there, 1.26.4 here, odd what there, ever here",
    )


def test_what_is_asked_for_is_said_where_a_side_has_something_else(tmp_path: Path) -> None:
    """With file and line."""
    verdict, remarks = judge_packages({"numpy": "2.0.1"}, {"NumPy": "1.26.4"}, asked(tmp_path, "# ours", "numpy<2"))

    assert verdict.differences == (Difference("packages.numpy", "2.0.1", "1.26.4", 6),)
    assert verdict.source == f"{tmp_path}/requirements.txt"
    assert remarks == (
        f"packages: numpy<2 is asked for ({tmp_path}/requirements.txt:2); it is 2.0.1 there, 1.26.4 here",
    )


def test_what_is_asked_for_and_missing_on_a_side_is_a_difference(tmp_path: Path) -> None:
    """What nobody asks for is only counted; what the server brings is not missing on ours."""
    requirements = asked(tmp_path, "pandas==3.1.1", "azureml-inference-server-http", "absent", "joblib")
    theirs = {"pandas": "3.1.1", "azureml-inference-server-http": "1.5.1", "gunicorn": "27.0.1", "joblib": "1"}
    ours = {"a": "1", "b": "1", "c": "1", "d": "1", "e": "1", "f": "1", "joblib": "1"}

    verdict, remarks = judge_packages({**theirs, "scipy": "1"}, ours, requirements)

    assert verdict.differences == (Difference("packages.pandas", "3.1.1", "(none)", 6),)
    assert remarks == (
        f"packages: pandas==3.1.1 is asked for ({tmp_path}/requirements.txt:1); it is 3.1.1 there, missing here",
        f"packages: absent is asked for ({tmp_path}/requirements.txt:3), and neither side has it",
        "packages: 2 of the server and its needs are only there; ours needs none of them",
        "packages: 1 that nobody asks for is only there: scipy",
        "packages: 6 that nobody asks for are only here: a, b, c, d, e, ...",
    )


def test_conda_packages_need_be_no_python_packages(tmp_path: Path) -> None:
    """A compiler that neither side lists is nothing to say a word about; a package that one side lacks is."""
    path = tmp_path / "conda.yml"
    path.write_text(
        "dependencies:\n- python=3.11\n- gxx_linux-64\n- scikit-learn=1.3\n- pip:\n  - joblib==1.6.0\n",
        encoding="utf-8",
    )

    verdict, remarks = judge_packages(
        {"scikit-learn": "1.3.2", "joblib": "1.6.0"}, {"joblib": "1.6.0"}, conda_file.read(path)
    )

    assert verdict.differences == (Difference("packages.scikit-learn", "1.3.2", "(none)", 6),)
    assert remarks == (f"packages: scikit-learn=1.3 is asked for ({path}:4); it is 1.3.2 there, missing here",)


def test_a_side_that_cannot_tell_is_not_compared() -> None:
    """Which one is said."""
    assert judge_packages(None, {})[0].why == "the reference did not say what is installed"
    assert judge_packages({}, None)[0].why == "our side did not say what is installed"
    assert judge_packages({}, None)[0].kind == "unasked"


def test_the_servers_packages_are_known() -> None:
    """All that the real server asks for itself is on the list."""
    program = "import importlib.metadata as m; print(*m.requires('azureml-inference-server-http'), sep='\\n')"
    told = subprocess.run(
        [ENVIRONMENT / "bin" / "python", "-c", program], capture_output=True, text=True, timeout=30, check=True
    )
    needs = {key_of(Requirement(line).name) for line in told.stdout.splitlines() if "extra ==" not in line}

    assert {"flask", "gunicorn", "inference-schema"} <= needs
    assert needs - {"waitress"} <= OF_THE_SERVER  # that is for Windows


def test_names_are_as_pep_503_has_them() -> None:
    """Case, dots, dashes and underscores do not count."""
    assert key_of("Azure.ML__Core-x") == "azure-ml-core-x"

"""Makes what the doctor looks at: real files in a folder, read by the product's own readers. And interpreters made of files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from textwrap import dedent

from amlemu.azure import conda_file, files, pip_file
from amlemu.doctor.assemble import subject_of
from amlemu.doctor.subject import Subject
from amlemu.finding import Finding
from amlemu.models import Model

SCRIPT = "def init():\n    pass\n\ndef run(data):\n    return data\n"


def interpreter(folder: Path, version: str = "3.10", **installed: str) -> Path:
    r"""Make an environment of files alone: `numpy="1.26.4"`, or `numpy="1.26.4\nRequires-Dist: x"`."""
    packages = folder / "lib" / f"python{version}" / "site-packages"
    packages.mkdir(parents=True, exist_ok=True)
    (folder / "bin").mkdir(exist_ok=True)
    (folder / "bin" / "python").write_text("")
    (folder / "pyvenv.cfg").write_text(f"home = /nowhere/bin\nversion = {version}.4\n")
    for name, told in installed.items():
        number, _, rest = told.partition("\n")
        info = packages / f"{name}-{number}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {number}\n{rest}\n\nA text\n")
        (info / "RECORD").write_text(f"{name}/__init__.py,,\n{name}-{number}.dist-info/METADATA,,\n")
    return folder / "bin" / "python"


def conda(*packages: str, pip: Iterable[str] = (), python: str = "") -> str:
    """Return a conda file's text."""
    lines = ["name: env", "channels: [conda-forge]", "dependencies:", *([f"- python={python}"] if python else [])]
    lines += [f"- {package}" for package in packages] + ["- pip"]
    pip = list(pip)
    return "\n".join([*lines, *(["- pip:"] if pip else []), *(f"  - {package}" for package in pip)]) + "\n"


def subject(
    folder: Path,
    script: str = SCRIPT,
    *,
    conda: str | None = None,
    pip: str | None = None,
    others: Mapping[str, str | bytes] | None = None,
    models: Iterable[Model] = (),
    python: Path | None = None,
    variables: Mapping[str, str] | None = None,
    deployment: str = "",
    at: str = "score.py",
) -> Subject:
    """
    Write the files of a deployment and read them.

    Args:
        conda, pip: text of its conda.yml, or its requirements.txt; without both the environment is unknown.
        others: more files of the code folder, by path.
        deployment: text of a deployment.yml that names the script; without it there is only the script.
        at: the script's path in the code folder.
    """
    code = folder / "code"
    for name, text in {at: dedent(script), **(others or {})}.items():
        (code / name).parent.mkdir(parents=True, exist_ok=True)
        (code / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    requirements = None
    if conda is not None:
        (folder / "conda.yml").write_text(conda)
        requirements = conda_file.read(folder / "conda.yml")
    if pip is not None:
        (folder / "requirements.txt").write_text(pip)
        requirements = pip_file.read(folder / "requirements.txt")
    said = None
    if deployment:
        (folder / "deployment.yml").write_text(dedent(deployment))
        said = files.describe(folder / "deployment.yml")
        assert said.script is not None, said.findings
    return subject_of(
        code / at,
        said,
        python=python or interpreter(folder / "environment"),
        models=tuple(models),
        requirements=requirements,
        variables=variables,
        code=code,
    )


def told(check: Callable[[Subject], Iterable[Finding]], of: Subject) -> list[tuple[str, str, str]]:
    """Return severity, rule and cause of what a check finds."""
    return [(finding.severity, finding.rule, finding.cause) for finding in check(of)]

"""
What an image is built from, as the engine takes it: the text of a Dockerfile, and the files beside it. Nothing is built.

The Dockerfiles are templates in docker/; here are the lines that depend on the deployment. Their order is the cache's: what
changes more often comes later, so that a new requirement makes one layer anew and an edit of the script none.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from amlemu.azure import pip_file, pip_line
from amlemu.azure.requirements import Requirements
from amlemu.environments.steps import Steps, steps

from amlemu_harness.bases import DATA, Base, fits, reference

CONDA_ENVIRONMENT = "inf-conda-env"  # azure-ai-ml 1.35.2, LocalEndpointConstants.CONDA_ENV_NAME
_ENVIRONMENT = f"/opt/miniconda/envs/{CONDA_ENVIRONMENT}"
_MINIMAL = "/azureml-envs/minimal"
_RUNSVDIR = ("runsvdir", "/var/runit")
_CONDA_RUN = ("conda", "run", "--no-capture-output", "-n", CONDA_ENVIRONMENT)
_OURS = "/opt/amlemu"

Content = Path | bytes


@dataclass(frozen=True)
class Extras:
    """
    What goes into an image besides base and packages.

    Attributes:
        certificates: to be trusted in the build.
        wheels: a folder that pip takes all packages from, instead of an index.
        arguments: names of the build's arguments, which have values elsewhere.
        debugger: files of what makes a container debuggable, by their path below /opt/amlemu; empty where it is not to be.
        instructions, files: the lines at the end of the Dockerfile, and what they copy.
    """

    certificates: Path | None = None
    wheels: Path | None = None
    arguments: tuple[str, ...] = ()
    debugger: Mapping[str, Path] = field(default_factory=dict)
    instructions: str = ""
    files: Mapping[str, Content] = field(default_factory=dict)


@dataclass(frozen=True)
class Blueprint:
    """
    All that a build needs.

    Attributes:
        dockerfile: its text.
        files: what lies beside it, by path in the build's context: a file or folder of the host, or bytes.
        remarks: what a person should know who expects what the deployment's files say.
        arguments: of the build, with values that no line of a Dockerfile can hold.
    """

    dockerfile: str
    files: Mapping[str, Content]
    remarks: tuple[str, ...] = ()
    arguments: Mapping[str, str] = field(default_factory=dict)


def draw(base: Base, requirements: Requirements | None, extras: Extras, user: str = "") -> Blueprint:
    """
    Return what to build.

    Args:
        requirements: of the deployment; None where the base has all that it needs.
        user: that the base's commands run as; empty for root.
    """
    parts = _Reference(requirements, extras) if base.is_reference else _Azure(requirements, extras, user)
    start = base.lines.rstrip() or f"FROM {base.image}"
    template = (DATA / parts.template).read_text(encoding="utf-8")
    lines = {"start": start, "certificates": _trust(extras), "root": parts.root(), "environment": parts.environment()}
    text = template.format_map({**lines, **parts.words})
    text = "\n".join(line for line in f"{text}\n{extras.instructions}".splitlines() if line.strip()) + "\n"
    return Blueprint(text, {**_beside(base), **parts.files, **_files(extras)}, parts.remarks)


def _beside(base: Base) -> dict[str, Content]:
    """Return what the user's own Dockerfile may copy: its folder, but for what .dockerignore says."""
    if base.folder is None:
        return {}
    from docker.utils.build import exclude_paths

    ignored = base.folder / ".dockerignore"
    patterns = ignored.read_text(encoding="utf-8").splitlines() if ignored.is_file() else []
    patterns = [line for line in patterns if line.strip() and not line.startswith("#")]
    paths = sorted(exclude_paths(str(base.folder), patterns))
    return {Path(path).as_posix(): base.folder / path for path in paths if (base.folder / path).is_file()}


def _trust(extras: Extras) -> str:
    """Arguments, not variables: they hold while the image is built, and the script never sees them."""
    lines = _arguments(extras, of_pip=True)
    if extras.certificates is not None:
        place = f"{_OURS}/certificates.pem"
        names = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE")
        lines += ["#: the certificates", f"COPY certificates.pem {place}"]
        lines += [f"ARG {name}={place}" for name in names]
    if extras.wheels is not None:
        lines += ["#: the wheels", f"COPY wheels {_OURS}/wheels/"]
        lines += ["ARG PIP_NO_INDEX=1", f"ARG PIP_FIND_LINKS={_OURS}/wheels"]
    lines += ["ARG PIP_NO_CACHE_DIR=1", "ARG PIP_DISABLE_PIP_VERSION_CHECK=1", "ARG PIP_NO_INPUT=1"]
    return "\n".join(lines)


def _arguments(extras: Extras, *, of_pip: bool) -> list[str]:
    """Declare arguments as late as they are wanted: a new value makes all anew that comes after; pip's own are wanted early."""
    return [f"ARG {name}" for name in extras.arguments if name.startswith("PIP_") == of_pip]


def _files(extras: Extras) -> dict[str, Content]:
    files: dict[str, Content] = {**extras.files}
    if extras.certificates is not None:
        files["certificates.pem"] = extras.certificates
    if extras.wheels is not None:
        files["wheels"] = extras.wheels
    return files | {f"debug/{name}": path for name, path in extras.debugger.items()}


class _Azure:
    """The image as `az ml ... --local` would build it: Microsoft's, or the user's, and a conda environment in it."""

    template = "azure.dockerfile"
    remarks: tuple[str, ...] = ()

    def __init__(self, requirements: Requirements | None, extras: Extras, user: str) -> None:
        self._requirements = requirements
        self._extras = extras
        self._user = user
        self._has_conda = requirements is not None and not pip_file.is_one(requirements.place.file)
        command = (*_CONDA_RUN, *_RUNSVDIR) if self._has_conda else _RUNSVDIR
        self.words = {"command": ", ".join(f'"{word}"' for word in command)}
        self.files: dict[str, Content] = {}

    def root(self) -> str:
        """Install an editor, as the 2020 page does; only where somebody is going to look inside."""
        if not self._extras.debugger:
            return ""
        lines = ["#: an editor, and the debugger's files", "USER root"]
        lines += ["RUN apt-get update && apt-get install -y --no-install-recommends vim && rm -rf /var/lib/apt/lists/*"]
        lines += [f"COPY debug {_OURS}/", f"USER {self._user or 'root'}"]
        return "\n".join(lines)

    def environment(self) -> str:
        """Make the conda environment; a list of pip's goes into the image's own environment."""
        asked, pip = self._requirements, "pip"
        lines = _arguments(self._extras, of_pip=False)
        if asked is not None and self._has_conda:
            self.files["conda.yml"] = asked.text.encode()
            pip = f"conda run -n {CONDA_ENVIRONMENT} pip"
            lines += ["COPY conda.yml /var/azureml-app/", f"#: the conda environment of {asked.place.file.name}"]
            lines += [f"RUN conda env create -n {CONDA_ENVIRONMENT} --file conda.yml"]
        elif asked is not None:
            lines += _lists(self.files, {"pip.txt": _pip_lines(asked, steps(asked))}, pip, asked)
        if self._extras.debugger:
            lines += ["#: the debugger", f"RUN {pip} install debugpy"]
        return "\n".join(lines)


class _Reference:
    """The reference image: the server in one environment, and what a conda file asks for in another, as `conda run` has it."""

    template = "reference.dockerfile"

    def __init__(self, requirements: Requirements | None, extras: Extras) -> None:
        self._requirements = requirements
        self._extras = extras
        self._has_conda = requirements is not None and not pip_file.is_one(requirements.place.file)
        self._steps = steps(requirements) if requirements is not None else None
        self.files: dict[str, Content] = {"reference": DATA / "reference"}
        self.words = {
            "server": shlex.quote(reference("server")),
            "beside": shlex.join(reference("beside")),
        }
        self.remarks = _remarks(requirements, self._steps) if requirements is not None and self._steps else ()

    def root(self) -> str:
        """Do nothing: all that needs root is the same for all deployments."""
        return ""

    def environment(self) -> str:
        """
        Install what the deployment asks for: what comes before this is built once for all deployments, and the debugger before the
        packages, so that a new requirement leaves it be.
        """
        home = _ENVIRONMENT if self._has_conda else _MINIMAL
        pip = f"{home}/bin/pip"
        lines = _arguments(self._extras, of_pip=False)
        if self._has_conda:
            lines += [f"ENV PATH={home}/bin:$PATH", "#: the environment", f"RUN python3 -m venv {home}"]
        if self._extras.debugger:
            lines += ["#: the debugger", f"COPY debug {_OURS}/", f"RUN {pip} install debugpy"]
        asked, work = self._requirements, self._steps
        if asked is not None and work is not None:
            lists = {"conda.txt": [one.requirement for one in work.mapped], "pip.txt": _pip_lines(asked, work)}
            lines += _lists(self.files, lists, pip, asked)
        return "\n".join(lines)


def _lists(files: dict[str, Content], lists: Mapping[str, list[str]], pip: str, asked: Requirements) -> list[str]:
    """Install lists of requirements, one after the other, in one layer."""
    wanted = {name: lines for name, lines in lists.items() if lines}
    if not wanted:
        return []
    files |= {f"requirements/{name}": ("\n".join(lines) + "\n").encode() for name, lines in wanted.items()}
    files |= {f"requirements/{path.name}": path for path in _constraints(asked)}
    runs = [f"{pip} install {'-U ' if name == 'pip.txt' and len(wanted) > 1 else ''}-r {_OURS}/requirements/{name}" for name in wanted]  # fmt: skip
    return [
        f"COPY requirements {_OURS}/requirements/",
        f"#: the packages of {asked.place.file.name}",
        f"RUN {' && '.join(runs)}",
    ]


def _pip_lines(asked: Requirements, work: Steps) -> list[str]:
    """Return pip's list in one piece: files that it names by -r are among the entries, and do not exist in the image."""
    if not work.pip_count:
        return []
    options = [_in_image(option, asked) for option in asked.pip_options if not _names(option, asked, "-r")]
    return [*options, *(entry.text for entry in asked.entries if entry.manager == "pip")]


def _in_image(option: str, asked: Requirements) -> str:
    """A file of constraints lies beside the list."""
    path = _names(option, asked, "-c")
    return option if path is None else f"-c {path.name}"


def _constraints(asked: Requirements) -> list[Path]:
    found = [_names(option, asked, "-c") for option in asked.pip_options]
    return [path for path in found if path is not None and path.is_file()]


def _names(option: str, asked: Requirements, flag: str) -> Path | None:
    """Return the file that `-r` or `-c` names."""
    line = pip_line.parse(option, asked.place, (asked.place.file.parent,))
    if line is None or line.follows is None or line.follows[0] != flag:
        return None
    return asked.place.file.parent / line.follows[1]


def _remarks(asked: Requirements, work: Steps) -> tuple[str, ...]:
    python, name = reference("python"), asked.place.file.name
    found = []
    if not fits(asked.python, python):
        found.append(f"{name} asks for Python {asked.python}; the reference image has {python}")
    found += [f"not in the reference image: {one.entry.text} ({one.reason})" for one in work.left]
    found += [f"{one.entry.text} becomes {one.requirement} from PyPI" for one in work.mapped if one.lost]
    return tuple(found)

"""
What will be importable in the environment that a deployment asks for: each requirement, and what it brings along.

`packages.py` holds the imports against it, `pickles.py` what a model file names. Knows names, not versions.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from amlemu.azure.conda_names import is_no_python, normalised, pypi_name
from amlemu.azure.requirements import Requirement, Requirements
from amlemu.doctor.needs import distributions
from amlemu.doctor.needs.distributions import Interpreter
from amlemu.doctor.needs.specifiers import newest_is_in, pythons
from amlemu.doctor.subject import Subject

SERVER = "azureml-inference-server-http"
DEFAULTS = "azureml-defaults"
_MEANT_FOR_SCRIPTS = frozenset(("inference-schema", "azureml-core", "azureml-dataset-runtime", "azureml-dataprep"))
"""What the server's packages bring is not for scripts, but for these."""
_WITH_OLD_SDK = ("<1.33", "azureml-model-management-sdk")
"""What azureml-defaults has brought once, and pandas with it. Source: its metadata, server_pins.toml."""
_BUILDS = re.compile(r"-(?:gpu|cpu|cuda\w*|cu\d\w*|rocm\w*|openvino|nightly|full|lite|binary|headless|wheel|pypi|dev)")
"""How distributions call other builds of the same modules: onnxruntime-gpu, mmcv-full."""
_NAMED_BY = re.compile(
    r"(?:.*[/=])?([A-Za-z][\w.-]*?)(?:-\d[^/]*)?(?:\.git|\.tar\.gz|\.zip|\.whl|\.tgz)?(?:@[^/]*)?(?:#.*)?"
)
_LIKE_A_FILE = re.compile(r"(?:-r|-e|--requirement|--editable)\b")
_SHORTEST_ALIKE = 4


@dataclass(frozen=True)
class Supply:
    """
    What is there.

    Attributes:
        asked: by name on PyPI, what the files ask for.
        every: names of all that comes.
        own: of those, what would come without the server's packages.
        strangers: requirements of which it is not known what they bring, as written.
        here: the interpreter on this machine, which knows some distributions from the inside.
    """

    asked: Mapping[str, Requirement]
    every: frozenset[str]
    own: frozenset[str]
    strangers: tuple[str, ...]
    here: Interpreter

    @property
    def has_list(self) -> bool:
        """Whether a list of requirements belongs to it that could not be read, in which anything may stand."""
        return any(name.startswith(("-r", "--requirement")) for name in self.strangers)

    def holder(self, module: str, names: tuple[str, ...] = ()) -> str | None:
        """Return the distribution that comes and holds a module, or one of `names` that are imported from it; None if none does."""
        wanted = [module]
        if distributions.is_shared(module.partition(".")[0]):
            wanted += [f"{module}.{name}" for name in names]
        for name in wanted:
            for holder in distributions.holders(name):
                if holder in self.every:
                    return holder
                built = next((key for key in self.every if _BUILDS.fullmatch(key.removeprefix(holder))), None)
                if built is not None:
                    return built
        if distributions.is_shared(module) and not names:  # `import azure`: any part of it makes that work
            return next((key for key in sorted(self.every) if key.startswith(f"{module}-")), None)
        return self._from_inside(module) or self._by_likeness(module)

    def _from_inside(self, module: str) -> str | None:
        """By the modules of what is installed here, too: of what is asked for, and not well known."""
        top = module.partition(".")[0]
        if distributions.is_shared(top):
            return None
        for key in self.every - distributions.well_known():
            found = self.here.distributions.get(key)
            if found is not None and top in found.modules():
                return key
        return None

    def _by_likeness(self, module: str) -> str | None:
        """A stranger that is called much like the module, `snowflake-x` or `pyfoo` for foo, will hold it."""
        wanted = re.sub(r"[-_.]", "", module.partition(".")[0]).lower()
        for key in self.asked:
            bare = key.replace("-", "")
            is_part = wanted in key.split("-") or (len(wanted) >= _SHORTEST_ALIKE and wanted in bare)
            if key not in distributions.well_known() and (is_part or bare in (wanted, f"py{wanted}")):
                return key
        return None


def on_pypi(requirement: Requirement) -> str | None:
    """Return the name that a requirement has on PyPI; None for a conda package that has none there."""
    if requirement.manager == "pip":
        return requirement.key or None
    if is_no_python(requirement.key):
        return None
    return pypi_name(requirement.key) or normalised(requirement.key)


def supply_of(subject: Subject) -> Supply | None:
    """Say what will be importable; None where it is not known what the environment is made of."""
    return None if subject.requirements is None else _supply(subject.requirements, subject.python)


@functools.lru_cache(maxsize=2)  # each check asks for it
def _supply(requirements: Requirements, python: Path) -> Supply:
    here = distributions.look_at(python)
    asked = {name: entry for entry in requirements.entries if (name := on_pypi(entry))}
    roots = {name: entry.extras for name, entry in asked.items()}
    for entry in requirements.entries:
        if entry.is_elsewhere and not entry.key and _called(entry.text):
            roots.setdefault(_called(entry.text), ())
    for name in list(roots):
        meant = _meant_by(name)
        if meant:
            roots.setdefault(meant, ())
    if _has_setuptools(requirements):
        roots.setdefault("setuptools", ())
    others, _ = _closure({name: extras for name, extras in roots.items() if name not in (SERVER, DEFAULTS)}, here)
    if DEFAULTS in asked and newest_is_in(asked[DEFAULTS].specifier, _WITH_OLD_SDK[0]):
        roots.setdefault(_WITH_OLD_SDK[1], ())
    every, unknown = _closure(roots, here)
    own = others | ({SERVER, DEFAULTS} & roots.keys()) | _MEANT_FOR_SCRIPTS
    return Supply(asked, every, frozenset(own & every), (*_files(requirements), *sorted(unknown)), here)


def _meant_by(name: str) -> str | None:
    """What somebody means who asks for a name that does not install; that is a finding of its own."""
    table = distributions.load_table("known_faults.toml")
    rights = {fault["package"]: fault["right"] for fault in table["fault"] if "right" in fault}
    found = table["absent"].get(name) or rights.get(name)
    return str(found) if found else None


def _called(address: str) -> str:
    """Return what an address or a folder is called, which mostly is the distribution's name: `.../detectron2.git`."""
    found = _NAMED_BY.fullmatch(address.strip().removeprefix("-e ").strip().rstrip("/"))
    return normalised(found[1]) if found else ""


def _files(requirements: Requirements) -> tuple[str, ...]:
    """What is asked for without a name: an address, a folder, another file."""
    nameless = (
        entry.text for entry in requirements.entries if entry.is_elsewhere and not entry.key and not _called(entry.text)
    )
    read = {entry.place.file.name for entry in requirements.entries}
    unread = (
        option for option in requirements.pip_options if _LIKE_A_FILE.match(option) and not _is_read(option, read)
    )
    return (*nameless, *unread)


def _is_read(option: str, read: set[str]) -> bool:
    """Whether a file that `-r` names has been read: some of what is asked for stands in it."""
    last = option.rsplit(maxsplit=1)[-1]
    named = last.partition("=")[2] or last
    return not option.startswith(("-e", "--editable")) and re.split(r"[/\\]", named)[-1] in read


def _has_setuptools(requirements: Requirements) -> bool:
    """
    Up to Python 3.12 conda's pip has come with setuptools, which brings distutils as well.

    Source: conda-forge's recipe of pip: setuptools and wheel among its dependencies for Python < 3.13; pip's own environments: assumed.
    """
    return any(version < (3, 13) for version in pythons(requirements.python))


def _closure(roots: Mapping[str, Iterable[str]], here: Interpreter) -> tuple[frozenset[str], set[str]]:
    """Follow what each brings along; returns all names, and those that may bring what is not known."""
    every: set[str] = set()
    seen: set[tuple[str, tuple[str, ...]]] = set()
    unknown: set[str] = set()
    waiting = [(name, tuple(extras)) for name, extras in roots.items()]
    while waiting:
        name, extras = entry = waiting.pop()
        if entry in seen:
            continue
        seen.add(entry)
        every.add(name)
        brought, is_all = distributions.brings(name, extras, here)
        if not is_all:
            unknown.add(name)
        for each in brought:
            bare, _, rest = each.partition("[")
            waiting.append((bare, tuple(extra.strip() for extra in rest.rstrip("]").split(",") if extra.strip())))
    return frozenset(every), unknown

"""
Checks the pickles of the models: is all that they name importable where they will be loaded? `pickles.py` reads them.

Source: users.md C10 70; contract 4.12 and users.md section 2, 12: under the server `__main__` is the server's own program.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from amlemu.doctor.files import pickles
from amlemu.doctor.files.pickles import Pickle
from amlemu.doctor.needs import distributions, local_modules
from amlemu.doctor.needs.packages import lost_part
from amlemu.doctor.needs.specifiers import admits, agree, newest_is_in
from amlemu.doctor.needs.standard_library import is_standard
from amlemu.doctor.needs.supply import Supply, supply_of
from amlemu.doctor.subject import Subject
from amlemu.finding import CANNOT_INIT, Finding, Place, Severity

_MOST_FILES = 20
_MOST_BYTES = 60 << 20  # of all together
_MOST_FOLDERS = 200
_MAIN = "__main__"
_OLD_NAMES = (_MAIN, "__builtin__", "copy_reg", "exceptions")  # Python 2's are mapped as they are loaded
_SKLEARN = "scikit-learn"
_PUTS_MAIN = ("import __main__", "modules['__main__']", 'modules["__main__"]', "__main__.")


@dataclass(frozen=True)
class _Case:
    """One file, and what it is held against."""

    pickle: Pickle
    subject: Subject
    supply: Supply | None
    severity: Severity

    def finding(self, rule: str, cause: str, fix: str, *, is_sure: bool = True) -> Finding:
        """Return a finding about the file."""
        said = f"{self.pickle.path.name} names {cause}, so loading it fails"
        severity: Severity = self.severity if is_sure else "warning"
        return Finding(severity, rule, said, Place(self.pickle.path), CANNOT_INIT, fix)


def check_pickles(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each model file that names what will not be there."""
    paths = _files(subject)
    supply = supply_of(subject) if paths else None
    for path in paths:
        pickle = pickles.read(path)
        if pickle is None:
            continue
        case = _Case(pickle, subject, supply, "error" if _is_loaded(path, paths, subject) else "warning")
        yield from _of_main(case)
        yield from _of_modules(case)
        if supply is not None:
            yield from _of_version(case, supply)


def _files(subject: Subject) -> list[Path]:
    """Return the pickles among the models, by their endings: no more than can be read in a moment."""
    found: list[Path] = []
    size = 0
    for model in subject.models:
        for path in [model.path] if model.path.is_file() else _below(model.path):
            try:
                size += min(path.stat().st_size, pickles.MOST_BYTES)
            except OSError:
                continue
            if size > _MOST_BYTES or len(found) >= _MOST_FILES:
                return found
            found.append(path)
    return found


def _below(folder: Path) -> Iterator[Path]:
    for count, (above, folders, files) in enumerate(os.walk(folder)):
        if count >= _MOST_FOLDERS:
            return
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(above, name) for name in sorted(files) if name.lower().endswith(pickles.ENDINGS))


def _is_loaded(path: Path, paths: list[Path], subject: Subject) -> bool:
    """Whether the script names the file; without its name, it may be one that nobody loads."""
    texts = [source.text for source in subject.sources]
    is_only = len(paths) == 1 and any(
        word in text for text in texts for word in ("AZUREML_MODEL_DIR", "get_model_path")
    )
    return is_only or any(path.name in text for text in texts)


def _of_main(case: _Case) -> Iterator[Finding]:
    names = sorted(name for module, name in case.pickle.names if module == _MAIN)
    if not names or any(word in source.text for source in case.subject.sources for word in _PUTS_MAIN):
        return
    yield case.finding(
        "pickled-main",
        f"{_MAIN}.{names[0]}, from the program that saved it, and under the server {_MAIN} is the server itself, without {names[0]}",
        f"Define {', '.join(names)} in a module of its own, import it where the model is saved, save again, and deploy that module "
        "beside the script.",
    )


def _of_modules(case: _Case) -> Iterator[Finding]:
    """Each top-level module once, and not what another one that is missing brings along."""
    told: set[str] = set()
    brought = set(_OLD_NAMES)
    for module, _ in case.pickle.names:
        if case.supply is not None and case.supply.holder(module) is None and distributions.is_well_known(module):
            brought.update(distributions.brings(distributions.holders(module)[0], (), case.supply.here)[0])
    for module, name in sorted(case.pickle.names):
        top = module.partition(".")[0]
        if top in told or top in brought or is_standard(module) or local_modules.is_local(case.subject, module):
            continue
        for finding in _of_module(case, module, name):
            told.add(top)
            yield finding


def _of_module(case: _Case, module: str, name: str) -> Iterator[Finding]:
    if case.supply is None:
        if not distributions.is_well_known(module) and local_modules.elsewhere(case.subject, module):
            yield _absent_module(case, module, name)
    elif case.supply.holder(module) is not None:
        yield from _of_part(case, module, case.supply)
    elif distributions.is_well_known(module):
        yield _absent_package(case, module, name, case.supply)
    else:
        yield _absent_module(case, module, name)


def _absent_package(case: _Case, module: str, name: str, supply: Supply) -> Finding:
    file = case.subject.requirements.place.file.name if case.subject.requirements else "the environment"
    return case.finding(
        "pickle-needs-package",
        f"{module}.{name}, which nothing in {file} installs{_unless(supply)}",
        f"Add {distributions.holders(module)[0]} to {file}, in the version that the model was saved with.",
        is_sure=not supply.strangers,
    )


def _absent_module(case: _Case, module: str, name: str) -> Finding:
    top = module.partition(".")[0]
    places = local_modules.elsewhere(case.subject, module)
    where = f"It lies at {places[0]}; move" if places else f"If {top} is a module of yours, put"
    strangers = case.supply.strangers if case.supply else ()
    return case.finding(
        "pickle-needs-module",
        f"{module}.{name}, and there is no module {top} in the app root{_unless(case.supply)}",
        f"{where} it beside the script; else add its distribution to the environment.",
        is_sure=not strangers,
    )


def _unless(supply: Supply | None) -> str:
    strangers = ", ".join(supply.strangers[:3]) if supply is not None else ""
    return f", unless {strangers} should bring it" if strangers else ""


def _of_part(case: _Case, module: str, supply: Supply) -> Iterator[Finding]:
    moved = lost_part(module, supply)
    if moved is not None:
        package, needs, fix = moved
        asked = supply.asked.get(package)
        said = f"{package}{asked.specifier}" if asked is not None and asked.specifier else f"the newest {package}"
        cause = f"{module}, which only {package}{needs} has, and the environment has {said}"
        yield case.finding("pickle-of-another-version", cause, fix)


def _of_version(case: _Case, supply: Supply) -> Iterator[Finding]:
    """
    Compare the scikit-learn that saved a model with the one that will load it.

    A newer one loads most models of older ones, with a warning in the log; so only what is known to fail is told, and the other direction.
    """
    saved, asked = case.pickle.sklearn, supply.asked.get(_SKLEARN)
    specifier = asked.specifier if asked is not None else ""
    if not saved or _SKLEARN not in supply.every:
        return
    said = f"scikit-learn{specifier}" if specifier else "the newest scikit-learn"
    for changed in distributions.load_table("known_faults.toml")["changed"]:
        named = any(module == changed["module"] for module, _ in case.pickle.names)
        if named and admits(f"<{changed['saved_before']}", saved) and newest_is_in(specifier, changed["fails_from"]):
            cause = f"{changed['module']} as scikit-learn {saved} has saved it, and the environment has {said}, which cannot read that"
            yield case.finding(
                "pickle-of-another-version", cause, f"Ask for scikit-learn=={saved}, or save the model again."
            )
            return
    minor = ".".join(saved.split(".")[:2])
    if specifier and not agree([specifier, f">={minor}"]):
        yield Finding(
            "warning",
            "pickle-of-another-version",
            f"{case.pickle.path.name} was saved by scikit-learn {saved}, and the environment has {said}, which is older: it may not load",
            asked.place if asked is not None else Place(case.pickle.path),
            None,
            f"Ask for scikit-learn=={saved}, or save the model again.",
        )

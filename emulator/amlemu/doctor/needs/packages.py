"""
Checks what the script and its siblings import against what their environment is made of. Nothing is said where that is unknown.

`imports.py` finds the imports, `supply.py` knows what comes; `siblings.py` speaks of the person's own modules.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from amlemu.doctor.needs import distributions, local_modules, standard_library
from amlemu.doctor.needs.imports import Import, all_imports
from amlemu.doctor.needs.specifiers import is_open, newest_is_in, pythons
from amlemu.doctor.needs.spelling import stand_ins
from amlemu.doctor.needs.supply import DEFAULTS, SERVER, Supply, supply_of
from amlemu.doctor.subject import Source, Subject
from amlemu.finding import Finding

_LONG_FORMS = ("azureml.contrib.services.aml_request", "azureml.contrib.services.aml_response")
"""The server puts these into sys.modules itself (contract 4.11)."""
_SERVER_PACKAGES = ("azureml.contrib.services", "azureml_inference_server_http.api")
_NAMES_OF_SERVER = {
    "aml_request": ("rawhttp", "AMLRequest", "Request"),
    "aml_response": ("AMLResponse", "Response", "json"),
}
_SETUPTOOLS = ("setuptools", "pkg_resources", "distutils")
_BETTER = {
    "azureml.contrib.services": "; or import from azureml.contrib.services.aml_request, which the server brings itself"
}
_PARTS_OF_AZURE = 3  # azure.storage.blob
_STRANGERS_NAMED = 3


def check_imports(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each package that is imported and does not come, or comes by accident, or without that module."""
    supply = supply_of(subject)
    if supply is None or subject.requirements is None:
        return
    told: set[str] = set()
    imports = all_imports(subject)
    standing = stand_ins(supply, [each for _, each in imports if not each.level])
    supply = replace(supply, strangers=tuple(name for name in supply.strangers if name not in standing))
    for source, each in imports:
        if each.level or not each.module or local_modules.is_local(subject, each.module):
            continue
        for finding, about in _about(source, each, subject, supply):
            if about not in told and about not in standing.values():
                told.add(about)
                yield finding


def _about(source: Source, each: Import, subject: Subject, supply: Supply) -> Iterator[tuple[Finding, str]]:
    """Yield the findings of one import, each with the name by which it is told once."""
    if standard_library.is_standard(each.module):
        yield from _standard(each, subject, supply)
        return
    yield from _not_of_server(each)
    if each.module.startswith(_LONG_FORMS):
        return
    holder = supply.holder(each.module, each.names)
    if holder is None:
        if not supply.has_list and not _is_of_the_code(subject, each):
            wanted = _wanted_for(each)
            yield _missing(source, each, wanted, subject, supply), wanted
        return
    yield from _moved(each, subject, supply)
    if holder not in supply.own:
        yield _undeclared(each, holder, subject, supply), holder


def _not_of_server(each: Import) -> Iterator[tuple[Finding, str]]:
    """Source: azureml-inference-server-http 1.5.1, api/aml_request.py and api/aml_response.py."""
    package, _, last = each.module.rpartition(".")
    has = _NAMES_OF_SERVER.get(last, ()) if package in _SERVER_PACKAGES else ()
    for name in each.names if has else ():
        if name not in has:
            meant = " or ".join(each for each in has if each[0] == "A" or each == "rawhttp")
            cause = f"{each.place.file.name} imports {name} of {each.module}, which has no such name: it fails {each.consequence}"
            yield Finding("error", "name-not-there", cause, each.place, each.cloud, f"Did you mean {meant}?"), name


def _is_of_the_code(subject: Subject, each: Import) -> bool:
    """Whether it is the person's own module, in the wrong place or case, of which `siblings.py` speaks."""
    if local_modules.changes_path(subject) and not distributions.is_well_known(each.module):
        return True  # the script knows where its modules are
    other = local_modules.of_other_case(subject.app_root, each.module)
    return other is not None or bool(local_modules.elsewhere(subject, each.module))


def _missing(source: Source, each: Import, wanted: str, subject: Subject, supply: Supply) -> Finding:
    file = _file(subject)
    strangers = ", ".join(supply.strangers[:_STRANGERS_NAMED])
    unless = f", unless {strangers} should bring it" if strangers else ""
    near = _BETTER.get(each.module, "") if distributions.is_well_known(each.module) else _near_module(subject, each)
    return Finding(
        "warning" if supply.strangers else each.severity,
        "missing-package",
        f"{source.path.name} imports {_shown(each)}, which nothing in {file} installs{unless}: it fails {each.consequence}",
        each.place,
        each.cloud,
        f"Add {wanted} to {file}{near}.",
    )


def _wanted_for(each: Import) -> str:
    """Return the distribution to recommend; `from azure.storage import blob` is about the longer name."""
    longer = [f"{each.module}.{name}" for name in each.names] if distributions.is_shared(each.top) else []
    known = [holder for name in longer if (holder := distributions.holders(name)[0]) in distributions.well_known()]
    is_short = each.module.count(".") < _PARTS_OF_AZURE - 1
    return known[0] if known and is_short else distributions.holders(each.module)[0]


def _near_module(subject: Subject, each: Import) -> str:
    import difflib

    near = difflib.get_close_matches(each.top, local_modules.names_in(subject.app_root), n=1, cutoff=0.75)
    return f", or write {near[0]}, if {near[0]}.py is meant" if near else ", under the name that its distribution has"


def _undeclared(each: Import, holder: str, subject: Subject, supply: Supply) -> Finding:
    bringer = SERVER if SERVER in supply.asked else DEFAULTS
    return Finding(
        "warning",
        "undeclared-package",
        f"{each.place.file.name} imports {_shown(each)}, which is only there because {bringer} happens to bring {holder} along",
        each.place,
        None,
        f"Add {holder} to {_file(subject)}: another version of the server may come without it, or with one that differs.",
    )


def _standard(each: Import, subject: Subject, supply: Supply) -> Iterator[tuple[Finding, str]]:
    """A module of Python itself that the wanted Python does not have."""
    wanted = subject.requirements.python if subject.requirements else None
    admitted = pythons(wanted)
    lacking = [version for version in admitted if standard_library.lacks(each.module, version)]
    is_backported = each.top in supply.every or (each.top in _SETUPTOOLS and "setuptools" in supply.every)
    if not wanted or not lacking or is_backported:
        return
    is_sure = len(lacking) == len(admitted)
    if not is_sure and not (is_open(wanted) and lacking[-1] == admitted[-1]):
        return
    named = ".".join(map(str, lacking[-1] if each.top in standard_library.GONE_SINCE else lacking[0]))
    finding = Finding(
        each.severity if is_sure else "warning",
        "module-not-in-this-python",
        f"{each.place.file.name} imports {each.top}, which Python {named} does not have, and {_file(subject)} asks for "
        f"python{wanted}: it fails {each.consequence}",
        each.place,
        each.cloud,
        standard_library.instead_of(each.module),
    )
    yield finding, each.top


def _moved(each: Import, subject: Subject, supply: Supply) -> Iterator[tuple[Finding, str]]:
    """A part of a package that the wanted version has no longer, or not yet."""
    for full in dict.fromkeys((each.module, *(f"{each.module}.{name}" for name in each.names))):
        moved = lost_part(full, supply)
        if moved is not None:
            package, needs, fix = moved
            finding = Finding(
                each.severity,
                "module-not-in-this-version",
                f"{each.place.file.name} imports {full}, which only {package}{needs} has, and {_file(subject)} asks for "
                f"{_wanted(supply, package)}: it fails {each.consequence}",
                each.place,
                each.cloud,
                fix,
            )
            yield finding, full


def lost_part(module: str, supply: Supply) -> tuple[str, str, str] | None:
    """Return package, versions needed and fix for a module that the wanted version of its package lacks; None for others."""
    for moved in distributions.load_table("known_faults.toml")["moved"]:
        name, package, needs = moved["module"], moved["package"], moved["needs"]
        if module != name and not module.startswith(f"{name}."):
            continue
        asked = supply.asked.get(package)
        specifier = asked.specifier if asked is not None else ""
        if not newest_is_in(specifier, needs):
            return package, needs, moved["fix"]
    return None


def _wanted(supply: Supply, package: str) -> str:
    asked = supply.asked.get(package)
    if asked is None:
        return f"the newest {package}, as others bring it"
    return f"{package}{asked.specifier}" if asked.specifier else f"the newest {package}"


def _shown(each: Import) -> str:
    """Name as much of a module as it takes to know whose it is."""
    return each.module if distributions.is_shared(each.top) else each.top


def _file(subject: Subject) -> str:
    return subject.requirements.place.file.name if subject.requirements else ""

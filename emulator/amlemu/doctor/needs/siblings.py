"""
Checks imports of the person's own modules: can the server find them? It looks in the app root, last, and nowhere else.

`packages.py` speaks of what comes from outside; `local_modules.py` knows what lies where.

Source: contract 4.12 (module not in the app root), 8 #17; users.md section 2, 12: the app root is appended to sys.path, and the
script is `entry_module`, without a package.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path

from amlemu.doctor.needs import distributions, local_modules, standard_library
from amlemu.doctor.needs.imports import Import, all_imports
from amlemu.doctor.needs.supply import Supply, supply_of
from amlemu.doctor.subject import Source, Subject
from amlemu.finding import CANNOT_IMPORT, Finding

_BASE = "/var/azureml-app"


def check_siblings(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each module of the code folder that is imported and not found, or hidden by another."""
    supply = supply_of(subject)
    told: set[tuple[str, str]] = set()
    for source, each in all_imports(subject):
        for finding in _about(source, each, subject, supply):
            if (finding.rule, each.top) not in told:
                told.add((finding.rule, each.top))
                yield finding


def _about(source: Source, each: Import, subject: Subject, supply: Supply | None) -> Iterator[Finding]:
    if each.level:
        if "." not in source.module and source.path.name != "__init__.py":
            yield _relative(source, each, subject)
    elif standard_library.is_standard(each.module):
        yield from _hidden(each, subject, "Python's own module")
    elif local_modules.is_local(subject, each.module):
        holder = supply.holder(each.module, each.names) if supply else None
        if holder is not None and not _by_likeness_only(each, holder):
            yield from _hidden(each, subject, f"the one of {holder}")
        else:
            yield from _incomplete(each, subject)
    elif not _comes_otherwise(each, subject, supply):
        yield from _misplaced(each, subject)


def _by_likeness_only(each: Import, holder: str) -> bool:
    return holder not in distributions.holders(each.module)


def _comes_otherwise(each: Import, subject: Subject, supply: Supply | None) -> bool:
    """Whether a distribution holds it, for sure or perhaps, or the script says itself where to look."""
    if local_modules.changes_path(subject):
        return True
    if supply is None:
        return distributions.is_well_known(each.module)
    return supply.holder(each.module, each.names) is not None


def _relative(source: Source, each: Import, subject: Subject) -> Finding:
    dots = "." * each.level
    names = ", ".join(each.names) or "*"
    instead = f"from {each.module} import {names}" if each.module else f"import {names}"
    return Finding(
        each.severity,
        "relative-import",
        f"{source.path.name} says `from {dots}{each.module} import {names}`, but the server loads it outside of any package, "
        f"so it fails {each.consequence}",
        each.place,
        each.cloud,
        f"Write `{instead}`: the app root is on the import path.",
    )


def _hidden(each: Import, subject: Subject, winner: str) -> Iterator[Finding]:
    """A file of the app root that is never imported, since everything else comes before it."""
    path = local_modules.find(subject.app_root, each.top)
    if path is None or path.suffix != ".py" or path == each.place.file:
        return
    missing = [name for name in each.names if name in _defined_in(path)] if each.module == each.top else []
    said = f", which has no {missing[0]}" if missing and winner.startswith("Python") else ""
    yield Finding(
        "warning",
        "hidden-module",
        f"{each.place.file.name} imports {each.top} and gets {winner}{said}, not {path.name} beside it: the app root comes last "
        "on the import path",
        each.place,
        CANNOT_IMPORT if said else None,
        f"If {path.name} is meant, give it another name; else it need not be deployed.",
    )


def _defined_in(path: Path) -> set[str]:
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return set()
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    named = {node.name for node in tree.body if isinstance(node, kinds)}
    targets = (target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets)
    return named | {target.id for target in targets if isinstance(target, ast.Name)}


def _incomplete(each: Import, subject: Subject) -> Iterator[Finding]:
    """`import helpers.wrods`, where helpers is a folder of the app root and has no such module."""
    parts = each.module.split(".")
    for length in range(2, len(parts) + 1):
        above, name = ".".join(parts[: length - 1]), ".".join(parts[:length])
        folder = local_modules.find(subject.app_root, above)
        if folder is None or not folder.is_dir() or local_modules.changes_path(subject):
            return
        if local_modules.find(subject.app_root, name) is None:
            other = local_modules.of_other_case(folder, parts[length - 1]) or _near(folder, parts[length - 1])
            yield _not_there(each, name, folder, other)
            return


def _near(folder: Path, name: str) -> str | None:
    import difflib

    near = difflib.get_close_matches(name, local_modules.names_in(folder), n=1)
    return near[0] if near else None


def _not_there(each: Import, module: str, folder: Path, near: str | None) -> Finding:
    last = module.rpartition(".")[2]
    return Finding(
        each.severity,
        "module-not-found",
        f"{each.place.file.name} imports {module}, and the folder {folder.name} has no module {last}: it fails {each.consequence}",
        each.place,
        each.cloud,
        f"Did you mean {near}? The cloud's Linux tells upper from lower case."
        if near
        else f"{folder} has: {_listed(folder)}.",
    )


def _listed(folder: Path) -> str:
    return ", ".join(local_modules.names_in(folder)[:8]) or "no modules"


def _misplaced(each: Import, subject: Subject) -> Iterator[Finding]:
    other = local_modules.of_other_case(subject.app_root, each.module)
    places = [] if other is not None else local_modules.elsewhere(subject, each.module)
    if other is None and not places:
        return
    if other is not None:
        cause = f"imports {each.top}, and the module is called {other}: Linux tells upper from lower case"
        rule, fix = "module-case", f"Write `{other}`, or rename the file."
    else:
        lies = os.path.relpath(places[0], subject.code)
        root = os.path.relpath(subject.app_root, subject.code)
        below = "the code folder" if root == "." else root
        cause = f"imports {each.top}, which lies at {lies}, and the server looks in {below} alone, its app root"
        rule, fix = "module-not-in-app-root", _remedy(each, places[0], subject)
    yield Finding(
        each.severity,
        rule,
        f"{each.place.file.name} {cause}: it fails {each.consequence}",
        each.place,
        each.cloud,
        fix,
    )


def _remedy(each: Import, path: Path, subject: Subject) -> str:
    folder = path.parent
    if folder in subject.app_root.parents:
        inside = "/".join((_BASE, subject.code.name, *folder.relative_to(subject.code).parts))
        return f"Set AML_APP_ROOT to {inside} in the deployment's environment_variables, or move {path.name} beside the script."
    if subject.app_root in folder.parents:
        dotted = ".".join(folder.relative_to(subject.app_root).parts)
        return f"Write `from {dotted} import {each.top}`, or move {path.name} beside the script."
    return f"Move {path.name} beside the script."

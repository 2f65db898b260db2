"""
Where the person's own modules lie: below the app root, where the server can import them, or elsewhere in the code folder.

Names are compared letter by letter, as Linux does, whatever this machine's disk thinks of upper case.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from amlemu.doctor.subject import Subject

_ENDINGS = (".py", ".so", ".pyd", ".pyc")
_NOT_CODE = {"__pycache__", "node_modules", "site-packages", "build", "dist"}
_MOST_FOLDERS = 500
_PATHS = ("PYTHONPATH", "AZUREML_EXTRA_PYTHON_LIB_PATH")


def find(folder: Path, module: str) -> Path | None:
    """Return the file or folder of a dotted module below a folder; None if it is not there."""
    *packages, last = module.split(".")
    for package in packages:
        folder = folder / package
        if package not in _names(folder.parent) or not folder.is_dir():
            return None
    names = _names(folder)
    files = [name for name in names if name.startswith(f"{last}.") and name.endswith(_ENDINGS)]
    if files:
        return folder / files[0]
    return folder / last if last in names and (folder / last).is_dir() else None


def is_local(subject: Subject, module: str) -> bool:
    """Whether the top of a module's name is the person's own, importable from the app root."""
    top = module.partition(".")[0]
    found = find(subject.app_root, top)
    if found is None:
        return any(source.module.partition(".")[0] == top for source in subject.siblings if source.module)
    return not found.is_dir() or _holds_python(found)


def elsewhere(subject: Subject, module: str) -> list[Path]:
    """Return where else in the code folder a module of this name lies, the nearest first; its file or folder."""
    top = module.partition(".")[0]
    found = []
    for folder in _folders(subject.code):
        if folder == subject.app_root:
            continue
        path = find(folder, top)
        if path is not None and (not path.is_dir() or _holds_python(path)):
            found.append(path)
    return sorted(found, key=lambda path: (len(path.parts), str(path)))


def of_other_case(folder: Path, module: str) -> str | None:
    """Return the name of a module that differs from this one in upper and lower case only."""
    top = module.partition(".")[0]
    stems = {name.partition(".")[0] for name in _names(folder) if name.endswith(".py") or (folder / name).is_dir()}
    return next((stem for stem in sorted(stems) if stem != top and stem.lower() == top.lower()), None)


def names_in(folder: Path) -> list[str]:
    """Return the modules that lie in a folder, sorted."""
    return sorted({name.partition(".")[0] for name in _names(folder) if name.endswith(".py")})


def changes_path(subject: Subject) -> bool:
    """Whether the script or the deployment says where else modules are to be looked for."""
    if any(variable in subject.variables for variable in _PATHS):
        return True
    return any("sys.path" in source.text or "addsitedir" in source.text for source in subject.sources)


def _folders(code: Path) -> Iterator[Path]:
    """The code folder and those below it, without what is hidden and without environments."""
    waiting = [code]
    for _ in range(_MOST_FOLDERS):
        if not waiting:
            return
        folder = waiting.pop(0)
        yield folder
        below = [name for name in sorted(_names(folder)) if not name.startswith(".") and name not in _NOT_CODE]
        paths = [folder / name for name in below]
        waiting += [path for path in paths if path.is_dir() and not path.is_symlink() and not _is_environment(path)]


def _is_environment(folder: Path) -> bool:
    return (folder / "pyvenv.cfg").exists() or (folder / "conda-meta").exists()


def _holds_python(folder: Path) -> bool:
    """Whether a folder is a package: it has modules, or a folder that has some."""
    names = _names(folder)
    if any(name.endswith(_ENDINGS) for name in names):
        return True
    return any(name.endswith(_ENDINGS) for each in names for name in _names(folder / each))


def _names(folder: Path) -> set[str]:
    try:
        return set(os.listdir(folder))
    except OSError:
        return set()

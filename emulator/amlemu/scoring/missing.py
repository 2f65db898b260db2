"""
What a script looked for in vain: where that was, the nearest name that is there, and a short tree of the model folder.

`hint` reads an exception and the disk, in the script's own process and at that moment; `faults.py` puts it beside what
was raised. It opens no file of the script's, and looks at no more than some 2000 names.

Source: contract 3.1, 3.3; the words of onnxruntime, keras, tensorflow, transformers, xgboost: their messages, assumed.
"""

from __future__ import annotations

import collections
import difflib
import itertools
import linecache
import os
import re
import traceback
from dataclasses import dataclass
from typing import Dict, Iterator, List, Optional

_BASE = "/var/azureml-app"
_MODELS_FOLDER = "azureml-models"
_VARIABLE = "AZUREML_MODEL_DIR"
_NAMES_LOOKED_AT = 2000
_TREE_LINES = 15
_TREE_DEPTH = 4
_ALIKE = 0.7  # of 1: modle.pkl is like model.pkl, other.pkl is not
_NAMESAKES = 50  # files of one name that are compared by their folders
_UNINTERESTING = ("__pycache__", ".git", ".amlemu")

_UNSET = (
    f"{_VARIABLE} is not set, because this deployment has no model. Give it one with --model NAME:VERSION=PATH or "
    "--model-dir FOLDER."
)
_NONE_AS_PATH = re.compile(r"PathLike\b.*NoneType|operand type\(s\) for [/+]: 'NoneType' and 'str'")
_NO_MODEL = re.compile(r"Model (?P<name>.+) not found in cache at (?P<folder>.+) or in current working directory ")
_SAYS_MISSING = re.compile(
    r"no such|no file|(?:not|n't) exist|not found|not (?:be )?(?:opened|available)|"
    r"(?:cannot|can't|could not|unable to|failed to)(?: \w+)? (?:open|find|load)|"
    r"not a (?:valid )?(?:local )?(?:file|folder|directory)",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"""(?P<quote>["'`])(?P<path>[^"'`\n]*(?:/[^"'`\n]*|\.\w+))(?P=quote)""")
_BARE = re.compile(r"(?<![\w/.])(?P<path>[\w.~-]*/[^\s\"'`,;:(){}<>]+)")
_URL = re.compile(r"\w+://\S+")
_NEVER_ABOUT_FILES = (LookupError, ImportError, SyntaxError, NameError, AttributeError, TypeError, UnicodeError)


@dataclass(frozen=True)
class _Surroundings:
    """Where the script's files are, absolute; what `model_dir` names need not be there."""

    model_dir: Optional[str]
    app_root: str
    cwd: str

    @property
    def shown(self) -> str:
        """The folder whose tree is shown."""
        return self.model_dir if self.model_dir and os.path.isdir(self.model_dir) else self.app_root

    @property
    def models_folder(self) -> str:
        """The folder azureml-models: above the model, or where azureml-core looks."""
        above, name, _ = (self.model_dir or "").partition(os.sep + _MODELS_FOLDER)
        return above + name if name else os.path.join(self.app_root, _MODELS_FOLDER)


def hint(error: BaseException) -> str:
    """
    Say what a missing file or folder may be about, in some lines; "" when nothing is missing.

    Args:
        error: as the script raised it; its causes are looked at as well.
    """
    here = _look_around()
    for each in _chain(error):
        lines = _about(each, here)
        if lines:
            return "\n".join(lines).encode("utf-8", "backslashreplace").decode("utf-8")
    return ""


def _look_around() -> _Surroundings:
    try:
        cwd = os.getcwd()
    except OSError:  # the script has deleted it
        cwd = os.sep
    model_dir, app_root = os.environ.get(_VARIABLE), os.environ.get("AML_APP_ROOT", "")
    model_dir = os.path.normpath(os.path.join(cwd, model_dir)) if model_dir else None
    return _Surroundings(model_dir, os.path.normpath(os.path.join(cwd, app_root)), cwd)


def _chain(error: Optional[BaseException]) -> Iterator[BaseException]:
    seen: List[int] = []
    while error is not None and id(error) not in seen:
        seen.append(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _about(error: BaseException, here: _Surroundings) -> List[str]:
    if here.model_dir is None and _is_about_the_variable(error):
        return [_UNSET, *_tree_here(here)]
    if type(error).__module__.startswith("azureml."):
        found = _NO_MODEL.search(str(error))
        return _about_model(found["name"], found["folder"], here) if found else []
    path = _path_in(error, here)
    return _about_path(path, here) if path else []


def _is_about_the_variable(error: BaseException) -> bool:
    """A KeyError names it. A None that became a path does not, but then the script does."""
    if isinstance(error, KeyError):
        return error.args == (_VARIABLE,)
    if not isinstance(error, TypeError) or not _NONE_AS_PATH.search(str(error)):
        return False
    files = {frame.filename for frame in traceback.extract_tb(error.__traceback__)}
    return any(_VARIABLE in line for file in files for line in linecache.getlines(file))


def _about_model(name: str, folder: str, here: _Surroundings) -> List[str]:
    """Say which models there are where Model.get_model_path has looked."""
    if not os.path.isdir(folder):
        told = f"; here the model is in {_VARIABLE}={here.model_dir}." if here.model_dir else f". {_UNSET}"
        return [f"Model.get_model_path looks in {folder}, which does not exist{told}", *_tree_here(here)]
    there = _look_into(folder)
    names = [os.path.basename(path[:-1]) for path in there if _depth(folder, path) == 1 and path.endswith(os.sep)]
    near = difflib.get_close_matches(name, names, n=1)
    versions = [path for path in there if os.path.dirname(path.rstrip(os.sep)) == os.path.join(folder, name)]
    if versions:
        told = f"{name} is there in version {', '.join(os.path.basename(path.rstrip(os.sep)) for path in versions)}."
    else:
        told = f"Did you mean {near[0]!r}?" if near else f"There is no model of that name in {folder}."
    return [told, *_tree(folder, there)]


def _path_in(error: BaseException, here: _Surroundings) -> Optional[str]:
    """Return the path that an exception is about, when that is missing or not what it was taken for."""
    if isinstance(error, (FileNotFoundError, NotADirectoryError, IsADirectoryError)):
        if isinstance(error.filename, (str, bytes)) and error.filename:
            path = os.fsdecode(error.filename)
            is_there = isinstance(error, FileNotFoundError) and os.path.exists(path)
            return None if is_there or _is_about_a_program(error) else path
    elif isinstance(error, _NEVER_ABOUT_FILES) or not isinstance(error, Exception):
        return None
    text = _URL.sub("", str(error))
    is_missing = _SAYS_MISSING.search(text) is not None
    known = tuple(folder + os.sep for folder in (_BASE, "None", here.app_root, here.model_dir) if folder)
    for found in itertools.chain(_QUOTED.finditer(text), _BARE.finditer(text)):
        path = found["path"].rstrip(".")
        looks_right = os.path.isabs(path) or os.path.splitext(path)[1] or isinstance(error, OSError)
        if (path.startswith(known) or (is_missing and looks_right)) and not os.path.exists(path):
            return path
    return None


def _is_about_a_program(error: BaseException) -> bool:
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and os.path.basename(frames[-1].filename) == "subprocess.py"


def _about_path(path: str, here: _Surroundings) -> List[str]:
    whole = os.path.normpath(os.path.join(here.cwd, path))
    lines = [_what_is_wrong(path, whole, here.cwd)]
    if path.startswith("None" + os.sep):
        lines = [f"{path!r} begins with None: something that was not set was made text."]
    if whole.startswith(_BASE + os.sep) and not os.path.isdir(_BASE):
        model = f"{_VARIABLE}={here.model_dir} and " if here.model_dir else ""
        lines.append(
            f"{_BASE} is real only where amlemu runs as root; what is in it lies here at {model}AML_APP_ROOT={here.app_root}. "
            "A script that reads these variables is right in both worlds."
        )
    if here.model_dir is None:
        lines.append(_UNSET)
    elif not os.path.isdir(here.model_dir):
        lines.append(f"{_VARIABLE}={here.model_dir} does not exist either.")
    there = _look_into(here.shown, here.models_folder, here.app_root)
    near = _nearest(whole, there, here)
    return [*lines, *([f"Did you mean {near}?"] if near else []), *_tree_here(here, there)]


def _what_is_wrong(path: str, whole: str, cwd: str) -> str:
    if os.path.isdir(whole):
        return f"{whole} is a folder, not a file."
    above = whole
    while not os.path.lexists(above):
        above = os.path.dirname(above)
    if os.path.isfile(above):
        return f"{above} is a file, not a folder."
    if not os.path.exists(above):
        return f"{above} is a link to {os.readlink(above)}, which does not exist."
    relative = "" if os.path.isabs(path) else f"; a relative path begins in the working folder, {cwd}"
    return f"Looked for {whole}{relative}."


def _look_into(*roots: str) -> List[str]:
    """Return what is in some folders, the first and the shallow ones first; folders end with a separator."""
    names = itertools.chain.from_iterable(map(_walk, roots))
    return list(dict.fromkeys(itertools.islice(names, _NAMES_LOOKED_AT)))


def _walk(root: str) -> Iterator[str]:
    folders = collections.deque([root])
    while folders:
        try:
            with os.scandir(folders.popleft()) as found:
                entries = sorted(itertools.islice(found, _NAMES_LOOKED_AT), key=lambda entry: entry.name)
        except OSError:  # gone, or not readable
            continue
        for entry in entries:
            if entry.name in _UNINTERESTING:
                continue
            is_folder = os.path.isdir(entry.path)
            if is_folder:
                folders.append(entry.path)
            yield entry.path + os.sep * is_folder


def _nearest(wanted: str, there: List[str], here: _Surroundings) -> Optional[str]:
    """Return the path whose name is most like the wanted one's, else the only file that it can be."""
    if os.path.isdir(wanted):
        inside = [path for path in there if path.startswith(wanted + os.sep) and not path.endswith(os.sep)]
        return _only([path for path in inside if _stem(path) == os.path.basename(wanted)]) or _only(inside)
    others = [path for path in there if path.rstrip(os.sep) != wanted]
    named = _alike(os.path.basename(wanted), others)
    if named:
        folder = os.path.dirname(wanted)
        return max(
            named[:_NAMESAKES], key=lambda path: difflib.SequenceMatcher(None, os.path.dirname(path), folder).ratio()
        )
    suffix = os.path.splitext(wanted)[1]
    return _only(
        [path for path in others if suffix and path.endswith(suffix) and path.startswith(f"{here.model_dir}{os.sep}")]
    )


def _alike(wanted: str, paths: List[str]) -> List[str]:
    """Return the paths of one name: the wanted one, else a similar one of the same kind, else of another kind."""
    named: Dict[str, List[str]] = {}
    for path in paths:
        named.setdefault(os.path.basename(path.rstrip(os.sep)), []).append(path)
    if wanted in named:
        return named[wanted]
    stem, suffix = os.path.splitext(wanted.lower())
    kin = {_stem(name).lower(): name for name in named if os.path.splitext(name.lower())[1] == suffix}
    near = difflib.get_close_matches(stem, kin, n=1, cutoff=_ALIKE)
    if near:
        return named[kin[near[0]]]
    return [path for path in paths if _stem(path).lower() == stem and not path.endswith((".py", os.sep))]


def _only(paths: List[str]) -> Optional[str]:
    return paths[0] if len(paths) == 1 else None


def _stem(path: str) -> str:
    return os.path.splitext(os.path.basename(path))[0]


def _tree_here(here: _Surroundings, there: Optional[List[str]] = None) -> List[str]:
    variable = _VARIABLE if here.shown == here.model_dir else "AML_APP_ROOT"
    return _tree(here.shown, _look_into(here.shown) if there is None else there, f"{variable}=")


def _tree(folder: str, there: List[str], title: str = "") -> List[str]:
    """Draw a folder, as deep as there is room for all that is on one level."""
    start = folder.rstrip(os.sep) + os.sep
    inside = [path for path in there if path.startswith(start) and path != start]
    depth, shown = 1, inside
    for depth in range(_TREE_DEPTH, 0, -1):
        shown = [path for path in inside if _depth(folder, path) <= depth]
        if len(shown) <= _TREE_LINES - 2:
            break
    shown = sorted(shown[: _TREE_LINES - 2], key=lambda path: path.rstrip(os.sep).split(os.sep))
    names = ["  " * _depth(folder, path) + path[len(os.path.dirname(path.rstrip(os.sep))) + 1 :] for path in shown]
    hidden = len(inside) - len(shown)
    if not inside:
        names = ["  (empty)" if os.access(folder, os.R_OK | os.X_OK) else "  (not readable)"]
    at_least = "at least " if len(there) >= _NAMES_LOOKED_AT else ""
    return [f"{title}{folder}:", *names, *([f"  ... and {at_least}{hidden} more"] if hidden else [])]


def _depth(folder: str, path: str) -> int:
    return path[len(folder.rstrip(os.sep)) :].rstrip(os.sep).count(os.sep)

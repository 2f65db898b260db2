"""
What went wrong in a script, told twice: in the server's own words for its log, and in plain words for a person.

A `Fault` crosses the process border as data, never as a pickled exception. Frames of amlemu are cut from what a person
reads; the script's frames never are.
"""

from __future__ import annotations

import difflib
import os
import pkgutil
import sys
import traceback
from dataclasses import asdict, dataclass
from typing import Any, Callable, Dict, Iterable, List, Optional, Type, TypeVar

from amlemu.scoring import missing
from amlemu.scoring.compat import doors

_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
# Packages that azureml-inference-server-http brings along: in the cloud they are always there.
_BROUGHT_BY_THE_SERVER = {
    "flask": "flask",
    "werkzeug": "flask",
    "jinja2": "flask",
    "flask_cors": "flask-cors",
    "inference_schema": "inference-schema",
    "gunicorn": "gunicorn",
    "azureml_inference_server_http": "azureml-inference-server-http",
}
_CORE = ("azureml.core", "azureml.exceptions")
_IMPORT_MODULE = os.path.join("importlib", "__init__.py")
_WHY_NEEDED = {
    "init": "Azure ML calls init() once before the first request; add `def init(): ...` (it may do nothing).",
    "run": "Azure ML calls run(data) for every request; add `def run(data): ...`.",
}
no_debugger = (  # what is said of BdbQuit; a worker that is debugged knows better
    "breakpoint() found no debugger, here or in the cloud. Serve with --debug and attach an editor, or with --pdb."
)
_ALIKE = 0.6  # two names of which one may be the other, misspelt
_Class = TypeVar("_Class", bound=Type[BaseException])


def cloud_name(name: str) -> Callable[[_Class], _Class]:
    """Let an exception print in tracebacks under the name that the real server's has."""

    def rename(kind: _Class) -> _Class:
        kind.__module__ = "azureml_inference_server_http.server.user_script"
        kind.__qualname__ = kind.__name__ = name
        return kind

    return rename


@cloud_name("UserScriptError")
class ScriptFault(Exception):
    """The script is not what the server needs; `phase` is one of import, check, init, run."""

    phase = "check"
    hint = "Write `def run(data): ...`; decorated or not, its parameters must be nameable and at least one."


@cloud_name("UserScriptError")
class FunctionMissing(ScriptFault):
    """The module was imported, but it has no init() or no run()."""

    def __init__(self, name: str, path: str, others: Iterable[str] = ()) -> None:
        """`others` are the functions that it does have."""
        near = [other for other in others if difflib.SequenceMatcher(None, name, other.lower()).ratio() > _ALIKE]
        self.what = f"the module was imported, but it has no {name}()"
        self.hint = _WHY_NEEDED[name] + (f"\nIt has {near[0]}(); is that meant to be {name}()?" if near else "")
        super().__init__(f"User script at {path} does not have a {name}() function defined.")


@cloud_name("UserScriptException")
class ScriptRaised(ScriptFault):
    """init() or run() raised."""

    phase = "run"

    def __init__(self, cause: BaseException, text: str = "Caught an unhandled exception from the user script") -> None:
        self.cause = cause
        super().__init__(text)


@cloud_name("UserScriptImportException")
class ScriptNotImported(ScriptRaised):
    """The script's top level raised."""

    phase = "import"

    def __init__(self, cause: BaseException) -> None:
        super().__init__(cause, "Failed to import user script because it raised an unhandled exception")


@cloud_name("UserScriptTimeout")
class ScriptTimedOut(ScriptFault):
    """run() met SCORING_TIMEOUT_MS, or raised a TimeoutError of its own."""

    phase = "run"

    def __init__(self, timeout_ms: int, cause: BaseException) -> None:
        self.timeout_ms = timeout_ms
        self.cause = cause
        super().__init__(f"Script failed to finish execution within the allocated time: {timeout_ms}ms")


@dataclass(frozen=True)
class Fault:
    """One failure of a script as data: what, where (`file:line`), what to do, and the trimmed traceback."""

    phase: str
    kind: str
    what: str
    where: str = ""
    hint: str = ""
    traceback: str = ""

    def as_data(self) -> Dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


def describe(error: BaseException, phase: str, folder: str) -> Fault:
    """
    Tell a person what an exception from user code means.

    Args:
        error: what was raised.
        phase: where in the script's life: import, check, init, run.
        folder: the script's folder; the last frame inside it is the place that is named.
    """
    return Fault(
        phase=phase,
        kind=type(error).__name__,
        what=_what(error, phase),
        where=_where(error, folder),
        hint=_hint(error),
        traceback=user_traceback(error),
    )


def user_traceback(error: BaseException) -> str:
    """Format `error` with its causes, without the frames of amlemu and of the import machinery."""
    shown = traceback.TracebackException.from_exception(error)
    _cut(shown)
    return "".join(shown.format())


def _cut(shown: Optional[traceback.TracebackException]) -> None:
    while shown is not None:
        kept = [frame for frame in shown.stack if not is_ours(frame.filename)]
        shown.stack = traceback.StackSummary.from_list(kept)
        shown = shown.__cause__ or shown.__context__


def is_ours(filename: str) -> bool:
    """Tell whether a frame of this file is none of the script's: amlemu's own, or the import machinery's."""
    return filename.startswith((_OURS, "<frozen importlib")) or filename.endswith(_IMPORT_MODULE)


def _what(error: BaseException, phase: str) -> str:
    text = _one_line(error)
    told = f"{type(error).__name__}: {text}" if text else type(error).__name__
    if isinstance(error, ModuleNotFoundError) and error.name:
        top = error.name.partition(".")[0]
        if top in _BROUGHT_BY_THE_SERVER:
            install = f"{sys.executable} -m pip install {_BROUGHT_BY_THE_SERVER[top]}"
            return (
                f"the script needs {top}, which the cloud's server brings along but this environment lacks: {install}"
            )
        if _siblings_of(error) is not None:
            return f"there is no module {error.name!r} in the package {error.name.rpartition('.')[0]!r}"
        return f"the script needs the module {error.name!r}, which is not installed for {sys.executable}"
    if isinstance(error, SyntaxError):
        return f"not valid Python: {error.msg}"
    if isinstance(error, SystemExit):
        return f"{_verb(phase)} called sys.exit({error.code!r}); a scoring script must return"
    return f"{_verb(phase)} raised {told}"


def _siblings_of(error: ModuleNotFoundError) -> Optional[List[str]]:
    """Return what there is where a missing module was looked for, when that is a package; None when it is none."""
    package = sys.modules.get((error.name or "").rpartition(".")[0])
    folders = list(getattr(package, "__path__", ()))
    if not folders:
        return None
    return sorted(module.name for module in pkgutil.iter_modules(folders) if not module.name.startswith("_"))


def _one_line(error: BaseException) -> str:
    """Say what an exception says, as far as one line goes; all of it stands at the end of the traceback."""
    lines = str(error).strip().splitlines() or [""]
    message = getattr(error, "message", None)
    return message.strip() if len(lines) > 1 and isinstance(message, str) and message.strip() else lines[0]


def _verb(phase: str) -> str:
    return {"import": "importing the script", "init": "init()", "run": "run()"}.get(phase, "the script")


def _where(error: BaseException, folder: str) -> str:
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_short(error.filename, folder)}:{error.lineno}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not is_ours(frame.filename)]
    if not frames:
        return ""
    inside = [frame for frame in frames if frame.filename.startswith(folder + os.sep)]
    frame = (inside or frames)[-1]
    return f"{_short(frame.filename, folder)}:{frame.lineno}"


def _short(filename: str, folder: str) -> str:
    return os.path.relpath(filename, folder) if filename.startswith(folder + os.sep) else filename


def _hint(error: BaseException) -> str:
    if (type(error).__module__, type(error).__name__) == (
        "bdb",
        "BdbQuit",
    ):  # not imported for this: scripts would see it
        return no_debugger
    if isinstance(error, ImportError) and str(error.name).startswith(_CORE) and doors.is_served():
        return "" if "is served by amlemu" in str(error) else doors.not_served(str(error.name))
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return missing.hint(error)
    if error.name.partition(".")[0] in _BROUGHT_BY_THE_SERVER:
        return ""
    siblings = _siblings_of(error)
    if siblings is not None:
        near = difflib.get_close_matches(error.name.rpartition(".")[2], siblings, n=1)
        return f"It has {near[0]}; is that meant?" if near else f"It has {', '.join(siblings[:8]) or 'no modules'}."
    return "Install it there, or choose the environment that has it with --python; the deployment's conda file needs it too."

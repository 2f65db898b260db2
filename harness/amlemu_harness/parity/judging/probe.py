"""
A scoring script that tells what a script finds around itself. It is served in the user's script's place, in whatever Python that has:
syntax of 3.8, the standard library, and nothing of ours. `surroundings.py` compares what it tells.
"""

import locale
import logging
import os
import signal
import sys
import threading
import time
from typing import Any, Dict  # noqa: UP035  # Python 3.8 has no dict[Any, Any]

try:
    import resource
except ImportError:  # no such thing on Windows
    resource = None  # type: ignore[assignment]

Told = Dict[Any, Any]  # noqa: UP006
_AT_IMPORT: Told = {}
_IN_INIT: Told = {}


def init() -> None:
    """Look around while nobody has asked yet."""
    _IN_INIT.update(_moment())


def run(data: Any) -> Told:
    """Tell all of it, whatever is asked."""
    found: Told = {
        "variables": dict(os.environ),
        "at import": _AT_IMPORT,
        "in init": _IN_INIT,
        "sys.path": list(sys.path),
    }
    found.update(_moment())
    found.update(umask=_umask(), user=_user(), process=_process(), signals=_signals(), limits=_limits())
    found.update(python=_python(), streams=_streams(), text=_text(), logging=_logging(), packages=_packages())
    return found


def _moment() -> Told:
    thread = threading.current_thread()
    return {
        "working folder": os.getcwd(),
        "thread": thread.name,
        "is main thread": thread is threading.main_thread(),
        "__name__": __name__,
        "__file__": __file__,
        "is in sys.modules": __name__ in sys.modules,
    }


def _python() -> Told:
    flags = {name: getattr(sys.flags, name) for name in dir(sys.flags) if not name.startswith(("_", "n_"))}
    return {
        "version": sys.version.split()[0],
        "build": sys.version,
        "implementation": sys.implementation.name,
        "executable": sys.executable,
        "prefix": sys.prefix,
        "real prefix": os.path.realpath(sys.prefix),
        "base prefix": sys.base_prefix,
        "platform": sys.platform,
        "argv": list(sys.argv),
        "flags": {name: value for name, value in flags.items() if not callable(value)},
        "recursion limit": sys.getrecursionlimit(),
        "switch interval": sys.getswitchinterval(),
        "writes bytecode": not sys.dont_write_bytecode,
        "has trace": sys.gettrace() is not None,
        "excepthook": getattr(sys.excepthook, "__name__", ""),
    }


def _umask() -> str:
    umask = os.umask(0)
    os.umask(umask)
    return oct(umask)


def _user() -> Told:
    names = ("getuid", "geteuid", "getgid", "getegid", "getgroups")
    return {name[3:]: getattr(os, name)() for name in names if hasattr(os, name)}


def _process() -> Told:
    return {
        "nice": os.getpriority(os.PRIO_PROCESS, 0) if hasattr(os, "getpriority") else None,
        "processors": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "leads its session": os.getsid(0) == os.getpid() if hasattr(os, "getsid") else None,
    }


def _signals() -> Told:
    words: Told = {signal.SIG_DFL: "default", signal.SIG_IGN: "ignored", None: "not Python's"}
    found: Told = {}
    for number in signal.Signals:
        handler = signal.getsignal(number)
        found[number.name] = words.get(handler, "handled")
    if hasattr(signal, "pthread_sigmask"):
        found["blocked"] = sorted(int(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, []))
    return found


def _limits() -> Told:
    names = [name for name in dir(resource) if name.startswith("RLIMIT_")] if resource else []
    return {name: ["unlimited" if n < 0 else n for n in resource.getrlimit(getattr(resource, name))] for name in names}


def _streams() -> Told:
    return {name: _stream(getattr(sys, name)) for name in ("stdin", "stdout", "stderr")}


def _stream(stream: Any) -> Told:
    return {
        "encoding": getattr(stream, "encoding", None),
        "errors": getattr(stream, "errors", None),
        "is line buffered": getattr(stream, "line_buffering", None),
        "is write through": getattr(stream, "write_through", None),
        "is a terminal": stream.isatty() if stream else None,
        "descriptor": _descriptor(stream),
    }


def _descriptor(stream: Any) -> Any:
    try:
        return stream.fileno()
    except (AttributeError, OSError, ValueError):
        return None


def _text() -> Told:
    return {
        "locale": locale.setlocale(locale.LC_ALL),
        "preferred encoding": locale.getpreferredencoding(False),
        "file system encoding": sys.getfilesystemencoding(),
        "default encoding": sys.getdefaultencoding(),
        "timezone": list(time.tzname),
    }


def _logging() -> Told:
    root = logging.getLogger()
    return {
        "level": logging.getLevelName(root.level),
        "handlers": [type(handler).__name__ for handler in root.handlers],
        "disabled": logging.root.manager.disable,
    }


def _packages() -> Told:
    try:
        from importlib import metadata
    except ImportError:  # Python 3.7
        return {}
    found = {}
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"] if distribution.metadata else None
        if name and name not in found:  # the first one on the path is the one that is imported
            found[name] = distribution.version
    return found


_AT_IMPORT.update(_moment())

"""
A debugger's session as processes of ours share it: what pydevd needs to know, and the one place that talks to pydevd itself.

`anchor.py` opens a session, `debugger.py` joins it from a worker. debugpy is imported late, from the script's environment. Part of the guest half:
standard library only, Python 3.9 syntax.

Source: debugpy 1.8.22, server/api.py and adapter/servers.py, the pydevd in it: what `listen` and a child process do (read 2026-11).
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
from types import FrameType
from typing import Any, Iterator, NamedTuple

MISSING = "debugpy is not installed for %s: %s -m pip install debugpy" % (sys.executable, sys.executable)
_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_UNVALIDATED = "PYDEVD_DISABLE_FILE_VALIDATION"


class Session(NamedTuple):
    """
    Where a process joins. All of it is plain JSON.

    `host` and `port` are where processes join, `token` and `client_token` let them in (each side tells the other one), `pid` is
    of the process whose children they are, as far as the editor sees.
    """

    host: str
    port: int
    token: str
    client_token: str
    pid: int


def import_debugpy() -> Any:
    """Return debugpy. Raises ImportError, in words that say what to do."""
    with quietly():
        try:
            import debugpy.server.api
        except ImportError as error:
            raise ImportError(MISSING) from error
    if "DEBUGPY_LOG_DIR" not in os.environ:
        debugpy.server.api.ensure_logging.ensured = True  # type: ignore[attr-defined]  # it describes the machine first, which takes 0.2 s
    return debugpy


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Import debugpy in here without its warning of frozen modules, which comes among the script's own words."""
    before = os.environ.get(_UNVALIDATED)
    os.environ[_UNVALIDATED] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_UNVALIDATED]
        else:
            os.environ[_UNVALIDATED] = before


def is_imported() -> bool:
    """Tell whether debugpy is here already."""
    return "pydevd" in sys.modules


def opened() -> Session:
    """Return the session that this process has opened, or was started in. Raises LookupError when there is none."""
    setup = getattr(getattr(sys.modules.get("pydevd"), "SetupHolder", None), "setup", None)
    if not setup or not setup.get("port"):
        raise LookupError("no debugger here")
    tokens = (setup.get("access-token") or "", setup.get("client-access-token") or "")
    return Session(setup.get("client") or "127.0.0.1", setup["port"], tokens[0], tokens[1], os.getpid())


def join(session: Session) -> None:
    """
    Be debugged in a session from now on, as a child process of the one that has opened it; whoever starts one is joined, too.
    """
    debugpy = import_debugpy()
    import pydevd

    setup = {
        "client": session.host,
        "server": False,
        "port": session.port,
        "multiprocess": True,
        "skip-notify-stdin": True,
        "ppid": session.pid,
        "access-token": session.token or None,
        "client-access-token": session.client_token or None,
    }
    pydevd.settrace(
        session.host,
        port=session.port,
        suspend=False,
        patch_multiprocessing=True,
        access_token=session.token or None,
        client_access_token=session.client_token or None,
        notify_stdin=False,
        wait_for_ready_to_run=False,
        dont_trace_start_patterns=(os.path.dirname(debugpy.__file__), _OURS),
        dont_trace_end_patterns=("debugpy_launcher.py",),
        __setup_holder__=setup,
    )
    end_quickly()


def end_quickly() -> None:
    """Let this process end without a farewell of pydevd's, which takes a second: the adapter sees that it is gone."""
    import pydevd

    atexit.unregister(pydevd.stoptrace)


def is_attached() -> bool:
    """Tell whether an editor follows this process."""
    return is_imported() and bool(sys.modules["pydevd"]._is_attached())  # noqa: SLF001  # as debugpy does


def is_alive() -> bool:
    """Tell whether the session of this process is there: the adapter may have been killed, or have stumbled."""
    debugger = sys.modules["pydevd"].get_global_debugger()
    return debugger is not None and not debugger.pydb_disposed


def wait(seconds: float, over: threading.Event) -> None:
    """Wait until an editor that is there follows this process and has set its breakpoints; at most until `over` is set."""
    import pydevd

    timer = threading.Timer(min(seconds, threading.TIMEOUT_MAX), over.set)
    timer.daemon = True
    timer.start()
    pydevd._wait_for_attach(cancel=over)  # noqa: SLF001  # debugpy's own can only be cancelled when it has begun
    timer.cancel()


def stop_at(error: BaseException, frame: FrameType) -> None:
    """Stop in a frame of an exception's traceback, as at one that nobody has caught, whatever the editor's filters are."""
    import pydevd

    debugger = pydevd.get_global_debugger()
    thread = threading.current_thread()
    info = debugger.set_additional_thread_info(thread)
    info.is_tracing += 1
    try:
        debugger.do_stop_on_unhandled_exception(
            thread, frame, {id(frame): frame}, (type(error), error, error.__traceback__)
        )
    finally:
        info.is_tracing -= 1


def is_ours(frame: FrameType) -> bool:
    """Tell whether a frame is amlemu's."""
    return frame.f_code.co_filename.startswith(_OURS + os.sep)


@contextlib.contextmanager
def unseen() -> Iterator[None]:
    """Start processes that the debugger of this one does not follow, nor their arguments become others."""
    if not is_imported():
        yield
        return
    from _pydev_bundle.pydev_monkey import skip_subprocess_arg_patch

    with skip_subprocess_arg_patch():
        yield

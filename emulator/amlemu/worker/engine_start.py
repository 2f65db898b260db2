"""
The first file that runs in the process of the real server: becomes `azmlinfsrv WORD...` on a socket it is handed.

Run as `python -u engine_start.py MARKER SOCKET WORD...` by `backends/engine.py`, in the script's interpreter, which may be
old (3.7). It tells the package's version in a record (see `output.py`) and imports nothing of amlemu.

Source: azureml-inference-server-http 0.8.4.1 to 1.5.1, amlserver.py; gunicorn 20.1.0 to 27.0.1, arbiter.py, systemd.py.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from typing import Any

MISSING, UNKNOWN = 91, 92  # exit codes that gunicorn does not use
_PACKAGE = "azureml_inference_server_http"
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG
_FIRST_SOCKET = 3  # SD_LISTEN_FDS_START


def main(marker: str, listener: int, words: list[str]) -> None:
    """Report, then be the server; does not return."""
    _end_with_amlemu()
    package = _import(_PACKAGE, MISSING)
    # Our reader may be gone already, before the kernel knew that we want to hear of it: then this raises, and we end.
    sys.stdout.write(marker + json.dumps([getattr(package, "__version__", "of unknown version")]) + "\n")
    sys.stdout.flush()
    server = _import(_PACKAGE + ".amlserver", UNKNOWN)
    if not hasattr(server, "run"):
        sys.exit(UNKNOWN)
    _hand_over(listener)
    _keep_to_this_machine(server)
    programs = os.path.dirname(sys.executable)
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = programs  # where the command `azmlinfsrv` is; ours is this folder
    sys.argv[:] = [os.path.join(programs, "azmlinfsrv"), *words]
    server.run()


def _import(name: str, exit_code: int) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise  # a package that the server needs
        sys.exit(exit_code)


def _end_with_amlemu() -> None:
    """
    Let the kernel send us SIGTERM when amlemu dies without a word; only Linux can.

    It watches the thread that started us, which is the one of amlemu's event loop. gunicorn's workers need no such
    thing: the master ends them, within 30 s when they are busy, and they look for their parent.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        import ctypes

        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGTERM)
    except (ImportError, OSError, AttributeError):
        pass  # an interpreter without ctypes: a comfort less


def _hand_over(listener: int) -> None:
    """
    Give gunicorn the socket as systemd would; its own `-b` is then not used, whatever it says.

    The port is bound before we start, on loopback: nobody else can take it, and SERVER_PORT may name the one of our
    gateway.
    """
    if listener != _FIRST_SOCKET:
        os.dup2(listener, _FIRST_SOCKET)
        os.close(listener)
    os.set_inheritable(_FIRST_SOCKET, False)  # programs that the script starts need not have it
    os.environ["LISTEN_PID"], os.environ["LISTEN_FDS"] = str(os.getpid()), "1"  # gunicorn takes them out again


def _keep_to_this_machine(server: Any) -> None:
    """Close two side doors: an address that others reach, and a socket that gunicorn 25 puts into the user's home."""
    server.DEFAULT_HOST = "127.0.0.1"  # should a gunicorn not take what we hand over
    control = getattr(importlib.import_module("gunicorn.config"), "ControlSocketDisable", None)
    if control is not None:
        control.default = True  # it would take the place of another gunicorn's


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])

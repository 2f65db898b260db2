"""Starts with AZUREML_DEBUG_PORT and no editor that listens; `test_several` has one that does. Observed with debugpy 1.8.22."""

import signal

from ..case import Boot, Deployment
from .boot import CONFIGURATION_ERROR, NOT_AN_INTEGER, NOT_BOOTED

ROWS = ("3.7 AZUREML_DEBUG_PORT",)
WARNINGS = (
    "!! Starting the inference server in DEBUGGING mode because AZUREML_DEBUG_PORT is set.\n"
    "!! This environment variable should not be set in a production environment.\n"
)
EXTRA_KEYS = "Extra keys = ['AZUREML_ENTRY_SCRIPT', 'AZUREML_DEBUG_PORT']\n"
NO_DEBUGPY = f"{EXTRA_KEYS}{WARNINGS}** Cannot connect to a debugger because debugpy is not installed."
NOT_LOADED = ("Initializing logger",)
NOBODY = "1"  # a port of the system's, which nobody has


def _dials(port: str, **variables: str) -> Deployment:
    return Deployment("echo.py", {"AZUREML_DEBUG_PORT": port, **variables})


def _dials_without_debugpy(**variables: str) -> Deployment:
    """Put a debugpy before the installed one that says what Python says when there is none."""
    env = {"AZUREML_DEBUG_PORT": NOBODY, "PYTHONPATH": "{root}/before", **variables}
    return Deployment("echo.py", env, {"before/debugpy.py": "raise ModuleNotFoundError('debugpy')\n"})


BOOTS = (
    Boot(
        "debug-port-nobody-listens",
        (*ROWS, "3.4 exit 3"),
        _dials(NOBODY),
        3,
        stdout=(f"{EXTRA_KEYS}{WARNINGS}** Connecting to debugger at port 1...",),
        stderr=(
            "<time> E [<pid>] gunicorn.error - Exception in worker process",
            "ConnectionRefusedError: [Errno 111] Connection refused\n[Errno 111] Connection refused",
        ),
        contains=("Could not connect to 127.0.0.1: 1\n", NOT_BOOTED),
        never=NOT_LOADED,
    ),
    Boot(
        "debug-port-out-of-range",
        ROWS,
        _dials("70000"),
        3,
        stdout=(f"{WARNINGS}** Connecting to debugger at port 70000...",),
        stderr=("ValueError: invalid port number\ninvalid port number",),
        contains=(NOT_BOOTED,),
        never=NOT_LOADED,
    ),
    *(
        Boot(
            f"debug-port-{name}",
            (*ROWS, "3.7 bad value"),
            _dials(value),
            3,
            contains=(
                CONFIGURATION_ERROR,
                f"AZUREML_DEBUG_PORT: {NOT_AN_INTEGER} (environment variable: AZUREML_DEBUG_PORT)",
            ),
            never=("DEBUGGING mode", *NOT_LOADED),
        )
        for name, value in (("no-number", "abc"), ("empty", ""))
    ),
    Boot(
        "debug-port-0",
        ROWS,
        _dials("0"),
        0,
        stdout=(f"{EXTRA_KEYS}Initializing logger",),
        signal=signal.SIGTERM,
    ),
    Boot(
        "debug-port-in-the-configuration",
        (*ROWS, "3.7 configuration file"),
        Deployment("echo.py", files={"config.json": '{"AZUREML_DEBUG_PORT": 1}'}),
        3,
        stdout=(f"Extra keys = ['AZUREML_ENTRY_SCRIPT']\n{WARNINGS}** Connecting to debugger at port 1...",),
        never=NOT_LOADED,
    ),
    Boot(
        "debug-port-without-debugpy",
        (*ROWS, "3.4 never healthy"),
        _dials_without_debugpy(),
        None,
        stdout=(NO_DEBUGPY,),
        stderr=(
            "<time> I [<pid>] gunicorn.error - Worker exiting (pid: <pid>)",
            "<time> E [<pid>] gunicorn.error - Worker (pid: <pid>) exited with code 255.",
        ),
        never=NOT_LOADED,
    ),
    Boot(
        "debug-port-without-debugpy-in-the-master",
        (*ROWS, "3.7 WORKER_PRELOAD"),
        _dials_without_debugpy(WORKER_PRELOAD="true"),
        255,
        stdout=(NO_DEBUGPY,),
        never=("Booting worker with pid", *NOT_LOADED),
    ),
)

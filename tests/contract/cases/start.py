"""
Options, variables and the texts of a start: each line of 3.7, and every line that the command and gunicorn write.

Most of these starts end before a port is opened: a WORKER_TIMEOUT below zero is refused after the start print. Every text is
copied from the real command's output.
"""

import signal

from ..case import Boot, Deployment, get, post

NEEDS = ("azmlinfsrv-command",)
REFUSED = {"WORKER_TIMEOUT": "-1"}
"""Lets gunicorn refuse the start, with exit code 1, once everything is printed."""
KEY = "12345678-90ab-cdef-1234-567890ABCDEF"
FAR = {"AML_APP_ROOT": "{root}/far", "AZUREML_CONFIG_FILE": "far/settings.json"}
TELLS = """import os


def init():
    print("in", os.getcwd())
    for name, value in sorted(os.environ.items()):
        print(name, value)


def run(data):
    return data
"""
ONE_FAILS = """import os
import pathlib
import signal
import time


def init():
    try:
        os.mkdir("first")
    except FileExistsError:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # as it is while Python ends
        pathlib.Path("second").touch()
        signal.pause()
    while not os.path.exists("second"):
        time.sleep(0.01)
    raise RuntimeError("the first one")


def run(data):
    return data
"""
MODEL_UNSET = (
    "The environment variable 'AZUREML_MODEL_DIR' has not been set.\n"
    "Use the --model_dir command line argument to set it."
)
INVALID = "Invalid Application Insights instrumentation key provided.\nApplication Insights has been disabled."
VALID = "Valid Application Insights instrumentation key provided."
OFF = "Application Insights Enabled: false\nApplication Insights Key: None"
OFF_WITH_KEY = "Application Insights Enabled: false\nApplication Insights Key: AppInsights key provided"
ON = "Application Insights Enabled: true\nApplication Insights Key: AppInsights key provided"
PRINT_OF_DEFAULTS = f"""{MODEL_UNSET}

Azure ML Inferencing HTTP server v1.5.1


Server Settings
---------------
Entry Script Name: <root>/echo.py
Model Directory: None
Config File: None
Worker Count: 1
Worker Timeout (seconds): -1
Server Port: 5001
Health Port: 5001
Application Insights Enabled: false
Application Insights Key: None
Inferencing HTTP server version: azmlinfsrv/1.5.1
CORS for the specified origins: None
Create dedicated endpoint for health: None


Server Routes
---------------
Liveness Probe: GET   127.0.0.1:5001/
Score:          POST  127.0.0.1:5001/score

"""
PRINT_OF_VARIABLES = """
Azure ML Inferencing HTTP server v1.5.1


Server Settings
---------------
Entry Script Name: <root>/echo.py
Model Directory: a/model
Config File: settings.json
Worker Count: 3
Worker Timeout (seconds): -1
Server Port: 5001
Health Port: 7
Application Insights Enabled: false
Application Insights Key: AppInsights key provided
Inferencing HTTP server version: own
CORS for the specified origins: Enabling CORS for  a , b
Create dedicated endpoint for health: True


Server Routes
---------------
Liveness Probe: GET   127.0.0.1:7/
Score:          POST  127.0.0.1:5001/score

"""
PRINT_OF_OPTIONS = f"""{INVALID}

Azure ML Inferencing HTTP server v1.5.1


Server Settings
---------------
Entry Script Name: <root>/echo.py
Model Directory: ../model
Config File: <root>/absent.json
Worker Count: 2
Worker Timeout (seconds): -1
Server Port: 8001
Health Port: 8000
Application Insights Enabled: false
Application Insights Key: AppInsights key provided
Inferencing HTTP server version: azmlinfsrv/1.5.1
CORS for the specified origins: Enabling CORS for *
Create dedicated endpoint for health: true


Server Routes
---------------
Liveness Probe: GET   127.0.0.1:8000/
Score:          POST  127.0.0.1:8001/score

"""
VARIABLES = {
    "AML_APP_INSIGHTS_KEY": KEY,
    "AML_CORS_ORIGINS": " a , b",
    "AZUREML_CONFIG_FILE": "settings.json",
    "AZUREML_ENTRY_SCRIPT": "other.py",
    "AZUREML_MODEL_DIR": "a/model",
    "HEALTH_PORT": "7",
    "HTTP_X_MS_SERVER_VERSION": "own",
    "SEPERATE_HEALTH_ENDPOINT": "True",
    "SERVER_PORT": "1",
    "SERVER_VERSION_LOG_RESPONSE_ENABLED": "false",
    "WORKER_COUNT": "3",
}
# on one line: wherever the signal finds it, the traceback names the same place
SLOW_INIT = """import time


def init():
    print("in init"), time.sleep({seconds})


def run(data):
    return data
"""
OPTIONS = (
    *("--entry_script", "echo.py", "--model_dir", "../model", "--port", "8001", "--health_port", "8000"),
    *("--worker_count", "2", "--access_control_allow_origins", "*", "--config_file", "absent.json"),
    *("--appinsights_instrumentation_key", "nonsense"),
)
ABBREVIATED = (
    *("--e", "other.py", "--ent=echo.py", "--m", "../model", "--p", "8001", "--hea=8000"),
    *("--w", "2", "--ac", "*", "--c", "absent.json", "--ap", "nonsense"),
)


def _printed(
    name: str,
    rows: tuple[str, ...],
    env: dict[str, str],
    *stdout: str,
    words: tuple[str, ...] = ("--entry_script", "echo.py"),
    never: tuple[str, ...] = (),
) -> Boot:
    """Write a start that is refused once all is printed."""
    return Boot(
        name,
        rows,
        Deployment("echo.py", REFUSED | env),
        1,
        stdout=stdout,
        stderr=("\nError: Value must be positive: -1\n",),
        never=never,
        arguments=words,
        needs=NEEDS,
    )


PRINTED = (
    _printed(
        "print-of-defaults",
        (
            *("3.7 --port", "3.7 --worker_count", "3.7 WORKER_TIMEOUT below zero", "start title", "start routes"),
            *("start model dir unset", "start settings, unset"),
        ),
        {},
        PRINT_OF_DEFAULTS,
    ),
    _printed(
        "print-of-variables",
        (
            *("3.7 SERVER_PORT", "3.7 HEALTH_PORT", "3.7 WORKER_COUNT", "3.7 --model_dir", "3.7 --config_file"),
            *("3.7 AML_CORS_ORIGINS", "3.7 --entry_script", "3.7 SEPERATE_HEALTH_ENDPOINT"),
            *("3.7 SERVER_VERSION_LOG_RESPONSE_ENABLED", "3.7 AML_APP_INSIGHTS_KEY", "start settings, set"),
        ),
        VARIABLES,
        PRINT_OF_VARIABLES,
        never=("has not been set", "Insights instrumentation key", "Insights has been"),
    ),
    _printed(
        "print-of-options",
        ("3.7 option beats variable", "start settings, set", "start insights invalid"),
        VARIABLES | {"SEPERATE_HEALTH_ENDPOINT": "true", "SERVER_VERSION_LOG_RESPONSE_ENABLED": "TRUE"},
        PRINT_OF_OPTIONS,
        words=OPTIONS,
    ),
    _printed(
        "print-of-abbreviations",
        ("3.7 abbreviations",),
        {"SEPERATE_HEALTH_ENDPOINT": "true"},
        PRINT_OF_OPTIONS,
        words=ABBREVIATED,
    ),
    _printed(
        "print-health-port-default",
        ("3.7 HEALTH_PORT", "3.7 --health_port"),
        {"SEPERATE_HEALTH_ENDPOINT": "true", "HEALTH_PORT": "7"},
        "Server Port: 5001\nHealth Port: 5000",
        "Create dedicated endpoint for health: true",
    ),
    _printed(
        "print-health-port-follows-port",
        ("3.7 HEALTH_PORT", "3.7 --health_port", "3.7 SEPERATE_HEALTH_ENDPOINT"),
        {"SEPERATE_HEALTH_ENDPOINT": "TRUE", "HEALTH_PORT": "7"},
        "Server Port: 8001\nHealth Port: 8001",
        words=("--entry_script", "echo.py", "--port", "8001", "--health_port", "8000"),
    ),
    _printed(
        "print-empty-values",
        ("3.7 empty values", "start settings, set"),
        {"AZUREML_MODEL_DIR": "", "AML_CORS_ORIGINS": "", "AML_APP_INSIGHTS_KEY": "", "AZUREML_CONFIG_FILE": ""},
        "Model Directory: \nConfig File: \nWorker Count: 1",
        f"{OFF_WITH_KEY}\nInferencing HTTP server version: azmlinfsrv/1.5.1\n"
        "CORS for the specified origins: Enabling CORS for \nCreate dedicated endpoint for health: None",
        never=("has not been set",),
    ),
    _printed(
        "print-version-off",
        ("3.7 SERVER_VERSION_LOG_RESPONSE_ENABLED", "start settings, unset"),
        {"SERVER_VERSION_LOG_RESPONSE_ENABLED": "no"},
        "Inferencing HTTP server version: None",
    ),
    _printed(
        "print-version-of-our-own",
        ("3.7 SERVER_VERSION_LOG_RESPONSE_ENABLED",),
        {"HTTP_X_MS_SERVER_VERSION": "own"},
        "Inferencing HTTP server version: azmlinfsrv/1.5.1",
    ),
    _printed(
        "print-last-option-counts",
        ("3.7 abbreviations",),
        {},
        "Worker Count: 4\nWorker Timeout (seconds): -1\nServer Port: 50\nHealth Port: 50",
        words=(
            "--entry_script",
            "other.py",
            "--port=1",
            "--worker_count= 4 ",
            "--entry_script=echo.py",
            "--port",
            "5_0",
        ),
    ),
)

INSIGHTS = {
    "variables-valid": ({"AML_APP_INSIGHTS_ENABLED": "true", "AML_APP_INSIGHTS_KEY": KEY}, None, f"{VALID}\n", ON),
    "variables-invalid": (
        {"AML_APP_INSIGHTS_ENABLED": "true", "AML_APP_INSIGHTS_KEY": "{x}"},
        None,
        INVALID,
        OFF_WITH_KEY,
    ),
    "enabled-without-key": ({"AML_APP_INSIGHTS_ENABLED": "true"}, None, "", OFF),
    "enabled-in-capitals": ({"AML_APP_INSIGHTS_ENABLED": "TRUE", "AML_APP_INSIGHTS_KEY": KEY}, None, "", OFF_WITH_KEY),
    "option-valid": ({"AML_APP_INSIGHTS_ENABLED": "false"}, KEY, f"{VALID}\n", ON),
    "option-beats-variable": (
        {"AML_APP_INSIGHTS_ENABLED": "true", "AML_APP_INSIGHTS_KEY": KEY},
        f"{KEY}0",
        INVALID,
        OFF_WITH_KEY,
    ),
    "option-empty": ({}, "", INVALID, OFF_WITH_KEY),
}
"""Variables, option, what is said of them (nothing: ""), the two lines of the settings."""

_INSIGHTS_ROWS = ("3.7 AML_APP_INSIGHTS_ENABLED", "3.7 AML_APP_INSIGHTS_KEY")
_INSIGHTS_SAID = {
    VALID: ("3.7 app insights key valid", "start insights valid"),
    INVALID: ("3.7 app insights key", "start insights invalid"),
    "": (),
}

INSIGHTS_PRINTED = tuple(
    _printed(
        f"insights-{name}",
        (*_INSIGHTS_ROWS, *_INSIGHTS_SAID[said.strip()]),
        env,
        *((said,) if said else ()),
        settings,
        words=(
            *("--entry_script", "echo.py"),
            *(("--appinsights_instrumentation_key", option) if option is not None else ()),
        ),
        never=() if said else ("instrumentation key provided",),
    )
    for name, (env, option, said, settings) in INSIGHTS.items()
)

REFUSED_WORDS = {
    "without-value": (("--entry_script",), "azmlinfsrv: error: argument --entry_script: expected one argument"),
    "positional": (("echo.py",), "azmlinfsrv: error: unrecognized arguments: echo.py"),
    "port-not-a-number": (("--port", "a"), "azmlinfsrv: error: argument --port: invalid validate_port value: 'a'"),
    "health-port-0": (
        ("--health_port", "0"),
        "azmlinfsrv: error: argument --health_port: invalid validate_port value: '0'",
    ),
    "count-not-a-number": (
        ("--worker_count", "1.5"),
        "azmlinfsrv: error: argument --worker_count: invalid validate_worker_count value: '1.5'",
    ),
    "flag-with-value": (("--rest=x",), "azmlinfsrv: error: argument --rest: ignored explicit argument 'x'"),
    "ambiguous": (("--h",), "azmlinfsrv: error: ambiguous option: --h could match --help, --health_port"),
}

REFUSED_STARTS = (
    *(
        Boot(
            f"words-{name}",
            ("3.4 exit 1",),
            Deployment("echo.py"),
            1,
            stderr=(text,),
            arguments=words,
            needs=NEEDS,
        )
        for name, (words, text) in REFUSED_WORDS.items()
    ),
    Boot(
        "timeout-of-gunicorn-not-a-number",
        ("3.7 WORKER_TIMEOUT not a number",),
        Deployment("echo.py", {"WORKER_TIMEOUT": "soon"}),
        2,
        stdout=("Worker Timeout (seconds): soon",),
        stderr=("azmlinfsrv: error: argument -t/--timeout: invalid int value: 'soon'",),
        needs=NEEDS,
    ),
    Boot(
        "count-by-variable-below-zero",
        ("3.7 WORKER_COUNT below zero",),
        Deployment("echo.py", {"WORKER_COUNT": "-1"}),
        1,
        stdout=("Worker Count: -1",),
        stderr=("\nError: Value must be positive: -1\n",),
        needs=NEEDS,
    ),
    Boot(
        "count-by-variable-not-a-number",
        ("3.7 WORKER_COUNT not a number",),
        Deployment("echo.py", {"WORKER_COUNT": "two"}),
        1,
        stdout=("Worker Count: two",),
        stderr=("ValueError: invalid literal for int() with base 10: 'two'",),
        needs=NEEDS,
    ),
    Boot(
        "second-port-in-use",
        ("3.7 --health_port", "3.4 port in use", "start port in use"),
        Deployment("echo.py", {"SEPERATE_HEALTH_ENDPOINT": "true"}),
        1,
        stderr=(
            "<time> I [<pid>] gunicorn.error - Starting gunicorn 27.0.1\n"
            + "<time> E [<pid>] gunicorn.error - Connection in use: ('0.0.0.0', <taken>)\n"
            "<time> E [<pid>] gunicorn.error - connection to ('0.0.0.0', <taken>) failed: "
            "[Errno 98] Address already in use\n"
            * 5
            + "<time> E [<pid>] gunicorn.error - Can't connect to ('0.0.0.0', <taken>)",
        ),
        arguments=("--entry_script", "echo.py", "--port", "{port}", "--health_port", "{taken}"),
        needs=NEEDS,
    ),
)


def _said(*messages: str) -> str:
    """Write neighbouring records of the server, level I."""
    return "\n".join(f"<time> I [<pid>] {message}" for message in messages)


def _told(*lines: str) -> str:
    """Write neighbouring prints of the script."""
    return _said(*(f"azmlinfsrv.print - {line}" for line in lines))


BOOTED = (
    "<time> W [<pid>] azmlinfsrv - Found extra keys in the config file that are not supported by the server.\n"
    "Extra keys = ['AZUREML_ENTRY_SCRIPT']\n"
    "Initializing logger\n"
    "<time> I [<pid>] azmlinfsrv - Starting up app insights client\n"
    "<time> W [<pid>] azmlinfsrv.trace - Model directory is not set or does not exist: \n"
    + _said(
        "azmlinfsrv.user_script - Found user script at <root>/echo.py",
        "azmlinfsrv.user_script - run() is not decorated. Server will invoke it with the input in JSON string.",
        "azmlinfsrv.user_script - Invoking user's init function",
        "azmlinfsrv.user_script - Users's init has completed successfully",
        "azmlinfsrv.swagger - Swaggers are prepared for the following versions: [2, 3, 3.1].",
        "azmlinfsrv - Scoring timeout is set to 3600000",
        "azmlinfsrv - Worker with pid <pid> ready for serving traffic",
    )
)
MASTER_STARTS = _said(
    "gunicorn.error - Starting gunicorn 27.0.1",
    "gunicorn.error - Listening at: http://0.0.0.0:<port> (<pid>)",
    "gunicorn.error - Using worker: sync",
)
BOOTING = _said("gunicorn.error - Booting worker with pid <pid>")


def _ended(name: str) -> tuple[str, ...]:
    """Write the last lines one by one: the control socket's line may come late, between them."""
    return (
        _said(f"gunicorn.error - Handling signal: {name}"),
        _said("gunicorn.error - Worker exiting (pid: <pid>)"),
        _said("gunicorn.error - Shutting down: Master"),
    )


def _served(
    name: str,
    rows: tuple[str, ...],
    deployment: Deployment,
    *stdout: str,
    stderr: tuple[str, ...] = (),
    words: tuple[str, ...] | None = None,
    never: tuple[str, ...] = (),
) -> Boot:
    """Write a start that serves, and is ended by SIGTERM."""
    return Boot(
        name, rows, deployment, 0, stdout, stderr, never=never, signal=signal.SIGTERM, arguments=words, needs=NEEDS
    )


FULL_START = (
    Boot(
        "every-line",
        (
            *("start logging", "start extra keys", "start logger", "start insights client", "start no model folder"),
            *("start found", "start ready", "start Starting gunicorn", "start Listening at", "start Using worker"),
            *("start Booting worker", "start Handling signal", "start Worker exiting", "start Shutting down"),
        ),
        Deployment("echo.py"),
        0,
        stdout=(BOOTED,),
        stderr=(MASTER_STARTS, BOOTING, *_ended("int")),
        contains=("<time> I [<pid>] azmlinfsrv - Loaded logging config from ",),
        requests=(post(b"[1]"), get("/score?a=1"), get("/swagger.json"), get("/nothing"), get("/"), post(target="/")),
        signal=signal.SIGINT,
        needs=NEEDS,
    ),
    Boot(
        "three-processes",
        ("3.7 --worker_count", "start Booting worker", "start Worker exiting"),
        Deployment("echo.py", {"WORKER_COUNT": "7"}, workers=3),
        0,
        stdout=("Worker Count: 3",),
        signal=signal.SIGQUIT,
        needs=NEEDS,
    ),
    Boot(
        "one-init-in-the-master",
        ("3.7 WORKER_PRELOAD", "start boot lines with WORKER_PRELOAD"),
        Deployment("echo.py", {"WORKER_PRELOAD": "TRUE"}),
        0,
        stdout=(BOOTED,),
        stderr=(MASTER_STARTS, BOOTING),
        signal=signal.SIGTERM,
        needs=NEEDS,
    ),
    Boot(
        "one-of-two-fails",
        ("start was sent SIGTERM", "3.4 exit 3"),
        Deployment(entry="score.py", files={"score.py": ONE_FAILS}, workers=2),
        3,
        stdout=("<time> E [<pid>] azmlinfsrv - User's init function failed", "RuntimeError: the first one"),
        stderr=(
            "<time> E [<pid>] gunicorn.error - Worker (pid: <pid>) exited with code 3.",
            _said("gunicorn.error - Worker (pid: <pid>) was sent SIGTERM!"),
            "<time> E [<pid>] gunicorn.error - Shutting down: Master\n"
            "<time> E [<pid>] gunicorn.error - Reason: Worker failed to boot.",
        ),
        needs=NEEDS,
    ),
    _served(
        "two-ports",
        ("3.7 --health_port", "start Listening at", "start routes"),
        Deployment("echo.py", {"SEPERATE_HEALTH_ENDPOINT": "true"}),
        "Liveness Probe: GET   127.0.0.1:<second>/\nScore:          POST  127.0.0.1:<port>/score",
        stderr=(_said("gunicorn.error - Listening at: http://0.0.0.0:<second>,http://0.0.0.0:<port> (<pid>)"),),
        words=("--entry_script", "echo.py", "--port", "{port}", "--health_port", "{second}"),
    ),
    *(
        Boot(
            f"{name.lower()}-in-init",
            ("3.4 signal in init",),
            Deployment(entry="score.py", files={"score.py": SLOW_INIT.format(seconds=seconds)}),
            exit_code,
            stdout=stdout,
            stderr=stderr,
            awaits="azmlinfsrv.print - in init",
            signal=signal.Signals[name],
            needs=NEEDS,
        )
        for name, seconds, exit_code, stdout, stderr in (  # the signal must find it there, on a busy machine too
            (
                "SIGTERM",
                2,
                0,
                (_said("azmlinfsrv.user_script - Users's init has completed successfully"),),
                _ended("term"),
            ),
            (
                "SIGINT",
                30,
                3,
                ("<time> E [<pid>] azmlinfsrv - User's init function failed", "SystemExit: 0"),
                ("<time> E [<pid>] gunicorn.error - Reason: Worker failed to boot.",),
            ),
        )
    ),
)

TOLD = (
    _served(
        "variables-of-the-script",
        ("3.3 app root", "3.3 variables of the server", "3.3 ports in the environment", "3.7 --rest"),
        Deployment(entry="score.py", files={"score.py": TELLS}, env={"TRANSPORT_PROTOCOL": "own", "AMLX": "y"}),
        _told(
            *("in <root>", "AMLX y", "AML_APP_INSIGHTS_ENABLED false", "AML_APP_ROOT <root>"),
            *("AZUREML_ENTRY_SCRIPT <root>/score.py", "HEALTH_PORT <port>", "HOME <root>"),
            "HTTP_X_MS_SERVER_VERSION azmlinfsrv/1.5.1",
        ),
        _told(
            *("PYTHONUNBUFFERED 1", "SERVER_PORT <port>", "SERVER_SOFTWARE gunicorn/27.0.1"),
            *("TRANSPORT_PROTOCOL grpc", "WORKER_COUNT 1"),
        ),
    ),
    _served(
        "variables-of-options",
        ("3.7 --rest", "3.7 AML_APP_ROOT", "3.7 AZUREML_CONFIG_FILE", "3.7 option beats variable", "3.3 app root"),
        Deployment(
            files={"sub/score.py": TELLS, "far/settings.json": '{"SCORING_TIMEOUT_MS": 1234}', "config.json": "{bad"},
            env=FAR | {"AZUREML_MODEL_DIR": "of the variable"},
            entry="sub/score.py",
        ),
        "Config File: far/settings.json",
        _told("in <root>", "AML_APP_INSIGHTS_ENABLED false", "AML_APP_ROOT <root>/far", "AML_CORS_ORIGINS a"),
        _told("AZUREML_CONFIG_FILE far/settings.json", "AZUREML_ENTRY_SCRIPT <root>/sub/score.py"),
        _told("AZUREML_MODEL_DIR ./model", "HEALTH_PORT <port>"),
        _told("TRANSPORT_PROTOCOL rest", "WORKER_COUNT 1"),
        _said("azmlinfsrv - Scoring timeout is set to 1234"),
        words=(
            *("--entry_script", "sub/../sub/score.py", "--port", "{port}", "--rest", "--model_dir", "./model"),
            *("--access_control_allow_origins", "a"),
        ),
    ),
)

CONFIGURED = (
    _served(
        "configuration-missing",
        ("3.7 --config_file", "3.7 configuration file"),
        Deployment("echo.py", files={"config.json": '{"SCORING_TIMEOUT_MS": 1234}'}),
        _said("azmlinfsrv - Scoring timeout is set to 1234"),
        "Config File: <root>/absent.json",
        words=("--entry_script", "echo.py", "--port", "{port}", "--config_file", "absent.json"),
    ),
    _served(
        "configuration-empty",
        ("3.7 configuration file empty",),
        Deployment("echo.py", files={"config.json": ""}),
        _said("azmlinfsrv - Scoring timeout is set to 3600000"),
    ),
    _served(
        "configuration-beside-the-script",
        ("3.7 configuration file beside the script", "3.7 AML_APP_ROOT"),
        Deployment(
            env={"AML_APP_ROOT": "/"},
            files={"sub/score.py": TELLS, "sub/config.json": '{"SCORING_TIMEOUT_MS": 1234}', "config.json": "{bad"},
            entry="sub/score.py",
        ),
        _said("azmlinfsrv - Scoring timeout is set to 1234"),
    ),
    _served(
        "configuration-beaten-by-variables",
        ("3.7 environment beats file",),
        Deployment(
            "echo.py",
            {"SCORING_TIMEOUT_MS": "99"},
            {"config.json": '{"SCORING_TIMEOUT_MS": 1234, "SERVICE_NAME": "of the file"}'},
        ),
        _said("azmlinfsrv - Scoring timeout is set to 99"),
        "Extra keys = ['AZUREML_ENTRY_SCRIPT', 'SCORING_TIMEOUT_MS']",
    ),
    _served(
        "configuration-that-does-not-count",
        ("3.7 configuration file, only some names", "3.7 configuration file, unknown names"),
        Deployment(
            entry="score.py",
            files={
                "score.py": TELLS,
                "config.json": '{"AML_CORS_ORIGINS": "a", "WORKER_COUNT": 2, "SERVER_PORT": 1, "HEALTH_PORT": 1, '
                '"AML_APP_ROOT": "/far", "AZUREML_ENTRY_SCRIPT": "other.py", "AZUREML_MODEL_DIR": "model", "OWN": 1, '
                '"AML_APP_INSIGHTS_ENABLED": true, "AML_APP_INSIGHTS_KEY": "nonsense", "WORKER_TIMEOUT": "soon"}',
            },
        ),
        "Worker Count: 1",
        "<time> W [<pid>] azmlinfsrv.trace - Model directory is not set or does not exist: model",
        never=("Enabling CORS",),
    ),
    _served(
        "every-variable-of-the-configuration",
        ("3.7 extra keys", "3.7 HOSTNAME, WORKSPACE_NAME and others"),
        Deployment(
            "echo.py",
            {
                "APP_INSIGHTS_LOG_RESPONSE_ENABLED": "no",
                "AML_MDC_STORAGE_ENABLED": "yes",
                "AML_MODEL_DC_STORAGE_ENABLED": "nonsense",
                "AZUREML_LOG_LEVEL": "nonsense",
                "AZUREML_SOURCE_DIRECTORY": "source",
                "HOSTNAME": "host",
                "SCORING_TIMEOUT_MS": "0",
                "SERVICE_NAME": "name",
                "SERVICE_PATH_PREFIX": "prefix",
                "SERVICE_VERSION": "7",
                "WORKSPACE_NAME": "workspace",
            },
        ),
        "Extra keys = ['AZUREML_SOURCE_DIRECTORY', 'AZUREML_ENTRY_SCRIPT', 'SERVICE_NAME', 'WORKSPACE_NAME', "
        "'SERVICE_PATH_PREFIX', 'SERVICE_VERSION', 'SCORING_TIMEOUT_MS', 'AZUREML_LOG_LEVEL', "
        "'mdc_storage_enabled', 'APP_INSIGHTS_LOG_RESPONSE_ENABLED', 'HOSTNAME']",
    ),
    *(
        Boot(
            f"{name}-not-a-boolean",
            ("3.7 switches must be booleans", "3.7 bad value", "start boot failure"),
            Deployment("echo.py", {variable: "nonsense"}),
            3,
            stdout=(
                "<time> C [<pid>] azmlinfsrv - \n"
                "===============Configuration Error=================\n"
                f"{field}: Input should be a valid boolean, unable to interpret input (environment variable: {field})\n"
                "===================================================",
            ),
            stderr=(
                _said("gunicorn.error - Worker exiting (pid: <pid>)"),
                "<time> E [<pid>] gunicorn.error - Worker (pid: <pid>) exited with code 3.\n"
                "<time> E [<pid>] gunicorn.error - Shutting down: Master\n"
                "<time> E [<pid>] gunicorn.error - Reason: Worker failed to boot.",
            ),
            needs=NEEDS,
        )
        for name, variable, field in (
            ("log-response", "APP_INSIGHTS_LOG_RESPONSE_ENABLED", "APP_INSIGHTS_LOG_RESPONSE_ENABLED"),
            ("mdc-storage", "AML_MDC_STORAGE_ENABLED", "mdc_storage_enabled"),
        )
    ),
)

MODEL_FOLDERS = (
    _served(
        "model-folder-absent",
        ("start no model folder", "3.7 --model_dir"),
        Deployment("echo.py", model_dir="../absent"),
        "<time> W [<pid>] azmlinfsrv.trace - Model directory is not set or does not exist: ../absent",
        "Extra keys = ['AZUREML_ENTRY_SCRIPT', 'AZUREML_MODEL_DIR']",
    ),
    _served(
        "model-folder-of-a-file",
        ("start model folder without versions",),
        Deployment("echo.py", files={"model/model.pkl": ""}, model_dir="model"),
        "<time> E [<pid>] azmlinfsrv.trace - Error while fetching model IDs\nTraceback (most recent call last):",
        "NotADirectoryError: [Errno 20] Not a directory: 'model/model.pkl'",
    ),
    _served(
        "model-folder-of-a-folder",
        ("start model folder without versions",),
        Deployment("echo.py", files={"model/mine/model.pkl": ""}, model_dir="model"),
        "<time> E [<pid>] azmlinfsrv.trace - Error while fetching model IDs\nTraceback (most recent call last):",
        "ValueError: invalid literal for int() with base 10: 'model.pkl'",
    ),
    *(
        _served(
            f"model-folder-{name}",
            ("start model folder with versions",),
            Deployment("echo.py", files={"models/mine/7/model.pkl": ""}, model_dir=folder),
            _said(
                "azmlinfsrv - Starting up app insights client",
                "azmlinfsrv.user_script - Found user script at <root>/echo.py",
            ),
            never=("azmlinfsrv.trace",),
        )
        for name, folder in (("of-a-version", "models/mine/7"), ("of-models", "models"))
    ),
)

ORIGINS = (
    _served(
        "origins-of-variable",
        ("3.7 AML_CORS_ORIGINS", "start origins"),
        Deployment("echo.py", {"AML_CORS_ORIGINS": " a , b,"}),
        "CORS for the specified origins: Enabling CORS for  a , b,",
        _said("azmlinfsrv - Starting up app insights client")
        + "\n<time> W [<pid>] azmlinfsrv.trace - Model directory is not set or does not exist: \n"
        + _said("azmlinfsrv - Enabling CORS for the following origins: a, b, "),
    ),
    _served(
        "origins-empty",
        ("3.7 AML_CORS_ORIGINS", "3.7 empty values"),
        Deployment("echo.py", {"AML_CORS_ORIGINS": "a"}),
        "CORS for the specified origins: Enabling CORS for ",
        words=("--entry_script", "echo.py", "--port", "{port}", "--access_control_allow_origins", ""),
        never=("for the following origins",),
    ),
)

BOOTS = (
    *PRINTED,
    *INSIGHTS_PRINTED,
    *REFUSED_STARTS,
    *FULL_START,
    *TOLD,
    *CONFIGURED,
    *MODEL_FOLDERS,
    *ORIGINS,
)

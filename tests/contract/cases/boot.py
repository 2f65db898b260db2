"""Starts that fail, end or go on: exit codes of 3.4 and 3.7, texts of 4.4, 4.10 to 4.12."""

import signal

from ..case import Boot, Deployment

OK_SCRIPT = "def init():\n    pass\n\n\ndef run(data):\n    return data\n"
IMPORT_FAILED = "UserScriptImportException: Failed to import user script because it raised an unhandled exception"
INIT_FAILED = (
    "<time> E [<pid>] azmlinfsrv - User's init function failed",
    "<time> E [<pid>] azmlinfsrv - Encountered Exception Traceback (most recent call last):",
)
INIT_EXCEPTION = "UserScriptException: Caught an unhandled exception from the user script"
POSITIONAL = "run() cannot accept positional-only arguments, *args, or **kwargs."
NOT_BOOTED = "Reason: Worker failed to boot."
COMMAND = ("azmlinfsrv-command",)
CONFIGURATION_ERROR = "===============Configuration Error================="
NOT_AN_INTEGER = "Input should be a valid integer, unable to parse string as an integer"
NO_SCRIPT = (
    "<time> E [<pid>] azmlinfsrv - Error!\n"
    "<time> E [<pid>] azmlinfsrv - Either provide an entry_script using --entry_script or "
    "provide a path to the configuration file using --config_file"
)
MODEL = {"model/a.txt": "", "model/sub/b.txt": ""}
TREE = "\n".join(
    f"<time> I [<pid>] azmlinfsrv - {line}"
    for line in ("Model Directory Contents:", "model/", "    a.txt", "    sub/", "        b.txt")
)

CANNOT_LOAD = {
    "import-missing-module": (
        Deployment("fail_import_missing_module.py"),
        ("ModuleNotFoundError: No module named 'no_such_package_anywhere'", IMPORT_FAILED, NOT_BOOTED),
        ("4.12 import fails", "3.4 exit 3"),
    ),
    "import-sys-exit": (
        Deployment("fail_import_sys_exit.py"),
        ("SystemExit: 0", IMPORT_FAILED),
        ("4.12 import fails",),
    ),
    "syntax-error": (
        Deployment(files={"score.py": "def init(:\n"}, entry="score.py"),
        ("SyntaxError: ", IMPORT_FAILED),
        ("4.12 import fails",),
    ),
    "script-missing": (
        Deployment(files={"other.py": ""}, entry="score.py"),
        ("azmlinfsrv - No such file or directory.", "FileNotFoundError: ", IMPORT_FAILED),
        ("4.12 import fails",),
    ),
    "own-folder-is-not-importable": (
        Deployment(
            env={"AML_APP_ROOT": "{root}"},
            files={"sub/score.py": "import helper\n" + OK_SCRIPT, "sub/helper.py": ""},
            entry="sub/score.py",
        ),
        ("ModuleNotFoundError: No module named 'helper'", IMPORT_FAILED),
        ("4.12 app root only",),
    ),
    "no-init": (
        Deployment("fail_no_init.py"),
        ("UserScriptError: User script at <root>/fail_no_init.py does not have a init() function defined.",),
        ("4.12 no init, no run",),
    ),
    "no-run": (
        Deployment("fail_no_run.py"),
        ("UserScriptError: User script at <root>/fail_no_run.py does not have a run() function defined.",),
        ("4.12 no init, no run",),
    ),
    "run-takes-args": (Deployment("fail_run_takes_args.py"), (POSITIONAL,), ("4.4 *args, **kwargs, positional-only",)),
    "run-takes-kwargs": (
        Deployment("fail_run_takes_kwargs.py"),
        (POSITIONAL,),
        ("4.4 *args, **kwargs, positional-only",),
    ),
    "run-positional-only": (
        Deployment("fail_run_positional_only.py"),
        (POSITIONAL,),
        ("4.4 *args, **kwargs, positional-only",),
    ),
    "run-without-parameter": (
        Deployment("fail_run_without_parameter.py"),
        ("run() needs to accept an argument for input data.",),
        ("4.4 no parameter",),
    ),
    "run-only-request-headers": (
        Deployment("fail_run_only_request_headers.py"),
        ('run() needs to accept an argument other than "request_headers".',),
        ("4.4 only request_headers",),
    ),
    "run-is-not-callable": (
        Deployment("fail_run_is_not_callable.py"),
        ("TypeError: 5 is not a callable object",),
        ("observed run is not callable",),
    ),
    "rawhttp-and-schema": (
        Deployment("fail_rawhttp_and_schema.py"),
        ("run() cannot be decorated with both @rawhttp and @input_schema",),
        ("4.6 rawhttp and schema",),
    ),
    "rawhttp-short-import": (
        Deployment("fail_rawhttp_short_import.py"),
        ("ModuleNotFoundError: No module named 'azureml'", IMPORT_FAILED),
        ("4.11 short import",),
    ),
}

BAD_SETTINGS = {
    "timeout-not-a-number": (
        Deployment("echo.py", {"SCORING_TIMEOUT_MS": "soon"}),
        (
            CONFIGURATION_ERROR,
            f"SCORING_TIMEOUT_MS: {NOT_AN_INTEGER} (environment variable: SCORING_TIMEOUT_MS)",
        ),
        ("3.7 SCORING_TIMEOUT_MS not a number", "3.7 bad value"),
    ),
    "configuration-not-json": (
        Deployment("echo.py", files={"config.json": "{nonsense"}),
        (
            "azmlinfsrv - Invalid config file!: Traceback (most recent call last):",
            "JSONDecodeError: Expecting property",
        ),
        ("3.7 bad JSON",),
    ),
    "configuration-a-list": (
        Deployment("echo.py", files={"config.json": "[1]"}),
        ("azmlinfsrv - Invalid config file!: ", "AttributeError: 'list' object has no attribute 'get'"),
        ("4.15 config.json of a model",),
    ),
    "configuration-bad-value": (
        Deployment("echo.py", files={"config.json": '{"SCORING_TIMEOUT_MS": "soon"}'}),
        (f"SCORING_TIMEOUT_MS: {NOT_AN_INTEGER} (environment variable: SCORING_TIMEOUT_MS)",),
        ("3.7 bad value", "3.7 configuration file"),
    ),
    "logging-not-json": (
        Deployment("echo.py", files={"logging.json": "{nonsense"}),
        ("azmlinfsrv - Invalid config file!: ", "JSONDecodeError: Expecting property"),
        ("observed logging.json not JSON",),
    ),
    "swagger-not-json": (
        Deployment("echo.py", files={"swagger.json": "{nonsense"}),
        ("azmlinfsrv.user_script - Users's init has completed successfully", "JSONDecodeError: Expecting property"),
        ("4.10 user file not JSON",),
    ),
    "quote-in-service-name": (
        Deployment("echo.py", {"SERVICE_NAME": 'my "service"'}),
        ("JSONDecodeError: Expecting ',' delimiter: line 4 column 19 (char 52)",),
        ("observed quote in SERVICE_NAME",),
    ),
}

REFUSED_WORDS = {
    "help": (("--help",), "show this help message and exit"),
    "version": (("--version",), "azmlinfsrv: error: unrecognized arguments: --version"),
    "unknown": (("--nope",), "azmlinfsrv: error: unrecognized arguments: --nope"),
    "port-0": (
        ("--entry_script", "echo.py", "--port", "0"),
        "error: argument --port: invalid validate_port value: '0'",
    ),
    "port-65536": (
        ("--entry_script", "echo.py", "--port", "65536"),
        "error: argument --port: invalid validate_port value: '65536'",
    ),
    "count-0": (
        ("--entry_script", "echo.py", "--worker_count", "0"),
        "error: argument --worker_count: invalid validate_worker_count value: '0'",
    ),
}

REFUSED_ROWS = {
    "port-0": ("3.7 --port",),
    "port-65536": ("3.7 --port",),
    "count-0": ("3.7 --worker_count",),
}

BOOTS = (
    *(
        Boot(name, rows, deployment, 3, contains=texts)
        for name, (deployment, texts, rows) in (CANNOT_LOAD | BAD_SETTINGS).items()
    ),
    Boot(
        "init-raises",
        ("4.12 init raises", "3.4 exit 3"),
        Deployment("fail_init_raises.py", files=MODEL, model_dir="model"),
        3,
        stdout=(*INIT_FAILED, "FileNotFoundError: model.pkl is not there", TREE),
        contains=(INIT_EXCEPTION,),
    ),
    Boot(
        "init-sys-exit",
        ("4.12 init raises",),
        Deployment("fail_init_sys_exit.py", model_dir="absent"),
        3,
        stdout=(*INIT_FAILED, "SystemExit: 0"),
        contains=(INIT_EXCEPTION,),
        never=("Model Directory Contents:",),
    ),
    Boot(
        "init-wants-parameter",
        ("4.12 init raises",),
        Deployment(
            "fail_init_wants_parameter.py", files={f"model/{n:03}.txt": "" for n in range(201)}, model_dir="model"
        ),
        3,
        stdout=(
            *INIT_FAILED,
            "TypeError: init() missing 1 required positional argument: 'model'",
            (
                "<time> I [<pid>] azmlinfsrv -     198.txt\n"
                "<time> I [<pid>] azmlinfsrv - Output Truncated. First 200 lines shown."
            ),
        ),
        contains=(INIT_EXCEPTION,),
    ),
    Boot(
        "init-raises-in-the-master",
        ("3.7 WORKER_PRELOAD", "3.4 exit 3"),
        Deployment("fail_init_raises.py", {"WORKER_PRELOAD": "True"}),
        3,
        stdout=INIT_FAILED,
        never=("Booting worker with pid",),
    ),
    Boot(
        "init-killed-in-the-master",
        ("3.4 exit -9", "3.7 WORKER_PRELOAD"),
        Deployment("fail_init_killed.py", {"WORKER_PRELOAD": "true"}),
        -9,
        never=("Booting worker with pid",),
    ),
    Boot(
        "init-segfault-in-the-master",
        ("3.7 WORKER_PRELOAD",),
        Deployment("fail_init_segfault.py", {"WORKER_PRELOAD": "true"}),
        -11,
        stderr=("Fatal Python error: Segmentation fault",),
    ),
    *(
        Boot(
            f"import-os-exit-{code}-in-the-master",
            ("3.7 WORKER_PRELOAD",),
            Deployment(
                env={"WORKER_PRELOAD": "true"}, files={"score.py": f"import os\nos._exit({code})\n"}, entry="score.py"
            ),
            code,
            never=("Booting worker with pid",),
        )
        for code in (0, 4, 5)
    ),
    Boot(
        "import-missing-module-in-the-master",
        ("3.7 WORKER_PRELOAD", "4.12 import fails"),
        Deployment("fail_import_missing_module.py", {"WORKER_PRELOAD": "true"}),
        3,
        contains=(IMPORT_FAILED,),
        never=("Booting worker with pid",),
    ),
    Boot(
        "ends-by-sigterm-preloaded",
        ("3.7 WORKER_PRELOAD", "3.4 exit 0"),
        Deployment("echo.py", {"WORKER_PRELOAD": "TRUE"}),
        0,
        signal=signal.SIGTERM,
    ),
    Boot(
        "import-os-exit-3",
        ("3.4 os._exit(3)",),
        Deployment("fail_import_os_exit_3.py"),
        3,
        stderr=("<time> E [<pid>] gunicorn.error - Reason: Worker failed to boot.",),
    ),
    Boot(
        "import-os-exit-4",
        ("observed os._exit(4)",),
        Deployment("fail_import_os_exit_4.py"),
        4,
        stderr=("<time> E [<pid>] gunicorn.error - Reason: App failed to load.",),
    ),
    Boot("import-os-exit", ("3.4 never healthy",), Deployment("fail_import_os_exit.py"), None),
    Boot(
        "init-killed",
        ("3.4 never healthy", "4.7 dies, log"),
        Deployment("fail_init_killed.py"),
        None,
        stderr=("<time> E [<pid>] gunicorn.error - Worker (pid: <pid>) was sent SIGKILL! Perhaps out of memory?",),
    ),
    Boot(
        "init-segfault",
        ("3.4 never healthy",),
        Deployment("fail_init_segfault.py"),
        None,
        stderr=("Fatal Python error: Segmentation fault",),
    ),
    *(
        Boot(
            f"ends-by-{name.lower()}",
            ("3.4 exit 0",),
            Deployment("echo.py"),
            0,
            signal=signal.Signals[name],
        )
        for name in ("SIGTERM", "SIGINT", "SIGQUIT")
    ),
    Boot(
        "no-words",
        ("3.7 --entry_script", "3.4 exit 1"),
        Deployment("echo.py"),
        1,
        stdout=(NO_SCRIPT,),
        arguments=("--port", "{port}"),
        needs=COMMAND,
    ),
    Boot(
        "script-by-variable-only",
        ("3.7 --entry_script",),
        Deployment("echo.py", {"AZUREML_ENTRY_SCRIPT": "echo.py"}),
        1,
        stdout=(NO_SCRIPT,),
        arguments=("--port", "{port}"),
        needs=COMMAND,
    ),
    *(
        Boot(
            f"words-{name}",
            ("3.4 exit 1", *REFUSED_ROWS.get(name, ())),
            Deployment("echo.py"),
            1,
            contains=(text,),
            arguments=words,
            needs=COMMAND,
        )
        for name, (words, text) in REFUSED_WORDS.items()
    ),
    Boot(
        "port-in-use",
        ("3.4 port in use", "3.4 exit 1"),
        Deployment("echo.py"),
        1,
        contains=("[Errno 98] Address already in use",),
        arguments=("--entry_script", "echo.py", "--port", "{taken}"),
        needs=COMMAND,
    ),
    Boot(
        "no-script-with-configuration",
        ("4.12 no entry script",),
        Deployment(files={"config.json": "{}"}),
        3,
        stdout=("<time> E [<pid>] azmlinfsrv - No score script found. Expected score script main.py.",),
        arguments=("--config_file", "config.json", "--port", "{port}"),
        needs=COMMAND,
    ),
    Boot(
        "main-with-configuration",
        ("4.12 no entry script", "3.7 --entry_script"),
        Deployment(files={"config.json": "{}", "main.py": OK_SCRIPT}),
        0,
        contains=("Users's init has completed successfully",),
        signal=signal.SIGTERM,
        arguments=("--config_file", "config.json", "--port", "{port}"),
        needs=COMMAND,
    ),
    Boot(
        "options",
        (
            "3.7 SERVER_PORT",
            "3.7 --health_port",
            "3.7 --worker_count",
            "3.7 --access_control_allow_origins",
            "3.7 --config_file",
            "3.7 app insights key",
        ),
        Deployment("echo.py", {"SERVER_PORT": "1", "HEALTH_PORT": "1", "WORKER_COUNT": "2", "AML_CORS_ORIGINS": "b"}),
        0,
        stdout=(
            "Invalid Application Insights instrumentation key provided.\nApplication Insights has been disabled.",
            (
                "Config File: <root>/absent.json\nWorker Count: 1\nWorker Timeout (seconds): None\n"
                "Server Port: <port>\nHealth Port: <port>\nApplication Insights Enabled: false"
            ),
            "CORS for the specified origins: Enabling CORS for a",
            "<time> I [<pid>] azmlinfsrv - Enabling CORS for the following origins: a",
        ),
        signal=signal.SIGTERM,
        arguments=(
            *("--entry_script", "echo.py", "--port", "{port}", "--health_port", "1", "--worker_count", "1"),
            *("--access_control_allow_origins", "a", "--config_file", "absent.json"),
            *("--appinsights_instrumentation_key", "nonsense"),
        ),
        needs=COMMAND,
    ),
)

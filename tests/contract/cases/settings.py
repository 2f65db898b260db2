"""Settings, environment and import rules as a script or a client sees them: sections 3.3, 3.7, 4.12, users 2."""

from ..answers import EXEC, FINE, IDS, INTERNAL500, JSON, LENGTH, NOTFOUND, OK, START, full, timeout500
from ..case import Answer, Case, Deployment, get, post

SELF = Deployment("describes_itself.py", files={"model/a.txt": ""}, model_dir="model")
QUIET = Deployment("echo.py", {"SERVER_VERSION_LOG_RESPONSE_ENABLED": "no", "AZUREML_LOG_LEVEL": "nonsense"})
PREFIXED = Deployment(
    "raises.py",
    {"SERVICE_NAME": "of the environment"},
    {
        "config.json": '{"SERVICE_NAME": "of the file", "SERVICE_VERSION": "7", "SERVICE_PATH_PREFIX": "/a/b/", '
        '"SCORING_TIMEOUT_MS": 1234}',
        "swagger.json": '{"own":2}',
        "swagger3.1.json": '{"own":31}',
    },
)
HELPED = Deployment(
    env={"AML_APP_ROOT": "{root}", "AZUREML_SOURCE_DIRECTORY": "source"},
    files={
        "sub/score.py": "import helper\nimport other\n\n\ndef init():\n    pass\n\n\n"
        "def run(data):\n    return [helper.NAME, other.NAME]\n",
        "helper.py": 'NAME = "of the app root"\n',
        "source/other.py": 'NAME = "of the source directory"\n',
    },
    entry="sub/score.py",
)

FACTS = {
    "name": ("3.3 entry_module", b'"entry_module"', ()),
    "module_of_run": ("3.3 entry_module", b'"entry_module"', ()),
    "is_in_sys_modules": ("users 2 12", b"false", ()),
    "app_root_is_last_in_path": ("users 2 12", b"true", ()),
    "is_main_thread": ("users 2 14", b"true", ("process",)),
    "cwd_is_folder": ("3.3 app root", b"true", ("process",)),
    "app_root_is_folder": ("3.3 app root", b"true", ("process",)),
    "file_is_absolute": ("3.3 entry script variable", b"true", ()),
    "entry_is_absolute": ("3.3 entry script variable", b"true", ("process",)),
    "port_is_ours": ("3.3 ports in the environment", b"true", ("process",)),
    "variables": (
        "3.3 variables of the server",
        (
            b'{"AML_APP_INSIGHTS_ENABLED": "false", "HTTP_X_MS_SERVER_VERSION": "azmlinfsrv/1.5.1", '
            b'"TRANSPORT_PROTOCOL": "grpc", "WORKER_COUNT": "1"}'
        ),
        ("process",),
    ),
    "stdin_is_empty": ("4.15 breakpoint", b"true", ("process",)),
}

CASES = (
    *(
        Case(f"script-{name.replace('_', '-')}", (row,), SELF, post(name.encode()), full(body), needs=needs)
        for name, (row, body, needs) in FACTS.items()
    ),
    Case(
        "server-version-off",
        ("3.7 SERVER_VERSION_LOG_RESPONSE_ENABLED", "3.7 AZUREML_LOG_LEVEL"),
        QUIET,
        get(),
        Answer(OK, (*START, JSON, LENGTH, FINE, EXEC, *IDS), b'["str", "{}"]'),
    ),
    Case(
        "configuration-file",
        ("3.7 configuration file", "4.15 config.json of a model"),
        PREFIXED,
        post(b"TimeoutError"),
        timeout500(1234),
    ),
    Case(
        "prefix-is-not-served",
        ("3.7 SERVICE_NAME, SERVICE_VERSION, SERVICE_PATH_PREFIX",),
        PREFIXED,
        get("/a/b/score"),
        NOTFOUND,
    ),
    Case("async-init", ("4.12 async init",), Deployment("async_init.py"), post(), full(b'"init never ran"')),
    Case("async-run", ("4.12 async run",), Deployment("async_run.py"), post(), INTERNAL500),
    Case("callable-run", ("4.12 callable run",), Deployment("callable_run.py"), post(b"x"), full(b'["x", "called"]')),
    Case(
        "driver",
        ("4.12 driver",),
        Deployment("driver.py", zoo=("counts_calls.py",)),
        post(),
        full(b'{"inits": 2, "runs": 1}'),
    ),
    Case(
        "helpers",
        ("4.12 app root only", "observed AZUREML_SOURCE_DIRECTORY"),
        HELPED,
        post(),
        full(b'["of the app root", "of the source directory"]'),
    ),
)

"""Answers, by the name in its input, questions about where and how it runs."""

import os
import pathlib
import sys
import threading

FACTS = {
    "name": lambda: __name__,
    "is_in_sys_modules": lambda: __name__ in sys.modules,
    "module_of_run": lambda: run.__module__,
    "is_main_thread": lambda: threading.current_thread() is threading.main_thread(),
    "cwd_is_folder": lambda: pathlib.Path.cwd() == pathlib.Path(__file__).parent,
    "file_is_absolute": lambda: os.path.isabs(__file__),
    "entry_is_absolute": lambda: os.environ["AZUREML_ENTRY_SCRIPT"] == os.path.realpath(__file__),
    "app_root_is_folder": lambda: os.environ["AML_APP_ROOT"] == str(pathlib.Path(__file__).parent),
    "app_root_is_last_in_path": lambda: os.path.realpath(sys.path[-1]) == os.environ["AML_APP_ROOT"],
    "stdin_is_empty": lambda: sys.stdin.read() == "",
    "variables": lambda: {name: os.environ.get(name) for name in VARIABLES},
    "port_is_ours": lambda: os.environ["SERVER_PORT"] == os.environ["HEALTH_PORT"],
    "model_dir": lambda: os.environ.get("AZUREML_MODEL_DIR"),
    "inits": lambda: state["inits"],
}
VARIABLES = ("AML_APP_INSIGHTS_ENABLED", "HTTP_X_MS_SERVER_VERSION", "TRANSPORT_PROTOCOL", "WORKER_COUNT")

state = {"inits": 0}


def init():
    state["inits"] += 1


def run(data):
    return FACTS[data]()

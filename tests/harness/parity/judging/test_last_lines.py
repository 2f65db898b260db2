"""Logs of servers that did not start, as they were observed: what is left of them is the same on both sides."""

from __future__ import annotations

from pathlib import Path

import amlemu
import pytest
from amlemu_harness.parity.judging.last_lines import last_lines
from amlemu_harness.parity.record import End

THEIRS = "/envs/real/lib/python3.11/site-packages/azureml_inference_server_http"
OURS = str(Path(amlemu.__file__).parent)
PRINT = """The environment variable 'AZUREML_MODEL_DIR' has not been set.
Use the --model_dir command line argument to set it.

Azure ML Inferencing HTTP server v1.5.1


Server Settings
---------------
Entry Script Name: /srv/demo/score.py
Model Directory: None
Server Port: 43099


Server Routes
---------------
Liveness Probe: GET   127.0.0.1:43099/
Score:          POST  127.0.0.1:43099/score

"""
# Python 3.11 and azureml-inference-server-http 1.5.1, whose output went to a pipe: the print comes again at the end (observed)
REAL_OUT = f"""2026-11-22 12:43:32,978 I [11750] azmlinfsrv - Loaded logging config from {THEIRS}/logging.json
{PRINT}2026-11-22 12:43:34,384 I [11782] azmlinfsrv.user_script - Found user script at /srv/demo/score.py
2026-11-22 12:43:34,384 E [11782] azmlinfsrv - User's init function failed
2026-11-22 12:43:34,385 E [11782] azmlinfsrv - Encountered Exception Traceback (most recent call last):
  File "{THEIRS}/server/user_script.py", line 119, in invoke_init
    self._user_init()
  File "/srv/demo/score.py", line 5, in init
    raise FileNotFoundError("model.pkl is not there")
FileNotFoundError: model.pkl is not there

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "{THEIRS}/server/aml_blueprint.py", line 109, in setup
    self.user_script.invoke_init()
azureml_inference_server_http.server.user_script.UserScriptException: Caught an unhandled exception from the user script

{PRINT}"""
OUR_OUT = f"""2026-11-22 12:43:34,000 I [11789] azmlinfsrv - Loaded logging config from {OURS}/scoring/logs.py
{PRINT.replace("43099", "58731")}2026-11-22 12:43:34,196 I [11798] azmlinfsrv.user_script - Found user script at /srv/demo/score.py
2026-11-22 12:43:34,196 E [11798] azmlinfsrv - User's init function failed
2026-11-22 12:43:34,196 E [11798] azmlinfsrv - Encountered Exception Traceback (most recent call last):
  File "{OURS}/scoring/script.py", line 92, in invoke_init
    self._init()
    ^^^^^^^^^^^^
  File "/srv/demo/score.py", line 5, in init
    raise FileNotFoundError("model.pkl is not there")
FileNotFoundError: model.pkl is not there

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "{OURS}/scoring/app.py", line 218, in _invoke_init
    self.script.invoke_init()
azureml_inference_server_http.server.user_script.UserScriptException: Caught an unhandled exception from the user script
"""
LEFT_OUT = """INFO azmlinfsrv - Loaded logging config from <its own>
INFO azmlinfsrv.user_script - Found user script at <root>/score.py
ERROR azmlinfsrv - User's init function failed
ERROR azmlinfsrv - Encountered Exception Traceback (most recent call last):
  File "<root>/score.py", line 5, in init
    raise FileNotFoundError("model.pkl is not there")
FileNotFoundError: model.pkl is not there
The above exception was the direct cause of the following exception:
azureml_inference_server_http.server.user_script.UserScriptException: Caught an unhandled exception from the user script"""
REAL_ERR = """2026-11-22 12:43:33,028 I [11750] gunicorn.error - Listening at: http://0.0.0.0:40743 (11750)
2026-11-22 12:43:33,039 I [11782] gunicorn.error - Booting worker with pid: 11782
2026-11-22 12:43:33,185 I [11750] gunicorn.error - Control socket listening at /srv/demo/.gunicorn/gunicorn.ctl
2026-11-22 12:43:34,389 I [11782] gunicorn.error - Worker exiting (pid: 11782)
2026-11-22 12:43:35,005 E [11750] gunicorn.error - Worker (pid:11782) exited with code 3.
2026-11-22 12:43:35,009 E [11750] gunicorn.error - Shutting down: Master
"""
LEFT_ERR = """INFO gunicorn.error - Listening at: <address> (<pid>)
INFO gunicorn.error - Booting worker with pid: <pid>
INFO gunicorn.error - Worker exiting (pid: <pid>)
ERROR gunicorn.error - Worker (pid:<pid>) exited with code 3.
ERROR gunicorn.error - Shutting down: Master"""
RUN = "2026-11-22T09:43:51,922506731+00:00"
CONTAINER_OUT = f"""{RUN} | gunicorn/run | Pip Dependencies (before dynamic installation)
Flask==3.1.3
{RUN} | gunicorn/run | Starting AzureML Inference Server HTTP.
{REAL_OUT.replace("/srv/demo/", "/var/azureml-app/code/").replace("43099", "31311")}{RUN} - gunicorn/finish 3 0
{RUN} - Exit code 3 is not normal. Killing image.
"""
CONTAINER_ERR = f"""2026/11/22 09:43:55 [error] 19#19: *3 connect() failed (111: Connection refused) while connecting to upstream
{REAL_ERR}runsv nginx: fatal: unable to start ./finish
"""


def left(out: str = "", err: str = "", exit_code: int | None = 3) -> tuple[str, str]:
    return last_lines(End(exit_code, tuple(out.splitlines()), tuple(err.splitlines())))


@pytest.mark.parametrize(
    ("out", "err"),
    [
        pytest.param(REAL_OUT, REAL_ERR, id="azmlinfsrv"),
        pytest.param(OUR_OUT, REAL_ERR.replace("0.0.0.0:40743", "127.0.0.1:58731").replace("117", "8"), id="ours"),
        pytest.param(CONTAINER_OUT, CONTAINER_ERR, id="container"),
    ],
)
def test_three_servers_of_one_script_leave_the_same(out: str, err: str) -> None:
    """Their own frames, folders, ports and the print at the start are gone, and so is what stands around one in a container."""
    assert left(out, err) == (LEFT_OUT, LEFT_ERR)


def test_a_server_that_tries_for_ever_leaves_one_try() -> None:
    """The last one that is over: how often it has tried is chance, and so is when nobody waited any longer."""
    err = "".join(
        f"2026-11-22 12:43:3{pid},000 I [{pid}] gunicorn.error - Booting worker with pid: {pid}\n"
        f"Fatal Python error: Segmentation fault\n\nCurrent thread 0x00007f3d2f413b8{pid} (most recent call first):\n"
        f'  File "/srv/demo/score.py", line 7 in init\n  File "{THEIRS}/server/entry.py", line 26 in <module>\n'
        f"\nExtension modules: psutil._psutil_linux (total: 1)\n"
        f"2026-11-22 12:43:3{pid},000 W [1] gunicorn.error - Worker (pid:{pid}) was sent SIGSEGV!\n"
        "2026-11-22 12:43:39,000 I [1] gunicorn.error - Control socket listening at /srv/demo/.gunicorn/gunicorn.ctl\n"
        for pid in (4, 5, 6)
    )
    out = "".join(f"2026-11-22 12:43:30,000 I [{pid}] azmlinfsrv - in try {pid}\n" for pid in (4, 5, 6, 7))
    begun = "2026-11-22 12:43:37,000 I [7] gunicorn.error - Booting worker with pid: 7\n"

    assert left(out, err + begun, None) == (
        "INFO azmlinfsrv - in try 6",
        "INFO gunicorn.error - Booting worker with pid: <pid>\nFatal Python error: Segmentation fault\n"
        'Current thread <object> (most recent call first):\n  File "<root>/score.py", line 7 in init\n'
        "WARNING gunicorn.error - Worker (pid:<pid>) was sent SIGSEGV!",
    )


def test_a_worker_that_leaves_without_a_word_is_over_when_the_next_one_comes() -> None:
    """gunicorn is silent about an exit code of 0."""
    lines = [
        f"2026-11-22 12:43:30,000 I [{pid}] gunicorn.error - Booting worker with pid: {pid}\nraw {pid}\n"
        for pid in (4, 5)
    ]

    assert left("", "".join(lines), None)[1] == "INFO gunicorn.error - Booting worker with pid: <pid>\nraw 4"


def test_of_two_workers_the_one_that_was_found_dead_is_told() -> None:
    """Which of them says what first is chance."""
    head = "2026-11-22 12:43:30,000"
    lines = [
        f"{head} I [4] gunicorn.error - Booting worker with pid: 4",
        f"{head} I [5] gunicorn.error - Booting worker with pid: 5",
        f"{head} I [5] gunicorn.error - Worker exiting (pid: 5)",
        f"{head} E [1] gunicorn.error - Worker (pid:5) exited with code 3.",
        f"{head} I [4] gunicorn.error - Worker exiting (pid: 4)",
        f"{head} E [1] gunicorn.error - Reason: Worker failed to boot.",
    ]

    assert left("", "\n".join(lines))[1].splitlines() == [
        "INFO gunicorn.error - Booting worker with pid: <pid>",
        "INFO gunicorn.error - Worker exiting (pid: <pid>)",
        "ERROR gunicorn.error - Worker (pid:<pid>) exited with code 3.",
        "ERROR gunicorn.error - Reason: Worker failed to boot.",
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Score took 1.234ms for 7f1c2a52-9f62-4d0b-8a51-0c4e5b1f7a10", "Score took <ms> for <id>"),
        ("ValueError: <object at 0x7f3d2f413b80>", "ValueError: <object at <object>>"),
        ("OSError: ('127.0.0.1:8080', 5)", "OSError: ('<address>', 5)"),
        ("Extra keys = ['AZUREML_ENTRY_SCRIPT', 'HOSTNAME']", "Extra keys = <variables>"),
        ("ValueError: 12.5 is more than 11", "ValueError: 12.5 is more than 11"),
        ('  File "/envs/x/lib/python3.10/site-packages/sklearn/base.py", line 3, in f', '  File "<python>/sklearn/base.py", line 3, in f'),
    ],
)  # fmt: skip
def test_words_in_a_line(line: str, expected: str) -> None:
    """A library's frames stay, wherever it is installed."""
    assert left("", line)[1] == expected


def test_the_folder_of_a_script_that_fails_to_import_is_that_of_its_first_frame() -> None:
    """No line says where the script was found; another folder of that beginning is another folder."""
    out = 'Traceback (most recent call last):\n  File "/a/b/score.py", line 3, in <module>\nOSError: /a/b/x, /a/bc/y\n'

    assert left(out)[0].splitlines()[1:] == [
        '  File "<root>/score.py", line 3, in <module>',
        "OSError: <root>/x, /a/bc/y",
    ]

"""The first cause in a log: of the real server's failures, of builds, of schedulers, of logs as people paste them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from amlemu.explain.log import read_log

LOGS = Path(__file__).with_name("logs")
"""Those named after a script of tests/scripts, and run_, init_ and the like, are azmlinfsrv 1.5.1's own, shortened."""

SERVER = "2026-11-22 06:32:22,491 I [12761] "
READY = f"{SERVER}azmlinfsrv.user_script - Users's init has completed successfully\n{SERVER}azmlinfsrv - Worker with pid 12761 ready for serving traffic\n"
RUN = (
    "2026-11-22 06:32:22,554 E [12761] azmlinfsrv - Encountered Exception: Traceback (most recent call last):\n"
    '  File "/x/site-packages/azureml_inference_server_http/server/user_script.py", line 132, in invoke_run\n'
    '  File "/var/azureml-app/code/score.py", line 20, in run\n    return model.predict(data)\n'
)
KILLED = "2026-11-22 06:32:33,550 E [1] gunicorn.error - Worker (pid:{pid}) was sent SIGKILL! Perhaps out of memory?\n"


def account(text):
    return read_log(io.BytesIO(text.encode()))


def told(text):
    """Return the cause's line and sentence."""
    cause = account(text).cause
    return cause and (cause.line, cause.told.cause)


@pytest.mark.parametrize(
    ("name", "line", "cause"),
    [
        ("fail_import_missing_module", 22, "score.py:3: the module no_such_package_anywhere is not installed in the environment"),
        ("fail_import_os_exit_1", 16, "a worker left by itself with exit code 1: the script, or what it imports, ended the process (os._exit)"),
        ("fail_import_os_exit_3", 16, "a process left with exit code 3"),
        ("fail_import_sys_exit", 21, "score.py:5 called sys.exit(0) while it was loaded"),
        ("fail_init_killed", 19, "worker 6770 was killed (SIGKILL), most likely because memory ran out"),
        ("fail_init_raises", 25, "score.py:5: init() raised FileNotFoundError: model.pkl is not there"),
        ("fail_init_segfault", 19, "Python crashed in C code (Segmentation fault), innermost at score.py, line 7 in init"),
        ("fail_init_sys_exit", 25, "score.py:7 called sys.exit(0) in init()"),
        ("fail_init_wants_parameter", 23, "init() wants a parameter, and the server calls it with none"),
        ("fail_no_init", 21, "the script /var/azureml-app/code/score.py has no init() at its top level"),
        ("fail_no_run", 21, "the script /var/azureml-app/code/score.py has no run() at its top level"),
        ("fail_rawhttp_and_schema", 24, "the server refuses the signature of run(): run() cannot be decorated with both @rawhttp and @input_schema"),
        ("fail_rawhttp_short_import", 21, "score.py:3: the module azureml is not installed in the environment"),
        ("fail_run_is_not_callable", 41, "run is not a function: it is 5"),
        ("fail_run_only_request_headers", 24, 'the server refuses the signature of run(): run() needs to accept an argument other than "request_headers"'),
        ("fail_run_takes_args", 24, "the server refuses the signature of run(): run() cannot accept positional-only arguments, *args, or **kwargs"),
        ("fail_run_without_parameter", 24, "the server refuses the signature of run(): run() needs to accept an argument for input data"),
        ("syntax", 17, "score.py:3: SyntaxError: expected ':'"),
        ("sibling", 16, "score.py:1: the module src cannot be imported: it looks like a file of your own that is not in the app root"),
        ("model_dir_unset", 22, "score.py:4: AZUREML_MODEL_DIR is not set: the deployment has no model, or the script runs outside Azure"),
        ("init_chain", 19, "score.py:4: there is no /var/azureml-app/azureml-models/m/1/model.pkl"),
        ("init_swallowed", 18, "score.py:5: there is no model/model.pkl; the script went on, and so score.py:10: model is not defined when run() uses it"),
        ("pickle_main", 20, "score.py:4: the model file is damaged or is no pickle (pickle data was truncated)"),
        ("bad_setting", 9, "the server refuses its configuration: SCORING_TIMEOUT_MS: Input should be a valid integer, unable to parse string as an integer (environment variable: SCORING_TIMEOUT_MS)"),
        ("run_keyerror", 28, "score.py:9: run() looks for the key 'data', which is not there"),
        ("run_ndarray", 39, "run() returned ndarray, which is not JSON"),
        ("run_timeout", 24, "run() took longer than SCORING_TIMEOUT_MS (600ms)"),
        ("run_killed", 18, "worker 12805 was killed (SIGKILL), most likely because memory ran out"),
        ("worker_timeout", 18, "gunicorn ended worker 12774 because it was silent for WORKER_TIMEOUT (300 s unless set)"),
        ("schema_bad", 33, "the request does not fit run()'s schema: Invalid input array: array has size 2 on dimension #1, while expected value is 3"),
        ("sysexit_run", 31, "score.py:5 ended run() with SystemExit(2)"),
        ("aks_2020", 31, "score.py:22: the model was pickled with another version of sklearn: this one has no sklearn.ensemble.forest"),
        ("gunicorn_missing", 4, "the environment has no inference server: it lacks azureml-defaults or azureml-inference-server-http"),
        ("get_logs", 25, "mlflow_score_script.py:9: a package was built for another numpy than the one that is installed"),
        ("lookup_in_library", 18, "score.py:12: init() raised ValueError: The checkpoint you are trying to load has model type `qwen2` but Transformers does not recognize this architecture"),
        ("couldnt_schedule", 12, "no node has room for the pod: 0/3 nodes are available, 3 Insufficient nvidia.com/gpu"),
        ("kubectl_describe", 5, "the registry refuses to hand out the image reg.azurecr.io/x:1: no right to read it, or it does not exist"),
        ("kubectl_oom", 4, "the container was killed because it used more memory than its limit"),
        ("aci_events", 1, "a process left with exit code 111"),
        ("pip_conflict", 4, "the pip requirements exclude each other: azureml-inference-server-http==1.5.1 and flask==1.1"),
        ("pip_not_found", 1, "pip finds no azureml-samples==0+unknown: the index has none at all"),
        ("pip_tls", 1, "pip cannot reach PyPI (SSLError): no way out of the build, or a certificate that is not trusted"),
        ("pip_wheel", 12, "pip could not build scikit-learn==0.22: its set-up raised ModuleNotFoundError: No module named 'numpy'"),
        ("pip_stopped", 4, "the build stops while pip installs: a pip requirement cannot be installed or resolved"),
        ("conda_not_found", 5, "conda does not find what the file asks for: numpy=1.16.0; libcxx=4.0.1"),
        ("conda_unsatisfiable", 4, "conda finds no versions that go together: nothing provides requested tensorflow 9.9**"),
    ],
)  # fmt: skip
def test_the_cause_of_a_failure_is_found(name, line, cause):
    assert told((LOGS / f"{name}.txt").read_text()) == (line, cause)


def test_workers_that_end_without_a_word_are_counted():
    """os._exit(0) leaves nothing in the log but the next `Booting worker`."""
    cause = account((LOGS / "fail_import_os_exit.txt").read_text()).cause

    assert (cause.line, cause.told.rule, len(cause.excerpt)) == (4, "boots-again", 3)


def test_a_healthy_log_has_no_cause():
    """Warnings of every start, requests, a stop that was asked for."""
    found = account((LOGS / "serves.txt").read_text())

    assert (found.cause, found.others, found.tail, found.ready) == (None, (), (), 7)


@pytest.mark.parametrize("name", ["aks_2020", "get_logs", "init_chain"])
def test_the_same_is_found_however_the_log_was_taken(name):
    """With docker's time stamps, as docker's JSON, with Windows line ends, with colours, as a string of a notebook."""
    text = (LOGS / f"{name}.txt").read_text()
    expected = told(text)
    stamped = "".join(f"2024-01-01T00:00:00.123456789Z {line}\n" for line in text.splitlines())
    records = [{"log": line + "\n", "stream": "stderr", "time": "2024"} for line in text.splitlines()]
    as_json = "".join(json.dumps(record) + "\n" for record in records)
    coloured = "".join(f"\x1b[31m{line}\x1b[0m\n" for line in text.splitlines())

    assert told(stamped) == told(as_json) == told(coloured) == told(text.replace("\n", "\r\n")) == expected
    assert told(repr(text)) == (1, expected[1])


def test_the_lines_that_show_it_are_the_users_own():
    """Frames of the server are left out; each line has its number in the log."""
    cause = account((LOGS / "init_chain.txt").read_text()).cause

    assert cause.excerpt == (
        (16, '  File "/var/azureml-app/code/score.py", line 4, in load'),
        (17, "    return open(p)"),
        (19, "FileNotFoundError: [Errno 2] No such file or directory: '/var/azureml-app/azureml-models/m/1/model.pkl'"),
        (26, '  File "/var/azureml-app/code/score.py", line 8, in init'),
        (27, "    load('/var/azureml-app/azureml-models/m/1/model.pkl')"),
        (28, '  File "/var/azureml-app/code/score.py", line 6, in load'),
        (29, "    raise RuntimeError('no model') from e"),
        (30, "RuntimeError: no model"),
    )


def test_pips_own_reasons_are_in_the_advice():
    cause = account((LOGS / "pip_conflict.txt").read_text()).cause

    assert (
        cause.told.look[0]
        == "The user requested flask==1.1; azureml-inference-server-http 1.5.1 depends on flask<3.2.0"
    )


@pytest.mark.parametrize(
    ("boots", "count", "is_found"),
    [
        pytest.param(4, "", True, id="four-and-none-ready"),
        pytest.param(2, "", False, id="two"),
        pytest.param(4, "Worker Count: 4\n", False, id="as-many-as-there-are-workers"),
        pytest.param(6, "Worker Count: 4\n", True, id="more-than-there-are-workers"),
    ],
)
def test_workers_that_are_started_again_and_again(boots, count, is_found):
    log = count + "".join(f"Booting worker with pid: {pid}\n" for pid in range(boots))

    assert (told(log) is not None) is is_found


def test_workers_that_become_ready_between_are_no_crash_loop():
    assert told(f"{SERVER}gunicorn.error - Booting worker with pid: 9\n{READY}" * 5) is None


@pytest.mark.parametrize("head", ["", f"{SERVER}azmlinfsrv.print - "], ids=["print_exc", "print"])
def test_what_the_script_caught_at_its_start_is_a_warning(head):
    """init() printed a traceback and went on."""
    caught = "Traceback (most recent call last):\n  File \"/app/score.py\", line 5, in init\n    import shap\nModuleNotFoundError: No module named 'shap'\n"
    cause = account(head + caught + READY).cause

    assert (cause.told.tier, cause.line) == ("warning", 4)


def test_what_init_printed_is_behind_a_model_that_is_none():
    log = f"{SERVER}azmlinfsrv.print - failed: [Errno 2] No such file or directory: 'model.pkl'\n{READY}{RUN}AttributeError: 'NoneType' object has no attribute 'predict'\n\n"

    assert told(log)[0] == 1
    assert "No such file or directory: model.pkl; the script went on" in told(log)[1]


def test_a_start_that_failed_and_was_overcome_is_told_as_past():
    cause = account(KILLED.format(pid=1) + READY).cause

    assert cause.told.tier == "past"


def test_a_worker_that_dies_outweighs_a_call_that_failed():
    found = account(READY + RUN + "KeyError: 'x'\n\n" + KILLED.format(pid=12761))

    assert found.cause.told.rule == "worker-killed"
    assert [other.told.rule for other in found.others] == ["request-key"]


def test_a_sigkill_after_a_worker_timeout_is_gunicorns():
    found = account(f"{SERVER}gunicorn.error - WORKER TIMEOUT (pid:7)\n" + KILLED.format(pid=7))

    assert (found.cause.told.rule, found.others) == ("worker-timeout", ())


def test_a_download_that_was_retried_is_not_the_cause():
    log = "WARNING: Retrying after connection broken by 'ReadTimeoutError': /simple/a/\nERROR: Cannot install a and b because these package versions have conflicting dependencies.\n"

    assert told(log) == (2, "the pip requirements exclude each other: a and b")


def test_a_thread_beside_the_requests_is_a_warning():
    """Telemetry that cannot be sent fails nothing."""
    log = (
        READY
        + 'Exception in thread Thread-3:\nTraceback (most recent call last):\n  File "/x/site-packages/opencensus/x.py", line 9, in run\nConnectionError: dc.services.visualstudio.com\n'
    )

    assert account(log).cause.told.tier == "warning"


def test_an_error_that_only_the_client_names_is_a_sign_of_it():
    log = "(None) ResourceNotReady: User container has crashed or terminated: Liveness probe failed: HTTP probe failed with statuscode: 502. Please see the guide\n"

    assert told(log) == (1, "the liveness probe failed: HTTP probe failed with statuscode: 502")


def test_what_the_server_says_comes_before_the_platforms_events():
    """Events stand at the top of get-logs, and say less."""
    log = "Liveness probe failed: HTTP probe failed with statuscode: 502\nReason: Worker failed to boot.\n"

    assert told(log) == (2, "the server stopped because its worker failed to boot")


def test_quota_is_told_with_its_numbers():
    log = '{"errors":{"VmSize":["Not enough quota available for Standard_F4s_v2 in SubscriptionId a. Current usage/limit: 0/6. Additional needed: 8 Please"]}}'

    assert told(log) == (1, "the subscription has not enough quota for Standard_F4s_v2 (0/6 in use, 8 more needed)")


def test_an_exception_that_stands_alone_is_explained():
    assert told("ModuleNotFoundError: No module named 'cv2'")[1].startswith("the module cv2 is not installed")


def test_a_library_that_is_not_needed_is_no_cause():
    """TensorFlow says so on every machine without a GPU."""
    log = "W dso_loader.cc:64] Could not load dynamic library 'libcudart.so.11.0'; dlerror: libcudart.so.11.0: cannot open shared object file\n"

    assert told(log + READY) is None


@pytest.mark.parametrize(
    "line", ["error rate: 0.05", "failed: 0", "KeyError handling: on", "Reason: none", 'File "x" loaded']
)
def test_what_a_script_prints_is_no_cause(line):
    assert told(f"{line}\n{READY}") is None


def test_without_a_cause_the_last_lines_that_look_like_errors_are_kept():
    found = account("".join(f"thing {number} failed\n" for number in range(50)))

    assert found.cause is None
    assert [number for number, _ in found.tail] == [43, 44, 45, 46, 47, 48, 49, 50]


def test_a_large_log_needs_little_memory():
    """What is remembered does not grow: distinct exceptions without end, each once."""
    log = READY + "".join(f"{RUN}ValueError: number {number} and more\n\n" for number in range(1000))
    found = account(log)

    assert len(found.others) <= 200


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"x" * 50_000_000, id="one-line"),
        pytest.param(b"Error: " * 3_000_000, id="one-line-of-errors"),
        pytest.param(b'{"log": "' * 500_000, id="json-that-never-closes"),
        pytest.param((b"\t" * 4000 + b"\n") * 300, id="tabs"),
        pytest.param((b'  File "' + b"/a" * 240 + b'", line 3, in f\n') * 3000, id="frames-without-an-exception"),
        pytest.param((b"| " * 1500 + b"\n") * 300, id="pipes"),
        pytest.param(bytes(range(256)) * 4000, id="binary"),
        pytest.param((b"0/" + b"1" * 3000 + b" nodes are available: " + b"a " * 500 + b"\n") * 200, id="scheduler"),
    ],
)
def test_bad_input_does_not_hang(raw):
    """Lines without end, nests without end, patterns that nearly fit."""
    assert read_log(io.BytesIO(raw)).lines >= 1

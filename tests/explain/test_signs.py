"""Which line and which exception means what."""

from __future__ import annotations

import pytest
from amlemu.explain import signs
from amlemu.explain.entries import table
from amlemu.explain.tracebacks import Chain, Frame, Raised

SERVER = Frame("/x/site-packages/azureml_inference_server_http/server/user_script.py", 77, "load_script", 1)


def told(exception, phase="import", code="", function="init"):
    """Return what an exception at score.py:3 means."""
    kind, _, message = exception.partition(": ")
    frames = [SERVER, Frame("/var/azureml-app/code/score.py", 3, function, 2, code)]
    return signs.of_exception(Chain("", raised=[Raised(1, kind, message, frames, 4)]), phase)


@pytest.mark.parametrize(
    ("exception", "cause"),
    [
        ("ModuleNotFoundError: No module named 'cv2'", "score.py:3: the module cv2 is not installed in the environment (its package is called opencv-python-headless)"),
        ("ModuleNotFoundError: No module named 'lightgbm'", "score.py:3: the module lightgbm is not installed in the environment"),
        ("ModuleNotFoundError: No module named 'azureml.ai'", "score.py:3: azureml.ai.monitoring is not installed: the package azureml-ai-monitoring is missing in the environment"),
        ("ModuleNotFoundError: No module named 'utils'", "score.py:3: the module utils cannot be imported: it looks like a file of your own that is not in the app root"),
        ("ModuleNotFoundError: No module named 'main'", "the server found no scoring script: it looked for main.py, its default"),
        ("ModuleNotFoundError: No module named 'distutils'", "score.py:3: the module distutils is gone: the environment's Python (or setuptools) is newer than the package that imports it"),
        ("ModuleNotFoundError: No module named 'numpy._core'", "score.py:3: the model was pickled with another version of numpy: this one has no numpy._core"),
        ("ModuleNotFoundError: No module named 'sklearn.externals.joblib'", "score.py:3: scikit-learn is too new: sklearn.externals.joblib is gone since 0.23"),
        ("ImportError: libGL.so.1: cannot open shared object file: No such file or directory", "score.py:3: the system library libGL.so.1 is not in the image (package libgl1 of Debian and Ubuntu)"),
        ("ImportError: /lib/x86_64-linux-gnu/libstdc++.so.6: version `GLIBCXX_3.4.29' not found (required by x)", "score.py:3: a package was built for a newer system: GLIBCXX_3.4.29 is not in the image"),
        ("ImportError: cannot import name 'soft_unicode' from 'markupsafe' (/x)", "score.py:3: markupsafe is too new for what imports it: it has no soft_unicode any more"),
        ("ImportError: cannot import name 'url_quote' from 'werkzeug.urls' (/x)", "score.py:3: werkzeug.urls is too new for what imports it: it has no url_quote any more"),
        ("ImportError: cannot import name 'Markup' from 'jinja2' (/x)", "score.py:3: jinja2 is too new for what imports it: it has no Markup any more"),
        ("ImportError: cannot import name 'Model2' from 'sklearn.base' (/x)", "score.py:3: sklearn.base has no Model2: another version of it is installed than the code was written for"),
        ("ImportError: attempted relative import with no known parent package", "score.py:3: a relative import in the scoring script: the script is no part of a package"),
        ("ValueError: numpy.dtype size changed, may indicate binary incompatibility. Expected 96 from C header, got 88 from PyObject", "score.py:3: a package was built for another numpy than the one that is installed"),
        ("RuntimeError: module compiled against ABI version 0x1000009 but this version of numpy is 0x2000000", "score.py:3: a package was built for another numpy than the one that is installed"),
        ("AttributeError: module 'numpy' has no attribute 'float'", "score.py:3: numpy is too new for this code: it has no np.float any more"),
        ("AttributeError: Can't get attribute 'Model' on <module '__main__' from '/opt/bin/azmlinfsrv'>", "score.py:3: the pickled model needs Model, which was defined in the notebook or script that trained it (__main__)"),
        ("FileNotFoundError: [Errno 2] No such file or directory: '/var/azureml-app/azureml-models/m/1/model.pkl'", "score.py:3: there is no /var/azureml-app/azureml-models/m/1/model.pkl"),
        ("IsADirectoryError: [Errno 21] Is a directory: '/var/azureml-app/azureml-models/m/1'", "score.py:3: /var/azureml-app/azureml-models/m/1 is a folder, and the code opens it as a file"),
        ("PermissionError: [Errno 13] Permission denied: '/.cache'", "score.py:3: /.cache may not be written or read by the container's user"),
        ("KeyError: 'AZUREML_MODEL_DIR'", "score.py:3: AZUREML_MODEL_DIR is not set: the deployment has no model, or the script runs outside Azure"),
        ("TypeError: expected str, bytes or os.PathLike object, not NoneType", "score.py:3: a path is None: an environment variable such as AZUREML_MODEL_DIR is not set"),
        ("MemoryError", "score.py:3: memory ran out"),
        ("torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB", "score.py:3: the GPU's memory is full (CUDA out of memory)"),
        ("_pickle.UnpicklingError: invalid load key, 'v'.", "score.py:3: the model file is a Git LFS pointer, not the model"),
        ("EOFError: Ran out of input", "score.py:3: the model file is damaged or is no pickle (Ran out of input)"),
        ("ValueError: unsupported pickle protocol: 5", "score.py:3: the model was pickled by a newer Python (pickle protocol 5) than the environment's"),
        ("Exception: custom logging is not enabled, drop the data", "score.py:3: Collector() was made where no data collection is configured"),
        ("SyntaxError: invalid syntax", "score.py:3: SyntaxError: invalid syntax"),
        ("ValueError: bad", "score.py:3: loading the script raised ValueError: bad"),
    ],
)  # fmt: skip
def test_what_an_exception_at_the_start_means(exception, cause):
    one = told(exception)

    assert one.cause == cause
    assert one.tier == "cause"
    assert one.source


@pytest.mark.parametrize(
    ("exception", "cause"),
    [
        ("KeyError: 'data'", "score.py:3: run() looks for the key 'data', which is not there"),
        ("json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)", "score.py:3: the request's body is empty, or is no JSON"),
        ("TypeError: the JSON object must be str, bytes or bytearray, not dict", "score.py:3: json.loads() is given a dict: the data has been parsed already"),
        ("TypeError: string indices must be integers", "score.py:3: run() uses the request's text as if it were a dictionary"),
        ("TypeError: Object of type ndarray is not JSON serializable", "run() returned ndarray, which is not JSON"),
        ("NameError: name 'model' is not defined", "score.py:3: model is not defined when run() uses it"),
        ("ValueError: X has 3 features, but LogisticRegression is expecting 4 features as input.", "score.py:3: the model refuses the request's data: X has 3 features, but LogisticRegression is expecting 4 features as input"),
        ("ZeroDivisionError: division by zero", "score.py:3: run() raised ZeroDivisionError: division by zero"),
    ],
)  # fmt: skip
def test_what_an_exception_of_a_call_means(exception, cause):
    one = told(exception, "run", function="run")

    assert (one.cause, one.tier) == (cause, "call")
    assert one.cloud["managed"] == "424, model 500"


def test_a_module_that_a_pickle_wants_is_told_from_one_that_the_script_imports():
    cause = told("ModuleNotFoundError: No module named 'churn'", "init", "model = pickle.load(file)").cause

    assert cause == "score.py:3: the pickled model needs the module churn, which is not in the environment"


@pytest.mark.parametrize(
    ("phase", "word"),
    [("import", "UserScriptImportError"), ("init", "UserScriptInitFailed"), ("run", "502")],
)
def test_the_cloud_has_a_word_for_when_it_was(phase, word):
    assert told("ValueError: bad", phase, function="run" if phase == "run" else "init").cloud["kubernetes"] == word


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("./run: line 63: exec: gunicorn: not found", "gunicorn-missing"),
        ("Worker (pid:6770) was sent SIGKILL! Perhaps out of memory?", "worker-killed"),
        ("Worker with pid 41 was terminated due to signal 9", "worker-killed"),
        ("WORKER TIMEOUT (pid:12774)", "worker-timeout"),
        ("Liveness probe failed: HTTP probe failed with statuscode: 502", "liveness"),
        ("Readiness probe failed: Get http://x: dial tcp: connection refused", "readiness"),
        ("Couldn't Schedule because the kubernetes cluster didn't have available resources after trying for 00:05:00", "could-not-schedule"),
        ("0/3 nodes are available: 3 Insufficient nvidia.com/gpu", "unschedulable"),
        ("0/1 nodes are available: 1 Insufficient microsoft.com/fpga_catapult.", "fpga"),
        ("['DaskOnBatch:context_managers.DaskOnBatch', 'setup.py']' died with <Signals.SIGKILL: 9>", "died-with-signal"),
        ("Exit code 3 is not normal. Killing image.", "exit-code"),
        ("gunicorn/finish 3 0", "exit-code"),
        ("ERROR: No matching distribution found for foo==9", "pip-not-found"),
        ("ERROR: Failed building wheel for pynacl", "pip-build"),
        ("UnsatisfiableError: The following specifications were found to be incompatible", "conda-conflict"),
        ("PackagesNotFoundError: The following packages are not available from current channels:", "conda-not-found"),
        ("write /x: no space left on device", "disk-full"),
        ("Error response from daemon: manifest for x/y:1 not found: manifest unknown", "image-missing"),
        ("toomanyrequests: You have reached your pull rate limit.", "pull-limit"),
        ("exec /usr/bin/runsvdir: exec format error", "exec-format"),
        ("Connection in use: ('0.0.0.0', 5001)", "port-in-use"),
        ("Reason:       OOMKilled", "oom-killed"),
        ("POST /score 500 33.210ms 92", "request-failed"),
        ('127.0.0.1 - - [22/Nov/2026:06:32:22 +0000] "GET /scor HTTP/1.1" 404 135 "-" "-"', "request-failed"),
        ("POST /score 200 33.210ms 92", None),
        ("Killed", "killed"),
        ("Killed 3 processes", None),
        ("(None) OutOfQuota: Not enough of anything", "says-OutOfQuota"),
        ("a perfectly normal line about errors", None),
    ],
)  # fmt: skip
def test_what_a_line_means(line, rule):
    found = signs.of_line(line)

    assert (found[0].name if found and found[0].row.get("tier") != "noise" else None) == rule


@pytest.mark.parametrize(
    "line",
    [
        "EdgeHubConnectionString and IOTEDGE_IOTHUBHOSTNAME are not set. Exiting...",
        "iot-server/finish 1 0",
        "Exit code 1 is normal. Not restarting iot-server.",
        "Found extra keys in the config file that are not supported by the server.",
        "/usr/sbin/nginx: libcrypto.so.1.0.0: no version information available (required by /usr/sbin/nginx)",
    ],
)
def test_lines_of_healthy_logs_are_noise(line):
    found = signs.of_line(line)

    assert found is not None
    assert found[0].row["tier"] == "noise"


def test_unknown_words_leave_no_holes():
    """A part of a sentence whose words are not known is left out."""
    found = signs.of_line("QuotaError: Not enough subscription CPU quota")

    assert found is not None
    assert found[0].told(found[1]).cause == "the subscription has not enough quota"


@pytest.mark.parametrize(
    "row", [*table("log_signs.toml")["sign"], *table("log_signs.toml")["exception"]], ids=lambda row: row["name"]
)
def test_every_sign_can_be_told_without_any_word(row):
    """Whatever a pattern did not give, the sentence is one; its source stands with it."""
    one = signs.Sign(row).told({"where": "score.py:3", "type": "ValueError", "message": "m"}, None, "run")

    assert one.cause
    assert not {"{", "}", "[]"} & set(one.cause)
    assert one.source
    assert one.tier == "noise" or one.meaning or one.rule == "beside-the-request" or "{" in row.get("entry", "")

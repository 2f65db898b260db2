"""Explanations as a person and as a program read them."""

from __future__ import annotations

import io
import json

import pytest
from amlemu.console import explained
from amlemu.explain import find
from amlemu.explain.entries import entries
from amlemu.explain.log import read_log

READY = b"2026-11-22 06:32:22,494 I [1] azmlinfsrv - Worker with pid 1 ready for serving traffic\n"
KILLED = b"2026-11-22 06:32:33,550 E [1] gunicorn.error - Worker (pid:7) was sent SIGKILL! Perhaps out of memory?\n"
BOOT = (
    b"2026-11-22 06:25:34,841 E [6681] azmlinfsrv - Traceback (most recent call last):\n"
    b'  File "/x/site-packages/azureml_inference_server_http/server/user_script.py", line 77, in load_script\n'
    b'  File "/var/azureml-app/code/score.py", line 3, in <module>\n'
    b"    import cv2\n"
    b"ModuleNotFoundError: No module named 'cv2'\n"
    b"\n"
    b"2026-11-22 06:25:35,549 E [6637] gunicorn.error - Reason: Worker failed to boot.\n"
)


def of_log(raw, cloud=""):
    return explained.log_as_text(read_log(io.BytesIO(raw)), cloud)


def test_a_word_is_told_with_causes_advice_and_source():
    assert explained.words_as_text(find.find(["401"], "aci")).splitlines() == [
        "401 Unauthorized",
        "  aci: The key is missing or wrong. An ACI service asks for one only when it was deployed with",
        "  auth_enabled=True.",
        "    look   service.get_keys(); send it as `Authorization: Bearer KEY`.",
        "    source contract 2.1; azureml-core 1.61, webservice/aci.py",
    ]


def test_what_else_to_look_up_is_told():
    assert explained.words_as_text(find.find(["ERR_5000"])).splitlines()[-1] == "  see also: InternalServerError"


def test_several_words_are_paragraphs():
    assert explained.words_as_text(find.find(["424/500"])).count("\n\n") == 1


def test_a_log_is_told_as_the_cause_its_lines_and_what_to_do():
    """The first line is the answer; then the log's own lines, the meaning, advice, the cloud's word, the source, and what follows from it."""
    assert of_log(BOOT).splitlines() == [
        "score.py:3: the module cv2 is not installed in the environment (its package is called opencv-python-headless) (log line 5)",
        "",
        '  3 |   File "/var/azureml-app/code/score.py", line 3, in <module>',
        "  4 |     import cv2",
        "  5 | ModuleNotFoundError: No module named 'cv2'",
        "",
        "  The conda or requirements file of the deployment does not bring it. That it is installed on your own machine",
        "  does not count.",
        "    look   Add opencv-python-headless to the environment's conda or requirements file.",
        "           Is cv2 a file of your own? Put it into the code folder.",
        "           amlemu doctor deployment.yml compares imports with the file.",
        "    cloud  managed: ResourceNotReady (2021: ERR_2200)",
        "           Kubernetes: UserScriptImportError",
        "           v1 (AKS, ACI): CrashLoopBackOff, exit code 111",
        "    source contract 6.4: observed",
        "",
        "  also in the log:",
        "    line 7: the server stopped because its worker failed to boot",
    ]


@pytest.mark.parametrize(
    ("cloud", "lines"),
    [
        ("kubernetes", ["    cloud  Kubernetes: UserScriptImportError"]),
        ("managed-2021", ["    cloud  managed: ResourceNotReady (2021: ERR_2200)"]),
        ("aci", ["    cloud  v1 (AKS, ACI): CrashLoopBackOff, exit code 111"]),
        ("bare", []),
    ],
)
def test_a_profile_has_its_own_word_for_it(cloud, lines):
    assert [line for line in of_log(BOOT, cloud).splitlines() if line.startswith("    cloud")] == lines


@pytest.mark.parametrize(
    ("raw", "first"),
    [
        pytest.param(b"Reason: Worker failed to boot.\n", "the cause is not in this log, only that the server stopped because its worker failed to boot (log line 1)", id="only-a-symptom"),
        pytest.param(b"(None) OutOfQuota: x\n", "the cause is not in this log, only that the log says OutOfQuota: a quota or a capacity does not suffice (log line 1)", id="only-a-word"),
        pytest.param(KILLED + READY, "worker 7 was killed (SIGKILL), most likely because memory ran out; it started again later, at line 2 (log line 1)", id="overcome"),
        pytest.param(b"UserWarning: Trying to unpickle estimator SVC from version 0.24.1 when using version 1.0.2. This might\n", "no failure was recognised, but a warning: SVC was pickled with scikit-learn 0.24.1 and is loaded with 1.0.2 (log line 1)", id="a-warning"),
    ],
)  # fmt: skip
def test_the_first_line_says_how_sure_it_is(raw, first):
    assert of_log(raw).splitlines()[0] == first


def test_nothing_recognised_says_what_was_looked_for_and_what_looks_like_errors():
    told = of_log(b"hello\nthing failed\n").splitlines()

    assert told[0] == "nothing in this log (2 lines) is recognised as the cause of a failure"
    assert "looked for: exceptions of the script" in told[1]
    assert "  2 | thing failed" in told


def test_a_server_that_was_ready_is_mentioned():
    assert of_log(READY).splitlines()[1] == "  the server was ready for requests at line 1"


def test_a_log_as_json():
    data = json.loads(explained.log_as_json(read_log(io.BytesIO(BOOT)), "aks"))

    assert data["cause"]["rule"] == "package-missing"
    assert data["cause"]["line"] == 5
    assert data["cause"]["excerpt"][-1] == {"line": 5, "text": "ModuleNotFoundError: No module named 'cv2'"}
    assert data["cause"]["cloud"] == {"v1 (AKS, ACI)": "CrashLoopBackOff, exit code 111"}
    assert [other["rule"] for other in data["others"]] == ["worker-failed"]
    assert (data["lines"], data["ready_line"]) == (7, None)


def test_a_log_without_a_cause_as_json():
    data = json.loads(explained.log_as_json(read_log(io.BytesIO(b"thing failed\n"))))

    assert data == {"cause": None, "others": [], "lines": 1, "ready_line": None, "error_lines": [{"line": 1, "text": "thing failed"}]}  # fmt: skip


def test_words_as_json():
    [status, error] = json.loads(explained.words_as_json(find.find(["404", "FPGA"], "bare")))["entries"]

    assert (status["kind"], status["names"][0], status["meanings"][0]["profiles"][-1]) == ("status", "404", "bare")
    assert (error["kind"], error["meanings"][0]["of"]) == ("error", "v1")


def test_the_list_has_everything_by_kind():
    told = explained.list_as_text(entries()).splitlines()

    assert [line for line in told if line.endswith(":") and line[0] != " "] == ["status:", "error:", "exit code:"]
    assert "  424 Failed Dependency" in told
    assert "  exit code 111" in told
    assert not [line for line in told if "{" in line and "$" not in line]
    assert len(json.loads(explained.list_as_json(entries()))["entries"]) == len(
        [line for line in told if line.startswith("  ")]
    )


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: f"{entry.kind}-{entry.name}")
def test_everything_can_be_shown_both_ways(entry):
    text, [data] = explained.words_as_text([entry]), json.loads(explained.words_as_json([entry]))["entries"]

    assert text.splitlines()[0] == data["title"]
    assert text.count("    source ") == len(data["meanings"])

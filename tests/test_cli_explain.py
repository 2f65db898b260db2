"""`amlemu explain`: a word, a message, a file, a log on stdin."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from amlemu.cli_explain import explain
from amlemu.errors import UsageError

BOOT = b"Traceback (most recent call last):\n  File \"/var/azureml-app/code/score.py\", line 3, in <module>\nModuleNotFoundError: No module named 'cv2'\n"
CAUSE = "score.py:3: the module cv2 is not installed in the environment"
PROGRAM = "import sys; from amlemu.cli_explain import explain; sys.exit(explain(tuple(sys.argv[1:]), None, False))"


@pytest.fixture
def stdin(monkeypatch):
    """Put bytes on stdin, or a terminal."""

    def put(raw=b"", *, is_terminal=False):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(raw), isatty=lambda: is_terminal))

    put(is_terminal=True)
    return put


def test_a_word_is_explained(stdin, capsys):
    assert explain(("424",), None, as_json=False) == 0
    assert capsys.readouterr().out.startswith(
        "424 Failed Dependency\n  managed, managed-current: The model's container is at fault"
    )


def test_a_word_under_a_profile(stdin, capsys):
    explain(("504",), "aks", as_json=False)

    assert capsys.readouterr().out.splitlines()[1] == (
        "  aks, aci: The answer did not come in time: scoring_timeout_ms, 60 s unless set, 300 s at most."
    )


def test_an_unknown_word_is_refused(stdin):
    with pytest.raises(UsageError, match="did you mean ResourceNotReady"):
        explain(("ResorceNotReady",), None, as_json=False)


def test_an_unknown_profile_is_refused(stdin):
    with pytest.raises(UsageError, match="no profile"):
        explain(("424",), "azure", as_json=False)


@pytest.mark.parametrize(
    ("words", "first"),
    [
        (("ModuleNotFoundError: No module named 'cv2'",), "the module cv2 is not installed in the environment"),
        (("0/3", "nodes", "are", "available:", "3", "Insufficient", "cpu"), "no node has room for the pod: 0/3 nodes are available, 3 Insufficient cpu"),
        (('{"message": "Scoring timeout after 600 ms"}',), "Scoring timeout after ... ms: run() took longer than SCORING_TIMEOUT_MS"),
        (("Error: Container has crashed. Did your init method fail?",), "Error: Container has crashed. Did your init method fail? (LocalWebservice)"),
    ],
    ids=["exception", "words-of-a-line", "body", "v1"],
)  # fmt: skip
def test_a_message_is_explained(words, first, stdin, capsys):
    """What is no name is read as a message, or as a line of a log."""
    assert explain(words, None, as_json=False) == 0
    assert capsys.readouterr().out.splitlines()[0].startswith(first)


def test_a_log_on_stdin_is_read(stdin, capsys):
    stdin(BOOT)

    assert explain((), None, as_json=False) == 0
    assert capsys.readouterr().out.startswith(CAUSE)


def test_a_dash_is_stdin(stdin, capsys):
    stdin(BOOT)

    assert explain(("-",), "kubernetes", as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["cause"]["cloud"] == {"Kubernetes": "DeploymentCrashLoopBackOff"}


def test_a_log_in_a_file_is_read(stdin, tmp_path, capsys):
    (tmp_path / "blue.log").write_bytes(BOOT)

    assert explain((str(tmp_path / "blue.log"),), None, as_json=False) == 0
    assert capsys.readouterr().out.startswith(CAUSE)


def test_a_name_comes_before_a_file_of_that_name(stdin, tmp_path, monkeypatch, capsys):
    """./424 is the file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "424").write_bytes(BOOT)
    explain(("424",), None, as_json=False)
    explain(("./424",), None, as_json=False)

    told = capsys.readouterr().out
    assert told.startswith("424 Failed Dependency")
    assert CAUSE in told


def test_a_log_in_which_nothing_is_recognised_is_a_failure(stdin, capsys):
    stdin(b"hello\n")

    assert explain((), None, as_json=False) == 1
    assert capsys.readouterr().out.startswith("nothing in this log (1 line) is recognised")


def test_without_a_word_at_a_terminal_all_is_listed(stdin, capsys):
    assert explain((), None, as_json=False) == 0
    assert capsys.readouterr().out.startswith("status:\n  200 OK\n")


def test_the_list_as_json(stdin, capsys):
    explain((), None, as_json=True)

    assert json.loads(capsys.readouterr().out)["entries"][0]["names"] == ["200", "OK"]


def test_nothing_on_stdin_is_refused(stdin):
    stdin(b"")

    with pytest.raises(UsageError, match="there is no log on stdin"):
        explain((), None, as_json=False)


@pytest.mark.parametrize(
    ("name", "error"),
    [("folder", "cannot be read: Is a directory"), ("empty", "the file is empty")],
)
def test_a_file_that_is_no_log_is_refused(name, error, stdin, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty").touch()

    with pytest.raises(UsageError) as told:
        explain((str(tmp_path / name),), None, as_json=False)

    assert error in str(told.value)


def test_a_log_comes_through_a_pipe_that_has_a_name(tmp_path):
    """`amlemu explain <(az ml ... get-logs)`: no regular file."""
    read, write = os.pipe()
    os.write(write, BOOT)
    os.close(write)
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM, f"/dev/fd/{read}"],
        pass_fds=[read],
        capture_output=True,
        timeout=60,
        check=False,
    )
    os.close(read)

    assert (told.returncode, told.stdout.decode().startswith(CAUSE)) == (0, True)


def test_a_reader_that_has_left_is_no_failure():
    """`amlemu explain | head -0`."""
    read, write = os.pipe()
    os.close(read)
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM, "424"], stdin=subprocess.DEVNULL, stdout=write, stderr=subprocess.PIPE, timeout=60, check=False
    )  # fmt: skip
    os.close(write)

    assert (told.returncode, told.stderr) == (0, b"")

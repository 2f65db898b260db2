"""
`amlemu invoke` as a process of its own: one request, its answer on stdout and nothing else, an exit code to rely on.
"""

from __future__ import annotations

import json
import os
import signal

import amlemu
import pytest

OURS = os.path.dirname(amlemu.__file__)
GOOD = """
    import json

    def init():
        print("init done")

    def run(data):
        return {"sum": sum(json.loads(data)["data"])}
"""


def test_invoke_scores_once_without_a_server(write, finish):
    """The answer is on stdout and nothing else; what the script prints is on stderr."""
    write("score.py", GOOD)
    write("request.json", '{"data": [1, 2]}')

    ended = finish("invoke", "score.py", "-r", "request.json")

    assert (ended.code, ended.out, ended.err) == (0, '{"sum": 3}', "score | init done\n")


def test_invoke_reads_standard_input(write, start):
    """-r - takes the request from a pipe."""
    write("score.py", GOOD)
    command = start("invoke", "score.py", "-r", "-", shell='echo "{\\"data\\": [4]}" | "$@"')

    assert command.finish().out == '{"sum": 4}'


def test_invoke_guesses_the_content_type_from_the_ending(write, finish):
    """A decorated or raw script wants the right one."""
    write("score.py", "def init(): ...\ndef run(data, request_headers): return request_headers['Content-Type']")
    write("a.csv", "1,2")

    assert finish("invoke", "score.py", "-r", "a.csv").out == '"text/csv"'
    assert finish("invoke", "score.py", "-r", "a.csv", "--content-type", "text/plain").out == '"text/plain"'


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(
            [], "no request. Give a file with -r sample-request.json, or -r - for standard input.", id="no-file"
        ),
        pytest.param(["-r", "nope.json"], "nope.json: not readable: No such file or directory", id="missing"),
        pytest.param(["-r", "."], ".: not readable: Is a directory", id="folder"),
    ],
)
def test_invoke_without_a_readable_request_is_a_usage_error(write, finish, words, message):
    write("score.py", GOOD)

    ended = finish("invoke", "score.py", *words)

    assert (ended.code, ended.out, ended.err) == (2, "", f"amlemu: {message}\n")


def test_invoke_fails_when_the_answer_is_a_failure(write, finish):
    """The answer is printed all the same; the reason follows on stderr."""
    write("score.py", GOOD)
    write("request.json", "{}")

    ended = finish("invoke", "score.py", "-r", "request.json")

    assert ended.code == 1
    assert json.loads(ended.out)["message"].startswith("An unexpected error occurred in scoring script.")
    assert "amlemu: run() raised KeyError: 'data' (score.py:7)" in ended.err
    assert ended.err.endswith("amlemu: the server answered 500 INTERNAL SERVER ERROR\n")
    assert OURS not in ended.err


@pytest.mark.parametrize(
    ("script", "code", "message"),
    [
        pytest.param("def init(): ...", 3, "it has no run()", id="no-run"),
        pytest.param(
            "import os\ndef init(): os.kill(os.getpid(), 9)\ndef run(data): ...",
            3,
            "with SIGKILL; it may have run out of memory.\n",
            id="killed-in-init",
        ),
        pytest.param(
            "import os\ndef init(): ...\ndef run(data): os.kill(os.getpid(), 9)",
            1,
            "the worker was killed by SIGKILL before it had answered\n",
            id="killed-in-run",
        ),
    ],
)
def test_invoke_ends_when_the_script_dies(write, finish, script, code, message):
    """One request is not worth a second worker."""
    write("score.py", script)
    write("request.json", "{}")

    ended = finish("invoke", "score.py", "-r", "request.json")

    assert (ended.code, ended.out) == (code, "")
    assert message in ended.err
    assert "A new one starts" not in ended.err


@pytest.mark.parametrize("phase", ["init", "run"])
def test_invoke_can_be_interrupted(write, start, tmp_path, phase):
    """Exit code 130, no answer, and nothing is left: no process, no file beside the script."""
    waiting = {"init": "...", "run": "...", phase: "print('waits'), open('gate').read()"}
    write("score.py", f"def init(): {waiting['init']}\ndef run(data): {waiting['run']}")
    write("request.json", "{}")
    os.mkfifo(tmp_path / "gate")
    command = start("invoke", "score.py", "-r", "request.json")
    command.until_said("waits")

    command.send(signal.SIGINT)
    ended = command.finish()

    assert (ended.code, ended.out, ended.err) == (130, "", "score | waits\n")
    assert command.left_behind() == []
    assert not (tmp_path / ".amlemu").exists()


@pytest.mark.parametrize("script", ["def init(): 1 / 0\ndef run(data): ...", "def init(): ...\ndef run(data): 1 / 0"])
def test_a_traceback_of_invoke_names_the_file_on_this_host(write, finish, tmp_path, script):
    """Whatever the path is that the script sees."""
    path = write("score.py", script)
    write("request.json", "{}")

    ended = finish("invoke", "score.py", "-r", "request.json", "--layout", "auto")

    assert f'File "{path}", line ' in ended.err
    assert "/var/azureml-app" not in ended.err

"""
The command line with real processes: what a person sees when something is wrong, and what is left when all is over.

Every bad input gets one message with what, where, what was expected and what to do; the script's traceback is whole and
ours is nowhere.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import amlemu
import pytest
from amlemu import cli

from .free_port import free_port

OURS = os.path.dirname(amlemu.__file__)
GOOD = """
    import json

    def init():
        print("init done")

    def run(data):
        return {"sum": sum(json.loads(data)["data"])}
"""


MINE = 'name = "mine"\nsummary = "of mine"\nextends = "managed"\n'


def shows_no_frame_of_ours(said):
    return OURS not in said and "<frozen" not in said and "bootstrap" not in said


def post(port, body=b'{"data": [1, 2]}', content_type="application/json", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", "/score", body, {"Content-Type": content_type, **headers})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


# usage: exit code 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(["scor.py"], "scor.py: no such file. Did you mean score.py?", id="no-such-file"),
        pytest.param(
            ["src/score.py"], "src/score.py: no such file. The folder src does not exist either.", id="no-folder"
        ),
        pytest.param(["."], ".: this is a folder, not a scoring script. Did you mean score.py?", id="folder"),
        pytest.param(["data.txt"], "data.txt: not a Python file. A scoring script is a .py file.", id="not-python"),
        pytest.param(
            ["score.py", "--model-dir", "nope"],
            "--model-dir nope: no such file or folder. Looked for {here}/nope.",
            id="no-model",
        ),
        pytest.param(
            ["score.py", "--model-dir", "data.txt"],
            "--model-dir data.txt: not a folder. Give the folder that holds it: {here}",
            id="model-is-a-file",
        ),
        pytest.param(
            ["score.py", "--env", "A"], "--env: 'A' has no value. Expected KEY=VALUE.", id="env-without-value"
        ),
        pytest.param(
            ["score.py", "--env", "=1"], "--env: '=1' has no name. Expected KEY=VALUE.", id="env-without-name"
        ),
        pytest.param(
            ["score.py", "--set", "wire"], "--set: 'wire' has no value. Expected SECTION.KEY=VALUE.", id="set"
        ),
        pytest.param(
            ["score.py", "--profile", "mars"],
            "no profile 'mars'. There are: aci, aks, bare, image, kubernetes, local, managed, managed-2021, managed-current."
            " Or name a file, mine.toml.",
            id="no-such-profile",
        ),
        pytest.param(
            ["score.py", "--workers", "0"],
            "--workers: '0' is no number of processes. At least one is needed.",
            id="workers",
        ),
        pytest.param(
            ["score.py", "--port", "65536"], "port 65536: no such port. Ports are 0 to 65535.", id="no-such-port"
        ),
        pytest.param(
            ["score.py", "--upstream", "here"],
            "--upstream: 'here' is no address. Expected http://HOST:PORT.",
            id="upstream",
        ),
        pytest.param(
            ["score.py", "--backend", "upstream"],
            "--backend upstream needs --upstream http://HOST:PORT",
            id="no-upstream",
        ),
        pytest.param(
            ["score.py", "--host", "0.0.0.0"],
            "--host 0.0.0.0: others can reach this address, and nobody is asked for a key."
            " Add --auth key, or --insecure if that is what you want.",
            id="public-address",
        ),
        pytest.param(
            ["score.py", "--profile", "aci", "--auth", "aml_token"],
            "--auth aml_token: profile aci has no such way."
            " It has key (contract 2.1: auth_enabled, off by default (azureml-core 1.61)).",
            id="no-such-authentication",
        ),
        pytest.param(
            ["score.py", "--set", "limits.request_timeout_ms=180001"],
            "--set limits.request_timeout_ms: 180001 is more than the maximum, 180000"
            " (180 s: contract 1.5, how-to-manage-quotas, 2026-01-27)",
            id="illegal-value",
        ),
        pytest.param(
            ["score.py", "--profile", "mine.toml"],
            'mine.toml:5: limits.request_bytes has no source. Add source = "..." or source = "assumed: ...".',
            id="profile-without-source",
        ),
        pytest.param(
            ["score.py", "--reload-dir", "li"],
            "--reload-dir li: no such file or folder. Did you mean lib?",
            id="no-folder-to-watch",
        ),
        pytest.param(
            ["score.py", "--reload-dir", "lib", "--reload-dir", "data.txt"],
            "--reload-dir data.txt: not a folder. Give the folder that holds it: {here}",
            id="a-file-to-watch",
        ),
        pytest.param(
            ["score.py", "--reload-delay", "-1"],
            "--reload-delay: -1 is no time to wait. Expected seconds, 0 or more.",
            id="reload-delay",
        ),
        pytest.param(
            ["score.py", "--replica-start", "-1"],
            "--replica-start: -1 is no time to start in. Expected seconds, 0 or more.",
            id="replica-start",
        ),
        pytest.param(
            ["score.py", "--memory-gb", "0"],
            "--memory-gb: 0 is no memory to run in. Expected GB, 0.01 or more: 0.5 is 512 MB.",
            id="memory",
        ),
        pytest.param(
            ["score.py", "--cpu", "nan"],
            "--cpu: nan is no number of processors. Expected more than 0, such as 2.",
            id="cpu",
        ),
        pytest.param(
            ["score.py", "--cluster", "nodes.yml"],
            "--cluster: profile managed has no nodes of yours. Add --profile kubernetes, or leave it out.",
            id="cluster",
        ),
        pytest.param(
            ["score.py", "--reload-delay", "nan"],
            "--reload-delay: nan is no time to wait. Expected seconds, 0 or more.",
            id="reload-delay-of-no-number",
        ),
        pytest.param(
            ["score.py", "--env", "WORKER_TIMEOUT=soon"],
            "WORKER_TIMEOUT: 'soon' is no number of seconds",
            id="variable",
        ),
    ],
)
def test_wrong_words_are_refused_in_one_line(write, finish, tmp_path, words, message):
    """What is not usable as given is named, with what was expected; nothing is started."""
    write("score.py", GOOD)
    write("data.txt", "1")
    write("lib/code.py", "")
    write("mine.toml", f"{MINE}[limits]\nrequest_bytes = {{ value = 7 }}\n")

    ended = finish("serve", "--port", "0", *words)

    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"amlemu: {message.format(here=tmp_path)}\n"


@pytest.mark.parametrize(
    ("choice", "what"),
    [
        pytest.param("nowhere", "no such file", id="missing"),
        pytest.param("folder", "no interpreter in this folder. Expected bin/python in it.", id="folder-without-python"),
        pytest.param("plain", "not executable", id="not-executable"),
        pytest.param(
            "text",
            "not a Python interpreter (asked for its version: Exec format error). Expected Python 3.9 or later",
            id="text-with-exec-bit",
        ),
        pytest.param(
            "/bin/true",
            "not a Python interpreter (asked for its version: exit code 0). Expected Python 3.9 or later",
            id="another-program",
        ),
        pytest.param(
            "shim",
            "not a Python interpreter (asked for its version: exit code 127, 'pyenv: python: command not found'). Exp",
            id="shim-without-its-python",
        ),
    ],
)
def test_a_wrong_interpreter_is_refused(write, finish, tmp_path, choice, what):
    """--python is tried before anything is served."""
    write("score.py", GOOD)
    write("folder/readme", "")
    write("plain", "hello")
    write("text", "hello").chmod(0o755)
    write("shim", "#!/bin/sh\necho 'pyenv: python: command not found' >&2\nexit 127\n").chmod(0o755)

    ended = finish("serve", "score.py", "--port", "0", "--python", choice)

    assert ended.code == 2
    assert ended.err.startswith(f"amlemu: --python {choice}: {what}")
    assert ended.err.count("\n") == 1


def test_a_taken_port_names_its_holder_and_a_free_one(write, finish):
    """The person learns whom to stop, or which flag to add."""
    write("score.py", GOOD)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = finish("serve", "score.py", "--port", str(port))

    assert ended.code == 2
    told = re.fullmatch(
        rf"amlemu: port {port}: taken by pid (\d+) \(.+\)\. Use --port (\d+), or stop that process\.\n", ended.err
    )
    assert told is not None, ended.err
    assert int(told[1]) == os.getpid()
    with socket.create_server(("127.0.0.1", int(told[2]))):
        pass  # it is free indeed


def test_unknown_flags_and_commands_are_usage_errors(finish):
    """click's own words, our exit code."""
    assert finish("serve", "score.py", "--nope").code == 2
    assert finish("serve").code == 2
    assert finish("dance").code == 2


# what becomes of the words


@pytest.mark.parametrize(
    "words",
    [["--debug", "score.py"], ["score.py", "--debug"], ["--debug", "--wait-for-client", "score.py"]],
    ids=" ".join,
)
def test_a_flag_that_stands_alone_does_not_swallow_the_script(words):
    """What follows it is no number."""
    options = cli.cli.commands["serve"].make_context("serve", words).params

    assert (options["file"], options["debug"]) == ("score.py", 5678)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(
            ["--debug", "--debug-connect", "9000"],
            "--debug-connect: it dials an editor, or waits for one. Leave out --debug.",
            id="two-ways",
        ),
        pytest.param(
            ["--pdb", "--debug"], "--pdb: the script has one debugger. Leave out --debug, or --pdb.", id="pdb"
        ),
        pytest.param(
            ["--pdb"],
            "--pdb: there is no terminal here. Start amlemu in a terminal, or attach an editor with --debug.",
            id="no-terminal",
        ),
        pytest.param(
            ["--debug", "--backend", "inprocess"],
            "--debug: the backend inprocess cannot be debugged this way. Leave out --backend and --engine.",
            id="another-backend",
        ),
        pytest.param(["--debug", "70000"], "--debug 70000: no such port. Ports are 1 to 65535.", id="no-port"),
    ],
)
def test_wishes_about_debuggers_that_cannot_be_are_refused_in_one_line(write, finish, words, message):
    write("score.py", GOOD)
    ended = finish("serve", "score.py", "--profile", "bare", "--port", "0", *words)

    assert (ended.code, ended.out, ended.err) == (2, "", f"amlemu: {message}\n")


# scripts that cannot be served: exit code 3


@pytest.mark.parametrize(
    ("script", "message"),
    [
        pytest.param("def run(data): ...", "score.py:1: the module was imported, but it has no init()", id="no-init"),
        pytest.param("def init(): ...", "score.py:1: the module was imported, but it has no run()", id="no-run"),
        pytest.param(
            "def init(): ...\ndef run(): ...",
            "score.py:2: run() needs to accept an argument for input data",
            id="no-parameter",
        ),
        pytest.param(
            "def init(): ...\ndef run(*data): ...",
            "score.py:2: run() cannot accept positional-only arguments, *args, or **kwargs",
            id="star-args",
        ),
        pytest.param(
            "def init(): ...\ndef run(request_headers): ...",
            'score.py:2: run() needs to accept an argument other than "request_headers"',
            id="only-headers",
        ),
        pytest.param(
            "import os\ndef init(): os._exit(3)\ndef run(data): ...",
            "the process ended with exit code 3 while the script was loading",
            id="os-exit-3",
        ),
    ],
)
def test_a_script_that_cannot_be_served_is_told_without_traceback(write, finish, script, message):
    """Nothing was raised, so there is nothing to show but the sentence."""
    write("score.py", script)

    ended = finish("serve", "score.py", "--port", "0")

    assert (ended.code, ended.out) == (3, "")
    assert ended.err.startswith(f"amlemu: the script does not start: {message}")
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("script", "trace", "message"),
    [
        pytest.param(
            "def init()\n    pass\n",
            "  File \"{path}\", line 1\n    def init()\n              ^\nSyntaxError: expected ':'\n",
            "score.py:1: not valid Python: expected ':'.",
            id="syntax-error",
        ),
        pytest.param(
            "import no_such_package\n",
            'Traceback (most recent call last):\n  File "{path}", line 1, in <module>\n    import no_such_package\n'
            "ModuleNotFoundError: No module named 'no_such_package'\n",
            "score.py:1: the script needs the module 'no_such_package', which is not installed for ",
            id="missing-package",
        ),
        pytest.param(
            'def init():\n    raise SystemExit("no model")\n\ndef run(data): ...\n',
            'Traceback (most recent call last):\n  File "{path}", line 2, in init\n    raise SystemExit("no model")\n'
            "SystemExit: no model\n",
            "score.py:2: init() called sys.exit('no model'); a scoring script must return.",
            id="init-exits",
        ),
        pytest.param(
            "def init():\n    try:\n        load()\n    except KeyError as error:\n"
            '        raise RuntimeError("cannot load") from error\n\ndef load():\n    {}["weights"]\n\ndef run(data): ...\n',
            'Traceback (most recent call last):\n  File "{path}", line 3, in init\n    load()\n'
            '  File "{path}", line 8, in load\n    {{}}["weights"]\n    ~~^^^^^^^^^^^\nKeyError: \'weights\'\n\n'
            "The above exception was the direct cause of the following exception:\n\n"
            'Traceback (most recent call last):\n  File "{path}", line 5, in init\n'
            '    raise RuntimeError("cannot load") from error\nRuntimeError: cannot load\n',
            "score.py:5: init() raised RuntimeError: cannot load.",
            id="init-raises-with-cause",
        ),
    ],
)
def test_a_script_that_raises_shows_its_whole_traceback_and_none_of_ours(write, finish, script, trace, message):
    """The traceback comes first, as Python prints it for the script alone; then one line says what to make of it."""
    path = write("score.py", script)

    ended = finish("serve", "score.py", "--port", "0")

    assert (ended.code, ended.out) == (3, "")
    shown, _, told = ended.err.partition("amlemu: the script does not start: ")
    assert without_markers(shown) == without_markers(trace.format(path=path))
    assert told.startswith(message)
    assert shows_no_frame_of_ours(shown)


def without_markers(trace):
    """Drop the lines that only point at columns: Python 3.10 and 3.13 draw others."""
    return [line for line in trace.splitlines() if not re.fullmatch(r"[ ~^]+", line)]


# environments


def test_an_empty_environment_serves_a_standard_library_script(write, start, empty_environment):
    """The script's interpreter needs neither amlemu nor any other package."""
    write("score.py", GOOD.replace('"init done"', '__import__("sys").prefix'))
    command = start("serve", "score.py", "--port", "0", "--python", str(empty_environment))

    assert post(command.port) == (200, b'{"sum": 3}')
    assert f"score | {empty_environment}" in command.out
    assert f"python   {empty_environment}/bin/python, 1 worker process" in command.err


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("import flask\ndef init(): ...\ndef run(data): ...", id="import-flask"),
        pytest.param(
            "from azureml.contrib.services.aml_request import rawhttp\ndef init(): ...\n@rawhttp\ndef run(request): ...",
            id="rawhttp",
        ),
        pytest.param(
            "from azureml.contrib.services.aml_response import AMLResponse\ndef init(): ...\ndef run(data): ...",
            id="AMLResponse",
        ),
    ],
)
def test_a_script_that_needs_flask_in_an_empty_environment_gets_one_sentence(write, finish, empty_environment, script):
    """The sentence names the package and the command that installs it."""
    write("score.py", script)

    ended = finish("serve", "score.py", "--port", "0", "--python", str(empty_environment))

    assert ended.code == 3
    told = [line for line in ended.err.splitlines() if line.startswith("amlemu: ")]
    assert len(told) == 1
    assert "the script needs flask, which the cloud's server brings along but this environment lacks: " in told[0]
    assert f"{empty_environment}/bin/python -m pip install flask" in told[0]
    assert shows_no_frame_of_ours(ended.err)


def test_the_active_environment_is_the_scripts(write, start, empty_environment):
    """VIRTUAL_ENV names the interpreter when no flag does."""
    write("score.py", GOOD)
    command = start("serve", "score.py", "--port", "0", VIRTUAL_ENV=str(empty_environment))

    assert post(command.port) == (200, b'{"sum": 3}')
    assert f"python   {empty_environment}/bin/python, " in command.err


# serving


def test_serving_shows_a_block_then_a_line_a_request(write, start):
    """The start block has at most eight lines; a failing request shows the script's traceback and its place."""
    path = write("score.py", GOOD)
    command = start("serve", "score.py", "--port", "0")
    port = command.port

    assert post(port) == (200, b'{"sum": 3}')
    assert post(port, b"{}")[0] == 424
    command.until_said("KeyError: 'data'")
    command.send(signal.SIGTERM)
    ended = command.finish()

    assert ended.code == 0
    assert ended.out == "score | init done\n"
    block, _, rest = ended.err.partition("POST /score ")
    assert 1 <= block.count("\n") <= 8
    assert re.match(
        r"200 [\d.]+ ms  run [\d.]+ ms\nPOST /score 424 \(model said 500, KeyError in score.py:7\) [\d.]+ ms\n", rest
    ), rest
    assert "  run() raised KeyError: 'data' (score.py:7)\n  Traceback (most recent call last):\n" in rest
    assert f'    File "{path}", line 7, in run\n' in rest
    assert ended.err.endswith("\namlemu has stopped; nothing is left running.\n")
    assert shows_no_frame_of_ours(ended.said)
    assert command.left_behind() == []


def test_a_form_is_explained_when_the_script_stumbles_over_it(write, start):
    """curl -d says "form", run() gets an empty string: the commonest surprise gets its own hint."""
    write("score.py", GOOD)
    command = start("serve", "score.py", "--port", "0")

    assert post(command.port, content_type="application/x-www-form-urlencoded")[0] == 424
    command.until_said('the body came as a form, as curl -d sends it; run(data) then gets "".')


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_files_do_no_harm(write, start, closed):
    """A supervisor may start us without any of the three."""
    write("score.py", GOOD)
    port = free_port()
    command = start("serve", "score.py", "--port", str(port), shell=f'exec "$@" {closed}')
    command.until(lambda: is_answering(port), "answering")

    assert post(port) == (200, b'{"sum": 3}')
    command.send(signal.SIGTERM)
    assert command.finish().code == 0
    assert command.left_behind() == []


def is_answering(port):
    try:
        return post(port)[0] == 200
    except OSError:
        return False


def test_output_to_a_reader_that_has_gone_does_no_harm(write, start):
    """`amlemu serve ... | head -1` goes on serving."""
    write("score.py", GOOD)
    port = free_port()
    command = start("serve", "score.py", "--port", str(port), shell='"$@" 2>&1 | head -n 1; wait')
    command.until(lambda: is_answering(port), "answering")

    assert [post(port) for _ in range(5)] == [(200, b'{"sum": 3}')] * 5


def test_nothing_a_script_prints_is_lost_or_stops_us(write, start):
    """Bytes that are no text, lone surrogates, no line end, many lines: all of it is shown."""
    write(
        "score.py",
        r"""
        import os, sys

        def init(): ...

        def run(data):
            print("caf\u00e9 \ud800 end")
            sys.stdout.write("no line end")
            sys.stdout.flush()
            os.write(1, b" \xff byte\n")
            os.write(2, b"to stderr\n")
            for number in range(20000):
                print("line", number)
            return 1
        """,
    )
    command = start("serve", "score.py", "--port", "0")
    assert post(command.port) == (200, b"1")
    command.send(signal.SIGTERM)
    ended = command.finish()

    lines = ended.out.splitlines()
    assert lines[:2] == [r"score | café \ud800 end", "score | no line end \ufffd byte"]
    assert lines[2:] == [f"score | line {number}" for number in range(20000)]
    assert "score | to stderr\n" in ended.err


def test_folders_with_spaces_are_quoted_in_the_curl_line(write, start, tmp_path):
    """What is printed to be copied can be copied."""
    write("my scripts/score.py", "import sibling\ndef init(): ...\ndef run(data): return sibling.name")
    write("my scripts/sibling.py", "name = 'sibling'")
    write("my scripts/sample-request.json", "{}")
    command = start("serve", "my scripts/score.py", "--port", "0")
    assert command.port
    line = re.search(r"try +(curl .*)", command.err)
    assert line is not None

    answer = subprocess.run(line[1], shell=True, cwd=tmp_path, capture_output=True, timeout=20, check=True)
    assert answer.stdout == b'"sibling"'


def test_json_lines_parse_and_tell_the_whole_story(write, start):
    """With --json a program reads every event and exchange from stdout, and stderr stays empty."""
    write("score.py", GOOD)
    command = start("serve", "score.py", "--port", "0", "--json")
    assert post(command.port) == (200, b'{"sum": 3}')
    assert post(command.port, b"{}")[0] == 424
    command.until_said('"target": "/score", "request_bytes": 2')
    command.send(signal.SIGTERM)
    ended = command.finish()

    assert (ended.code, ended.err) == (0, "")
    events = [json.loads(line) for line in ended.out.splitlines()]
    names = [event["event"] for event in events if event["event"] != "Spoke"]
    assert names == ["WorkerStarted", "WorkerReady", "Started", "Exchange", "Exchange", "WorkerEnded", "Stopped"]
    good, bad = (event for event in events if event["event"] == "Exchange")
    assert (good["status"], good["account"]["length"]) == (200, 10)
    assert (bad["status"], bad["model_status"], bad["account"]["fault"]["where"]) == (424, 500, "score.py:7")
    spoken = [event["text"] for event in events if event["event"] == "Spoke" and not event["own"]]
    assert "init done" in spoken


def test_json_tells_a_boot_failure_as_data(write, finish):
    """The same facts that a person reads, by name."""
    write("score.py", "def init(): raise ValueError('no')\ndef run(data): ...")

    ended = finish("serve", "score.py", "--port", "0", "--json")

    assert ended.code == 3
    told, last = (json.loads(line) for line in ended.out.splitlines()[-2:])
    assert last == {"event": "Stopped"}
    assert {name: told[name] for name in ("event", "phase", "kind", "where")} == {
        "event": "BootFailed",
        "phase": "init",
        "kind": "ValueError",
        "where": "score.py:1",
    }


def test_variables_stand_for_flags(write, start):
    """AMLEMU_... is read like a flag, and the script does not see it."""
    write(
        "score.py", "import os\ndef init(): ...\ndef run(data): return sorted(n for n in os.environ if 'AMLEMU' in n)"
    )
    command = start("serve", "score.py", AMLEMU_PORT="0", AMLEMU_WORKERS="2")

    assert post(command.port) == (200, b"[]")
    assert "2 worker processes" in command.err


# the front door


def test_the_default_is_a_managed_endpoint(write, start):
    """With what its callers meet first, and that nobody is asked for a key, in the start block."""
    write("score.py", GOOD)
    command = start("serve", "score.py", "--port", "0")
    assert command.port

    assert "(profile managed: a managed online endpoint of today, with the size and rate limits of 2021)" in command.err
    command.until_said("limits: 5 s a request, 1572864 bytes, 100 requests a second, 2 at once; no key asked for")


def test_a_body_over_the_limit_of_2021_is_refused_with_its_note(write, start):
    """Contract 1.2, 1.5: 1.5 MB -> 413; the console says that today's documentation has no such limit."""
    write("score.py", GOOD)
    command = start("serve", "score.py", "--port", "0")

    assert post(command.port, b"x" * 1_572_865)[0] == 413
    command.until_said(
        "1572864 are allowed; limit of 2021, not in today's documentation; --profile managed-current has none\n"
    )


SLEEPS = """
    import time

    def init(): ...

    def run(data):
        return predict(float(data))

    def predict(seconds):
        time.sleep(seconds)
        return "done"
"""


def test_a_deadline_is_told_with_the_place_where_the_script_still_is(write, start):
    """Contract 1.2: 408 at the deadline; the model's answer comes later, and is told then."""
    write("score.py", SLEEPS)
    command = start("serve", "score.py", "--port", "0", "--set", "limits.request_timeout_ms=300")

    assert post(command.port, b"1", "text/plain") == (408, b"upstream request timeout")
    command.until_said("still in run(): score.py:6 run -> score.py:9 predict\n")
    command.until_said("amlemu: POST /score (request 1): the model said 200 after 1.")
    assert re.search(r"(?m)^POST /score 408 3\d\d\.\d ms$", command.err), command.err


def test_the_shadow_answers_as_the_model_and_tells_what_the_cloud_would(write, start):
    write("score.py", SLEEPS)
    command = start("serve", "score.py", "--port", "0", "--set", "limits.request_timeout_ms=300", "--shadow")

    assert post(command.port, b"0.6", "text/plain") == (200, b'"done"')
    command.until_said("POST /score 200 (cloud: 408 at 0.3 s) ")
    assert "amlemu: --shadow: answers are what the model says; " in command.err


def test_dev_errors_put_the_traceback_into_the_answer_and_say_so_at_the_start(write, start):
    """The status stays; no cloud answers like this."""
    write("score.py", GOOD)
    command = start("serve", "score.py", "--port", "0", "--dev-errors")
    status, body = post(command.port, b"{}")

    assert status == 424
    assert body.startswith(b"Traceback (most recent call last):\n")
    assert b'score.py", line 7, in run' in body
    assert "amlemu: --dev-errors: answers carry tracebacks. No cloud does that; " in command.err


@pytest.mark.parametrize("words", [(), ("--json",), ("--log-format", "azmlinfsrv")], ids=["person", "json", "server"])
def test_every_start_warns_of_what_no_cloud_does(write, start, words):
    """In whatever form the log is."""
    write("score.py", GOOD)
    command = start("serve", "score.py", "--port", "0", "--dev-errors", "--shadow", "--workers", "2", *words)

    command.until_said("--dev-errors: answers carry tracebacks. No cloud does that; clients must not rely on it.")
    command.until_said("--shadow: answers are what the model says; what the cloud would answer is only reported here.")
    command.until_said("max_concurrent_requests_per_instance is 1 and WORKER_COUNT 2: they should be alike")


def test_a_public_address_may_be_wanted(write, start):
    """--insecure says so, and so does the start."""
    write("score.py", GOOD)
    command = start("serve", "score.py", "--port", "0", "--host", "0.0.0.0", "--insecure")

    assert post(command.port) == (200, b'{"sum": 3}')
    assert "amlemu: --insecure: whoever reaches 0.0.0.0 may score.\n" in command.err


@pytest.mark.parametrize("words", [(), ("--json",)], ids=["person", "json"])
def test_a_key_opens_and_is_shown_nowhere(write, start, finish, words):
    """`amlemu keys` prints it, the server asks for it; neither its console nor its JSON lines have it."""
    write("score.py", GOOD)
    keys = json.loads(finish("keys", "score.py").out)
    command = start("serve", "score.py", "--port", "0", "--auth", "key", *words)
    port = command.port
    answers = [post(port, Authorization=f"Bearer {key}")[0] for key in (*keys.values(), "guess")]
    answers.append(post(port)[0])
    command.until_said("no Authorization header; expected Authorization: Bearer <key or token>")
    command.send(signal.SIGTERM)
    said = command.finish().said

    assert list(keys) == ["primaryKey", "secondaryKey"]
    assert answers == [200, 200, 401, 401]
    assert [secret for secret in (*keys.values(), "guess") if secret in said] == []


def test_keys_can_be_given_by_variables(write, start, tmp_path):
    """Then none are made."""
    write("score.py", GOOD)
    given = {"AMLEMU_PRIMARY_KEY": "one", "AMLEMU_SECONDARY_KEY": "two"}
    command = start("serve", "score.py", "--port", "0", "--auth", "key", "--layout", "none", **given)

    assert [post(command.port, Authorization=f"Bearer {key}")[0] for key in ("one", "two", "three")] == [200, 200, 401]
    assert not (tmp_path / ".amlemu" / "keys.json").exists()


def test_keys_are_printed_and_replaced(write, finish):
    """Contract 1.4: primaryKey and secondaryKey; either can be regenerated."""
    write("score.py", GOOD)
    first = json.loads(finish("keys", "score.py").out)
    again = json.loads(finish("keys", "score.py").out)
    changed = json.loads(finish("keys", "score.py", "--regenerate", "secondary").out)

    assert again == first
    assert changed["primaryKey"] == first["primaryKey"]
    assert changed["secondaryKey"] != first["secondaryKey"]


def test_a_token_is_printed_and_opens(write, start, finish):
    write("score.py", GOOD)
    told = json.loads(finish("token", "score.py", "--minutes", "1").out)
    command = start("serve", "score.py", "--port", "0", "--auth", "aml_token")

    assert list(told) == ["accessToken", "expiryTimeUtc", "refreshAfterTimeUtc", "tokenType"]
    assert post(command.port, Authorization=f"Bearer {told['accessToken']}") == (200, b'{"sum": 3}')
    assert post(command.port, Authorization=f"Bearer {told['accessToken']}x")[0] == 401
    command.until_said("no token of this endpoint (amlemu token makes one)")


@pytest.mark.parametrize("minutes", ["0", "-1", "nan", "inf", "527041"])
def test_a_token_lives_for_more_than_nothing_and_at_most_a_year(write, finish, minutes):
    write("score.py", GOOD)
    ended = finish("token", "score.py", "--minutes", minutes)

    assert (ended.code, ended.out) == (2, "")
    assert re.fullmatch(r"amlemu: --minutes: \S+ is no life of a token\. Expected up to a year\.\n", ended.err)


def test_keys_and_tokens_are_of_a_script_that_is_there(finish):
    for word in ("keys", "token"):
        ended = finish(word, "scor.py")

        assert (ended.code, ended.out) == (2, "")
        assert ended.err.startswith("amlemu: scor.py: no such file. ")


def test_keys_shows_those_that_were_given(write, finish):
    """As the server takes them then."""
    write("score.py", GOOD)
    told = json.loads(finish("keys", "score.py", AMLEMU_PRIMARY_KEY="one", AMLEMU_SECONDARY_KEY="two").out)

    assert told == {"primaryKey": "one", "secondaryKey": "two"}


def test_without_a_script_keys_and_tokens_are_those_of_the_folder(write, finish):
    """Of whatever script is served from there."""
    write("score.py", GOOD)

    assert json.loads(finish("keys").out) == json.loads(finish("keys", "score.py").out)
    assert json.loads(finish("token", "--minutes", "1").out)["tokenType"] == "Bearer"


# profiles


def test_profiles_are_listed_one_a_line(finish):
    """Name and what it is."""
    ended = finish("profiles")

    assert [line.split()[0] for line in ended.out.splitlines()] == [
        "aci",
        "aks",
        "bare",
        "image",
        "kubernetes",
        "local",
        "managed",
        "managed-2021",
        "managed-current",
    ]
    assert "managed          a managed online endpoint of today, with the size and rate limits of 2021\n" in ended.out


def test_a_profile_is_shown_with_value_source_and_date(finish):
    ended = finish("profiles", "show", "managed", "--set", "limits.request_bytes=8")

    assert ended.code == 0
    assert (
        "request_timeout_ms = 5000\n"
        "    source: contract 1.5, 1.7 (YAML reference of managed deployments, 2023-10-19)\n"
        "    at most 180000: 180 s: contract 1.5, how-to-manage-quotas, 2026-01-27\n"
    ) in ended.out
    assert "request_bytes = 8\n    source: --set\n" in ended.out


def test_a_profile_is_shown_to_programs(finish):
    told = json.loads(finish("profiles", "show", "managed", "--json", "--set", "limits.request_bytes=8").out)

    assert told["name"] == "managed"
    assert told["values"]["limits.request_timeout_ms"]["maximum"] == 180_000
    assert (told["values"]["limits.request_bytes"]["value"], told["values"]["limits.request_bytes"]["source"]) == (
        8,
        "--set",
    )


def test_a_profile_of_ones_own_is_shown_and_served(write, start, finish):
    """A file by its path, here one that lets fewer bytes in."""
    write("score.py", GOOD)
    write("mine.toml", f'{MINE}[limits]\nrequest_bytes = {{ value = 20, source = "assumed: for a test" }}\n')
    shown = finish("profiles", "show", "mine.toml")
    command = start("serve", "score.py", "--port", "0", "--profile", "mine.toml")

    assert shown.out.startswith("mine: of mine\n")
    assert "request_bytes = 20\n    source: assumed: for a test\n" in shown.out
    assert post(command.port) == (200, b'{"sum": 3}')
    assert post(command.port, b"x" * 21)[0] == 413


def test_a_profile_that_is_not_there_is_refused(finish):
    ended = finish("profiles", "show", "mars")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("amlemu: no profile 'mars'. There are: aci, ")


# the command itself


def test_the_console_script_is_the_module(start):
    """`amlemu` and `python -m amlemu` are the same."""
    script = Path(sys.executable).with_name("amlemu")
    told = subprocess.run([script, "--version"], capture_output=True, text=True, timeout=20, check=True)

    assert told.stdout == f"amlemu, version {amlemu.__version__}\n"
    assert start("--version").finish().out == told.stdout

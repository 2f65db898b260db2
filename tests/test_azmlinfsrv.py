"""
The words of the real command: what its options and variables become, what it refuses, how it waits for a port and ends.

The tables are contract 3.7, observed on azureml-inference-server-http 1.5.1; tests/contract holds the whole command against
the real one.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import threading
from pathlib import Path

import httpx
import pytest
from amlemu import azmlinfsrv
from amlemu.azmlinfsrv import about_insights, merge, parse, refusal
from amlemu.console import ServerConsole

from .free_port import free_port

KEY = "12345678-90ab-cdef-1234-567890ABCDEF"
PLAIN = {
    "AML_APP_ROOT": "/here",
    "HEALTH_PORT": "5001",
    "HTTP_X_MS_SERVER_VERSION": "azmlinfsrv/1.5.1",
    "SERVER_PORT": "5001",
    "SERVER_SOFTWARE": "gunicorn/27.0.1",
    "TRANSPORT_PROTOCOL": "grpc",
    "WORKER_COUNT": "1",
}
USAGE = "usage: azmlinfsrv [OPTIONS] [APP_MODULE]\n"
SCRIPT = "def init(): ...\ndef run(data): return 1"


def merged(words, shell):
    return merge(parse(words), shell, "/here")


# options and variables


def test_without_a_word_there_are_the_defaults():
    assert merged([], {}) == PLAIN


def test_every_option_has_its_variable(tmp_path, monkeypatch):
    """Files become real paths; the model folder stays as typed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.py").symlink_to("score.py")
    words = (
        "--entry_script link.py --model_dir ../m --port 80 --worker_count 3 --access_control_allow_origins a.com,b.com"
    )
    words += f" --config_file c.json --appinsights_instrumentation_key {KEY} --rest"

    assert merged(words.split(), {}) == {
        **PLAIN,
        "AML_APP_INSIGHTS_ENABLED": "true",
        "AML_APP_INSIGHTS_KEY": KEY,
        "AML_CORS_ORIGINS": "a.com,b.com",
        "AZUREML_CONFIG_FILE": f"{tmp_path}/c.json",
        "AZUREML_ENTRY_SCRIPT": f"{tmp_path}/score.py",
        "AZUREML_MODEL_DIR": "../m",
        "HEALTH_PORT": "80",
        "SERVER_PORT": "80",
        "TRANSPORT_PROTOCOL": "rest",
        "WORKER_COUNT": "3",
    }


@pytest.mark.parametrize(
    ("words", "shell", "seen"),
    [
        pytest.param([], {"AML_APP_ROOT": "/root"}, {"AML_APP_ROOT": "/root"}, id="the-app-root-may-be-set"),
        pytest.param([], {"SERVER_PORT": "80"}, {"SERVER_PORT": "5001"}, id="the-port-by-variable-never-counts"),
        pytest.param([], {"TRANSPORT_PROTOCOL": "rest"}, {"TRANSPORT_PROTOCOL": "grpc"}, id="nor-does-the-protocol"),
        pytest.param([], {"SERVER_SOFTWARE": "mine"}, {"SERVER_SOFTWARE": "gunicorn/27.0.1"}, id="nor-the-software"),
        pytest.param([], {"WORKER_COUNT": "4"}, {"WORKER_COUNT": "4"}, id="count-by-variable"),
        pytest.param(["--worker_count", "2"], {"WORKER_COUNT": "4"}, {"WORKER_COUNT": "2"}, id="count-by-option"),
        pytest.param(["--model_dir", ""], {"AZUREML_MODEL_DIR": "m"}, {"AZUREML_MODEL_DIR": ""}, id="model-by-option"),
        pytest.param([], {"AZUREML_ENTRY_SCRIPT": "a.py"}, {"AZUREML_ENTRY_SCRIPT": "a.py"}, id="script-by-variable"),
        pytest.param([], {"AML_CORS_ORIGINS": " a "}, {"AML_CORS_ORIGINS": " a "}, id="origins-by-variable"),
        pytest.param([], {"HOME": "/me"}, {"HOME": "/me"}, id="others-stay"),
        pytest.param([], {"HEALTH_PORT": "7"}, {"HEALTH_PORT": "7"}, id="health-port-by-variable"),
        pytest.param(["--port", "80"], {"HEALTH_PORT": "7"}, {"HEALTH_PORT": "80"}, id="health-port-follows-port"),
        pytest.param(["--health_port", "8"], {}, {"HEALTH_PORT": "5001"}, id="health-port-without-its-switch"),
        pytest.param(
            [],
            {"SEPERATE_HEALTH_ENDPOINT": "true", "HEALTH_PORT": "7"},
            {"HEALTH_PORT": "5000"},
            id="health-port-default",
        ),
        pytest.param(
            ["--health_port", "8", "--port", "80"],
            {"SEPERATE_HEALTH_ENDPOINT": "true"},
            {"HEALTH_PORT": "8", "SERVER_PORT": "80"},
            id="health-port-by-option",
        ),
        pytest.param(
            ["--port", "80"],
            {"SEPERATE_HEALTH_ENDPOINT": "True", "HEALTH_PORT": "7"},
            {"HEALTH_PORT": "80"},
            id="the-switch-is-small-letters",
        ),
        pytest.param(
            [],
            {"SERVER_VERSION_LOG_RESPONSE_ENABLED": "TRUE", "HTTP_X_MS_SERVER_VERSION": "mine"},
            {"HTTP_X_MS_SERVER_VERSION": "azmlinfsrv/1.5.1"},
            id="version-on",
        ),
        pytest.param(
            [],
            {"SERVER_VERSION_LOG_RESPONSE_ENABLED": "no", "HTTP_X_MS_SERVER_VERSION": "mine"},
            {"HTTP_X_MS_SERVER_VERSION": "mine"},
            id="version-off",
        ),
    ],
)
def test_option_beats_variable_beats_default(words, shell, seen):
    assert seen.items() <= merged(words, shell).items()


def test_what_is_not_asked_for_is_not_set():
    """A script that reads os.getenv(NAME, default) gets its default."""
    words = ["--entry_script", ""]

    assert merged(words, {"SERVER_VERSION_LOG_RESPONSE_ENABLED": "false"}).keys() == {
        *PLAIN.keys() - {"HTTP_X_MS_SERVER_VERSION"},
        "SERVER_VERSION_LOG_RESPONSE_ENABLED",
    }


def test_our_own_variables_stay_ours():
    assert merged([], {"AMLEMU_PORT": "1", "AMLEMU_LAYOUT": "var"}) == PLAIN


def test_ours_are_three_options_only():
    """They are in no variable of the script."""
    options = parse(["--host", "127.0.0.1", "--python", "/env", "--reload"])

    assert (options.host, options.python, options.reload) == ("127.0.0.1", "/env", True)
    assert (parse([]).host, parse([]).python, parse([]).reload) == ("0.0.0.0", None, False)
    assert merge(options, {}, "/here") == PLAIN


@pytest.mark.parametrize(
    ("words", "line"),
    [
        pytest.param(["--port", "0"], "argument --port: invalid validate_port value: '0'", id="port-0"),
        pytest.param(["--port", "65536"], "argument --port: invalid validate_port value: '65536'", id="port-too-large"),
        pytest.param(["--port", "x"], "argument --port: invalid validate_port value: 'x'", id="port-no-number"),
        pytest.param(
            ["--health_port", "0"], "argument --health_port: invalid validate_port value: '0'", id="health-port"
        ),
        pytest.param(
            ["--worker_count", "0"], "argument --worker_count: invalid validate_worker_count value: '0'", id="count"
        ),
        pytest.param(["--nope"], "unrecognized arguments: --nope", id="unknown"),
        pytest.param(["--model_dir"], "argument --model_dir: expected one argument", id="no-value"),
    ],
)
def test_wrong_words_are_refused_with_the_real_line_and_exit_code(words, line, capsys):
    """The line on stderr; after it an empty line and the options on stdout, without the usage."""
    with pytest.raises(SystemExit) as ended:
        parse(words)

    out, err = capsys.readouterr()
    assert ended.value.code == 1
    assert err.startswith("usage: azmlinfsrv [-h] [--entry_script ENTRY_SCRIPT] ")
    assert err.splitlines()[-1] == f"azmlinfsrv: error: {line}"
    assert out.startswith("\nAzure ML Inferencing HTTP server v1.5.1\n\noptions:\n  -h, --help ")
    assert "--rest" not in out  # hidden there, too


def test_help_ends_in_one_as_well(capsys):
    with pytest.raises(SystemExit) as ended:
        parse(["--help"])

    assert ended.value.code == 1
    assert capsys.readouterr().out.startswith("usage: azmlinfsrv [-h] [--entry_script ENTRY_SCRIPT] ")


# Application Insights


@pytest.mark.parametrize(
    ("shell", "notices", "is_on"),
    [
        pytest.param({}, (), False, id="nothing"),
        pytest.param({"AML_APP_INSIGHTS_ENABLED": "true"}, (), False, id="no-key"),
        pytest.param({"AML_APP_INSIGHTS_KEY": KEY}, (), False, id="not-enabled"),
        pytest.param({"AML_APP_INSIGHTS_ENABLED": "True", "AML_APP_INSIGHTS_KEY": KEY}, (), False, id="capitals"),
        pytest.param(
            {"AML_APP_INSIGHTS_ENABLED": "true", "AML_APP_INSIGHTS_KEY": KEY},
            ("Valid Application Insights instrumentation key provided.",),
            True,
            id="valid",
        ),
        *(
            pytest.param(
                {"AML_APP_INSIGHTS_ENABLED": "true", "AML_APP_INSIGHTS_KEY": key},
                (
                    "Invalid Application Insights instrumentation key provided.",
                    "Application Insights has been disabled.",
                ),
                False,
                id=f"key-{key!r}",
            )
            for key in ("", "nonsense", KEY + "0", KEY + "\n", KEY.replace("-", ""))
        ),
    ],
)
def test_the_insights_are_switched_off_unless_key_and_switch_are_right(shell, notices, is_on):
    environment = dict(shell)

    assert about_insights(environment) == notices
    assert environment["AML_APP_INSIGHTS_ENABLED"] == ("true" if is_on else "false")


# what gunicorn refuses


@pytest.mark.parametrize(
    ("variables", "code", "line"),
    [
        pytest.param({}, 0, "", id="fine"),
        pytest.param({"WORKER_TIMEOUT": "0"}, 0, "", id="no-limit"),
        pytest.param({"WORKER_TIMEOUT": " 1_0 ", "WORKER_COUNT": "+2"}, 0, "", id="as-int-reads"),
        pytest.param(
            {"WORKER_TIMEOUT": "soon"},
            2,
            f"{USAGE}azmlinfsrv: error: argument -t/--timeout: invalid int value: 'soon'\n",
            id="timeout-no-number",
        ),
        pytest.param(
            {"WORKER_TIMEOUT": "1.5"},
            2,
            f"{USAGE}azmlinfsrv: error: argument -t/--timeout: invalid int value: '1.5'\n",
            id="timeout-no-integer",
        ),
        pytest.param({"WORKER_TIMEOUT": "-1"}, 1, "\nError: Value must be positive: -1\n", id="timeout-negative"),
        pytest.param(
            {"WORKER_COUNT": "two"},
            1,
            "ValueError: invalid literal for int() with base 10: 'two'\n",
            id="count-no-number",
        ),
        pytest.param({"WORKER_COUNT": "-1"}, 1, "\nError: Value must be positive: -1\n", id="count-negative"),
        pytest.param(
            {"WORKER_COUNT": "0"},
            1,
            "azmlinfsrv: error: WORKER_COUNT=0 leaves nobody to answer\n",  # the real one starts, and nobody answers
            id="count-none",
        ),
    ],
)
def test_a_variable_that_gunicorn_would_refuse_has_its_words_and_its_code(variables, code, line, capsys):
    assert refusal({**PLAIN, **variables}) == code

    out, err = capsys.readouterr()
    assert (out, err) == ("", line)


# a port that is taken


@pytest.fixture
def taken():
    """A port that somebody has on every address."""
    with socket.create_server(("0.0.0.0", 0)) as listener:
        yield listener


def run(words, monkeypatch, pause_s=0.01):
    """Run the command in this process and return its exit code."""
    monkeypatch.setattr(azmlinfsrv, "_PAUSE_S", pause_s)
    monkeypatch.setattr(ServerConsole, "show_warnings", lambda console: None)  # stays in this process
    with pytest.raises(SystemExit) as ended:
        azmlinfsrv.main(words)
    return ended.value.code


def test_a_taken_port_is_tried_five_times(write, taken, monkeypatch, capfd):
    """Five tries, a last line, exit code 1 (contract 3.4)."""
    port = taken.getsockname()[1]

    assert run(["--entry_script", str(write("score.py", SCRIPT)), "--port", str(port)], monkeypatch) == 1

    lines = [re.sub(r"^.*? ([IE]) \[\d+\] ", r"\1 ", line) for line in capfd.readouterr().err.splitlines()]
    once = [
        f"E gunicorn.error - Connection in use: ('0.0.0.0', {port})",
        f"E gunicorn.error - connection to ('0.0.0.0', {port}) failed: [Errno 98] Address already in use",
    ]
    assert lines == [
        "I gunicorn.error - Starting gunicorn 27.0.1",
        *once * 5,
        f"E gunicorn.error - Can't connect to ('0.0.0.0', {port})",
    ]


def test_a_port_that_gets_free_in_time_is_taken(write, taken, monkeypatch, capfd):
    """A restart that overlaps with the end of the one before."""
    port = taken.getsockname()[1]
    told = ServerConsole.port_taken
    frees = lambda *words, **options: (told(*words, **options), taken.close())  # noqa: E731
    monkeypatch.setattr(ServerConsole, "port_taken", frees)
    monkeypatch.setattr(ServerConsole, "started", lambda *words: os.kill(os.getpid(), signal.SIGTERM))

    assert run(["--entry_script", str(write("score.py", SCRIPT)), "--port", str(port)], monkeypatch) == 0

    err = capfd.readouterr().err
    assert err.count("Connection in use") == 1
    assert f"gunicorn.error - Listening at: http://0.0.0.0:{port} ({os.getpid()})\n" in err


def test_waiting_for_a_port_can_be_interrupted(write, taken, monkeypatch, capfd):
    """Ctrl-C need not wait for the five tries."""
    port = taken.getsockname()[1]
    told = ServerConsole.port_taken
    interrupts = lambda *words, **options: (told(*words, **options), os.kill(os.getpid(), signal.SIGINT))  # noqa: E731
    monkeypatch.setattr(ServerConsole, "port_taken", interrupts)

    code = run(["--entry_script", str(write("score.py", SCRIPT)), "--port", str(port)], monkeypatch, pause_s=10)

    assert code == 130
    assert capfd.readouterr().err.count("Connection in use") == 1


# the whole, as a process


@pytest.fixture
def serving(write, start):
    """Start the command in the script's folder on a free port and wait until it serves."""

    def serving(*words, script=SCRIPT, **variables):
        write("score.py", script)
        port = free_port()
        command = start("azmlinfsrv", "--entry_script", "score.py", "--port", str(port), *words, **variables)
        command.until_said("Listening at")
        assert httpx.get(f"http://127.0.0.1:{port}/", trust_env=False, timeout=10).text == "Healthy"
        return command, port

    return serving


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT], ids=lambda number: number.name)
def test_a_signal_ends_it_with_zero(serving, number):
    """Contract 3.4; nothing is left, neither a process nor a folder beside the script."""
    command, _ = serving()

    command.send(number)
    ended = command.finish()

    assert ended.code == 0
    assert f"gunicorn.error - Handling signal: {number.name[3:].lower()}\n" in ended.err
    assert command.left_behind() == []
    assert not (command.folder / ".amlemu").exists()


def test_the_script_finds_the_current_folder_and_the_hosts_own_paths(serving, tmp_path):
    """The real command knows no tree: what is typed is what the script sees."""
    script = """
        import os

        def init(): ...

        def run(data):
            names = ("AML_APP_ROOT", "AZUREML_ENTRY_SCRIPT", "AZUREML_MODEL_DIR")
            return [os.getcwd(), __file__, *map(os.environ.get, names)]
    """
    command, port = serving("--model_dir", "../m", script=script)

    answer = httpx.post(f"http://127.0.0.1:{port}/score", json={}, trust_env=False, timeout=10)

    here, path = str(tmp_path), str(Path(tmp_path, "score.py"))
    assert answer.json() == [here, path, here, path, "../m"]
    command.send(signal.SIGTERM)
    assert command.finish().code == 0


def test_a_master_that_dies_of_its_script_dies_by_the_same_signal(write, start):
    """With WORKER_PRELOAD the script is loaded by the master (contract 3.4: -9)."""
    write("score.py", "import os\ndef init(): os.kill(os.getpid(), 9)\ndef run(data): ...")
    command = start("azmlinfsrv", "--entry_script", "score.py", "--port", str(free_port()), WORKER_PRELOAD="true")

    assert command.finish().code == -signal.SIGKILL
    assert command.left_behind() == []


def test_our_own_option_without_its_value_is_refused_in_a_line(capsys):
    """As the real command refuses its own: exit code 1."""
    with pytest.raises(SystemExit) as left:
        parse(["--host"])

    assert left.value.code == 1
    assert (
        capsys.readouterr().err == "usage: azmlinfsrv ...\nazmlinfsrv: error: argument --host: expected one argument\n"
    )


# AZUREML_DEBUG_PORT; tests/contract has an editor that listens


DEBUGGING = """\
!! Starting the inference server in DEBUGGING mode because AZUREML_DEBUG_PORT is set.
!! This environment variable should not be set in a production environment.
"""


@pytest.fixture
def mute():
    """Somebody who listens, and says nothing: a worker that dials there waits."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.fixture
def waiting(write, start, mute):
    """Start the command, and return it when its worker waits for its debugger."""
    write("score.py", SCRIPT)
    port = str(mute.getsockname()[1])
    words = ("--entry_script", "score.py", "--port", str(free_port()))
    command = start("azmlinfsrv", *words, AZUREML_DEBUG_PORT=port)
    mute.settimeout(10)
    with mute.accept()[0]:
        yield command


def test_nobody_listens_at_the_debug_port(write, finish):
    """Exit code 3; the script is not loaded (contract 3.4)."""
    write("score.py", "print('loaded')")
    port = free_port()

    ended = finish("azmlinfsrv", "--entry_script", "score.py", "--port", str(free_port()), AZUREML_DEBUG_PORT=str(port))

    assert ended.code == 3
    assert ended.out.endswith(f"'AZUREML_DEBUG_PORT']\n{DEBUGGING}** Connecting to debugger at port {port}...\n")
    assert "\nConnectionRefusedError: [Errno 111] Connection refused\n[Errno 111] Connection refused\n" in ended.err
    assert ended.err.endswith("gunicorn.error - Reason: Worker failed to boot.\n")


def test_without_debugpy_workers_are_started_for_ever(write, start, empty_environment):
    """Exit code 255 is no failure to boot for gunicorn; here the next one waits longer each time, as for any such worker."""
    write("score.py", SCRIPT)
    words = ("--entry_script", "score.py", "--port", str(free_port()), "--python", str(empty_environment))
    command = start("azmlinfsrv", *words, AZUREML_DEBUG_PORT="5678")
    command.until(lambda: command.err.count(" exited with code 255.\n") == 2, "trying again")

    once = [
        "I gunicorn.error - Booting worker with pid: <pid>",
        "I gunicorn.error - Worker exiting (pid: <pid>)",
        "E gunicorn.error - Worker (pid:<pid>) exited with code 255.",
    ]
    lines = [re.sub(r"^.*? ([IE]) \[\d+\]", r"\1", line) for line in command.err.splitlines()]
    assert [re.sub(r"(pid: ?)\d+", r"\1<pid>", line) for line in lines[3:9]] == [*once, *once]
    assert command.out.count(f"{DEBUGGING}** Cannot connect to a debugger because debugpy is not installed.\n") == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT], ids=lambda number: number.name)
def test_a_worker_that_waits_for_its_debugger_leaves_at_once(waiting, number):
    """The signal raises SystemExit there, and nobody takes it for a failure."""
    waiting.send(number)
    ended = waiting.finish()

    assert ended.code == 0
    lines = [line.partition(" - ")[2] for line in ended.err.splitlines()]
    said = [line.partition(" (pid")[0] for line in lines if "Worker" in line or "Shutting" in line]
    assert said == ["Worker exiting", "Shutting down: Master"]


def test_a_worker_that_waits_for_its_debugger_ends_with_its_host(waiting):
    """Also when nobody could tell it so."""
    waiting.send(signal.SIGKILL)

    assert waiting.finish().code == -signal.SIGKILL
    waiting.until_alone()


def test_sigterm_lets_it_wait_no_longer_than_gunicorns_grace(write, mute, monkeypatch, capfd):
    """30 s there; whoever still waits then is killed without a word, and the exit code is 0."""
    monkeypatch.setattr(azmlinfsrv, "_GRACE_S", 0.1)
    monkeypatch.setenv("AZUREML_DEBUG_PORT", str(mute.getsockname()[1]))
    mute.settimeout(10)

    def terminate():
        with mute.accept()[0]:
            os.kill(os.getpid(), signal.SIGTERM)

    terminates = threading.Thread(target=terminate)
    terminates.start()

    code = run(["--entry_script", str(write("score.py", SCRIPT)), "--port", str(free_port())], monkeypatch)

    terminates.join()
    assert code == 0
    last = [line.partition(" - ")[2] for line in capfd.readouterr().err.splitlines()[-2:]]
    assert last == ["Handling signal: term", "Shutting down: Master"]

"""`amlemu check` as a command: what it prints where, its exit codes, and that nothing is left behind."""

from __future__ import annotations

import json
import re
import signal
import sys

import pytest
from amlemu.cli import main

GOOD = """
    import base64
    import hashlib
    import json

    def init():
        print("not on stdout")

    def run(data):
        return {"sum": sum(json.loads(data)["data"])}
"""
SLEEPS = """
    import subprocess
    import time

    def init():
        subprocess.Popen(["sleep", "60"])
        print("asleep", flush=True)
        open("asleep", "w").close()
        time.sleep(60)

    def run(data): ...
"""
DEPLOYMENT = """
    name: blue
    endpoint_name: credit
    code_configuration: {code: ., scoring_script: scor.py}
    environment: azureml:e:1
    instance_type: Standard_DS3_v2
    instance_count: 1
"""
ALONE = "score.py: imports were held against nothing"


@pytest.fixture
def good(write):
    """A script that starts, and its sample request."""
    write("score.py", GOOD)
    write("sample-request.json", '{"data": [1, 2]}')


def lines_of(text: str, label: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(f"  {label} ")]


# what is said of a good one


def test_a_good_one(good, start):
    """Verdict, imports, init(), memory, both lanes of the sample request; and nothing else, neither here nor left behind."""
    command = start("check", "score.py")
    ended = command.finish()

    first, *_ = ended.out.splitlines()
    assert (ended.code, ended.err) == (0, "")
    assert re.fullmatch(r"starts: ready after [\d.]+ (s|ms); these probes allow 310 s", first)
    assert re.fullmatch(r"  time    .+: imports .+, init\(\) .+", lines_of(ended.out, "time")[0])
    assert re.fullmatch(
        r"  memory  .+ at most while it booted: .+ before init\(\), .+ after it", lines_of(ended.out, "memory")[0]
    )
    assert re.match(
        r"  sample  sample-request\.json: 200 in [\d.]+ ms, run\(\) .+; 16 bytes there, 10 back, [\d.]+ (MB|GB)",
        lines_of(ended.out, "sample")[0],
    )
    assert lines_of(ended.out, "note")[0].startswith(f"  note    {ALONE}")
    command.until_alone()
    assert command.left_behind() == []


def test_the_slowest_imports_of_the_scripts_own(write, finish):
    """With the line that asks for each, worst first. A machine that stands still makes any of them slower, and none quicker."""
    slept_ms = {str(number): 100.0 * (number > 5) + 20 * number for number in range(1, 8)}
    for number, ms in slept_ms.items():
        write(f"slow{number}.py", f"import time\ntime.sleep({ms / 1000})\n")
    names = "\n".join(f"import slow{number}" for number in slept_ms)
    write("score.py", f"{names}\n\ndef init(): ...\n\ndef run(data): ...\n")

    shown = finish("check", "score.py").out

    found = re.findall(r"slow(\d)\s+([\d.]+)\s+(m?s)\s+\(score\.py:(\d)\)", shown)
    took_ms = [float(took) * (1 if unit == "ms" else 1000) for _, took, unit, _ in found]
    assert (len(found), took_ms) == (5, sorted(took_ms, reverse=True))
    assert all(line == number for number, _, _, line in found)
    assert all(took >= 0.95 * slept_ms[number] for took, (number, *_) in zip(took_ms, found, strict=True))
    assert {"6", "7"} <= {number for number, *_ in found}


def test_json_is_one_object_and_nothing_else(good, finish):
    """What the script prints is nowhere on stdout."""
    ended = finish("check", "score.py", "--json")

    told = json.loads(ended.out)
    assert (ended.code, told["exit_code"], told["starts"], told["cause"]) == (0, 0, True, None)
    assert (told["file"], told["script"], told["profile"]) == ("score.py", "score.py", "managed")
    assert (told["sample"]["status"], told["sample"]["answer_bytes"], told["workers"]) == (200, 10, 1)
    assert told["memory_limit_bytes"] is None


def test_a_request_that_is_named_is_sent(good, write, finish):
    """Its type follows from its ending."""
    write(
        "score.py", "def init(): ...\n\ndef run(data, request_headers):\n    return request_headers['Content-Type']\n"
    )
    write("a.csv", "1,2")

    ended = finish("check", "score.py", "-r", "a.csv")

    assert ended.code == 0
    assert "a.csv: 200 in " in ended.out
    assert "3 bytes there, 10 back" in ended.out  # "text/csv" in quotes


def test_without_a_sample_request_none_is_tried(write, finish):
    write("score.py", GOOD)

    ended = finish("check", "score.py")

    assert ended.code == 0
    assert lines_of(ended.out, "sample") == []
    assert "  note    no sample-request.json lies beside it, so no request was tried; -r names one" in ended.out


@pytest.mark.parametrize("preload", ["false", "true"])
def test_all_workers_are_waited_for(good, finish, preload):
    """Each has memory of its own."""
    ended = finish("check", "score.py", "--env", "WORKER_COUNT=2", "--env", f"WORKER_PRELOAD={preload}")

    assert ended.code == 0
    assert "each of 2 workers has so much" in ended.out


def test_where_nobody_probes_that_is_said(good, finish):
    """A v1 local web service, the server alone."""
    ended = finish("check", "score.py", "--profile", "bare")

    assert (ended.code, ended.out.splitlines()[0].partition("; ")[2]) == (0, "nobody probes here")


# what fails at the sample request


@pytest.mark.parametrize(
    ("run", "words", "first"),
    [
        pytest.param(
            "return {}['x']",
            [],
            "run() raised KeyError: 'x' (score.py:6)  [424, model 500]",
            id="raises",
        ),
        pytest.param(
            "return {}['x']",
            ["--profile", "kubernetes"],
            "run() raised KeyError: 'x' (score.py:6)  [502, model 500]",
            id="raises-in-kubernetes",
        ),
        pytest.param(
            "time.sleep(30)",
            ["--set", "limits.request_timeout_ms=300"],
            "no answer within 0.3 s; still in run(): score.py:6 run  [408]",
            id="too-slow",
        ),
        pytest.param(
            "os._exit(7)",
            [],
            "the worker ended with exit code 7 before it had answered  [424, model 502]",
            id="dies",
        ),
    ],
)
def test_a_sample_request_that_fails(write, finish, run, words, first):
    """Contract 1.2, 2.1: both lanes are named, and that it starts."""
    write("score.py", f"import os, time\n\ndef init(): ...\n\ndef run(data):\n    {run}\n")
    write("sample-request.json", "{}")

    ended = finish("check", "score.py", *words)

    assert ended.out.splitlines()[0] == f"fails: it starts, but sample-request.json fails: {first}"
    assert ended.code == 3
    assert len(lines_of(ended.out, "boot")) == 1


def test_a_worker_that_eats_too_much_at_the_sample_request(write, finish):
    """Contract 6.4: memory too small; it had come up."""
    write("score.py", "def init(): ...\n\ndef run(data):\n    bytearray(400_000_000)\n")
    write("sample-request.json", "{}")

    ended = finish("check", "score.py", "--memory-gb", "0.1")

    assert ended.out.startswith("fails: memory ran out while it answered the sample request: it had ")
    assert ended.out.splitlines()[0].endswith("  [ResourceNotReady, CrashLoopBackOff; ERR_2200 in 2021]")
    assert ended.code == 3


# files


@pytest.mark.parametrize(
    ("name", "text", "first"),
    [
        pytest.param("d.yml", "a: [1\n", "d.yml:2: not YAML", id="no-yaml"),
        pytest.param("d.yml", "", "d.yml: there is nothing in this file", id="empty"),
        pytest.param("d.yml", "people: 3\n", "d.yml:1: this is no deployment", id="something-else"),
        pytest.param("score.py", "", "score.py:1: the module was imported, but it has no init()", id="empty-script"),
    ],
)
def test_a_file_that_is_no_deployment(write, finish, name, text, first):
    """The cloud would refuse it, so it fails as any other."""
    write(name, text)

    ended = finish("check", name)

    assert ended.out.startswith(f"fails: {first}")
    assert ended.code == 3


def test_a_scoring_script_that_is_not_there(write, finish):
    """Also where nothing can be booted the report is there."""
    write("d.yml", DEPLOYMENT)
    write("score.py", GOOD)

    ended = finish("check", "d.yml", "--json")

    told = json.loads(ended.out)
    assert (ended.code, told["starts"], told["boot"], told["sample"]) == (3, False, None, None)
    assert told["cause"]["told"] == "d.yml:3: the scoring script scor.py is not in ."
    assert told["cause"]["cloud"]["in_2021"] == "ERR_2200"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(["scor.py"], "scor.py: no such file", id="file"),
        pytest.param(["."], ".: this is a folder, not a scoring script", id="folder"),
        pytest.param(["note.ipynb"], "note.ipynb: not a Python file", id="notebook"),
        pytest.param(["score.py", "-r", "no.json"], "--request-file no.json: no such file", id="request"),
        pytest.param(["score.py", "-r", "."], "--request-file .: not a file", id="request-is-a-folder"),
        pytest.param(["score.py", "--disk-gb", "0"], "--disk-gb: 0 is no disk. Expected GB, more than 0.", id="disk"),
        pytest.param(["score.py", "--disk-gb", "nan"], "--disk-gb: nan is no disk.", id="no-number"),
        pytest.param(["bad.py", "--memory-gb", "-1"], "--memory-gb: -1 is no memory to run in", id="memory"),
        pytest.param(
            ["bad.py", "--cluster", "n.yml"], "--cluster: profile managed has no nodes of yours", id="cluster"
        ),
    ],
)
def test_what_cannot_be_checked_is_a_matter_of_usage(good, write, tmp_path, monkeypatch, capsys, words, message):
    """2, not 3: nothing is known of the deployment. A flag that is wrong comes before a script that is."""
    write("note.ipynb", "{}")
    write("bad.py", "def init(:\n")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SystemExit) as ended:
        main(["check", *words])

    told = capsys.readouterr()
    assert (ended.value.code, told.out) == (2, "")
    assert told.err.startswith(f"amlemu: {message}")


# streams and signals


@pytest.mark.parametrize(
    ("script", "code", "shell"),
    [
        pytest.param(GOOD, 0, '"$@" | true; exit ${PIPESTATUS[0]}', id="starts-and-nobody-reads"),
        pytest.param("def init(): ...\n", 3, '"$@" | true; exit ${PIPESTATUS[0]}', id="fails-and-nobody-reads"),
        pytest.param("def init(): ...\n", 3, '"$@" <&- >&-', id="closed"),
    ],
)
def test_the_exit_code_is_the_verdicts_whoever_reads(write, start, script, code, shell):
    """`amlemu check score.py | head -1` in a script with pipefail."""
    write("score.py", script)

    ended = start("check", "score.py", shell=f"exec bash -c '{shell}' bash \"$@\"").finish()

    assert (ended.code, ended.err) == (code, "")


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
def test_a_report_that_cannot_be_written(good, start):
    """One line, and no traceback of ours."""
    ended = start("check", "score.py", shell='exec "$@" >/dev/full').finish()

    assert (ended.code, ended.err) == (2, "amlemu: standard output: not writable: No space left on device\n")


def test_what_no_terminal_can_show(write, finish):
    """Half a character is escaped."""
    write("score.py", "def init():\n    raise ValueError('sn\\xf6 \\ud800')\n\ndef run(data): ...\n")

    ended = finish("check", "score.py")

    assert ended.out.startswith("fails: score.py:2: init() raised ValueError: snö \\ud800  [ResourceNotReady")
    assert ended.code == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_in_init_leaves_nothing(write, start, tmp_path, number):
    """Neither the worker nor what it has started; 130, and not a word."""
    write("score.py", SLEEPS)
    command = start("check", "score.py")
    command.until((tmp_path / "asleep").exists, "in init()")

    command.send(number)
    ended = command.finish()

    assert (ended.code, ended.said.strip()) == (130, "")
    command.until_alone()
    assert command.left_behind() == []


def test_what_a_script_forks_or_starts_does_not_hold_it(write, start):
    """A thread that never ends, a child process that sleeps: the check is over, and they are, too."""
    write(
        "score.py",
        """
        import os, threading, time

        def init():
            threading.Thread(target=time.sleep, args=(60,)).start()
            if os.fork() == 0:
                time.sleep(60)

        def run(data): ...
        """,
    )
    command = start("check", "score.py")

    assert command.finish().code == 0
    command.until_alone()


def test_a_script_that_prints_much_and_reads(write, finish):
    """None of it is on stdout; there is nobody to ask."""
    write("score.py", "def init():\n    print('x' * 3_000_000)\n    input('name? ')\n\ndef run(data): ...\n")

    ended = finish("check", "score.py")

    assert ended.out.startswith("fails: score.py:3: init() raised EOFError: EOF when reading a line  [ResourceNotReady")
    assert "xxx" not in ended.said

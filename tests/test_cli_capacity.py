"""`amlemu capacity` as a command: the formula for numbers, and for a file what was measured."""

from __future__ import annotations

import json
import re

import pytest
from amlemu.cli import main

SLEEPS = """
    import time

    def init(): ...

    def run(data):
        time.sleep(0.1)
        return 1
"""
DEPLOYMENT = """
    name: blue
    endpoint_name: credit
    code_configuration: {code: ., scoring_script: score.py}
    environment: azureml:credit:1
    instance_type: Standard_DS3_v2
    instance_count: 1
    request_settings:
      max_concurrent_requests_per_instance: 4
"""
KUBERNETES = DEPLOYMENT.replace("Standard_DS3_v2", "small") + "    type: kubernetes\n"
QUICKLY = ("--seconds", "0.3")


@pytest.fixture
def script(write):
    """A script that takes a tenth of a second, and its sample request."""
    write("score.py", SLEEPS)
    write("sample-request.json", "{}")


def test_the_pages_example(finish):
    """Contract 2.2: 20 requests a second, 10 s each, 70 %: 286."""
    words = ("--rps", "20", "--latency", "10", "--concurrency", "1", "--utilization", "0.7")
    ended = finish("capacity", *words)

    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "286 replicas: 20 requests/s * 10 s / 0.7 = 285.7 at once; 1 an instance: 286\n"
    told = json.loads(finish("capacity", *words, "--json").out)
    assert (told["replicas"], told["load"]["rps"]) == (286, 20.0)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param([], "--rps: a number is missing.", id="nothing"),
        pytest.param(["--rps", "20"], "--latency: a number is missing.", id="no-latency"),
        pytest.param(["--rps", "0", "--latency", "1"], "--rps: 0 is none.", id="zero"),
        pytest.param(["--rps", "-1", "--latency", "1"], "--rps: -1 is none.", id="negative"),
        pytest.param(["--rps", "nan", "--latency", "1"], "--rps: nan is none.", id="nan"),
        pytest.param(["--rps", "1", "--latency", "0"], "--latency: 0 is none.", id="no-time"),
        pytest.param(
            ["--rps", "1", "--latency", "1", "--concurrency", "0"], "--concurrency: 0 is none.", id="none-at-once"
        ),
        pytest.param(
            ["--rps", "1", "--latency", "1", "--utilization", "70"],
            "--utilization: 70 is no share. Expected more than 0, at most 1. 70 is 0.7.",
            id="per-cent",
        ),
        pytest.param(["score.py", "--latency", "0"], "--latency: 0 is none.", id="of-a-file"),
        pytest.param(["score.py", "--seconds", "0"], "--seconds: 0 is no time to measure.", id="seconds"),
        pytest.param(["score.py", "--seconds", "nan"], "--seconds: nan is no time to measure.", id="seconds-nan"),
        pytest.param(["score.py", "--seconds", "601"], "--seconds: 601 is no time to measure.", id="seconds-many"),
        pytest.param(["alone/score.py"], "alone/score.py: there is no sample request to measure with.", id="no-sample"),
        pytest.param(["scor.py"], "scor.py: no such file", id="no-file"),
    ],
)
def test_numbers_that_mean_nothing(script, write, tmp_path, monkeypatch, capsys, words, message):
    """Each names its option; nothing is booted."""
    write("alone/score.py", SLEEPS)
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SystemExit) as ended:
        main(["capacity", *words])

    told = capsys.readouterr()
    assert (ended.value.code, told.out) == (2, "")
    assert told.err.startswith(f"amlemu: {message}")


def test_a_file_is_measured(script, write, finish):
    """0.1 s each, 15 a second, 70 %: 3 instances, with room for 0.04 s more; and the mistake of many deployments (users.md C5, 42)."""
    write("deployment.yml", DEPLOYMENT)

    ended = finish("capacity", "deployment.yml", "--rps", "15", *QUICKLY)

    first, measured, *rest = ended.out.splitlines()
    assert (ended.code, ended.err) == (0, "")
    assert re.fullmatch(r"3 replicas: 15 requests/s \* 0\.1\d* s / 0\.7 = [23]\.\d+ at once; 1 an instance: 3", first)
    assert re.match(r"  measured  [23] requests by 1 worker in 0\.\d+ s: 0\.1\d* s in the middle", measured)
    assert rest[0] == "  write"
    assert re.match(r"    instance_count: 3 +# 15 requests/s \* 0\.1", rest[1])
    assert "      max_concurrent_requests_per_instance: 1  # as WORKER_COUNT: more would queue in the container" in rest
    assert (
        "  mistake   max_concurrent_requests_per_instance is 4 and WORKER_COUNT 1: it queues in the container,"
        " it does not run in parallel"
    ) in rest


def test_json_of_a_file(script, write, finish):
    """One object, and nothing else."""
    write("deployment.yml", KUBERNETES)

    told = json.loads(finish("capacity", "deployment.yml", "--rps", "15", "--json", *QUICKLY).out)

    assert told["replicas"] == 3
    assert told["measured"]["latency_s"] == pytest.approx(0.1, abs=0.05)
    assert [one["text"] for one in told["lines"]][:4] == [
        "scale_settings:",
        "  type: target_utilization",
        "  min_instances: 1",
        "  max_instances: 3",
    ]
    assert len(told["mistakes"]) == 2


def test_an_aks_service_is_told_in_its_own_words(script, write, finish):
    """Keys of deploymentconfig.json, and the mistake in its own words, too."""
    write("inferenceconfig.json", '{"entryScript": "score.py", "sourceDirectory": "."}')
    write("deploymentconfig.json", '{"computeType": "AKS", "maxConcurrentRequestsPerContainer": 2}')

    ended = finish("capacity", "deploymentconfig.json", "--rps", "15", *QUICKLY)

    assert re.search(r'^      "maxReplicas": 3, +# 15 requests/s', ended.out, re.MULTILINE)
    assert "mistake   maxConcurrentRequestsPerContainer is 2 and WORKER_COUNT 1: it queues" in ended.out


def test_as_many_workers_are_measured_as_are_asked_for(script, finish):
    """With --concurrency 2 both answer at once, as they would there."""
    told = json.loads(finish("capacity", "score.py", "--rps", "20", "--concurrency", "2", "--json", *QUICKLY).out)

    assert (told["measured"]["workers"], told["load"]["concurrency"], told["replicas"]) == (2, 2, 2)
    assert told["measured"]["latency_s"] == pytest.approx(0.1, abs=0.05)


def test_without_a_rate_it_says_what_is_carried(script, finish):
    """1 * 1 * 0.7 / 0.1 s; a latency that was typed counts for more than the measured one."""
    ended = finish("capacity", "score.py", "--latency", "0.2", *QUICKLY)

    assert ended.out.splitlines()[0] == "3.5 requests/s: 1 instance * 1 at once * 0.7 / 0.2 s"


def test_nothing_stands_before_the_server_while_it_is_measured(script, write, finish):
    """A time limit would cut the very request that is to be measured; that it would is a mistake to be told."""
    ended = finish("capacity", "score.py", "--set", "limits.request_timeout_ms=50", *QUICKLY)

    assert ended.code == 0
    assert re.search(r"mistake   the slowest request took 0\.1\d* s, and the cloud waits for 0\.05 s", ended.out)


@pytest.mark.parametrize(
    ("text", "words", "message"),
    [
        pytest.param(
            "def init():\n    raise ValueError('no')\n\ndef run(data): ...\n",
            [],
            "score.py:2: init() raised ValueError: no. amlemu check says more.",
            id="does-not-start",
        ),
        pytest.param(
            "import os\n\ndef init():\n    os.abort()\n\ndef run(data): ...\n",
            [],
            "score.py: the worker was killed by SIGABRT while the script was loading, at score.py:4;",
            id="dies",
        ),
        pytest.param(
            "import time\n\ndef init():\n    time.sleep(60)\n\ndef run(data): ...\n",
            ["--set", "probes.liveness_initial_delay=1", "--set", "probes.liveness_period=0.01"],
            "would have been killed at 1.3 s: init() was still at score.py:4. amlemu check says more.",
            id="never-starts",
        ),
        pytest.param(
            "def init(): ...\n\ndef run(data):\n    return {}['x']\n",
            [],
            "it starts, but sample-request.json fails: run() raised KeyError: 'x' (score.py:4). amlemu check says more.",
            id="does-not-answer",
        ),
    ],
)
def test_a_script_that_cannot_be_measured(script, write, start, text, words, message):
    """3; the cause is that of amlemu check."""
    write("score.py", text)
    command = start("capacity", "score.py", "--rps", "2", "--json", *words)

    ended = command.finish()

    assert (ended.code, ended.out) == (3, "")
    assert ended.err.splitlines()[-1].startswith(f"amlemu: {message}")
    command.until_alone()
    assert command.left_behind() == []

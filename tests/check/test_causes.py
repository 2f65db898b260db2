"""
The rows of contract 6.4 that show on one machine: a broken deployment each, checked by the real command. Its exit code is 3, and the
first line that it prints says what is wrong, where, and what the cloud calls it: today's word, and the one of 2021.

Images that cannot be built or found belong to the container's tests; quota, roles and networks cannot be reproduced.
"""

from __future__ import annotations

import re

import pytest
from amlemu.check import causes
from amlemu_harness.troubles import NoSuchImage, RegistryUnreachable

from .conftest import CONDA, DEPLOYMENT, KUBERNETES, SCRIPT

EATS = """
    def init():
        bytearray(300_000_000)

    def run(data):
        return 1
"""
SLEEPS = """
    import time

    def load_model():
        time.sleep(60)

    def init():
        load_model()

    def run(data):
        return 1
"""
FOR_EVER = "; the server starts another one for ever, and nothing ever answers the probe"
NODES = """
    - {name: a, cpu: 4, memory: 16Gi}
    - {name: b, cpu: 4, memory: 16Gi}
    - {name: c, cpu: 4, memory: 16Gi}
"""
NODE_WITH_GPU = """
    resources:
      requests: {cpu: "1", memory: 1Gi, nvidia.com/gpu: "1"}
      limits: {cpu: "1", memory: 1Gi, nvidia.com/gpu: "1"}
"""
OF_2021 = """
    name: credit
    type: online
    traffic: {blue: 100}
    deployments:
      - name: blue
        model: {name: credit, version: 1, local_path: model.txt}
        code_configuration: {code: {local_path: .}, scoring_script: score.py}
        environment: {name: credit, version: 1, path: ., conda_file: file:conda.yml, docker: {image: ubuntu}}
        instance_type: Standard_F2s_v2
        resource_requirements: {cpu: 1, memory: 64Gi}
        scale_settings: {scale_type: manual, instance_count: 1, min_instances: 1, max_instances: 1}
"""


@pytest.fixture
def fails(finish):
    """Check, and hold the first line against these words; `...` stands for what differs from run to run, such as the bytes of a worker."""

    def fails(told: str, *words: str, file: str = "deployment.yml") -> list[str]:
        ended = finish("check", file, *words)

        first, *others = ended.out.splitlines() or [ended.err]
        assert re.fullmatch(re.escape(f"fails: {told}").replace(r"\.\.\.", ".+"), first), first
        assert ended.code == 3
        return others

    return fails


# rows about packages and the script


def test_a_package_is_missing_in_the_conda_file(deploy, fails):
    """ERR_2200, UserScriptImportError; also where this machine has it, and the script starts here."""
    deploy("import httpx\n" + SCRIPT.replace("\n    ", "\n"))

    rest = fails(
        "score.py:1: score.py imports httpx, which nothing in conda.yml installs: it fails as the script is loaded"
        "  [ResourceNotReady, UserScriptImportError; ERR_2200 in 2021]"
    )

    assert rest[0] == "  fix     Add httpx to conda.yml."
    assert rest[1].startswith("  boot    ready after ")


def test_the_inference_server_is_missing(deploy, fails):
    """ERR_2200: `exec: gunicorn: not found`."""
    deploy(conda=CONDA.replace("azureml-inference-server-http", "joblib"))

    fails(
        "conda.yml: conda.yml asks neither for azureml-inference-server-http nor for azureml-defaults,"
        " so nothing in the container can serve the script  [ResourceNotReady; ERR_2200 in 2021]"
    )


def test_a_syntax_error(deploy, fails):
    """ERR_2200; nothing had to be run for it, and init() was not reached."""
    deploy("def init(:\n")

    rest = fails(
        "score.py:1: not valid Python: invalid syntax  [ResourceNotReady, UserScriptImportError; ERR_2200 in 2021]"
    )

    assert any(re.fullmatch(r"  time    .+: imports .+, init\(\) was not reached", line) for line in rest)


def test_init_raises(deploy, fails):
    """ERR_2200, UserScriptInitFailed; with the user's own traceback."""
    deploy("def init():\n    raise ValueError('no licence')\n\ndef run(data): ...\n")

    rest = fails(
        "score.py:2: init() raised ValueError: no licence  [ResourceNotReady, UserScriptInitFailed; ERR_2200 in 2021]"
    )

    assert rest[0] == "  Traceback (most recent call last):"
    assert re.fullmatch(r'    File "/.+/score.py", line 2, in init', rest[1])


def test_an_aks_container_that_ends_is_said_so(deploy_v1, fails):
    """Contract 2.3: of v1 nobody said ResourceNotReady."""
    deploy_v1("def init():\n    raise ValueError('no licence')\n\ndef run(data): ...\n", '{"computeType": "AKS"}')

    fails(
        "score.py:2: init() raised ValueError: no licence  [CrashLoopBackOff, exit code 111]",
        file="deploymentconfig.json",
    )


@pytest.mark.parametrize(("script", "name"), [("def run(data): ...\n", "init"), ("def init(): ...\n", "run")])
def test_a_function_is_missing(deploy, fails, script, name):
    """UserScriptFunctionNotFound, for either."""
    deploy(script)

    fails(
        f"score.py:1: the module was imported, but it has no {name}()"
        "  [ResourceNotReady, UserScriptFunctionNotFound; ERR_2200 in 2021]"
    )


# rows about the model


def test_the_model_path_is_wrong(deploy, fails):
    """ERR_2200 where init() raises; what is there, and what was probably meant, is told."""
    deploy(SCRIPT.replace("model.txt", "modell.txt"))

    rest = fails(
        "score.py:5: init() raised FileNotFoundError: [Errno 2] No such file or directory: '...modell.txt'"
        "  [ResourceNotReady, UserScriptInitFailed; ERR_2200 in 2021]"
    )

    assert rest[0].startswith("  fix     Looked for ")
    assert "model.txt?" in rest[1]


def test_the_model_is_absent(deploy, fails, tmp_path):
    """ERR_1300: seen before anything is started."""
    deploy()
    (tmp_path / "model.txt").unlink()

    rest = fails("deployment.yml:4: the model model.txt is not there  [BadArgument; ERR_1300 in 2021]")

    assert not any(line.startswith("  time") for line in rest)


def test_the_disk_is_full(deploy, fails, tmp_path):
    """ERR_1350, OutOfQuota: the models' size against a configured one."""
    deploy()
    (tmp_path / "model.txt").write_bytes(bytes(3 << 20))

    fails("the models take 3 MB, and --disk-gb allows 2 MB  [OutOfQuota; ERR_1350 in 2021]", "--disk-gb", "0.002")


# rows about the platform


def test_init_is_slower_than_the_probe_allows(deploy, fails):
    """ResourceNotReady; here after 1 + 2 x 0.5 s instead of 10 + 30 x 10."""
    more = "    liveness_probe: {initial_delay: 1, period: 1, failure_threshold: 2}\n"
    deploy(SLEEPS, more)

    rest = fails(
        "would have been killed at 2 s: init() was still in load_model (score.py:4)"
        "  [ResourceNotReady, Liveness probe failed; ERR_2200 in 2021]",
        *("--set", "probes.liveness_period=0.5"),
    )

    assert rest[0].startswith("  fix     Load less, or say more patience: liveness_probe with a larger initial_delay")


def test_the_probe_asks_at_a_wrong_path(deploy, fails):
    """ResourceNotReady, 424: nothing answers there."""
    routes = """
      inference_config:
        liveness_route: {port: 5001, path: /health}
        readiness_route: {port: 5001, path: /}
        scoring_route: {port: 5001, path: /score}
"""
    image = "minimal-ubuntu22.04-py310-cpu-inference:latest"
    deploy(deployment=DEPLOYMENT.replace("openmpi4.1.0-ubuntu20.04:latest", image + routes.rstrip()))

    fails(
        "deployment.yml:11: the liveness probe asks for /health on port 5001, and the image's server has /, /swagger.json,"
        " /score there: 404  [ResourceNotReady, Liveness probe failed, 424; ERR_2200 in 2021]"
    )


def test_the_memory_is_too_small(write, fails):
    """CrashLoopBackOff; the kernel ends the worker, and the server starts another one for ever."""
    write("score.py", EATS)

    rest = fails(
        "memory ran out while the script was loading: it had ..., and --memory-gb allows ..."
        "  [ResourceNotReady, CrashLoopBackOff; ERR_2200 in 2021]",
        *("--memory-gb", "0.1"),
        file="score.py",
    )

    assert rest[0].startswith("  fix     Give it more")


def test_the_memory_of_a_pod_is_too_small(deploy, fails):
    """PodOutOfMemory; the limit is what the deployment's resources say."""
    deploy(EATS, "    resources: {limits: {memory: 100Mi}}\n", KUBERNETES)

    fails(
        "memory ran out while the script was loading: it had ..., and deployment.yml:14 allows ..."
        "  [ResourceNotReady, CrashLoopBackOff, PodOutOfMemory; ERR_2200 in 2021]"
    )


def test_the_memory_of_a_v1_container_is_too_small(deploy_v1, fails):
    """Contract 2.3: `Booting worker with pid`, again and again, in a container that does not end."""
    deploy_v1(EATS, '{"computeType": "ACI",\n "containerResourceRequirements": {"cpu": 1, "memoryInGB": 0.1}}')

    fails(
        "memory ran out while the script was loading: it had ..., and deploymentconfig.json:2 allows ..."
        "  [AciDeploymentFailed, CrashLoopBackOff]",
        file="deploymentconfig.json",
    )


def test_a_segfault_in_init(deploy, fails):
    """The same endless respawn, and only the probe notices; the stack says where."""
    deploy("import ctypes\n\ndef init():\n    ctypes.string_at(0)\n\ndef run(data): ...\n")

    rest = fails(
        f"score.py: the worker was killed by SIGSEGV while the script was loading, at score.py:4{FOR_EVER}"
        "  [ResourceNotReady, Liveness probe failed; ERR_2200 in 2021]"
    )

    assert sum(line.startswith("  score | Fatal Python error: ") for line in rest) == 1


def test_os_exit_in_init(deploy, fails):
    """As a segfault; without a stack the doctor's reading tells the place."""
    deploy("import os\n\ndef init():\n    os._exit(7)\n\ndef run(data): ...\n")

    rest = fails(
        f"score.py:4: the worker ended with exit code 7 while the script was loading{FOR_EVER}"
        "  [ResourceNotReady, Liveness probe failed; ERR_2200 in 2021]"
    )

    assert rest[0] == "  fix     The script, or a library, probably called os._exit(7)."


def test_os_exit_with_gunicorns_own_code(deploy, fails):
    """Contract 3.4: 3 and 4 mean a failure to boot to gunicorn, whoever chose them, so the container ends; nobody said which failure."""
    deploy("import os\n\ndef init():\n    os._exit(4)\n\ndef run(data): ...\n")

    fails(
        "score.py:4: the process ended with exit code 4 while the script was loading  [ResourceNotReady; ERR_2200 in 2021]"
    )


def test_the_instance_is_too_small(deploy, write, fails):
    """ERR_2100, OutOfQuota: asked for against a table of machines."""
    deploy()
    write("endpoint.yml", OF_2021)

    fails(
        "endpoint.yml:10: the container wants 64 GB of memory, and Standard_F2s_v2 has 4 GB"
        "  [BadArgument, OutOfQuota; ERR_2100 in 2021]",
        file="endpoint.yml",
    )


def test_no_node_has_what_a_pod_asks_for(deploy, write, fails):
    """Couldn't Schedule, with the scheduler's line of contract 2.3; that it would start is said beside it."""
    without_type = KUBERNETES.replace("    instance_type: defaultinstancetype\n", "    instance_type: gpu\n")
    deploy(more=NODE_WITH_GPU, deployment=without_type)
    write("nodes.yml", NODES)

    rest = fails(
        "Couldn't Schedule because the kubernetes cluster didn't have available resources after trying for 00:05:00:"
        " 0/3 nodes are available: 3 Insufficient nvidia.com/gpu  [OutOfQuota, PodUnschedulable]",
        *("--cluster", "nodes.yml"),
    )

    assert rest[1].startswith("  boot    ready after ")


# rows about images, whose words the harness finds


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (NoSuchImage, ("BadArgument, ImagePullLoopBackOff", "ERR_1200")),
        (RegistryUnreachable, None),
    ],
    ids=["image-not-found", "registry-out-of-reach"],
)
def test_there_is_no_image(kind, words):
    """A registry that this machine does not reach says nothing of the cloud."""
    cause = causes.not_made(kind("there is no such image", where="base:1"))

    assert cause.told == "base:1: there is no such image"
    assert (cause.cloud and (cause.cloud.today, cause.cloud.in_2021)) == words

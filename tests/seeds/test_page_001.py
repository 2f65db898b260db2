"""
"Troubleshoot Docker deployment of models" of 2020-08-06, pages 001 and 002, which are one page in two languages: what is not word for word
in the page before.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from amlemu import profile_file
from amlemu.autoscale import Scale, ScaleRule, look

from ..conftest import Command
from . import items
from .typed import Said, typed

PAGE = items.page("001")
proves, proves_002 = items.of("001"), items.of("002")
EATS = """
    def init():
        bytearray(300_000_000)

    def run(data):
        return 1
"""
NEEDS = '{"entryScript": "score.py", "sourceDirectory": "."}'
ACI = '{"computeType": "ACI",\n "containerResourceRequirements": {"cpu": 1, "memoryInGB": 0.1}}'
LOG = "".join(f"{PAGE.text(31).replace('<pid>', str(pid))}\n" for pid in (11, 12, 13, 14))


@proves(31)
def test_booting_worker_again_and_again_is_too_little_memory(explained: Said, start: Callable[..., Command]):
    """By the line alone, and where it is found in a log that is piped."""
    said = explained(PAGE.text(31))
    piped = start("explain", shell=f"printf '{LOG}' | \"$@\"").finish()

    assert "the worker is killed, nearly always because memory runs out" in said
    assert "more memory_gb (v1)" in said
    assert piped.code == 0
    assert "memory" in piped.out.splitlines()[0], piped.out


@proves(32, 33)
def test_memory_gb_of_the_deployment_config_is_what_ran_out(write: Callable[[str, str], Path], tmp_path: Path):
    """It is looked at before the cloud does; the line that says it is named."""
    write("score.py", EATS)
    write("inferenceconfig.json", NEEDS)
    write("deploymentconfig.json", ACI)

    ended = typed(tmp_path, "check", "deploymentconfig.json")

    assert ended.code == 3
    assert "memory ran out while the script was loading" in ended.out
    assert "deploymentconfig.json:2 allows" in ended.out
    assert "[AciDeploymentFailed, CrashLoopBackOff]" in ended.out


@proves(51)
def test_replicas_are_added_within_a_second_and_removed_after_a_minute():
    """The front end of 2020 looks once a second; one busy replica is 100 %, and above 70 %."""
    scale = profile_file.load("aks").scale
    rule = ScaleRule(1, 10, 70, scale.refresh_ms / 1000, scale.shrink_after_ms / 1000)

    grown = look(rule, Scale(1), 0.0, 1, 0)
    later = [look(rule, grown, 0.0, 0, 0)]
    for now_s in (59.0, 60.0):
        later.append(look(rule, later[-1], now_s, 0, 0))

    assert rule.refresh_s == 1.0
    assert grown.replicas == 2
    assert [one.replicas for one in later] == [2, 2, 1]


@proves(54)
def test_a_lower_target_and_more_replicas_at_least_work_together():
    """Two that are busy of three are above 30 %, and there are three at the least."""
    rule = ScaleRule(3, 10, 30)

    assert look(rule, Scale(3), 0.0, 0, 0).replicas == 3
    assert look(rule, Scale(3), 0.0, 2, 0).replicas == 7


@proves_002(38, 39)
def test_0_of_3_nodes_means_that_3_lack_a_gpu(explained: Said):
    """In the words of the scheduler."""
    assert explained("0/3 nodes are available: 3 Insufficient nvidia.com/gpu").startswith(
        "no node has room for the pod: 0/3 nodes are available, 3 Insufficient nvidia.com/gpu"
    )

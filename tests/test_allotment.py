"""What one replica may use: the options', else the files', else Azure's; and who says so."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from amlemu import allotment, profile_file
from amlemu.azure import files
from amlemu.azure.description import Description
from amlemu.cluster import Node, Pod
from amlemu.errors import UsageError
from amlemu.memory import MemoryRules

GIB = 1 << 30
BARE, KUBERNETES, MANAGED = (profile_file.load(name) for name in ("bare", "kubernetes", "managed"))


@pytest.fixture
def describe(tmp_path: Path) -> Callable[..., Description]:
    """Read a deployment's file, beside a script."""

    def describe(text: str, name: str = "deployment.yml") -> Description:
        (tmp_path / "score.py").write_text("def init(): pass\ndef run(data): return data\n", encoding="utf-8")
        (tmp_path / name).write_text(textwrap.dedent(text), encoding="utf-8")
        return files.describe(tmp_path / name, wanted="")

    return describe


POD = """
    $schema: https://azuremlschemas.azureedge.net/latest/kubernetesOnlineDeployment.schema.json
    name: blue
    type: kubernetes
    endpoint_name: e
    code_configuration: {code: ., scoring_script: score.py}
    environment: {image: x}
    resources:
      requests: {cpu: "0.5", memory: "1Gi"}
      limits: {cpu: "1", memory: "2Gi"}
    instance_count: 1
"""


def test_the_option_is_in_gigabytes_of_azure() -> None:
    """2^30 bytes; where a process ends alone, nothing waits."""
    assert allotment.memory(BARE, 0.5, None) == MemoryRules(GIB // 2, "--memory-gb", is_whole=False)


def test_where_the_container_ends_it_waits_as_the_profile_says() -> None:
    """Contract 2.3, CrashLoopBackOff: 10 s, and 300 s at most."""
    assert allotment.memory(KUBERNETES, 1, None) == MemoryRules(GIB, "--memory-gb", True, 10, 300)


def test_the_waits_can_be_compressed() -> None:
    """For tests, and for the impatient."""
    quick = profile_file.load("kubernetes", {"restarts.first_ms": "20", "restarts.longest_ms": "50"})
    rules = allotment.memory(quick, 1, None)

    assert rules is not None
    assert [rules.wait_s(restarts) for restarts in range(4)] == [0, 0.02, 0.04, 0.05]


def test_who_has_said_nothing_has_no_limit() -> None:
    assert allotment.memory(MANAGED, None, None) is None


def test_a_pod_s_limit_is_the_file_s_with_its_place(describe: Callable[..., Description]) -> None:
    """The message of its end names the line."""
    rules = allotment.memory(KUBERNETES, None, describe(POD))

    assert rules is not None
    assert rules.limit_bytes == 2 * GIB
    assert rules.giver.endswith("deployment.yml:10")


def test_the_option_beats_the_file(describe: Callable[..., Description]) -> None:
    """Also when it was said in a file of settings; then that is who says so."""
    rules = allotment.memory(KUBERNETES, 0.25, describe(POD), "amlemu.toml: memory_gb")

    assert rules is not None
    assert (rules.limit_bytes, rules.giver) == (GIB // 4, "amlemu.toml: memory_gb")


@pytest.mark.parametrize("size", [0, -1, 0.001, math.inf, math.nan])
def test_memory_that_nothing_runs_in_is_refused(size: float) -> None:
    with pytest.raises(UsageError) as caught:
        allotment.memory(BARE, size, None)

    assert str(caught.value) == (
        f"--memory-gb: {size:g} is no memory to run in. Expected GB, 0.01 or more: 0.5 is 512 MB."
    )


@pytest.mark.parametrize("number", [0, -2, math.inf, math.nan])
def test_processors_that_are_none_are_refused(number: float) -> None:
    with pytest.raises(UsageError, match=r"^--cpu: .* is no number of processors. Expected more than 0, such as 2.$"):
        allotment.cpus(number)


@pytest.mark.parametrize("number", [None, 0.1, 2.0])
def test_any_other_number_of_processors_is_one(number: float | None) -> None:
    assert allotment.cpus(number) == number


def test_nodes_are_read_where_there_is_a_cluster(tmp_path: Path) -> None:
    """Nobody names any: there is room for everybody."""
    (tmp_path / "nodes.yml").write_text("- {name: a, cpu: 4, memory: 16Gi, gpu: 1}\n", encoding="utf-8")
    path = str(tmp_path / "nodes.yml")

    assert allotment.nodes(KUBERNETES, path) == (Node("a", 4, 16 * GIB, 1),)
    assert allotment.nodes(KUBERNETES, None) is None
    with pytest.raises(UsageError) as caught:
        allotment.nodes(MANAGED, path)
    assert str(caught.value) == (
        "--cluster: profile managed has no nodes of yours. Add --profile kubernetes, or leave it out."
    )


def test_a_pod_asks_for_what_the_options_say_then_the_file(describe: Callable[..., Description]) -> None:
    """Requests, not limits, are what the scheduler looks at."""
    said = describe(POD)

    assert allotment.pod(said, None, None) == Pod(0.5, GIB)
    assert allotment.pod(said, 0.25, 3) == Pod(3, GIB // 4)
    assert allotment.pod(said, None, 3) == Pod(3, GIB)


def test_a_script_alone_asks_for_what_a_cluster_gives_who_says_nothing() -> None:
    """The requests of `defaultinstancetype` (how-to-manage-kubernetes-instance-types, 2025-07-23): 100m, 2Gi."""
    assert allotment.pod(None, None, None) == Pod(0.1, 2 * GIB)

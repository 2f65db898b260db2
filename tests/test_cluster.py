"""Nodes from files, pods on nodes, and the scheduler's words where there is no room."""

from __future__ import annotations

import json

import pytest
from amlemu.cluster import NOT_SCHEDULED, Cluster, Node, Pod, load
from amlemu.errors import UsageError
from hypothesis import given
from hypothesis import strategies as st

GIB = 1 << 30

# What kubectl prints, shortened.
PRINTED = """\
apiVersion: v1
items:
- apiVersion: v1
  kind: Node
  metadata:
    labels:
      kubernetes.azure.com/agentpool: gpupool
    name: aks-gpupool-41732-vmss000000
  status:
    allocatable:
      cpu: 5840m
      ephemeral-storage: "119716326407"
      hugepages-1Gi: "0"
      memory: 111Gi
      nvidia.com/gpu: "1"
      pods: "30"
    capacity:
      cpu: "6"
      memory: 115388980Ki
      nvidia.com/gpu: "1"
      pods: "30"
- apiVersion: v1
  kind: Node
  metadata:
    name: aks-nodepool1-11111-vmss000000
  status:
    allocatable:
      cpu: 1900m
      memory: 4670832Ki
      pods: "110"
kind: List
metadata:
  resourceVersion: ""
"""


@pytest.fixture
def nodes_of(tmp_path):
    """Give what a file with this text says."""

    def read(text, name="nodes.yml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return load(path)

    return read


def place_all(nodes, pod, most=100):
    """Return how many found a place, and what was said of the next one."""
    cluster = Cluster(nodes)
    for number in range(most):
        if why := cluster.place(pod):
            return number, why
    raise AssertionError("they all found one")


def test_the_words_of_the_pages():
    """Contract 2.3: three nodes without a GPU that is free."""
    nodes = [Node(f"node-{number}", 4, 16 * GIB) for number in range(3)]

    assert Cluster(nodes).place(Pod(1, GIB, 1)) == "0/3 nodes are available: 3 Insufficient nvidia.com/gpu"
    assert (
        NOT_SCHEDULED
        == "Couldn't Schedule because the kubernetes cluster didn't have available resources after trying for 00:05:00"
    )


@pytest.mark.parametrize(
    ("pod", "said"),
    [
        pytest.param(Pod(9), "2 Insufficient cpu", id="cpu"),
        pytest.param(Pod(0, 99 * GIB), "2 Insufficient memory", id="memory"),
        pytest.param(Pod(0, 0, 3), "2 Insufficient nvidia.com/gpu", id="gpu"),
        pytest.param(Pod(3, 20 * GIB), "1 Insufficient cpu, 1 Insufficient memory", id="each-lacks-another"),
        pytest.param(Pod(9, 0, 1), "1 Insufficient nvidia.com/gpu, 2 Insufficient cpu", id="a-node-lacks-two"),
    ],
)
def test_reasons_are_counted_and_sorted(pod, said):
    """One node is wide and has little memory, the other one is narrow, and has memory and a GPU."""
    nodes = [Node("wide", 8, 8 * GIB), Node("narrow", 2, 32 * GIB, 1)]

    assert Cluster(nodes).place(pod) == f"0/2 nodes are available: {said}"


def test_reasons_are_sorted_as_texts():
    """As Go does it: ten before two."""
    nodes = [Node(f"node-{number}", 1, GIB, gpus=int(number < 10)) for number in range(12)]

    assert (
        Cluster(nodes).place(Pod(1, 2 * GIB, 1))
        == "0/12 nodes are available: 12 Insufficient memory, 2 Insufficient nvidia.com/gpu"
    )


def test_a_node_takes_so_many_pods():
    """Kubernetes' default is 110."""
    assert place_all([Node("small", 64, 64 * GIB, 0, 3)], Pod(0.1)) == (3, "0/1 nodes are available: 1 Too many pods")
    assert place_all([Node("large", 64, 64 * GIB)], Pod(), 200)[0] == 110


def test_pods_go_where_the_most_is_left():
    """One on each: there is no whole node left for a third that needs one."""
    cluster = Cluster([Node("a", 2, 16 * GIB), Node("b", 2, 16 * GIB)])

    assert [cluster.place(Pod(1, GIB)), cluster.place(Pod(1, GIB))] == ["", ""]
    assert cluster.place(Pod(2, GIB)) == "0/2 nodes are available: 2 Insufficient cpu"


@pytest.mark.parametrize(("share", "count"), [(0.1, 10), (0.3, 3), (0.29, 3), (0.0004, 110), (1, 1)])
def test_parts_of_a_processor_add_up_exactly(share, count):
    """Ten tenths are one; less than a thousandth is a thousandth, as Kubernetes counts them."""
    assert place_all([Node("node", 1, GIB)], Pod(share), 200)[0] == count


def test_a_pod_smaller_than_a_thousandth_takes_one():
    assert place_all([Node("node", 0.01, GIB)], Pod(0.0004))[0] == 10


def test_what_is_removed_gives_its_room_back():
    """And only then is there room."""
    cluster, pod = Cluster([Node("node", 4, 16 * GIB, 1)]), Pod(1, GIB, 1)
    assert cluster.place(pod) == ""
    assert cluster.place(pod) == "0/1 nodes are available: 1 Insufficient nvidia.com/gpu"
    cluster.remove(pod)

    assert cluster.place(pod) == ""


PODS = st.builds(
    Pod, st.integers(0, 4000).map(lambda millis: millis / 1000), st.integers(0, 8 * GIB), st.integers(0, 2)
)
NODES = st.lists(
    st.builds(
        Node,
        st.just("node"),
        st.integers(1, 8000).map(lambda millis: millis / 1000),
        st.integers(1 << 20, 16 * GIB),
        st.integers(0, 3),
        st.integers(1, 5),
    ),
    min_size=1,
    max_size=4,
)


@given(NODES, st.lists(st.tuples(PODS, st.booleans()), max_size=30))
def test_no_node_is_given_more_than_it_has(nodes, steps):
    """Whatever comes and goes; and a pod is refused only where no node has room for it."""
    cluster, placed = Cluster(nodes), []
    for pod, goes in steps:
        if goes and placed:
            cluster.remove(placed.pop())
        elif not cluster.place(pod):
            placed.append(pod)
        else:
            assert all(not has_room(room.node, [*room.pods, pod]) for room in cluster._rooms)
        assert sorted(map(str, placed)) == sorted(str(pod) for room in cluster._rooms for pod in room.pods)
        assert all(has_room(room.node, room.pods) for room in cluster._rooms)


def has_room(node: Node, pods: list[Pod]) -> bool:
    """In thousandths of a processor, which all these are."""
    cpus = sum(round(pod.cpus * 1000) for pod in pods) <= round(node.cpus * 1000)
    memory = sum(pod.memory_bytes for pod in pods) <= node.memory_bytes
    return cpus and memory and sum(pod.gpus for pod in pods) <= node.gpus and len(pods) <= node.pods


@given(NODES, PODS)
def test_after_all_are_removed_there_is_as_much_room_as_before(nodes, pod):
    cluster, count = Cluster(nodes), 0
    while not (why := cluster.place(pod)):
        count += 1
    for _ in range(count):
        cluster.remove(pod)

    assert place_all(cluster_of(cluster), pod) == (count, why)
    assert [cluster.place(pod) for _ in range(count)] == [""] * count
    assert cluster.place(pod) == why


def cluster_of(cluster: Cluster) -> list[Node]:
    return [room.node for room in cluster._rooms]


def test_to_remove_what_is_not_there_changes_nothing():
    """A replica that never had a place."""
    cluster = Cluster([Node("node", 1, GIB)])
    cluster.place(Pod(1))
    cluster.remove(Pod(0.5))

    assert cluster.place(Pod(0.5)) == "0/1 nodes are available: 1 Insufficient cpu"


def test_a_list_that_somebody_writes(nodes_of):
    """Amounts are Kubernetes' own; what is not said is its default, or nothing."""
    text = "nodes:\n  - {name: big, cpu: 4, memory: 16Gi, gpu: 1, pods: 30}\n  - {cpu: 500m, memory: 512Mi}\n"

    assert nodes_of(text) == [Node("big", 4, 16 * GIB, 1, 30), Node("node-1", 0.5, 512 << 20, 0, 110)]


def test_a_list_needs_no_name_above_it(nodes_of):
    assert nodes_of("- {cpu: 1, memory: 1Gi}\n") == [Node("node-0", 1, GIB)]


def test_equal_nodes_are_written_once(nodes_of):
    """`count` of them, each with a name of its own."""
    found = nodes_of("nodes: [{name: small, cpu: 2, memory: 7Gi, count: 3}]")

    assert found == [Node(f"small-{number}", 2, 7 * GIB) for number in range(3)]


def test_a_node_may_be_a_machine_of_azure(nodes_of):
    """From the table, in any case; what is said besides counts, such as what the system leaves."""
    found = nodes_of("nodes:\n- instance_type: standard_nc6s_V3\n- {instance_type: Standard_DS3_v2, memory: 12Gi}\n")

    assert found == [Node("node-0", 6, 112 * GIB, 1), Node("node-1", 4, 12 * GIB)]


def test_what_kubectl_prints_is_read(nodes_of):
    """`kubectl get nodes -o yaml`: what is allocatable, not the whole of it."""
    assert nodes_of(PRINTED) == [
        Node("aks-gpupool-41732-vmss000000", 5.84, 111 * GIB, 1, 30),
        Node("aks-nodepool1-11111-vmss000000", 1.9, 4670832 << 10, 0, 110),
    ]


def test_what_kubectl_prints_of_one_node_is_read(nodes_of):
    """`kubectl get node NAME -o json`: no list."""
    node = {"metadata": {"name": "one"}, "status": {"allocatable": {"cpu": "2", "memory": "7Gi", "pods": "110"}}}

    assert nodes_of(json.dumps({"kind": "Node", **node}), "node.json") == [Node("one", 2, 7 * GIB)]


FORM = "Expected name, cpu, memory, gpu, pods, count, instance_type, such as cpu: 4, memory: 16Gi."


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        pytest.param("nodes:\n- node-0\n", 2, f"this is no node. {FORM}", id="no-mapping"),
        pytest.param("nodes:\n- cpu: 4\n", 2, f"a node without memory. {FORM}", id="no-memory"),
        pytest.param("nodes:\n- memory: 4Gi\n", 2, f"a node without cpu. {FORM}", id="no-cpu"),
        pytest.param("- cpu: 4\n  memory: 16GB\n", 2, f"memory: '16GB' is no amount. {FORM}", id="unknown-unit"),
        pytest.param("- cpu: -1\n  memory: 1Gi\n", 1, f"cpu: -1 is no amount. {FORM}", id="negative"),
        pytest.param("- cpu: 0\n  memory: 1Gi\n", 1, f"cpu: 0 is less than a node has. {FORM}", id="zero"),
        pytest.param("- cpu: yes\n  memory: 1Gi\n", 1, f"cpu: True is no amount. {FORM}", id="not-a-number"),
        pytest.param("- cpu: [1]\n  memory: 1Gi\n", 1, f"cpu: [1] is no amount. {FORM}", id="a-list"),
        pytest.param("- cpu: 4\n  memory: 16\n", 2, f"memory: 16 is less than a node has. {FORM}", id="16-bytes"),
        pytest.param(
            "- {cpu: 4, memory: 1Gi,\n   gpu: 0.5}\n", 2, f"gpu: 0.5 is no whole number. {FORM}", id="half-a-gpu"
        ),
        pytest.param(
            "- {cpu: 4, memory: 1Gi,\n   count: 0}\n", 2, f"count: 0 is less than a node has. {FORM}", id="none-of-it"
        ),
        pytest.param(
            "- {cpu: 4, memory: 1Gi,\n   count: 1.5}\n",
            2,
            f"count: 1.5 is no whole number. {FORM}",
            id="one-and-a-half",
        ),
        pytest.param(
            "- {cpu: 4, memory: 1Gi,\n   gpus: 1}\n",
            2,
            f"gpus is nothing that a node has here. {FORM}",
            id="unknown-key",
        ),
        pytest.param(
            "- cpu: 4\n  instance_type: Standard_DS3v2\n",
            2,
            "Standard_DS3v2 is not in the table of machines; did you mean Standard_DS3_v2? Say cpu, memory and gpu instead.",
            id="nearest-machine",
        ),
        pytest.param(
            "- cpu: 4\n  instance_type: {}\n",
            2,
            "{} is not in the table of machines. Say cpu, memory and gpu instead.",
            id="no-machine",
        ),
    ],
)
def test_what_is_no_node_is_refused_with_its_line(nodes_of, tmp_path, monkeypatch, text, line, message):
    """And what was expected."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as refused:
        nodes_of(text)

    assert str(refused.value) == f"nodes.yml:{line}: {message}"


def test_kubectls_own_form_is_checked_as_well(nodes_of, tmp_path, monkeypatch):
    """Where somebody has changed it."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as refused:
        nodes_of(PRINTED.replace("cpu: 1900m", "cpu: some"))

    assert str(refused.value) == f"nodes.yml:28: cpu: 'some' is no amount. {FORM}"


@pytest.mark.parametrize(
    "text", ["nodes: []\n", "items: []\nkind: List\n", "cpu: 4\nmemory: 16Gi\n", "nodes: three\n", "3\n"]
)
def test_a_file_without_nodes_is_refused(nodes_of, tmp_path, monkeypatch, text):
    """With what would be one."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as refused:
        nodes_of(text)

    assert str(refused.value) == (
        "nodes.yml: there are no nodes in this file. "
        "Expected nodes: with an entry each, such as {name: node-0, cpu: 4, memory: 16Gi, gpu: 1}."
    )


@pytest.mark.parametrize("count", ["1e9", "5001"])
def test_more_nodes_than_a_cluster_has_are_refused(nodes_of, tmp_path, monkeypatch, count):
    """Before they fill the memory: 5000 are the most that Kubernetes says it takes."""
    monkeypatch.chdir(tmp_path)
    entry = f"- {{cpu: 1, memory: 1Gi, count: {count}}}\n"
    with pytest.raises(UsageError) as refused:
        nodes_of(entry * 50)

    assert str(refused.value) == "nodes.yml: these are more nodes than a cluster has. Expected at most 5000."
    assert len(nodes_of("- {cpu: 1, memory: 1Gi, count: 5000}\n")) == 5000


def test_a_file_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"nodes\.yml: no such file"):
        load(tmp_path / "nodes.yml")

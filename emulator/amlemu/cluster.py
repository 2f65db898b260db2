"""
A cluster of Kubernetes, and which of a deployment's pods find room there: what its scheduler would say, without a cluster.

A file of nodes is a list that somebody writes, or what `kubectl get nodes -o yaml` prints; taints, labels and pods of others are not looked
at. `backends/replicas.py` asks before it starts a replica.

Source: contract 2.3; kubernetes, pkg/scheduler/framework/types.go at commit 00fdf75 (`FitError.Error`: reasons are counted, and sorted as
texts) and plugins/noderesources/fit.go (`Too many pods`, `Insufficient ...`), read 2026-11. The scheduler ends the line with a full stop, and
newer ones add what preemption could not do; here it is as Azure's pages have it. Which node a pod gets, of those with room: the one with the
most left, `assumed`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from amlemu.errors import UsageError
from amlemu.finding import Place, shown

if TYPE_CHECKING:
    from amlemu.azure import machines
    from amlemu.azure.marked import Value

GPU = "nvidia.com/gpu"
NOT_SCHEDULED = (
    "Couldn't Schedule because the kubernetes cluster didn't have available resources after trying for 00:05:00"
)
"""Contract 2.3. Here nobody waits for five minutes: a node that is written down does not come meanwhile."""
_MOST_PODS = 110  # of a node, unless it says otherwise: Kubernetes' own default
_MOST_NODES = 5000  # of a cluster: Kubernetes' documentation, "Considerations for large clusters"
_LEAST_BYTES = 1 << 20  # who writes `memory: 16` means 16Gi, and says 16 bytes
_KEYS = ("name", "cpu", "memory", "gpu", "pods", "count", "instance_type")


@dataclass(frozen=True)
class Node:
    """One node, with what it can give to pods (`allocatable`)."""

    name: str
    cpus: float
    memory_bytes: int
    gpus: int = 0
    pods: int = _MOST_PODS


@dataclass(frozen=True)
class Pod:
    """What one replica asks for; 0 where it asks for nothing."""

    cpus: float = 0.0
    memory_bytes: int = 0
    gpus: int = 0


@dataclass
class _Room:
    """What is left of a node."""

    node: Node
    pods: list[Pod] = field(default_factory=list)

    def lacks(self, pod: Pod) -> list[str]:
        """Return why it cannot take a pod, in the scheduler's words; nothing when it can."""
        node, taken = self.node, self.pods
        reasons = [
            (len(taken) >= node.pods, "Too many pods"),
            (_millis(pod.cpus) > _millis(node.cpus) - sum(_millis(one.cpus) for one in taken), "Insufficient cpu"),
            (pod.memory_bytes > node.memory_bytes - sum(one.memory_bytes for one in taken), "Insufficient memory"),
            (pod.gpus > node.gpus - sum(one.gpus for one in taken), f"Insufficient {GPU}"),
        ]
        return [reason for is_so, reason in reasons if is_so]

    @property
    def share_left(self) -> float:
        """How much of it is free, of processors and memory together."""
        cpus = 1 - sum(one.cpus for one in self.pods) / self.node.cpus
        return cpus + 1 - sum(one.memory_bytes for one in self.pods) / self.node.memory_bytes


class Cluster:
    """Nodes, and the pods that are on them."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._rooms = [_Room(node) for node in nodes]

    def place(self, pod: Pod) -> str:
        """Give a pod its node; returns why there is none, as the scheduler says it, empty when there is."""
        lacking = {id(room): room.lacks(pod) for room in self._rooms}
        fitting = [room for room in self._rooms if not lacking[id(room)]]
        if fitting:
            max(fitting, key=lambda room: room.share_left).pods.append(pod)
            return ""
        counts = Counter(reason for reasons in lacking.values() for reason in reasons)
        reasons = sorted(f"{count} {reason}" for reason, count in counts.items())
        return f"0/{len(self._rooms)} nodes are available: {', '.join(reasons)}"

    def remove(self, pod: Pod) -> None:
        """Take one such pod away again, where there is one."""
        for room in self._rooms:
            if pod in room.pods:
                room.pods.remove(pod)
                return


def load(path: Path) -> list[Node]:
    """
    Read a file of nodes.

    Raises:
        UsageError: not readable, or something in it is no node; says the line.
    """
    from amlemu.azure.marked import read  # most have no such file, and need not wait for what reads it

    entries = _entries(read(path))
    if not entries:
        expected = "Expected nodes: with an entry each, such as {name: node-0, cpu: 4, memory: 16Gi, gpu: 1}."
        raise UsageError("there are no nodes in this file", where=shown(str(path)), expected=expected)
    nodes = (node for number, entry in enumerate(entries) for node in _Reader(path, entry, number).nodes())
    found = list(islice(nodes, _MOST_NODES + 1))
    if len(found) > _MOST_NODES:
        expected = f"Expected at most {_MOST_NODES}."
        raise UsageError("these are more nodes than a cluster has", where=shown(str(path)), expected=expected)
    return found


def _entries(file: Value) -> list[Value]:
    """Return what stands for a node each: in a list, below `nodes` or `items`, or the one that `kubectl get node NAME` prints."""
    if file.get("status", "allocatable") is not None:
        return [file]
    return (file.get("items") or file.get("nodes") or file).values()


class _Reader:
    """Reads one entry of the file."""

    def __init__(self, path: Path, entry: Value, number: int) -> None:
        self._path, self._entry, self._number = path, entry, number

    def nodes(self) -> Iterator[Node]:
        """Yield the node, as often as it is there."""
        if not isinstance(self._entry.content, dict):
            raise self._wrong(self._entry, "this is no node")
        given = self._entry.get("status", "allocatable")
        if given is not None:  # as kubectl prints it
            yield self._node(self._entry.text("metadata", "name") or f"node-{self._number}", given, GPU)
            return
        for key, value in self._entry.items():
            if key not in _KEYS:
                raise self._wrong(value, f"{key} is nothing that a node has here")
        name = self._entry.text("name") or f"node-{self._number}"
        count = self._whole(self._entry, "count", 1)
        for number in range(min(count, _MOST_NODES + 1)):
            yield self._node(f"{name}-{number}" if count > 1 else name, self._entry, "gpu")

    def _node(self, name: str, value: Value, gpu: str) -> Node:
        machine = self._machine()
        return Node(
            name,
            _millis(self._amount(value, "cpu", machine.cpus if machine else None)) / 1000,
            round(self._amount(value, "memory", machine.memory_bytes if machine else None, _LEAST_BYTES)),
            self._whole(value, gpu, machine.gpus if machine else 0, least=0),
            self._whole(value, "pods", _MOST_PODS),
        )

    def _machine(self) -> machines.Machine | None:
        said = self._entry.get("instance_type")
        if said is None:
            return None
        word = str(said.plain)
        from amlemu.azure import machines

        found = machines.find(word)
        if found is None:
            near = machines.nearest(word)
            what = f"{word} is not in the table of machines" + (f"; did you mean {near}?" if near else "")
            raise self._wrong(said, what, "Say cpu, memory and gpu instead.")
        return found

    def _whole(self, value: Value, key: str, default: int, least: int = 1) -> int:
        amount = self._amount(value, key, default, least)
        if amount != round(amount):
            raise self._wrong(value.get(key) or value, f"{key}: {amount:g} is no whole number")
        return round(amount)

    def _amount(self, value: Value, key: str, default: float | None, least: float = 0.001) -> float:
        said = value.get(key)
        if said is None:
            if default is None:
                raise self._wrong(value, f"a node without {key}")
            return default
        from amlemu.azure import amounts

        amount = None if isinstance(said.content, (bool, list, dict)) else amounts.quantity(str(said.content))
        if amount is None:
            raise self._wrong(said, f"{key}: {said.plain!r} is no amount")
        if amount < least:
            raise self._wrong(said, f"{key}: {said.plain!r} is less than a node has")
        return amount

    def _wrong(self, value: Value, what: str, hint: str = "") -> UsageError:
        expected = "" if hint else f"Expected {', '.join(_KEYS)}, such as cpu: 4, memory: 16Gi."
        return UsageError(
            what, where=shown(Place(self._path, value.line or self._entry.line)), expected=expected, hint=hint
        )


def _millis(cpus: float) -> int:
    """Return thousandths of a processor, rounded up as the scheduler does: 0.3 - 0.1 - 0.2 is 0."""
    return ceil(round(cpus * 1000, 6))

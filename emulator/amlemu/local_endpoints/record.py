"""
What is known of an endpoint and its deployments, as it lies on the shelf: values, and their JSON.

The states are Azure's provisioning states (contract 1.7).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from amlemu.errors import UsageError

VERSION = 1
CREATING, UPDATING, DELETING, SUCCEEDED, FAILED = "Creating", "Updating", "Deleting", "Succeeded", "Failed"


VERBS = ("create", "update", "delete")


class OtherVersion(UsageError):
    """A record that another version of amlemu has written, or nobody."""


@dataclass
class Asked:
    """
    What a deployment is made of, as it was asked for.

    Attributes:
        file: a script, or one of Azure's files; absolute.
        options: those of `serve` that were chosen, by name; paths are absolute.
        simulate: a code with which it shall fail, such as ERR_1100; empty: none.
    """

    file: str
    options: dict[str, Any] = field(default_factory=dict)
    simulate: str = ""


@dataclass
class DeploymentRecord:
    """
    One deployment.

    Attributes:
        asked: what serves now, or would; `was_up` says whether that has ever come up.
        state: a provisioning state.
        steps: state by the name of the step, of its last start.
        why: a sentence, for a state that is not Succeeded.
        changed_at: seconds since the epoch.
    """

    asked: Asked
    state: str = CREATING
    steps: dict[str, str] = field(default_factory=dict)
    why: str = ""
    was_up: bool = False
    changed_at: float = 0.0


@dataclass
class Operation:
    """
    One thing that is to be done, is being done, or has been done and nobody was told of yet.

    Attributes:
        id: unlike that of any other.
        verb: `create`, `update` or `delete`.
        deployment: which; empty for the endpoint itself.
        asked: by deployment; those that are to be made, or made anew.
        traffic: percent by deployment, to be set; None leaves it.
        outcome: what the last line of its story says, see `story.py`; None while it is not over.
    """

    id: str
    verb: str
    deployment: str = ""
    asked: dict[str, Asked] = field(default_factory=dict)
    traffic: dict[str, int] | None = None
    outcome: dict[str, Any] | None = None

    @property
    def subject(self) -> str:
        """What it is about, `deployment blue` or `the endpoint`."""
        return f"deployment {self.deployment}" if self.deployment else "the endpoint"

    def is_like(self, other: Operation) -> bool:
        """Tell whether somebody who asks for the one means the other, too."""
        return (self.verb, self.deployment) == (other.verb, other.deployment)


@dataclass
class Record:
    """
    One endpoint.

    Attributes:
        port: where requests come in, chosen for good when the first process starts; 0 until then.
        kind: `managed` or `kubernetes`; empty until something says so.
        auth: None, or one of `credentials.MODES`.
        traffic: percent by deployment; empty where nobody has set it.
        state: of the endpoint itself; that its process is gone, no record can say. `why`: a sentence, where it is Failed.
        operation: the one that is under way, or that nobody was told of.
    """

    name: str
    port: int
    host: str = "127.0.0.1"
    kind: str = ""
    auth: str | None = None
    traffic: dict[str, int] = field(default_factory=dict)
    state: str = CREATING
    why: str = ""
    deployments: dict[str, DeploymentRecord] = field(default_factory=dict)
    operation: Operation | None = None
    created_at: float = 0.0

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {"version": VERSION, **asdict(self)}


def from_data(data: Any, where: str) -> Record:
    """
    Read what `as_data` has written.

    Args:
        where: the file, for the error.

    Raises:
        OtherVersion: it is of another version, or no such record.
    """
    version = data.get("version") if isinstance(data, dict) else None
    if version != VERSION:
        newer = isinstance(version, int) and version > VERSION
        what = f"its state is of version {version}, and this amlemu knows {VERSION}"
        hint = "Take a newer amlemu." if newer else "amlemu endpoint delete removes it; then create it again."
        raise OtherVersion(what, where=where, hint=hint)
    try:
        rest = {name: value for name, value in data.items() if name != "version"}
        deployments = {name: _deployment(one) for name, one in rest.pop("deployments").items()}
        operation = rest.pop("operation")
        return Record(
            **rest, deployments=deployments, operation=None if operation is None else operation_from(operation)
        )
    except (TypeError, KeyError, AttributeError) as error:
        hint = "amlemu endpoint delete removes it; then create it again."
        raise OtherVersion(f"this is no state of an endpoint: {error}", where=where, hint=hint) from error


def operation_from(data: Mapping[str, Any]) -> Operation:
    """Read an operation. Raises TypeError or KeyError where it is none."""
    return Operation(**{**data, "asked": {name: Asked(**one) for name, one in data["asked"].items()}})


def operation_asked(data: Mapping[str, Any]) -> Operation:
    """Read an operation that somebody asks for. Raises TypeError, KeyError or ValueError where it is none, or says too little."""
    found = operation_from(data)
    if found.verb not in VERBS:
        raise ValueError(f"{found.verb!r} is none of {', '.join(VERBS)}")
    if found.verb != "delete" and found.deployment and found.deployment not in found.asked:
        raise ValueError(f"nothing says what {found.deployment} is made of")
    return found


def _deployment(data: Mapping[str, Any]) -> DeploymentRecord:
    return DeploymentRecord(**{**data, "asked": Asked(**data["asked"])})

"""
What may be asked for, given what there is: names, traffic, create only what is not there, update and delete only what is.

Source: contract 1.1 (traffic), 1.5 (names), 5.1; az ml online-endpoint and online-deployment: "create: if it already exists, it will fail".
"""

from __future__ import annotations

from amlemu.azure.names import illegal_name
from amlemu.errors import UsageError
from amlemu.local_endpoints.record import CREATING, FAILED, Operation, Record

_FULL = 100


class NotThere(UsageError):
    """No such endpoint, or no such deployment of it."""


def check_name(word: str, flag: str) -> str:
    """Return the name of an endpoint or deployment. Raises UsageError where Azure would refuse it."""
    cause = illegal_name(word, f"the name{'' if flag == '--name' else ' of the endpoint'}")
    if cause:
        raise UsageError(cause, where=flag, expected="Azure refuses it, too.")
    return word


def check_traffic(traffic: dict[str, int], names: list[str]) -> None:
    """Raises UsageError for traffic that Azure would refuse: to nobody, or not 0 or 100 in sum."""
    there = ", ".join(names) or "none"
    for name, percent in traffic.items():
        if name not in names:
            raise UsageError(f"there is no deployment {name}", where="--traffic", expected=f"There is {there}.")
        if not 0 <= percent <= _FULL:
            raise UsageError(f"{percent} is no percentage", where="--traffic")
    if sum(traffic.values()) not in (0, _FULL):
        what = f"the traffic adds up to {sum(traffic.values())}"
        raise UsageError(what, where="--traffic", expected="Azure takes 0 or 100.")


def check(record: Record, operation: Operation) -> None:
    """Raises UsageError for what cannot be done with what there is."""
    (_check_deployment if operation.deployment else _check_endpoint)(record, operation)
    if operation.traffic is not None:
        check_traffic(operation.traffic, [*record.deployments, *operation.asked])


def _check_endpoint(record: Record, operation: Operation) -> None:
    if operation.verb == "create" and record.state not in (CREATING, FAILED):
        hint = f"amlemu endpoint update -n {record.name} changes it, and amlemu endpoint delete -n {record.name} removes it."
        raise UsageError(f"the endpoint {record.name} exists", where="--name", hint=hint)


def _check_deployment(record: Record, operation: Operation) -> None:
    name, known = operation.deployment, record.deployments.get(operation.deployment)
    if operation.verb == "create":
        if known is not None and known.was_up:
            hint = f"amlemu deployment update -n {name} -e {record.name} changes it."
            raise UsageError(f"the deployment {name} of {record.name} exists", where="--name", hint=hint)
    elif known is None:
        raise no_deployment(record, name)


def no_deployment(record: Record, name: str) -> NotThere:
    """Return what to raise for a deployment that is not there; contract 5.1."""
    there = ", ".join(record.deployments) or "none"
    what = f"Local deployment ({record.name} / {name}) does not exist"
    return NotThere(what, expected=f"There is {there}.")


def no_endpoint(name: str, names: list[str]) -> NotThere:
    """Return what to raise for an endpoint that is not there; contract 5.1."""
    there = f"There is {', '.join(names)}." if names else "There is none in this folder or above it."
    hint = f"amlemu endpoint create -n {name} makes it."
    return NotThere(f"Local endpoint ({name}) does not exist", expected=there, hint=hint)


def is_within(running: Operation, delete: Operation) -> bool:
    """Tell whether a delete makes what is under way needless."""
    return not delete.deployment or (running.verb != "delete" and running.deployment == delete.deployment)

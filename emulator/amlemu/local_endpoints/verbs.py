"""
What one can have done with endpoints and deployments: create, update, delete. Commands and `amlemu.v1` ask for it here.

Each takes `tell`, which hears how it goes, and returns what has become of it; one that does not wait (`waits=False`) comes back as soon as it has
begun, and `follow` tells the rest. All raise UsageError for what cannot be, `caller.KeeperLost`
where the endpoint's process has ended meanwhile, `shelf.Unwritable` where the state cannot be written.
"""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from amlemu.errors import AmlemuError, UsageError
from amlemu.local_endpoints import leftovers, rules
from amlemu.local_endpoints import outcome as outcomes
from amlemu.local_endpoints import shelf as shelves
from amlemu.local_endpoints.caller import Done, KeeperGone, Tell, have_done, is_kept, ports_of_others
from amlemu.local_endpoints.record import (
    DELETING,
    Asked,
    Operation,
    Record,
)
from amlemu.local_endpoints.shelf import Lock, Shelf

_PATIENCE_S = 60.0
_LOOK_AGAIN_S = 0.01


@dataclass(frozen=True)
class NewEndpoint:
    """
    What an endpoint shall be.

    Attributes:
        port: None is the first free one from 5101.
        kind: name of a profile; empty leaves it to its deployments.
        asked: its deployments.
        traffic: percent by deployment; None where nobody has said.
        remarks: what a person should know of it, a sentence each.
    """

    name: str
    port: int | None = None
    kind: str = ""
    auth: str | None = None
    asked: Mapping[str, Asked] = field(default_factory=dict)
    traffic: dict[str, int] | None = None
    remarks: tuple[str, ...] = ()


def create_endpoint(wanted: NewEndpoint, tell: Tell, *, waits: bool = True) -> Done:
    """Create an endpoint, with its deployments; one that was never finished is begun anew."""
    for name in (wanted.name, *wanted.asked):
        rules.check_name(name, "--name")
    rules.check_traffic(wanted.traffic or {}, list(wanted.asked))
    shelf = shelves.shelf_of(wanted.name)
    operation = _operation("create", "", wanted.asked, wanted.traffic)

    def prepare(known: Record | None) -> Record:
        if known is not None and known.state != DELETING and not _is_untold(known, operation):
            rules.check(known, operation)
        shutil.rmtree(shelf.folder / shelves.DEPLOYMENTS, ignore_errors=True)
        return Record(
            wanted.name, _port(shelf, wanted.port), kind=wanted.kind, auth=wanted.auth, created_at=time.time()
        )

    return have_done(shelf, operation, prepare, tell, waits=waits)


def update_endpoint(
    name: str,
    tell: Tell,
    traffic: dict[str, int] | None = None,
    port: int | None = None,
    asked: Mapping[str, Asked] | None = None,
    *,
    waits: bool = True,
) -> Done:
    """
    Change an endpoint, and bring up what is down of it.

    Args:
        traffic: percent by deployment; with `asked`, from when they are healthy.
        port: another one than before; only for one whose process is gone.
        asked: deployments that are made, or made anew.
    """
    for deployment in asked or {}:
        rules.check_name(deployment, "--name")
    shelf = shelves.shelf_of(name)
    operation = _operation("update", "", asked or {}, traffic)
    known = existing(shelf)
    if port is not None and port != known.port and is_kept(shelf):
        hint = f"amlemu endpoint delete -n {name}, and create it with --port {port}."
        raise UsageError(f"the endpoint {name} listens on {known.port}", where=f"--port {port}", hint=hint)

    def prepare(known: Record | None) -> Record:
        record = _present(shelf, known)
        rules.check(record, operation)
        return record if port in (None, record.port) else replace(record, port=_port(shelf, port))

    return have_done(shelf, operation, prepare, tell, waits=waits)


def create_deployment(
    endpoint: str, name: str, asked: Asked, tell: Tell, *, all_traffic: bool = False, waits: bool = True
) -> Done:
    """Create a deployment; with `all_traffic` all requests go there when it is healthy."""
    rules.check_name(name, "--name")
    shelf = shelves.shelf_of(endpoint)
    existing(shelf)
    operation = _operation("create", name, {name: asked}, {name: 100} if all_traffic else None)

    def prepare(known: Record | None) -> Record:
        record = _present(shelf, known)
        if _is_untold(record, operation):
            record.deployments.pop(name, None)
        rules.check(record, operation)
        return record

    return have_done(shelf, operation, prepare, tell, waits=waits)


def update_deployment(
    endpoint: str, name: str, asked: Asked, tell: Tell, *, all_traffic: bool = False, waits: bool = True
) -> Done:
    """Let another one take a deployment's place, when it is healthy; if it never is, nothing changes."""
    shelf = shelves.shelf_of(endpoint)
    operation = _operation("update", name, {name: asked}, {name: 100} if all_traffic else None)
    rules.check(existing(shelf), operation)

    def prepare(known: Record | None) -> Record:
        record = _present(shelf, known)
        rules.check(record, operation)
        return record

    return have_done(shelf, operation, prepare, tell, waits=waits)


def follow(name: str, tell: Tell) -> Done | None:
    """Tell of what is being done with an endpoint, or was done and nobody was told of; None where there is nothing."""
    shelf = shelves.shelf_of(name)
    operation = existing(shelf).operation
    if operation is None:
        return None
    if operation.outcome is not None and not is_kept(shelf):
        return Done(operation.outcome, lambda: _forget(shelf))
    return have_done(shelf, operation, lambda known: _present(shelf, known), tell)


def delete_deployment(endpoint: str, name: str, tell: Tell) -> Done:
    """Delete a deployment; its requests in hand may finish."""
    shelf = shelves.shelf_of(endpoint)
    operation = _operation("delete", name, {}, None)
    existing(shelf)
    lock = shelf.lock()
    if lock is None:
        try:
            return have_done(shelf, operation, _gone, tell)
        except KeeperGone:
            return delete_deployment(endpoint, name, tell)
    with lock:
        record = _present(shelf, shelf.read())
        outcome = record.operation.outcome if record.operation is not None and _is_untold(record, operation) else None
        if outcome is None:
            rules.check(record, operation)
            shutil.rmtree(shelf.deployment(name), ignore_errors=True)
            leftovers.remove(replace(record, deployments={name: record.deployments[name]}))
            del record.deployments[name]
            record.traffic.pop(name, None)
            outcome = operation.outcome = outcomes.succeeded(f"deployment {name} of {endpoint} is deleted")
            record.operation = operation
            shelf.write(record)
        return Done(outcome, lambda: _forget(shelf))


def delete_endpoint(name: str, tell: Tell) -> Done:
    """Delete an endpoint with all that is kept of it; also one that nobody can read any more."""
    shelf = shelves.shelf_of(name)
    if not shelf.is_there:
        raise rules.no_endpoint(name, [one.name for one in shelves.shelves()])
    lock = shelf.lock()
    if lock is not None:
        return _deleted(shelf, lock)
    try:
        done = have_done(shelf, _operation("delete", "", {}, None), _gone, tell)
    except KeeperGone:
        return delete_endpoint(name, tell)
    return _deleted(shelf, _lock_of_ended(shelf)) if done.outcome["ok"] else done


def _gone(known: Record | None) -> Record:
    """To delete something needs no keeper, nor a port that somebody else may have by now."""
    raise KeeperGone


def _deleted(shelf: Shelf, lock: Lock) -> Done:
    """Mark it as deleted, so that nobody takes it for one that is there; the rest goes when that has been told."""
    left = ""
    try:
        record = shelf.read()
        if record is not None and record.state != DELETING:
            shelf.write(replace(record, state=DELETING))
        left = "" if record is None else leftovers.remove(record)
    except AmlemuError:
        pass  # nobody can read it, or nothing can be written; it goes all the same

    def remove() -> None:
        shelf.remove()
        lock.release()

    return Done(outcomes.succeeded(f"endpoint {shelf.name} is deleted" + (f"; {left}" if left else "")), remove)


def _lock_of_ended(shelf: Shelf) -> Lock:
    """Wait for the keeper's end. Raises AmlemuError when it does not come."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        lock = shelf.lock()
        if lock is not None:
            return lock
        time.sleep(_LOOK_AGAIN_S)
    raise AmlemuError(f"the process of the endpoint {shelf.name} does not end", hint=f"{shelf.keeper_log} may say why.")


def existing(shelf: Shelf) -> Record:
    """Return what is known of an endpoint. Raises NotThere where there is none, OtherVersion where nobody can read it."""
    return _present(shelf, shelf.read())


def _present(shelf: Shelf, known: Record | None) -> Record:
    if known is None or known.state == DELETING:
        raise rules.no_endpoint(shelf.name, [one.name for one in shelves.shelves() if one.name != shelf.name])
    return known


def _operation(verb: str, deployment: str, asked: Mapping[str, Asked], traffic: dict[str, int] | None) -> Operation:
    return Operation(uuid.uuid4().hex, verb, deployment, dict(asked), traffic)


def _is_untold(record: Record, operation: Operation) -> bool:
    """Tell whether this very thing has been begun, and nobody was told how it ended."""
    return record.operation is not None and record.operation.is_like(operation)


def _forget(shelf: Shelf) -> None:
    lock = shelf.lock()
    if lock is None:
        return  # somebody has gone on with it
    with lock:
        record = shelf.read()
        if record is not None:
            shelf.write(replace(record, operation=None))


def _port(shelf: Shelf, wanted: int | None) -> int:
    """Return the port for an endpoint; 0 leaves it to who starts it. Raises UsageError for another endpoint's."""
    owner = ports_of_others(shelf).get(wanted or 0)
    if owner is not None:
        hint = f"Leave --port out to have a free one, or delete the endpoint {owner}."
        raise UsageError(f"it belongs to the endpoint {owner}", where=f"port {wanted}", hint=hint)
    return wanted or 0

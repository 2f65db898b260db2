"""
What one can see of endpoints and deployments, in the words of `az ml ... show`, and what they can be asked: logs, an answer, credentials.

Source of the fields: contract 5.1 (`location: local`, `provisioning_state`, `traffic`, `scoring_uri`); 1.4 (credentials); 6.2 (the block before the logs).
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amlemu import ports
from amlemu.control import note as notes
from amlemu.credentials import KeyFile, make_token
from amlemu.errors import AmlemuError, Unreachable, UsageError
from amlemu.local_endpoints import logs, rules
from amlemu.local_endpoints import shelf as shelves
from amlemu.local_endpoints.caller import KeeperLost, is_kept
from amlemu.local_endpoints.record import CREATING, DELETING, FAILED, SUCCEEDED, DeploymentRecord, OtherVersion, Record
from amlemu.local_endpoints.shelf import Shelf
from amlemu.local_endpoints.verbs import existing

if TYPE_CHECKING:
    import httpx

HEADER = "azureml-model-deployment"
_TOKEN_MINUTES = 60.0
_PATIENCE_S = 5.0


def endpoint(name: str) -> dict[str, Any]:
    """Return an endpoint as `az ml online-endpoint show` does, and what is ours: `why`, `port`, `deployments`. Raises NotThere, OtherVersion."""
    shelf = shelves.shelf_of(name)
    return _endpoint(shelf, existing(shelf))


def endpoints() -> list[dict[str, Any]]:
    """Return all of them; one that cannot be read is Failed, and says why."""
    found = []
    for shelf in shelves.shelves():
        try:
            record = shelf.read()
        except OtherVersion as error:
            found.append({"name": shelf.name, "location": "local", "provisioning_state": FAILED, "why": str(error)})
            continue
        if record is not None and record.state != DELETING:
            found.append(_endpoint(shelf, record))
    return found


def pid(name: str) -> int:
    """Return the process that keeps an endpoint. Raises KeeperLost where there is none."""
    shelf = shelves.shelf_of(name)
    note = notes.read(shelf.folder) if not _gone(shelf) else None
    if note is None:
        raise KeeperLost(f"the process of the endpoint {name} is gone")
    return note.pid


def deployment(endpoint: str, name: str | None) -> dict[str, Any]:
    """Return a deployment; without a name the only one. Raises NotThere, UsageError."""
    shelf = shelves.shelf_of(endpoint)
    record = existing(shelf)
    name = chosen(record, name)
    return _deployment(shelf, record, name)


def deployments(endpoint: str) -> list[dict[str, Any]]:
    """Return all of an endpoint. Raises NotThere."""
    shelf = shelves.shelf_of(endpoint)
    record = existing(shelf)
    return [_deployment(shelf, record, name) for name in record.deployments]


def chosen(record: Record, name: str | None) -> str:
    """Return a deployment's name, where there is one of that name, or only one. Raises NotThere, UsageError (contract 5.1)."""
    if name is not None:
        if name not in record.deployments:
            raise rules.no_deployment(record, name)
        return name
    if len(record.deployments) > 1:
        what = f"Multiple deployments found for local endpoint ({record.name}), please specify deployment name"
        raise UsageError(what, expected=f"There is {', '.join(record.deployments)}.")
    if not record.deployments:
        hint = f"amlemu deployment create -n blue -e {record.name} -f deployment.yml --all-traffic makes one."
        raise UsageError(f"the endpoint {record.name} has no deployment yet", hint=hint)
    return next(iter(record.deployments))


def _gone(shelf: Shelf) -> str:
    """Return why nothing answers where the record says otherwise; empty while the keeper lives."""
    if is_kept(shelf):
        return ""
    return f"its process is gone; amlemu endpoint update -n {shelf.name} starts it again"


def _endpoint(shelf: Shelf, record: Record) -> dict[str, Any]:
    gone = _gone(shelf)
    root = ports.url_of(record.host, record.port)
    state, why = (FAILED, record.why or gone) if gone or record.state == FAILED else (record.state, "")
    return {
        "name": record.name,
        "location": "local",
        "kind": record.kind or None,
        "provisioning_state": state,
        "why": why or None,
        "auth_mode": record.auth,
        "traffic": record.traffic,
        "mirror_traffic": {},
        "scoring_uri": f"{root}/score",
        "openapi_uri": f"{root}/swagger.json",
        "port": record.port,
        "deployments": {name: _state(one, gone)[0] for name, one in record.deployments.items()},
    }


def _state(one: DeploymentRecord, gone: str) -> tuple[str, str]:
    if not gone:
        return one.state, one.why
    return FAILED, one.why or gone


def _deployment(shelf: Shelf, record: Record, name: str) -> dict[str, Any]:
    one = record.deployments[name]
    state, why = _state(one, _gone(shelf))
    return {
        "name": name,
        "endpoint_name": record.name,
        "location": "local",
        "provisioning_state": state,
        "why": why or None,
        "traffic_percent": record.traffic.get(name, 0),
        "file": one.asked.file,
        "target": "container" if one.asked.options.get("container") else "worker",
        "options": {key: value for key, value in one.asked.options.items() if key != "container"},
        "steps": one.steps,
        "scoring_uri": shelf.url(record),
        "changed_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(one.changed_at)),
    }


def log(endpoint: str, name: str | None, container: str, lines: int) -> str:
    """
    Return the last lines of a container's log, after the status block of Azure's; of one that is not up yet, that one should try again.

    Raises:
        NotThere, UsageError: no such endpoint, or deployment, or container.
    """
    if container not in logs.CONTAINERS:
        raise UsageError(
            f"{container!r} is no container", where="--container", expected=f"Expected {' or '.join(logs.CONTAINERS)}."
        )
    shelf = shelves.shelf_of(endpoint)
    record = existing(shelf)
    name = chosen(record, name)
    one = record.deployments[name]
    steps = {step: one.steps.get(step, "NotStarted") for step in logs.STATUS_BLOCK}
    block = ["Instance status:", *(f"{step}: {state}" for step, state in steps.items()), ""]
    from amlemu.local_endpoints import following

    with contextlib.suppress(AmlemuError):  # nobody lives there any more; what is written is written
        following.ask(shelf, "/logs/flush", patience_s=_PATIENCE_S)
    path = logs.log_of(shelf.deployment(name), container)
    said = logs.last_lines(path, lines)
    if not said and lines > 0:
        said = [_not_yet(container, name, one, steps)]
    return "\n".join([*block, *said]) + "\n"


def _not_yet(container: str, name: str, one: DeploymentRecord, steps: dict[str, str]) -> str:
    if one.state in (CREATING, "Updating"):
        at = next((step for step, state in steps.items() if state == "InProgress"), "the begin")
        return f"The container {container} of {name} is not up yet (it is at {at}). Try again later."
    return f"The container {container} of {name} has said nothing. {one.state}: {one.why}".rstrip(": ")


@dataclass(frozen=True)
class Answer:
    """What an endpoint has answered."""

    status: int
    phrase: str
    headers: httpx.Headers
    body: bytes


def invoke(endpoint: str, name: str | None, body: bytes, content_type: str) -> Answer:
    """
    Post a request, once: no retries, unlike `az ml`, whose client sends a failing one four times (contract 5.1).

    Args:
        name: of a deployment, whatever the traffic says; None: as the traffic says.

    Raises:
        NotThere: no such endpoint or deployment.
        Unreachable: nothing answers there, or the connection was closed.
    """
    import httpx

    if not (content_type.isascii() and content_type.isprintable()):
        raise UsageError(f"{content_type!r} is no media type", where="--content-type")
    shelf = shelves.shelf_of(endpoint)
    record = existing(shelf)
    headers = {"Content-Type": content_type}
    if name is not None:
        headers[HEADER] = chosen(record, name)
    if record.auth:
        headers["Authorization"] = f"Bearer {_proof(shelf, record)}"
    gone = _gone(shelf)
    if gone:
        failed = f"it is Failed ({record.why}); amlemu endpoint update -n {endpoint} tries again" if record.why else ""
        raise Unreachable(f"nothing answers: {failed or gone}", where=shelf.url(record))
    try:
        with httpx.Client(trust_env=False, timeout=None) as http:
            answer = http.post(shelf.url(record), content=body, headers=headers)
    except httpx.TransportError as error:
        hint = f"amlemu endpoint get-logs -n {endpoint} may say why."
        raise Unreachable(f"no answer: {error}", where=shelf.url(record), hint=hint) from error
    return Answer(answer.status_code, answer.reason_phrase, answer.headers, answer.content)


def reasons(endpoint: str, name: str | None) -> list[str]:
    """Return what keeps an endpoint, or this deployment of it, from answering, as far as its record says; a sentence each."""
    record = existing(shelves.shelf_of(endpoint))
    found = [
        f"deployment {called} is {one.state}" + (f": {one.why}" if one.why else "")
        for called, one in record.deployments.items()
        if one.state != SUCCEEDED and (name == called or (name is None and record.traffic.get(called)))
    ]
    if name is None and record.deployments and not any(record.traffic.values()):
        first = next(iter(record.deployments))
        found.append(f"no deployment has traffic: amlemu endpoint update -n {endpoint} --traffic {first}=100")
    return found


def credentials(endpoint: str) -> dict[str, Any]:
    """Return the keys, or a token, in the words of `az ml online-endpoint get-credentials`. Raises NotThere, UsageError."""
    shelf = shelves.shelf_of(endpoint)
    record = existing(shelf)
    if not record.auth:
        hint = "amlemu endpoint create --auth-mode key makes one that asks for a key."
        raise UsageError(f"the endpoint {endpoint} asks nobody for a key", hint=hint)
    keys = KeyFile(shelf.folder).keys()
    if record.auth == "key":
        return {"primaryKey": keys.primary, "secondaryKey": keys.secondary}
    return make_token(keys, _TOKEN_MINUTES)


def _proof(shelf: Shelf, record: Record) -> str:
    keys = KeyFile(shelf.folder).keys()
    return keys.primary if record.auth == "key" else str(make_token(keys, _TOKEN_MINUTES)["accessToken"])

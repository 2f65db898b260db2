"""
How a deployment that goes on is told, step by step, and what is said of one that has failed.

Source of the words: contract 5.2; azureml-core 1.61, azureml/core/webservice/webservice.py, wait_for_deployment, and azureml/_model_management/_util.py,
container_health_check. The codes of the errors of ACI and AKS: contract 2.3, 3.4 (AciDeploymentFailed, CrashLoopBackOff); their JSON: reports of users.
"""

from __future__ import annotations

import io
import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from amlemu.local_endpoints import verbs
from amlemu.local_endpoints.record import Asked
from amlemu.v1.exceptions import WebserviceException, in_words
from amlemu.v1.webservice import deploying, kept

_CRASHED = "Error: Container has crashed. Did your init method fail?"
_SILENT = "Error: Connection to container has failed. Did your init method fail?"
_LATE = "Error: Connection to container has timed out. Did your init method fail?"
_LABELS = ("tags", "properties", "description")
_TOO_LATE = ("would have been killed", "does not answer", "too long")


def follow(name: str, shows: bool) -> dict[str, Any] | None:
    """
    Wait for the end of what is being done with a service; returns its outcome, None where nothing is.

    Args:
        shows: print the steps, each with how long it took.

    Raises:
        WebserviceException: the service is gone.
    """
    from amlemu.cli_making import STEPS
    from amlemu.console.steps import Steps

    steps = Steps(STEPS, sys.stdout)
    try:
        with in_words():
            done = verbs.follow(name, steps.hear if shows else deploying.unheard)
    finally:
        steps.end()
    if done is None:
        return None
    done.acknowledge()
    return done.outcome


def within(timeout_s: float | None, work: Callable[[], Any], late: Callable[[], Exception]) -> Any:
    """Do something that waits; after so many seconds nobody waits for it any more, and `late` says what is raised."""
    if not timeout_s:
        return work()
    found: list[Any] = []

    def run() -> None:
        try:
            found.append((work(), None))
        except BaseException as error:
            found.append((None, error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(float(timeout_s))
    if not found:
        raise late()
    value, error = found[0]
    if error is not None:
        raise error
    return value


def told(outcome: dict[str, Any]) -> str:
    """Return why something has failed, in several lines: the step, the cloud's words, the cause, the fix, the evidence."""
    from amlemu.console.person import Paint
    from amlemu.console.steps import failure

    return failure(outcome, Paint(io.StringIO()))


def of_container(outcome: dict[str, Any]) -> str:
    """Return the SDK's sentence for a local container that has not come up."""
    cause = outcome.get("cause")
    if not cause:
        return "Docker container start has failed:"
    if cause["step"] == "ImageBuild":
        return "Error: docker image build has failed:"
    if cause["step"] == "Probes":
        return _SILENT
    return _LATE if any(word in cause["told"] for word in _TOO_LATE) else _CRASHED


def of_cloud(service: str, kind: str, outcome: dict[str, Any]) -> dict[str, Any]:
    """Return the error of a service in the cloud, as its JSON has it."""
    cause = outcome.get("cause") or {}
    did_start = cause.get("step") in ("UserContainerStart", "Probes")
    code = "CrashLoopBackOff" if did_start else cause.get("today") or "BadArgument"
    told_ = cause.get("told") or outcome["text"]
    first = "Aci" if kind == "ACI" else "Kubernetes"
    hint = "please run print(service.get_logs()) to get details."
    message = f"Error in entry script, {told_}, {hint}" if did_start else told_
    return {
        "code": f"{first}DeploymentFailed",
        "statusCode": 400,
        "message": f"{first} Deployment failed with exception: {message}",
        "details": [{"code": code, "message": message}],
    }


def cloud_failure(state: str, operation: str, error: dict[str, Any], outcome: dict[str, Any]) -> WebserviceException:
    """Return what `wait_for_deployment` raises for a service in the cloud, with all that is known here at its end."""
    head = f"Service deployment polling reached non-successful terminal state, current service state: {state}"
    more = "More information can be found using '.get_logs()'"
    text = f"{head}\nOperation ID: {operation}\n{more}\nError:\n{json.dumps(error, indent=2, ensure_ascii=False)}\n{told(outcome)}"
    return WebserviceException(text)


def remarks(asked: Asked) -> list[str]:
    """Return what is not as in the cloud: the interpreter, where it differs from the environment, and options without effect."""
    from amlemu.choices import choose
    from amlemu.cli_doctor import subject_of
    from amlemu.cli_plan import made_for, said_of
    from amlemu.doctor.needs.here import check_this_machine

    options = {name: tuple(one) if isinstance(one, list) else one for name, one in asked.options.items()}
    with in_words():
        choices = choose(asked.file, options, dict.fromkeys(options, "flag"), made_for)
        subject, _ = subject_of(choices, Path(asked.file))
        found = list(check_this_machine(subject))
    lines = [f"amlemu: no container runs; the script runs with {subject.python}"]
    lines += [f"amlemu: {one.cause}" for one in found]
    if found:
        lines.append(f"amlemu: it is tried all the same. amlemu env create {asked.file} makes what is asked for")
    said = said_of(choices)
    fields = [one.field for one in said.not_emulated if one.place.file.name == kept.CONFIGURATION] if said else []
    without = [field for field in fields if field not in _LABELS]
    return lines + [f"amlemu: without effect here: {', '.join(without)} (docs/fields.md says why)"] * bool(without)

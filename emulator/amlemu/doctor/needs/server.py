"""
Checks that the environment brings Azure's inference server, without which its container has nothing to start.

`pins.py` asks whether server and requirements go together; nothing is said where the environment is unknown or has a server of its own.

Source: contract 3.4, 6.4 (`exec: gunicorn: not found`, exit 127); seeds of 2020: azureml-defaults >= 1.0.45.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from amlemu.azure.requirements import Requirements
from amlemu.doctor.needs.specifiers import agree
from amlemu.doctor.needs.supply import DEFAULTS, SERVER, Supply, supply_of
from amlemu.doctor.subject import Subject
from amlemu.finding import CANNOT_START, CloudError, Finding, Severity

_FIRST_DEFAULTS = ">=1.0.45"
_INFERENCE_IMAGE = re.compile(r"(?:^|/)azureml/(?:curated/)?[\w.-]*inference[\w.-]*(?::|@|$)", re.IGNORECASE)
_NO_GUNICORN = CloudError("ResourceNotReady", "ERR_2200", "contract 3.4, 6.4: `exec: gunicorn: not found`, exit 127")


def check_server(subject: Subject) -> Iterator[Finding]:
    """Yield a finding where neither azureml-inference-server-http nor a sufficient azureml-defaults comes."""
    supply = supply_of(subject)
    requirements = subject.requirements
    if supply is None or requirements is None or subject.script is None or _has_its_own(subject):
        return
    defaults = supply.asked.get(DEFAULTS)
    if defaults is not None and not agree([defaults.specifier, _FIRST_DEFAULTS]) and SERVER not in supply.asked:
        yield Finding(
            "error",
            "old-azureml-defaults",
            f"azureml-defaults{defaults.specifier} is older than 1.0.45, the first with what it takes to host a model",
            defaults.place,
            CANNOT_START,
            "Ask for azureml-defaults>=1.0.45; for today's server, for azureml-inference-server-http.",
        )
    elif not {SERVER, DEFAULTS} & supply.every:
        yield _missing(subject, requirements, supply)


def starts_the_server(image: str) -> bool:
    """Tell whether an image is one of Azure's own for inference, which have the server and start it."""
    return _INFERENCE_IMAGE.search(image) is not None


def _has_its_own(subject: Subject) -> bool:
    """A custom container and an image from the user's Dockerfile start what they like."""
    environment = subject.description.environment if subject.description else None
    return environment is not None and (environment.is_custom or environment.builds)


def _missing(subject: Subject, requirements: Requirements, supply: Supply) -> Finding:
    file = requirements.place.file.name
    environment = subject.description.environment if subject.description else None
    severity: Severity = "error"
    cause = f"{file} asks neither for {SERVER} nor for {DEFAULTS}, so nothing in the container can serve the script"
    if environment is not None and starts_the_server(environment.image):
        # Inferred, not observed: the image's own environment stays on the PATH behind the one that is made of this file
        # (image.md), so its azmlinfsrv is found; it then runs with the image's packages. A warning for want of certainty.
        severity = "warning"
        cause = f"{file} asks neither for {SERVER} nor for {DEFAULTS}; the image's server runs in the image's own environment, without these packages"
    elif supply.strangers or environment is None:
        severity = "warning"  # one of them may bring it; a file beside a script may be about something else
    package = DEFAULTS if subject.description is not None and subject.description.generation == "v1" else SERVER
    fix = (
        f"Add {package} below `- pip:`."
        if requirements.channels or _is_conda(requirements)
        else f"Add {package} to it."
    )
    return Finding(severity, "no-inference-server", cause, requirements.place, _NO_GUNICORN, fix)


def _is_conda(requirements: Requirements) -> bool:
    return requirements.place.file.suffix in (".yml", ".yaml")

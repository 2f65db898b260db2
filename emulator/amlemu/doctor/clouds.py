"""
What each kind of cloud says when the script fails to start, or fails at a call. The checks say that it fails, this says how it looks.

The managed endpoint's words stand in `amlemu.finding`.
"""

from __future__ import annotations

from amlemu.doctor.subject import Subject
from amlemu.finding import FAILS_EACH_CALL, CloudError

_CALLS = {
    "kubernetes": CloudError("502", "", "contract 2.1: run() raised; the model's 500 becomes 502"),
    "aks": CloudError("502", "", "contract 2.1: run() raised; the model's 500 becomes 502"),
    "aci": CloudError("502", "", "contract 2.1: run() raised"),
    "local": CloudError("500", "", "contract 4.7: the server's own answer; nothing stands before it"),
}
_STARTS = {
    "aks": CloudError("CrashLoopBackOff, exit code 111", "", "contract 2.3, 3.4"),
    "aci": CloudError("AciDeploymentFailed, CrashLoopBackOff, exit code 111", "", "contract 2.3, 6.3"),
    "local": CloudError("the container ends with exit code 111", "", "contract 3.4"),
}


def failing_call(subject: Subject) -> CloudError:
    """Return what a caller sees when run() raises, or returns what cannot be sent."""
    return _CALLS.get(subject.kind, FAILS_EACH_CALL)


def failing_start(subject: Subject, usual: CloudError) -> CloudError:
    """
    Return what a deployment ends in when the server exits with 3.

    Args:
        subject: its kind decides.
        usual: the words of managed and Kubernetes endpoints, such as `CANNOT_INIT`.
    """
    return starts_as(subject.kind, usual)


def starts_as(kind: str, usual: CloudError) -> CloudError:
    """Return the same for a kind of deployment."""
    return _STARTS.get(kind, usual)


def stops_the_start(cloud: CloudError | None) -> bool:
    """Tell whether with this a deployment does not come up at all; a call that fails does not keep it from that."""
    return cloud is not None and cloud is not FAILS_EACH_CALL and cloud not in _CALLS.values()

"""
The one list of what the doctor looks at, and the look. Each check gets the subject and yields findings; none runs user code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from amlemu.doctor.subject import Subject
from amlemu.finding import Finding, worst_first

Check = Callable[[Subject], Iterable[Finding]]


def checks() -> tuple[Check, ...]:
    """Return all checks, in the order in which their findings stand: what keeps the script from loading comes first."""
    return ()


def examine(subject: Subject) -> list[Finding]:
    """Return what is wrong with a deployment, worst first."""
    found = list(subject.description.findings) if subject.description is not None else []
    for check in checks():
        found += check(subject)
    return worst_first(found)

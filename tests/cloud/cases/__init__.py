"""All tables together; one module for each face."""

from ..case import Case
from . import admission, container, current, identity, kubernetes, managed, routing, v1, year2021

CASES: tuple[Case, ...] = (
    *managed.CASES,
    *routing.CASES,
    *admission.CASES,
    *identity.CASES,
    *current.CASES,
    *year2021.CASES,
    *kubernetes.CASES,
    *v1.CASES,
    *container.CASES,
)

"""
Checks that a container is probed where its server answers, for images that start azmlinfsrv; of another server nothing is known here.

Source: contract 1.7 (`/` on 5001 for the stock server, or the `inference_config` routes), 3.2, 4.3, 6.4: wrong probe path or port.
"""

from __future__ import annotations

from collections.abc import Iterator

from amlemu.azure.description import Route
from amlemu.doctor.needs.server import starts_the_server
from amlemu.doctor.subject import Subject
from amlemu.finding import CloudError, Finding

_PORT = 5001
_ANSWERING = ("/", "/swagger.json", "/score")  # the last one calls run(), which may like a GET
_MISSED = CloudError("ResourceNotReady, Liveness probe failed, 424", "ERR_2200", "contract 3.6, 6.2, 6.4")


def check_routes(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each route of a probe that nothing answers."""
    environment = subject.description.environment if subject.description else None
    if environment is None or not starts_the_server(environment.image):
        return
    for name in ("liveness_route", "readiness_route"):
        route = environment.routes.get(name)
        if route is not None and (why := _unanswered(route)):
            cause = f"the {name.partition('_')[0]} probe asks for {route.path} on port {route.port}, and the image's server {why}"
            yield Finding("error", "probe-route", cause, route.place, _MISSED, "Write port: 5001 and path: /")


def _unanswered(route: Route) -> str:
    if route.port != _PORT:
        return f"listens on {_PORT}"
    path = route.path.partition("?")[0]
    return "" if path in _ANSWERING else f"has {', '.join(_ANSWERING)} there: 404"

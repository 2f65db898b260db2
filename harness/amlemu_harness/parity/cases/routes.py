"""
Which requests are meant for a scoring server, by their paths, and what the path is without the service that stands before it.
"""

from __future__ import annotations

import re

# contract 2.1: http://<host>:80/api/v1/service/<name>/score; `endpoint` in the preview of 2021, assumed
_SERVICE = re.compile(r"/api/v1/(?:service|endpoint)/[^/?]+(?=/|\?|$)")
_BEFORE = re.compile(r"(?:/[^/?]+)*(?=/(?:score|swagger\.json)(?:\?|$))")


def without_service(target: str) -> str:
    """Return the target as the server of one service has it."""
    found = _SERVICE.match(target)
    rest = target[found.end() :] if found else target
    return rest if rest.startswith("/") else f"/{rest}"


def scoring_target(target: str) -> str | None:
    """
    Return what a request to somebody's scoring address asks of the server: `/score`, `/` or `/swagger.json`, with its query.

    What a gateway of theirs has before it is taken off; None for any other path.
    """
    target = without_service(target)
    before = _BEFORE.match(target)
    target = target[before.end() :] if before else target
    path = target.partition("?")[0]
    return target if path == "/" or path.endswith(("/score", "/swagger.json")) else None

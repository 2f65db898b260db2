"""
The stages that look at who comes and where to: Identify, Authenticate, Route (or Nobody), Size.

Nothing here has been asked of the model yet; `load.py` comes next.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable
from typing import Protocol

from amlemu.exchange import Headers
from amlemu.gateway.spoken import AnswerTable
from amlemu.gateway.turn import TooLarge
from amlemu.gateway.visit import Visit
from amlemu.profile import IdentityRules, Profile, RouteRules
from amlemu.scoring.ids import new_id

_NOT_IN_CLIENT_IDS = re.compile(r"[^A-Za-z0-9_-]")


class Doorkeeper(Protocol):
    """Knows keys and tokens."""

    def refuses(self, authorization: str | None) -> str:
        """Return why a request with this Authorization header may not come in; empty when it may."""


class Identify:
    """
    Gives a request a GUID of its own and tidies the id that the client chose for itself.

    Source: contract 1.3 (Troubleshoot online endpoints, 2025-10-06).
    """

    name = "identify"

    def __init__(self, rules: IdentityRules) -> None:
        self._longest = rules.client_request_id_characters
        self.is_needed = rules.request_id == "own"

    def handle(self, visit: Visit) -> None:
        """Change the ids of what is forwarded; the exchange keeps the request as it came."""
        came, own = visit.request, new_id()
        visit.exchange.request_id = own
        has_ids = came.header("x-request-id") is not None or came.header("x-ms-client-request-id") is not None
        headers = self._tidied(came.headers) if has_ids else came.headers
        visit.forward(headers=[*headers, ("x-request-id", own)])

    def _tidied(self, headers: Headers) -> Headers:
        tidied: Headers = []
        for name, value in headers:
            lower = name.lower()
            if lower == "x-ms-client-request-id" and self._longest:
                if tidy := _NOT_IN_CLIENT_IDS.sub("", value)[: self._longest]:
                    tidied.append((name, tidy))
            elif lower != "x-request-id":
                tidied.append((name, value))
        return tidied


class Authenticate:
    """
    Lets in who has a key or token; whoever has none learns nothing else, and not even --shadow asks the model.

    Source: contract 1.4, `Authorization: Bearer <key or token>`; 1.2, 401.
    """

    name = "authenticate"

    def __init__(self, doorkeeper: Doorkeeper | None, says: AnswerTable) -> None:
        self._doorkeeper = doorkeeper
        self._says = says
        self.is_needed = doorkeeper is not None

    def handle(self, visit: Visit) -> None:
        """Refuse who may not come in."""
        assert self._doorkeeper is not None
        why = self._doorkeeper.refuses(visit.exchange.request.header("authorization"))
        if why:
            visit.is_barred = True
            visit.refuse(self._says.say("unauthorized"), why)


class Route:
    """
    Finds the container that is meant: by header, by prefix; its own paths are the container's business.

    Source: contract 1.1, 2.1.
    """

    name = "route"

    def __init__(self, rules: RouteRules, endpoint: str, deployment: str, says: AnswerTable) -> None:
        self._rules = rules
        self._deployment = deployment
        self._prefix = rules.prefix.replace("{endpoint}", endpoint)
        self._says = says
        self.is_needed = bool(rules.deployment_header or rules.prefix or rules.methods or rules.paths)

    def handle(self, visit: Visit) -> None:
        """Refuse what leads nowhere; take the prefix off what leads to the container."""
        rules, request = self._rules, visit.request
        wanted = visit.exchange.request.header(rules.deployment_header) if rules.deployment_header else None
        if wanted is not None and wanted != self._deployment:
            why = f"no deployment {wanted!r}, this one is {self._deployment!r} (--deployment-name)"
            visit.refuse(self._says.say("no_deployment"), why)
        elif rules.methods and request.method not in rules.methods:
            why = f"only {' and '.join(rules.methods)} are routed to the container"
            visit.refuse(self._says.say("method_not_routed"), why)
        elif rules.paths and request.target.partition("?")[0] not in rules.paths:
            visit.refuse(self._says.say("no_route"), f"no such path; there are {', '.join(rules.paths)}")
        elif self._prefix and request.target.startswith(f"{self._prefix}/"):
            visit.forward(target=request.target[len(self._prefix) :])


class Nobody:
    """
    Says that no deployment is there.

    Source: contract 1.2, 404: no deployment with positive weight.
    """

    name = "nobody"
    is_needed = True

    def __init__(self, says: AnswerTable, why: str) -> None:
        """`why` is for the record."""
        self._says, self._why = says, why

    def handle(self, visit: Visit) -> None:
        """Refuse."""
        visit.refuse(self._says.say("no_deployment"), self._why)


class Size:
    """
    Waits for the body, and refuses one that is too large as soon as that is known: by Content-Length, or on the way.

    Source: contract 1.2, 413; 1.5.
    """

    name = "size"
    is_needed = True

    def __init__(self, profile: Profile, says: AnswerTable, *, leaves_it: bool = False) -> None:
        """With `leaves_it` the container refuses for itself, as far as our own memory lets it come to that."""
        self._limit = profile.wire.body_bytes if leaves_it else profile.limits.request_bytes
        self._note = profile.note("limits.request_bytes")
        self._says = says

    def handle(self, visit: Visit) -> Awaitable[None] | None:
        """Return at once when the body is there and small enough: that is how most come."""
        turn = visit.turn
        return None if turn.is_whole and not turn.exceeds(self._limit) else self._receive(visit)

    async def _receive(self, visit: Visit) -> None:
        try:
            await visit.turn.read(self._limit)
        except TooLarge as large:
            more = "" if large.is_exact else " or more"
            why = f"a body of {large.size} bytes{more}, {self._limit} are allowed{self._note}"
            visit.refuse(self._says.say("request_too_large"), why)
            if visit.is_shadow:
                await visit.turn.read()
            else:
                visit.turn.keeps_alive = False  # also when the body is there: observed, nginx 1.22.1

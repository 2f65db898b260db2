"""
Who may ask the control port: this machine by its own name, from no foreign page, with the token.

Pure ASGI before the application of `app.py`. The Host is checked because a page of a stranger may point a name of its own
at 127.0.0.1 and then read what it likes (DNS rebinding); the Origin, because any page may send requests here.
"""

from __future__ import annotations

import hmac

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_NAMES = ("127.0.0.1", "localhost", "[::1]")
_HTTP_PORT = 80  # which clients leave out


class Door:
    """Lets the right ones in, and tells the others why not."""

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        """`app` is behind it, `port` is the one that it is at."""
        self._app = app
        self._bearer = f"bearer {token}".encode()
        self._hosts = {f"{name}:{port}" for name in _NAMES} | set(_NAMES if port == _HTTP_PORT else ())
        self._address = f"http://127.0.0.1:{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a stranger here; hand on the others."""
        if scope["type"] != "http":
            return
        status, error, hint = self._judge(scope)
        if status == 200:
            await self._app(scope, receive, send)
            return
        headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
        await JSONResponse({"error": error, "hint": hint}, status, headers)(scope, receive, send)

    def _judge(self, scope: Scope) -> tuple[int, str, str]:
        hosts, origins, proofs = (_values(scope, name) for name in (b"host", b"origin", b"authorization"))
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return 403, f"the Host is {', '.join(hosts) or 'missing'}", f"Ask {self._address}, by this name."
        if any(origin.lower().removeprefix("http://") not in self._hosts or "://" not in origin for origin in origins):
            return 403, f"a page of {', '.join(origins)} may not ask", f"Only pages of {self._address} may."
        if scope["method"] == "GET" and scope["path"] == "/":
            return 200, "", ""
        if not proofs:
            return 401, "no token", f"Send Authorization: Bearer TOKEN; GET {self._address}/ says where it lies."
        if len(proofs) != 1 or not self._is_bearer(proofs[0]):
            return 401, "not the token", "Each start of a server has a new one; read it again."
        return 200, "", ""

    def _is_bearer(self, proof: str) -> bool:
        scheme, _, token = proof.partition(" ")
        return hmac.compare_digest(f"{scheme.lower()} {token.strip()}".encode("latin-1"), self._bearer)


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]

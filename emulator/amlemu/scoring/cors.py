"""
Cross-origin headers, as the real server adds them when AML_CORS_ORIGINS is set.

Source: flask-cors 6.0.5 with `methods=["GET", "POST"]` on the server's blueprint (observed; contract 4.14).
"""

from __future__ import annotations

import re
from typing import Any, Callable, List, Optional

_METHODS = ("GET", "POST")
_REGEX_SIGNS = set("*\\]?$^[]()")


class Policy:
    """The origins that may call from a browser. Matching ignores case; an entry with pattern signs is a regex."""

    def __init__(self, setting: str) -> None:
        """Take the comma-separated setting apart."""
        self.origins: List[str] = [origin.strip() for origin in setting.split(",")]
        self._any = "*" in self.origins

    def apply(self, method: str, header: Callable[[str], Optional[str]], headers: Any) -> None:
        """Add the CORS headers that belong on the answer to a request with this method and these headers."""
        announced = self._announced(header("Origin"))
        if not announced:
            return
        added = [("Access-Control-Allow-Origin", origin) for origin in announced]
        if method == "OPTIONS":
            added += _preflight(header)
        for name, value in added:
            headers.add(name, value)
        if self._varies(announced):
            headers.add("Vary", "Origin")

    def _announced(self, origin: Optional[str]) -> List[str]:
        if origin:
            return [origin] if any(_matches(origin, allowed) for allowed in self.origins) else []
        if self._any:
            return ["*"]
        return sorted(allowed for allowed in self.origins if not _is_regex(allowed))[:1]

    def _varies(self, announced: List[str]) -> bool:
        """Say `Vary: Origin` where another caller could be told another origin."""
        if announced == ["*"]:
            return False
        return len(self.origins) > 1 or self._any or any(_is_regex(origin) for origin in self.origins)


def _preflight(header: Callable[[str], Optional[str]]) -> Any:
    if (header("Access-Control-Request-Method") or "").upper() not in _METHODS:
        return []
    wanted = header("Access-Control-Request-Headers")
    allowed = ", ".join(sorted(name.strip() for name in wanted.split(","))) if wanted else ""
    fields = [("Access-Control-Allow-Headers", allowed)] if allowed else []
    return [*fields, ("Access-Control-Allow-Methods", ", ".join(sorted(_METHODS)))]


def _is_regex(origin: str) -> bool:
    return any(sign in _REGEX_SIGNS for sign in origin)


def _matches(origin: str, allowed: str) -> bool:
    if allowed == "*":
        return True
    if _is_regex(allowed):
        return re.match(allowed, origin, re.IGNORECASE) is not None
    return origin.lower() == allowed.lower()

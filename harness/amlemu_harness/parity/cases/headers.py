"""
Headers of requests that were recorded elsewhere, or written down: what is sent again, and what stays behind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from amlemu_harness.parity.wire import Headers

# a header of the deployment's own may be called so as well: a key in a report is worse than a header that is missing
_SECRET = re.compile(
    r"authori[sz]ation|cookie|token|secret|password|(?:^|[-_])(?:api|access|subscription|functions|auth)[-_]?key$|^key$"
)
_OF_THE_CONNECTION = ("host", "content-length", "connection", "proxy-connection", "keep-alive", "accept-encoding", "te")
_FRAMING = ("transfer-encoding", "upgrade", "trailer", "expect")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BREAKS = re.compile(r"[\r\n\0]")


def is_secret(name: str) -> bool:
    """Say whether a header of that name holds what must not reach a report."""
    return _SECRET.search(name.strip().lower()) is not None


def is_token(text: str) -> bool:
    """Say whether it may be the name of a header, or of a method."""
    return _NAME.fullmatch(text) is not None


def breaks(text: str) -> bool:
    """Say whether it would end the line in which it stands."""
    return _BREAKS.search(text) is not None


def without_secrets(headers: Iterable[tuple[str, str]]) -> Headers:
    """Return them in their order, but for those that hold a secret."""
    return tuple((name, value) for name, value in headers if not is_secret(name))


def replayed(headers: Iterable[tuple[str, str]]) -> Headers:
    """Return what a recorded request has besides its connection: that one is ours. HTTP/2's own `:authority` goes, too."""
    ours = (*_OF_THE_CONNECTION, *_FRAMING)
    sound = ((name, value) for name, value in headers if is_token(name) and not breaks(value))
    return tuple((name, value) for name, value in without_secrets(sound) if name.lower() not in ours)

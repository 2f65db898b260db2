"""
An endpoint that somebody else runs, by its URL: it is asked, and never started, hurt or stopped.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from amlemu.errors import AmlemuError, UsageError

from amlemu_harness.parity.record import End
from amlemu_harness.parity.wire import Address, Headers

KEY_VARIABLE = "AMLEMU_PARITY_KEY"
_CONNECT_S = 10.0


@dataclass(frozen=True)
class _Reached:
    """It answers, or somebody else looks after it."""

    address: Address

    def ended(self) -> End | None:
        return None

    def kill_workers(self) -> bool:
        return False

    def stop(self) -> None:
        pass


class Remote:
    """A side that is an address. `headers` go with every request: a key, the deployment's name."""

    is_shared = True

    def __init__(self, url: str, headers: Headers = ()) -> None:
        """Take `http[s]://host[:port][/prefix][/score]`. Raises UsageError for anything else."""
        self._address = address_of(url, headers)

    @property
    def name(self) -> str:
        """Its address, without anything secret."""
        address = self._address
        return f"{'https' if address.is_tls else 'http'}://{address.host}:{address.port}{address.prefix}"

    def start(self, probe: Path | None = None) -> _Reached:
        """Look whether somebody listens. Raises AmlemuError where nobody does, UsageError for a probe."""
        if probe is not None:
            raise UsageError("an endpoint is asked, and gets no other script", where=self.name)
        try:
            socket.create_connection((self._address.host, self._address.port), timeout=_CONNECT_S).close()
        except OSError as error:
            raise AmlemuError(f"nobody answers there: {error.strerror or error}", where=self.name) from error
        return _Reached(self._address)

    def facts(self) -> Mapping[str, str]:
        """Nothing but the address is known."""
        return {"address": self.name}


def address_of(url: str, headers: Headers = ()) -> Address:
    """Return the address of a scoring URI, as az shows it, or of what is before its `/score`. Raises UsageError."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    expected = "Expected http[s]://HOST[:PORT][/score], an endpoint's scoring_uri."
    if parts.scheme not in ("http", "https") or not parts.hostname or port == -1 or parts.query or parts.fragment:
        raise UsageError(f"{url!r} is no address of an endpoint", where="--against", expected=expected)
    if parts.username or parts.password:
        raise UsageError(
            "an address holds no password", where="--against", hint=f"The key is read from {KEY_VARIABLE}."
        )
    is_tls = parts.scheme == "https"
    prefix = parts.path.rstrip("/").removesuffix("/score")
    return Address(port or (443 if is_tls else 80), parts.hostname, prefix, headers, is_tls)

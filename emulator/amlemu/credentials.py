"""
The keys and tokens of an endpoint: made or given, kept beside the deployment, compared in constant time, never logged.

The gateway asks a `Keyring` whether a request may come in; the commands `keys` and `token` show what may.

Source: contract 1.4: `Authorization: Bearer <key or token>`; two keys, which never expire; tokens that do.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amlemu.errors import UsageError
from amlemu.exchange import Headers, Request, Response

MODES = ("key", "aml_token", "aad_token")
AUDIENCE = "https://ml.azure.com"  # contract 1.4, of aad_token
_ALGORITHM = "HS256"
_FILE = "keys.json"
SECRET_HEADERS = (
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "api-key",
    "apikey",
    "x-api-key",
    "x-auth-token",
    "x-access-token",
    "x-functions-key",
    "ocp-apim-subscription-key",  # of API Management, which people put before an endpoint
)
"""Names, in lower case, of headers that prove who somebody is."""
_REFRESH_AFTER = 0.8  # of a token's life: assumed


@dataclass(frozen=True)
class Keys:
    """The secrets of one endpoint; `signing` is what its tokens are signed with."""

    primary: str
    secondary: str
    signing: str

    def __repr__(self) -> str:
        return "Keys(...)"


class KeyFile:
    """Where the secrets of a deployment lie: `keys.json`, for its owner's eyes only. Made when it is first asked."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the `.amlemu` beside the deployment."""
        self._path = folder / _FILE
        self._read: tuple[tuple[int, int], Keys] | None = None

    def keys(self) -> Keys:
        """Return the secrets as they are now. Raises UsageError when the file is no such file."""
        try:
            changed = self._version()
        except OSError:
            self._write(Keys(_secret(), _secret(), _secret()))
            changed = self._version()
        if self._read is None or self._read[0] != changed:
            self._read = (changed, self._parse())
        return self._read[1]

    def regenerate(self, which: str) -> Keys:
        """Replace the `primary` or the `secondary` key; a server that is running takes notice."""
        old = self.keys()
        fresh = {"primary": old.primary, "secondary": old.secondary, which: _secret()}
        self._write(Keys(fresh["primary"], fresh["secondary"], old.signing))
        return self.keys()

    def _version(self) -> tuple[int, int]:
        """Tell one state of the file from another: the clock of many file systems takes steps of some milliseconds."""
        found = self._path.stat()
        return found.st_mtime_ns, found.st_ino

    def _parse(self) -> Keys:
        try:
            keys = Keys(**json.loads(self._path.read_text(encoding="utf-8")))
            if not all(isinstance(key, str) and key for key in vars(keys).values()):
                raise ValueError("a key that is no text")
            return keys
        except (OSError, ValueError, TypeError) as error:
            raise UsageError(
                "not the keys of an endpoint", where=str(self._path), hint="Remove it, and new ones are made."
            ) from error

    def _write(self, keys: Keys) -> None:
        try:
            self._path.parent.mkdir(exist_ok=True)
            (self._path.parent / ".gitignore").write_text("*\n", encoding="ascii")
            draft = self._path.with_suffix(f".{os.getpid()}")
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                json.dump(vars(keys), file)
            draft.replace(self._path)
        except OSError as error:
            hint = "Give keys by AMLEMU_PRIMARY_KEY and AMLEMU_SECONDARY_KEY."
            raise UsageError(
                f"keys cannot be kept there: {error.strerror}", where=str(self._path), hint=hint
            ) from error


class Keyring:
    """Says who may come in."""

    def __init__(self, mode: str, file: KeyFile, primary: str | None = None, secondary: str | None = None) -> None:
        """Take the mode, one of `MODES`, and the keys given by hand, which beat those of the file."""
        self.mode = mode
        self._file = file
        self._given = (primary, secondary)

    def prepare(self) -> None:
        """Make the keys where there are none. Raises UsageError when they cannot be kept, or read."""
        if None in self._given or self.mode != "key":
            self._file.keys()

    def refuses(self, authorization: str | None) -> str:
        """Return why a request with this Authorization header may not come in; empty when it may."""
        scheme, _, word = (authorization or "").partition(" ")
        word = word.strip()
        if not authorization:
            return "no Authorization header; expected Authorization: Bearer <key or token>"
        if scheme.lower() != "bearer" or not word:
            return "the Authorization header is no Bearer <key or token>"
        return self._refuses_key(word) if self.mode == "key" else self._refuses_token(word)

    def _refuses_key(self, word: str) -> str:
        primary, secondary = self._given
        if primary is None or secondary is None:
            kept = self._file.keys()
            primary, secondary = primary or kept.primary, secondary or kept.secondary
        given = word.encode("latin-1", "replace")  # as it was on the wire
        matches = [hmac.compare_digest(given, key.encode()) for key in (primary, secondary)]
        return "" if any(matches) else "the key is neither the primary nor the secondary one (amlemu keys)"

    def _refuses_token(self, word: str) -> str:
        import jwt

        try:
            jwt.decode(
                word,
                self._file.keys().signing,
                algorithms=[_ALGORITHM],
                audience=AUDIENCE,
                options={"require": ["exp"]},
            )
        except jwt.ExpiredSignatureError:
            return "the token has expired (amlemu token makes a new one)"
        except jwt.InvalidTokenError:
            return "no token of this endpoint (amlemu token makes one)"
        return ""


def is_secret(header: str) -> bool:
    """Tell whether a header of this name proves who somebody is."""
    return header.lower() in SECRET_HEADERS


def has_secrets(request: Request) -> bool:
    """Tell whether a request proves who somebody is."""
    return any(name.lower() in SECRET_HEADERS for name, _ in request.headers)


def without_secrets(message: Request | Response) -> Headers:
    """Return the headers of a request or an answer; what proves who somebody is, is not told."""
    return [(name, "(not kept)" if is_secret(name) else value) for name, value in message.headers]


def make_token(keys: Keys, minutes: float) -> dict[str, Any]:
    """Return a token and its times, seconds since the epoch, in the words of Azure's own answer (contract 1.4)."""
    import jwt

    now = time.time()
    expires = now + minutes * 60
    claims = {"aud": AUDIENCE, "iss": "amlemu", "iat": int(now), "exp": int(expires)}
    return {
        "accessToken": jwt.encode(claims, keys.signing, algorithm=_ALGORITHM),
        "expiryTimeUtc": int(expires),
        "refreshAfterTimeUtc": int(now + minutes * 60 * _REFRESH_AFTER),
        "tokenType": "Bearer",
    }


def _secret() -> str:
    return secrets.token_urlsafe(32)

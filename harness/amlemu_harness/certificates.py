"""
The certificates that a build has to trust: behind a proxy that reads along, pip and conda in the build meet its certificate.

Found by the variables that other programs go by; nothing is guessed from the machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from amlemu.errors import UsageError

VARIABLES = (
    "PIP_CERT",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
    "CURL_CA_BUNDLE",
    "AWS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
)
"""Where a bundle is looked for, the most telling first: pip's own."""

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY")
"""Docker takes these as arguments of every build, and keeps them out of the image and of its cache."""


def bundle(given: str | None, environment: Mapping[str, str]) -> tuple[Path | None, str]:
    """
    Return the file of certificates, and who names it; None where nobody does.

    Args:
        given: what --ca-bundle says; an empty word is a wish for none.

    Raises:
        UsageError: it is not there, or holds no certificate.
    """
    if given is not None:
        return (_checked(Path(given), "--ca-bundle"), "--ca-bundle") if given else (None, "")
    for name in VARIABLES:
        path = environment.get(name)
        if path and Path(path).is_file():
            return _checked(Path(path), name), name
    return None, ""


def proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the build arguments for the proxies that the shell names, in both spellings as Docker knows them."""
    found: dict[str, str] = {}
    for name in PROXIES:
        value = environment.get(name) or environment.get(name.lower())
        if value:
            found |= {name: value, name.lower(): value}
    return found


def is_local(address: str) -> bool:
    """Tell whether a proxy listens on this machine only, where a build in a network of its own does not reach it."""
    host = address.rpartition("://")[2].rpartition("@")[2]
    return host.startswith(("localhost", "127.", "[::1]"))


def _checked(path: Path, where: str) -> Path:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", where=where) from error
    if b"-----BEGIN CERTIFICATE-----" not in content:
        raise UsageError(f"{path} holds no certificate", where=where, expected="Expected a file of PEM certificates.")
    return path.absolute()

"""
`azureml.core.authentication`: nobody logs in here, so each takes whatever it is given, and asks for nothing.
"""

from __future__ import annotations

from typing import Any


class AbstractAuthentication:
    """What all of them are."""

    def __init__(self, *_: Any, **__: Any) -> None:
        """Take anything, and keep nothing of it: there may be secrets among it."""


class InteractiveLoginAuthentication(AbstractAuthentication):
    """Somebody at a browser."""


class AzureCliAuthentication(AbstractAuthentication):
    """Whoever `az login` knows."""


class ServicePrincipalAuthentication(AbstractAuthentication):
    """A program with a password."""


class MsiAuthentication(AbstractAuthentication):
    """A machine with an identity."""

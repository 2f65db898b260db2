"""
amlemu: run, debug and test Azure Machine Learning scoring scripts on your own machine.

This is the public face, and nothing else: each name is imported from its home when it is first used, because this file
also opens the guest half inside the user's interpreter, where nothing but the standard library may be asked for.
"""

import importlib

__version__ = "0.1.0"

_HOMES = {
    "BackendFailure": "amlemu.errors",
    "BootFailed": "amlemu.errors",
    "Endpoint": "amlemu.endpoint",
    "Exchange": "amlemu.exchange",
    "Request": "amlemu.exchange",
    "Response": "amlemu.exchange",
    "ScoringFailed": "amlemu.errors",
    "UsageError": "amlemu.errors",
    "UserScriptError": "amlemu.errors",
    "serve": "amlemu.endpoint",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605  # one list of names, not two


def __getattr__(name):  # type: ignore[no-untyped-def]  # PEP 562; the guest's Python may be 3.9
    if name not in _HOMES:
        raise AttributeError("module 'amlemu' has no attribute '{}'".format(name))
    return getattr(importlib.import_module(_HOMES[name]), name)

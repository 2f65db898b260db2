"""
What the words of `serve`, `invoke` and `layout` come to: the plan of what is served, how, and for whom.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amlemu.errors import UsageError
from amlemu.settings import SERVE_SETTINGS

if TYPE_CHECKING:
    from amlemu.console import Console
    from amlemu.debugging import DebugRules
    from amlemu.deployment import Deployment
    from amlemu.reload import ReloadRules
    from amlemu.stand import Plan


def plan(script: str, console: Console, options: dict[str, Any]) -> Plan:
    """
    Return what is to be served, and how; nothing is started.

    Args:
        script: the file, as typed.
        console: is told of events and exchanges.
        options: values of SERVE_SETTINGS by name.

    Raises:
        UsageError: something is not usable as given.
    """
    from amlemu import profile_file
    from amlemu.stand import Plan, choose_backend

    deployment = deployment_of(script, options)
    overrides = pairs(options["set"], "--set", "SECTION.KEY=VALUE")
    profile = profile_file.load(options["profile"], overrides, deployment.request_settings)
    backend = choose_backend(options["backend"], options["upstream"], options["engine"])
    return Plan(
        deployment=deployment,
        profile=profile,
        backend=backend,
        upstream=options["upstream"],
        host=options["host"],
        port=profile.wire.port if options["port"] is None else options["port"],
        layout=options["layout"],
        auth=None if options["auth"] == "off" else options["auth"],
        keys=(options["primary_key"], options["secondary_key"]),
        is_insecure=options["insecure"],
        is_shadow=options["shadow"],
        dev_errors=options["dev_errors"],
        reload=_reload_rules(options, backend, profile.wire.reloads),
        control_port=(options["control_port"] or 0) if options["control"] else None,
        debug=_debug_rules(options, {**os.environ, **deployment.environment} if backend == "worker" else {}),
        on_event=console.event,
        on_exchange=console.exchange,
    )


def _reload_rules(options: dict[str, Any], backend: str, by_default: bool) -> ReloadRules:
    from amlemu.deployment import existing_folder
    from amlemu.reload import ReloadRules, is_wanted
    from amlemu.stand import RELOADED

    if options["reload"] and backend not in RELOADED:
        raise UsageError(f"the backend {backend} cannot load a script again", where="--reload")
    if not 0 <= options["reload_delay"] < inf:
        what = f"{options['reload_delay']:g} is no time to wait"
        raise UsageError(what, where="--reload-delay", expected="Expected seconds, 0 or more.")
    return ReloadRules(
        is_on=is_wanted(options["reload"], by_default and backend in RELOADED, os.environ),
        folders=tuple(existing_folder(Path(word), f"--reload-dir {word}").resolve() for word in options["reload_dir"]),
        include=options["reload_include"],
        exclude=options["reload_exclude"],
        delay_s=options["reload_delay"],
        polls=options["poll"],
        mode=options["reload_mode"],
        keeps_last_good=options["keep_last_good"],
    )


def _debug_rules(options: dict[str, Any], variables: Mapping[str, str]) -> DebugRules:
    from amlemu.debugging import rules

    return rules(
        port=options["debug"],
        host=options["debug_host"],
        connect=options["debug_connect"],
        wait_s=options["wait_for_client"],
        stops_clocks=options["pause"],
        on_error=options["debug_on_error"],
        wants_pdb=options["pdb"],
        variables=variables,
    )


def deployment_of(script: str, options: dict[str, Any]) -> Deployment:
    """Return what is served. Raises UsageError."""
    from amlemu import deployment

    return deployment.from_script(
        script,
        code=options["code"],
        model_dir=options["model_dir"],
        models=pairs(options["model"], "--model", "NAME:VERSION=PATH", is_unique=True),
        python=options["python"],
        environment=pairs(options["env"], "--env", "KEY=VALUE"),
        workers=options["workers"],
        endpoint=options["endpoint_name"],
        name=options["deployment_name"],
    )


def defaults() -> dict[str, Any]:
    """Return the options of a `serve` without a word, for commands that have few of their own."""
    return {setting.name: () if setting.repeats else setting.default for setting in SERVE_SETTINGS}


def pairs(words: tuple[str, ...], flag: str, form: str, *, is_unique: bool = False) -> dict[str, str]:
    """
    Cut words at their first `=`; of two with the same name the last one counts.

    Raises:
        UsageError: one has no name or no `=`; where they must be unique, a name comes twice.
    """
    pairs: dict[str, str] = {}
    for word in words:
        key, sign, value = word.partition("=")
        if not sign or not key:
            raise UsageError(f"{word!r} has no {'name' if sign else 'value'}", where=flag, expected=f"Expected {form}.")
        if is_unique and key in pairs:
            raise UsageError(f"{key} is given twice", where=flag, expected=f"It was {pairs[key]} before.")
        pairs[key] = value
    return pairs

"""
What the words of `serve`, `invoke` and `layout` come to: the plan of what is served, how, and for whom.

`choices.py` has merged them with what the files say.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from amlemu.errors import UsageError

if TYPE_CHECKING:
    from amlemu.azure.description import Description
    from amlemu.azure.requirements import Requirements
    from amlemu.choices import Choices
    from amlemu.console import Console
    from amlemu.debugging import DebugRules
    from amlemu.deployment import Deployment
    from amlemu.profile import Profile
    from amlemu.reload import ReloadRules
    from amlemu.stand import Plan

_A_DAY_MS = 86_400_000
# What was typed, and has no place beside --container: why, and what to do.
_OF_THIS_HOST = {
    "layout": ("the container has a tree of its own", "Leave it out."),
    "python": ("the container has an interpreter of its own", "The deployment's environment says what is in it."),
    "workers": ("the container's server counts its workers itself", "Say it by --env WORKER_COUNT=N."),
    "keep_last_good": ("there is one container: a save restarts it", "Leave it out."),
    "debug_connect": ("from inside the container no editor can be dialled", "Attach to it: --debug."),
    "debug_on_error": ("in the container nobody stops the script for us", "--debug, and the editor's own breakpoints."),
    "pdb": ("the container has no terminal", "Attach an editor: --debug."),
}
# What has no effect here, and has one in a container, which is built of it and keeps to it.
_OF_CONTAINERS = (
    "environment.image",
    "environment.build",
    "resources",
    "resource_requirements",
    "containerResourceRequirements",
)
_LIMITS_OF_FILES = {
    "scoringTimeoutMs": "request_timeout_ms",
    "maxConcurrentRequestsPerContainer": "max_concurrent_requests_per_instance",
    "maxQueueWaitMs": "max_queue_wait_ms",
    "numReplicas": "instance_count",
    "autoScaler.minReplicas": "instance_count",
    "scale_settings.min_instances": "instance_count",
}


def plan(choices: Choices, console: Console) -> Plan:
    """
    Return what is to be served, and how; nothing is started.

    Args:
        choices: all options of `serve`, and what the files say.
        console: is told of events and exchanges.

    Raises:
        UsageError: something is not usable as given.
    """
    from amlemu import allotment
    from amlemu.stand import Plan, choose_backend

    options = choices.options
    deployment = deployment_of(choices)
    profile = profile_of(choices, deployment)
    backend = choose_backend(
        options["backend"], options["upstream"], options["engine"], is_container=options["container"]
    )
    if backend == "container":
        _refuse_what_is_of_this_host(choices)
    debug = _debug_rules(options, {**os.environ, **deployment.environment} if backend == "worker" else {})
    if backend == "container":
        debug = replace(debug, inherits=False)  # a debugger of amlemu's own sees nothing of the container
        profile = _without_clocks(profile) if debug.is_on and debug.stops_clocks else profile
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
        debug=debug,
        memory=allotment.memory(profile, options["memory_gb"], choices.said, _typed(choices, "memory_gb")),
        cpus=allotment.cpus(options["cpu"], _typed(choices, "cpu")),
        nodes=allotment.nodes(profile, options["cluster"], _typed(choices, "cluster")),
        pod=allotment.pod(choices.said, options["memory_gb"], options["cpu"]),
        on_event=console.event,
        on_exchange=console.exchange,
    )


def _typed(choices: Choices, name: str) -> str:
    """Return where an option was said; empty where it was not."""
    return "" if choices.origins[name] == "default" else choices.origins[name]


def said_of(choices: Choices) -> Description | None:
    """Return what the files say, with notes on what has no effect where nobody plays the platform, and without those on what has one in a container."""
    from amlemu.azure import platform

    said, options = choices.said, choices.options
    is_container = options["container"]
    is_one_server = (
        is_container or options["upstream"] or options["backend"] != "worker" or options["engine"] != "amlemu"
    )
    if said is None or not is_one_server:
        return said
    kept = [one for one in said.not_emulated if not (is_container and one.field.startswith(_OF_CONTAINERS))]
    return replace(said, not_emulated=(*kept, *platform.unplayed(said)))


def prepare_quarters(choices: Choices, plan: Plan, console: Console) -> Plan:
    """
    Return the plan with the quarters that its backend has, if it has any. That may take minutes; progress is shown.

    Raises:
        AmlemuError: they cannot be had; nothing is left running.
    """
    from amlemu import ports
    from amlemu.backends import quarters

    if plan.backend != "container":
        return plan
    for port in filter(None, (plan.port, plan.health_port)):
        ports.check(plan.host, port, "--port")  # before an image is built for it

    def say(text: str) -> None:
        console.say("cyan", text)
        console.flush()

    return replace(plan, quarters=quarters.find(plan.backend)(choices, plan, say))


def _refuse_what_is_of_this_host(choices: Choices) -> None:
    """Raise UsageError for what was typed and means nothing in a container; what files say is for other servers."""
    for name, (why, hint) in _OF_THIS_HOST.items():
        origin = choices.origins[name]
        if origin.startswith(("--", "AMLEMU_")) and choices.options[name]:
            raise UsageError(why, where=f"{origin} beside --container", hint=hint)
    if choices.options["reload_mode"] == "beside":
        what = "there is one container, so no other can start beside it"
        where = f"{choices.origins['reload_mode']} beside --container"
        raise UsageError(what, where=where, hint="Leave it out.")


def _without_clocks(profile: Profile) -> Profile:
    """Take the time limits off: nobody outside a container knows when a debugger holds it."""
    limits = replace(profile.limits, request_timeout_ms=0, max_queue_wait_ms=0, boot_wait_ms=_A_DAY_MS)
    return replace(profile, limits=limits)


def _reload_rules(options: dict[str, Any], backend: str, by_default: bool) -> ReloadRules:
    from amlemu.models import existing_folder
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
        mode="stop-first" if backend == "container" else options["reload_mode"],
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


def choices_of(file: str, options: dict[str, Any], also: Mapping[str, str] | None = None) -> Choices:
    """
    Return all options of `serve`: those that the command line has, and what the files say.

    Args:
        also: sources of options that count as given, though the command line does not have them.

    Raises:
        UsageError: a file cannot be read, or says what is no option.
    """
    from amlemu import choices

    return choices.choose(file, options, {**sources(), **(also or {})}, made_for)


def made_for(asked: Requirements) -> Path | None:
    """Return the interpreter of the environment that `amlemu env create` has made; one that is out of date is told."""
    from amlemu.environments import place

    made = place.find(asked)
    if made is not None and not made.is_current:
        file = os.path.relpath(asked.place.file)
        click.echo(f"amlemu: {file} has changed since its environment was made; amlemu env create {file}", err=True)
    return None if made is None else made.python


def remarks(choices: Choices, deployment: Deployment) -> list[str]:
    """Say what a person who serves a deployment should know of model and environment."""
    from amlemu.azure import served

    said = choices.said
    found = [served.model_difference(deployment)]
    environment = said.environment if said is not None else None
    is_here = not choices.options["container"]  # there the image has what the deployment asks for
    if is_here and environment is not None and choices.origins["python"] == "default":
        if choices.requirements is not None:
            hint = f"amlemu env create {choices.file} makes what {choices.requirements.place.file.name} asks for"
            found.append(f"the script finds the packages of {deployment.python}; {hint}")
        elif environment.reference:
            what = f"the environment {environment.reference} is registered, and amlemu asks no workspace"
            hint = "[tool.amlemu.environments] in pyproject.toml can say which conda file it is made of"
            found.append(f"{what}: the script finds the packages of {deployment.python}; {hint}")
    return [one for one in found if one]


def asked_by(file: Path) -> Requirements | None:
    """Return what the environment of a deployment is made of; None where no file says so. Raises Unreadable."""
    from amlemu import project_file
    from amlemu.azure import asked, files
    from amlemu.azure.marked import Unreadable

    path = Path(os.path.abspath(file))
    said = files.describe(path)
    found = asked.asked_for(said, project_file.load(path.parent).environments)
    if found is None:
        for finding in said.findings:
            if finding.rule == "conda-file-missing":
                raise Unreadable(finding)
        reference = said.environment.reference if said.environment is not None else ""
        if reference:
            hint = "[tool.amlemu.environments] in pyproject.toml can say which conda file it is made of."
            raise UsageError(f"its environment {reference} is registered in a workspace", where=str(file), hint=hint)
    return found


def sources() -> dict[str, str]:
    """Return who gave the options of the running command: `flag` or `variable`, by name; defaults are not in it."""
    context = click.get_current_context()
    words = {ParameterSource.COMMANDLINE: "flag", ParameterSource.ENVIRONMENT: "variable"}
    found = ((name, context.get_parameter_source(name)) for name in context.params)
    return {name: words[source] for name, source in found if source in words}


def deployment_of(choices: Choices) -> Deployment:
    """Return what is served. Raises UsageError."""
    from amlemu import deployment

    options, said = choices.options, choices.said
    models = pairs(options["model"], "--model", "NAME:VERSION=PATH", is_unique=True)
    shared: dict[str, Any] = {
        "model_dir": options["model_dir"],
        "python": options["python"],
        "environment": pairs(options["env"], "--env", "KEY=VALUE"),
        "workers": options["workers"],
    }
    if said is not None:
        if options["code"]:
            raise UsageError("the deployment names its code folder itself", where="--code", hint="Leave it out.")
        from amlemu.azure import served

        return served.to_deployment(
            said,
            models=models,
            known=choices.project.models,
            name=_chosen(choices, "deployment_name"),
            endpoint=_chosen(choices, "endpoint_name"),
            model_layout=options["model_layout"],
            **shared,
        )
    if not models and options["model_dir"] is None:
        models = {name: str(path) for name, path in choices.project.models.items()}
    return deployment.from_script(
        choices.file,
        code=options["code"],
        models=models,
        endpoint=options["endpoint_name"],
        name=options["deployment_name"],
        **shared,
    )


def _chosen(choices: Choices, name: str) -> str | None:
    """Return an option that somebody chose; a default says less than the deployment's file."""
    return None if choices.origins[name] == "default" else choices.options[name]


def profile_of(choices: Choices, deployment: Deployment) -> Profile:
    """Return the face of the cloud, with the deployment's own limits in it. Raises UsageError."""
    from amlemu import allotment, profile_file
    from amlemu.finding import shown

    said = choices.said
    givers: dict[str, str] = {}
    for name, place in (said.said_at if said is not None else {}).items():
        givers.setdefault(_LIMITS_OF_FILES.get(name, name.rpartition(".")[2]), shown(place))
    overrides = pairs(choices.options["set"], "--set", "SECTION.KEY=VALUE")
    own: dict[str, str] = {name: str(value) for name, value in deployment.request_settings.items()}
    for key, (word, giver) in allotment.settings(profile_file.load(choices.options["profile"]), said).items():
        own[key], givers[key] = word, giver
    start_s = choices.options["replica_start"]
    if start_s is not None and not 0 <= start_s < inf:
        what, flag = f"{start_s:g} is no time to start in", _typed(choices, "replica_start")
        raise UsageError(what, where=flag, expected="Expected seconds, 0 or more.")
    if start_s is not None:
        own["scale.start_ms"], givers["scale.start_ms"] = str(round(start_s * 1000)), _typed(choices, "replica_start")
    return profile_file.load(choices.options["profile"], overrides, own, givers)


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

"""All tables together; one module for each part of the contract."""

from ..case import Boot, Case, Log
from . import (
    boot,
    cors,
    debug_port,
    decorated,
    flask_context,
    ids,
    limits,
    logs,
    malformed,
    query,
    raises,
    rawhttp,
    returns,
    routes,
    settings,
    start,
    swagger,
    undecorated,
)

CASES: tuple[Case, ...] = (
    *routes.CASES,
    *undecorated.CASES,
    *query.CASES,
    *decorated.CASES,
    *returns.CASES,
    *raises.CASES,
    *limits.CASES,
    *ids.CASES,
    *swagger.CASES,
    *rawhttp.CASES,
    *flask_context.CASES,
    *cors.CASES,
    *settings.CASES,
    *malformed.CASES,
)
BOOTS: tuple[Boot, ...] = (*boot.BOOTS, *debug_port.BOOTS, *start.BOOTS)
LOGS: tuple[Log, ...] = logs.LOGS

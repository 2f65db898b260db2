"""
The options of `amlemu service`, declared as `settings.py` declares the others; their names are those of `az ml service` of 2020.

Source: azure-cli-ml 1.x, `az ml service --help`; the page of 2020-11, "Get deployment logs".
"""

from __future__ import annotations

from amlemu.settings import Setting

_NAME = Setting("name", "text", None, "Name of the service.", short="-n")
_IGNORED = (
    Setting("resource_group", "text", None, "Accepted and ignored.", short="-g"),
    Setting("workspace_name", "text", None, "Accepted and ignored.", short="-w"),
    Setting("subscription_id", "text", None, "Accepted and ignored."),
    Setting(
        "path", "path", None, "Accepted and ignored: the project is this folder, or the nearest above it that has one."
    ),
    Setting("verbose", "switch", False, "Accepted and ignored.", short="-v"),
    Setting("debug", "switch", False, "Accepted and ignored."),
)
_OUTPUT = (
    Setting("output", ("json", "table", "yaml", "tsv", "none"), "json", "How to print what there is.", short="-o"),
    Setting("query", "text", None, "A JMESPath expression: what of it to print."),
)
SERVICE_LIST = (
    Setting("compute_type", ("local", "aci", "aks"), None, "Services of this kind only."),
    Setting("model_name", "text", None, "Services with this model only."),
    Setting("model_id", "text", None, "Services with this version of a model only, NAME:VERSION."),
    *_IGNORED,
    *_OUTPUT,
)
SERVICE_SHOW = (_NAME, *_IGNORED, *_OUTPUT)
SERVICE_RUN = (
    _NAME,
    Setting("input_data", "text", None, "The request's body, or @FILE, or - for standard input.", short="-d"),
    *_IGNORED,
)
SERVICE_LOGS = (
    _NAME,
    Setting("num_lines", "integer", 5000, "How many lines, the last ones.", short="-l"),
    Setting("init", "switch", False, "Accepted and ignored: what init() says is in the log."),
    *_IGNORED,
)
SERVICE_UPDATE = (
    _NAME,
    Setting("model", "text", None, "A registered model, NAME:VERSION, or a path.", repeats=True, short="-m"),
    Setting("ic", "path", None, "An inferenceconfig.json: another script or environment."),
    Setting("dc", "path", None, "A deploymentconfig.json: what the service is asked to be."),
    Setting("no_wait", "switch", False, "Begin, and let it go on without waiting."),
    *_IGNORED,
    *_OUTPUT,
)
SERVICE_DELETE = (_NAME, *_IGNORED)
COMMANDS = {
    "amlemu service list": SERVICE_LIST,
    "amlemu service show": SERVICE_SHOW,
    "amlemu service run": SERVICE_RUN,
    "amlemu service get-logs": SERVICE_LOGS,
    "amlemu service get-keys": SERVICE_SHOW,
    "amlemu service update": SERVICE_UPDATE,
    "amlemu service delete": SERVICE_DELETE,
}

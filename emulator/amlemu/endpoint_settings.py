"""
The options of `amlemu endpoint` and `amlemu deployment`, declared as `settings.py` declares the others; their names are those of `az ml`.
"""

from __future__ import annotations

from dataclasses import replace

from amlemu.settings import SERVE_SETTINGS, Setting

FORMATS = ("json", "jsonc", "table", "yaml", "yamlc", "tsv", "none")
"""How `az` prints; what it colours has no colours here."""


def _option(
    name: str, kind: str | tuple[str, ...], default: str | int | bool | None, help_: str, short: str = ""
) -> Setting:
    """Declare one. None of them has a variable: AMLEMU_NAME would name endpoints and deployments alike, AMLEMU_DEBUG is a port."""
    return Setting(name, kind, default, help_, short=short, by_variable=False)


# Of the front door, or of the process in the foreground: an endpoint has its own, or none.
_NOT_OF_A_DEPLOYMENT = (
    *("deployment_name", "endpoint_name", "host", "port", "auth", "primary_key", "secondary_key", "insecure"),
    *("backend", "upstream", "container", "log_format", "json", "grace", "pdb", "control", "control_port"),
)
_IGNORED = (
    _option("local", "switch", False, "Accepted, as az ml has it: here all is local."),
    _option("resource_group", "text", None, "Accepted and ignored.", short="-g"),
    _option("workspace_name", "text", None, "Accepted and ignored.", short="-w"),
    _option("subscription", "text", None, "Accepted and ignored."),
    _option("verbose", "switch", False, "Accepted and ignored."),
    _option("only_show_errors", "switch", False, "Accepted and ignored."),
)
_DEBUG = _option(
    "debug", "switch", False, "Accepted and ignored, as az has it; of create and update it lets an editor attach."
)
_OUTPUT = (
    _option("output", FORMATS, "json", "How to print what there is.", short="-o"),
    _option("query", "text", None, "A JMESPath expression: what of it to print."),
)
_NAME = _option("name", "text", None, "Name of the endpoint. Default: the file's.", short="-n")
_WHICH = _option("name", "text", None, "Name of the endpoint.", short="-n")
_FILE = _option(
    "file",
    "path",
    None,
    "An endpoint.yml of v2, an endpoint file of 2021 with its deployments, or what amlemu serve takes, for a deployment at once.",
    short="-f",
)
_YES = _option("yes", "switch", False, "Accepted: nobody is asked anyway.", short="-y")
_NO_WAIT = _option("no_wait", "switch", False, "Begin, and let it go on without waiting.")
_NOTHING_TO_PRINT = (
    _option("no_wait", "switch", False, "Accepted and ignored: requests in hand are all that is waited for."),
    _option("output", FORMATS, "json", "Accepted and ignored: nothing is left to print.", short="-o"),
)
_TRAFFIC = _option("traffic", "text", None, 'Percent by deployment, "blue=90 green=10".')
_PORT = _option(
    "port", "integer", None, "Port to listen on, for good. Default: the first free one from 5101.", short="-p"
)
_AUTH = _option(
    "auth_mode",
    ("off", "key", "aml_token", "aad_token"),
    "off",
    "Who may come in: everybody, or who has a key or a token (amlemu endpoint get-credentials).",
)
MAKING = (
    _option("target", ("worker", "container"), "worker", "Who runs the script: processes, or its real container."),
    _option(
        "vscode_debug", "switch", False, "Let VS Code attach on 5678, and write what it needs into .vscode/launch.json."
    ),
    _option("simulate", "text", None, "Fail where the cloud would: ERR_1100, OutOfQuota, ImageBuildFailure ..."),
    *(replace(setting, short="") for setting in SERVE_SETTINGS if setting.name not in _NOT_OF_A_DEPLOYMENT),
)
"""What says how a deployment is made."""
ENDPOINT_CREATE = (_NAME, _FILE, _PORT, _AUTH, _NO_WAIT, *MAKING, *_IGNORED, *_OUTPUT)
ENDPOINT_UPDATE = (
    _WHICH,
    _DEBUG,
    _option(
        "file", "path", None, "Its endpoint.yml, for the traffic; of a file of 2021, its deployments too.", short="-f"
    ),
    _TRAFFIC,
    _option("mirror_traffic", "text", None, "Accepted and ignored: nothing is mirrored here."),
    _option("port", "integer", None, "Another port; for an endpoint whose process is gone.", short="-p"),
    _NO_WAIT,
    *_IGNORED,
    *_OUTPUT,
)
ENDPOINT_SHOW = (_WHICH, *_IGNORED, _DEBUG, *_OUTPUT)
ENDPOINT_LIST = (*_IGNORED, _DEBUG, *_OUTPUT)
ENDPOINT_DELETE = (_WHICH, _YES, *_NOTHING_TO_PRINT, *_IGNORED, _DEBUG)
_DEPLOYMENT = _option(
    "deployment", "text", None, "Which deployment. Default: the only one, or as the traffic says.", short="-d"
)
_DEPLOYMENT_NAME = _option("deployment_name", "text", None, "The same, as az ml online-endpoint has it.")
ENDPOINT_INVOKE = (
    _WHICH,
    _DEPLOYMENT,
    _DEPLOYMENT_NAME,
    _option(
        "request_file", "path", None, "File to send as the body, whatever it holds; - reads standard input.", short="-r"
    ),
    _option("content_type", "text", None, "Content-Type of the body. Default: from the file's ending, else JSON."),
    _option("output", FORMATS, "json", "Accepted and ignored: the body is printed as it came.", short="-o"),
    *_IGNORED,
    _DEBUG,
)
_LOGS = (
    _option("lines", "integer", None, "How many lines, the last ones. Default: 5000.", short="-l"),
    _option("tail", "integer", None, "The same."),
    _option(
        "container",
        ("inference-server", "storage-initializer"),
        "inference-server",
        "Whose log: the server's, with all that the script says, or what was linked where.",
        short="-c",
    ),
)
ENDPOINT_LOGS = (_WHICH, _DEPLOYMENT, _DEPLOYMENT_NAME, *_LOGS, *_IGNORED, _DEBUG)
_OF_ENDPOINT = _option(
    "endpoint_name", "text", None, "Name of the endpoint. Default: the file's, else the only one.", short="-e"
)
_DEPLOYMENT_CALLED = _option(
    "name", "text", None, "Name of the deployment. Default: the file's, else blue.", short="-n"
)
_DEPLOYMENT_FILE = _option("file", "path", None, "A deployment.yml, or whatever else amlemu serve takes.", short="-f")
_ALL_TRAFFIC = _option("all_traffic", "switch", False, "Send all requests there when it is healthy.")
_OF_THE_CLOUD = (
    _option("skip_script_validation", "switch", False, "Accepted and ignored: amlemu doctor validates scripts."),
    _option("package_model", "switch", False, "Accepted and ignored: models lie where they are."),
)
DEPLOYMENT_CREATE = (
    _DEPLOYMENT_CALLED, _OF_ENDPOINT, _DEPLOYMENT_FILE, _ALL_TRAFFIC, _NO_WAIT, *MAKING, *_OF_THE_CLOUD, *_IGNORED, *_OUTPUT,
)  # fmt: skip
DEPLOYMENT_UPDATE = (
    _DEPLOYMENT_CALLED,
    _OF_ENDPOINT,
    _option("file", "path", None, "The new one. Default: the file that it was made of, read anew.", short="-f"),
    _ALL_TRAFFIC,
    _NO_WAIT,
    *MAKING,
    *_OF_THE_CLOUD,
    *_IGNORED,
    *_OUTPUT,
)
DEPLOYMENT_SHOW = (_DEPLOYMENT_CALLED, _OF_ENDPOINT, *_IGNORED, _DEBUG, *_OUTPUT)
DEPLOYMENT_LIST = (_OF_ENDPOINT, *_IGNORED, _DEBUG, *_OUTPUT)
DEPLOYMENT_DELETE = (_DEPLOYMENT_CALLED, _OF_ENDPOINT, _YES, *_NOTHING_TO_PRINT, *_IGNORED, _DEBUG)
DEPLOYMENT_LOGS = (_DEPLOYMENT_CALLED, _OF_ENDPOINT, *_LOGS, *_IGNORED, _DEBUG)
COMMANDS = {
    "amlemu endpoint create": ENDPOINT_CREATE,
    "amlemu endpoint show": ENDPOINT_SHOW,
    "amlemu endpoint list": ENDPOINT_LIST,
    "amlemu endpoint invoke": ENDPOINT_INVOKE,
    "amlemu endpoint update": ENDPOINT_UPDATE,
    "amlemu endpoint delete": ENDPOINT_DELETE,
    "amlemu endpoint get-logs": ENDPOINT_LOGS,
    "amlemu endpoint get-credentials": (*ENDPOINT_SHOW,),
    "amlemu deployment create": DEPLOYMENT_CREATE,
    "amlemu deployment update": DEPLOYMENT_UPDATE,
    "amlemu deployment show": DEPLOYMENT_SHOW,
    "amlemu deployment list": DEPLOYMENT_LIST,
    "amlemu deployment get-logs": DEPLOYMENT_LOGS,
    "amlemu deployment delete": DEPLOYMENT_DELETE,
}

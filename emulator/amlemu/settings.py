"""
Every option of the command line, declared once: flags, environment variables and `docs/settings.md` come from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf


@dataclass(frozen=True)
class Setting:
    """
    One option.

    `kind` is `text`, `path`, `integer`, `number`, `switch`, `toggle` (a flag for yes and one for no; without either it
    is as `default`, which may be None) or a tuple of allowed words; `unit` is for the reader. With `bare` the flag may stand
    without a value, and then means this one. `by_variable` is False where a variable of its name would mean something else.
    """

    name: str
    kind: str | tuple[str, ...]
    default: str | int | float | bool | None
    help: str
    unit: str = ""
    repeats: bool = False
    short: str = ""
    bare: float | None = None
    by_variable: bool = True

    @property
    def flag(self) -> str:
        """The command line's spelling."""
        return "--" + self.name.replace("_", "-")

    @property
    def no_flag(self) -> str:
        """The command line's spelling of no; a toggle alone has one."""
        return "--no-" + self.flag[2:] if self.kind == "toggle" else ""

    @property
    def variable(self) -> str:
        """The environment's spelling; empty where it has none."""
        return "AMLEMU_" + self.name.upper() if self.by_variable else ""


_AUTH = ("off", "key", "aml_token", "aad_token")
_GIVEN_KEYS = (
    Setting("primary_key", "text", None, "The primary key. Default: made, and kept in .amlemu beside the script."),
    Setting("secondary_key", "text", None, "The secondary key. Default: likewise."),
)
SCRIPT_SETTINGS = (
    Setting("model_dir", "path", None, "Folder that AZUREML_MODEL_DIR names; .../NAME/VERSION says which model it is."),
    Setting(
        "model",
        "text",
        None,
        "A registered model, NAME:VERSION=PATH; the file or folder lies in azureml-models/NAME/VERSION.",
        repeats=True,
    ),
    Setting(
        "model_layout",
        ("cloud", "local"),
        "cloud",
        "Where models lie: as in Azure, or as az ml ... --local and LocalWebservice put them.",
    ),
    Setting(
        "with",
        "path",
        None,
        "A file that belongs to a deployment's: its endpoint.yml, its deploymentconfig.json. Default: found beside it.",
        repeats=True,
    ),
    Setting("code", "path", None, "Folder that is deployed with the script. Default: the script's own."),
    Setting("env", "text", None, "A variable for the script, KEY=VALUE.", repeats=True, short="-e"),
    Setting(
        "python",
        "path",
        None,
        "Interpreter or environment folder for the script; it need not have amlemu."
        " Default: what amlemu env create has made for it, the active environment, else amlemu's own.",
    ),
    Setting(
        "layout",
        ("auto", "var", "links", "none"),
        "auto",
        "How the script finds /var/azureml-app: real (var; needs root), as a folder of links, or not at all;"
        " auto takes the best.",
    ),
)
_DEPLOYMENT_NAME = Setting(
    "deployment_name",
    "text",
    "blue",
    "Name of the deployment, as azureml-model-deployment has it; of a file with several, which one. Default: the file's.",
    short="-d",
)
SERVE_SETTINGS = (
    _DEPLOYMENT_NAME,
    Setting("host", "text", "127.0.0.1", "Address to listen on."),
    Setting(
        "port",
        "integer",
        None,
        "Port to listen on; 0 picks a free one. Default: the deployment's or the profile's, 5001.",
        short="-p",
    ),
    Setting("workers", "integer", None, "Worker processes. Default: WORKER_COUNT, else 1.", unit="processes"),
    Setting(
        "memory_gb",
        "number",
        None,
        "Memory of a replica; a worker that needs more is killed. Default: the deployment's resources, or its instance_type's.",
        unit="GB",
    ),
    Setting(
        "cpu", "number", None, "Processors that the workers of a replica may use. Default: all.", unit="processors"
    ),
    Setting(
        "replica_start",
        "number",
        None,
        "How long a new replica takes before its script is loaded. Default: the profile's, 20.",
        unit="seconds",
    ),
    Setting(
        "cluster",
        "path",
        None,
        "File with the nodes that replicas have to find room on: name, cpu, memory, gpu; or what kubectl get nodes -o yaml prints.",
    ),
    *SCRIPT_SETTINGS,
    Setting(
        "profile",
        "text",
        "managed",
        "Which cloud answers: a name (amlemu profiles lists them) or a file, mine.toml. Default: the deployment's, else managed.",
    ),
    Setting("set", "text", None, "Override one value of the profile, SECTION.KEY=VALUE.", repeats=True),
    Setting(
        "endpoint_name",
        "text",
        None,
        "Name of the endpoint. Default: the deployment's, else that of the script's folder.",
    ),
    Setting(
        "auth", _AUTH, "off", "Who may come in: everybody, or who has a key or a token (amlemu keys, amlemu token)."
    ),
    *_GIVEN_KEYS,
    Setting("insecure", "switch", False, "Listen where others can reach it and ask nobody for a key."),
    Setting(
        "shadow", "switch", False, "Answer what the model said; what the cloud would have answered is only reported."
    ),
    Setting("dev_errors", "switch", False, "Put the traceback of a failed run() into the answer, as no cloud does."),
    Setting(
        "backend",
        ("worker", "inprocess", "upstream"),
        "worker",
        "Who runs the script: processes, a thread of this process, or a server at --upstream.",
    ),
    Setting(
        "engine",
        ("amlemu", "azmlinfsrv"),
        "amlemu",
        "Whose server runs the script: ours, or the real one of the script's environment behind our front door.",
    ),
    Setting("upstream", "text", None, "Address of the server to forward to, http://HOST:PORT."),
    Setting(
        "container",
        "switch",
        False,
        "Build the deployment's image and put the front door before its container, with the real server and its nginx.",
    ),
    Setting(
        "log_format",
        ("amlemu", "azmlinfsrv"),
        "amlemu",
        "One line a request, or the lines that the real server writes.",
    ),
    Setting("json", "switch", False, "Write events and exchanges as JSON lines on stdout."),
    Setting(
        "grace", "number", 10.0, "Seconds that requests in hand may take when the server is stopped.", unit="seconds"
    ),
    Setting(
        "reload",
        "toggle",
        None,
        "Load the script anew when a file has changed."
        " Default: yes; no where CI is set, and where the profile says so (bare).",
    ),
    Setting("reload_dir", "path", None, "Folder to watch instead of the deployment's code folder.", repeats=True),
    Setting("reload_include", "text", None, "Pattern of files that count, too, such as *.html.", repeats=True),
    Setting("reload_exclude", "text", None, "Pattern of files or folders that do not count.", repeats=True),
    Setting("reload_delay", "number", 0.03, "Quiet time after a change, before a reload begins.", unit="seconds"),
    Setting("poll", "switch", False, "Look for changes again and again, where the system does not tell of them."),
    Setting(
        "reload_mode",
        ("auto", "beside", "stop-first"),
        "auto",
        "Start the new workers beside the old ones, or stop those first;"
        " auto is beside, unless there is no memory for both.",
    ),
    Setting(
        "keep_last_good", "switch", False, "When the script does not start anew, go on with the one that did before."
    ),
    Setting(
        "debug",
        "integer",
        None,
        "Let an editor attach on this port; 5678 where none is named, 0 picks a free one.",
        bare=5678,
    ),
    Setting(
        "debug_host", "text", "127.0.0.1", "Address for that. Whoever reaches it can run any code on this machine."
    ),
    Setting(
        "debug_connect",
        "integer",
        None,
        "Port where an editor listens, to be dialled; AZUREML_DEBUG_PORT does the same.",
    ),
    Setting(
        "wait_for_client",
        "number",
        None,
        "Seconds to wait for the editor before the script is loaded; for ever where none are named.",
        unit="seconds",
        bare=inf,
    ),
    Setting("pause", "toggle", True, "Let timeouts stand still while the script is stopped in a debugger."),
    Setting(
        "debug_on_error",
        "switch",
        False,
        "Stop where the script raises, before the answer is sent; in the editor, or in pdb.",
    ),
    Setting("pdb", "switch", False, "Give breakpoint() this terminal, with pdb."),
    Setting("control", "toggle", True, "Have a control port, for amlemu reload, status, logs, requests and ready."),
    Setting("control_port", "integer", None, "Port for that, on 127.0.0.1. Default: 5050 or the next free one."),
)
CONFIG_SETTINGS = (*SERVE_SETTINGS,)
DOCTOR_SETTINGS = (
    Setting("strict", "switch", False, "Let warnings fail, too."),
    *(setting for setting in SCRIPT_SETTINGS if setting.name != "layout"),
    Setting(
        "deployment_name", "text", None, "Which deployment, where a file has several. Default: all of them.", short="-d"
    ),
    Setting("json", "switch", False, "Print one JSON object."),
)
_NOT_OF_A_CHECK = (  # nothing is served
    *(
        "host",
        "port",
        "auth",
        "primary_key",
        "secondary_key",
        "insecure",
        "shadow",
        "dev_errors",
        "upstream",
        "log_format",
    ),
    *(
        "json",
        "grace",
        "reload",
        "reload_dir",
        "reload_include",
        "reload_exclude",
        "reload_delay",
        "poll",
        "reload_mode",
    ),
    *("keep_last_good", "debug", "debug_host", "debug_connect", "wait_for_client", "pause", "debug_on_error", "pdb"),
    *("control", "control_port", "engine", "backend", "replica_start"),
)
CHECK_SETTINGS = (
    Setting(
        "request_file",
        "path",
        None,
        "Sample request to send. Default: a sample-request.json beside the deployment or its script.",
        short="-r",
    ),
    Setting("disk_gb", "number", None, "Disk that the models have to fit on.", unit="GB"),
    *(setting for setting in SERVE_SETTINGS if setting.name not in _NOT_OF_A_CHECK),
    Setting("json", "switch", False, "Print one JSON object."),
)
CAPACITY_SETTINGS = (
    Setting("rps", "number", None, "Requests a second that shall be answered.", unit="requests a second"),
    Setting("latency", "number", None, "How long one takes in run(). Default: measured, with a FILE.", unit="seconds"),
    Setting("concurrency", "integer", None, "Requests that one instance takes at once. Default: FILE's, else 1."),
    Setting("utilization", "number", 0.7, "Share of the instances that shall be busy."),
    Setting("seconds", "number", 3.0, "How long to measure.", unit="seconds"),
    *(setting for setting in CHECK_SETTINGS if setting.name not in ("disk_gb", "cluster", "container")),
)
EXPLAIN_SETTINGS = (
    Setting("profile", "text", None, "The cloud that is meant. Default: all of them."),
    Setting("json", "switch", False, "Print one JSON object."),
)
ENV_SETTINGS = (
    Setting(
        "python",
        "path",
        None,
        "Interpreter to make it with. Default: the version that the file asks for, else amlemu's own.",
    ),
    Setting("recreate", "switch", False, "Make it anew, although it is there and current."),
    Setting("json", "switch", False, "Print one JSON object."),
)
ENV_SHOW_SETTINGS = (Setting("json", "switch", False, "Print one JSON object."),)
INVOKE_SETTINGS = (
    _DEPLOYMENT_NAME,
    Setting("request_file", "path", None, "File to send as the body; - reads standard input.", short="-r"),
    Setting("content_type", "text", None, "Content-Type of the body. Default: from the file's ending, else JSON."),
    *SCRIPT_SETTINGS,
)
LAYOUT_SETTINGS = (
    _DEPLOYMENT_NAME,
    Setting("port", "integer", 5001, "Port that the variables name.", short="-p"),
    *SCRIPT_SETTINGS,
    Setting("json", "switch", False, "Print one JSON object."),
)
KEYS_SETTINGS = (
    *_GIVEN_KEYS,
    Setting("regenerate", ("primary", "secondary"), None, "Replace this key; a server that is running takes notice."),
)
TOKEN_SETTINGS = (Setting("minutes", "number", 60.0, "How long it is valid.", unit="minutes"),)
_WHICH = (
    Setting("port", "integer", None, "Which server: the one that answers requests there.", short="-p"),
    Setting("deployment", "text", None, "Which one of those: the deployment of this name.", short="-d"),
)
_AS_JSON = Setting("json", "switch", False, "Print JSON.")
RELOAD_SETTINGS = (*_WHICH, _AS_JSON)
STATUS_SETTINGS = (*_WHICH, _AS_JSON)
LOGS_SETTINGS = (
    *_WHICH,
    Setting("lines", "integer", 100, "How many lines, the last ones.", short="-l"),
    Setting("follow", "switch", False, "Go on with what comes, until the server ends.", short="-f"),
    Setting("json", "switch", False, "Print a JSON object a line."),
)
REQUESTS_SETTINGS = (
    *_WHICH,
    Setting(
        "lines",
        "integer",
        None,
        "How many requests, the last ones. Default: 20, and of --export all that are remembered.",
        short="-l",
    ),
    Setting(
        "export",
        "path",
        None,
        "File to write them to whole, with bodies and answers, a JSON object a line; - is standard output.",
    ),
    Setting("json", "switch", False, "Print a JSON object a line."),
)
READY_SETTINGS = (
    *_WHICH,
    Setting("wait", "number", 30.0, "How long to wait, also for the server to be there.", unit="seconds"),
    _AS_JSON,
)
VSCODE_SETTINGS = (
    Setting("debug_port", "integer", 5678, "Port that amlemu serve --debug listens on, or the container publishes."),
    Setting(
        "folder",
        "path",
        None,
        "Folder that VS Code opens. Default: the nearest from here upwards with .vscode or .git, else this one.",
    ),
    Setting("print", "switch", False, "Print the whole launch.json as it would be, and write nothing."),
)
COMMANDS = {
    "amlemu serve FILE": SERVE_SETTINGS,
    "amlemu invoke FILE": INVOKE_SETTINGS,
    "amlemu layout FILE": LAYOUT_SETTINGS,
    "amlemu doctor [FILE]": DOCTOR_SETTINGS,
    "amlemu check FILE": CHECK_SETTINGS,
    "amlemu capacity [FILE]": CAPACITY_SETTINGS,
    "amlemu explain [WORD]...": EXPLAIN_SETTINGS,
    "amlemu config show FILE": CONFIG_SETTINGS,
    "amlemu env create [FILE]": ENV_SETTINGS,
    "amlemu env show [FILE]": ENV_SHOW_SETTINGS,
    "amlemu env remove [FILE]": ENV_SHOW_SETTINGS,
    "amlemu keys [FILE]": KEYS_SETTINGS,
    "amlemu token [FILE]": TOKEN_SETTINGS,
    "amlemu reload [FILE]": RELOAD_SETTINGS,
    "amlemu status [FILE]": STATUS_SETTINGS,
    "amlemu logs [FILE]": LOGS_SETTINGS,
    "amlemu requests [FILE]": REQUESTS_SETTINGS,
    "amlemu ready [FILE]": READY_SETTINGS,
    "amlemu vscode [FILE]": VSCODE_SETTINGS,
}


def as_markdown(commands: Mapping[str, tuple[Setting, ...]] = COMMANDS) -> str:
    """Return the reference page for all options of these commands."""
    head = (
        "# Settings\n\nWritten by `make docs` from `settings.py`. A flag beats its variable; a variable holds several"
        " values where the flag\nrepeats, separated by blanks."
    )
    parts = [head]
    for command, settings in commands.items():
        rows = [_row(setting) for setting in settings]
        parts.append(
            f"## `{command}`\n\n| flag | variable | kind | default | meaning |\n|---|---|---|---|---|\n"
            + "\n".join(rows)
        )
    return "\n\n".join(parts) + "\n"


def _row(setting: Setting) -> str:
    flag = ", ".join(f"`{word}`" for word in (setting.short, setting.flag, setting.no_flag) if word)
    kind = setting.kind if isinstance(setting.kind, str) else " / ".join(setting.kind)
    unit = f", {setting.unit}" if setting.unit else ""
    again = ", repeats" if setting.repeats else ", may be left out" if setting.bare is not None else ""
    default = "" if setting.default is None else f"`{setting.default}`"
    variable = f"`{setting.variable}`" if setting.variable else ""
    return f"| {flag} | {variable} | {kind}{unit}{again} | {default} | {setting.help} |"

"""
The options of the harness's commands, declared as the emulator's are: flags, variables and docs come from here.
"""

from __future__ import annotations

from amlemu import endpoint_settings, service_settings, settings
from amlemu.settings import SCRIPT_SETTINGS, Setting

_OF_A_DEPLOYMENT = (
    *(setting for setting in SCRIPT_SETTINGS if setting.name not in ("layout", "python")),
    Setting(
        "deployment_name", "text", "blue", "Name of the deployment; of a file with several, which one.", short="-d"
    ),
    Setting(
        "endpoint_name",
        "text",
        None,
        "Name of the endpoint. Default: the deployment's, else that of the script's folder.",
    ),
)
WISH_SETTINGS = (
    Setting(
        "base_image", "text", None, "Image to begin with. Default: the deployment's, else Microsoft's for its Python."
    ),
    Setting("dockerfile", "path", None, "Dockerfile to begin with; its folder is what it is built with."),
    Setting(
        "base_dockerfile", "text", None, "Lines of a Dockerfile to begin with, or a file of them: FROM ..., RUN ..."
    ),
    Setting(
        "reference",
        "switch",
        False,
        "Begin with the reference image, a Debian that does what Azure's image does. Without it only where Microsoft's registry is out of reach.",
    ),
    Setting("build_arg", "text", None, "An argument of the build, KEY=VALUE.", repeats=True),
    Setting(
        "ca_bundle",
        "path",
        None,
        "Certificates that the build is to trust; empty for none. Default: PIP_CERT, REQUESTS_CA_BUNDLE, SSL_CERT_FILE ...",
    ),
    Setting("wheels", "path", None, "Folder of wheels that pip takes all packages from, without an index."),
    Setting("network", "text", None, "Network of the build's commands, as docker build has it: host, none, a name."),
    Setting(
        "platform", "text", None, "Platform of the image, linux/amd64. Default: the engine's; Azure's images are amd64."
    ),
    Setting("pull", "switch", False, "Look for a newer image to begin with."),
    Setting("no_cache", "switch", False, "Build each step anew."),
)
"""What an image is to be; `serve --container` and `container run` read these from the variables."""

IMAGE_BUILD_SETTINGS = (
    Setting(
        "tag", "text", None, "Name of the image. Default: ENDPOINT:DEPLOYMENT, as az ml ... --local has it.", short="-t"
    ),
    Setting("package", "switch", False, "Bake code and models in, as Model.package() does; else they are mounted."),
    Setting("debug", "switch", False, "Put debugpy and an editor in; with --package it listens on port 5678."),
    *WISH_SETTINGS,
    *_OF_A_DEPLOYMENT,
    Setting("verbose", "switch", False, "Show all that the steps write."),
    Setting("json", "switch", False, "Print one JSON object at the end."),
)
IMAGE_SHOW_SETTINGS = tuple(
    setting
    for setting in IMAGE_BUILD_SETTINGS
    if setting.name not in ("tag", "pull", "no_cache", "network", "verbose", "json")
)
IMAGE_LIST_SETTINGS = (Setting("json", "switch", False, "Print one JSON object."),)
IMAGE_PRUNE_SETTINGS = (
    Setting("dry_run", "switch", False, "Say what would be removed, and remove nothing."),
    Setting("keep_base", "switch", False, "Keep the Debian base of the reference image, which takes a minute to make."),
    Setting("yes", "switch", False, "Do not ask; needed where nobody can be asked.", short="-y"),
    Setting("json", "switch", False, "Print one JSON object."),
)
IMAGE_DIFF_SETTINGS = (Setting("json", "switch", False, "Print one JSON object."),)
CONTAINER_RUN_SETTINGS = (
    Setting(
        "publish",
        "text",
        None,
        "A port, [ADDRESS:]HOST:CONTAINER or CONTAINER alone for any free one; on 127.0.0.1 if no address is named."
        " Default: 5001 on any free one.",
        repeats=True,
        short="-p",
    ),
    Setting(
        "image", "text", None, "Image to run. Default: the one that amlemu image build would build, built if need be."
    ),
    Setting(
        "memory",
        "text",
        None,
        "Memory that it may use: 512m, 2g or 2Gi. Default: the deployment's, else what there is.",
    ),
    Setting(
        "cpus",
        "number",
        None,
        "Processors that it may use, 0.5 is half of one. Default: the deployment's, else what there is.",
    ),
    Setting("gpus", "text", None, "GPUs that it may use, as docker run has it: all, a number, device=0,1."),
    Setting(
        "wait",
        "number",
        310.0,
        "How long to wait until it answers; the default is the cloud's patience.",
        unit="seconds",
    ),
    Setting("no_wait", "switch", False, "Do not wait until it answers."),
    *WISH_SETTINGS,
    *_OF_A_DEPLOYMENT,
    Setting("json", "switch", False, "Print one JSON object."),
)
CONTAINER_LIST_SETTINGS = (Setting("json", "switch", False, "Print one JSON object."),)
CONTAINER_LOGS_SETTINGS = (
    Setting("tail", "integer", None, "How many lines, the last ones. Default: all.", short="-l"),
    Setting("follow", "switch", False, "Go on with what comes, until it ends.", short="-f"),
)
PARITY_SETTINGS = (
    Setting(
        "against",
        "text",
        "azmlinfsrv",
        "What to compare with: azmlinfsrv (the real server, without Docker), image (its container), the URL of an endpoint"
        " (its key in AMLEMU_PARITY_KEY), or a file that --record has written.",
    ),
    Setting(
        "cases",
        "path",
        None,
        "What is asked: a request body, a folder or file of cases, a HAR file, curl lines, collected data (JSONL), an exported"
        " journal; journal alone asks the server that runs. Default: what lies beside FILE.",
        repeats=True,
        short="-c",
    ),
    Setting("generated", "toggle", True, "Ask what is made for any script, too: no body, bad JSON, large ones ..."),
    Setting(
        "only", "text", None, "Ask only the cases of this name; * and ? stand for anything.", repeats=True, short="-k"
    ),
    Setting("list", "switch", False, "Name the cases, and ask nothing."),
    Setting(
        "rules",
        "path",
        None,
        "File of exemptions and tolerances. Default: parity.toml beside FILE, where there is one.",
    ),
    Setting("tolerance", "number", 0.0, "How much numbers of an answer may differ, as a part of the number: 1e-6."),
    Setting(
        "surroundings", "toggle", True, "Compare what the script finds around itself, and installed packages, too."
    ),
    Setting("record", "path", None, "Write what the reference has said into this file, for --against."),
    Setting("walk", "integer", 0, "Ask so many random sequences of requests, too.", unit="sequences"),
    Setting("seed", "integer", None, "Seed of the walk. Default: another one each time; it is printed."),
    Setting(
        "profile",
        "text",
        None,
        "Which cloud we answer as. Default: bare; image against the image; against a URL the deployment's own, else managed.",
    ),
    Setting("header", "text", None, "A header for every request, NAME: VALUE.", repeats=True, short="-H"),
    Setting("server", "path", None, "Environment with azmlinfsrv. Default: the script's own."),
    Setting("at_once", "toggle", True, "Run all servers at the same time; no where the model does not fit thrice."),
    Setting("wait", "number", 310.0, "How long a server may take until it answers.", unit="seconds"),
    Setting("patience", "number", 60.0, "How long an answer may take.", unit="seconds"),
    Setting("junit", "path", None, "Write a JUnit file."),
    Setting("html", "path", None, "Write a page that shows all of it."),
    Setting("image", "text", None, "Image to compare with; as --against image, and built already."),
    *WISH_SETTINGS,
    *_OF_A_DEPLOYMENT,
    *(setting for setting in SCRIPT_SETTINGS if setting.name in ("layout", "python")),
    Setting("json", "switch", False, "Print one JSON object."),
)
COMMANDS = {
    "amlemu parity FILE": PARITY_SETTINGS,
    "amlemu image build FILE": IMAGE_BUILD_SETTINGS,
    "amlemu image show FILE": IMAGE_SHOW_SETTINGS,
    "amlemu image diff IMAGE [FILE]": IMAGE_DIFF_SETTINGS,
    "amlemu image list": IMAGE_LIST_SETTINGS,
    "amlemu image prune": IMAGE_PRUNE_SETTINGS,
    "amlemu container run FILE": CONTAINER_RUN_SETTINGS,
    "amlemu container list": CONTAINER_LIST_SETTINGS,
    "amlemu container logs NAME": CONTAINER_LOGS_SETTINGS,
}


def as_markdown() -> str:
    """Return the reference page for all options, the emulator's and these."""
    return settings.as_markdown(
        {**settings.COMMANDS, **endpoint_settings.COMMANDS, **service_settings.COMMANDS, **COMMANDS}
    )

"""
Imports go downwards only. The layers of docs/architecture.md, read from the code with `ast`.

`import x` inside a function counts as much as at the top; only `if TYPE_CHECKING:` does not, for it never runs.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
EMULATOR = REPOSITORY / "emulator" / "amlemu"
HARNESS = REPOSITORY / "harness" / "amlemu_harness"

# lowest first; a package stands for all its modules. Neighbours in a row do not know each other, but for the words.
LAYERS = (
    {
        "errors",
        "exchange",
        "events",
        "profile",
        "profile_file",
        "deployment",
        "layout",
        "environment",
        "settings",
        "endpoint_settings",
        "service_settings",
        "ports",
        "credentials",
        "whereabouts",
        "reload",
        "debugging",
        "pauses",
        "readiness",
        "allotment",
        "autoscale",
        "capacity",
        "cluster",
        "memory",
        "probes",
        "slots",
        "interrupts",
        "finding",
        "models",
        "interpreter",
        "project_file",
        "choices",
        "azure",
        "explain",
    },
    {"scoring"},
    {"worker"},
    {"backends"},
    {"stand"},
    {"gateway"},
    {"journal", "control", "watch", "transcript"},
    {"aids"},
    {"resident"},
    {"emulator", "doctor", "environments"},
    {
        "cli",
        "cli_control",
        "cli_deployment",
        "cli_endpoint",
        "cli_making",
        "cli_options",
        "cli_service",
        "v1",
        "cli_plan",
        "cli_doctor",
        "cli_capacity",
        "cli_check",
        "cli_env",
        "cli_explain",
        "check",
        "azmlinfsrv",
        "endpoint",
        "foreground",
        "local_endpoints",
        "once",
        "console",
        "vscode",
        "testing",
        "pytest_plugin",
        "__main__",
    },
)
LAYER_OF = {name: number for number, names in enumerate(LAYERS) for name in names}
WORDS = 0

# What runs in the user's interpreter: these files, the standard library, and nothing else when they are imported.
GUEST = (
    "__init__",
    "errors",
    "exchange",
    "scoring",
    "worker.__init__",
    "worker.bootstrap",
    "worker.protocol",
    "worker.ahead",
    "worker.anchor",
    "worker.child",
    "worker.costs",
    "worker.debugger",
    "worker.import_times",
    "worker.imports",
    "worker.memory",
    "worker.own_listen",
    "worker.paths",
    "worker.redirects",
    "worker.session",
    "worker.stops",
    "worker.lifeline",
    "worker.terminal",
    "worker.writes",
    "worker.zygote",
)


def modules(root: Path) -> list[Path]:
    return sorted(root.rglob("*.py"))


def name_of(path: Path) -> str:
    """`scoring.codec` for emulator/amlemu/scoring/codec.py; a package's own file ends in `__init__`."""
    return ".".join(path.relative_to(EMULATOR).with_suffix("").parts)


def imports(tree: ast.AST, *, everywhere: bool) -> Iterator[str]:
    """Yield the full names that a module imports; `everywhere` looks into functions, too."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports are not used here"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        elif everywhere or not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from imports(node, everywhere=everywhere)


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def own(full_name: str) -> str | None:
    """Return what follows `amlemu.`, None for foreign modules."""
    package, _, rest = full_name.partition(".")
    return rest if package == "amlemu" else None


def is_guest(name: str) -> bool:
    return any(name == part or name.startswith(f"{part}.") for part in GUEST)


@pytest.mark.parametrize("path", modules(EMULATOR), ids=name_of)
def test_imports_go_downwards(path):
    """A module imports from layers below its own, and from its own package."""
    home = name_of(path).partition(".")[0]
    if home == "__init__":
        return  # the public face: names and their homes, imported when they are first used
    for imported in imports(tree_of(path), everywhere=True):
        rest = own(imported)
        if rest is None or rest == "__version__":
            continue
        target = rest.partition(".")[0]
        below = LAYER_OF[target] < LAYER_OF[home] or target == home
        beside = LAYER_OF[target] == LAYER_OF[home] and LAYER_OF[home] in (WORDS, len(LAYERS) - 1)
        assert below or beside, f"{name_of(path)} (layer {LAYER_OF[home]}) imports {rest} (layer {LAYER_OF[target]})"


def test_every_module_has_a_layer():
    """A new module is placed before it is used."""
    homes = {name_of(path).partition(".")[0] for path in modules(EMULATOR)} - {"__init__"}

    assert homes <= LAYER_OF.keys()


@pytest.mark.parametrize("path", modules(EMULATOR), ids=name_of)
def test_the_emulator_never_imports_the_harness(path):
    assert not [name for name in imports(tree_of(path), everywhere=True) if name.startswith("amlemu_harness")]


# What the harness may know of the emulator, beside its public face: the words, what a backend is and how one that is not
# our own process is told of, what pip is to be given, the tree on this host, the journal of a server that runs; its commands read what they are given as the emulator's do.
OF_THE_EMULATOR = (
    *LAYERS[WORDS],
    "backends.Capabilities",
    "backends.upstream",
    "backends.engine_",
    "backends.quarters",
    "control.client",
    "environments.causes",
    "environments.steps",
    "stand.Plan",
    "worker.tree",
)
OF_ITS_COMMANDS = ("cli_plan", "cli_options")


@pytest.mark.parametrize("path", modules(HARNESS), ids=lambda path: path.stem)
def test_the_harness_knows_little_of_the_emulator(path):
    """The words, and what OF_THE_EMULATOR says besides."""
    known = OF_THE_EMULATOR + (OF_ITS_COMMANDS if path.stem.startswith("cli") else ())
    for imported in imports(tree_of(path), everywhere=True):
        rest = own(imported)
        assert rest is None or "." not in rest or rest.startswith(known), imported


GUEST_FILES = [path for path in modules(EMULATOR) if is_guest(name_of(path))]


@pytest.mark.parametrize("path", GUEST_FILES, ids=name_of)
def test_the_guest_half_imports_only_itself_and_the_standard_library(path):
    """At the top of a module; what a script needs is asked for in functions, or in what stands in for a module that it imports."""
    of_scripts = path.parent.name == "compat" and path.name != "__init__.py"  # imported by scripts, not by us
    for imported in imports(tree_of(path), everywhere=False):
        rest = own(imported)
        if rest is not None:
            assert is_guest(rest), f"{name_of(path)}: {imported}"
        elif not (of_scripts and imported.partition(".")[0] in ("flask", "debugpy")):
            assert imported.partition(".")[0] in sys.stdlib_module_names, f"{name_of(path)}: {imported}"


def test_the_guest_half_opens_in_a_bare_interpreter():
    """Without site-packages, from the files beside the bootstrap: what is loaded then is ours or Python's own."""
    program = (
        f"import sys; sys.path[:] = [p for p in sys.path if 'site-packages' not in p]; sys.path.insert(0, {str(EMULATOR / 'worker')!r})\n"
        "import bootstrap; del sys.path[0]; bootstrap.open_guest_half()\n"
        "import amlemu.worker.child, amlemu.scoring.flask_front, amlemu.scoring.compat\n"
        "tops = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(tops - sys.stdlib_module_names - {'__main__', 'bootstrap'}))"
    )
    told = subprocess.run(
        [sys.executable, "-S", "-I", "-c", program], capture_output=True, text=True, timeout=30, check=True
    )

    assert told.stdout == "['amlemu']\n"


def test_the_guest_half_is_python_3_9():
    """No match statement, no `X | Y` outside annotations: the script's interpreter may be older than ours."""
    for path in GUEST_FILES:
        ast.parse(path.read_text(encoding="utf-8"), str(path), feature_version=(3, 9))
        assert "from __future__ import annotations" in path.read_text(encoding="utf-8") or not has_annotations(path), (
            path
        )


def has_annotations(path: Path) -> bool:
    nodes = ast.walk(tree_of(path))
    return any(getattr(node, "returns", None) is not None or isinstance(node, ast.AnnAssign) for node in nodes)
